//! What is moved.

use std::sync::Arc;

use crate::commit::{Caller, Command, CreateChat, GiveToken, Import, Imported, Mark, SourceHash};
use crate::ids::{ChatNumber, ChatUuid, MessageNumber, OperationId, SessionId, Token, UserNumber};
use crate::kit::store::desk::{
    Desk, NOW, commit, create_chat, delete, edit, new_application, post, reply,
};
use crate::kit::store::devices::put;
use crate::memory::MemoryStore;
use crate::model::{ChatKind, Session};
use crate::port::Store;
use crate::seal::Sealed;
use crate::text::Body;

pub(super) const ALICE: UserNumber = UserNumber(1);
pub(super) const BOB: UserNumber = UserNumber(2);
pub(super) const GROUP: ChatNumber = ChatNumber(4);
pub(super) const DIRECT: ChatNumber = ChatNumber(5);

/// A store in memory with something of everything, and the tokens of its applications: the default one first, a deleted one last.
pub(super) async fn filled() -> (Arc<MemoryStore>, [Token; 3]) {
    let memory = Arc::new(MemoryStore::new());
    let store: Arc<dyn Store> = memory.clone();
    let tokens = [Token::random(), Token::random(), Token::random()];
    let asks = [
        new_application(tokens[0], "default", false, true),
        new_application(tokens[1], "Ünal 🧵 ", true, false),
        new_application(tokens[2], "gone", true, false),
    ];
    commit(&store, asks.into()).await;
    for token in tokens {
        let desk = Desk::of(&store, token).await;
        desk.commit(vec![create_chat(Some("a chat ")), create_chat(None)])
            .await;
        let (one, empty) = (ChatNumber(1), ChatNumber(2));
        let asks = (0..7).map(|text| post(one, &format!(" {text} 日本 🧵 ")));
        desk.done(asks.collect()).await;
        desk.done(vec![
            reply(one, 2, "answer"),
            delete(one, 3),
            edit(one, 7, "new"),
        ])
        .await;
        let third = desk.chat_of(5).await;
        desk.done(vec![Command::CloseChat(empty), edit(third, 1, "other")])
            .await;
        let mut ask = desk.ask_once("a-key", post(one, "once"));
        ask.operation = Some(OperationId::random());
        commit(&store, vec![ask]).await;
        desk.done(vec![import(one)]).await;
        people(&desk).await;
    }
    let gone = Desk::of(&store, tokens[2]).await;
    gone.done(vec![Command::CloseApplication]).await;
    (memory, tokens)
}

/// Two users with a group and a chat of their own, and one who was deleted while it was in the group.
async fn people(desk: &Desk) {
    for name in ["Älice", "bob", "carol"] {
        desk.user(name).await;
    }
    let carol = UserNumber(3);
    assert_eq!(desk.group(&[ALICE, BOB, carol]).await, GROUP);
    let direct = Command::CreateChat(CreateChat {
        created_at: None,
        kind: ChatKind::Direct,
        name: None,
        unique_name: false,
        members: vec![BOB],
        uuid: ChatUuid::random(),
    });
    desk.done_by(Caller::User(ALICE), vec![direct]).await;
    for user in [ALICE, BOB, carol, ALICE] {
        desk.done_by(Caller::User(user), vec![post(GROUP, "hello")])
            .await;
    }
    let mark = Mark {
        delivered: Some(MessageNumber(2)),
        read: Some(MessageNumber(1)),
    };
    let read = Command::Read(GROUP, MessageNumber(4));
    let asks = vec![Command::Mark(GROUP, mark), read, Command::Hide(DIRECT)];
    desk.done_by(Caller::User(BOB), asks).await;
    let token = GiveToken {
        hash: Token::random().hash(),
        sealed: Sealed(vec![7; 9]),
    };
    for (users, seconds) in [([ALICE, carol], 70), ([BOB, carol], 140)] {
        let at = NOW.plus_seconds(seconds);
        let saw = desk.store.saw(desk.application, &users, at).await;
        saw.expect("saw");
    }
    desk.done(vec![
        put(ALICE, "phone", "QQ=="),
        put(ALICE, "desk", "Qg=="),
        put(carol, "phone", "Qw=="),
        Command::GiveToken(BOB, token),
        Command::DeleteUser(carol),
    ])
    .await;
    let session = Session {
        id: SessionId(uuid::Uuid::new_v4()),
        token: Token::random().hash(),
        application: desk.application,
        user: ALICE,
        device: Some("a phone".to_owned()),
        created_at: NOW,
        expires_at: NOW.plus_seconds(9),
    };
    let opened = desk.store.open_session(&session, NOW).await;
    assert!(opened.expect("open_session"));
}

fn import(chat: ChatNumber) -> Command {
    let line = Imported {
        sender: None,
        read_by: Vec::new(),
        body: Some(Body::parse("line").expect("a body")),
        author_name: None,
        data: None,
        reply_to: None,
        created_at: None,
        edited_at: Some(NOW),
        deleted_at: None,
    };
    Command::Import(Import {
        source: SourceHash(Token::random().hash().0),
        from: 0,
        to: 1,
        messages: vec![(chat, line)],
    })
}
