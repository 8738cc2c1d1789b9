use super::*;
use crate::config::Layer;

fn settings(store: &str, search: &str, queue: &str) -> Settings {
    Settings::decide(Layer {
        store: Some(store.parse().unwrap()),
        search: Some(search.parse().unwrap()),
        queue: Some(queue.parse().unwrap()),
        ..Layer::default()
    })
    .unwrap()
}

async fn refusal(settings: Settings) -> String {
    match Node::start(&settings).await {
        Err(error) => crate::cli::sentence(&error),
        Ok(_) => panic!("it started"),
    }
}

#[tokio::test]
async fn an_unknown_scheme_is_refused_by_name() {
    let text = refusal(settings("postgres://u:s3cret@h/d", "memory:", "memory:")).await;
    assert!(
        text.contains("scheme postgres") && text.contains("sqlite, mysql, memory"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
    let text = refusal(settings("memory:", "solr://h", "memory:")).await;
    assert!(text.contains("no search with the scheme solr"), "{text}");
    let text = refusal(settings("memory:", "memory:", "kafka://h")).await;
    assert!(text.contains("no queue with the scheme kafka"), "{text}");
}

#[cfg(all(feature = "mysql", feature = "elasticsearch", feature = "redis"))]
#[tokio::test]
async fn a_url_that_an_adapter_cannot_use_is_refused_with_its_setting() {
    let text = refusal(settings("mysql://h/d", "http://h", "memory:")).await;
    assert!(text.contains("token_key is missing"), "{text}");
    let text = refusal(settings(
        "memory:",
        "http://u:s3cret@h/?shards=none",
        "memory:",
    ))
    .await;
    assert!(
        text.contains("the setting search") && !text.contains("s3cret"),
        "{text}"
    );
    let text = refusal(settings("memory:", "memory:", "redis://:s3cret@h/none")).await;
    assert!(
        text.contains("the setting queue") && !text.contains("s3cret"),
        "{text}"
    );
}

#[tokio::test]
async fn an_index_of_one_process_does_not_serve_a_store_of_many() {
    for search in ["memory:", "sqlite:search.db"] {
        let text = refusal(settings("mysql://u:s3cret@h/d", search, "memory:")).await;
        assert!(
            text.contains(search) && text.contains("Elasticsearch"),
            "{text}"
        );
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[tokio::test]
async fn readiness_looks_at_the_queue_without_needing_it() {
    let settings = settings("memory:", "memory:", "memory:");
    let node = Node::start(&settings).await.unwrap();
    let probes = node.probes(&settings);
    let told: Vec<_> = probes
        .iter()
        .map(|probe| (probe.role(), probe.is_vital()))
        .collect();
    assert_eq!(told, [("store", true), ("search", false), ("queue", false)]);
    for probe in probes {
        assert!(probe.check().await.is_ok());
    }
    let down = QueueProbe {
        queue: {
            let mut queue = chat_core::port::MockQueue::new();
            queue.expect_depth().returning(|| {
                let kind = chat_core::error::ErrorKind::Unavailable;
                Err(BackendError::new(kind, "queue", "depth"))
            });
            Arc::new(queue)
        },
        url: settings.queue,
    };
    assert!(down.check().await.is_err());
}

#[tokio::test]
async fn notifications_are_refused_by_name_and_looked_at_without_being_needed() {
    let notifying = |url: &str, secret: &str| {
        let mut settings = settings("memory:", "memory:", "memory:");
        settings.notify = Some(url.parse().unwrap());
        settings.notify_secret = Some(secret.parse().unwrap());
        settings
    };
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let text = refusal(notifying("memory:", secret)).await;
    assert!(text.ends_with("known are http, https"), "{text}");
    #[cfg(not(feature = "notify-http"))]
    {
        let text = refusal(notifying("http://h", secret)).await;
        assert!(
            text.contains("without the cargo feature notify-http"),
            "{text}"
        );
    }
    #[cfg(feature = "notify-http")]
    {
        let text = refusal(notifying("http://u:s3cret@", secret)).await;
        assert!(
            text.contains("the setting notify cannot") && !text.contains("s3cret"),
            "{text}"
        );
        let text = refusal(notifying("http://h", "s3cret")).await;
        let named = text.contains("the setting notify_secret cannot");
        assert!(named && !text.contains("s3cret"), "{text}");
        let settings = notifying("http://127.0.0.1:1", secret);
        let node = Node::start(&settings).await.unwrap();
        let watched = node.watched(&settings);
        let (given, probe) = watched.last().unwrap();
        assert_eq!(
            given.to_string(),
            "the setting notify is http://127.0.0.1:1"
        );
        assert_eq!((probe.role(), probe.is_vital()), ("notify", false));
        assert!(probe.check().await.is_ok());
    }
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn a_parameter_of_the_store_that_cannot_be_is_refused_by_name() {
    let mut layered = settings("mysql://u:s3cret@h/d?connections=1", "http://h", "memory:");
    layered.token_key = Some("0".repeat(64).parse().unwrap());
    let text = refusal(layered).await;
    assert!(
        text.contains("the setting store") && text.contains("connections must be"),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn a_store_that_is_down_is_named_and_why_is_said_once() {
    let url = "mysql://u:s3cret@127.0.0.1:1/d?connect-timeout=1";
    let mut down = settings(url, "http://h", "memory:");
    down.token_key = Some("0".repeat(64).parse().unwrap());
    let text = refusal(down).await;
    let named = "the setting store is mysql://(hidden)@127.0.0.1:1/d?connect-timeout=1";
    assert!(text.starts_with(named), "{text}");
    assert_eq!(text.matches("Connection refused").count(), 1, "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[cfg(not(feature = "embedded"))]
#[tokio::test]
async fn an_adapter_that_was_left_out_is_named_with_its_feature() {
    for (store, search, queue, feature) in [
        ("sqlite:a.db", "memory:", "memory:", "embedded"),
        ("memory:", "sqlite:a.db", "memory:", "embedded"),
        ("mysql://h/d", "http://h", "memory:", "mysql"),
        ("memory:", "https://h", "memory:", "elasticsearch"),
        ("memory:", "memory:", "rediss-cluster://h", "redis"),
    ] {
        let text = refusal(settings(store, search, queue)).await;
        let named = format!("without the cargo feature {feature}");
        assert!(text.contains(&named), "{text}");
    }
}

#[cfg(feature = "embedded")]
mod files {
    use std::path::Path;

    use super::*;
    use crate::keyfile;

    fn within(dir: &Path) -> Settings {
        Settings::decide(Layer {
            data: Some(dir.to_owned()),
            ..Layer::default()
        })
        .unwrap()
    }

    #[tokio::test]
    async fn a_second_writer_is_told_who_the_first_is() {
        let dir = tempfile::tempdir().unwrap();
        let settings = within(&dir.path().join("deep/data"));
        let first = Node::start(&settings).await.unwrap();
        assert!(first.chat.index_is_whole().await.unwrap());
        let text = refusal(settings).await;
        assert!(text.contains(&std::process::id().to_string()), "{text}");
        first.chat.stop().await;
    }

    #[tokio::test]
    async fn applications_never_lose_their_key_in_silence() {
        let dir = tempfile::tempdir().unwrap();
        let settings = within(dir.path());
        let node = Node::start(&settings).await.unwrap();
        let token = node.chat.default_application().await.unwrap().token;
        node.chat.stop().await;
        drop(node);
        let (key, away) = (dir.path().join(keyfile::NAME), dir.path().join("away"));
        std::fs::rename(&key, &away).unwrap();
        let text = refusal(settings.clone()).await;
        assert!(text.contains("token.key is missing"), "{text}");
        assert!(!key.exists());
        std::fs::rename(&away, &key).unwrap();
        let node = Node::start(&settings).await.unwrap();
        assert_eq!(node.chat.default_application().await.unwrap().token, token);
    }

    #[tokio::test]
    async fn another_key_than_that_of_what_is_stored_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let settings = within(dir.path());
        let node = Node::start(&settings).await.unwrap();
        node.chat.stop().await;
        drop(node);
        let mut other = settings.clone();
        other.token_key = Some("cd".repeat(32).parse().unwrap());
        let text = refusal(other).await;
        let told = "the setting token_key does not open the tokens in sqlite:";
        assert!(text.starts_with(told), "{text}");
        assert!(text.ends_with("sealed under another key"), "{text}");
        let key = dir.path().join(keyfile::NAME);
        let right = std::fs::read_to_string(&key).unwrap();
        std::fs::write(&key, "cd".repeat(32)).unwrap();
        let text = refusal(settings.clone()).await;
        let told = format!("the key file {} does not open", key.display());
        assert!(text.starts_with(&told), "{text}");
        let mut same = settings;
        same.token_key = Some(right.trim().parse().unwrap());
        Node::start(&same).await.unwrap();
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        let text = refusal(within(&dir.path().join("file/data"))).await;
        assert!(text.contains("file/data cannot be made"), "{text}");
    }

    #[tokio::test]
    async fn what_reads_a_file_says_that_another_store_is_none() {
        let elsewhere = settings("mysql://h/d", "memory:", "memory:");
        let error = ReadOnly::open(&elsewhere).await.err().unwrap();
        assert!(matches!(error, WiringError::NotAFile(_)), "{error}");
    }

    #[tokio::test]
    async fn there_is_nothing_to_read_before_the_first_start() {
        let dir = tempfile::tempdir().unwrap();
        let error = ReadOnly::open(&within(dir.path())).await.err().unwrap();
        assert!(
            error.to_string().contains("there is no database at"),
            "{error}"
        );
    }
}
