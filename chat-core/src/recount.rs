//! Counting again: the counts that a store keeps are compared with what they count, piece by piece beside those who write, and one
//! that is wrong is repaired. None should be, unless the data was changed by hand.

use crate::error::BackendError;
use crate::ids::{ApplicationId, ChatId};
use crate::page::Limit;
use crate::port::{ApplicationCount, ChatCount, Counted, Drift, Piece, Recount};

type Result<T> = std::result::Result<T, BackendError>;

/// How many numbers are counted at once.
const NUMBERS: u64 = 20_000;
/// How many pieces are counted at once.
const PIECES: usize = 64;
/// How many stored counts are looked at together.
const PAGE: Limit = Limit::new(64).expect("a limit from 1 to 1,000");
/// How often something is counted that changes meanwhile; then it is left to the next recount.
const TRIES: u32 = 3;

/// Recounts the messages of all chats and the chats of all applications, and repairs the counts that are wrong; how many were. Any
/// number of recounts may run at once. Each call of the store is a small one, whatever there is to count. A chat in which messages
/// are deleted as fast as they are counted is left to the next recount.
///
/// # Errors
/// Only those of any call; what was repaired until then stays so.
pub async fn recount(store: &dyn Recount) -> Result<Drift> {
    let mut drift = Drift::default();
    recount_into(store, &mut drift).await?;
    Ok(drift)
}

/// As [`recount`], and adds each repair as it is made, so that none goes unnoticed when the recount does not come to its end.
///
/// # Errors
/// As [`recount`].
pub async fn recount_into(store: &dyn Recount, drift: &mut Drift) -> Result<()> {
    chats(store, &mut drift.chats).await?;
    applications(store, &mut drift.applications).await
}

async fn chats(store: &dyn Recount, repaired: &mut u64) -> Result<()> {
    let mut after = ChatId(0);
    loop {
        let page = store.chat_counts(after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.chat;
        let counted = count(store, page.iter().map(messages)).await?;
        for (seen, live) in page.iter().zip(counted) {
            if live != seen.live && chat(store, *seen, live).await? {
                *repaired += 1;
            }
        }
    }
}

/// Repairs the count of a chat whose messages were counted; whether it was wrong.
async fn chat(store: &dyn Recount, mut seen: ChatCount, mut live: u64) -> Result<bool> {
    for _ in 0..TRIES {
        // What was counted while something was deleted is of no state at all.
        let now = store
            .chat_counts(ChatId(seen.chat.0 - 1), Limit::ONE)
            .await?;
        let Some(now) = now.into_iter().find(|now| now.chat == seen.chat) else {
            return Ok(false);
        };
        if seen.was_only_posted_to(&now) {
            return match live == seen.live {
                true => Ok(false),
                false => store.repair_chat(&seen, live).await,
            };
        }
        seen = now;
        live = count(store, [messages(&seen)]).await?[0];
    }
    Ok(false)
}

async fn applications(store: &dyn Recount, repaired: &mut u64) -> Result<()> {
    let mut after = ApplicationId::ROOT;
    loop {
        let page = store.application_counts(after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.application;
        let counted = count(store, page.iter().map(chats_of)).await?;
        for (seen, live) in page.iter().zip(counted) {
            if live != seen.live && application(store, *seen, live).await? {
                *repaired += 1;
            }
        }
    }
}

/// Repairs the count of an application whose chats were counted; whether it was wrong.
async fn application(
    store: &dyn Recount,
    mut seen: ApplicationCount,
    mut live: u64,
) -> Result<bool> {
    for _ in 0..TRIES {
        let before = ApplicationId(seen.application.0 - 1);
        let now = store.application_counts(before, Limit::ONE).await?;
        let now = now
            .into_iter()
            .find(|now| now.application == seen.application);
        let Some(now) = now else {
            return Ok(false);
        };
        if seen.only_grew(&now) {
            return match live == seen.live {
                true => Ok(false),
                false => store.repair_application(seen.application).await,
            };
        }
        seen = now;
        live = count(store, [chats_of(&seen)]).await?[0];
    }
    Ok(false)
}

const fn messages(chat: &ChatCount) -> Piece {
    Piece {
        of: Counted::Messages(chat.chat),
        from: chat.floor.0,
        to: chat.head.number.0,
    }
}

const fn chats_of(application: &ApplicationCount) -> Piece {
    Piece {
        of: Counted::Chats(application.application),
        from: 1,
        to: application.last.0,
    }
}

/// Counts each of these pieces, however long, in calls that are not.
async fn count(store: &dyn Recount, wholes: impl IntoIterator<Item = Piece>) -> Result<Vec<u64>> {
    let mut counts = Vec::new();
    let (mut pieces, mut of, mut room) = (Vec::new(), Vec::new(), NUMBERS);
    for (at, whole) in wholes.into_iter().enumerate() {
        counts.push(0);
        let mut from = whole.from;
        while from <= whole.to {
            let to = whole.to.min(from + room - 1);
            pieces.push(Piece { from, to, ..whole });
            of.push(at);
            room -= to - from + 1;
            from = to + 1;
            if room == 0 || pieces.len() == PIECES {
                add(store, &mut counts, &pieces, &of).await?;
                (pieces, of, room) = (Vec::new(), Vec::new(), NUMBERS);
            }
        }
    }
    if !pieces.is_empty() {
        add(store, &mut counts, &pieces, &of).await?;
    }
    Ok(counts)
}

/// Adds what is in each piece to the count that it is of.
async fn add(
    store: &dyn Recount,
    counts: &mut [u64],
    pieces: &[Piece],
    of: &[usize],
) -> Result<()> {
    for (at, found) in of.iter().zip(store.count(pieces).await?) {
        counts[*at] += found;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Change, Head, MessageNumber};
    use crate::port::MockRecount;

    fn chat_of(id: i64, messages: u64, change: u64, live: u64) -> ChatCount {
        ChatCount {
            chat: ChatId(id),
            head: Head {
                number: MessageNumber(messages),
                change: Change(change),
            },
            floor: MessageNumber(1),
            live,
        }
    }

    fn length(piece: &Piece) -> u64 {
        piece.to - piece.from + 1
    }

    #[tokio::test]
    async fn no_call_counts_much_and_no_number_is_left_out() {
        let mut store = MockRecount::new();
        let all = || {
            vec![
                chat_of(1, 3, 0, 3),
                chat_of(2, 50_001, 0, 50_001),
                chat_of(3, 0, 0, 0),
            ]
        };
        store.expect_chat_counts().returning(move |after, _| {
            Ok(if after == ChatId(0) {
                all()
            } else {
                Vec::new()
            })
        });
        store
            .expect_application_counts()
            .returning(|_, _| Ok(Vec::new()));
        store.expect_count().times(3).returning(|pieces| {
            assert!(pieces.iter().map(length).sum::<u64>() <= NUMBERS);
            Ok(pieces.iter().map(length).collect())
        });
        assert_eq!(recount(&store).await.unwrap(), Drift::default());
    }

    /// A chat of which a message is deleted each time that it is counted.
    #[tokio::test]
    async fn what_changes_while_it_is_counted_is_counted_again_and_left_alone_in_the_end() {
        let mut store = MockRecount::new();
        let mut change = 0;
        store.expect_chat_counts().returning(move |after, _| {
            change += 1;
            let now = chat_of(1, 9, change, 9 - change);
            Ok(if after == ChatId(0) {
                vec![now]
            } else {
                Vec::new()
            })
        });
        store
            .expect_application_counts()
            .returning(|_, _| Ok(Vec::new()));
        store
            .expect_count()
            .times(1 + TRIES as usize)
            .returning(|_| Ok(vec![0]));
        assert_eq!(recount(&store).await.unwrap(), Drift::default());
    }
}
