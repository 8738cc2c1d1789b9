//! How text becomes search terms, once, for every backend.
//!
//! # What a query means
//!
//! [`Query::matches`] is the whole truth; everything else here exists so that a backend can answer
//! the same thing quickly.
//!
//! * Text and query are folded alike: lower case, compatibility forms and accents gone ([`fold`]).
//! * A query is pieces separated by white space; a body must match every piece, in any order.
//! * A piece that is one word matches anywhere inside a word of the body; if it has one or two
//!   letters, only at a word's start.
//! * A piece joined by punctuation (`main.rs`, `O'Brien`) and a piece in double quotes is a phrase:
//!   its words stand whole in the body, one after the other, whatever separates them. So one quoted
//!   word is the way to ask for a whole word.
//! * Scripts written without spaces (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese) form runs,
//!   and a piece matches anywhere inside a run.
//! * Emoji and other symbols count as words of one character; other punctuation only separates.
//! * There are no operators, so no query is an error. A query without a word or symbol is empty and
//!   matches nothing.
//!
//! ```
//! use chat_core::terms::Query;
//!
//! let body = "Édouard opened src/main.rs, 東京都 🎉";
//! for query in ["edouard", "pened", "ED ma", "main.rs", "\"opened src\"", "京", "東京 🎉"] {
//!     assert!(Query::parse(query).matches(body), "{query}");
//! }
//! for query in ["douarde", "ai", "rs.main", "\"pened src\"", "東都", "", "?!"] {
//!     assert!(!Query::parse(query).matches(body), "{query}");
//! }
//! ```
//!
//! # What a backend does
//!
//! It stores the terms of [`cut`], which are separated by single spaces and keep their order, and
//! answers [`Query::clauses`] over them: every [`Clause`] must hold, and a clause holds where one of
//! its phrases does, that is, where the phrase's terms stand at consecutive positions. It needs no
//! prefix search, no wildcard and no language plug-in. A term is one to three characters of the text
//! behind a letter or two that name its kind; it holds neither white space nor ASCII punctuation nor
//! ASCII capitals, so a tokenizer that splits at white space keeps it whole.
//!
//! [`Index`] does this in memory, in the plainest way.

mod chunk;
mod clause;
mod cut;
mod fold;
mod index;
mod piece;
#[cfg(test)]
mod properties;
mod query;

pub use clause::{Clause, Phrase};
pub use cut::cut;
pub use fold::fold;
pub use index::Index;
pub use query::Query;
