//! What goes out comes in the same.

use chat_core::clock::Timestamp;
use chat_core::commit::{Edit, Import, Imported, Post, SourceHash};
use chat_core::ids::{ChatNumber, MessageNumber};
use chat_core::page::{Limit, Span};
use chat_core::text::{Body, Data, Name};
use proptest::prelude::*;

use super::Backend;

#[derive(Debug, Clone)]
enum Step {
    Chat(Option<String>),
    Post(prop::sample::Index, String, Option<String>, bool),
    Import(prop::sample::Index, Option<String>, Option<String>, i64),
    Edit(prop::sample::Index, prop::sample::Index, String),
    Delete(prop::sample::Index, prop::sample::Index),
    Rename(prop::sample::Index, Option<String>),
    Close(prop::sample::Index),
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,4}",
        "\\PC{1,20}",
        Just("a\n\"b\"\\\u{2028}\t ".to_owned())
    ]
    .prop_filter("not blank", |text| Body::parse(text.clone()).is_ok())
}

fn name() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop_oneof!["[ab]", text()])
}

fn data() -> impl Strategy<Value = Option<String>> {
    const TEXTS: [&str; 4] = [
        "{}",
        "{\"a\": 1.0e2}",
        "{\n}",
        " {\"b\":\"\\n\\u00e9\"}\r\n",
    ];
    prop::option::of(prop::sample::select(&TEXTS[..]).prop_map(str::to_owned))
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        3 => name().prop_map(Step::Chat),
        6 => (index(), text(), data(), any::<bool>()).prop_map(|(a, b, c, d)| Step::Post(a, b, c, d)),
        4 => (index(), prop::option::of(text()), name(), -62_167_219_200_000_000..=Timestamp::MAX.0)
            .prop_map(|(a, b, c, d)| Step::Import(a, b, c, d)),
        2 => (index(), index(), text()).prop_map(|(a, b, c)| Step::Edit(a, b, c)),
        2 => (index(), index()).prop_map(|(a, b)| Step::Delete(a, b)),
        1 => (index(), name()).prop_map(|(a, b)| Step::Rename(a, b)),
        1 => index().prop_map(Step::Close),
    ]
}

/// Does what the steps say, as far as it makes sense.
async fn play(x: &Backend, steps: Vec<Step>) {
    let access = x.application.into();
    let parse = |text: Option<String>| text.map(|text| Name::parse(text).unwrap());
    for (at, step) in steps.into_iter().enumerate() {
        let page = x.chat.chats(access, Span::After(0), Limit::MAX).await;
        let chats = page.unwrap().items;
        let chat = |index: prop::sample::Index| {
            let found = (!chats.is_empty()).then(|| &chats[index.index(chats.len())]);
            found.map_or((ChatNumber(1), 0), |chat| {
                (chat.number, chat.cursor.head.number.0)
            })
        };
        let one = |last: u64, index: prop::sample::Index| {
            MessageNumber(1 + index.index(usize::try_from(last.max(1)).unwrap()) as u64)
        };
        // What the rules refuse changes nothing.
        match step {
            Step::Chat(name) => drop(x.chat.create_chat(access, parse(name), None).await),
            Step::Post(index, body, data, answers) => {
                let (number, last) = chat(index);
                let post = Post {
                    body: Body::parse(body).unwrap(),
                    data: data.map(|data| Data::parse(data).unwrap()),
                    reply_to: (answers && last > 0).then_some(MessageNumber(last)),
                };
                drop(x.chat.post(access, number, post, None).await);
            }
            Step::Import(index, body, author, micros) => {
                let (number, _) = chat(index);
                let imported = Imported {
                    sender: None,
                    read_by: Vec::new(),
                    deleted_at: body.is_none().then_some(Timestamp(micros)),
                    body: body.map(|body| Body::parse(body).unwrap()),
                    author_name: parse(author),
                    data: None,
                    reply_to: None,
                    created_at: Some(Timestamp(micros)),
                    edited_at: (micros % 2 == 0).then_some(Timestamp(micros)),
                };
                let import = Import {
                    source: SourceHash([u8::try_from(at).unwrap(); 32]),
                    from: 0,
                    to: 1,
                    messages: vec![(number, imported)],
                };
                drop(x.chat.import(access, import).await);
            }
            Step::Edit(index, number, body) => {
                let (chat, last) = chat(index);
                let edit = Edit {
                    number: one(last, number),
                    body: Some(Body::parse(body).unwrap()),
                    data: None,
                };
                drop(x.chat.edit(access, chat, edit).await);
            }
            Step::Delete(index, number) => {
                let (chat, last) = chat(index);
                drop(x.chat.delete(access, chat, one(last, number)).await);
            }
            Step::Rename(index, name) => {
                drop(x.chat.rename_chat(access, chat(index).0, parse(name)).await);
            }
            Step::Close(index) => drop(x.chat.delete_chat(access, chat(index).0).await),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_exported_and_imported_is_the_same(steps in prop::collection::vec(step(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (x, y) = (Backend::start().await, Backend::start().await);
            play(&x, steps).await;
            let exported = x.export().await;
            y.take(&exported).await;
            prop_assert_eq!(x.contents().await, y.contents().await);
            let again = y.take(&exported).await;
            prop_assert_eq!((again.messages, again.chats), (0, 0));
            prop_assert_eq!(x.contents().await, y.contents().await);
            Ok(())
        })?;
    }
}
