//! The setting `allow_origin`.

use std::fmt;
use std::str::FromStr;

use http::uri::Authority;

/// Where pages come from that may open sockets here: a scheme and a host, with a port where it is not the usual one; or anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

const ANYWHERE: &str = "*";

impl Origin {
    /// Whether a page from there (the text of a browser's `Origin` header) is meant.
    pub fn covers(&self, origin: &str) -> bool {
        self.0 == ANYWHERE || self.0.eq_ignore_ascii_case(origin)
    }

    /// Whether its pages are those of this host, a name without a port.
    pub fn is_on(&self, host: &str) -> bool {
        let place = self.0.split_once("://");
        let place = place.and_then(|(_, place)| place.parse::<Authority>().ok());
        self.0 == ANYWHERE || place.is_some_and(|place| place.host().eq_ignore_ascii_case(host))
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_site = |text: &str| {
            let (scheme, host) = text.split_once("://")?;
            let is_host = !host.contains('@') && host.parse::<Authority>().is_ok();
            (!scheme.is_empty() && is_host).then_some(())
        };
        match text == ANYWHERE || is_site(text).is_some() {
            true => Ok(Self(text.to_owned())),
            false => Err(
                "must be where a page comes from, such as https://chat.example, or * for anywhere"
                    .into(),
            ),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host_or_anywhere() {
        for text in ["https://a.example", "http://[::1]:3000", "*"] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "a.example",
            "https://",
            "https://a/b",
            "https://u@a",
            "null",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text:?}");
        }
        let one: Origin = "https://A.example".parse().unwrap();
        assert!(one.covers("https://a.example") && !one.covers("http://a.example"));
        assert!("*".parse::<Origin>().unwrap().covers("null"));
    }
}
