//! Path segments: percent-decoding and numbers.

use std::borrow::Cow;
use std::num::NonZeroU64;

use percent_encoding::percent_decode_str;

/// Whether every `%` stands before two hexadecimal digits and the whole decodes to UTF-8.
pub fn is_well_formed(path: &str) -> bool {
    if !path.contains('%') {
        return true;
    }
    let bytes = path.as_bytes();
    let escapes_are_whole = bytes.iter().enumerate().all(|(at, byte)| {
        *byte != b'%'
            || bytes
                .get(at + 1..at + 3)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    escapes_are_whole && percent_decode_str(path).decode_utf8().is_ok()
}

/// The text of one segment; `None` when it is not well formed.
pub fn decode(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
    }
    if !is_well_formed(segment) {
        return None;
    }
    percent_decode_str(segment).decode_utf8().ok()
}

/// The path with escapes of characters that need none taken back, so that equal paths are equal bytes (RFC 3986, 6.2.2.2).
pub fn normalize(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        let escape = rest.get(at..at + 3).unwrap_or(&rest[at..]);
        match u8::from_str_radix(escape.get(1..).unwrap_or_default(), 16) {
            Ok(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                plain.push(char::from(byte));
            }
            _ => plain.push_str(escape),
        }
        rest = &rest[at + escape.len()..];
    }
    plain.push_str(rest);
    plain
}

/// The number that a segment is: plain digits from 1 without leading zeros, sign or space.
pub fn number(segment: &str) -> Option<NonZeroU64> {
    let plain = segment.bytes().all(|byte| byte.is_ascii_digit()) && !segment.starts_with('0');
    plain.then(|| segment.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_digits_from_one_are_numbers() {
        assert_eq!(number("1").unwrap().get(), 1);
        assert_eq!(number("18446744073709551615").unwrap().get(), u64::MAX);
        for text in [
            "",
            "0",
            "007",
            "+7",
            "-7",
            " 7",
            "7 ",
            "7.0",
            "1e3",
            "٧",
            "18446744073709551616",
        ] {
            assert!(number(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn escapes_are_decoded_and_broken_ones_are_told() {
        assert_eq!(decode("a%20b%C3%A9").unwrap(), "a bé");
        assert_eq!(decode("a%2Fb").unwrap(), "a/b");
        for text in ["%", "%4", "%zz", "a%", "%ff", "%C3", "%+1"] {
            assert!(decode(text).is_none(), "{text}");
            assert!(!is_well_formed(text), "{text}");
        }
    }

    #[test]
    fn an_escaped_letter_is_that_letter_and_an_escaped_slash_is_no_slash() {
        assert_eq!(normalize("/%61pi/%7e%2F%c3%a9"), "/api/~%2F%c3%a9");
        assert_eq!(normalize("/x%2"), "/x%2");
        assert_eq!(normalize("/x%é"), "/x%é");
    }
}
