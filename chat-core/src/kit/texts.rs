//! Generators of texts in many scripts, and of queries over them.
//!
//! Words are built of few syllables, so that generated texts share words and parts of words, and a
//! query finds some of them and not others.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::terms::fold;

/// How a script's words look: their syllables, and how they are put side by side.
#[derive(Clone, Copy, Debug)]
struct Writing {
    name: &'static str,
    syllables: &'static [&'static str],
    gaps: &'static [&'static str],
}

const SPACED: &[&str] = &[
    " ", " ", " ", " ", "  ", ", ", ". ", "-", ".", "'", "/", "\n", "_", "\"",
];
const UNSPACED: &[&str] = &["", "", "", "", "", "、", "。", " ", "\u{3000}"];

const WRITINGS: &[Writing] = &[
    Writing {
        name: "Latin",
        syllables: &[
            "a",
            "e",
            "Ab",
            "ba",
            "é",
            "ñ",
            "Caf",
            "ell",
            "lo",
            "E\u{301}",
            "ß",
            "ﬁ",
            "7",
            "x2",
            "ø",
            "co\u{AD}op",
        ],
        gaps: SPACED,
    },
    Writing {
        name: "Cyrillic",
        syllables: &["а", "при", "вет", "Ё", "й", "и\u{306}", "МО", "її", "ш"],
        gaps: SPACED,
    },
    Writing {
        name: "Greek",
        syllables: &["α", "Ά", "λό", "γος", "ΣΟΣ", "ΐ", "ω", "ΟΔ"],
        gaps: SPACED,
    },
    Writing {
        name: "Arabic",
        syllables: &["م", "مُ", "حَمّ", "د", "أ", "إ", "سل", "ـ", "لا", "٣", "ى"],
        gaps: &[" ", " ", "، ", "؟ ", "\u{200C}"],
    },
    Writing {
        name: "Hebrew",
        syllables: &["ש", "שָׁ", "לוֹ", "ם", "א", "ב", "בי"],
        gaps: &[" ", " ", "־", "׳", ". "],
    },
    Writing {
        name: "Devanagari",
        syllables: &["हि", "न्दी", "भा", "षा", "क", "क़", "ं"],
        gaps: &[" ", " ", "। "],
    },
    Writing {
        name: "Chinese",
        syllables: &["東", "京", "大", "阪", "中文", "好", "一〇", "的", "，"],
        gaps: UNSPACED,
    },
    Writing {
        name: "Japanese",
        syllables: &[
            "が",
            "か",
            "か\u{3099}",
            "ﾊﾟ",
            "スー",
            "日本",
            "々",
            "月",
            "は",
            "12",
        ],
        gaps: UNSPACED,
    },
    Writing {
        name: "Korean",
        syllables: &["한", "국", "어", "\u{1112}\u{1161}\u{11AB}", "사람", "은"],
        gaps: &["", "", " ", " ", ", "],
    },
    Writing {
        name: "Thai",
        syllables: &["ที่", "ไทย", "กำ", "นี้", "ๆ", "า", "ก"],
        gaps: &["", "", "", " ", "\u{200B}"],
    },
    Writing {
        name: "Khmer, Lao and Burmese",
        syllables: &["ភា", "ខ្មែ", "ລາວ", "ພາ", "မြန်", "မာ"],
        gaps: &["", "", " "],
    },
    Writing {
        name: "symbols",
        syllables: &[
            "👍",
            "👍🏽",
            "❤\u{FE0F}",
            "👩\u{200D}👧",
            "🇩🇪",
            "€",
            "+",
            "$",
            "≠",
            "→",
            "1\u{FE0F}\u{20E3}",
        ],
        gaps: &["", " ", " ", "!"],
    },
];

/// The names of the scripts that [`body_in`] knows.
pub fn scripts() -> impl Iterator<Item = &'static str> {
    WRITINGS.iter().map(|writing| writing.name)
}

/// A text in one script.
///
/// # Panics
///
/// When [`scripts`] does not name the script.
pub fn body_in(script: &str) -> BoxedStrategy<String> {
    let writing = WRITINGS
        .iter()
        .find(|writing| writing.name == script)
        .expect("a script of the kit");
    passage(*writing).boxed()
}

/// A text in one script, or in several mixed with or without space between them.
pub fn body() -> impl Strategy<Value = String> {
    let passages = || select(WRITINGS).prop_flat_map(passage);
    prop_oneof![
        4 => passages(),
        3 => (vec(passages(), 2..4), select(&["", " ", ", "][..])).prop_map(|(parts, gap)| parts.join(gap)),
        1 => vec(any::<char>(), 0..20).prop_map(|chars| chars.into_iter().collect()),
    ]
}

/// Texts, and queries of which most find some of them: parts, words and phrases of the texts
/// themselves, in quotes or not, side by side, and some that have nothing to do with them.
pub fn corpus() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    vec(body(), 1..12).prop_flat_map(|bodies| {
        let queries = vec(query_over(bodies.clone()), 1..12);
        (Just(bodies), queries)
    })
}

/// A query that is likely to find one of these texts.
pub fn query_over(bodies: Vec<String>) -> impl Strategy<Value = String> {
    let pieces = |body: String| vec(piece_of(body), 1..4).prop_map(|pieces| pieces.join(" "));
    prop_oneof![
        6 => select(bodies.clone()).prop_flat_map(pieces),
        2 => vec(select(bodies).prop_flat_map(piece_of), 2..4).prop_map(|pieces| pieces.join(" ")),
        1 => body(),
    ]
}

/// A part, a word or a phrase of a text, in quotes or not.
fn piece_of(body: String) -> impl Strategy<Value = String> {
    (any::<(Index, Index)>(), 1..6_usize, 0..10_u8).prop_map(move |((from, word), length, way)| {
        // Cut the folded text now and then: a part of a decomposed letter is another letter.
        let text = if way % 2 == 0 {
            fold(&body).into_owned()
        } else {
            body.clone()
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let Some(word) = (!words.is_empty()).then(|| word.get(&words)) else {
            return String::new();
        };
        match way {
            0..=4 => {
                let chars: Vec<char> = word.chars().collect();
                chars
                    .iter()
                    .skip(from.index(chars.len()))
                    .take(length)
                    .collect()
            }
            5 => word.to_uppercase(),
            6 => format!("\"{word}\""),
            7 => text
                .chars()
                .skip(from.index(text.chars().count()))
                .take(2 * length)
                .collect(),
            8 => {
                let from = from.index(words.len());
                format!(
                    "\"{}\"",
                    words[from..words.len().min(from + length)].join(" ")
                )
            }
            _ => (*word).to_owned(),
        }
    })
}

fn passage(writing: Writing) -> impl Strategy<Value = String> {
    // Now and then a word is so long that its length is not written out in its terms.
    let length = prop_oneof![9 => 1..4_usize, 1 => 6..12_usize];
    let word = length.prop_flat_map(move |length| vec(select(writing.syllables), length));
    let words = vec((word, select(writing.gaps)), 0..7);
    words.prop_map(|words| {
        words
            .iter()
            .map(|(word, gap)| word.concat() + gap)
            .collect()
    })
}
