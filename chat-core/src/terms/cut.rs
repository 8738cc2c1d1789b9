//! The terms of a text.
//!
//! The kinds, each named by its first letter. In order, at consecutive positions:
//!
//! | text | terms |
//! |---|---|
//! | word of three letters or more | `e` + its length + its first two letters, then `g` + each three letters in a row; with more than sixteen letters, `z` + its last two |
//! | word of one or two letters | `w` + the word |
//! | run | `f` + its first character, `b` + each two in a row, `l` + its last character |
//! | symbol | `s` + the symbol |
//!
//! The length is a letter: `d` for three, `q` for sixteen, `z` for more.
//!
//! After them, in no order and once each, where a lone character is looked for:
//!
//! | what | term |
//! |---|---|
//! | a letter that a word of two letters or more begins with | `a` + the letter |
//! | a character inside a run, neither first nor last | `c` + the character |
//!
//! A word needs no term of its own: its length, its first letters and its trigrams in a row are the
//! word. The term at the next word's start keeps a row of trigrams from reaching over a word's end,
//! so `abc bcd` does not look like `abcd`. This takes about 43 terms for a chat message of 58
//! characters, a third less than words, parts and prefixes as terms of their own, and every question
//! is answered by one phrase or by a few single terms, none by walking over all terms with a prefix.

use super::chunk::{Chunk, Kind, chunks};
use super::fold::fold;

pub(super) const WORD_START: char = 'e';
pub(super) const GRAM: char = 'g';
pub(super) const LONG_WORD_END: char = 'z';
pub(super) const SHORT_WORD: char = 'w';
pub(super) const RUN_START: char = 'f';
pub(super) const PAIR: char = 'b';
pub(super) const RUN_END: char = 'l';
pub(super) const SYMBOL: char = 's';
pub(super) const INITIAL: char = 'a';
pub(super) const INNER: char = 'c';

/// What stands for the length of a word of three letters or more.
pub(super) const LENGTHS: &str = "defghijklmnopqz";

/// The terms of a text, separated by single spaces, in the order of their positions.
///
/// ```
/// assert_eq!(
///     chat_core::terms::cut("Hello, 東京都 👍"),
///     "efhe ghel gell gllo f東 b東京 b京都 l都 s👍 ah c京"
/// );
/// ```
#[must_use]
pub fn cut(text: &str) -> String {
    let folded = fold(text);
    let mut terms = Terms {
        text: String::with_capacity(folded.len() * 5),
    };
    let mut initials = Vec::new();
    let mut inner = Vec::new();
    for chunk in chunks(&folded) {
        terms.chunk(chunk, Edges::WHOLE);
        let mut chars = chunk.text.chars();
        match chunk.kind {
            Kind::Word => {
                if let (Some(first), Some(_)) = (chars.next(), chars.next()) {
                    initials.push(first);
                }
            }
            Kind::Run => {
                chars.next();
                chars.next_back();
                inner.extend(chars);
            }
            Kind::Symbol => {}
        }
    }
    terms.set(INITIAL, initials);
    terms.set(INNER, inner);
    terms.text
}

/// Which ends of a run must be ends of the run it is found in.
#[derive(Clone, Copy)]
pub(super) struct Edges {
    pub(super) start: bool,
    pub(super) end: bool,
}

impl Edges {
    pub(super) const WHOLE: Edges = Edges {
        start: true,
        end: true,
    };
}

/// Terms under way: a row with single spaces between.
#[derive(Default)]
pub(super) struct Terms {
    pub(super) text: String,
}

impl Terms {
    /// Adds the terms of one chunk.
    pub(super) fn chunk(&mut self, chunk: Chunk<'_>, edges: Edges) {
        match chunk.kind {
            Kind::Word => self.word(chunk.text),
            Kind::Run => self.run(chunk.text, edges),
            Kind::Symbol => self.term(
                SYMBOL,
                match chunk.text {
                    // A term holds no ASCII punctuation, and no letter is a symbol.
                    "$" => "d",
                    "+" => "p",
                    other => other,
                },
            ),
        }
    }

    /// Adds one term.
    pub(super) fn term(&mut self, kind: char, text: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push(kind);
        self.text.push_str(text);
    }

    /// Adds each `width` characters in a row.
    pub(super) fn grams(&mut self, kind: char, width: usize, text: &str) {
        let starts = text.char_indices().map(|(at, _)| at);
        let ends = text
            .char_indices()
            .map(|(at, c)| at + c.len_utf8())
            .skip(width - 1);
        for (start, end) in starts.zip(ends) {
            self.term(kind, &text[start..end]);
        }
    }

    fn word(&mut self, word: &str) {
        let Some((two, _)) = word.char_indices().nth(2) else {
            return self.term(SHORT_WORD, word);
        };
        let length = LENGTHS.chars().nth(word[two..].chars().count() - 1);
        self.term(WORD_START, "");
        self.text.push(length.unwrap_or('z'));
        self.text.push_str(&word[..two]);
        self.grams(GRAM, 3, word);
        if length.is_none_or(|length| length == 'z') {
            let last = word.char_indices().nth_back(1).map_or(0, |(at, _)| at);
            self.term(LONG_WORD_END, &word[last..]);
        }
    }

    fn run(&mut self, run: &str, edges: Edges) {
        if edges.start {
            let second = run.char_indices().nth(1).map_or(run.len(), |(at, _)| at);
            self.term(RUN_START, &run[..second]);
        }
        self.grams(PAIR, 2, run);
        if edges.end {
            let last = run.char_indices().next_back().map_or(0, |(at, _)| at);
            self.term(RUN_END, &run[last..]);
        }
    }

    fn set(&mut self, kind: char, mut letters: Vec<char>) {
        letters.sort_unstable();
        letters.dedup();
        for letter in letters {
            self.term(kind, letter.encode_utf8(&mut [0; 4]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_its_start_and_its_trigrams() {
        assert_eq!(cut("Hello"), "efhe ghel gell gllo ah");
        assert_eq!(cut("the"), "edth gthe at");
    }

    #[test]
    fn a_long_word_has_an_end() {
        let cut16 = cut("abcdefghijklmnop");
        assert!(
            cut16.starts_with("eqab gabc ") && cut16.ends_with(" gnop aa"),
            "{cut16}"
        );
        let cut17 = cut("abcdefghijklmnopq");
        assert!(
            cut17.starts_with("ezab gabc ") && cut17.ends_with(" gopq zpq aa"),
            "{cut17}"
        );
        assert!(cut(&"ж".repeat(99)).ends_with(" gжжж zжж aж"));
    }

    #[test]
    fn a_short_word_is_one_term() {
        assert_eq!(cut("I am"), "wi wam aa");
    }

    #[test]
    fn a_run_is_its_ends_and_its_pairs() {
        assert_eq!(cut("東"), "f東 l東");
        assert_eq!(cut("東京"), "f東 b東京 l京");
        assert_eq!(cut("東京東"), "f東 b東京 b京東 l東 c京");
    }

    #[test]
    fn symbols_keep_their_positions() {
        assert_eq!(cut("👍 ok 👍"), "s👍 wok s👍 ao");
        assert_eq!(cut("C++ $5"), "wc sp sp sd w5");
    }

    #[test]
    fn lone_letters_come_once() {
        assert_eq!(cut("an apple ate"), "wan efap gapp gppl gple edat gate aa");
    }

    #[test]
    fn nothing_to_find_is_no_term() {
        assert_eq!(cut(" ?! "), "");
    }
}
