//! Imports: parts of a source, each all or none, each once.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::commit::{Caller, Command, Import, Imported, Mark, Outcome, Refusal, SourceHash};
use crate::ids::{ChatNumber, MessageNumber, UserNumber};
use crate::page::Limit;
use crate::port::Store;
use crate::text::{Body, Data};

use super::desk::{Desk, NOW, head, is_done, name, post};
use super::members::{own, two};
use super::pairs::direct;

const SOURCE: SourceHash = SourceHash([7; 32]);

fn line(text: &str) -> Imported {
    Imported {
        sender: None,
        read_by: Vec::new(),
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

fn by(chat: ChatNumber, sender: UserNumber, read_by: &[UserNumber]) -> (ChatNumber, Imported) {
    let sender = Some(sender);
    let read_by = read_by.into();
    let line = Imported {
        sender,
        read_by,
        ..line("x")
    };
    (chat, line)
}

/// Who wrote need not take part, and may be deleted by now; but somebody that was.
pub async fn an_import_knows_who_wrote(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let carol = desk.user("carol").await;
    let chat = desk.group(&[alice]).await;
    desk.done(vec![Command::DeleteUser(bob)]).await;
    let nobody = UserNumber(9);
    let refused = vec![
        part(0, vec![by(chat, alice, &[]), by(chat, nobody, &[])]),
        part(
            0,
            vec![by(chat, alice, &[alice]), by(chat, alice, &[carol])],
        ),
    ];
    let refusals = [
        Outcome::Refused(Refusal::UserNotFound(nobody)),
        Outcome::Refused(Refusal::MemberNotFound(carol)),
    ];
    assert_eq!(desk.commit(refused).await, refusals);
    let senders = [alice, bob, carol].map(|sender| by(chat, sender, &[]));
    desk.done(vec![part(0, senders.into())]).await;
    let found = desk.messages(chat).await;
    let found: Vec<_> = found.iter().map(|one| one.sender).collect();
    assert_eq!(found, [Some(alice), None, Some(carol)]);
    desk.done(vec![Command::DeleteUser(carol)]).await;
    let left = store.left_behind(None, Limit::MAX).await;
    let left = left.expect("left_behind");
    assert!(left.contains(&(desk.application, chat, carol)), "{left:?}");
}

/// What was read is a mark up to where nothing is missing, and ranges above it, as if it had been marked message by message.
pub async fn an_import_knows_who_has_read(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let (chat, both) = (desk.group(&[alice, bob]).await, [alice, bob]);
    let by = |sender, read_by: &[UserNumber]| by(chat, sender, read_by);
    let first = vec![by(alice, &both), by(bob, &both), by(alice, &[])];
    let second = vec![by(bob, &both), by(alice, &[alice]), by(alice, &both)];
    for (from, messages) in [(0, first), (3, second), (6, vec![by(bob, &[alice])])] {
        desk.done(vec![part(from, messages)]).await;
    }
    let id = desk.info(chat).await.id;
    let ranges = store.ranges(id, MessageNumber(1), MessageNumber(9)).await;
    let mut ranges = ranges.expect("ranges");
    ranges.sort_unstable();
    let range = |(user, low, high)| (user, MessageNumber(low), MessageNumber(high));
    let apart = [(alice, 4, 7), (bob, 4, 4), (bob, 6, 6)];
    assert_eq!(ranges, apart.map(range));
    let seen = async |user| {
        let own = store.chat_of(desk.application, user, chat).await;
        let own = own.expect("chat_of");
        let own = own.expect("a member");
        (own.member.read.0, own.member.delivered.0, own.unread)
    };
    assert_eq!((seen(alice).await, seen(bob).await), ((2, 2, 0), (2, 2, 2)));
    let mark = Mark {
        read: Some(MessageNumber(5)),
        delivered: None,
    };
    let read = vec![Command::Mark(chat, mark)];
    desk.done_by(Caller::User(bob), read).await;
    assert_eq!(seen(bob).await, (6, 6, 0));
}

/// What comes deleted nobody has to read, be it in a group or in a direct chat.
pub async fn what_an_import_brings_deleted_is_not_unread(store: &Arc<dyn Store>) {
    let (desk, alice, bob) = two(store).await;
    let group = desk.group(&[alice, bob]).await;
    desk.done_by(Caller::User(alice), vec![direct(&[bob])])
        .await;
    let pair = ChatNumber(2);
    let gone = Imported {
        body: None,
        ..line("x")
    };
    let texts = [group, pair].map(|chat| [(chat, line("a")), (chat, gone.clone())]);
    desk.done(vec![part(0, texts.concat())]).await;
    for chat in [group, pair] {
        let own = own(&desk, chat, bob).await.expect("a member");
        assert_eq!(own.unread, 1, "{chat}");
    }
    let threads = store.threads(desk.application, bob, ChatNumber(0), Limit::MAX);
    let threads = threads.await.expect("threads").items;
    assert!(
        matches!(&threads[..], [one] if one.unread == 1),
        "{threads:?}"
    );
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
