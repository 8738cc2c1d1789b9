//! Figures that tell how far what is derived is from the store.

use std::time::Duration;

use chat_core::Chat;

use super::reindex::WHOLE;

/// So often they are taken.
const LOOK: Duration = Duration::from_secs(5);

const DIRTY: &str = "chat_search_index_dirty_chats";
const OLDEST: &str = "chat_search_index_oldest_dirty_seconds";
const PUSH_DIRTY: &str = "chat_push_dirty_chats";
const PUSH_OLDEST: &str = "chat_push_oldest_dirty_seconds";
const NOTIFIED: &str = "chat_push_notifications_total";
const REPAIRED: &str = "chat_recount_repaired_total";

/// Takes the figures on the current runtime, for as long as that lives.
pub fn tell(chat: Chat) {
    metrics::describe_gauge!(
        WHOLE,
        "1 while the search index is whole, 0 while it is built again."
    );
    metrics::describe_gauge!(
        DIRTY,
        "Chats that the search index has yet to follow; 1000 also stands for more."
    );
    metrics::describe_gauge!(
        OLDEST,
        metrics::Unit::Seconds,
        "How long this process has known of the one that waits longest."
    );
    metrics::describe_gauge!(
        PUSH_DIRTY,
        "Chats with something that users who are not connected have yet to be told; 1000 also stands for more."
    );
    metrics::describe_gauge!(
        PUSH_OLDEST,
        metrics::Unit::Seconds,
        "How long this process has known of the one of them that waits longest."
    );
    metrics::describe_counter!(
        NOTIFIED,
        "Notifications that were taken from this process, those that came again among them."
    );
    metrics::describe_counter!(
        REPAIRED,
        "Chats and applications whose counts a recount had to repair."
    );
    tokio::spawn(async move {
        loop {
            look(&chat).await;
            tokio::time::sleep(LOOK).await;
        }
    });
}

async fn look(chat: &Chat) {
    match chat.index_lag().await {
        Ok(lag) => {
            metrics::gauge!(DIRTY).set(lag.chats as f64);
            metrics::gauge!(OLDEST).set(lag.longest.as_secs_f64());
        }
        // The figures stay as they were; whoever answers requests tells what fails.
        Err(error) => tracing::debug!(?error, "how far the search index is behind is not known"),
    }
    match chat.push_lag().await {
        Ok(Some(lag)) => {
            metrics::gauge!(PUSH_DIRTY).set(lag.chats as f64);
            metrics::gauge!(PUSH_OLDEST).set(lag.longest.as_secs_f64());
            metrics::counter!(NOTIFIED).absolute(chat.notified());
        }
        Ok(None) => {}
        Err(error) => tracing::debug!(?error, "how far notifications are behind is not known"),
    }
    let repaired = chat.recounted();
    metrics::counter!(REPAIRED, "of" => "chats").absolute(repaired.chats);
    metrics::counter!(REPAIRED, "of" => "applications").absolute(repaired.applications);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chat_core::Parts;
    use chat_core::memory::MemoryNotifier;

    use super::*;
    use crate::http::metrics::recorder;

    #[tokio::test]
    async fn the_figures_are_there_at_the_first_look() {
        recorder();
        let parts = Parts {
            notifier: Some(Arc::new(MemoryNotifier::new())),
            ..Parts::in_memory()
        };
        let chat = Chat::start(parts).await.unwrap();
        look(&chat).await;
        let text = recorder().render();
        for line in [
            "chat_search_index_dirty_chats 0",
            "chat_search_index_oldest_dirty_seconds 0",
            "chat_push_dirty_chats 0",
            "chat_push_oldest_dirty_seconds 0",
            "chat_push_notifications_total 0",
            "chat_recount_repaired_total{of=\"chats\"} 0",
            "chat_recount_repaired_total{of=\"applications\"} 0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line}: {text}");
        }
    }
}
