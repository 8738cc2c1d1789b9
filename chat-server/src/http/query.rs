//! Query strings and form bodies: `name=value` pairs.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// The pairs of a query string or form, in order; bytes that are no UTF-8 make it `None`.
pub fn pairs(text: &[u8]) -> Option<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let pieces = text
        .split(|byte| *byte == b'&')
        .filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| {
            let at = piece.iter().position(|byte| *byte == b'=');
            let (name, value) =
                at.map_or((piece, &piece[..0]), |at| (&piece[..at], &piece[at + 1..]));
            Some((unescape(name)?, unescape(value)?))
        })
        .collect()
}

fn unescape(text: &[u8]) -> Option<Cow<'_, str>> {
    if !text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return std::str::from_utf8(text).ok().map(Cow::Borrowed);
    }
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    let bytes: Vec<u8> = percent_decode(&spaced).collect();
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// The parameters of a request's query.
#[derive(Debug, Default)]
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads the part after the question mark; `None` when it is not UTF-8.
    pub fn parse(text: Option<&'a str>) -> Option<Self> {
        text.map_or_else(
            || Some(Self::default()),
            |text| pairs(text.as_bytes()).map(Self),
        )
    }

    /// The value of a parameter; the last one when it is given twice.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(found, _)| found == name)
            .map(|(_, value)| &**value)
    }

    /// The parameters that an endpoint does not know, each once.
    pub fn unknown(&self, known: &[&str]) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in &self.0 {
            if !known.contains(&&**name) && !names.contains(&&**name) {
                names.push(name);
            }
        }
        names
    }

    /// Whether there is no parameter at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every pair in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_the_last_of_a_name_counts() {
        let query = Query::parse(Some("a=1&b=x+y%26z&a=2&c&=e&&")).unwrap();
        assert_eq!(query.get("a"), Some("2"));
        assert_eq!(query.get("b"), Some("x y&z"));
        assert_eq!(query.get("c"), Some(""));
        assert_eq!(query.get(""), Some("e"));
        assert_eq!(query.get("d"), None);
    }

    #[test]
    fn unknown_parameters_are_named_once() {
        let query = Query::parse(Some("limit=1&x=1&y=2&x=3")).unwrap();
        assert_eq!(query.unknown(&["limit", "after"]), ["x", "y"]);
        assert!(Query::parse(None).unwrap().unknown(&[]).is_empty());
    }

    #[test]
    fn what_is_not_utf8_is_told() {
        assert!(Query::parse(Some("a=%ff")).is_none());
        assert_eq!(Query::parse(Some("a=%zz")).unwrap().get("a"), Some("%zz"));
    }
}
