//! `…/export`: everything there is, to take away.

use chat_core::error::ChatError;
use chat_core::ids::ChatNumber;
use chat_core::model::UserView;
use chat_core::page::{Limit, Span};
use chat_core::service::{Access, Chat, Reader};
use serde::Serialize;
use utoipa::ToSchema;

use super::search::FoundMessage;
use super::shapes::{ForUser, InApplication};
use super::state::{State, only_knows, query};
use super::status::Native;
use super::users::UserJson;
use super::view::{ChatJson, Time};
use crate::api::lists::message_page;
use crate::http::call::Call;
use crate::http::reply::Response;
use crate::http::stream::{Pump, PumpError, pumped};

/// The keys of so many users are told together: twenty each may have, of four kilobytes.
const AT_ONCE: usize = 50;

/// One line.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[schema(as = Exported)]
pub(super) enum LineJson {
    /// A user.
    User(UserJson),
    /// A key that the user before it gave out for a device.
    Key(KeyJson),
    /// A chat; its messages follow.
    Chat(ChatJson),
    /// A message.
    Message(FoundMessage),
}

/// A key of a device, as its user gave it out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportedKey)]
pub(super) struct KeyJson {
    /// The user's number.
    #[schema(minimum = 1)]
    user: u64,
    /// What the user calls the device.
    device: String,
    /// In base64.
    key: String,
    /// Since when it is this one.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

/// Everything there is, one object a line: for the application its users with their keys, then each chat with its messages by number; for a user
/// himself and all chats that he takes part in. Each chat is told up to where it stands when its turn comes.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/export", tag = "applications", operation_id = "export",
    params(InApplication, ForUser),
    responses((status = 200, description = "Lines of JSON", body = LineJson, content_type = "application/x-ndjson")),
)]
pub(super) async fn export(state: State, call: Call) -> Result<Response, Native> {
    let head = &call.head;
    let access = state.enter(head).await?;
    state.chat().application_id(access).await?;
    only_knows(&query(head)?, &[])?;
    let chat = state.chat().clone();
    let patience = state.gate.patience;
    Ok(pumped(
        head,
        "application/x-ndjson",
        patience,
        move |pump| async move {
            let lines = Lines { chat, access, pump };
            match access.caller().user() {
                Some(user) => {
                    let user = lines.chat.user(access, user).await.map_err(failed)?;
                    lines.told_users(vec![user]).await?;
                    lines.own_chats().await?;
                }
                None => {
                    lines.users().await?;
                    lines.chats().await?;
                }
            }
            Ok::<_, PumpError>(lines.pump)
        },
    ))
}

fn failed(error: ChatError) -> PumpError {
    PumpError::failed(error)
}

/// Lines on their way.
struct Lines {
    chat: Chat,
    access: Access,
    pump: Pump,
}

impl Lines {
    async fn send(&self, lines: Vec<LineJson>) -> Result<(), PumpError> {
        let mut bytes = Vec::with_capacity(lines.len() * 256);
        for line in lines {
            serde_json::to_writer(&mut bytes, &line).map_err(PumpError::failed)?;
            bytes.push(b'\n');
        }
        if bytes.is_empty() {
            return Ok(());
        }
        Ok(self.pump.send(bytes).await?)
    }

    async fn users(&self) -> Result<(), PumpError> {
        let mut after = 0;
        loop {
            let page = self.chat.users(self.access, Span::After(after), Limit::MAX);
            let page = page.await.map_err(failed)?;
            after = page.items.last().map_or(after, |last| last.number.0);
            let mut users = page.items;
            while !users.is_empty() {
                let rest = users.split_off(users.len().min(AT_ONCE));
                self.told_users(std::mem::replace(&mut users, rest)).await?;
            }
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Users, each with the keys of his devices behind him.
    async fn told_users(&self, users: Vec<UserView>) -> Result<(), PumpError> {
        let numbers: Vec<_> = users.iter().map(|user| user.number).collect();
        let keys = self.chat.device_keys(self.access, &numbers).await;
        let mut keys = keys.map_err(failed)?.into_iter().peekable();
        let mut lines = Vec::with_capacity(users.len());
        for user in users {
            let number = user.number;
            lines.push(LineJson::User(user.into()));
            while let Some((_, key)) = keys.next_if(|(of, _)| *of == number) {
                lines.push(LineJson::Key(KeyJson {
                    user: number.0,
                    device: key.device,
                    key: key.key,
                    created_at: Time(key.created_at),
                }));
            }
        }
        self.send(lines).await
    }

    async fn chats(&self) -> Result<(), PumpError> {
        let mut after = 0;
        loop {
            let page = self.chat.chats(self.access, Span::After(after), Limit::MAX);
            let page = page.await.map_err(failed)?;
            for chat in &page.items {
                after = chat.number.0;
                self.chat(chat.number).await?;
            }
            if !page.more {
                return Ok(());
            }
        }
    }

    async fn own_chats(&self) -> Result<(), PumpError> {
        let mut after = None;
        loop {
            let page = self.chat.part_in(self.access, after, Limit::MAX);
            let page = page.await.map_err(failed)?;
            for (place, number) in &page.items {
                after = Some(*place);
                self.chat(*number).await?;
            }
            if !page.more {
                return Ok(());
            }
        }
    }

    /// A chat with its messages; one that is gone meanwhile is left out.
    async fn chat(&self, number: ChatNumber) -> Result<(), PumpError> {
        match self.chat.chat(self.access, number).await {
            Ok(reader) => self.told(&reader).await,
            Err(ChatError::ChatNotFound(_) | ChatError::NotAMember | ChatError::Removed) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    async fn told(&self, reader: &Reader) -> Result<(), PumpError> {
        let chat = reader.view();
        let number = chat.number;
        self.send(vec![LineJson::Chat(chat.into())]).await?;
        let mut after = 0;
        loop {
            let page = reader.messages(Span::After(after), false, message_page());
            let page = match page.await {
                Ok(page) => page,
                Err(ChatError::Removed) => return Ok(()),
                Err(error) => return Err(failed(error)),
            };
            after = page.items.last().map_or(after, |last| last.number.0);
            let lines = page.items.into_iter();
            let lines = lines.map(|one| LineJson::Message(FoundMessage::new(number, one)));
            self.send(lines.collect()).await?;
            if !page.more {
                return Ok(());
            }
        }
    }
}
