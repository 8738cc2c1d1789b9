//! `/applications/{app}/presence`: who is there.

use chat_core::ids::UserNumber;
use chat_core::live::Sighting;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::{ForUser, InApplication, UsersAsked};
use super::state::{State, only_knows, query};
use super::status::{Native, RequestError};
use super::view::Time;
use crate::http::call::{Call, Head};
use crate::http::reply::{self, Response};

/// Of so many users it is told at once.
const MOST: usize = 200;

/// Whether a user is there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Presence)]
pub(super) struct PresenceJson {
    /// Its number.
    #[schema(minimum = 1)]
    user: u64,
    /// Whether it is connected anywhere, or was a moment ago.
    online: bool,
    /// When it was last seen, to a minute; of who is there, to five. Null if it never was.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<Time>,
}

impl From<&Sighting> for PresenceJson {
    fn from(sighting: &Sighting) -> Self {
        Self {
            user: sighting.user.0,
            online: sighting.online,
            last_seen_at: sighting.last_seen_at.map(Time),
        }
    }
}

/// Whether these users are there, in the order in which they are named, each once. Those that the application does not have are left
/// out.
#[utoipa::path(
    get, path = "/api/v1/applications/{app}/presence", tag = "users", operation_id = "get_presence",
    params(InApplication, ForUser, UsersAsked),
    responses((status = 200, description = "Who is there", body = [PresenceJson])),
)]
pub(super) async fn get(state: State, call: Call) -> Result<Response, Native> {
    let access = state.enter(&call.head).await?;
    let users = match users(&call.head) {
        Ok(users) => users,
        Err(wrong) => return Err(state.gate.missing_first(access, None, wrong).await.into()),
    };
    let found = state.chat().presence(access, &users).await?;
    let found: Vec<_> = found.iter().map(PresenceJson::from).collect();
    Ok(reply::json(StatusCode::OK, &found))
}

fn users(head: &Head) -> Result<Vec<UserNumber>, RequestError> {
    let wrong = || {
        let why = format!("must be 1 to {MOST} numbers of users, with commas between them");
        RequestError::Parameter("users".into(), why)
    };
    let query = query(head)?;
    only_knows(&query, &["users"])?;
    let named = query.get("users").ok_or_else(wrong)?.split(',');
    let numbers: Option<Vec<UserNumber>> = named.map(|user| user.parse().ok()).collect();
    numbers
        .filter(|numbers| numbers.len() <= MOST)
        .ok_or_else(wrong)
}
