use std::sync::Arc;

use async_trait::async_trait;
use chat_core::clock::{Clock, Timestamp};
use chat_core::error::BackendError;
use chat_core::port::{Notification, Notifier};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::{Serialize, Serializer};

use crate::config::{ConfigError, HttpConfig};
use crate::error::{refused, unanswered, unwritable};
use crate::signature::{id, sign};

/// Posts notifications to a URL.
pub struct HttpNotifier {
    client: Client,
    url: Url,
    key: Vec<u8>,
    clock: Arc<dyn Clock>,
}

/// What is posted.
#[derive(Serialize)]
struct Event<'a> {
    r#type: &'static str,
    /// When the latest of it happened: the same whenever it is posted.
    timestamp: At,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(serialize_with = "rows")]
    notifications: &'a [Notification],
}

#[derive(Serialize)]
struct Row {
    application: String,
    user: u64,
    chat: u64,
    message: u64,
    author: Option<u64>,
    at: At,
}

struct At(Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0.rfc3339(6))
    }
}

fn rows<S: Serializer>(notifications: &[Notification], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(notifications.iter().map(|one| Row {
        application: one.application.to_string(),
        user: one.user.0,
        chat: one.chat.0,
        message: one.message.0,
        author: one.author.map(|author| author.0),
        at: At(one.at),
    }))
}

impl HttpNotifier {
    /// One that posts where the configuration says, signed with the time that this clock shows; nothing is sent yet.
    ///
    /// # Errors
    /// When the driver refuses the settings.
    pub fn connect(config: &HttpConfig, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(config.timeout)
            .user_agent(concat!("chat-notify-http/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ConfigError::Refused(error.into()))?;
        Ok(Self {
            client,
            url: config.url.clone(),
            key: config.key.clone(),
            clock,
        })
    }
}

#[async_trait]
impl Notifier for HttpNotifier {
    async fn notify(&self, notifications: &[Notification]) -> Result<(), BackendError> {
        let latest = notifications.iter().map(|one| one.at).max();
        let event = Event {
            r#type: "message.unread",
            timestamp: At(latest.unwrap_or_default()),
            data: Data { notifications },
        };
        let body = serde_json::to_vec(&event).map_err(unwritable)?;
        let id = id(&body);
        let seconds = self.clock.now().0.div_euclid(1_000_000);
        let signature = sign(&self.key, &id, seconds, &body);
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(body);
        let status = request.send().await.map_err(unanswered)?.status();
        match status.is_success() {
            true => Ok(()),
            false => Err(refused(status)),
        }
    }
}
