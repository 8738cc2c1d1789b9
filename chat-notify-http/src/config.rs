//! Where notifications go, and what they are signed with.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;

/// What stands before a secret.
const SECRET: &str = "whsec_";
/// How many bytes a secret has.
const KEY: std::ops::RangeInclusive<usize> = 24..=64;

/// How the receiver of notifications is reached.
#[derive(Clone)]
pub struct HttpConfig {
    pub(crate) url: Url,
    pub(crate) key: Vec<u8>,
    /// The longest that one request may take.
    pub timeout: Duration,
}

/// Why notifications cannot go there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read as a URL.
    #[error("not a URL such as https://push.example/chat")]
    NotAUrl,
    /// It cannot be a secret.
    #[error("the secret must be whsec_ and 24 to 64 bytes in base64")]
    NotASecret,
    /// The driver refuses the settings.
    #[error("the settings are refused")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HttpConfig {
    /// Reads `http[s]://[user:password@]host[:port][/path][?query]` and a secret: `whsec_` and 24 to 64 bytes in base64.
    ///
    /// # Errors
    /// What cannot be understood; never with the URL or the secret in it.
    pub fn parse(url: &str, secret: &str) -> Result<Self, ConfigError> {
        let url = Url::parse(url).map_err(|_| ConfigError::NotAUrl)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(ConfigError::NotAUrl);
        }
        let key = secret.strip_prefix(SECRET);
        let key = key.and_then(|key| STANDARD.decode(key).ok());
        let key = key.filter(|key| KEY.contains(&key.len()));
        Ok(Self {
            url,
            key: key.ok_or(ConfigError::NotASecret)?,
            timeout: Duration::from_secs(10),
        })
    }
}

impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConfig")
            .field("host", &self.url.host_str())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_and_a_secret_are_read_and_never_shown() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let url = "https://u:s3cret@push.example/hidden?key=s3cret";
        let config = HttpConfig::parse(url, secret).unwrap();
        assert_eq!((config.url.as_str(), config.key.len()), (url, 24));
        let shown = format!("{config:?}");
        assert!(shown.contains("push.example"), "{shown}");
        for hidden in ["s3cret", "hidden", "Mf"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let key = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for url in [
            "",
            "push.example",
            "ftp://push.example/",
            "memory:",
            "http://",
        ] {
            let refused = HttpConfig::parse(url, &key(24));
            assert!(matches!(refused, Err(ConfigError::NotAUrl)), "{url}");
        }
        for secret in [&key(23), &key(65), &key(24)[1..], "whsec_", "whsec_#", ""] {
            let refused = HttpConfig::parse("http://push.example", secret);
            assert!(matches!(refused, Err(ConfigError::NotASecret)), "{secret}");
        }
        for bytes in KEY {
            HttpConfig::parse("http://push.example", &key(bytes)).unwrap();
        }
    }
}
