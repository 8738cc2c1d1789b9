//! Terms in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Clause, Phrase};

/// An index in memory: for each term, which documents hold it and at which positions.
///
/// ```
/// use chat_core::terms::{Index, Query, cut};
///
/// let mut index = Index::default();
/// index.put(1, &cut("hello world"));
/// index.put(2, &cut("hello there"));
/// assert_eq!(index.find(&Query::parse("hell").clauses()), [1, 2].into());
/// assert_eq!(index.find(&Query::parse("\"hello world\"").clauses()), [1].into());
/// ```
#[derive(Clone, Debug)]
pub struct Index<K> {
    postings: HashMap<String, BTreeMap<K, Vec<u32>>>,
    terms: HashMap<K, BTreeSet<String>>,
}

impl<K> Default for Index<K> {
    fn default() -> Self {
        Index {
            postings: HashMap::new(),
            terms: HashMap::new(),
        }
    }
}

impl<K: Copy + Ord + std::hash::Hash> Index<K> {
    /// Stores the terms of a document, as [`cut`](super::cut) writes them, in place of its earlier ones.
    pub fn put(&mut self, document: K, terms: &str) {
        self.remove(document);
        for (position, term) in (0..).zip(terms.split(' ').filter(|term| !term.is_empty())) {
            let postings = self.postings.entry(term.to_owned()).or_default();
            postings.entry(document).or_default().push(position);
            self.terms
                .entry(document)
                .or_default()
                .insert(term.to_owned());
        }
    }

    /// Forgets a document.
    pub fn remove(&mut self, document: K) {
        for term in self.terms.remove(&document).unwrap_or_default() {
            if let Some(postings) = self.postings.get_mut(&term) {
                postings.remove(&document);
                if postings.is_empty() {
                    self.postings.remove(&term);
                }
            }
        }
    }

    /// The documents in which every clause holds; none for no clauses.
    #[must_use]
    pub fn find(&self, clauses: &[Clause]) -> BTreeSet<K> {
        let mut found = clauses.iter().map(|clause| self.any(clause));
        let first = found.next().unwrap_or_default();
        found.fold(first, |left, right| {
            left.intersection(&right).copied().collect()
        })
    }

    fn any(&self, clause: &Clause) -> BTreeSet<K> {
        clause
            .any
            .iter()
            .flat_map(|phrase| self.phrase(phrase))
            .collect()
    }

    fn phrase(&self, phrase: &Phrase) -> Vec<K> {
        let Some(lists) = phrase
            .terms()
            .map(|term| self.postings.get(term))
            .collect::<Option<Vec<_>>>()
        else {
            return Vec::new();
        };
        let [first, later @ ..] = lists.as_slice() else {
            return Vec::new();
        };
        let in_a_row = |document: &K, start: u32| {
            (start + 1..).zip(later).all(|(position, list)| {
                list.get(document)
                    .is_some_and(|positions| positions.binary_search(&position).is_ok())
            })
        };
        let holds = |(document, starts): &(&K, &Vec<u32>)| {
            starts.iter().any(|&start| in_a_row(document, start))
        };
        first
            .iter()
            .filter(holds)
            .map(|(document, _)| *document)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::{Query, cut};

    #[test]
    fn a_document_is_found_by_its_last_terms_only() {
        let mut index = Index::default();
        index.put(7, &cut("old words"));
        index.put(7, &cut("new words"));
        assert!(index.find(&Query::parse("old").clauses()).is_empty());
        assert_eq!(index.find(&Query::parse("new words").clauses()), [7].into());
        index.remove(7);
        assert!(index.find(&Query::parse("new").clauses()).is_empty());
        assert!(index.postings.is_empty() && index.terms.is_empty());
    }

    #[test]
    fn no_clauses_find_nothing() {
        let mut index = Index::default();
        index.put(1, &cut("words"));
        assert!(index.find(&[]).is_empty());
    }
}
