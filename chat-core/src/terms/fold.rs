//! Folding: what makes two spellings the same for search.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

/// The combining breve.
const BREVE: char = '\u{306}';

/// The form of a text in which search compares it.
///
/// * Compatibility forms become plain ones (NFKD): `ﬁ` is `fi`, `Ｈ` is `H`, `①` is `1`.
/// * Everything is in lower case by Unicode; `ß` is `ss`, final `ς` is `σ`, dotless `ı` is `i`, so
///   that a word and its capitals are one.
/// * Combining marks are dropped on Latin, Greek, Cyrillic, Arabic and Hebrew letters: `é` is `e`,
///   `ё` is `е`, tashkil and niqqud do not count. On other scripts marks are vowels or tones
///   and stay. A breve on a Cyrillic letter stays too: `й` and `ў` are letters of their own, not
///   accented ones.
/// * What is not seen is dropped: joiners, soft hyphens, direction marks, variation selectors; so are
///   the Arabic tatweel and emoji skin tones.
/// * The rest is composed (NFC), so that a Hangul syllable or a voiced kana is one character.
///
/// Folding a folded text changes nothing.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return Cow::Owned(fold_unicode(text));
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

fn fold_unicode(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // The script whose letter the marks that follow stand on, if such marks are dropped there.
    let mut bare: Option<Script> = Some(Script::Latin);
    for c in text.nfkd() {
        if c.is_ascii() {
            let symbol = matches!(c, '$' | '+' | '<'..='>' | '^' | '`' | '|' | '~');
            bare = (!symbol).then_some(Script::Latin);
            plain.push(c.to_ascii_lowercase());
        } else if is_unseen(c) {
            continue;
        } else if is_mark(c) {
            let stays = match bare {
                None => true,
                Some(Script::Cyrillic) => c == BREVE,
                Some(_) => false,
            };
            if stays {
                plain.push(c);
            }
        } else {
            bare = is_bare(c).then(|| c.script());
            for lower in c.to_lowercase() {
                match lower {
                    'ß' => plain.push_str("ss"),
                    'ς' => plain.push('σ'),
                    'ı' => plain.push('i'),
                    other => plain.push(other),
                }
            }
        }
    }
    plain.nfc().collect()
}

/// Whether marks on this character are dropped.
fn is_bare(c: char) -> bool {
    match c.script() {
        Script::Latin | Script::Greek | Script::Cyrillic | Script::Arabic | Script::Hebrew => true,
        // A space that carries an accent; but the stroke of `≠` makes it another symbol.
        Script::Common => c.general_category_group() != GeneralCategoryGroup::Symbol,
        _ => false,
    }
}

/// Whether this is a mark written above, below or around another character.
fn is_mark(c: char) -> bool {
    matches!(
        c.general_category(),
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
    )
}

/// Whether this character changes only how its neighbours look.
fn is_unseen(c: char) -> bool {
    match c {
        '\u{640}' // tatweel
        | '\u{34F}' // grapheme joiner
        | '\u{180B}'..='\u{180F}' // Mongolian variation selectors
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{E0100}'..='\u{E01EF}' // variation selectors
        | '\u{1F3FB}'..='\u{1F3FF}' // skin tones
        | '\u{115F}' | '\u{1160}' // Hangul fillers
        | '\u{17B4}' | '\u{17B5}' => true, // Khmer inherent vowels
        _ => c.general_category() == GeneralCategory::Format,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_small_letters() {
        assert_eq!(fold("Hello WORLD 42"), "hello world 42");
        assert_eq!(fold("ПРИВЕТ Ծ ΣΊΣΥΦΟΣ"), "привет ծ σισυφοσ");
        assert_eq!(fold("ὀδυσσεύς"), fold("ΟΔΥΣΣΕΥΣ"));
        assert_eq!(fold("straße"), fold("STRASSE"));
        assert_eq!(fold("ẞ"), "ss");
        assert_eq!(fold("ISPARTA"), fold("ısparta"));
        assert_eq!(fold("İzmir"), fold("izmir"));
    }

    #[test]
    fn compatibility_forms_are_plain() {
        assert_eq!(fold("ﬁn Ｈｉ ① ℌ ㎏ ﾊﾟ"), "fin hi 1 h kg パ");
    }

    #[test]
    fn accents_are_dropped_in_latin_greek_and_cyrillic() {
        assert_eq!(fold("Édouard Mañana Việt"), "edouard manana viet");
        assert_eq!(fold("e\u{301}"), "e");
        assert_eq!(fold("άέήίόύώ"), "αεηιουω");
        assert_eq!(fold("ёлка їжак"), "елка іжак");
    }

    #[test]
    fn the_cyrillic_breve_is_no_accent() {
        assert_eq!(fold("МОЙ"), "мой");
        assert_eq!(fold("и\u{306}"), "й");
        assert_eq!(fold("и\u{301}\u{306}"), "й");
        assert_eq!(fold("ваўкалак"), "ваўкалак");
        assert_ne!(fold("мой"), fold("мои"));
    }

    #[test]
    fn tashkil_hamza_and_tatweel_are_dropped() {
        assert_eq!(fold("مُحَمَّد"), "محمد");
        assert_eq!(fold("أحمد إلى آية"), "احمد الى اية");
        assert_eq!(fold("ســـلام"), "سلام");
    }

    #[test]
    fn niqqud_is_dropped() {
        assert_eq!(fold("שָׁלוֹם"), "שלום");
    }

    #[test]
    fn marks_that_change_letters_stay() {
        assert_eq!(fold("ที่"), "ที่");
        assert_ne!(fold("ที่"), fold("ท"));
        assert_eq!(fold("हिन्दी"), "हिन्दी");
        assert_eq!(fold("が"), "が");
        assert_ne!(fold("が"), fold("か"));
        assert_eq!(fold("한국어"), "한국어");
        assert_eq!(fold("\u{1112}\u{1161}\u{11AB}"), "한");
        assert_eq!(fold("≠"), "≠");
    }

    #[test]
    fn what_is_not_seen_is_dropped() {
        assert_eq!(
            fold("co\u{AD}op a\u{200D}b \u{202B}ab\u{202C}"),
            "coop ab ab"
        );
        assert_eq!(fold("می\u{200C}خواهم"), fold("میخواهم"));
        assert_eq!(fold("👍🏽"), "👍");
        assert_eq!(fold("❤\u{FE0F}"), "❤");
        assert_eq!(fold("1\u{FE0F}\u{20E3}"), "1");
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in proptest::prelude::any::<String>(), known in crate::kit::texts::body()) {
            for text in [text, known] {
                let once = fold(&text).into_owned();
                proptest::prop_assert_eq!(fold(&once), once.as_str());
            }
        }
    }
}
