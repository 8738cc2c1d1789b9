//! `user`: the users of the default application, for whoever runs the server.

use std::io::{BufRead, stdin};
use std::process::ExitCode;

use chat_core::ids::{ApplicationId, Token, UserNumber};
use chat_core::model::{Application, User};
use chat_core::page::{Limit, Span};
use chat_core::password::Password;
use chat_core::service::{Access, UserChange};
use chat_core::text::Username;
use clap::Subcommand;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::beside::Beside;
use super::{Failure, say};
use crate::config::Settings;
use crate::wiring::{Indexing, Node, Reader, WiringError};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print number and name of every user of the default application
    List,
    /// Give a user another password, read from a line of the standard input: all its sessions end, and its lasting token
    Password {
        /// What it is called by
        #[arg(value_name = "NAME", value_parser = |text: &str| Username::parse(text))]
        name: Username,
    },
    /// End all sessions of a user; its lasting token stays
    Logout {
        /// What it is called by
        #[arg(value_name = "NAME", value_parser = |text: &str| Username::parse(text))]
        name: Username,
    },
}

impl Command {
    pub(super) fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, async {
            match self {
                Self::List => list(settings).await?,
                Self::Password { name } => password(settings, &name).await?,
                Self::Logout { name } => logout(settings, &name).await?,
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

async fn home(store: &Reader) -> Result<Application, Failure> {
    let found = store.stores.applications.default_application().await?;
    Ok(found.ok_or("there is no default application yet: a server makes it when it starts")?)
}

/// The default application, and its user with this name.
async fn find(store: &Reader, name: &Username) -> Result<(Application, User), Failure> {
    let home = home(store).await?;
    let users = &store.stores.users;
    let found = users.user_by_name(home.id, &name.folded()).await?;
    Ok((home, found.ok_or("nobody is called so")?))
}

async fn list(settings: &Settings) -> Result<(), Failure> {
    let store = Reader::open(settings).await?;
    let home = home(&store).await?.id;
    let mut after = 0;
    loop {
        let span = Span::After(after);
        let page = store
            .stores
            .users
            .users_page(home, span, Limit::MAX)
            .await?;
        for user in page.items {
            after = user.number.0;
            say::line(format_args!("{:>9}  {}", user.number, user.username))?;
        }
        if !page.more {
            return Ok(());
        }
    }
}

/// Who changes users: this process, or the server that has the database.
enum Hand {
    Here(Node),
    There(Beside, Token),
}

impl Hand {
    async fn of(settings: &Settings, store: &Reader, home: &Application) -> Result<Self, Failure> {
        match Node::start_for_command(settings, Indexing::Later).await {
            Ok(node) => Ok(Self::Here(node)),
            Err(error) => Self::beside(settings, store, home, error),
        }
    }

    fn beside(
        settings: &Settings,
        store: &Reader,
        home: &Application,
        error: WiringError,
    ) -> Result<Self, Failure> {
        let Some(holder) = error.holder() else {
            return Err(error.into());
        };
        let server = Beside::find(settings, holder)?;
        let token = store.token(home)?;
        super::aside(format_args!("{}: asking it", super::sentence(&error)));
        Ok(Self::There(server, token))
    }

    async fn set_password(
        &self,
        home: ApplicationId,
        user: UserNumber,
        password: &str,
    ) -> Result<(), Failure> {
        match self {
            Self::Here(node) => {
                let change = UserChange {
                    password: Some(Password::parse(password)?),
                    ..UserChange::default()
                };
                let changed = node.chat.change_user(Access::from(home), user, change);
                Ok(changed.await.map(drop)?)
            }
            Self::There(server, token) => {
                let path = format!("{}/users/{user}", place(*token));
                let body = json!({ "password": password });
                expect(server, Method::PATCH, &path, Some(body), None).await?;
                Ok(())
            }
        }
    }

    /// How many sessions ended.
    async fn log_out(&self, home: ApplicationId, user: UserNumber) -> Result<u64, Failure> {
        match self {
            Self::Here(node) => Ok(node.chat.end_sessions(home.into(), user).await?),
            Self::There(server, token) => {
                let sessions = format!("{}/sessions", place(*token));
                let mut ended = 0;
                loop {
                    let list = expect(server, Method::GET, &sessions, None, Some(user)).await?;
                    let list: Vec<Listed> = serde_json::from_slice(&list)?;
                    if list.is_empty() {
                        return Ok(ended);
                    }
                    for one in list {
                        let path = format!("{sessions}/{}", one.id);
                        expect(server, Method::DELETE, &path, None, Some(user)).await?;
                        ended += 1;
                    }
                }
            }
        }
    }

    async fn stop(self) {
        if let Self::Here(node) = self {
            node.chat.stop().await;
        }
    }
}

/// A session, as a server tells of it.
#[derive(Deserialize)]
struct Listed {
    id: Uuid,
}

fn place(token: Token) -> String {
    format!("/api/v1/applications/{}", token.expose())
}

/// What the server answers when it does what it is asked; a session that is gone already is no failure.
async fn expect(
    server: &Beside,
    method: Method,
    path: &str,
    body: Option<serde_json::Value>,
    user: Option<UserNumber>,
) -> Result<bytes::Bytes, Failure> {
    let ends = method == Method::DELETE;
    let (status, body) = server.ask_as(user, method, path, body).await?;
    match status {
        status if status.is_success() => Ok(body),
        StatusCode::NOT_FOUND if ends => Ok(body),
        StatusCode::NOT_FOUND => Err(
            "the server does not serve the applications API, which changes \
             users: start it with --door applications, or stop it"
                .into(),
        ),
        _ => Err(server.refused(status, &body)),
    }
}

async fn password(settings: &Settings, name: &Username) -> Result<(), Failure> {
    let store = Reader::open(settings).await?;
    let (home, user) = find(&store, name).await?;
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    Password::parse(password)?;
    let hand = Hand::of(settings, &store, &home).await?;
    let done = hand.set_password(home.id, user.number, password).await;
    hand.stop().await;
    done?;
    say::line(format_args!("{} has another password", user.username))
}

async fn logout(settings: &Settings, name: &Username) -> Result<(), Failure> {
    let store = Reader::open(settings).await?;
    let (home, user) = find(&store, name).await?;
    let hand = Hand::of(settings, &store, &home).await?;
    let ended = hand.log_out(home.id, user.number).await;
    hand.stop().await;
    let sessions = say::count(ended?, "session");
    say::line(format_args!("{sessions} of {} ended", user.username))
}
