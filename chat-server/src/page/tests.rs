use std::time::Duration;

use super::*;
use crate::http::front::Front;
use crate::http::testing::{Answer, front, request};

fn page() -> Front {
    let body = BodyLimits {
        bytes: 64,
        time: Duration::from_secs(5),
    };
    front(vec![door(body)])
}

async fn get(path: &str) -> Answer {
    request("GET", path).send(&page()).await
}

fn path(name: &str) -> String {
    match name {
        files::INDEX => "/".into(),
        name => format!("{FILES}{name}"),
    }
}

fn text(name: &str) -> &'static str {
    let (_, bytes) = files::ALL.iter().find(|(known, _)| *known == name).unwrap();
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn every_file_says_what_it_is_and_what_it_may() {
    for (name, bytes) in files::ALL {
        let answer = get(&path(name)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text()),
            (200, std::str::from_utf8(bytes).unwrap())
        );
        let kind = match name.rsplit_once('.').unwrap().1 {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        for (header, value) in [
            ("content-type", kind),
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-cache"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(header), Some(value), "{name}");
        }
    }
}

#[test]
fn the_policy_lets_nothing_in_from_elsewhere() {
    let directives: Vec<Vec<&str>> = POLICY
        .split(';')
        .map(|directive| directive.split_whitespace().collect())
        .collect();
    let of = |name: &str| {
        let found = directives.iter().find(|words| words[0] == name).unwrap();
        found[1..].to_vec()
    };
    for (name, sources) in [
        ("default-src", vec!["'none'"]),
        ("script-src", vec!["'self'"]),
        ("style-src", vec!["'self'"]),
        ("connect-src", vec!["'self'"]),
        ("img-src", vec!["'self'", "data:"]),
        ("form-action", vec!["'self'"]),
        ("base-uri", vec!["'none'"]),
        ("frame-ancestors", vec!["'none'"]),
        ("trusted-types", vec!["'none'"]),
    ] {
        assert_eq!(of(name), sources, "{name}");
    }
}

#[tokio::test]
async fn a_copy_that_still_stands_is_not_sent_again() {
    let first = get("/page/main.js").await;
    let tag = first.header("etag").unwrap().to_owned();
    let asked = async |known: &str| {
        let request = request("GET", "/page/main.js").header("if-none-match", known);
        request.send(&page()).await
    };
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"other\", {tag}"),
        "*".into(),
    ] {
        let answer = asked(&known).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (304, ""));
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
    }
    assert_eq!(asked("\"other\"").await.status, 200);
    assert_ne!(get("/").await.header("etag"), Some(tag.as_str()));
}

#[tokio::test]
async fn what_is_not_of_the_page_is_not_found() {
    for nothing in [
        "/page",
        "/page/",
        "/page/index.html",
        "/page/none.js",
        "/page/views",
        "/page/views/none.js",
        "/page/../Cargo.toml",
        "/page//main.js",
        "/nothing",
    ] {
        assert_eq!(get(nothing).await.status, 404, "{nothing}");
    }
    let posted = request("POST", "/").send(&page()).await;
    assert_eq!(
        (posted.status.as_u16(), posted.header("allow")),
        (405, Some("GET, HEAD"))
    );
}

#[test]
fn the_document_holds_no_script_no_style_and_nothing_from_elsewhere() {
    let index = text(files::INDEX);
    for forbidden in [
        "<style",
        "style=",
        "onclick",
        "onload",
        "onerror",
        "javascript:",
        "http:",
        "https:",
        "src=\"/",
        "href=\"/",
    ] {
        assert!(!index.contains(forbidden), "{forbidden}");
    }
    let scripts: Vec<&str> = index.split("<script").skip(1).collect();
    assert!(scripts.iter().all(|script| {
        let (attributes, rest) = script.split_once('>').unwrap();
        attributes.contains("src=\"page/") && rest.starts_with("</script>")
    }));
}

/// The browser refuses it by the policy as well; here it is seen before.
#[test]
fn no_text_becomes_html() {
    for (name, _) in files::ALL.iter().filter(|(name, _)| name.ends_with(".js")) {
        let script = text(name);
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "createContextualFragment",
            "srcdoc",
            "eval(",
            "new Function",
        ] {
            assert!(!script.contains(forbidden), "{name} has {forbidden}");
        }
    }
}

#[test]
fn every_file_that_is_named_is_there() {
    let known = |path: &str| files::ALL.iter().any(|(name, _)| *name == path);
    let index = text(files::INDEX);
    for named in index.split("\"page/").skip(1) {
        let name = named.split('"').next().unwrap();
        assert!(known(name), "{name}");
    }
    for (name, _) in files::ALL.iter().filter(|(name, _)| name.ends_with(".js")) {
        for line in text(name)
            .lines()
            .filter(|line| line.starts_with("import "))
        {
            let target = line.split('\'').nth(1).unwrap();
            let in_views = name.starts_with("views/") && target.starts_with("./");
            let target = target.trim_start_matches("../").trim_start_matches("./");
            let target = match in_views {
                true => format!("views/{target}"),
                false => target.to_owned(),
            };
            assert!(known(&target), "{name} imports {target}");
        }
    }
}
