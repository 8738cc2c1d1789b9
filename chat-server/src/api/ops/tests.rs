use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::http::front::Front;
use crate::http::testing::{front, request};

struct Fixed {
    role: &'static str,
    vital: bool,
    /// `None` for one that does not.
    works: Option<Working>,
}

#[async_trait]
impl Probe for Fixed {
    fn role(&self) -> &'static str {
        self.role
    }

    fn backend(&self) -> String {
        "memory:".into()
    }

    fn is_vital(&self) -> bool {
        self.vital
    }

    async fn check(&self) -> Result<Working, Box<dyn std::error::Error + Send + Sync>> {
        self.works.ok_or_else(|| "a secret reason".into())
    }
}

const UP: Option<Working> = Some(Working::Wholly);
const BUILDING: Option<Working> = Some(Working::Incompletely);
const DOWN: Option<Working> = None;

async fn ops(store: Option<Working>, search: Option<Working>) -> Front {
    let body = BodyLimits {
        bytes: 64,
        time: Duration::from_secs(5),
    };
    let probes: Vec<Arc<dyn Probe>> = vec![
        Arc::new(Fixed {
            role: "store",
            vital: true,
            works: store,
        }),
        Arc::new(Fixed {
            role: "search",
            vital: false,
            works: search,
        }),
    ];
    let chat = crate::api::testing::chat().await;
    front(vec![door(body, chat, probes, Vec::new())])
}

#[tokio::test]
async fn a_live_process_says_so() {
    let answer = request("GET", "/healthz")
        .send(&ops(DOWN, DOWN).await)
        .await;
    assert_eq!(
        (answer.status, answer.text()),
        (StatusCode::OK, r#"{"status":"alive"}"#)
    );
}

#[tokio::test]
async fn readiness_shows_each_backend_and_fails_only_for_a_vital_one() {
    for (store, search, status, word) in [
        (UP, UP, 200, "ready"),
        (UP, BUILDING, 200, "degraded"),
        (UP, DOWN, 200, "degraded"),
        (DOWN, UP, 503, "unavailable"),
        (DOWN, DOWN, 503, "unavailable"),
    ] {
        let answer = request("GET", "/readyz")
            .send(&ops(store, search).await)
            .await;
        assert_eq!(answer.status, status);
        let body = answer.json();
        assert_eq!(body["status"], word);
        let state = |works| match works {
            UP => "up",
            BUILDING => "building",
            DOWN => "down",
        };
        assert_eq!(
            body["backends"],
            serde_json::json!([
                {"role": "store", "backend": "memory:", "state": state(store)},
                {"role": "search", "backend": "memory:", "state": state(search)},
            ])
        );
        assert!(!answer.text().contains("secret"));
        assert_eq!(answer.header("retry-after").is_some(), status == 503);
    }
}

#[tokio::test]
async fn figures_come_in_the_text_format() {
    let front = ops(UP, UP).await;
    metrics::recorder();
    request("GET", "/healthz").send(&front).await;
    let answer = request("GET", "/metrics").send(&front).await;
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    assert!(
        answer.text().contains("route=\"/healthz\""),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn the_document_names_every_path_of_this_door() {
    let document = request("GET", "/openapi.json")
        .send(&ops(UP, UP).await)
        .await
        .json();
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/healthz", "/metrics", "/openapi.json", "/readyz"]);
}

#[tokio::test]
async fn the_page_of_documents_works_with_and_without_the_slash() {
    let front = ops(UP, UP).await;
    let bare = request("GET", "/docs").send(&front).await;
    assert_eq!(
        (bare.status, bare.header("location")),
        (StatusCode::PERMANENT_REDIRECT, Some("docs/"))
    );
    let root = request("GET", "/").send(&front).await;
    assert_eq!(
        (root.status, root.header("location")),
        (StatusCode::SEE_OTHER, Some("docs/"))
    );
    for nothing in ["/nothing", "//", "//docs"] {
        let answer = request("GET", nothing).send(&front).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nothing}");
    }
    let page = request("GET", "/docs/").send(&front).await;
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!page.text().contains("<script>"), "{}", page.text());
    let elsewhere = ["src=\"http", "src=\"//", "href=\"http", "href=\"//"];
    assert!(
        elsewhere.iter().all(|link| !page.text().contains(link)),
        "{}",
        page.text()
    );
    let start = request("GET", "/docs/swagger-initializer.js")
        .send(&front)
        .await;
    assert!(start.text().contains("../openapi.json"), "{}", start.text());
    let asks_nobody = start.text().contains(r#""validatorUrl": "none""#);
    assert!(asks_nobody, "{}", start.text());
    for file in page
        .text()
        .split('"')
        .filter_map(|word| word.strip_prefix("./"))
    {
        let answer = request("GET", &format!("/docs/{file}")).send(&front).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
    }
    assert_eq!(
        request("GET", "/docs/none").send(&front).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        request("POST", "/docs/").send(&front).await.header("allow"),
        Some("GET, HEAD")
    );
}
