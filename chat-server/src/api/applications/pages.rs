//! Pages of numbered lists.

use std::future::Future;

use chat_core::error::ChatError;
use chat_core::page::{Limit, Page, Span};
use http::StatusCode;
use serde::Serialize;

use crate::http::call::Head;
use crate::http::paging::{self, Neighbours, PageAsk, Place};
use crate::http::reply::{self, Response};

/// Reads the page that is asked for, and finds its neighbours.
pub(super) async fn read<T, F, R>(
    ask: PageAsk,
    number: impl Fn(&T) -> u64,
    fetch: F,
) -> Result<(Vec<T>, Neighbours), ChatError>
where
    F: Fn(Span, Limit) -> R,
    R: Future<Output = Result<Page<T>, ChatError>>,
{
    match ask.place {
        None | Some(Place::After(0)) => {
            let page = fetch(Span::After(0), limit(ask.limit)).await?;
            let next_after = page.items.last().filter(|_| page.more).map(&number);
            Ok((
                page.items,
                Neighbours {
                    next_after,
                    ..Neighbours::default()
                },
            ))
        }
        Some(Place::After(after)) => {
            let page = fetch(Span::After(after), limit(ask.limit)).await?;
            let next_after = page.items.last().filter(|_| page.more).map(&number);
            let first = page.items.first().map_or(after.saturating_add(1), &number);
            Ok((
                page.items,
                Neighbours {
                    next_after,
                    prev_before: Some(first),
                    next_before: None,
                },
            ))
        }
        Some(Place::Before(before)) => {
            let page = fetch(Span::Before(before), limit(ask.limit)).await?;
            let prev_before = page.items.first().filter(|_| page.more).map(&number);
            let next_after = page.items.last().map_or(before.saturating_sub(1), &number);
            Ok((
                page.items,
                Neighbours {
                    next_after: Some(next_after),
                    prev_before,
                    next_before: None,
                },
            ))
        }
        Some(Place::Around(middle)) => {
            let older = ask.limit / 2;
            let mut below = match older {
                0 => Page {
                    items: Vec::new(),
                    more: middle > 1,
                },
                _ => fetch(Span::Before(middle), limit(older)).await?,
            };
            // What one side lacks, the other one has to give: a page in a long list is full wherever it is.
            let newer = ask.limit - count(&below);
            let from = fetch(Span::After(middle.saturating_sub(1)), limit(newer)).await?;
            if below.more && count(&from) < ask.limit - older {
                below = fetch(Span::Before(middle), limit(ask.limit - count(&from))).await?;
            }
            let next_after = from.items.last().filter(|_| from.more).map(&number);
            let mut items = below.items;
            items.extend(from.items);
            let prev_before = items
                .first()
                .map_or(Some(middle), |first| Some(number(first)));
            Ok((
                items,
                Neighbours {
                    next_after,
                    prev_before: prev_before.filter(|_| below.more),
                    next_before: None,
                },
            ))
        }
    }
}

/// How many a page holds: at most its limit.
fn count<T>(page: &Page<T>) -> u16 {
    u16::try_from(page.items.len()).unwrap_or(u16::MAX)
}

/// A limit that was checked when it was read.
pub(super) fn limit(size: u16) -> Limit {
    Limit::new(size.into()).unwrap_or(Limit::DEFAULT)
}

/// The answer with a page and links to its neighbours.
pub(super) fn answer<V: Serialize>(
    head: &Head,
    limit: u16,
    items: impl Iterator<Item = V>,
    beside: Neighbours,
) -> Response {
    let items: Vec<V> = items.collect();
    let answer = reply::json(StatusCode::OK, &items);
    paging::with_links(answer, &head.uri, limit, beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 1 to 20, multiples of 5 deleted.
    async fn read_of_twenty(
        limit: u16,
        place: Option<Place>,
    ) -> (Vec<u64>, Option<u64>, Option<u64>) {
        let fetch = |span: Span, limit: Limit| async move {
            let all = (1..=20u64).filter(|number| number % 5 != 0);
            let mut rows: Vec<u64> = match span {
                Span::After(after) => all.filter(|number| *number > after).collect(),
                Span::Before(before) => all.filter(|number| *number < before).collect(),
            };
            if matches!(span, Span::Before(_)) {
                rows.reverse();
            }
            rows.truncate(limit.one_more());
            Ok(Page::cut(rows, limit, span))
        };
        let (items, beside) = read(PageAsk { limit, place }, |number| *number, fetch)
            .await
            .unwrap();
        (items, beside.prev_before, beside.next_after)
    }

    #[tokio::test]
    async fn a_page_knows_its_neighbours() {
        assert_eq!(
            read_of_twenty(3, None).await,
            (vec![1, 2, 3], None, Some(3))
        );
        assert_eq!(
            read_of_twenty(3, Some(Place::After(3))).await,
            (vec![4, 6, 7], Some(4), Some(7))
        );
        assert_eq!(
            read_of_twenty(9, Some(Place::After(17))).await,
            (vec![18, 19], Some(18), None)
        );
        assert_eq!(
            read_of_twenty(9, Some(Place::After(19))).await,
            (vec![], Some(20), None)
        );
        assert_eq!(
            read_of_twenty(3, Some(Place::Before(7))).await,
            (vec![3, 4, 6], Some(3), Some(6))
        );
        assert_eq!(
            read_of_twenty(3, Some(Place::Before(3))).await,
            (vec![1, 2], None, Some(2))
        );
        assert_eq!(
            read_of_twenty(4, Some(Place::Around(9))).await,
            (vec![7, 8, 9, 11], Some(7), Some(11))
        );
        assert_eq!(
            read_of_twenty(1, Some(Place::Around(9))).await,
            (vec![9], Some(9), Some(9))
        );
        assert_eq!(read_of_twenty(40, Some(Place::Around(9))).await.0.len(), 16);
    }

    #[tokio::test]
    async fn following_next_or_prev_sees_everything_once() {
        let mut seen = Vec::new();
        let mut place = None;
        loop {
            let (items, _, next) = read_of_twenty(3, place).await;
            seen.extend(items);
            match next {
                Some(next) => place = Some(Place::After(next)),
                None => break,
            }
        }
        let mut back = Vec::new();
        let mut place = Some(Place::Before(u64::MAX));
        while let Some(at) = place {
            let (items, prev, _) = read_of_twenty(3, Some(at)).await;
            back.splice(0..0, items);
            place = prev.map(Place::Before);
        }
        assert_eq!(seen.len(), 16);
        assert_eq!(seen, back);
    }
}
