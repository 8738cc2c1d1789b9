//! Chat inside your own web service: it has its customers and its own way to let them in, and chat is two crates and a file on
//! disk behind its own paths. Who is let in gets a session, and with that talks to the people of the shop.
//!
//! `cargo run -p examples --example embed`, then:
//!
//! ```sh
//! SESSION=$(curl -s -u ann:1234 -X POST http://127.0.0.1:3030/enter)
//! curl -s -H "Authorization: Bearer $SESSION" http://127.0.0.1:3030/help -d 'Is it in stock?'
//! curl -s -H "Authorization: Bearer $SESSION" http://127.0.0.1:3030/help
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use chat_core::commit::Post;
use chat_core::error::ChatError;
use chat_core::ids::{ChatNumber, UserNumber};
use chat_core::page::{Limit, Span};
use chat_core::seal::Keyring;
use chat_core::service::{Login, NewChat, NewUser};
use chat_core::text::{Body, Username};
use chat_core::{Access, Chat, Parts};
use chat_embedded::{SearchConfig, SqliteSearch, SqliteStore, StoreConfig};
use warp::http::StatusCode;
use warp::{Filter, Rejection, Reply};

/// What comes of a request: a text, or a status that says why there is none.
type Answered = Result<String, StatusCode>;

/// A shop whose customers can ask for help.
struct Shop {
    /// The customers and their passwords: in a real shop a database that chat knows nothing of.
    customers: HashMap<String, String>,
    chat: Chat,
    /// The right to do anything in the application that the shop keeps its chats in.
    access: Access,
}

impl Shop {
    async fn open(folder: &Path, key: [u8; 32]) -> Result<Self, Box<dyn Error>> {
        let store = SqliteStore::open(StoreConfig::new(folder.join("chat.db")))?;
        let search = SqliteSearch::open(SearchConfig::new(folder.join("search.db")))?;
        let parts = Parts::new(Arc::new(store), Arc::new(search), Keyring::new(key));
        let chat = Chat::start(parts).await?;
        // One shop needs one application, and one is always there.
        let access = Access::from(chat.default_application_id().await?);
        let customers = [("ann", "1234"), ("ben", "4321")];
        let customers = customers.map(|(name, password)| (name.to_owned(), password.to_owned()));
        Ok(Self {
            customers: customers.into(),
            chat,
            access,
        })
    }

    /// The shop's own login, and a session of chat for whoever comes through it.
    async fn enter(self: Arc<Self>, credentials: Option<String>) -> Answered {
        let credentials = credentials.and_then(|header| basic(&header));
        let (name, password) = credentials.ok_or(StatusCode::UNAUTHORIZED)?;
        if self.customers.get(&name) != Some(&password) {
            return Err(StatusCode::UNAUTHORIZED);
        }
        let opened = async {
            let customer = self.user(&name).await?;
            self.chat.mint_session(self.access, customer, None).await
        };
        let opened = opened.await.map_err(status)?;
        Ok(opened.token.expose().to_owned())
    }

    /// The user of chat with this name; it is made when it first comes.
    async fn user(&self, name: &str) -> Result<UserNumber, ChatError> {
        let name = Username::parse(name).map_err(|violation| ChatError::Invalid {
            field: "username",
            violation,
        })?;
        if let Some(known) = self.chat.user_named(self.access, &name).await? {
            return Ok(known.number);
        }
        let new = NewUser::named(name.clone());
        match self.chat.create_user(self.access, new, None).await {
            // It came twice at once.
            Err(ChatError::UsernameTaken) => {
                let known = self.chat.user_named(self.access, &name).await?;
                Ok(known.ok_or(ChatError::UsernameTaken)?.number)
            }
            made => Ok(made?.value.number),
        }
    }

    /// Who holds this session.
    async fn known(&self, header: Option<String>) -> Result<Login, StatusCode> {
        let token = header
            .as_deref()
            .and_then(|text| text.strip_prefix("Bearer "));
        let token = token.and_then(|token| token.parse().ok());
        let token = token.ok_or(StatusCode::UNAUTHORIZED)?;
        self.chat.authenticate(&token).await.map_err(status)
    }

    /// The chat of a customer with the people of the shop.
    async fn help_desk(&self, customer: &Login) -> Result<ChatNumber, ChatError> {
        let people = self.user("help").await?;
        let new = NewChat::direct([people]);
        let made = self.chat.make_chat(customer.access(), new, None).await?;
        Ok(made.value.chat.number)
    }

    async fn ask(self: Arc<Self>, header: Option<String>, text: bytes::Bytes) -> Answered {
        let customer = self.known(header).await?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let body = Body::parse(text).map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
        let post = Post {
            body,
            data: None,
            reply_to: None,
        };
        let posted = async {
            let desk = self.help_desk(&customer).await?;
            self.chat.post(customer.access(), desk, post, None).await
        };
        let posted = posted.await.map_err(status)?;
        Ok(format!("{}\n", posted.value.number))
    }

    async fn talk(self: Arc<Self>, header: Option<String>) -> Answered {
        let customer = self.known(header).await?;
        let read = async {
            let desk = self.help_desk(&customer).await?;
            let desk = self.chat.chat(customer.access(), desk).await?;
            let span = Span::Before(u64::MAX);
            desk.messages(span, false, Limit::DEFAULT).await
        };
        let page = read.await.map_err(status)?;
        let lines = page.items.iter();
        let lines = lines.map(|message| format!("{}. {}\n", message.number, message.body));
        Ok(lines.collect())
    }
}

/// The name and the password of an `Authorization: Basic` header.
fn basic(header: &str) -> Option<(String, String)> {
    use base64::Engine as _;
    let encoded = header.strip_prefix("Basic ")?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded);
    let text = String::from_utf8(decoded.ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn status(error: ChatError) -> StatusCode {
    match error {
        ChatError::NotLoggedIn => StatusCode::UNAUTHORIZED,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn reply(answered: Answered) -> impl Reply {
    let (status, text) = match answered {
        Ok(text) => (StatusCode::OK, text),
        Err(status) => (status, format!("{status}\n")),
    };
    warp::reply::with_status(text, status)
}

/// The paths of the shop that have to do with chat.
fn paths(shop: Arc<Shop>) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let shop = warp::any().map(move || shop.clone());
    let who = warp::header::optional::<String>("authorization");
    let enter = warp::post().and(warp::path!("enter"));
    let enter = enter.and(shop.clone()).and(who).then(Shop::enter);
    let ask = warp::post().and(warp::path!("help")).and(shop.clone());
    let text = warp::body::content_length_limit(1 << 16).and(warp::body::bytes());
    let ask = ask.and(who).and(text).then(Shop::ask);
    let talk = warp::get().and(warp::path!("help")).and(shop);
    let talk = talk.and(who).then(Shop::talk);
    enter.or(ask).unify().or(talk).unify().map(reply)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    // Keep the key in your configuration: tokens are sealed under it.
    let shop = Shop::open(folder.path(), Keyring::random_key()).await?;
    warp::serve(paths(Arc::new(shop)))
        .run(([127, 0, 0, 1], 3030))
        .await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ann:1234`
    const ANN: &str = "Basic YW5uOjEyMzQ=";
    /// `ben:4321`
    const BEN: &str = "Basic YmVuOjQzMjE=";

    async fn ask(shop: &Arc<Shop>, method: &str, path: &str, who: &str) -> (u16, String) {
        let request = warp::test::request().method(method).path(path);
        let request = request.header("authorization", who).body("Is it in stock?");
        let answer = request.reply(&paths(shop.clone())).await;
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        (answer.status().as_u16(), text)
    }

    #[tokio::test]
    async fn customers_talk_to_the_shop_and_not_to_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let key = Keyring::random_key();
        let shop = Arc::new(Shop::open(folder.path(), key).await.unwrap());
        let (status, ann) = ask(&shop, "POST", "/enter", ANN).await;
        assert_eq!(status, 200);
        let ann = format!("Bearer {ann}");
        assert_eq!(ask(&shop, "POST", "/help", &ann).await, (200, "1\n".into()));
        let ben = format!("Bearer {}", ask(&shop, "POST", "/enter", BEN).await.1);
        assert_eq!(ask(&shop, "GET", "/help", &ben).await, (200, String::new()));

        // What was said, and who is logged in, is there after a restart.
        shop.chat.stop().await;
        drop(shop);
        let shop = Arc::new(Shop::open(folder.path(), key).await.unwrap());
        let said = (200, "1. Is it in stock?\n".to_owned());
        assert_eq!(ask(&shop, "GET", "/help", &ann).await, said);
        let people = shop.user("help").await.unwrap();
        let opened = shop.chat.mint_session(shop.access, people, None).await;
        let login = shop
            .chat
            .authenticate(&opened.unwrap().token)
            .await
            .unwrap();
        let chats = shop
            .chat
            .my_chats(login.access(), None, Limit::DEFAULT)
            .await;
        assert_eq!(chats.unwrap().items.len(), 2);
    }

    #[tokio::test]
    async fn the_shop_decides_who_comes_in() {
        let folder = tempfile::tempdir().unwrap();
        let shop = Shop::open(folder.path(), Keyring::random_key()).await;
        let shop = Arc::new(shop.unwrap());
        // `ann:4321`
        let refused = ask(&shop, "POST", "/enter", "Basic YW5uOjQzMjE=").await;
        assert_eq!(refused.0, 401);
        for path in ["GET", "POST"] {
            assert_eq!(ask(&shop, path, "/help", "Bearer nobody").await.0, 401);
        }
    }
}
