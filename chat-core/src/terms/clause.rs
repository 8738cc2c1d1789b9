//! A query as a backend answers it.

use super::chunk::{Chunk, Kind};
use super::cut::{
    Edges, GRAM, INITIAL, INNER, LENGTHS, PAIR, RUN_END, RUN_START, SHORT_WORD, Terms, WORD_START,
};
use super::piece::Piece;

/// More clauses than these are not asked for.
const MAX_CLAUSES: usize = 32;

/// More terms of a phrase than these are not asked for.
const MAX_TERMS: usize = 64;

/// One thing that the terms of a body must hold: any of these phrases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The phrases; at least one.
    pub any: Vec<Phrase>,
}

/// Terms at consecutive positions; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    row: String,
}

impl Phrase {
    /// The terms, in order.
    pub fn terms(&self) -> impl Iterator<Item = &str> {
        self.row.split(' ')
    }

    /// The terms with single spaces between, as [`cut`](super::cut) writes them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.row
    }
}

/// The clauses of the pieces of a query.
pub(super) fn of(pieces: &[Piece]) -> Vec<Clause> {
    pieces.iter().take(MAX_CLAUSES).map(of_piece).collect()
}

fn of_piece(piece: &Piece) -> Clause {
    let any = match piece {
        Piece::Start(text) if text.chars().nth(1).is_none() => lone(&[INITIAL, SHORT_WORD], text),
        Piece::Start(text) => {
            let starts = LENGTHS.chars().map(|length| format!("{length}{text}"));
            let words = starts.map(|start| phrase(|row| row.term(WORD_START, &start)));
            words.chain(lone(&[SHORT_WORD], text)).collect()
        }
        Piece::Part(text) => vec![phrase(|row| row.grams(GRAM, 3, text))],
        Piece::Phrase(chunks) => match chunks.as_slice() {
            [(Kind::Run, run)] if run.chars().nth(1).is_none() => {
                lone(&[INNER, RUN_START, RUN_END], run)
            }
            [(Kind::Run, run)] => vec![phrase(|row| row.grams(PAIR, 2, run))],
            chunks => vec![phrase(|row| {
                let last = chunks.len() - 1;
                for (at, (kind, text)) in chunks.iter().enumerate() {
                    row.chunk(
                        Chunk { kind: *kind, text },
                        Edges {
                            start: at > 0,
                            end: at < last,
                        },
                    );
                }
            })],
        },
    };
    Clause { any }
}

/// Phrases of one term each: the same text as any of these kinds.
fn lone(kinds: &[char], text: &str) -> Vec<Phrase> {
    kinds
        .iter()
        .map(|&kind| phrase(|row| row.term(kind, text)))
        .collect()
}

fn phrase(write: impl FnOnce(&mut Terms)) -> Phrase {
    let mut terms = Terms::default();
    write(&mut terms);
    let mut row = terms.text;
    if let Some((end, _)) = row.match_indices(' ').nth(MAX_TERMS - 1) {
        row.truncate(end);
    }
    Phrase { row }
}

#[cfg(test)]
mod tests {
    use crate::terms::Query;

    fn clauses(query: &str) -> Vec<Vec<String>> {
        let clauses = Query::parse(query).clauses();
        clauses
            .into_iter()
            .map(|clause| {
                clause
                    .any
                    .iter()
                    .map(|phrase| phrase.as_str().to_owned())
                    .collect()
            })
            .collect()
    }

    #[test]
    fn a_part_of_a_word_is_a_row_of_trigrams() {
        assert_eq!(clauses("ell"), [["gell"]]);
        assert_eq!(clauses("hell"), [["ghel gell"]]);
    }

    #[test]
    fn the_start_of_a_word_is_a_term_for_each_length() {
        assert_eq!(clauses("h"), [["ah", "wh"]]);
        let starts = &clauses("he")[0];
        assert_eq!(starts.first().map(String::as_str), Some("edhe"));
        assert_eq!(starts.last().map(String::as_str), Some("whe"));
        assert_eq!(starts.len(), 16);
    }

    #[test]
    fn a_phrase_is_the_terms_of_its_words() {
        assert_eq!(clauses("main.rs"), [["eema gmai gain wrs"]]);
        assert_eq!(clauses("👍"), [["s👍"]]);
    }

    #[test]
    fn a_phrase_leaves_its_outer_runs_open() {
        assert_eq!(clauses("東"), [["c東", "f東", "l東"]]);
        assert_eq!(clauses("東京"), [["b東京"]]);
        assert_eq!(clauses("は3月"), [["lは w3 f月"]]);
        assert_eq!(clauses("\"東京 大阪\""), [["b東京 l京 f大 b大阪"]]);
    }

    #[test]
    fn a_very_long_query_asks_for_a_part_only() {
        let long: String = (0..10_000).map(|n| format!("word{n} ")).collect();
        assert_eq!(clauses(&long).len(), super::MAX_CLAUSES);
        let wide = Query::parse(&"x".repeat(10_000)).clauses();
        assert_eq!(wide[0].any[0].terms().count(), super::MAX_TERMS);
    }
}
