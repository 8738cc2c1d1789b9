//! Where Elasticsearch is, and how long it may take.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::Url;
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use percent_encoding::percent_decode_str;

/// Names of indices are longer than their prefix, and 255 bytes at most.
const PREFIX_AT_MOST: usize = 64;

/// How an index on Elasticsearch is reached.
#[derive(Clone)]
pub struct EsConfig {
    url: Url,
    credentials: Option<Credentials>,
    /// File with the certificates (PEM) of those who may vouch for the server, beside the usual ones.
    pub ca: Option<PathBuf>,
    /// What the names of all indices and aliases begin with.
    pub prefix: String,
    /// Shards of a new index, one application on one of them.
    pub shards: u16,
    /// The longest that one request may take, and a question with all that belongs to it.
    pub timeout: Duration,
    /// The longest that an operation may take, repeated requests and pauses between them included.
    pub patience: Duration,
}

/// Why a URL does not name an index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read as a URL.
    #[error("not a URL such as https://user:password@host:9200/?prefix=chat")]
    NotAUrl,
    /// A setting behind the question mark that there is not.
    #[error("unknown setting {0}; known are prefix, ca, shards, timeout, patience and api_key")]
    Unknown(String),
    /// A setting with a value that it cannot have.
    #[error("{0} cannot have this value")]
    Value(&'static str),
    /// The certificates cannot be read.
    #[error("the certificates in {} cannot be read", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The driver refuses the settings.
    #[error("the settings are refused")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl EsConfig {
    /// Reads `http[s]://[user:password@]host[:port][/path]`, with `api_key` (encoded, as Elasticsearch hands it out), `prefix`, `ca`
    /// (a file), `shards`, `timeout` and `patience` (seconds) behind a question mark.
    ///
    /// # Errors
    /// What cannot be understood; never with the URL in it, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, ConfigError> {
        let mut url = Url::parse(url).map_err(|_| ConfigError::NotAUrl)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(ConfigError::NotAUrl);
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let credentials = (!url.username().is_empty()).then(|| {
            Credentials::Basic(
                decoded(url.username()),
                decoded(url.password().unwrap_or_default()),
            )
        });
        let settings: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        url.set_query(None);
        url.set_fragment(None);
        let stripped = url.set_username("").and_then(|()| url.set_password(None));
        stripped.map_err(|()| ConfigError::NotAUrl)?;
        let mut config = Self {
            url,
            credentials,
            ca: None,
            prefix: "chat".to_owned(),
            shards: 1,
            timeout: Duration::from_secs(10),
            patience: Duration::from_secs(30),
        };
        for (name, value) in settings {
            config.set(name, value)?;
        }
        Ok(config)
    }

    fn set(&mut self, name: String, value: String) -> Result<(), ConfigError> {
        match name.as_str() {
            "prefix" if is_prefix(&value) => self.prefix = value,
            "prefix" => return Err(ConfigError::Value("prefix")),
            "ca" => self.ca = Some(PathBuf::from(value)),
            "shards" => {
                let shards = value
                    .parse()
                    .ok()
                    .filter(|shards| (1..=1024).contains(shards));
                self.shards = shards.ok_or(ConfigError::Value("shards"))?;
            }
            "timeout" => self.timeout = seconds(&value).ok_or(ConfigError::Value("timeout"))?,
            "patience" => self.patience = seconds(&value).ok_or(ConfigError::Value("patience"))?,
            "api_key" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic()) => {
                self.credentials = Some(Credentials::EncodedApiKey(value));
            }
            "api_key" => return Err(ConfigError::Value("api_key")),
            _ => return Err(ConfigError::Unknown(name)),
        }
        Ok(())
    }

    /// The driver, set up; nothing is sent yet.
    pub(crate) fn transport(&self) -> Result<Transport, ConfigError> {
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(self.url.clone()))
            .disable_proxy()
            .timeout(self.timeout);
        if let Some(credentials) = &self.credentials {
            builder = builder.auth(credentials.clone());
        }
        if let Some(path) = &self.ca {
            let unreadable =
                |source: Box<dyn std::error::Error + Send + Sync>| ConfigError::Certificates {
                    path: path.clone(),
                    source,
                };
            let pem = fs::read(path).map_err(|error| unreadable(error.into()))?;
            let chain = Certificate::from_pem(&pem).map_err(|error| unreadable(error.into()))?;
            builder = builder.cert_validation(CertificateValidation::Full(chain));
        }
        builder
            .build()
            .map_err(|error| ConfigError::Refused(error.to_string().into()))
    }
}

/// A prefix is a name that Elasticsearch takes and no pattern.
fn is_prefix(text: &str) -> bool {
    (1..=PREFIX_AT_MOST).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
        })
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| (1..=3_600).contains(seconds))?;
    Some(Duration::from_secs(seconds))
}

impl fmt::Debug for EsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EsConfig")
            .field("url", &self.url.as_str())
            .field("credentials", &self.credentials.as_ref().map(|_| "hidden"))
            .field("ca", &self.ca)
            .field("prefix", &self.prefix)
            .field("shards", &self.shards)
            .field("timeout", &self.timeout)
            .field("patience", &self.patience)
            .finish()
    }
}
