//! What every search index is held to.
//!
//! An adapter runs the cases with [`search_kit!`](crate::search_kit).
//! [`agrees_with_the_matcher`] is for a property test over [`texts`](super::texts).

pub mod contents;
pub mod copy;
pub mod order;
pub mod swaps;

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::ids::{ApplicationId, Change, ChatId, MessageNumber};
use crate::page::Limit;
use crate::port::{Document, Hit, Order, Search, SearchQuery, SearchScope};
use crate::terms::Query;

/// Makes a test of each search case. The argument is a function
/// `async fn fresh() -> (Arc<dyn Search>, guard)` that opens an empty index; the guard lives as long
/// as the case. The calling crate needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! search_kit {
    ($fresh:path) => {
        $crate::search_kit! { [$crate::case_tests] $fresh }
    };
    ([$($each:tt)+] $($fresh:tt)+) => {
        $($each)+! { $($fresh)+, [$crate::kit::search::contents]
            what_is_put_is_found,
            bodies_are_found_by_what_matches_them,
            an_empty_query_finds_nothing,
            a_scope_holds_nothing_of_others,
            an_edit_takes_the_place_of_the_text,
            what_is_not_newer_changes_nothing,
            a_deleted_message_is_not_found,
            a_late_put_does_not_bring_a_deleted_message_back,
            one_batch_may_hold_several_states_of_a_message,
            an_erased_chat_is_not_found,
            an_erased_chat_takes_documents_again,
            puts_at_the_same_time_are_all_found,
            an_index_in_use_is_ready,
        }
        $($each)+! { $($fresh)+, [$crate::kit::search::order]
            hits_of_a_chat_come_highest_number_first,
            hits_of_an_application_come_last_created_first,
            numbers_that_come_late_stand_where_they_belong,
            pages_of_a_chat_have_no_gap_and_no_repeat,
            pages_of_an_application_have_no_gap_and_no_repeat,
            a_page_may_begin_behind_any_number,
            relevance_answers_one_page_of_matches,
        }
        $($each)+! { $($fresh)+, [$crate::kit::search::copy]
            a_swapped_in_copy_holds_what_it_was_filled_with,
            the_live_index_answers_until_the_copy_is_swapped_in,
            a_copy_takes_documents_as_the_live_index_does,
            a_late_refill_brings_nothing_back,
            a_copy_is_in_order_whatever_came_first,
            a_copy_has_an_application_in_the_same_order,
            what_is_erased_is_erased_in_the_copy_too,
            a_new_copy_throws_the_old_one_away,
            without_a_copy_there_is_nothing_to_fill_or_swap,
            an_index_knows_which_store_it_was_built_from,
        }
        $($each)+! { $($fresh)+, [$crate::kit::search::swaps]
            nothing_is_missing_after_swaps_under_load,
            nothing_is_missing_after_copies_that_were_thrown_away,
        }
    };
}

const HOME: ApplicationId = ApplicationId(1);

/// When the first message was created.
const CREATED: Timestamp = Timestamp(1_600_000_000_000_000);

const NONE: [u64; 0] = [];

/// A message as it was posted; of two numbers, the higher one was created seconds later.
#[must_use]
pub fn posted(chat: i64, number: u64, body: &str) -> Document {
    let second = i64::try_from(number).unwrap_or(0);
    Document {
        application: HOME,
        chat: ChatId(chat),
        number: MessageNumber(number),
        created_at: CREATED.plus_seconds(second),
        version: Change::ZERO,
        body: Some(body.to_owned()),
    }
}

/// A message after a change; without a body, deleted.
#[must_use]
pub fn touched(chat: i64, number: u64, version: u64, body: Option<&str>) -> Document {
    let body = body.map(str::to_owned);
    Document {
        version: Change(version),
        body,
        ..posted(chat, number, "")
    }
}

/// The numbers that a query finds in a chat, newest first.
pub async fn found(search: &Arc<dyn Search>, chat: i64, query: &str) -> Vec<u64> {
    numbers(
        &hits(
            search,
            in_chat(chat),
            query,
            Order::Newest,
            None,
            Limit::MAX,
        )
        .await,
    )
}

/// Puts texts into a chat of their own, and holds what each query finds to [`Query::matches`].
///
/// # Panics
///
/// When they differ.
pub async fn agrees_with_the_matcher(
    search: &Arc<dyn Search>,
    chat: i64,
    bodies: &[String],
    queries: &[String],
) {
    let documents: Vec<_> = (1..)
        .zip(bodies)
        .map(|(number, body)| posted(chat, number, body))
        .collect();
    put(search, &documents).await;
    for query in queries {
        let matcher = Query::parse(query);
        let mut exact: Vec<u64> = (1..)
            .zip(bodies)
            .filter(|(_, body)| matcher.matches(body))
            .map(|(n, _)| n)
            .collect();
        exact.reverse();
        assert_eq!(
            found(search, chat, query).await,
            exact,
            "{query:?} over {bodies:?}"
        );
    }
}

async fn put(search: &Arc<dyn Search>, documents: &[Document]) {
    search.put(documents).await.expect("put");
    search.refresh().await.expect("refresh");
}

fn in_chat(chat: i64) -> SearchScope {
    SearchScope::Chat(HOME, ChatId(chat))
}

async fn hits(
    search: &Arc<dyn Search>,
    scope: SearchScope,
    query: &str,
    order: Order,
    after: Option<u64>,
    limit: Limit,
) -> Vec<Hit> {
    let query = Arc::new(Query::parse(query));
    search
        .query(&SearchQuery {
            scope,
            query,
            order,
            after,
            limit,
        })
        .await
        .expect("query")
}

/// What a query finds in the application, in order: chats and numbers.
async fn everywhere(search: &Arc<dyn Search>, query: &str, order: Order) -> Vec<(i64, u64)> {
    let scope = SearchScope::Application(HOME);
    let hits = hits(search, scope, query, order, None, Limit::MAX).await;
    hits.iter().map(|hit| (hit.chat.0, hit.number.0)).collect()
}

fn numbers(hits: &[Hit]) -> Vec<u64> {
    hits.iter().map(|hit| hit.number.0).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::memory::MemorySearch;
    use crate::port::Search;

    async fn fresh() -> (Arc<dyn Search>, ()) {
        (Arc::new(MemorySearch::new()), ())
    }

    crate::search_kit!(fresh);
}
