//! Validated texts: inside the core, invalid values do not exist.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Longest message body, in bytes of UTF-8.
pub const MAX_BODY_BYTES: usize = 65_536;
/// Longest name of an application, chat or author, in characters.
pub const MAX_NAME_CHARS: usize = 255;
/// Largest `data` object of a message, in bytes of JSON.
pub const MAX_DATA_BYTES: usize = 4_096;
/// Longest idempotency key, in visible ASCII characters.
pub const MAX_KEY_CHARS: usize = 255;

/// Longest e-mail address, in characters (RFC 5321, 4.5.3.1.3: a path of 256 octets with its brackets).
pub const MAX_EMAIL_CHARS: usize = 254;
/// Longest URL of a picture, in characters.
pub const MAX_PICTURE_CHARS: usize = 2_048;

/// Longest name of a device, in visible ASCII characters.
pub const MAX_DEVICE_CHARS: usize = 64;
/// Longest key of a device, in characters of base64.
pub const MAX_PUBLIC_KEY_CHARS: usize = 4_096;

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Missing, empty or only white space.
    #[error("can't be blank")]
    Blank,
    /// Longer than the maximum.
    #[error("is too long (maximum is {max} {unit})")]
    TooLong {
        /// The most that is taken.
        max: usize,
        /// What `max` counts: "bytes" or "characters".
        unit: &'static str,
    },
    /// Of the wrong type, or holding what is not allowed (NUL in texts).
    #[error("is invalid")]
    Invalid,
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = Violation;

            fn try_from(text: String) -> Result<Self, Violation> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl $name {
            /// Checks a text and keeps it exactly as sent.
            ///
            /// # Errors
            /// The [`Violation`] that names what is wrong.
            pub fn parse(text: impl Into<String>) -> Result<Self, Violation> {
                let text = text.into();
                $check(&text)?;
                Ok(Self(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, given away.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text! {
    /// The name of an application, a chat or an author: 1 to 255 characters, not blank, no NUL.
    Name, check_name
}
text! {
    /// The text of a message: 1 to 65,536 bytes, not blank, no NUL.
    Body, check_body
}
text! {
    /// What a host keeps beside a message: a JSON object of at most 4,096 bytes, kept as sent.
    Data, check_data
}
text! {
    /// An idempotency key: 1 to 255 visible ASCII characters.
    IdempotencyKey, check_key
}
text! {
    /// What a user is called by: 1 to 255 characters, not blank, no control characters.
    Username, check_username
}
text! {
    /// An e-mail address: at most 254 characters, something on both sides of one `@`, no white space. It is kept, not written to.
    Email, check_email
}
text! {
    /// Where a picture is: an absolute `http` or `https` URL of at most 2,048 characters.
    Picture, check_picture
}

text! {
    /// What a user calls one of its devices: 1 to 64 visible ASCII characters.
    Device, check_device
}
text! {
    /// What others encrypt for a device with: base64 (RFC 4648, section 4, with padding) of 1 to 4,096 characters. What it means only
    /// clients know.
    PublicKey, check_public_key
}

impl Username {
    /// A name that somebody chooses now: one that could not be told from another by eye is refused, with white space at an end or with
    /// characters that show nothing (Unicode's format characters). Names that exist keep what they have.
    ///
    /// # Errors
    /// As [`Username::parse`].
    pub fn chosen(text: impl Into<String>) -> Result<Self, Violation> {
        let name = Self::parse(text)?;
        match name.0.trim() != name.0 || name.0.chars().any(is_format) {
            true => Err(Violation::Invalid),
            false => Ok(name),
        }
    }

    /// What no two users of an application have in common: case and the way accents are composed do not count.
    #[must_use]
    pub fn folded(&self) -> String {
        fold_username(&self.0)
    }
}

/// Most bytes of a folded name, for the indices of stores.
const MAX_FOLDED_BYTES: usize = 4 * MAX_NAME_CHARS;

pub(crate) fn fold_username(text: &str) -> String {
    // Through capitals: letters that have one capital in common, like both small sigmas, are one.
    let capitals = text.nfkc().flat_map(char::to_uppercase);
    capitals.flat_map(char::to_lowercase).nfkc().collect()
}

fn is_format(c: char) -> bool {
    c.general_category() == GeneralCategory::Format
}

fn check_username(text: &str) -> Result<(), Violation> {
    check_name(text)?;
    if text.chars().any(char::is_control) {
        return Err(Violation::Invalid);
    }
    if fold_username(text).len() > MAX_FOLDED_BYTES {
        return Err(Violation::TooLong {
            max: MAX_NAME_CHARS,
            unit: "characters",
        });
    }
    Ok(())
}

fn check_email(text: &str) -> Result<(), Violation> {
    check_text(text)?;
    check_length(text, MAX_EMAIL_CHARS)?;
    let parts = text.rsplit_once('@');
    let complete = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let seen = |c: char| !c.is_whitespace() && !c.is_control();
    match complete && text.chars().all(seen) {
        true => Ok(()),
        false => Err(Violation::Invalid),
    }
}

fn check_picture(text: &str) -> Result<(), Violation> {
    check_text(text)?;
    check_length(text, MAX_PICTURE_CHARS)?;
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let seen = |c: char| !c.is_whitespace() && !c.is_control();
    match host.is_some_and(|host| !host.is_empty()) && text.chars().all(seen) {
        true => Ok(()),
        false => Err(Violation::Invalid),
    }
}

fn check_length(text: &str, max: usize) -> Result<(), Violation> {
    if text.len() > max && text.chars().count() > max {
        let unit = "characters";
        return Err(Violation::TooLong { max, unit });
    }
    Ok(())
}

fn check_text(text: &str) -> Result<(), Violation> {
    if text.chars().all(char::is_whitespace) {
        return Err(Violation::Blank);
    }
    if text.contains('\0') {
        return Err(Violation::Invalid);
    }
    Ok(())
}

fn check_name(text: &str) -> Result<(), Violation> {
    check_length(text, MAX_NAME_CHARS)?;
    check_text(text)
}

fn check_body(text: &str) -> Result<(), Violation> {
    if text.len() > MAX_BODY_BYTES {
        return Err(Violation::TooLong {
            max: MAX_BODY_BYTES,
            unit: "bytes",
        });
    }
    check_text(text)
}

fn check_data(text: &str) -> Result<(), Violation> {
    if text.len() > MAX_DATA_BYTES {
        return Err(Violation::TooLong {
            max: MAX_DATA_BYTES,
            unit: "bytes",
        });
    }
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        _ => Err(Violation::Invalid),
    }
}

fn check_key(text: &str) -> Result<(), Violation> {
    check_visible(text, MAX_KEY_CHARS)
}

fn check_device(text: &str) -> Result<(), Violation> {
    check_visible(text, MAX_DEVICE_CHARS)
}

fn check_visible(text: &str, max: usize) -> Result<(), Violation> {
    if text.is_empty() {
        return Err(Violation::Blank);
    }
    check_length(text, max)?;
    match text.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(()),
        false => Err(Violation::Invalid),
    }
}

fn check_public_key(text: &str) -> Result<(), Violation> {
    check_visible(text, MAX_PUBLIC_KEY_CHARS)?;
    match STANDARD.decode(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Violation::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_as_sent_and_checked() {
        assert_eq!(Body::parse(" a \n").unwrap().as_str(), " a \n");
        assert_eq!(Body::parse(" \t\u{3000}\n"), Err(Violation::Blank));
        assert_eq!(Body::parse("a\0b"), Err(Violation::Invalid));
        assert!(Body::parse("x".repeat(MAX_BODY_BYTES)).is_ok());
        let error = Body::parse("x".repeat(MAX_BODY_BYTES + 1)).unwrap_err();
        assert_eq!(error.to_string(), "is too long (maximum is 65536 bytes)");
    }

    #[test]
    fn a_name_counts_characters_not_bytes() {
        assert!(Name::parse("é".repeat(255)).is_ok());
        let error = Name::parse("é".repeat(256)).unwrap_err();
        assert_eq!(error.to_string(), "is too long (maximum is 255 characters)");
    }

    #[test]
    fn names_of_users_are_one_without_regard_to_case() {
        let folded = |text: &str| Username::parse(text).unwrap().folded();
        assert_eq!(folded("Ålice"), folded("A\u{30a}LICE"));
        assert_eq!(folded("ΣΊΣΥΦΟΣ"), folded("Σίσυφος"));
        assert_eq!(folded("STRASSE"), folded("straße"));
        assert_ne!(folded("alice"), folded("alise"));
        assert_eq!(Username::parse("a\u{7}"), Err(Violation::Invalid));
        assert_eq!(Username::parse("\u{3000}"), Err(Violation::Blank));
        for name in [
            " bob",
            "bob ",
            "bob\u{a0}",
            "bob\u{200b}",
            "b\u{202e}ob",
            "\u{ad}bob",
        ] {
            assert!(Username::parse(name).is_ok(), "{name:?} was there before");
            assert_eq!(Username::chosen(name), Err(Violation::Invalid), "{name:?}");
        }
        assert!(Username::chosen("bob the 2nd").is_ok());
        let long = Username::parse("\u{fdfa}".repeat(255)).unwrap_err();
        assert_eq!(long.to_string(), "is too long (maximum is 255 characters)");
    }

    #[test]
    fn an_address_and_a_picture_look_like_one() {
        for good in ["a@b", "\"a b@c\"@d.example".replace(' ', "").as_str()] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in ["a", "@b", "a@", "a b@c", "a@b\n"] {
            assert_eq!(Email::parse(bad), Err(Violation::Invalid), "{bad}");
        }
        assert!(Picture::parse("https://example.org/a.png").is_ok());
        for bad in [
            "javascript:alert(1)",
            "data:image/png,",
            "http://",
            "/a.png",
            "http://a b",
        ] {
            assert_eq!(Picture::parse(bad), Err(Violation::Invalid), "{bad}");
        }
        assert!(Picture::parse(format!("http://{}", "a".repeat(2_041))).is_ok());
        assert!(Picture::parse(format!("http://{}", "a".repeat(2_042))).is_err());
    }

    #[test]
    fn data_is_a_json_object_and_a_key_is_visible_ascii() {
        assert_eq!(
            Data::parse("{ \"a\" : 1 }").unwrap().as_str(),
            "{ \"a\" : 1 }"
        );
        assert_eq!(Data::parse("[1]"), Err(Violation::Invalid));
        assert_eq!(IdempotencyKey::parse("a b"), Err(Violation::Invalid));
        assert_eq!(IdempotencyKey::parse(""), Err(Violation::Blank));
        assert!(IdempotencyKey::parse("k-1").is_ok());
        assert!(IdempotencyKey::parse("k".repeat(255)).is_ok());
        let long = IdempotencyKey::parse("k".repeat(256)).unwrap_err();
        assert_eq!(long.to_string(), "is too long (maximum is 255 characters)");
    }

    #[test]
    fn a_device_is_visible_ascii_and_its_key_is_base64() {
        assert!(Device::parse("phone/1").is_ok());
        for bad in ["a b", "é", "\n"] {
            assert_eq!(Device::parse(bad), Err(Violation::Invalid), "{bad}");
        }
        assert_eq!(Device::parse(""), Err(Violation::Blank));
        assert!(Device::parse("d".repeat(64)).is_ok());
        let long = Device::parse("d".repeat(65)).unwrap_err();
        assert_eq!(long.to_string(), "is too long (maximum is 64 characters)");
        assert_eq!(PublicKey::parse("+/8=").unwrap().as_str(), "+/8=");
        for bad in ["+/8", "-_8=", "a b=", "+/9=", "====", "é"] {
            assert_eq!(PublicKey::parse(bad), Err(Violation::Invalid), "{bad}");
        }
        assert_eq!(PublicKey::parse(""), Err(Violation::Blank));
        assert!(PublicKey::parse("A".repeat(4_096)).is_ok());
        let long = PublicKey::parse("A".repeat(4_100)).unwrap_err();
        assert_eq!(long.to_string(), "is too long (maximum is 4096 characters)");
    }
}
