//! The objects of a dump, one at a time.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;
use tokio::sync::mpsc;

use super::row::{self, BadRow, Place, Row};
use crate::transfer::source;

/// No object is longer: a text with every character escaped, and the rest; and what is read ahead.
const OBJECT_BYTES: u64 = 2 << 20;
/// So many objects wait for whoever takes them.
const AHEAD: usize = 1_000;

/// A file that can be read again and again, plain or compressed.
#[derive(Debug, Clone)]
pub struct Dump {
    path: PathBuf,
}

/// A dump cannot be read on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DumpError {
    /// The file cannot be read.
    #[error("cannot be read")]
    Read(#[source] io::Error),
    /// It is no array of JSON objects, behind so many of them.
    #[error("is no dump of Django in JSON: {told}, behind object {after}")]
    Json {
        /// What the parser says.
        told: String,
        /// How many objects were read.
        after: u64,
    },
}

/// An object and where it stands; `None` for one that is not taken over.
pub(super) type Found = (Place, Result<Option<Row>, BadRow>);

impl Dump {
    /// A file with this path.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let path = path.to_owned();
        Self { path }
    }

    /// Tells of each object until `each` has enough of it (`false`). Holds one object at a time.
    ///
    /// # Errors
    /// When the file cannot be read, or is none.
    pub(super) fn each(&self, each: impl FnMut(Found) -> bool) -> Result<(), DumpError> {
        let file = File::open(&self.path).map_err(DumpError::Read)?;
        read(file, each)
    }

    /// The objects in their order, read on a thread of its own a little ahead of the receiver.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn objects(&self) -> io::Result<mpsc::Receiver<Result<Found, DumpError>>> {
        let (objects, receiver) = mpsc::channel(AHEAD);
        let dump = self.clone();
        let thread = std::thread::Builder::new().name("import".into());
        thread.spawn(move || {
            let told = dump.each(|found| objects.blocking_send(Ok(found)).is_ok());
            if let Err(error) = told {
                // A receiver that is gone wants to hear of nothing.
                let _ = objects.blocking_send(Err(error));
            }
        })?;
        Ok(receiver)
    }
}

/// Tells of each object in some content.
pub(super) fn read(
    from: impl Read + Send + 'static,
    each: impl FnMut(Found) -> bool,
) -> Result<(), DumpError> {
    let mut plain = source::plain(from).map_err(DumpError::Read)?;
    if plain
        .fill_buf()
        .map_err(DumpError::Read)?
        .starts_with(b"\xef\xbb\xbf")
    {
        plain.consume(3);
    }
    let since = Arc::new(AtomicU64::new(0));
    let bounded = Bounded {
        from: plain,
        since: Arc::clone(&since),
    };
    let mut objects = Objects {
        each,
        since,
        after: 0,
        enough: false,
    };
    let bounded = BufReader::with_capacity(64 << 10, bounded);
    let mut json = serde_json::Deserializer::from_reader(bounded);
    let read = json.deserialize_seq(&mut objects);
    let read = read.and_then(|()| match objects.enough {
        true => Ok(()),
        false => json.end(),
    });
    match read {
        Err(_) if objects.enough => Ok(()),
        Err(error)
            if error.is_io() && error.io_error_kind() != Some(io::ErrorKind::InvalidData) =>
        {
            Err(DumpError::Read(error.into()))
        }
        Err(error) => Err(DumpError::Json {
            told: error.to_string(),
            after: objects.after,
        }),
        Ok(()) => Ok(()),
    }
}

struct Objects<F> {
    each: F,
    since: Arc<AtomicU64>,
    after: u64,
    enough: bool,
}

impl<'de, F: FnMut(Found) -> bool> Visitor<'de> for &mut Objects<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut objects: A) -> Result<(), A::Error> {
        while let Some(object) = objects.next_element::<Box<RawValue>>()? {
            self.since.store(0, Ordering::Relaxed);
            self.after += 1;
            if !(self.each)(row::parse(self.after, object.get())) {
                self.enough = true;
                // What follows is not looked at.
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }
}

/// Ends where an object does not.
struct Bounded<R> {
    from: R,
    since: Arc<AtomicU64>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        let before = self.since.fetch_add(read as u64, Ordering::Relaxed);
        if before > OBJECT_BYTES {
            let told = format!("an object is longer than {OBJECT_BYTES} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, told));
        }
        Ok(read)
    }
}
