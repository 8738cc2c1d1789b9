//! The settings `write` and `write_of`.

use std::fmt;
use std::str::FromStr;

use chat_core::ids::PublicId;
use chat_core::queued::WriteMode;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How writes come to their commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Write {
    /// At once, from the node that is asked
    #[default]
    Direct,
    /// Through the queue
    Queued,
}

impl From<Write> for WriteMode {
    fn from(write: Write) -> Self {
        match write {
            Write::Direct => Self::Direct,
            Write::Queued => Self::Queued,
        }
    }
}

impl fmt::Display for Write {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Direct => "direct",
            Self::Queued => "queued",
        })
    }
}

/// How the writes of one application come to their commit, written `PUBLIC_ID=queued`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteOf {
    /// Which application.
    pub application: PublicId,
    /// Which way.
    pub write: Write,
}

impl FromStr for WriteOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "must be an application's public id and direct or queued, such as 6f58af99-744a-41bd-b8ac-c191d38d2d40=queued".to_owned()
        };
        let (application, write) = text.split_once('=').ok_or_else(wrong)?;
        Ok(Self {
            application: application.parse().map_err(|_| wrong())?,
            write: Write::from_str(write, false).map_err(|_| wrong())?,
        })
    }
}

impl fmt::Display for WriteOf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}", self.application, self.write)
    }
}
