//! `application`: make applications and look at them.

use std::process::ExitCode;

use chat_core::ids::{ApplicationId, PublicId};
use chat_core::page::Limit;
use chat_core::text::Name;
use clap::Subcommand;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::beside::Beside;
use super::{Failure, say};
use crate::config::Settings;
use crate::wiring::{Indexing, Node, Reader};

/// Where a running server makes applications.
const APPLICATIONS: &str = "/api/v1/applications";

#[derive(Debug, Subcommand)]
pub(super) enum Application {
    /// Make an application and print its token; a running server does it
    Create {
        /// Its name
        #[arg(value_name = "NAME", value_parser = |text: &str| Name::parse(text))]
        name: Name,
    },
    /// Print public id, number of chats and name of every application but the default one
    List,
    /// Print the token of an application: it gives full power in it
    Token {
        /// Its public id
        #[arg(value_name = "PUBLIC_ID", required_unless_present = "default")]
        public_id: Option<PublicId>,
        /// The default application
        #[arg(long, conflicts_with = "public_id")]
        default: bool,
    },
}

impl Application {
    pub(super) fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        super::on_runtime(settings, async {
            match self {
                Self::Create { name } => create(settings, name).await?,
                Self::List => list(settings).await?,
                Self::Token { public_id, .. } => token(settings, public_id).await?,
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

async fn create(settings: &Settings, name: Name) -> Result<(), Failure> {
    // An application is nothing to search for: no index is needed, and none looked at.
    let made = match Node::start_for_command(settings, Indexing::Later).await {
        Ok(node) => {
            let made = node.chat.create_application(name, false, None).await;
            node.chat.stop().await;
            let made = made?.value;
            Made {
                public_id: made.public_id.0,
                token: made.token.expose(),
                name: made.name,
            }
        }
        Err(error) => {
            let Some(holder) = error.holder() else {
                return Err(error.into());
            };
            let server = Beside::find(settings, holder)?;
            super::aside(format_args!("{}: asking it", super::sentence(&error)));
            create_there(&server, &name).await?
        }
    };
    say::line(format_args!("{}  {}", made.public_id, made.name))?;
    say::line(made.token)
}

/// A new application, as a server tells of it.
#[derive(Deserialize)]
struct Made {
    public_id: Uuid,
    token: Uuid,
    name: String,
}

async fn create_there(server: &Beside, name: &Name) -> Result<Made, Failure> {
    let body = json!({ "name": name.as_str() });
    let (status, body) = server.ask(Method::POST, APPLICATIONS, Some(body)).await?;
    match status {
        StatusCode::CREATED => Ok(serde_json::from_slice(&body)?),
        StatusCode::NOT_FOUND => Err("the server does not serve the applications API, \
             which makes applications: start it with --door applications, or stop it"
            .into()),
        StatusCode::UNPROCESSABLE_ENTITY => Err(format!(
            "the server does not take this name: {}",
            String::from_utf8_lossy(&body)
        )
        .into()),
        _ => Err(server.refused(status, &body)),
    }
}

async fn list(settings: &Settings) -> Result<(), Failure> {
    let store = Reader::open(settings).await?;
    let applications = &store.stores.applications;
    let mut after = ApplicationId(0);
    loop {
        let page = applications.list(after, Limit::MAX).await?;
        for one in page.items {
            after = one.id;
            say::line(format_args!(
                "{}  {:>9}  {}",
                one.public_id, one.chats_count, one.name
            ))?;
        }
        if !page.more {
            return Ok(());
        }
    }
}

async fn token(settings: &Settings, public_id: Option<PublicId>) -> Result<(), Failure> {
    let store = Reader::open(settings).await?;
    let applications = &store.stores.applications;
    let found = match public_id {
        Some(public_id) => applications.by_public_id(public_id).await?,
        None => applications.default_application().await?,
    };
    let found = found.ok_or("there is no such application")?;
    say::line(store.token(&found)?.expose())
}
