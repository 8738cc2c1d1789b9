//! Imports: parts of a source, each all or none, each once.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::commit::{Command, Import, Imported, Outcome, Refusal, SourceHash};
use crate::ids::{ChatNumber, MessageNumber};
use crate::port::Store;
use crate::text::{Body, Data};

use super::desk::{Desk, NOW, head, is_done, name, post};

const SOURCE: SourceHash = SourceHash([7; 32]);

fn line(text: &str) -> Imported {
    Imported {
        body: Some(Body::parse(text).expect("a body")),
        author_name: None,
        data: None,
        reply_to: None,
        created_at: None,
        edited_at: None,
        deleted_at: None,
    }
}

fn part(from: u64, messages: Vec<(ChatNumber, Imported)>) -> Command {
    Command::Import(Import {
        source: SOURCE,
        from,
        to: from + messages.len() as u64,
        messages,
    })
}

/// A part that was taken over already is refused with the line to go on from.
pub async fn an_import_goes_on_where_it_stopped(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    assert_eq!(store.imported(SOURCE).await.expect("imported"), 0);
    let first = || part(0, vec![(chat, line("one")), (chat, line("two"))]);
    desk.done(vec![first()]).await;
    let moved = [Outcome::Refused(Refusal::ImportMoved(2))];
    assert_eq!(desk.commit(vec![first()]).await, moved);
    let early = part(5, vec![(chat, line("six"))]);
    assert_eq!(desk.commit(vec![early]).await, moved);
    desk.done(vec![part(2, vec![(chat, line("three"))])]).await;
    assert_eq!(store.imported(SOURCE).await.expect("imported"), 3);
    let other = SourceHash([8; 32]);
    assert_eq!(store.imported(other).await.expect("imported"), 0);
    assert_eq!(desk.info(chat).await.head, head(3, 0));
}

/// One bad line, and nothing of the part is taken over.
pub async fn an_import_is_all_or_none(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (chat, missing) = (desk.chat_of(1).await, ChatNumber(9));
    let nowhere = part(0, vec![(chat, line("in")), (missing, line("out"))]);
    let mut answer = line("answer");
    answer.reply_to = Some(MessageNumber(4));
    let early = part(0, vec![(chat, line("two")), (chat, answer.clone())]);
    let outcomes = desk.commit(vec![nowhere, early, post(chat, "two")]).await;
    let refused = |refusal| Outcome::Refused(refusal);
    assert_eq!(outcomes[0], refused(Refusal::ChatNotFound(missing)));
    let reply = Refusal::ReplyNotFound(MessageNumber(4));
    assert_eq!(outcomes[1], refused(reply));
    assert!(is_done(&outcomes[2]));
    assert_eq!(desk.info(chat).await.head, head(2, 0));
    assert_eq!(store.imported(SOURCE).await.expect("imported"), 0);
    let lines = vec![(chat, line("3")), (chat, line("4")), (chat, answer)];
    desk.done(vec![part(0, lines)]).await;
    assert_eq!(desk.info(chat).await.head, head(5, 0));
}

/// What a file says stays as it says it; what the server adds later goes by its own clock.
pub async fn an_import_keeps_authors_and_times(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let (old, older) = (Timestamp(1_000_000), Timestamp(-5));
    let mut full = line("one");
    full.author_name = Some(name("Ünal 🧵"));
    full.data = Some(Data::parse("{}").expect("data"));
    full.created_at = Some(old);
    full.edited_at = Some(older);
    let mut gone = line("x");
    gone.body = None;
    gone.created_at = Some(older);
    gone.deleted_at = Some(old);
    let lines = vec![(chat, full), (chat, gone), (chat, line("three"))];
    desk.done(vec![part(0, lines), post(chat, "four")]).await;
    let messages = desk.messages(chat).await;
    let created: Vec<_> = messages.iter().map(|one| one.created_at).collect();
    assert_eq!(created, [old, older, NOW, NOW]);
    assert_eq!(messages[0].author_name.as_deref(), Some("Ünal 🧵"));
    assert_eq!(messages[0].data.as_deref(), Some("{}"));
    assert_eq!(messages[0].edited_at, Some(older));
    assert_eq!(messages[1].deleted_at, Some(old));
    assert_eq!(messages[1].body, "");
    assert_eq!(desk.info(chat).await.messages_count, 3);
}

/// Parts in one batch are taken in order, and the last line stands.
pub async fn two_parts_in_one_batch_follow_each_other(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (one, two) = (desk.chat().await, desk.chat().await);
    let outcomes = desk
        .commit(vec![
            part(0, vec![(one, line("a")), (two, line("b"))]),
            part(1, vec![(one, line("no"))]),
            part(2, vec![(one, line("c"))]),
        ])
        .await;
    assert!(is_done(&outcomes[0]) && is_done(&outcomes[2]));
    assert_eq!(outcomes[1], Outcome::Refused(Refusal::ImportMoved(2)));
    assert_eq!(store.imported(SOURCE).await.expect("imported"), 3);
    assert_eq!(desk.info(one).await.head, head(2, 0));
    assert_eq!(desk.info(two).await.head, head(1, 0));
}
