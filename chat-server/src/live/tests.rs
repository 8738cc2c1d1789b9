use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use chat_core::commit::Post;
use chat_core::live::{News, Rest};
use chat_core::text::{Body, Name};
use chat_core::{Access, Chat, Parts};
use futures_util::{FutureExt, StreamExt};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, advance, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;

use super::handshake::config;
use super::socket::converse;
use super::talk::{Guest, Said, Talk, Work};
use super::{Over, Pace};
use crate::api::testing::noise::put;

/// Says what it hears, and takes this time for it: the clock stands still but for that.
struct Echo(Duration);

impl Talk for Echo {
    async fn told(&mut self, news: News, _: &Arc<Guest>) -> Said {
        advance(self.0).await;
        let word = match news {
            News::CaughtUp => "caught_up",
            _ => "news",
        };
        Said::frame(word.into())
    }

    fn heard(&mut self, frame: &str, _: Option<&Arc<Guest>>) -> Work {
        let (said, after) = (Said::frame(frame.to_owned().into()), self.0);
        async move {
            advance(after).await;
            said
        }
        .boxed()
    }

    fn puzzled(&mut self) -> Utf8Bytes {
        "no text".into()
    }

    fn beat(&mut self, _: &Guest) -> Vec<Utf8Bytes> {
        vec!["beat".into()]
    }

    fn bye(&mut self, over: Over) -> Option<Utf8Bytes> {
        over.code().map(Utf8Bytes::from_static)
    }
}

/// A conversation with whoever holds the other end.
async fn begin(
    talk: Echo,
    first: Said,
    stopping: CancellationToken,
) -> (DuplexStream, tokio::task::JoinHandle<()>) {
    let (client, server) = duplex(1 << 20);
    let socket = WebSocketStream::from_raw_socket(server, Role::Server, Some(config())).await;
    let ends = (stopping, CancellationToken::new());
    let conversation = converse(socket, talk, first, Pace::default(), ends);
    (client, tokio::spawn(conversation))
}

/// What a server says when it hears these bytes and nothing more: frames without masks.
async fn said_to(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    said_by(Echo(Duration::ZERO), bytes).await
}

async fn said_by(talk: Echo, bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let (mut client, conversation) = begin(talk, Said::default(), CancellationToken::new()).await;
    client.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    conversation.await.expect("it never panics");
    let (mut frames, mut rest) = (Vec::new(), &answer[..]);
    while let [first, length, more @ ..] = rest {
        assert_eq!(first & 0xf0, 0x80, "whole frames alone");
        let (length, more) = match (length, more) {
            (126, [high, low, more @ ..]) => (u16::from_be_bytes([*high, *low]).into(), more),
            (short, more) => (usize::from(*short), more),
        };
        frames.push((first & 0x0f, more[..length].to_vec()));
        rest = &more[length..];
    }
    assert!(rest.is_empty());
    frames
}

fn run<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, opcode, payload);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_end_with_a_close_code(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let frames = run(said_to(&bytes));
        let last = frames.last().map(|(opcode, _)| *opcode);
        prop_assert_eq!(last, Some(8), "{:?}", frames);
    }

    #[test]
    fn any_frames_are_answered_or_end_with_a_close_code(
        frames in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..200)), 0..8),
    ) {
        let bytes: Vec<u8> = frames.iter().flat_map(|(opcode, payload)| frame(*opcode, payload)).collect();
        let frames = run(said_to(&bytes));
        let last = frames.last().map(|(opcode, _)| *opcode);
        prop_assert_eq!(last, Some(8), "{:?}", frames);
    }
}

#[test]
fn frames_are_answered_in_their_order() {
    let bytes: Vec<u8> = ["a", "b", "c"]
        .iter()
        .flat_map(|text| frame(0x81, text.as_bytes()))
        .collect();
    let said = run(said_to(&bytes));
    // Then it waits for a hello that does not come.
    assert_eq!(texts(&said), [&b"a"[..], b"b", b"c", b"no_hello"]);
}

#[test]
fn what_takes_longer_than_the_time_for_a_hello_is_answered() {
    let slow = Echo(2 * Pace::default().hello);
    let said = run(said_by(slow, &frame(0x81, b"hello")));
    assert_eq!(texts(&said), [&b"hello"[..], b"no_hello"]);
}

fn texts(frames: &[(u8, Vec<u8>)]) -> Vec<&[u8]> {
    let texts = frames.iter().filter(|(opcode, _)| *opcode == 1);
    texts.map(|(_, text)| &text[..]).collect()
}

/// Somebody who listens with the token of a new application.
async fn guest(chat: &Chat) -> Arc<Guest> {
    let shop = Name::parse("shop").unwrap();
    let made = chat.create_application(shop, true, None).await.unwrap();
    let access = Access::from(made.value.token);
    let application = chat.application_id(access).await.unwrap();
    let nearby = Ipv4Addr::LOCALHOST.into();
    Arc::new(
        Guest::come(chat, application, access, nearby)
            .await
            .unwrap(),
    )
}

#[tokio::test(start_paused = true)]
async fn news_of_many_chats_at_once_are_all_told() {
    let chat = Chat::start(Parts::in_memory()).await.unwrap();
    let guest = guest(&chat).await;
    let mut cursors = Vec::new();
    for _ in 0..40 {
        let made = chat.create_chat(guest.access, None, None).await.unwrap();
        cursors.push((made.value.number, Some(made.value.cursor)));
        let post = Post {
            body: Body::parse("hello").unwrap(),
            data: None,
            reply_to: None,
        };
        let posted = chat.post(guest.access, made.value.number, post, None).await;
        posted.unwrap();
    }
    guest.listener.follow(&cursors, Rest::Later).await.unwrap();
    // While the first is told the others come to wait.
    let slow = Echo(Duration::from_millis(10));
    let (client, _conversation) = begin(slow, Said::guest(guest), CancellationToken::new()).await;
    let mut client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
    let mut told = Vec::new();
    while told.last().is_none_or(|last| *last != "caught_up") {
        let next = timeout(Duration::from_secs(5), client.next()).await;
        let next = next.unwrap_or_else(|_| panic!("only {} were told", told.len()));
        told.push(next.unwrap().unwrap().into_text().unwrap());
    }
    assert_eq!(told.len(), 41);
}

#[tokio::test(start_paused = true)]
async fn who_gives_no_sign_of_life_is_a_ghost() {
    let chat = Chat::start(Parts::in_memory()).await.unwrap();
    let first = Said::guest(guest(&chat).await);
    let began = Instant::now();
    let (mut ghost, conversation) =
        begin(Echo(Duration::ZERO), first, CancellationToken::new()).await;
    let mut said = Vec::new();
    ghost.read_to_end(&mut said).await.unwrap();
    conversation.await.unwrap();
    let (heartbeat, lasted) = (Pace::default().heartbeat, began.elapsed());
    assert!(
        lasted > heartbeat && lasted < 3 * heartbeat + Duration::from_secs(10),
        "{lasted:?}"
    );
    assert!(said.windows(6).any(|word| word == b"silent"));
    assert_eq!(chat.listeners(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_answer_is_not_silent() {
    let chat = Chat::start(Parts::in_memory()).await.unwrap();
    let first = Said::guest(guest(&chat).await);
    let slow = Echo(2 * Pace::default().heartbeat);
    let (mut client, conversation) = begin(slow, first, CancellationToken::new()).await;
    client.write_all(&frame(0x81, b"hello")).await.unwrap();
    let mut said = Vec::new();
    client.read_to_end(&mut said).await.unwrap();
    conversation.await.unwrap();
    let at = |word: &[u8]| said.windows(word.len()).position(|part| part == word);
    assert!(at(b"hello").is_some_and(|hello| Some(hello) < at(b"silent")));
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_goodbye_is_cut_when_it_has_to_be() {
    let (stopping, kill) = (CancellationToken::new(), CancellationToken::new());
    let (client, server) = duplex(1);
    let socket = WebSocketStream::from_raw_socket(server, Role::Server, Some(config())).await;
    let (ends, pace) = ((stopping.clone(), kill.clone()), Pace::default());
    let talk = Echo(Duration::ZERO);
    let conversation = tokio::spawn(converse(socket, talk, Said::default(), pace, ends));
    stopping.cancel();
    let mut conversation = std::pin::pin!(conversation);
    let before = timeout(pace.farewell / 2, conversation.as_mut()).await;
    assert!(before.is_err(), "it has time for a farewell");
    kill.cancel();
    let after = timeout(pace.farewell / 100, conversation).await;
    after.expect("it is over").unwrap();
    drop(client);
}
