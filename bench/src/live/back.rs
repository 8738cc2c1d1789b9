//! All sockets are cut, and come back to be told what they missed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::Args;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use super::socket::Socket;
use super::{SOCKETS as OPEN, figure};
use crate::Failure;
use crate::client::Client;
use crate::figures::{row, with_load};
use crate::fill::TOKEN_KEY;
use crate::people::Ana;
use crate::process::{anonymous, mib};
use crate::server::{Binary, Server};

/// So many sockets are opened at once.
const AT_ONCE: usize = 256;
/// Sockets of one user, and chats of one user.
const SOCKETS: usize = 20;
const CHATS: usize = 2;
/// What was needed for a moment is given back.
const CALM: Duration = Duration::from_secs(5);
const READS: &str = "chat_live_reads_total ";

/// All sockets are cut, and come back to be told what they missed.
#[derive(Debug, Args)]
pub(super) struct Back {
    #[command(flatten)]
    binary: Binary,
    /// Users, each with 20 sockets and in 2 groups
    #[arg(long, default_value_t = 500)]
    users: usize,
    /// Groups
    #[arg(long, default_value_t = 100)]
    groups: usize,
    /// Messages that each socket misses, in both groups together
    #[arg(long, default_value_t = 20)]
    missed: usize,
    /// Seconds over which they come back
    #[arg(long, default_value_t = 9)]
    seconds: u64,
}

type Cursors = BTreeMap<String, String>;

/// What one socket was told when it came back.
#[derive(Default)]
struct Told {
    lost: u64,
    doubled: u64,
    done: Option<Instant>,
}

impl Back {
    pub(super) async fn run(&self) -> Result<(), Failure> {
        let data = tempfile::tempdir()?;
        let sockets = self.users * SOCKETS;
        let more = [
            "--max-connections".into(),
            (sockets + 100).to_string(),
            "--sockets-per-user".into(),
            (2 * SOCKETS).to_string(),
            "--sockets-per-address".into(),
            (2 * sockets).to_string(),
            "--token-key".into(),
            TOKEN_KEY.into(),
        ];
        let ana = Ana::at_home(data.path(), 0, 0).await?;
        let (server, _) = Server::start_with(&self.binary.path()?, data.path(), &more).await?;
        let application = format!("/api/v1/applications/{}", ana.application);
        let tokens = self.people(&server, &application).await?;
        let address = server.address;

        let open = async |place: usize| enter(address, &tokens[place / SOCKETS]).await;
        let mut open: Vec<Socket> = stream::iter(0..sockets)
            .map(open)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut client = Client::connect(address).await?;
        self.post(&mut client, &application, 1).await?;
        for socket in &mut open {
            for _ in 0..CHATS {
                socket.until(r#""type":"message""#).await?;
            }
        }
        let before = anonymous(server.pid())?;
        drop(open);
        let cursors = self.cursors(&mut client, &application).await?;
        while figure(&mut client, OPEN).await? > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.post(&mut client, &application, self.missed / CHATS)
            .await?;
        let reads = figure(&mut client, READS).await?;

        let start = Instant::now();
        let back = async |place: usize| {
            let due = self.seconds as f64 * place as f64 / sockets as f64;
            tokio::time::sleep_until((start + Duration::from_secs_f64(due)).into()).await;
            let user = place / SOCKETS;
            let mine = self.chats_of(user).map(|chat| chat.to_string());
            let mine = mine.map(|chat| (chat.clone(), cursors[&chat].clone()));
            let mine = mine.collect();
            come_back(address, &tokens[user], mine, self.missed / CHATS).await
        };
        let back: Vec<(Socket, Told)> = stream::iter(0..sockets)
            .map(back)
            .buffer_unordered(sockets)
            .try_collect()
            .await?;
        let (mut lost, mut doubled, mut done) = (0, 0, start);
        for (_, told) in &back {
            lost += told.lost;
            doubled += told.doubled;
            done = told.done.map_or(done, |at| at.max(done));
        }
        let took = (done - start).as_secs_f64();
        let reads = figure(&mut client, READS).await? - reads;
        tokio::time::sleep(CALM).await;
        let after = anonymous(server.pid())?;
        drop(back);
        server.stop().await?;
        row([
            &format!(
                "{sockets} sockets come back, {} messages missed each",
                self.missed
            ),
            &format!("{took:.1} s, {lost} lost, {doubled} doubled"),
            "–",
            "–",
            "≤ 10 s, none, none",
            &with_load(&format!(
                "{reads} reads of the store for {} chats; {:.0} MiB before, {:.0} MiB after",
                self.groups,
                mib(before),
                mib(after)
            )),
        ]);
        Ok(())
    }

    /// The numbers of the groups that a user is in.
    fn chats_of(&self, user: usize) -> impl Iterator<Item = usize> + use<> {
        let half = self.groups / CHATS;
        (0..CHATS).map(move |part| 1 + part * half + (user / (1 + part * 7)) % half)
    }

    /// The tokens of all users, who are in their groups then.
    async fn people(&self, server: &Server, application: &str) -> Result<Vec<String>, Failure> {
        let mut client = Client::connect(server.address).await?;
        let mut tokens = Vec::new();
        let mut members = vec![Vec::new(); self.groups];
        for user in 0..self.users {
            let name = json!({ "username": format!("user{user}") });
            let made = asked(&mut client, &format!("{application}/users"), &name).await?;
            let number = made["number"].clone();
            for chat in self.chats_of(user) {
                members[chat - 1].push(number.clone());
            }
            let whose = json!({ "user": number });
            let opened = asked(&mut client, &format!("{application}/sessions"), &whose).await?;
            tokens.push(opened["token"].as_str().unwrap_or_default().to_owned());
        }
        for members in members {
            let group = json!({ "kind": "group", "members": members });
            asked(&mut client, &format!("{application}/chats"), &group).await?;
        }
        Ok(tokens)
    }

    /// Posts so many messages into each group.
    async fn post(
        &self,
        client: &mut Client,
        application: &str,
        each: usize,
    ) -> Result<(), Failure> {
        for chat in 1..=self.groups {
            for message in 0..each {
                let body = json!({ "body": format!("message {message} of those that are told") });
                asked(
                    client,
                    &format!("{application}/chats/{chat}/messages"),
                    &body,
                )
                .await?;
            }
        }
        Ok(())
    }

    /// Where each group stands.
    async fn cursors(&self, client: &mut Client, application: &str) -> Result<Cursors, Failure> {
        let mut cursors = Cursors::new();
        for chat in 1..=self.groups {
            let reply = client.get(&format!("{application}/chats/{chat}")).await?;
            let shown: Value = serde_json::from_slice(&reply.body)?;
            let cursor = shown["cursor"].as_str().unwrap_or_default();
            cursors.insert(chat.to_string(), cursor.to_owned());
        }
        Ok(cursors)
    }
}

async fn asked(client: &mut Client, path: &str, body: &Value) -> Result<Value, Failure> {
    let reply = client.post(path, &body.to_string()).await?;
    if reply.status != 201 {
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        return Err(format!("{path} was answered {}: {body}", reply.status).into());
    }
    Ok(serde_json::from_slice(&reply.body)?)
}

/// A socket that is told what happens.
async fn enter(address: SocketAddr, token: &str) -> Result<Socket, Failure> {
    let mut socket = Socket::open(address, &format!("/ws?token={token}")).await?;
    socket.say(r#"{"type":"ping"}"#).await?;
    socket.until(r#""type":"pong""#).await?;
    Ok(socket)
}

/// Comes back with these cursors, behind the first message of each chat, and is told `each` of each.
async fn come_back(
    address: SocketAddr,
    token: &str,
    cursors: Cursors,
    each: usize,
) -> Result<(Socket, Told), Failure> {
    let mut socket = Socket::open(address, &format!("/ws?token={token}")).await?;
    let resume = json!({ "type": "resume", "after": cursors });
    socket.say(&resume.to_string()).await?;
    let mut next: BTreeMap<u64, u64> = BTreeMap::new();
    let mut told = Told::default();
    loop {
        let frame: Value = serde_json::from_slice(socket.text().await?)?;
        match frame["type"].as_str() {
            Some("message") => {
                let message = &frame["message"];
                let chat = message["conversationId"].as_u64().unwrap_or_default();
                let number = message["number"].as_u64().unwrap_or_default();
                let next = next.entry(chat).or_insert(2);
                told.doubled += u64::from(number < *next);
                told.lost += number.saturating_sub(*next);
                *next = number + 1;
            }
            Some("caught_up") => break,
            Some("ready" | "heads") => {}
            other => return Err(format!("{other:?} was told: {frame}").into()),
        }
    }
    told.done = Some(Instant::now());
    for chat in cursors.keys() {
        let next = next.get(&chat.parse()?).copied().unwrap_or(2);
        told.lost += (each as u64 + 2).saturating_sub(next);
    }
    Ok((socket, told))
}
