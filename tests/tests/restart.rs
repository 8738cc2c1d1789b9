//! What was acknowledged is there after a restart, and goes on where it stood.

use chat_core::Access;
use chat_core::error::ChatError;
use chat_core::page::{Limit, Span};
use chat_core::text::{IdempotencyKey, Name};
use tests::{embedded, post};

#[tokio::test]
async fn numbers_keys_and_cursors_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let key = IdempotencyKey::parse("once").unwrap();
    let chat = embedded(folder.path()).await.unwrap();
    let name = Name::parse("shop").unwrap();
    let shop = chat
        .create_application(name, true, None)
        .await
        .unwrap()
        .value;
    let access = Access::from(shop.token);
    let room = chat.create_chat(access, None, None).await.unwrap().value;
    let first = chat
        .post(access, room.number, post("one").unwrap(), Some(&key))
        .await
        .unwrap();
    chat.stop().await;
    drop(chat);

    let chat = embedded(folder.path()).await.unwrap();
    let again = chat
        .post(access, room.number, post("one").unwrap(), Some(&key))
        .await
        .unwrap();
    assert!(again.replayed);
    assert_eq!(again.value, first.value);
    let other = chat
        .post(access, room.number, post("two").unwrap(), Some(&key))
        .await;
    assert!(matches!(other, Err(ChatError::KeyReused)));
    let second = chat
        .post(access, room.number, post("two").unwrap(), None)
        .await
        .unwrap();
    assert_eq!(second.value.number.0, 2);
    let reader = chat.chat(access, room.number).await.unwrap();
    let feed = reader.changes(Some(room.cursor), Limit::MAX).await.unwrap();
    assert_eq!(feed.items.len(), 2);
    let page = reader
        .messages(Span::After(0), false, Limit::MAX)
        .await
        .unwrap();
    let bodies: Vec<&str> = page
        .items
        .iter()
        .map(|message| message.body.as_str())
        .collect();
    assert_eq!(bodies, ["one", "two"]);
    assert_eq!(chat.application(access).await.unwrap().token, shop.token);
    chat.stop().await;
}
