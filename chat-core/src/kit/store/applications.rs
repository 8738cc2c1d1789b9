//! Applications: found by their ids, with names that may be unique.

use std::sync::Arc;

use crate::commit::{Command, Outcome, Refusal};
use crate::ids::{ApplicationId, ChatNumber, Head, PublicId, Token};
use crate::page::{Limit, Span};
use crate::port::{Applications, Chats, Store};

use super::desk::{
    Desk, application, commit, create_chat, is_done, limit, name, new_application, post,
};

const TAKEN: Outcome = Outcome::Refused(Refusal::NameTaken);
const NO_APPLICATION: Outcome = Outcome::Refused(Refusal::ApplicationNotFound);

/// Token, public id and row lead to the same application, and no other token does.
pub async fn an_application_is_found_by_its_ids(store: &Arc<dyn Store>) {
    let desk = Desk::named(store, "Größe 📏", false).await;
    Desk::open(store).await;
    let found = store.by_token(desk.token.hash()).await.expect("by_token");
    let found = found.expect("found");
    assert_eq!((found.name.as_str(), found.is_default), ("Größe 📏", false));
    assert_eq!(found.token.0, desk.token.expose().as_bytes());
    let by_public_id = store.by_public_id(found.public_id).await;
    assert_eq!(by_public_id.expect("by_public_id").as_ref(), Some(&found));
    let by_id = Applications::by_id(&**store, desk.application).await;
    assert_eq!(by_id.expect("by_id"), Some(found));
    let unknown = store.by_token(Token::random().hash()).await;
    assert_eq!(unknown.expect("by_token"), None);
    let unknown = store.by_public_id(PublicId(uuid::Uuid::new_v4())).await;
    assert_eq!(unknown.expect("by_public_id"), None);
}

/// Whatever is asked of a deleted application finds nothing.
pub async fn a_deleted_application_hides_everything(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(2).await;
    let info = desk.info(chat).await;
    let found = store.by_token(desk.token.hash()).await.expect("by_token");
    let public_id = found.expect("found").public_id;
    desk.done(vec![Command::CloseApplication]).await;
    assert_eq!(store.by_token(desk.token.hash()).await.expect("ok"), None);
    assert_eq!(store.by_public_id(public_id).await.expect("ok"), None);
    let by_id = Applications::by_id(&**store, desk.application).await;
    assert_eq!(by_id.expect("ok"), None);
    assert_eq!(desk.find(chat).await, None);
    assert_eq!(Chats::by_id(&**store, info.id).await.expect("ok"), None);
    let chats = Chats::list(&**store, desk.application, Span::After(0), Limit::MAX).await;
    assert!(chats.expect("ok").items.is_empty());
    let changes = store.changes(info.id, Head::START, Limit::MAX, None).await;
    assert_eq!(changes.expect("ok"), None);
    let late = vec![
        post(chat, "late"),
        create_chat(None),
        Command::CloseApplication,
    ];
    assert_eq!(desk.commit(late).await, [NO_APPLICATION; 3]);
}

/// Applications are listed once each, by row, deleted and default ones left out.
pub async fn applications_come_page_by_page(store: &Arc<dyn Store>) {
    commit(
        store,
        vec![new_application(Token::random(), "default", false, true)],
    )
    .await;
    let mut expected = Vec::new();
    for at in 0..7 {
        let desk = Desk::open(store).await;
        if at == 3 {
            desk.done(vec![Command::CloseApplication]).await;
        } else {
            expected.push(desk.application);
        }
    }
    for size in 1..=7 {
        let mut listed: Vec<ApplicationId> = Vec::new();
        loop {
            let after = listed.last().copied().unwrap_or(ApplicationId::ROOT);
            let page = Applications::list(&**store, after, limit(size)).await;
            let page = page.expect("list");
            assert!(page.items.len() <= size);
            listed.extend(page.items.iter().map(|one| one.id));
            if !page.more {
                break;
            }
        }
        assert_eq!(listed, expected, "pages of {size}");
    }
}

/// The default application is made once and cannot be deleted.
pub async fn there_is_one_default_application_and_it_stays(store: &Arc<dyn Store>) {
    assert_eq!(store.default_application().await.expect("ok"), None);
    let token = Token::random();
    let make = || new_application(token, "default", false, true);
    assert!(is_done(&commit(store, vec![make()]).await[0]));
    let refused = [Outcome::Refused(Refusal::DefaultApplication)];
    let other = new_application(Token::random(), "other", false, true);
    assert_eq!(commit(store, vec![other]).await, refused);
    let desk = Desk::of(store, token).await;
    assert_eq!(desk.commit(vec![Command::CloseApplication]).await, refused);
    let found = store.default_application().await.expect("ok");
    let found = found.expect("the default application");
    assert!(found.is_default && found.id == desk.application);
}

/// A unique name is held while its application has it, and no longer.
pub async fn a_unique_name_is_free_again_after_closing_or_renaming(store: &Arc<dyn Store>) {
    let first = Desk::named(store, "one", true).await;
    let make = |name| application(Token::random(), name, true);
    assert_eq!(commit(store, vec![make("one")]).await, [TAKEN]);
    let twin = application(Token::random(), "one", false);
    assert!(is_done(&commit(store, vec![twin]).await[0]));
    let rename = |name| vec![Command::RenameApplication(self::name(name))];
    first.done(rename("two")).await;
    let second = Desk::named(store, "one", true).await;
    assert_eq!(second.commit(rename("two")).await, [TAKEN]);
    second.done(rename("one")).await;
    first.done(vec![Command::CloseApplication]).await;
    second.done(rename("two")).await;
    let found = store.by_token(second.token.hash()).await.expect("ok");
    assert_eq!(found.expect("found").name, "two");
    assert_eq!(
        commit(store, vec![make("three"), make("three")]).await[1],
        TAKEN
    );
}

/// An application that does not hold its name cannot free it, and one that is refused neither.
pub async fn closing_frees_no_name_of_another(store: &Arc<dyn Store>) {
    Desk::named(store, "held", true).await;
    let twin = Desk::named(store, "held", false).await;
    let token = Token::random();
    commit(store, vec![new_application(token, "kept", true, true)]).await;
    let default = Desk::of(store, token).await;
    let outcomes = commit(
        store,
        vec![
            twin.ask(Command::CloseApplication),
            application(Token::random(), "held", true),
            default.ask(Command::CloseApplication),
            application(Token::random(), "kept", true),
        ],
    )
    .await;
    assert!(is_done(&outcomes[0]));
    assert_eq!(outcomes[1], TAKEN);
    assert_eq!(outcomes[3], TAKEN);
}

/// A default application that is refused for its name does not count as made.
pub async fn a_refused_default_application_leaves_room_for_one(store: &Arc<dyn Store>) {
    Desk::named(store, "held", true).await;
    let outcomes = commit(
        store,
        vec![
            new_application(Token::random(), "held", true, true),
            new_application(Token::random(), "free", true, true),
        ],
    )
    .await;
    assert_eq!(outcomes[0], TAKEN);
    assert!(is_done(&outcomes[1]), "{outcomes:?}");
}

/// Names that are freed in a batch can be taken in it, in whatever order rows are written.
pub async fn names_can_be_swapped_in_one_batch(store: &Arc<dyn Store>) {
    let left = Desk::named(store, "left", true).await;
    let right = Desk::named(store, "right", true).await;
    let rename = |desk: &Desk, to| desk.ask(Command::RenameApplication(name(to)));
    let outcomes = commit(
        store,
        vec![
            rename(&left, "spare"),
            rename(&right, "left"),
            rename(&left, "right"),
        ],
    )
    .await;
    assert!(outcomes.iter().all(is_done), "{outcomes:?}");
    let token = Token::random();
    let outcomes = commit(
        store,
        vec![
            left.ask(Command::CloseApplication),
            application(token, "right", true),
        ],
    )
    .await;
    assert!(outcomes.iter().all(is_done), "{outcomes:?}");
    let made = Desk::of(store, token).await;
    assert_eq!(
        right
            .commit(vec![Command::RenameApplication(name("right"))])
            .await,
        [TAKEN]
    );
    made.done(vec![create_chat(None)]).await;
}

/// Random ids that are taken all the same fail the batch as a whole.
pub async fn ids_that_are_taken_write_nothing(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let batch = crate::commit::Batch {
        requests: vec![
            desk.ask(create_chat(None)),
            application(desk.token, "again", false),
        ],
        sinks: Vec::new(),
    };
    let failed = store.commit(Arc::new(batch), super::desk::NOW).await;
    let kind = failed.map_err(|error| error.kind());
    assert_eq!(kind, Err(crate::error::ErrorKind::AlreadyExists));
    assert_eq!(desk.find(ChatNumber(1)).await, None);
    assert_eq!(desk.chat().await, ChatNumber(1));
}
