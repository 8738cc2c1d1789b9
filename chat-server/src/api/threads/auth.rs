//! Who asks: `Authorization: Token`.

use chat_core::bearer::Bearer;
use chat_core::error::ChatError;
use chat_core::service::Login;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::status::{NoLogin, RequestError};
use crate::api::gate::Gate;
use crate::http::call::Head;

/// Whoever the token in the header belongs to; counts the request when there is a limit.
pub(super) async fn login(gate: &Gate, head: &Head) -> Result<Login, RequestError> {
    let token = token(&head.headers)?;
    let login = match gate.chat.authenticate_lasting(&token).await {
        Err(ChatError::NotLoggedIn) => return Err(NoLogin::Invalid.into()),
        login => login?,
    };
    if login.application != gate.chat.default_application_id().await? {
        return Err(NoLogin::Invalid.into());
    }
    let counted = gate.count(head, login.application).await;
    counted.map_err(RequestError::Exhausted)?;
    Ok(login)
}

fn token(headers: &HeaderMap) -> Result<Bearer, NoLogin> {
    let value = headers.get(AUTHORIZATION).ok_or(NoLogin::Missing)?;
    let mut words = value
        .as_bytes()
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    if !words
        .next()
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"token"))
    {
        return Err(NoLogin::Missing);
    }
    let token = words.next().ok_or(NoLogin::Empty)?;
    if words.next().is_some() {
        return Err(NoLogin::Spaces);
    }
    let text = std::str::from_utf8(token).map_err(|_| NoLogin::Characters)?;
    text.parse().map_err(|_| NoLogin::Invalid)
}
