//! Why a conversation on a socket is over.

use chat_core::live::Bye;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Why a conversation on a socket is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The core says so.
    Bye(Bye),
    /// The client did not say in time who it is.
    NoHello,
    /// What it says of itself is not so.
    NotKnown,
    /// Too many are connected already.
    TooMany,
    /// The client gave no sign of life.
    Silent,
    /// What there is to tell cannot be read now.
    Unavailable,
    /// A frame is too long.
    TooLong,
    /// A frame is no text.
    NotText,
    /// What came is not WebSocket.
    NotWebSocket,
    /// The client says goodbye.
    Left,
    /// Nobody is there any more.
    Gone,
}

impl Over {
    /// Its name, for programs; `None` where nobody is told.
    pub(crate) fn code(self) -> Option<&'static str> {
        Some(match self {
            Self::Bye(Bye::Slow) => "slow",
            Self::Bye(Bye::SignedOut) | Self::NotKnown => "signed_out",
            Self::Bye(Bye::Closed) => "closed",
            Self::Bye(_) => "stopping",
            Self::NoHello => "no_hello",
            Self::TooMany => "too_many",
            Self::Silent => "silent",
            Self::Unavailable => "unavailable",
            Self::TooLong => "too_long",
            Self::NotText => "not_text",
            Self::NotWebSocket => "protocol",
            Self::Left | Self::Gone => return None,
        })
    }

    /// Whether the client should come back.
    pub(crate) fn resumes(self) -> bool {
        match self {
            Self::Bye(bye) => bye.resumes(),
            Self::NotKnown => false,
            _ => true,
        }
    }

    pub(super) fn close_code(self) -> CloseCode {
        match self {
            Self::Bye(Bye::Slow) | Self::TooMany | Self::Unavailable => CloseCode::Again,
            Self::Bye(Bye::SignedOut | Bye::Closed) | Self::NotKnown | Self::NoHello => {
                CloseCode::Policy
            }
            Self::Bye(_) => CloseCode::Restart,
            Self::TooLong => CloseCode::Size,
            Self::NotText => CloseCode::Invalid,
            Self::NotWebSocket => CloseCode::Protocol,
            Self::Silent | Self::Left | Self::Gone => CloseCode::Away,
        }
    }
}

impl From<tungstenite::Error> for Over {
    fn from(error: tungstenite::Error) -> Self {
        use tungstenite::Error;
        use tungstenite::error::ProtocolError;
        match error {
            Error::Capacity(_) => Self::TooLong,
            Error::Utf8(_) => Self::NotText,
            Error::Protocol(
                ProtocolError::ResetWithoutClosingHandshake
                | ProtocolError::SendAfterClosing
                | ProtocolError::ReceivedAfterClosing,
            ) => Self::Gone,
            Error::Protocol(_) => Self::NotWebSocket,
            _ => Self::Gone,
        }
    }
}
