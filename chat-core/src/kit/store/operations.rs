//! Operations: what came through the queue happens once, and what became of it is recorded.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::commit::{Command, Operation, Outcome, Refusal, Request, Scope};
use crate::ids::{ApplicationId, ChatNumber, OperationId, Token};
use crate::port::Store;

use super::desk::{Desk, NOW, commit, commit_at, create_chat, limit, number, post};

fn operation(desk: &Desk, id: OperationId, command: Command) -> Request {
    Request {
        operation: Some(id),
        ..desk.ask(command)
    }
}

async fn recorded(store: &Arc<dyn Store>, id: OperationId) -> Option<Operation> {
    let mut found = store.operations(&[id]).await.expect("operations");
    assert!(found.len() <= 1);
    found.pop()
}

/// One that comes again, in the same batch or later, is answered as the first time and changes nothing.
pub async fn an_operation_happens_once(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let id = OperationId::random();
    let ask = || operation(&desk, id, post(chat, "once"));
    let first = commit(store, vec![ask(), ask()]).await;
    assert_eq!(number(&first[0]), Some(1));
    assert_eq!(first[0], first[1]);
    let again = commit_at(store, vec![ask()], NOW.plus_seconds(60)).await;
    assert_eq!(again.outcomes[0], first[0]);
    assert!(again.moved.is_empty());
    assert_eq!(desk.messages(chat).await.len(), 1);
    let expected = Operation {
        id,
        application: desk.application,
        outcome: first[0].clone(),
        at: NOW,
    };
    assert_eq!(recorded(store, id).await, Some(expected));
}

/// A refusal is recorded too: it stands when what was missing is there later.
pub async fn a_refused_operation_stays_refused(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = ChatNumber(1);
    let id = OperationId::random();
    let ask = || vec![operation(&desk, id, post(chat, "early"))];
    let refused = Outcome::Refused(Refusal::ChatNotFound(chat));
    assert_eq!(commit(store, ask()).await[0], refused);
    assert_eq!(desk.chat().await, chat);
    assert_eq!(commit(store, ask()).await[0], refused);
    let found = recorded(store, id).await.expect("a record");
    assert_eq!(
        (found.application, found.outcome),
        (desk.application, refused)
    );
}

/// Whoever has no application belongs to none.
pub async fn an_operation_without_an_application_is_recorded(store: &Arc<dyn Store>) {
    let id = OperationId::random();
    let scope = Scope::Token(Token::random().hash());
    let ask = Request {
        operation: Some(id),
        ..Request::new(scope, create_chat(None))
    };
    let refused = Outcome::Refused(Refusal::ApplicationNotFound);
    assert_eq!(commit(store, vec![ask]).await[0], refused);
    let found = recorded(store, id).await.expect("a record");
    assert_eq!(
        (found.application, found.outcome),
        (ApplicationId::ROOT, refused)
    );
}

/// Those that are not committed are not there.
pub async fn only_what_is_committed_is_recorded(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let ids = [
        OperationId::random(),
        OperationId::random(),
        OperationId::random(),
    ];
    let ask = |id| operation(&desk, id, create_chat(None));
    commit(store, vec![ask(ids[0]), ask(ids[2])]).await;
    let found = store.operations(&ids).await.expect("operations");
    let found: BTreeSet<_> = found.iter().map(|operation| operation.id).collect();
    assert_eq!(found, BTreeSet::from([ids[0], ids[2]]));
    assert_eq!(store.operations(&[]).await.expect("operations"), []);
}

/// They are forgotten with the keys.
pub async fn operations_are_forgotten_bit_by_bit(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let ids: Vec<_> = (0..5).map(|_| OperationId::random()).collect();
    for (at, id) in (0..).zip(&ids) {
        let ask = operation(&desk, *id, create_chat(None));
        commit_at(store, vec![ask], NOW.plus_seconds(at)).await;
    }
    let mut gone = 0;
    loop {
        let step = store
            .forget(NOW.plus_seconds(3), limit(2))
            .await
            .expect("forget");
        assert!(step.rows <= 2);
        gone += step.rows;
        if !step.more {
            break;
        }
    }
    assert_eq!(gone, 3);
    let mut left = store.operations(&ids).await.expect("operations");
    left.sort_by_key(|operation| operation.at);
    let left: Vec<_> = left.iter().map(|operation| operation.id).collect();
    assert_eq!(left, ids[3..]);
}
