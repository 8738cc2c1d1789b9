//! Folded text as a row of words, runs and symbols.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

/// What a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Letters, marks and digits of scripts that put spaces between words.
    Word,
    /// Neighbouring characters of scripts that do not.
    Run,
    /// One emoji or other symbol.
    Symbol,
}

/// A word, a run or a symbol of a folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Chunk<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
}

/// The chunks of a folded text, in order. What lies between them is left out.
pub(super) fn chunks(folded: &str) -> Chunks<'_> {
    Chunks { rest: folded }
}

/// See [`chunks`].
pub(super) struct Chunks<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let mut chars = self.rest.char_indices();
        let (start, kind) = chars.find_map(|(at, c)| Some((at, class(c).begins()?)))?;
        let end = match kind {
            Kind::Symbol => chars.next(),
            Kind::Word => chars.find(|&(_, c)| !matches!(class(c), Class::Word | Class::Mark)),
            Kind::Run => chars.find(|&(_, c)| !matches!(class(c), Class::Run | Class::Mark)),
        };
        let end = end.map_or(self.rest.len(), |(at, _)| at);
        let text = &self.rest[start..end];
        self.rest = &self.rest[end..];
        Some(Chunk { kind, text })
    }
}

/// What a character does to the chunk it stands in.
#[derive(Clone, Copy)]
enum Class {
    Word,
    Run,
    Symbol,
    /// Goes with the word or run before it; alone it is nothing.
    Mark,
    Gap,
}

impl Class {
    fn begins(self) -> Option<Kind> {
        match self {
            Class::Word => Some(Kind::Word),
            Class::Run => Some(Kind::Run),
            Class::Symbol => Some(Kind::Symbol),
            Class::Mark | Class::Gap => None,
        }
    }
}

fn class(c: char) -> Class {
    match c {
        'a'..='z' | '0'..='9' | 'A'..='Z' => Class::Word,
        // The two ASCII symbols that people search for: `C++`, `$5`.
        '+' | '$' => Class::Symbol,
        '\0'..='\x7F' => Class::Gap,
        // The long-vowel sign belongs to no script, but stands only in Japanese runs.
        'ー' => Class::Run,
        _ => class_beyond_ascii(c),
    }
}

fn class_beyond_ascii(c: char) -> Class {
    use GeneralCategoryGroup as Group;
    match c.general_category_group() {
        Group::Letter | Group::Number | Group::Mark if is_unspaced(c.script()) => Class::Run,
        Group::Letter | Group::Number => Class::Word,
        Group::Mark => Class::Mark,
        Group::Symbol if c.general_category() == GeneralCategory::ModifierSymbol => Class::Gap,
        Group::Symbol => Class::Symbol,
        Group::Punctuation | Group::Separator => Class::Gap,
        // Unassigned is what newer emoji look like to older tables.
        Group::Other => match c.general_category() {
            GeneralCategory::Control | GeneralCategory::Format => Class::Gap,
            _ => Class::Symbol,
        },
    }
}

/// Whether a script is written without spaces, or (Hangul) glues so much to a word that its parts
/// must be found from one syllable on.
fn is_unspaced(script: Script) -> bool {
    matches!(
        script,
        Script::Han
            | Script::Hiragana
            | Script::Katakana
            | Script::Bopomofo
            | Script::Hangul
            | Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::fold;

    fn of(text: &str) -> Vec<(Kind, String)> {
        chunks(&fold(text))
            .map(|chunk| (chunk.kind, chunk.text.to_owned()))
            .collect()
    }

    fn words(text: &str) -> Vec<String> {
        of(text).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn words_end_at_white_space_and_punctuation() {
        assert_eq!(
            words("O'Brien: src/main_test.rs…"),
            ["o", "brien", "src", "main", "test", "rs"]
        );
        assert_eq!(words("один，два\u{a0}τρία"), ["один", "два", "τρια"]);
        assert_eq!(words(" \t\r\n.,-"), Vec::<String>::new());
    }

    #[test]
    fn scripts_without_spaces_form_runs() {
        assert_eq!(
            of("iPhone15を買った、東京"),
            [
                (Kind::Word, "iphone15".to_owned()),
                (Kind::Run, "を買った".to_owned()),
                (Kind::Run, "東京".to_owned())
            ]
        );
        assert_eq!(words("한국 사람"), ["한국", "사람"]);
        for run in ["ที่นี่", "ພາສາລາວ", "ភាសាខ្មែរ", "မြန်မာ", "スーパー", "一〇々"]
        {
            assert_eq!(of(run), [(Kind::Run, run.to_owned())]);
        }
    }

    #[test]
    fn emoji_and_symbols_are_chunks_of_one_character() {
        assert_eq!(words("ok👍👍🏽 ♥"), ["ok", "👍", "👍", "♥"]);
        assert_eq!(words("👩\u{200D}👧 🇩🇪"), ["👩", "👧", "🇩", "🇪"]);
        assert_eq!(
            words("C++ $5 5€ ≠"),
            ["c", "+", "+", "$", "5", "5", "€", "≠"]
        );
    }

    #[test]
    fn indic_vowel_signs_are_part_of_their_word() {
        assert_eq!(words("हिन्दी भाषा"), ["हिन्दी", "भाषा"]);
    }

    #[test]
    fn a_mark_that_stands_on_nothing_is_nothing() {
        assert_eq!(words("\u{93F} 👍\u{93F}x"), ["👍", "x"]);
    }
}
