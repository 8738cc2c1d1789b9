//! Where lines come from: a file, plain or compressed, or the standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use tokio::sync::mpsc;

use super::identity::{Beginnings, LOOKED_AT};
use super::line::{BadLine, Line};

/// So many lines make a part.
const PART_LINES: usize = 1_000;
/// So many bytes of lines make a part, however few they are.
const PART_BYTES: usize = 1 << 20;
/// So many parts wait to be committed.
const PARTS_AHEAD: usize = 4;
/// A body with every character escaped, and the rest.
const LINE_BYTES: usize = 1 << 20;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Lines with what they are known by.
pub struct Source {
    reader: Box<dyn BufRead + Send>,
    beginnings: Beginnings,
    is_empty: bool,
    bytes: Option<u64>,
    read: Arc<AtomicU64>,
}

/// Some lines, in order.
#[derive(Debug)]
pub struct Part {
    /// The last line before it.
    pub from: u64,
    /// Its last line.
    pub to: u64,
    /// Its lines that are not blank, each with its place in the file.
    pub lines: Vec<(u64, Result<Line, BadLine>)>,
    /// How many bytes of the file were read when it was formed.
    pub bytes: u64,
}

/// The file could not be read on.
#[derive(Debug, thiserror::Error)]
#[error("line {line} cannot be read")]
pub struct ReadError {
    /// The line after the last one that was read.
    pub line: u64,
    source: io::Error,
}

impl Source {
    /// Opens a file; `-` is the standard input.
    ///
    /// # Errors
    /// When it cannot be opened or read.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Self::new(io::stdin(), None);
        }
        let file = File::open(path)?;
        let length = file.metadata()?;
        Self::new(file, length.is_file().then_some(length.len()))
    }

    /// Lines from any reader; `bytes` is how many there are, when that is known.
    ///
    /// # Errors
    /// When the beginning cannot be read.
    pub fn new(from: impl Read + Send + 'static, bytes: Option<u64>) -> io::Result<Self> {
        let read = Arc::new(AtomicU64::new(0));
        let mut plain = plain(Counted {
            from,
            read: Arc::clone(&read),
        })?;
        let mut beginning = Vec::new();
        let broken = plain
            .by_ref()
            .take(LOOKED_AT as u64)
            .read_to_end(&mut beginning)
            .err();
        let broken = match broken {
            // Nothing of it can be read.
            Some(error) if beginning.is_empty() => return Err(error),
            broken => broken,
        };
        let is_empty = beginning.is_empty();
        let beginnings = Beginnings::of(&beginning);
        let beginning = io::Cursor::new(beginning);
        let reader: Box<dyn BufRead + Send> = match broken {
            // It is told with its line, behind what could be read.
            Some(error) => {
                Box::new(beginning.chain(BufReader::new(Broken(error.kind(), Some(error)))))
            }
            None => Box::new(beginning.chain(plain)),
        };
        Ok(Self {
            beginnings,
            is_empty,
            reader,
            bytes,
            read,
        })
    }

    /// What the lines are known by: the beginnings of the content, up to one MiB.
    #[must_use]
    pub fn beginnings(&self) -> &Beginnings {
        &self.beginnings
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// How many bytes there are, when that is known.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// Reads on a thread of its own, behind line `after`, a few parts ahead of the receiver.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn parts(self, after: u64) -> io::Result<mpsc::Receiver<Result<Part, ReadError>>> {
        let (parts, receiver) = mpsc::channel(PARTS_AHEAD);
        std::thread::Builder::new()
            .name("import".into())
            .spawn(move || self.read(after, &parts))?;
        Ok(receiver)
    }

    fn read(mut self, after: u64, parts: &mpsc::Sender<Result<Part, ReadError>>) {
        let mut line = Vec::new();
        let mut at = 0;
        let mut part = self.part(after);
        let mut size = 0;
        loop {
            line.clear();
            let length = match read_line(&mut self.reader, &mut line) {
                Ok(Some(length)) => length,
                Ok(None) => break,
                Err(source) => {
                    let error = ReadError {
                        line: at + 1,
                        source,
                    };
                    // The receiver that is gone wants to hear of nothing.
                    let _ = parts.blocking_send(Ok(part));
                    let _ = parts.blocking_send(Err(error));
                    return;
                }
            };
            at += 1;
            if at <= after {
                continue;
            }
            part.to = at;
            size += line.len();
            let text = match at {
                1 => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line),
                _ => &line,
            };
            if length > LINE_BYTES {
                part.lines.push((at, Err(BadLine::TooLong(LINE_BYTES))));
            } else if !text.trim_ascii().is_empty() {
                part.lines.push((at, Line::parse(text)));
            }
            if at - part.from >= PART_LINES as u64 || size >= PART_BYTES {
                part.bytes = self.read.load(Ordering::Relaxed);
                size = 0;
                let next = self.part(at);
                if parts
                    .blocking_send(Ok(std::mem::replace(&mut part, next)))
                    .is_err()
                {
                    return;
                }
            }
        }
        if part.to > part.from {
            part.bytes = self.read.load(Ordering::Relaxed);
            let _ = parts.blocking_send(Ok(part));
        }
    }

    fn part(&self, from: u64) -> Part {
        Part {
            from,
            to: from,
            lines: Vec::with_capacity(PART_LINES),
            bytes: 0,
        }
    }
}

/// What is compressed in it, or it.
pub(super) fn plain(mut from: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut magic = Vec::new();
    from.by_ref().take(3).read_to_end(&mut magic)?;
    let compressed = magic.starts_with(&GZIP_MAGIC);
    let raw = BufReader::with_capacity(256 << 10, io::Cursor::new(magic).chain(from));
    if !compressed {
        return Ok(Box::new(raw));
    }
    let plain = MultiGzDecoder::new(raw);
    Ok(Box::new(BufReader::with_capacity(256 << 10, plain)))
}

/// One line without its line feed, cut where it is too long; its whole length, or `None` at the end.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<usize>> {
    let mut length = 0;
    loop {
        let found = match reader.fill_buf() {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if found.is_empty() {
            return Ok((length > 0).then_some(length));
        }
        let end = found.iter().position(|byte| *byte == b'\n');
        let text = &found[..end.unwrap_or(found.len())];
        let room = (LINE_BYTES + 1).saturating_sub(line.len());
        line.extend_from_slice(&text[..text.len().min(room)]);
        length += text.len();
        let used = end.map_or(found.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(Some(length));
        }
    }
}

/// What an application is called that is made for this file: its name without the endings.
#[must_use]
pub fn application_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let name = PathBuf::from(name);
    let stem = match name.extension().and_then(|ending| ending.to_str()) {
        Some("jsonl" | "ndjson" | "json") => name.file_stem()?,
        _ => name.as_os_str(),
    };
    stem.to_str().filter(|stem| *stem != "-").map(str::to_owned)
}

/// Ends with a failure, however often it is asked.
struct Broken(io::ErrorKind, Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.1.take().unwrap_or_else(|| self.0.into()))
    }
}

struct Counted<R> {
    from: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn lines(source: Source, after: u64) -> Vec<(u64, bool)> {
        let mut parts = source.parts(after).unwrap();
        let mut all = Vec::new();
        while let Some(part) = parts.blocking_recv() {
            all.extend(
                part.unwrap()
                    .lines
                    .into_iter()
                    .map(|(at, line)| (at, line.is_ok())),
            );
        }
        all
    }

    fn source(content: &[u8]) -> Source {
        Source::new(io::Cursor::new(content.to_vec()), None).unwrap()
    }

    #[test]
    fn compressed_and_plain_content_is_the_same_source() {
        let content =
            b"\xef\xbb\xbf{\"chat\":\"a\"}\r\n\n  \n{\"chat\":\"b\"}\nno\n{\"chat\":\"c\"}";
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(content).unwrap();
        let gzip = gzip.finish().unwrap();
        assert_eq!(source(content).beginnings(), source(&gzip).beginnings());
        for content in [content.as_slice(), &gzip] {
            let expected = [(1, true), (4, true), (5, false), (6, true)];
            assert_eq!(lines(source(content), 0), expected);
            assert_eq!(lines(source(content), 4), expected[2..]);
            assert_eq!(lines(source(content), 6), []);
        }
    }

    #[test]
    fn an_endless_line_is_bad_and_the_next_one_good() {
        let mut content = vec![b'x'; 3 * LINE_BYTES];
        content.extend(b"\n{\"chat\":\"a\"}\n");
        assert_eq!(lines(source(&content), 0), [(1, false), (2, true)]);
    }

    #[test]
    fn content_that_breaks_off_is_told_after_what_came_before() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
        gzip.write_all(&b"{\"chat\":\"a\"}\n".repeat(100)).unwrap();
        let mut gzip = gzip.finish().unwrap();
        gzip.truncate(gzip.len() - 40);
        let mut parts = source(&gzip).parts(0).unwrap();
        let part = parts.blocking_recv().unwrap().unwrap();
        assert!(part.to > 90 && part.lines.len() as u64 == part.to);
        let error = parts.blocking_recv().unwrap().unwrap_err();
        assert_eq!(error.line, part.to + 1);
        assert!(parts.blocking_recv().is_none());
    }

    #[test]
    fn an_application_is_named_after_its_file() {
        for (path, name) in [
            ("a/ubuntu-irc.jsonl.gz", Some("ubuntu-irc")),
            ("x.jsonl", Some("x")),
            ("x.y", Some("x.y")),
            ("-", None),
        ] {
            assert_eq!(application_name(Path::new(path)).as_deref(), name);
        }
    }
}
