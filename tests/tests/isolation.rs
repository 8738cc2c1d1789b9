//! Nothing of an application can be read, found, counted or changed through another's token.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chat_core::commit::{Edit, Import, SourceHash};
use chat_core::error::ChatError;
use chat_core::ids::{ChatNumber, MessageNumber, Token};
use chat_core::page::{Limit, Span};
use chat_core::text::{Body, IdempotencyKey, Name};
use chat_core::{Access, Chat, Parts};
use tests::{embedded, post};

const SECRET: &str = "the plans of the other house";

async fn application(chat: &Chat, name: &str) -> Access {
    let name = Name::parse(name).unwrap();
    let made = chat.create_application(name, true, None).await.unwrap();
    made.value.token.into()
}

/// A chat with a secret in the first application; the second has no chat, the third has one.
async fn cannot_be_reached(chat: &Chat) {
    let owner = application(chat, "owner").await;
    let key = IdempotencyKey::parse("k").unwrap();
    let room = chat
        .create_chat(owner, None, Some(&key))
        .await
        .unwrap()
        .value;
    let first = chat
        .post(owner, room.number, post(SECRET).unwrap(), Some(&key))
        .await
        .unwrap();
    let stranger = application(chat, "stranger").await;
    let nobody = Access::from(Token::random());

    for access in [stranger, nobody] {
        let (one, number) = (room.number, first.value.number);
        assert!(gone(chat.chat(access, one).await.err()));
        assert!(gone(
            chat.post(access, one, post("x").unwrap(), None).await.err()
        ));
        assert!(gone(
            chat.post(access, one, post(SECRET).unwrap(), Some(&key))
                .await
                .err()
        ));
        let body = Some(Body::parse("x").unwrap());
        let edit = Edit {
            number,
            body,
            data: None,
        };
        assert!(gone(chat.edit(access, one, edit).await.err()));
        assert!(gone(chat.delete(access, one, number).await.err()));
        assert!(gone(chat.rename_chat(access, one, None).await.err()));
        assert!(gone(chat.delete_chat(access, one).await.err()));
        let source = SourceHash([1; 32]);
        let import = Import {
            source,
            from: 0,
            to: 1,
            messages: vec![(one, imported())],
        };
        assert!(gone(chat.import(access, import).await.err()));
    }
    let listed = chat
        .chats(stranger, Span::After(0), Limit::MAX)
        .await
        .unwrap();
    assert!(listed.items.is_empty());
    assert!(matches!(
        chat.chats(nobody, Span::After(0), Limit::MAX).await,
        Err(ChatError::ApplicationNotFound)
    ));
    assert_eq!(chat.application(stranger).await.unwrap().chats_count, 0);

    // The same numbers in another application are other things, and so is the same key.
    let own = chat.create_chat(stranger, None, Some(&key)).await.unwrap();
    assert!(!own.replayed);
    let reader = chat.chat(stranger, own.value.number).await.unwrap();
    assert!(matches!(
        reader.message(MessageNumber(1)).await,
        Err(ChatError::MessageNotFound(_))
    ));
    assert!(reader.changes(Some(room.cursor), Limit::MAX).await.is_err());

    let untouched = chat.chat(owner, room.number).await.unwrap();
    assert_eq!(
        untouched.message(MessageNumber(1)).await.unwrap().body,
        SECRET
    );
    assert_eq!(untouched.view().messages_count, 1);
    chat.stop().await;
}

fn imported() -> chat_core::commit::Imported {
    chat_core::commit::Imported {
        sender: None,
        read_by: Vec::new(),
        body: Some(Body::parse("x").unwrap()),
        author_name: None,
        data: None,
        reply_to: None,
        created_at: None,
        edited_at: None,
        deleted_at: None,
    }
}

fn gone(error: Option<ChatError>) -> bool {
    match error {
        Some(ChatError::ApplicationNotFound) => true,
        Some(ChatError::ChatNotFound(number)) => number == ChatNumber(1),
        _ => false,
    }
}

#[tokio::test]
async fn a_foreign_token_reaches_nothing_in_memory() {
    cannot_be_reached(&Chat::start(Parts::in_memory()).await.unwrap()).await;
}

#[tokio::test]
async fn a_foreign_token_reaches_nothing_on_files() {
    let folder = tempfile::tempdir().unwrap();
    cannot_be_reached(&embedded(folder.path()).await.unwrap()).await;
}
