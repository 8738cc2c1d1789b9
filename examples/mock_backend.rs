//! How your code behaves when a backend fails: one port is replaced by a double, the rest works.
//!
//! `cargo run -p examples --example mock_backend`

use std::error::Error;
use std::sync::Arc;

use chat_core::error::{BackendError, ChatError, ErrorKind};
use chat_core::ids::MessageNumber;
use chat_core::port::MockHistory;
use chat_core::text::Name;
use chat_core::{Access, Chat, Parts};

/// The code under test: what a host shows in place of a message.
async fn shown(chat: &Chat, access: Access) -> String {
    let read = async {
        let room = chat
            .chat(access, "1".parse().expect("1 is a number"))
            .await?;
        room.message(MessageNumber(1)).await
    };
    match read.await {
        Ok(message) => message.body,
        Err(ChatError::Unavailable(_)) => "Messages are back in a moment.".to_owned(),
        Err(error) => error.to_string(),
    }
}

async fn with_a_failing_history() -> Result<(Chat, Access), Box<dyn Error>> {
    let mut history = MockHistory::new();
    history
        .expect_get()
        .returning(|_, _| Err(BackendError::new(ErrorKind::Unavailable, "mock", "get")));
    let mut parts = Parts::in_memory();
    parts.stores.history = Arc::new(history);
    let chat = Chat::start(parts).await?;
    let shop = chat
        .create_application(Name::parse("shop")?, true, None)
        .await?
        .value;
    chat.create_chat(shop.token.into(), None, None).await?;
    Ok((chat, shop.token.into()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (chat, access) = with_a_failing_history().await?;
    println!("{}", shown(&chat, access).await);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failing_store_is_told_kindly() {
        let (chat, access) = with_a_failing_history().await.unwrap();
        assert_eq!(shown(&chat, access).await, "Messages are back in a moment.");
    }
}
