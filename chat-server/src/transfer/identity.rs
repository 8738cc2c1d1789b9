//! What lines are known by, so that a file goes on where it stopped: also one that has grown meanwhile, or was
//! corrected behind what was taken over.

use std::collections::HashMap;
use std::num::NonZeroU64;

use chat_core::commit::SourceHash;
use chat_core::ids::PublicId;
use sha2::{Digest, Sha256};

use super::line::Line;

/// So much of the content tells sources apart.
pub(super) const LOOKED_AT: usize = 1 << 20;

/// What some lines are known by, whichever application they go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity([u8; 32]);

impl Identity {
    fn within(self, application: PublicId) -> SourceHash {
        let hash = Sha256::new_with_prefix("import\0")
            .chain_update(application.0.as_bytes())
            .chain_update(self.0);
        SourceHash(hash.finalize().into())
    }
}

/// The beginnings of some content, a whole number of lines each: what was imported before was one of them, however much
/// has been written behind it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginnings {
    shorter: Vec<(u64, Identity)>,
    longest: (u64, Identity),
    numbers: HashMap<NonZeroU64, Identity>,
}

/// What the beginnings of some content are known by in an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// All but the longest, the shortest first.
    pub shorter: Vec<Beginning>,
    /// All of the content, or as much as is looked at.
    pub longest: Beginning,
    numbers: HashMap<NonZeroU64, SourceHash>,
}

impl Sources {
    /// What a chat that only has a number is known by: the beginning up to the first line that names it, so that
    /// whatever comes behind it means the same chat.
    #[must_use]
    pub fn of_chat(&self, number: NonZeroU64) -> SourceHash {
        let found = self.numbers.get(&number);
        found.copied().unwrap_or(self.longest.source)
    }
}

/// A beginning of what is imported into an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// How many lines it has; [`u64::MAX`] for one that goes on unseen.
    pub lines: u64,
    /// What it is known by.
    pub source: SourceHash,
}

impl Beginnings {
    /// Lines that the operator gives a name have no other.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let hash = Sha256::new_with_prefix("name\0").chain_update(name);
        Self {
            shorter: Vec::new(),
            longest: (u64::MAX, Identity(hash.finalize().into())),
            numbers: HashMap::new(),
        }
    }

    /// Those of some content of which no more than [`LOOKED_AT`] is there.
    pub(super) fn of(content: &[u8]) -> Self {
        let goes_on = content.len() >= LOOKED_AT;
        let mut hash = Sha256::new_with_prefix("content\0");
        let mut shorter = Vec::new();
        let mut numbers = HashMap::new();
        for (at, line) in (1..).zip(content.split_inclusive(|byte| *byte == b'\n')) {
            let text = line.trim_ascii_end();
            let parsed = Line::parse(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text));
            // A last line without its end may be half written.
            let is_whole = line.ends_with(b"\n") || !goes_on && parsed.is_ok();
            if is_whole && !text.is_empty() {
                let identity = Identity(hash.clone().chain_update(text).finalize().into());
                shorter.push((at, identity));
                if let Ok(Some(number)) = parsed.map(|line| line.number) {
                    numbers.entry(number).or_insert(identity);
                }
            }
            hash.update(line);
        }
        let longest = match goes_on {
            true => None,
            false => shorter.pop(),
        };
        Self {
            shorter,
            longest: longest.unwrap_or_else(|| (u64::MAX, Identity(hash.finalize().into()))),
            numbers,
        }
    }

    /// What they are known by in this application.
    #[must_use]
    pub fn within(&self, application: PublicId) -> Sources {
        let beginning = |(lines, identity): &(u64, Identity)| Beginning {
            lines: *lines,
            source: identity.within(application),
        };
        Sources {
            shorter: self.shorter.iter().map(beginning).collect(),
            longest: beginning(&self.longest),
            numbers: self
                .numbers
                .iter()
                .map(|(number, identity)| (*number, identity.within(application)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(content: &[u8]) -> Vec<(u64, Identity)> {
        let Beginnings {
            shorter, longest, ..
        } = Beginnings::of(content);
        shorter.into_iter().chain([longest]).collect()
    }

    fn lines(content: &[u8]) -> Vec<u64> {
        all(content).into_iter().map(|(at, _)| at).collect()
    }

    #[test]
    fn what_has_grown_begins_with_what_it_was() {
        let whole = b"{\"chat\":\"a\"}\n\n{\"chat\":\"b\"}\nnone\n{\"chat\":\"c\"}";
        assert_eq!(lines(whole), [1, 3, 4, 5]);
        // A line feed at the end, or blank lines, make no other content.
        for (at, cut) in [
            (1, 12),
            (1, 13),
            (1, 14),
            (3, 26),
            (3, 27),
            (4, 32),
            (5, 44),
        ] {
            let was = Beginnings::of(&whole[..cut]).longest;
            assert_eq!(was.0, at, "{cut} bytes");
            assert!(all(whole).contains(&was), "{cut} bytes");
        }
    }

    #[test]
    fn a_line_that_is_half_written_is_no_beginning() {
        assert_eq!(lines(b"{\"chat\":\"a\"}\n{\"cha"), [1]);
        assert_eq!(lines(b"{\"cha"), [u64::MAX]);
        assert_eq!(lines(b""), [u64::MAX]);
    }

    #[test]
    fn of_long_content_no_more_than_the_beginning_is_looked_at() {
        let mut long = b"{\"chat\":\"a\"}\n".repeat(LOOKED_AT / 13 + 1);
        long.truncate(LOOKED_AT);
        let lines = lines(&long);
        assert_eq!(lines.len(), LOOKED_AT / 13 + 1);
        assert_eq!(lines.last(), Some(&u64::MAX));
    }
}
