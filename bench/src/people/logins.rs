//! Logins against the bare check of a password, and posts beside logins.

use std::time::{Duration, Instant};

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::house::{Ana, NAME, PASSWORD};
use crate::Failure;
use crate::client::{Client, post};
use crate::corpus::Writer;
use crate::figures::{Latencies, Rounds, row, with_load};
use crate::fill::TOKEN_KEY;
use crate::load::{self, Pace, Requests};
use crate::server::{Binary, Server};

const MOST: f64 = 1.1;
const MOST_BESIDE: f64 = 2.0;
/// Connections that post.
const POSTING: usize = 64;
/// Connections that log in without a pause: more than the one thread that checks passwords can serve.
const LOGGING_IN: usize = 4;

/// Logins, and what they cost others.
#[derive(Debug, Args)]
pub(crate) struct Logins {
    #[command(flatten)]
    binary: Binary,
    /// Rounds of each side, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Logins a round
    #[arg(long, default_value_t = 40)]
    logins: usize,
    /// Seconds of posts a round
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

impl Logins {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let data = tempfile::tempdir()?;
        Ana::at_home(data.path(), 0, 0).await?;
        let key = ["--token-key", TOKEN_KEY].map(str::to_owned);
        let (server, _) = Server::start_with(&self.binary.path()?, data.path(), &key).await?;
        self.logins(&server).await?;
        self.posts(&server).await?;
        server.stop().await?;
        Ok(())
    }

    async fn logins(&self, server: &Server) -> Result<(), Failure> {
        let login = login();
        let mut client = Client::connect(server.address).await?;
        let hash = Argon2::default().hash_password(PASSWORD.as_bytes())?;
        let mut rounds = Rounds::default();
        for round in 0..=self.rounds {
            let (mut ours, mut theirs) = (Latencies::default(), Latencies::default());
            for _ in 0..self.logins {
                let start = Instant::now();
                let reply = client.exchange(&login).await?;
                ours.push(start.elapsed());
                if reply.status != 200 {
                    return Err(format!("a login was answered {}", reply.status).into());
                }
                let start = Instant::now();
                Argon2::default().verify_password(PASSWORD.as_bytes(), &hash)?;
                theirs.push(start.elapsed());
            }
            // The round before the first fills the caches and does not count.
            if round > 0 {
                rounds.push(ours.within(0.5), theirs.within(0.5));
            }
        }
        row([
            "login",
            &format!("{:.1} ms", rounds.ours()),
            &format!("{:.1} ms (one Argon2id check)", rounds.theirs()),
            &format!("{:.2}", rounds.ratio()),
            &format!("≤ {MOST}"),
            &with_load(&format!("{} × {} logins", self.rounds, self.logins)),
        ]);
        Ok(())
    }

    /// At a quarter of what is the most, alone and while all that check passwords are at work.
    async fn posts(&self, server: &Server) -> Result<(), Failure> {
        let path = server.application("posts", 4).await?;
        let mut writer = Writer::new(9);
        let posts: Vec<Requests> = (0..POSTING)
            .map(|place| {
                let path = format!("{path}/chats/{}/messages", 1 + place % 4);
                Requests::new(server.address, &path, &mut writer)
            })
            .collect();
        let time = Duration::from_secs(self.seconds);
        let most = load::run(&posts, Pace::Closed, time).await?.rate();
        let quarter = Pace::Open(most / 4.0);
        let mut p99 = Rounds::default();
        let mut logins = 0;
        for round in 0..=self.rounds {
            let mut alone = load::run(&posts, quarter, time).await?;
            let stop = CancellationToken::new();
            let busy: Vec<_> = (0..LOGGING_IN)
                .map(|_| tokio::spawn(log_in_until(server.address, stop.clone())))
                .collect();
            let mut beside = load::run(&posts, quarter, time).await?;
            stop.cancel();
            for one in busy {
                logins += one.await??;
            }
            let both = (beside.latencies.within(0.99), alone.latencies.within(0.99));
            eprintln!(
                "round {round}: p99 {:.2} ms, alone {:.2} ms",
                both.0, both.1
            );
            // The round before the first fills the caches and does not count.
            if round > 0 {
                p99.push(both.0, both.1);
            }
        }
        let seconds = (self.rounds as u64 + 1) * self.seconds;
        row([
            "p99 of posts beside logins",
            &format!("{:.2} ms", p99.ours()),
            &format!("{:.2} ms (alone)", p99.theirs()),
            &format!("{:.2}", p99.ratio()),
            &format!("≤ {MOST_BESIDE}"),
            &with_load(&format!(
                "{} × {} s at {:.0} posts/s, a quarter of the most; {} logins/s",
                self.rounds,
                self.seconds,
                most / 4.0,
                logins / seconds
            )),
        ]);
        Ok(())
    }
}

fn login() -> Vec<u8> {
    let json = serde_json::json!({ "username": NAME, "password": PASSWORD });
    post("/login", &json.to_string())
}

/// Logs in again and again; how often that was done.
async fn log_in_until(
    address: std::net::SocketAddr,
    stop: CancellationToken,
) -> Result<u64, Failure> {
    let login = login();
    let mut client = Client::connect(address).await?;
    let mut done = 0;
    while !stop.is_cancelled() {
        let reply = client.exchange(&login).await?;
        if reply.status != 200 {
            return Err(format!("a login was answered {}", reply.status).into());
        }
        done += 1;
    }
    Ok(done)
}
