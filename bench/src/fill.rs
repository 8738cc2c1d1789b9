//! Applications and long chats for measurements, through the ports.

use std::sync::Arc;

use chat_core::clock::Timestamp;
use chat_core::commit::{Batch, Command, Import, Imported, Request, Scope, Sink, SourceHash};
use chat_core::ids::{ApplicationId, ChatNumber};
use chat_core::memory::MemorySearch;
use chat_core::page::Limit;
use chat_core::port::{Store, Stores};
use chat_core::seal::Keyring;
use chat_core::text::{Body, Name};
use chat_core::{Chat, Parts};

use crate::Failure;
use crate::corpus::Writer;

/// Messages one commit takes over.
const PART: u64 = 10_000;

/// The key that tokens are sealed under, as the server takes it: nothing here is secret.
pub(crate) const TOKEN_KEY: &str =
    "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0";
/// The same, for what is made here.
pub(crate) const KEY: [u8; 32] = [0xc0; 32];

/// The first application, made with so many chats when there is none.
pub(crate) async fn application(
    store: &Arc<dyn Store>,
    chats: u64,
) -> Result<ApplicationId, Failure> {
    let one = Limit::new(1).ok_or("a limit of one")?;
    let stores = Stores::from(store.clone());
    let known = stores.applications.list(ApplicationId(0), one).await?;
    if let Some(application) = known.items.first() {
        return Ok(application.id);
    }
    let search = Arc::new(MemorySearch::new());
    let chat = Chat::start(Parts::new(store.clone(), search, Keyring::new(KEY))).await?;
    let made = chat
        .create_application(Name::parse("bench")?, true, None)
        .await?;
    let token = made.value.token;
    for _ in 0..chats {
        chat.create_chat(token.into(), None, None).await?;
    }
    chat.stop().await;
    let application = store.by_token(token.hash()).await?;
    Ok(application.ok_or("the application is missing")?.id)
}

/// Fills a chat up to so many messages, going on where an earlier run stopped.
pub(crate) async fn chat(
    stores: &Stores,
    application: ApplicationId,
    chat: ChatNumber,
    messages: u64,
    sinks: &[Sink],
) -> Result<(), Failure> {
    let mut hash = [0; 32];
    hash[24..].copy_from_slice(&chat.0.to_be_bytes());
    let source = SourceHash(hash);
    let mut from = stores.upkeep.imported(source).await?;
    let mut writer = Writer::new(from ^ chat.0 << 32);
    while from < messages {
        let to = (from + PART).min(messages);
        let mut lines = Vec::with_capacity(PART as usize);
        for _ in from..to {
            let imported = Imported {
                sender: None,
                read_by: Vec::new(),
                body: Some(Body::parse(writer.message())?),
                author_name: None,
                data: None,
                reply_to: None,
                created_at: None,
                edited_at: None,
                deleted_at: None,
            };
            lines.push((chat, imported));
        }
        let import = Import {
            source,
            from,
            to,
            messages: lines,
        };
        let request = Request::new(Scope::Application(application), Command::Import(import));
        let batch = Batch {
            requests: vec![request],
            sinks: sinks.to_vec(),
        };
        stores
            .commit
            .commit(Arc::new(batch), Timestamp(1_700_000_000_000_000))
            .await?;
        from = to;
        if from % 1_000_000 == 0 {
            eprintln!("{from} of {messages} messages written");
        }
    }
    let found = stores.chats.get(application, chat).await?;
    match found.map(|chat| chat.head.number.0) {
        Some(head) if head == messages => Ok(()),
        other => Err(format!("the chat has {other:?} messages").into()),
    }
}
