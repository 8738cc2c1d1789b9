//! Keyset pages: never offsets, never unbounded.

/// The most rows one page holds.
pub const MAX_PAGE: usize = 1_000;

/// How many rows a page may hold: 1 to 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(usize);

impl Limit {
    /// The largest page: 1,000.
    pub const MAX: Self = Self(MAX_PAGE);
    /// The smallest page: 1.
    pub const ONE: Self = Self(1);
    /// What a page holds unless asked otherwise: 50.
    pub const DEFAULT: Self = Self(50);

    /// A limit from 1 to 1,000, else `None`.
    #[must_use]
    pub const fn new(limit: usize) -> Option<Self> {
        if limit >= 1 && limit <= MAX_PAGE {
            Some(Self(limit))
        } else {
            None
        }
    }

    /// One row more: whether it is there tells whether there is another page.
    #[must_use]
    pub const fn one_more(self) -> usize {
        self.0 + 1
    }

    /// The number of rows.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

/// Where a page of a numbered list lies.
///
/// A page is always answered in ascending order of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// The first rows above this number (0: from the start).
    After(u64),
    /// The last rows below this number (`u64::MAX`: from the end).
    Before(u64),
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Whether there are more beyond the page: above it for [`Span::After`], below it for
    /// [`Span::Before`].
    pub more: bool,
}

impl<T> Page<T> {
    /// A page from rows that were fetched with [one more](Limit::one_more) than `limit`, from where `span` begins: ascending for
    /// [`Span::After`], descending for [`Span::Before`].
    #[must_use]
    pub fn cut(mut items: Vec<T>, limit: Limit, span: Span) -> Self {
        let more = items.len() > limit.get();
        items.truncate(limit.get());
        if matches!(span, Span::Before(_)) {
            items.reverse();
        }
        Self { items, more }
    }
}
