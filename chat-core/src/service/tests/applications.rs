//! Applications that come, stay and go.

use super::*;

#[tokio::test]
async fn a_deleted_application_is_gone_at_once_and_erased() {
    let (chat, shop, room) = start().await;
    chat.post(shop.token.into(), room.number, post("secret"), None)
        .await
        .unwrap();
    let id = chat.application_id(shop.token.into()).await.unwrap();
    chat.delete_application(shop.token.into()).await.unwrap();
    for access in [Access::from(shop.token), Access::from(id)] {
        assert!(matches!(
            chat.application(access).await,
            Err(ChatError::ApplicationNotFound)
        ));
        let refused = chat.post(access, room.number, post("late"), None).await;
        assert!(matches!(refused, Err(ChatError::ApplicationNotFound)));
    }
    chat.purge().await.unwrap();
    let left = chat.inner.stores.upkeep.closed(Limit::MAX).await.unwrap();
    assert!(left.is_empty());
    let name = Name::parse("shop").unwrap();
    chat.create_application(name, true, None)
        .await
        .expect("the name is free again");
}

#[tokio::test]
async fn the_default_application_is_made_once_and_stays() {
    let parts = Parts::in_memory();
    let (stores, keyring) = (parts.stores.clone(), parts.keyring.clone());
    let first = Chat::start(parts).await.unwrap();
    let token = first.default_application().await.unwrap().token;
    let again = Parts {
        stores,
        keyring,
        ..Parts::in_memory()
    };
    let second = Chat::start(again).await.unwrap();
    assert_eq!(second.default_application().await.unwrap().token, token);
    let refused = second.delete_application(token.into()).await;
    assert!(matches!(refused, Err(ChatError::DefaultApplication)));
}

#[tokio::test]
async fn an_application_that_cannot_be_opened_keeps_no_other_from_the_list() {
    let parts = Parts::in_memory();
    let stores = parts.stores.clone();
    let (chat, shop, _) = start_with(parts).await;
    let foreign = Chat::start(Parts {
        stores,
        ..Parts::in_memory()
    });
    let foreign = foreign.await.unwrap();
    let name = |text: &str| Name::parse(text).unwrap();
    for text in ["a", "b", "c"] {
        foreign
            .create_application(name(text), false, None)
            .await
            .unwrap();
    }
    let last = chat.create_application(name("last"), false, None);
    let last = last.await.unwrap().value;
    let (mut after, mut found) = (ApplicationId::ROOT, Vec::new());
    loop {
        let page = chat
            .applications(after, Limit::new(1).unwrap())
            .await
            .unwrap();
        for (id, tenant) in page.items {
            after = id;
            found.push(tenant.public_id);
        }
        if !page.more {
            break;
        }
    }
    assert_eq!(found, [shop.public_id, last.public_id]);
}
