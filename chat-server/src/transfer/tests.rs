//! Both ways on stores in memory.

mod again;
mod round_trip;

use std::io;
use std::sync::Arc;

use chat_core::clock::Timestamp;
use chat_core::commit::{Caller, Post};
use chat_core::ids::{ApplicationId, MessageNumber};
use chat_core::memory::{MemorySearch, MemoryStore};
use chat_core::model::Message;
use chat_core::page::{Limit, Span};
use chat_core::port::{Store, Stores};
use chat_core::seal::Keyring;
use chat_core::service::{NewChat, NewUser};
use chat_core::text::{Body, Name, Username};
use chat_core::{Access, Chat, Parts};
use tokio_util::sync::CancellationToken;

use super::export::{Written, export};
use super::import::{BadLines, End, ImportError, Importer, Tally, Told};
use super::line::{self, BadLine};
use super::source::Source;

struct Backend {
    chat: Chat,
    stores: Stores,
    application: ApplicationId,
}

impl Backend {
    async fn start() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let key = Keyring::new(Keyring::random_key());
        let parts = Parts::new(store.clone(), Arc::new(MemorySearch::new()), key);
        let chat = Chat::start(parts).await.unwrap();
        let name = Name::parse("x").unwrap();
        let made = chat.create_application(name, false, None).await.unwrap();
        let access = made.value.token.into();
        let application = chat.application_id(access).await.unwrap();
        Self {
            chat,
            stores: store.into(),
            application,
        }
    }

    async fn export(&self) -> Vec<u8> {
        self.export_with(false).await.0
    }

    async fn export_with(&self, with_private: bool) -> (Vec<u8>, Written) {
        let mut out = Vec::new();
        let exported = export(
            &self.stores,
            self.application,
            with_private,
            &mut out,
            |_| {},
        );
        let written = exported.await.unwrap();
        (out, written)
    }

    /// Imports, and rings `stop` once so many parts are committed.
    async fn import(
        &self,
        content: &[u8],
        bad_lines: BadLines,
        stop_after: usize,
    ) -> (Tally, Result<End, ImportError>) {
        let source = Source::new(io::Cursor::new(content.to_vec()), None).unwrap();
        let public_id = self
            .chat
            .application(self.application.into())
            .await
            .unwrap()
            .public_id;
        let known = source.beginnings().within(public_id);
        let importer = Importer::start(self.chat.clone(), self.application, known, bad_lines)
            .await
            .unwrap();
        let parts = source.parts(importer.line()).unwrap();
        let stop = CancellationToken::new();
        let mut seen = 0;
        importer
            .run(parts, &stop, |told| {
                if matches!(told, Told::Progress(_)) {
                    seen += 1;
                    if seen >= stop_after {
                        stop.cancel();
                    }
                }
            })
            .await
    }

    async fn take(&self, content: &[u8]) -> Tally {
        let (tally, end) = self.import(content, BadLines::Fail, usize::MAX).await;
        assert_eq!(end.unwrap(), End::Complete);
        tally
    }

    /// Names and messages of all chats, as they are kept in a file.
    async fn contents(&self) -> Vec<(Option<String>, Vec<Message>)> {
        let mut all = Vec::new();
        let chats = &self.stores.chats;
        let mut after = 0;
        loop {
            let page = chats
                .list(self.application, Span::After(after), Limit::MAX)
                .await
                .unwrap();
            for chat in page.items {
                after = chat.number.0;
                let mut messages = Vec::new();
                let mut behind = 0;
                loop {
                    let span = Span::After(behind);
                    let page = self
                        .stores
                        .history
                        .page(chat.id, span, MessageNumber::MAX, true, Limit::MAX)
                        .await
                        .unwrap();
                    messages.extend(page.items);
                    behind = messages.last().map_or(behind, |last| last.number.0);
                    if !page.more {
                        break;
                    }
                }
                for message in &mut messages {
                    message.change = Default::default();
                }
                all.push((chat.name, messages));
            }
            if !page.more {
                return all;
            }
        }
    }
}

/// Lines like `{"chat":"c1","at":…,"author":"a","body":"7"}` in turns over the chats.
fn content(lines: usize, chats: usize) -> Vec<u8> {
    let line = |at: usize| {
        format!(
            "{{\"chat\":\"c{}\",\"at\":\"2004-11-15T12:18:00Z\",\"author\":\"a\",\"body\":\"{at}\"}}\n",
            at % chats
        )
    };
    (0..lines).map(line).collect::<String>().into_bytes()
}

fn bodies(contents: &[(Option<String>, Vec<Message>)]) -> Vec<usize> {
    let messages = contents.iter().flat_map(|(_, messages)| messages);
    let mut bodies: Vec<usize> = messages.map(|one| one.body.parse().unwrap()).collect();
    bodies.sort_unstable();
    bodies
}

#[tokio::test]
async fn a_second_run_finds_nothing_new() {
    let x = Backend::start().await;
    let content = content(2_500, 7);
    let first = x.take(&content).await;
    assert_eq!((first.messages, first.chats, first.line), (2_500, 7, 2_500));
    let again = x.take(&content).await;
    assert_eq!((again.messages, again.chats, again.line), (0, 0, 2_500));
    let contents = x.contents().await;
    assert_eq!(bodies(&contents), (0..2_500).collect::<Vec<_>>());
    let names: Vec<_> = contents
        .iter()
        .map(|(name, _)| name.clone().unwrap())
        .collect();
    assert_eq!(names, ["c0", "c1", "c2", "c3", "c4", "c5", "c6"]);
    assert_eq!(contents[0].1[0].author_name.as_deref(), Some("a"));
    assert_eq!(
        contents[0].1[0].created_at,
        Timestamp(1_100_521_080_000_000)
    );
}

#[tokio::test]
async fn lines_say_who_wrote_and_leave_out_what_is_private() {
    let x = Backend::start().await;
    let access = Access::from(x.application);
    let new = NewUser::named(Username::parse("ann").unwrap());
    let ann = x.chat.create_user(access, new, None).await.unwrap();
    let ann = ann.value.number;
    let open = x
        .chat
        .create_chat(access, Some(Name::parse("open").unwrap()), None);
    let group = x.chat.make_chat(access, NewChat::group(None, [ann]), None);
    let chats = [
        open.await.unwrap().value.number,
        group.await.unwrap().value.chat.number,
    ];
    for chat in chats {
        let post = Post {
            body: Body::parse("hello").unwrap(),
            data: None,
            reply_to: None,
        };
        let by = access.by(Caller::For(ann));
        x.chat.post(by, chat, post, None).await.unwrap();
    }
    let (lines, written) = x.export_with(false).await;
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!((written.chats, written.left_out), (1, 1));
    assert!(lines.contains(r#""author":"ann""#), "{lines}");
    assert_eq!(lines.lines().count(), 1, "{lines}");
    let (lines, written) = x.export_with(true).await;
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!((written.chats, written.left_out), (2, 0));
    assert_eq!(lines.matches(r#""author":"ann""#).count(), 2, "{lines}");
}

#[tokio::test]
async fn chats_are_numbered_in_the_order_of_their_first_lines() {
    let x = Backend::start().await;
    x.take(&content(3_000, 3_000)).await;
    let contents = x.contents().await;
    let found: Vec<&str> = contents
        .iter()
        .map(|(_, all)| all[0].body.as_str())
        .collect();
    let expected: Vec<String> = (0..3_000).map(|at| at.to_string()).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_bad_line_stops_behind_what_is_good_or_is_skipped() {
    let x = Backend::start().await;
    let mut content = content(1_500, 3);
    content.extend(b"{\"chat\":\"c0\",\"body\":\" \"}\n{\"chat\":\"c0\",\"body\":\"1500\"}\n");
    content.extend(b"{\"chat\":\"c0\",\"body\":\"1501\",\"reply_to\":502}\n");
    content.extend(b"{\"chat\":\"c0\",\"body\":\"1501\",\"reply_to\":501}\n");
    for _ in 0..2 {
        let (tally, end) = x.import(&content, BadLines::Fail, usize::MAX).await;
        assert_eq!(tally.line, 1_500);
        assert!(matches!(end, Err(ImportError::Bad { line: 1_501, .. })));
        assert_eq!(bodies(&x.contents().await).len(), 1_500);
    }
    let (tally, end) = x.import(&content, BadLines::Skip, usize::MAX).await;
    assert_eq!(end.unwrap(), End::Complete);
    assert_eq!((tally.messages, tally.skipped, tally.line), (2, 2, 1_504));
    assert_eq!(bodies(&x.contents().await), (0..1_502).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_answer_to_a_later_message_is_a_bad_line() {
    let x = Backend::start().await;
    let (tally, end) = x
        .import(
            b"{\"chat\":\"a\",\"body\":\"1\",\"reply_to\":1}\n",
            BadLines::Fail,
            1,
        )
        .await;
    assert_eq!(tally.line, 0);
    let bad = end.unwrap_err();
    assert!(matches!(
        bad,
        ImportError::Bad {
            line: 1,
            reason: BadLine::Reply(MessageNumber(1))
        }
    ));
}

#[test]
fn a_chat_whose_name_tells_it_has_no_number() {
    let line = line::print(Some("a"), None, None).unwrap();
    assert_eq!(line, b"{\"chat\":\"a\"}\n");
}
