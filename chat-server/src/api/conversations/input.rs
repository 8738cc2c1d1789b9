//! What is sent: fields that may be left out, ids as numbers or as text, and pages.

use chat_core::ids::UserNumber;
use chat_core::page::{Limit, Span};
use chat_core::service::Reader;
use chat_core::text::{Username, Violation};
use serde::{Deserialize, Deserializer};

use super::status::{MESSAGE, RequestError};
use crate::api::number::Numeral;
use crate::http::call::Head;
use crate::http::input::Field;
use crate::http::paging;
use crate::http::query::Query;

/// Longest name of a user that is made here, in characters.
const MAX_USERNAME: usize = 64;
/// Most of one page.
const MAX_PAGE: u64 = 200;

/// Tells null, which is a missing [`Field`], from nothing said.
pub(super) fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Field>, D::Error> {
    Field::deserialize(from).map(Some)
}

/// The text of a field as a value of the core.
pub(super) fn text<T>(
    name: &'static str,
    field: Field,
    parse: impl FnOnce(String) -> Result<T, Violation>,
) -> Result<T, RequestError> {
    field
        .parse(parse)
        .map_err(|violation| RequestError::Field(name, violation))
}

/// The same for a field that may be null.
pub(super) fn nullable<T>(
    name: &'static str,
    field: Field,
    parse: impl FnOnce(String) -> Result<T, Violation>,
) -> Result<Option<T>, RequestError> {
    match field {
        Field::Missing => Ok(None),
        field => text(name, field, parse).map(Some),
    }
}

/// A name that a user may be given here.
pub(super) fn username(text: String) -> Result<Username, Violation> {
    if text.chars().count() > MAX_USERNAME {
        return Err(Violation::TooLong {
            max: MAX_USERNAME,
            unit: "characters",
        });
    }
    Username::chosen(text)
}

/// An id, as a number or as text.
pub(super) fn id(name: &'static str, sent: Numeral) -> Result<UserNumber, RequestError> {
    if sent == Numeral::Null {
        return Err(RequestError::Field(name, Violation::Blank));
    }
    let digits = sent.digits().ok_or(invalid(name))?;
    match digits.parse() {
        Ok(number) => Ok(number),
        // Nobody has it, as nobody has the largest that there may be.
        Err(_) if is_number(&digits) => Ok(UserNumber::MAX),
        Err(_) => Err(invalid(name)),
    }
}

/// Whether this is a number from 1, however large.
fn is_number(digits: &str) -> bool {
    !digits.is_empty()
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// A count from 0, as a number or as text.
pub(super) fn count(name: &'static str, sent: Numeral) -> Result<u64, RequestError> {
    match sent {
        Numeral::Whole(0) => Ok(0),
        Numeral::Text(text) if text == "0" => Ok(0),
        sent => id(name, sent).map(|number| number.0),
    }
}

fn invalid(name: &'static str) -> RequestError {
    RequestError::Field(name, Violation::Invalid)
}

/// The parameters of the query.
pub(super) fn query(head: &Head) -> Result<Query<'_>, RequestError> {
    let broken = || RequestError::Bad("the query is not valid UTF-8".into());
    head.query().ok_or_else(broken)
}

fn number(query: &Query<'_>, name: &'static str) -> Result<Option<u64>, RequestError> {
    let value = query.get(name);
    let number = value.map(|value| paging::count(value).ok_or(invalid(name)));
    let number = number.transpose()?;
    match number {
        Some(number) if number > UserNumber::MAX.0 => Err(invalid(name)),
        number => Ok(number),
    }
}

/// How much a page may hold.
pub(super) fn limit(query: &Query<'_>) -> Result<Limit, RequestError> {
    let wrong = || RequestError::Bad(format!("limit must be a number from 1 to {MAX_PAGE}"));
    let Some(value) = query.get("limit") else {
        return Ok(Limit::DEFAULT);
    };
    let number = paging::count(value).filter(|number| *number <= MAX_PAGE);
    let number = number.and_then(|number| usize::try_from(number).ok());
    number.and_then(Limit::new).ok_or_else(wrong)
}

/// Where a list of users goes on.
pub(super) fn after(query: &Query<'_>) -> Result<Span, RequestError> {
    Ok(Span::After(number(query, "after")?.unwrap_or(0)))
}

/// Where a page of messages is: before or after a message of this conversation, or at the end.
pub(super) async fn span(query: &Query<'_>, reader: &Reader) -> Result<Span, RequestError> {
    let place = async |id| match id {
        0 => Ok(0),
        id => {
            let number = reader.number_of(id).await?;
            number.map_or(Err(RequestError::Lost(MESSAGE)), |number| Ok(number.0))
        }
    };
    match (number(query, "before")?, number(query, "after")?) {
        (None, None) => Ok(Span::Before(u64::MAX)),
        (None, Some(id)) => Ok(Span::After(place(id).await?)),
        (Some(0), None) => Err(invalid("before")),
        (Some(id), None) => Ok(Span::Before(place(id).await?)),
        (Some(_), Some(_)) => Err(RequestError::Bad(
            "before and after cannot be given together".into(),
        )),
    }
}

/// Most seconds that a request may wait for a message.
const MAX_WAIT: u64 = 60;

/// How many seconds to wait for something newer.
pub(super) fn wait(query: &Query<'_>) -> Result<u64, RequestError> {
    let wait = number(query, "wait")?.unwrap_or(0);
    if wait > MAX_WAIT {
        let words = format!("wait must be a number from 0 to {MAX_WAIT}");
        return Err(RequestError::Bad(words));
    }
    if wait > 0 && query.get("after").is_none() {
        return Err(RequestError::Bad("wait needs after".into()));
    }
    Ok(wait)
}
