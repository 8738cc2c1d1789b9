//! One of the things that a query asks for.

use super::chunk::{Chunk, Kind, chunks};

/// From this many letters a lone word is looked for anywhere inside words, below only at their start.
const PART: usize = 3;

/// One of the things that a body must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A word or a beginning of one, of one or two letters.
    Start(String),
    /// A part of a word, of three letters or more.
    Part(String),
    /// Chunks in a row; a single run or symbol is one too.
    Phrase(Vec<(Kind, String)>),
}

impl Piece {
    /// What stands unquoted between white space.
    pub(super) fn plain(text: &str) -> Option<Piece> {
        let mut found = chunks(text);
        match (found.next()?, found.next()) {
            (
                Chunk {
                    kind: Kind::Word,
                    text,
                },
                None,
            ) => Some(match text.chars().nth(PART - 1) {
                Some(_) => Piece::Part(text.to_owned()),
                None => Piece::Start(text.to_owned()),
            }),
            _ => Piece::phrase(text),
        }
    }

    /// What is quoted, or joined by punctuation.
    pub(super) fn phrase(text: &str) -> Option<Piece> {
        let chunks: Vec<_> = chunks(text)
            .map(|chunk| (chunk.kind, chunk.text.to_owned()))
            .collect();
        (!chunks.is_empty()).then_some(Piece::Phrase(chunks))
    }

    /// Whether a body of these chunks holds it.
    pub(super) fn is_in(&self, body: &[Chunk<'_>]) -> bool {
        let mut words = body.iter().filter(|chunk| chunk.kind == Kind::Word);
        match self {
            Piece::Start(start) => words.any(|word| word.text.starts_with(start)),
            Piece::Part(part) => words.any(|word| word.text.contains(part)),
            Piece::Phrase(phrase) => body
                .windows(phrase.len())
                .any(|window| stands_as(phrase, window)),
        }
    }
}

/// Whether the chunks of a phrase are these chunks of a body: each whole, but the phrase's first run
/// may be the end of a longer one, its last run the beginning of one.
fn stands_as(phrase: &[(Kind, String)], window: &[Chunk<'_>]) -> bool {
    let last = phrase.len() - 1;
    phrase
        .iter()
        .zip(window)
        .enumerate()
        .all(|(at, ((kind, text), chunk))| {
            let run = *kind == Kind::Run;
            *kind == chunk.kind
                && match (run && at == 0, run && at == last) {
                    (true, true) => chunk.text.contains(text),
                    (true, false) => chunk.text.ends_with(text),
                    (false, true) => chunk.text.starts_with(text),
                    (false, false) => chunk.text == text,
                }
        })
}
