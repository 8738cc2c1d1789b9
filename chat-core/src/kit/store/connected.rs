//! What is asked for all who are connected to a node at once, and what a commit tells of them.

use std::sync::Arc;

use super::desk::{self, Desk, NOW, post};
use crate::clock::Timestamp;
use crate::commit::{AddMembers, Caller, ChangeUser, Command, Mark};
use crate::ids::{ChatId, ChatNumber, MessageNumber, SessionId, TokenHash, UserNumber};
use crate::model::{Role, Session};
use crate::port::{Company, Membership, Store};

fn add(chat: ChatNumber, user: UserNumber) -> Command {
    let (users, role) = (vec![user], Role::Member);
    Command::AddMembers(chat, AddMembers { users, role })
}

/// All chats of a member, page by page.
async fn memberships(desk: &Desk, user: UserNumber, limit: usize) -> Vec<Membership> {
    let (mut all, mut after): (Vec<Membership>, _) = (Vec::new(), ChatId(0));
    loop {
        let page = desk
            .store
            .memberships(desk.application, user, after, desk::limit(limit));
        let page = page.await.expect("memberships");
        assert!(page.items.len() <= limit);
        after = page.items.last().map_or(after, |last| last.chat);
        all.extend(page.items);
        if !page.more {
            return all;
        }
    }
}

/// All chats that a user takes part in are walked, with their heads, and no others.
pub async fn memberships_are_walked_by_row(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let mut chats = Vec::new();
    for _ in 0..5 {
        chats.push(desk.group(&[alice, bob]).await);
    }
    let _others = desk.group(&[bob]).await;
    let open = desk.chat().await;
    desk.done_by(Caller::For(alice), vec![post(open, "passing")])
        .await;
    desk.done(vec![post(chats[1], "1"), post(chats[1], "2")])
        .await;
    desk.done_by(Caller::User(alice), vec![Command::Hide(chats[2])])
        .await;
    desk.done(vec![
        Command::CloseChat(chats[3]),
        Command::RemoveMember(chats[4], alice),
    ])
    .await;
    for limit in [1, 2, 9] {
        let found = memberships(&desk, alice, limit).await;
        let numbers: Vec<_> = found.iter().map(|one| one.number).collect();
        assert_eq!(numbers, chats[..3]);
        for one in found {
            let info = desk.info(one.number).await;
            assert_eq!((one.chat, one.head), (info.id, info.head));
        }
    }
}

/// Those are told with whom a user takes part now: in the chats that were active last, and in none that is too large.
pub async fn companions_are_those_of_the_latest_small_chats(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let mut users = Vec::new();
    for name in ["alice", "bob", "carol", "dave", "eve", "stranger"] {
        users.push(desk.user(name).await);
    }
    let [alice, bob, carol, dave, eve, stranger] = users[..] else {
        panic!("six users")
    };
    let early = desk.group(&[alice, bob, carol]).await;
    let late = desk.group(&[alice, carol, dave]).await;
    let large = desk.group(&[alice, bob, carol, dave, eve]).await;
    desk.group(&[bob, stranger]).await;
    let told = async |chats: usize, members: u64, most: usize| {
        let company = Company {
            chats: desk::limit(chats),
            members,
            users: desk::limit(most),
        };
        let found = store.companions(desk.application, alice, company).await;
        found.expect("companions")
    };
    let post_at = async |chat, seconds| {
        let at = NOW.plus_seconds(seconds);
        desk.done_at(vec![post(chat, "now")], at).await;
    };
    post_at(early, 100).await;
    post_at(late, 200).await;
    assert_eq!(told(9, 3, 9).await, [carol, dave, bob]);
    assert_eq!(told(9, 3, 2).await, [carol, dave]);
    assert_eq!(told(1, 3, 9).await, [carol, dave]);
    assert_eq!(told(9, 4, 9).await, [carol, dave, bob]);
    post_at(large, 300).await;
    assert_eq!(told(9, 5, 9).await, [bob, carol, dave, eve]);
    assert_eq!(told(9, 2, 9).await, []);
    // Who hides a chat takes part in it; who left, or whose chat is gone, does not.
    let hides = vec![Command::Hide(late)];
    desk.done_by(Caller::User(alice), hides).await;
    desk.done(vec![Command::RemoveMember(late, carol)]).await;
    assert_eq!(told(9, 3, 9).await, [dave, bob, carol]);
    desk.done(vec![Command::RemoveMember(early, alice)]).await;
    assert_eq!(told(9, 3, 9).await, [dave]);
    desk.done(vec![Command::CloseChat(late)]).await;
    assert_eq!(told(9, 3, 9).await, []);
    desk.done(vec![Command::CloseApplication]).await;
    assert_eq!(told(9, 9, 9).await, []);
}

/// Who came since a time and is still there is found page by page, whoever came before is not.
pub async fn newcomers_are_found_by_when_they_came(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let chat = desk.group(&[alice]).await;
    let (then, later) = (NOW.plus_seconds(100), NOW.plus_seconds(200));
    let since = async |since: Timestamp, limit: usize| {
        let (mut found, mut after) = (Vec::new(), (since, ChatId(0), UserNumber(0)));
        loop {
            let page = store.newcomers(after, desk::limit(limit)).await;
            let page = page.expect("newcomers");
            assert!(page.items.len() <= limit);
            for one in page.items {
                assert!(one.place() > after, "{one:?} after {after:?}");
                after = one.place();
                found.push((one.application, one.user, one.number));
            }
            if !page.more {
                return found;
            }
        }
    };
    assert_eq!(since(NOW, 9).await, [(desk.application, alice, chat)]);
    assert_eq!(since(then, 9).await, []);
    desk.done_at(vec![add(chat, bob)], then).await;
    let came = (desk.application, bob, chat);
    assert_eq!(since(then, 9).await, [came]);
    for limit in [1, 2, 9] {
        let both = [(desk.application, alice, chat), came];
        assert_eq!(since(NOW, limit).await, both);
    }
    desk.done_at(vec![Command::RemoveMember(chat, bob)], later)
        .await;
    assert_eq!(since(then, 9).await, []);
    desk.done_at(vec![add(chat, bob)], later).await;
    assert_eq!(since(later, 9).await, [came]);
    desk.done(vec![Command::CloseChat(chat)]).await;
    assert_eq!(since(NOW, 9).await, []);
}

/// Of those who came at the same time none is left out between two pages, and none is told twice.
pub async fn newcomers_of_one_moment_are_on_several_pages(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let users = [desk.user("alice").await, desk.user("bob").await];
    let mut expected = Vec::new();
    for _ in 0..3 {
        let chat = desk.group(&users).await;
        expected.extend(users.map(|user| (user, chat)));
    }
    for limit in [1, 2, 4, 6, 9] {
        let (mut found, mut after) = (Vec::new(), (NOW, ChatId(0), UserNumber(0)));
        loop {
            let page = store.newcomers(after, desk::limit(limit)).await;
            let page = page.expect("newcomers");
            found.extend(page.items.iter().map(|one| (one.user, one.number)));
            match page.items.last() {
                Some(last) if page.more => after = last.place(),
                _ => break,
            }
        }
        assert_eq!(found, expected, "by {limit}");
    }
}

/// Of many logins those that stand are told: neither ended nor expired, of a user who is there.
pub async fn logins_that_stand_are_told_of_many(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let mut tokens = Vec::new();
    let sessions = [(alice, 100), (alice, 100), (alice, 5), (bob, 100)];
    for (user, seconds) in sessions {
        let session = Session {
            id: SessionId::random(),
            token: crate::ids::Token::random().hash(),
            application: desk.application,
            user,
            device: None,
            created_at: NOW,
            expires_at: NOW.plus_seconds(seconds),
        };
        let opened = store.open_session(&session, NOW).await;
        assert!(opened.expect("open_session"));
        if tokens.is_empty() {
            let ended = store.end_session(desk.application, user, session.id).await;
            assert!(ended.expect("end_session"));
        }
        tokens.push(session.token);
    }
    tokens.push(TokenHash([7; 32]));
    let standing = async || {
        let found = store.valid_sessions(&tokens, NOW.plus_seconds(10)).await;
        let found = found.expect("valid_sessions");
        let stands = |token| found.contains(token);
        tokens.iter().map(stands).collect::<Vec<_>>()
    };
    assert_eq!(standing().await, [false, true, false, true, false]);
    desk.done(vec![Command::DeleteUser(bob)]).await;
    assert_eq!(standing().await, [false, true, false, false, false]);
    desk.done(vec![Command::CloseApplication]).await;
    assert_eq!(standing().await, [false; 5]);
    assert_eq!(
        store
            .valid_sessions(&[], NOW)
            .await
            .expect("valid_sessions"),
        []
    );
}

/// A commit tells who came to take part in a chat and whose logins end, and nobody else.
pub async fn a_commit_tells_of_people(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let chat = desk.group(&[alice]).await;
    let told = async |commands: Vec<Command>, caller: Caller| {
        let requests = commands.into_iter().map(|one| crate::commit::Request {
            caller,
            ..desk.ask(one)
        });
        let done = desk::commit_at(store, requests.collect(), NOW).await;
        assert!(done.outcomes.iter().all(desk::is_done), "{done:?}");
        done.people
    };
    let app = Caller::Application;
    let of = |user| (desk.application, user);
    let mark = Mark {
        read: Some(MessageNumber(1)),
        delivered: None,
    };
    assert_eq!(told(vec![post(chat, "1")], app).await, []);
    let marks = vec![Command::Mark(chat, mark)];
    assert_eq!(told(marks, Caller::User(alice)).await, []);
    assert_eq!(told(vec![add(chat, bob)], app).await, [of(bob)]);
    let leaves = vec![Command::RemoveMember(chat, bob)];
    assert_eq!(told(leaves, app).await, []);
    let new = crate::commit::CreateChat {
        kind: crate::model::ChatKind::Group,
        name: None,
        unique_name: false,
        members: vec![alice, bob],
        uuid: crate::ids::ChatUuid::random(),
        created_at: None,
    };
    let made = told(vec![Command::CreateChat(new)], app).await;
    assert_eq!(made, [of(alice), of(bob)]);
    let gone = told(vec![Command::DeleteUser(bob)], app).await;
    assert_eq!(gone, [of(bob)]);
}

/// When users were last seen is kept to a minute, and only rises; of a deleted user nothing is.
pub async fn who_was_seen_is_known_to_a_minute(store: &Arc<dyn Store>) {
    let (desk, other) = (Desk::open(store).await, Desk::open(store).await);
    let (alice, bob) = (desk.user("alice").await, desk.user("bob").await);
    let namesake = other.user("alice").await;
    let known = async |desk: &Desk, users: &[UserNumber]| {
        let seen = store.last_seen(desk.application, users).await;
        seen.expect("last_seen")
    };
    let saw = async |users: &[UserNumber], seconds| {
        let saw = store.saw(desk.application, users, NOW.plus_seconds(seconds));
        saw.await.expect("saw");
    };
    saw(&[], 0).await;
    assert_eq!(known(&desk, &[alice, bob]).await, []);
    saw(&[bob, alice, UserNumber(9)], 100).await;
    saw(&[alice], 159).await;
    saw(&[bob], 160).await;
    saw(&[bob], 0).await;
    let seen = [(100, alice), (160, bob)].map(|(at, user)| (user, NOW.plus_seconds(at)));
    let asked = [bob, alice, UserNumber(9), bob];
    assert_eq!(known(&desk, &asked).await, seen);
    assert_eq!(known(&other, &[namesake]).await, []);
    let rename = ChangeUser::default();
    desk.done(vec![Command::ChangeUser(bob, rename)]).await;
    desk.done(vec![Command::DeleteUser(alice)]).await;
    saw(&[alice], 300).await;
    assert_eq!(known(&desk, &asked).await, seen[1..]);
}
