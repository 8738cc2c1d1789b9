//! Commits: numbers, tombstones, times, texts.

use std::sync::Arc;

use uuid::Uuid;

use crate::commit::{Command, Edit, Outcome, Post, Refusal, Request, Scope};
use crate::ids::{ApplicationId, Change, ChatNumber, MessageNumber, Token};
use crate::port::{Moved, Store};
use crate::text::{Body, Data};

use super::desk::{
    Desk, NOW, commit, commit_at, create_chat, delete, edit, head, is_done, new_application,
    number, post, reply,
};

/// Refused commands in the middle of a batch leave no hole and spoil no neighbour.
pub async fn numbers_are_dense_and_refused_commands_take_none(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (chat, missing) = (desk.chat().await, ChatNumber(9));
    let outcomes = desk
        .commit(vec![
            post(chat, "one"),
            post(missing, "nowhere"),
            post(chat, "two"),
            edit(chat, 7, "nothing"),
            reply(chat, 8, "to nothing"),
            delete(chat, 3),
            post(chat, "three"),
        ])
        .await;
    let numbers: Vec<_> = outcomes.iter().filter_map(number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let refused = |at: usize, refusal| assert_eq!(outcomes[at], Outcome::Refused(refusal));
    refused(1, Refusal::ChatNotFound(missing));
    refused(3, Refusal::MessageNotFound(MessageNumber(7)));
    refused(4, Refusal::ReplyNotFound(MessageNumber(8)));
    refused(5, Refusal::MessageNotFound(MessageNumber(3)));
    let info = desk.info(chat).await;
    assert_eq!((info.head, info.messages_count), (head(3, 0), 3));
    let numbers = desk
        .messages(chat)
        .await
        .into_iter()
        .map(|one| one.number.0);
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3]);
}

/// A commit names the chats whose head moved, with the heads, and no others.
pub async fn what_moved_is_told(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let (one, two) = (desk.chat_of(2).await, desk.chat().await);
    let ask = |commands: Vec<Command>| commands.into_iter().map(|one| desk.ask(one)).collect();
    let commands = vec![
        create_chat(None),
        post(one, "x"),
        edit(one, 1, "y"),
        delete(two, 1),
    ];
    let committed = commit_at(store, ask(commands), NOW).await;
    let moved = Moved {
        application: desk.application,
        chat: desk.info(one).await.id,
        from: head(2, 0),
        to: head(3, 1),
    };
    assert_eq!(committed.moved, [moved]);
    let refused = commit_at(store, ask(vec![delete(two, 1)]), NOW).await;
    assert!(refused.moved.is_empty());
}

/// Deleting takes text and data away, once, and leaves the number.
pub async fn a_deleted_message_leaves_a_tombstone(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(3).await;
    let data = Some(Some(Data::parse("{\"a\":1}").expect("data")));
    let number = MessageNumber(2);
    let body = None;
    desk.done(vec![Command::Edit(chat, Edit { number, body, data })])
        .await;
    desk.done(vec![delete(chat, 2)]).await;
    let gone = desk.message(chat, 2).await.expect("a tombstone");
    assert_eq!((gone.body.as_str(), &gone.data), ("", &None));
    assert_eq!((gone.deleted_at, gone.change), (Some(NOW), Change(2)));
    let refused = Outcome::Refused(Refusal::MessageNotFound(number));
    let late = vec![delete(chat, 2), edit(chat, 2, "back")];
    assert_eq!(desk.commit(late).await, [refused.clone(), refused]);
    let info = desk.info(chat).await;
    assert_eq!((info.head, info.messages_count), (head(3, 2), 2));
    desk.done(vec![post(chat, "four")]).await;
    assert_eq!(desk.info(chat).await.head, head(4, 2));
}

/// An edit writes over the text, the data, or both, or takes the data away, and leaves everything else.
pub async fn an_edit_changes_what_it_names(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(2).await;
    let before = desk.message(chat, 1).await.expect("the message");
    let later = NOW.plus_seconds(5);
    commit_at(store, vec![desk.ask(edit(chat, 1, "new"))], later).await;
    let mut expected = before.clone();
    expected.body = "new".to_owned();
    expected.edited_at = Some(later);
    expected.change = Change(1);
    assert_eq!(desk.message(chat, 1).await, Some(expected.clone()));
    let data = Edit {
        number: MessageNumber(1),
        body: None,
        data: Some(Some(Data::parse("{\"b\": [2]}").expect("data"))),
    };
    commit_at(store, vec![desk.ask(Command::Edit(chat, data))], later).await;
    expected.data = Some("{\"b\": [2]}".to_owned());
    expected.change = Change(2);
    assert_eq!(desk.message(chat, 1).await, Some(expected.clone()));
    commit_at(store, vec![desk.ask(edit(chat, 1, "newer"))], later).await;
    expected.body = "newer".to_owned();
    expected.change = Change(3);
    assert_eq!(desk.message(chat, 1).await, Some(expected.clone()));
    let no_data = Edit {
        number: MessageNumber(1),
        body: None,
        data: Some(None),
    };
    let ask = desk.ask(Command::Edit(chat, no_data));
    commit_at(store, vec![ask], later).await;
    expected.data = None;
    expected.change = Change(4);
    assert_eq!(desk.message(chat, 1).await, Some(expected));
}

/// Commands see what the ones before them in the batch did.
pub async fn a_message_can_be_posted_edited_and_deleted_in_one_batch(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat_of(1).await;
    let outcomes = desk
        .commit(vec![
            post(chat, "two"),
            post(chat, "three"),
            edit(chat, 2, "two, edited"),
            edit(chat, 1, "one, edited"),
            delete(chat, 3),
            edit(chat, 3, "gone"),
            edit(chat, 2, "two, edited twice"),
        ])
        .await;
    assert_eq!(outcomes.iter().filter(|one| is_done(one)).count(), 6);
    let found: Vec<_> = desk
        .messages(chat)
        .await
        .into_iter()
        .map(|one| (one.number.0, one.change.0, one.is_deleted(), one.body))
        .collect();
    let expected = [
        (1, 2, false, "one, edited".to_owned()),
        (2, 4, false, "two, edited twice".to_owned()),
        (3, 3, true, String::new()),
    ];
    assert_eq!(found, expected);
    let info = desk.info(chat).await;
    assert_eq!((info.head, info.messages_count), (head(3, 4), 2));
}

/// An answer names a message that has a number by then, a tombstone too.
pub async fn a_reply_needs_a_message_before_it(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let outcomes = desk
        .commit(vec![
            reply(chat, 1, "to itself"),
            post(chat, "one"),
            reply(chat, 1, "two"),
            delete(chat, 1),
            reply(chat, 1, "three"),
        ])
        .await;
    let refused = Outcome::Refused(Refusal::ReplyNotFound(MessageNumber(1)));
    assert_eq!(outcomes[0], refused);
    assert!(outcomes[1..].iter().all(is_done), "{outcomes:?}");
    for number in [2, 3] {
        let answer = desk.message(chat, number).await.expect("the answer");
        assert_eq!(answer.reply_to, Some(MessageNumber(1)));
    }
}

/// Scopes by token and by row meet in the same rows, in one batch.
pub async fn a_token_and_a_row_name_one_application(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let by_token = |command| Request::new(Scope::Token(desk.token.hash()), command);
    let outcomes = commit(
        store,
        vec![
            by_token(post(chat, "one")),
            desk.ask(post(chat, "two")),
            by_token(edit(chat, 2, "two, edited")),
            desk.ask(edit(chat, 1, "one, edited")),
            by_token(create_chat(None)),
            desk.ask(create_chat(None)),
        ],
    )
    .await;
    assert!(outcomes.iter().all(is_done), "{outcomes:?}");
    assert_eq!(desk.info(chat).await.head, head(2, 2));
    assert!(desk.find(ChatNumber(3)).await.is_some());
    assert_eq!(desk.find(ChatNumber(4)).await, None);
}

/// What belongs to no application is refused, its neighbours are not.
pub async fn an_unknown_scope_is_no_application(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let ask = |scope| Request::new(scope, create_chat(None));
    let outcomes = commit(
        store,
        vec![
            ask(Scope::Token(Token::random().hash())),
            ask(Scope::Application(ApplicationId(i64::MAX))),
            ask(Scope::Root),
            desk.ask(create_chat(None)),
        ],
    )
    .await;
    let refused = Outcome::Refused(Refusal::ApplicationNotFound);
    assert_eq!(outcomes[..3], [refused.clone(), refused.clone(), refused]);
    assert!(is_done(&outcomes[3]));
}

/// When the clock goes back, a chat's times stand still.
pub async fn times_never_decrease(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    for (at, command) in [
        (10, post(chat, "one")),
        (-50, post(chat, "two")),
        (-60, edit(chat, 1, "edited")),
        (-70, delete(chat, 2)),
        (5, post(chat, "three")),
        (20, post(chat, "four")),
    ] {
        commit_at(store, vec![desk.ask(command)], NOW.plus_seconds(at)).await;
    }
    let messages = desk.messages(chat).await;
    let created: Vec<_> = messages.iter().map(|one| one.created_at).collect();
    let (ten, twenty) = (NOW.plus_seconds(10), NOW.plus_seconds(20));
    assert_eq!(created, [ten, ten, ten, twenty]);
    assert_eq!(messages[0].edited_at, Some(ten));
    assert_eq!(messages[1].deleted_at, Some(ten));
    assert_eq!(desk.info(chat).await.updated_at, twenty);
}

/// Texts come back byte for byte.
pub async fn texts_stay_exact(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chat = desk.chat().await;
    let long = "\u{10FFFF}x".repeat(13_000);
    let texts = [
        "👩‍👩‍👧‍👦 🇩🇪 𝕏 \u{1F3F4}\u{E0067}\u{E007F}",
        "שָׁלוֹם \u{202E}abc\u{202C} مُحَمَّد",
        "e\u{301} is not é",
        "'; DROP TABLE messages; -- \" ` \\ % _ \\0 \\n",
        " \t spaces and\r\nlines \n ",
        "\u{FEFF}\u{200B}x\u{1}\u{7F}",
        &long,
    ];
    let data = Data::parse("{ \"k\" : \"\\u00e9 \\ud83d\\ude00\", \"n\": 1.0e2 }").expect("data");
    let posts = texts.iter().map(|text| {
        let body = Body::parse(*text).expect("a body");
        let post = Post {
            body,
            data: Some(data.clone()),
            reply_to: None,
        };
        Command::Post(chat, post)
    });
    desk.done(posts.collect()).await;
    for (found, text) in desk.messages(chat).await.iter().zip(texts) {
        assert_eq!(found.body, text);
        assert_eq!(found.data.as_deref(), Some(data.as_str()));
    }
    assert_eq!(desk.messages(chat).await.len(), texts.len());
}

/// Messages of the default application have ascending integer ids, in all its chats together.
pub async fn messages_get_ids_in_the_default_application_alone(store: &Arc<dyn Store>) {
    let token = Token::from(Uuid::new_v4());
    commit(store, vec![new_application(token, "default", false, true)]).await;
    let (default, other) = (Desk::of(store, token).await, Desk::open(store).await);
    let (one, two) = (default.chat().await, default.chat().await);
    let chat = other.chat_of(2).await;
    for text in ["a", "b"] {
        default.done(vec![post(one, text), post(two, text)]).await;
    }
    let mut ids = Vec::new();
    for chat in [one, two] {
        let found = default.messages(chat).await;
        assert!(found[0].ext_id < found[1].ext_id);
        ids.extend(found.iter().filter_map(|message| message.ext_id));
    }
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() == 4 && ids[0] >= 1, "{ids:?}");
    default.done(vec![edit(one, 1, "edited")]).await;
    let edited = default.message(one, 1).await.expect("the message");
    assert!(ids.contains(&edited.ext_id.expect("its id")));
    let none = other.messages(chat).await;
    assert!(none.iter().all(|message| message.ext_id.is_none()));
}

/// A batch may hold thousands of commands over many chats.
pub async fn a_large_batch_is_one_commit(store: &Arc<dyn Store>) {
    let desk = Desk::open(store).await;
    let chats: Vec<ChatNumber> = (1..=40).map(ChatNumber).collect();
    desk.done(chats.iter().map(|_| create_chat(None)).collect())
        .await;
    let mut commands = Vec::new();
    for at in 0..50 {
        commands.extend(chats.iter().map(|chat| post(*chat, &at.to_string())));
    }
    for chat in &chats {
        commands.extend([edit(*chat, 1, "edited"), delete(*chat, 50)]);
    }
    desk.done(commands).await;
    for chat in chats {
        let info = desk.info(chat).await;
        assert_eq!((info.head, info.messages_count), (head(50, 2), 49));
    }
}
