//! How a request is written into a job.

use serde::{Deserialize, Serialize};

use crate::commit::Request;
use crate::error::{BackendError, ErrorKind};

/// What this version writes, and all that it reads.
const VERSION: u8 = 1;

#[derive(Serialize)]
struct Out<'a> {
    version: u8,
    request: &'a Request,
}

#[derive(Deserialize)]
struct In {
    version: u8,
    request: Request,
}

#[derive(Deserialize)]
struct Version {
    version: u8,
}

/// The request as a job's body.
pub(crate) fn write(request: &Request) -> Result<Vec<u8>, BackendError> {
    let version = VERSION;
    serde_json::to_vec(&Out { version, request }).map_err(|error| unreadable("write", error))
}

/// The request of a job's body.
///
/// # Errors
/// `Invalid` for what no version wrote, `Unavailable` for what a later one wrote.
pub(super) fn read(body: &[u8]) -> Result<Request, BackendError> {
    let Version { version } =
        serde_json::from_slice(body).map_err(|error| unreadable("read", error))?;
    if version != VERSION {
        let sentence = format!("it is of version {version}, this program reads {VERSION}");
        return Err(
            BackendError::new(ErrorKind::Unavailable, "queue", "read").with_source(sentence)
        );
    }
    let read: In = serde_json::from_slice(body).map_err(|error| unreadable("read", error))?;
    debug_assert_eq!(read.version, VERSION);
    Ok(read.request)
}

/// Tells where it is broken and how: the error's own words would repeat pieces of the command.
fn unreadable(op: &'static str, error: serde_json::Error) -> BackendError {
    let sentence = format!(
        "it is no command ({:?} fault in line {}, column {})",
        error.classify(),
        error.line(),
        error.column()
    );
    BackendError::new(ErrorKind::Invalid, "queue", op).with_source(sentence)
}
