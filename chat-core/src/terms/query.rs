//! What is asked for, and the exact matcher.

use super::chunk::{Chunk, chunks};
use super::clause::{self, Clause};
use super::fold::fold;
use super::piece::Piece;

/// What someone looks for; see [the module](super) for what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pieces: Vec<Piece>,
}

impl Query {
    /// Reads a query; there is no text that is not one.
    #[must_use]
    pub fn parse(text: &str) -> Query {
        let folded = fold(text);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest: &str = &folded;
        while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
            rest = &rest[start..];
            let piece;
            (piece, rest) = split_piece(rest);
            let found = match piece {
                Raw::Plain(text) => Piece::plain(text),
                Raw::Quoted(text) => Piece::phrase(text),
            };
            pieces.extend(found.filter(|piece| !pieces.contains(piece)));
        }
        Query { pieces }
    }

    /// Whether nothing is asked for: no word and no symbol. Such a query matches nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether a body holds everything that is asked for.
    #[must_use]
    pub fn matches(&self, body: &str) -> bool {
        let folded = fold(body);
        let chunks: Vec<Chunk<'_>> = chunks(&folded).collect();
        !self.is_empty() && self.pieces.iter().all(|piece| piece.is_in(&chunks))
    }

    /// What a backend looks for over the terms of [`cut`](super::cut): every clause must hold. An
    /// empty query has none, and no answers.
    ///
    /// What they find is what [`Query::matches`] accepts. Only of a query so long that nobody types
    /// it the clauses ask for a part, and so find more.
    #[must_use]
    pub fn clauses(&self) -> Vec<Clause> {
        clause::of(&self.pieces)
    }
}

/// A piece as it was written.
enum Raw<'a> {
    Plain(&'a str),
    Quoted(&'a str),
}

/// Takes the first piece off a text that begins with one. A quotation mark without a partner is
/// plain punctuation.
fn split_piece(text: &str) -> (Raw<'_>, &str) {
    if let Some(open) = text.strip_prefix(is_quote)
        && let Some((quoted, rest)) = open.split_once(is_quote)
    {
        return (Raw::Quoted(quoted), rest);
    }
    let end = text
        .char_indices()
        .skip(1)
        .find(|&(_, c)| c.is_whitespace() || is_quote(c));
    let (plain, rest) = text.split_at(end.map_or(text.len(), |(at, _)| at));
    (Raw::Plain(plain), rest)
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '‟' | '«' | '»')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, body: &str) -> bool {
        Query::parse(query).matches(body)
    }

    #[test]
    fn every_piece_is_required_in_any_order() {
        assert!(finds("world hello", "hello wide world"));
        assert!(!finds("world hello", "hello wide"));
    }

    #[test]
    fn case_and_accents_do_not_count() {
        assert!(finds("CAFÉ", "the cafe") && finds("cafe", "LE CAFÉ"));
        assert!(finds("ПРИВЕТ", "привет") && finds("елка", "Ёлка"));
        assert!(finds("محمد", "مُحَمَّد") && finds("שלום", "שָׁלוֹם"));
    }

    #[test]
    fn three_letters_match_anywhere_inside_a_word() {
        assert!(finds("ell", "hello") && finds("hel", "hello") && finds("llo", "hello"));
        assert!(finds("ривет", "приветик"));
        assert!(!finds("elo", "hello"));
        assert!(!finds("low", "hello world"), "not across words");
    }

    #[test]
    fn one_and_two_letters_match_at_the_start_of_a_word() {
        assert!(finds("h", "say hello") && finds("he", "say hello") && finds("h", "h"));
        assert!(!finds("e", "hi hello") && !finds("lo", "hello"));
    }

    #[test]
    fn what_punctuation_joins_is_a_phrase_of_whole_words() {
        assert!(finds("main.rs", "see src/main.rs") && finds("O'Brien", "Pat O’Brien"));
        assert!(
            finds("main.rs", "main-rs"),
            "which punctuation does not count"
        );
        assert!(!finds("main.rs", "rs main") && !finds("main.rs", "main and rs"));
        assert!(!finds("main.rs", "domain.rs") && !finds("main.rs", "main.rst"));
        assert!(
            finds("...hel", "hello"),
            "punctuation at the edge joins nothing"
        );
    }

    #[test]
    fn what_is_quoted_is_a_phrase_of_whole_words() {
        assert!(finds("\"hello world\"", "Hello, world!") && finds("“hello world”", "hello world"));
        assert!(!finds("\"hello world\"", "hello wide world"));
        assert!(!finds("\"hello world\"", "hello worlds"));
        assert!(finds("\"cat\"", "the cat") && !finds("\"cat\"", "concatenate"));
        assert!(finds("big\"hello world\"x", "hello world, big x"));
    }

    #[test]
    fn a_quotation_mark_without_a_partner_is_punctuation() {
        assert!(finds("\"hel", "hello") && finds("hel\"", "hello") && finds("5\" wide", "wide 5"));
    }

    #[test]
    fn runs_match_anywhere_inside() {
        assert!(finds("京", "東京都") && finds("京都", "東京都") && finds("東京都", "東京都"));
        assert!(!finds("東都", "東京都"));
        assert!(!finds("京大", "東京、大阪"), "not across runs");
        assert!(finds("사람", "한국사람은") && finds("ไทย", "ภาษาไทยง่าย"));
        assert!(finds("買った", "iPhone15を買った"));
    }

    #[test]
    fn a_phrase_may_begin_and_end_inside_a_run() {
        assert!(finds("15を買", "iPhone 15を買った"));
        assert!(finds("は3月", "今日は3月です"));
        assert!(finds("\"京 大\"", "東京、大阪") && !finds("\"東 大\"", "東京、大阪"));
        assert!(!finds("\"東 京\"", "東京"));
    }

    #[test]
    fn symbols_are_words_of_one_character() {
        assert!(finds("👍", "great👍🏽") && finds("👍🏿", "👍"));
        assert!(finds("C++", "in C++ too") && !finds("C++", "in C too"));
        assert!(finds("$5", "costs $5") && !finds("$5", "costs 5"));
        assert!(finds("👩\u{200D}👧", "👩\u{200D}👧"));
    }

    #[test]
    fn a_query_without_words_is_empty_and_matches_nothing() {
        for text in ["", "  ", "?!", "\"\"", "\" . \"", "\u{200D}"] {
            assert!(Query::parse(text).is_empty(), "{text:?}");
            assert!(!finds(text, "anything ?!"));
        }
    }

    #[test]
    fn there_are_no_operators() {
        assert!(finds("cats AND dogs", "dogs and cats") && !finds("cats OR dogs", "cats"));
        assert!(finds("-hello NOT* (wor^ld)", "not hello wor ld"));
    }
}
