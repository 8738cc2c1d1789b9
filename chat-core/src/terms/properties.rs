//! What must hold for every text and every query.

use proptest::prelude::*;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::chunk::{Kind, chunks};
use super::{Index, Query, cut, fold};
use crate::kit::texts;

fn index(bodies: &[String]) -> Index<usize> {
    let mut index = Index::default();
    for (number, body) in bodies.iter().enumerate() {
        index.put(number, &cut(body));
    }
    index
}

proptest! {
    #[test]
    fn the_clauses_find_what_matches((bodies, queries) in texts::corpus()) {
        let index = index(&bodies);
        for query in queries {
            let query = Query::parse(&query);
            let exact = (0..bodies.len()).filter(|&number| query.matches(&bodies[number])).collect();
            prop_assert_eq!(index.find(&query.clauses()), exact, "{:?} {:?}", query, bodies);
        }
    }

    #[test]
    fn the_clauses_find_what_matches_in_any_text(bodies in prop::collection::vec(any::<String>(), 1..4), query: String) {
        let index = index(&bodies);
        let query = Query::parse(&query);
        let exact = (0..bodies.len()).filter(|&number| query.matches(&bodies[number])).collect();
        prop_assert_eq!(index.find(&query.clauses()), exact);
    }

    #[test]
    fn a_part_of_three_letters_finds_its_word(body in texts::body(), from: prop::sample::Index, more in 0_usize..5) {
        let folded = fold(&body);
        for chunk in chunks(&folded) {
            let letters: Vec<char> = chunk.text.chars().collect();
            let least = if chunk.kind == Kind::Word { 3 } else { 1 };
            if letters.len() >= least {
                let from = from.index(letters.len() - least + 1);
                let to = letters.len().min(from + least + more);
                let part: String = letters[from..to].iter().collect();
                // A mark is no letter: on nothing it is nothing.
                prop_assume!(letters[from].general_category_group() != GeneralCategoryGroup::Mark);
                prop_assert!(Query::parse(&part).matches(&body), "{part:?}");
            }
        }
    }

    #[test]
    fn a_start_of_a_word_finds_it(body in texts::body(), length in 1_usize..6) {
        let folded = fold(&body);
        for chunk in chunks(&folded) {
            let start: String = chunk.text.chars().take(length).collect();
            prop_assert!(Query::parse(&start).matches(&body), "{start:?}");
        }
    }

    #[test]
    fn a_body_is_found_by_its_own_words(body in texts::body(), quoted: bool) {
        let folded = fold(&body);
        let words: Vec<&str> = chunks(&folded).map(|chunk| chunk.text).collect();
        let query = if quoted {
            format!("\"{}\"", folded.replace(['"', '“', '”', '„', '‟', '«', '»'], " "))
        } else {
            words.join(" ")
        };
        let query = Query::parse(&query);
        prop_assert!(words.is_empty() || query.matches(&body), "{query:?}");
        prop_assert_eq!(words.is_empty(), query.is_empty());
    }

    #[test]
    fn capitals_find_what_small_letters_find((bodies, queries) in texts::corpus()) {
        for query in queries {
            let folded = Query::parse(&fold(&query));
            for body in &bodies {
                prop_assert_eq!(Query::parse(&query).matches(body), folded.matches(&fold(body)));
            }
        }
    }

    #[test]
    fn a_term_is_short_and_free_of_what_tokenizers_split_at(known in texts::body(), other: String) {
        for body in [known, other] {
            let cut = cut(&body);
            prop_assert!(!cut.contains("  ") && !cut.starts_with(' ') && !cut.ends_with(' '));
            for term in cut.split(' ').filter(|_| !cut.is_empty()) {
                prop_assert!((2..=4).contains(&term.chars().count()), "{term:?}");
                let plain = |c: char| !c.is_ascii_punctuation() && !c.is_ascii_uppercase() && !c.is_whitespace() && !c.is_control();
                prop_assert!(term.chars().all(plain), "{term:?}");
            }
        }
    }

    #[test]
    fn every_text_is_a_query(text: String) {
        let query = Query::parse(&text);
        prop_assert_eq!(query.is_empty(), query.clauses().is_empty());
    }
}

#[test]
fn a_long_word_is_found_by_its_parts() {
    let word: String = (0..5_000)
        .map(|n| char::from(b'a' + (n * n / 7 % 26) as u8))
        .collect();
    let index = index(std::slice::from_ref(&word));
    for part in [&word[..10], &word[100..180], &word[4_990..]] {
        let query = Query::parse(part);
        assert!(query.matches(&word));
        assert_eq!(index.find(&query.clauses()), [0].into());
    }
    let query = Query::parse(&word);
    assert!(query.matches(&word) && !index.find(&query.clauses()).is_empty());
}
