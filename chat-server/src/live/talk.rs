//! What is said on a socket, to whom, and in whose words.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use chat_core::error::ChatError;
use chat_core::ids::ApplicationId;
use chat_core::live::{Ear, Listener, News};
use chat_core::service::{Access, Chat};
use futures_util::future::BoxFuture;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Over;

/// Whoever speaks on a socket.
#[derive(Debug)]
pub(crate) struct Guest {
    /// What it may do.
    pub(crate) access: Access,
    /// The application that it belongs to.
    pub(crate) application: ApplicationId,
    /// What it is told.
    pub(crate) listener: Listener,
}

impl Guest {
    /// Whoever has this access to an application, at this address.
    pub(crate) async fn come(
        chat: &Chat,
        application: ApplicationId,
        access: Access,
        address: IpAddr,
    ) -> Result<Self, ChatError> {
        let ear = Ear::of(access).at(address);
        Ok(Self {
            access,
            application,
            listener: chat.listen(ear).await?,
        })
    }
}

/// What there is to say.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// These frames.
    pub(crate) frames: Vec<Utf8Bytes>,
    /// From now on this one speaks.
    pub(crate) guest: Option<Arc<Guest>>,
    /// Then it is over.
    pub(crate) over: Option<Over>,
}

/// What becomes of a frame. Of one client they are seen to one after the other, so that what it sends first comes first.
pub(crate) type Work = BoxFuture<'static, Said>;

/// What a door tells and understands on a socket.
pub(crate) trait Talk: Send {
    /// Tells what happened.
    fn told(&mut self, news: News, guest: &Arc<Guest>) -> impl Future<Output = Said> + Send;

    /// Sees to a text frame.
    fn heard(&mut self, frame: &str, guest: Option<&Arc<Guest>>) -> Work;

    /// What is answered to a frame that is no text.
    fn puzzled(&mut self) -> Utf8Bytes;

    /// What is told with every heartbeat.
    fn beat(&mut self, guest: &Guest) -> Vec<Utf8Bytes>;

    /// Who it is that said nothing in the time for a hello; `None` when nobody knows.
    fn unheard(&mut self) -> Option<Arc<Guest>> {
        None
    }

    /// What is told last.
    fn bye(&mut self, over: Over) -> Option<Utf8Bytes>;
}

impl Said {
    /// One frame.
    pub(crate) fn frame(frame: Utf8Bytes) -> Self {
        Self {
            frames: vec![frame],
            ..Self::default()
        }
    }

    /// From now on this one speaks.
    pub(crate) fn guest(guest: Arc<Guest>) -> Self {
        Self {
            guest: Some(guest),
            ..Self::default()
        }
    }

    /// It is over.
    pub(crate) fn over(over: Over) -> Self {
        Self {
            over: Some(over),
            ..Self::default()
        }
    }

    /// A chat could not be read to tell of it: nothing when it is gone, or whoever would be told, for that is told besides; else it
    /// is over, and the client comes again.
    pub(crate) fn untold(request_id: &str, error: &ChatError) -> Self {
        match error {
            ChatError::ChatNotFound(_)
            | ChatError::NotAMember
            | ChatError::Removed
            | ChatError::CallerNotFound
            | ChatError::ApplicationNotFound => Self::default(),
            error => {
                let error = error as &dyn std::error::Error;
                tracing::warn!(
                    request_id,
                    error,
                    "a chat cannot be told: the client comes again"
                );
                Self::over(Over::Unavailable)
            }
        }
    }

    /// The same, then it is over.
    pub(crate) fn and_over(self, over: Over) -> Self {
        Self {
            over: Some(over),
            ..self
        }
    }
}

impl From<Vec<Utf8Bytes>> for Said {
    fn from(frames: Vec<Utf8Bytes>) -> Self {
        Self {
            frames,
            ..Self::default()
        }
    }
}
