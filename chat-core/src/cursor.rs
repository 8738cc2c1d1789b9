//! Cursors: where a reader stands in a chat, opaque outside.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::ids::{Change, ChatNumber, Epoch, Head, MessageNumber, PublicId};

const VERSION: u8 = 1;
const LENGTH: usize = 1 + 8 + 16 + 8 + 8 + 8;

/// A head of one chat in one history of one store.
///
/// Outside it is base64url (RFC 4648 §5, no padding) of version, epoch, application, chat, number
/// and change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Which history.
    pub epoch: Epoch,
    /// Which application.
    pub application: PublicId,
    /// Which chat.
    pub chat: ChatNumber,
    /// How far.
    pub head: Head,
}

/// Why a text is not a cursor that can be used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// The text is no cursor.
    #[error("is not one that this server made")]
    Malformed,
    /// It belongs to another chat.
    #[error("belongs to another chat")]
    OtherChat,
}

impl Cursor {
    /// The text that is given out.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.extend(self.epoch.0.to_be_bytes());
        bytes.extend(self.application.0.as_bytes());
        bytes.extend(self.chat.0.to_be_bytes());
        bytes.extend(self.head.number.0.to_be_bytes());
        bytes.extend(self.head.change.0.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Cursor::encode`] made.
    ///
    /// # Errors
    /// [`CursorError::Malformed`].
    pub fn decode(text: &str) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| CursorError::Malformed)?;
        let bytes: [u8; LENGTH] = bytes.try_into().map_err(|_| CursorError::Malformed)?;
        if bytes[0] != VERSION {
            return Err(CursorError::Malformed);
        }
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_be_bytes(word)
        };
        let mut application = [0; 16];
        application.copy_from_slice(&bytes[9..25]);
        Ok(Self {
            epoch: Epoch(word(1)),
            application: PublicId(Uuid::from_bytes(application)),
            chat: ChatNumber(word(25)),
            head: Head {
                number: MessageNumber(word(33)),
                change: Change(word(41)),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_own_text_and_nothing_else_is_one() {
        let cursor = Cursor {
            epoch: Epoch(7),
            application: PublicId(Uuid::new_v4()),
            chat: ChatNumber(3),
            head: Head {
                number: MessageNumber(9),
                change: Change(2),
            },
        };
        let text = cursor.encode();
        assert_eq!(Cursor::decode(&text), Ok(cursor));
        for bad in ["", "x", &text[1..], &format!("{text}A")] {
            assert_eq!(Cursor::decode(bad), Err(CursorError::Malformed), "{bad}");
        }
    }
}
