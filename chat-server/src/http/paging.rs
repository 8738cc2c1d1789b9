//! Keyset pages in a query, and the links from one to the next (RFC 8288).

use std::fmt::Display;

use http::header::LINK;
use http::{HeaderValue, Uri};

use super::query::Query;
use super::reply::Response;

/// The most that one page holds.
pub const MOST: u16 = 1000;
/// What a page holds when only a place is given.
pub const USUAL: u16 = 50;

/// Where a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// After this number.
    After(u64),
    /// Before this number.
    Before(u64),
    /// This number in the middle.
    Around(u64),
}

/// A page that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageAsk {
    /// How many it may hold.
    pub limit: u16,
    /// Where it is; from the first number on when no place is given.
    pub place: Option<Place>,
}

/// A parameter that asks for what cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterError {
    /// Its name.
    pub name: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl ParameterError {
    fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            message: message.into(),
        }
    }
}

/// The parameters that pages know.
pub const PARAMETERS: [&str; 4] = ["limit", "after", "before", "around"];

/// Reads `limit` with one of `after`, `before` and `around`; without any of them the whole list is asked for.
///
/// # Errors
/// When a value is no number or out of range, or two places are given.
pub fn read(query: &Query<'_>) -> Result<Option<PageAsk>, ParameterError> {
    let limit = query.get("limit").map(limit).transpose()?;
    let mut place = None;
    for (name, make) in [
        ("after", Place::After as fn(u64) -> Place),
        ("before", Place::Before),
        ("around", Place::Around),
    ] {
        let Some(value) = query.get(name) else {
            continue;
        };
        let number = count(value).ok_or_else(|| ParameterError::new(name, "is not a number"))?;
        if place.replace(make(number)).is_some() {
            let message = "cannot be given with another one of after, before and around";
            return Err(ParameterError::new(name, message));
        }
    }
    if limit.is_none() && place.is_none() {
        return Ok(None);
    }
    Ok(Some(PageAsk {
        limit: limit.unwrap_or(USUAL),
        place,
    }))
}

/// Reads `limit` with `after`, for a list that is read forward alone: the number after which the page is, and how much
/// it may hold; without both the whole list is asked for.
///
/// # Errors
/// When a value is no number or out of range, or another place is given.
pub fn read_forward(query: &Query<'_>) -> Result<Option<(u64, u16)>, ParameterError> {
    let place = |ask: PageAsk| match ask.place {
        None => Ok((0, ask.limit)),
        Some(Place::After(after)) => Ok((after, ask.limit)),
        Some(Place::Before(_)) => Err("before"),
        Some(Place::Around(_)) => Err("around"),
    };
    let wrong =
        |name| ParameterError::new(name, "is not for this list: it is read with after alone");
    read(query)?
        .map(|ask| place(ask).map_err(wrong))
        .transpose()
}

/// The value of a `limit`.
///
/// # Errors
/// When it is no number from 1 to [`MOST`].
pub fn limit(value: &str) -> Result<u16, ParameterError> {
    count(value)
        .and_then(|number| u16::try_from(number).ok())
        .filter(|number| (1..=MOST).contains(number))
        .ok_or_else(|| ParameterError::new("limit", format!("must be a number from 1 to {MOST}")))
}

/// Plain digits from 0 without leading zeros.
pub fn count(value: &str) -> Option<u64> {
    let plain = value.bytes().all(|byte| byte.is_ascii_digit())
        && (value == "0" || !value.starts_with('0'));
    plain.then(|| value.parse().ok()).flatten()
}

/// The neighbours of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// The next page begins after this number.
    pub next_after: Option<u64>,
    /// The next page ends before this number, in a list that runs down.
    pub next_before: Option<u64>,
    /// The previous page ends before this number.
    pub prev_before: Option<u64>,
}

/// The answer with links to its neighbours: the same request at another place.
pub fn with_links(
    mut response: Response,
    uri: &Uri,
    limit: u16,
    neighbours: Neighbours,
) -> Response {
    let link = |place: &str, number: u64, relation: &str| link(uri, limit, place, number, relation);
    let next = neighbours
        .next_after
        .map(|number| link("after", number, "next"));
    let down = neighbours
        .next_before
        .map(|number| link("before", number, "next"));
    let prev = neighbours
        .prev_before
        .map(|number| link("before", number, "prev"));
    let links: Vec<String> = next.into_iter().chain(down).chain(prev).collect();
    set_link(&mut response, &links.join(", "));
    response
}

/// The answer with a link to the page after this place of a list that is not numbered; without one at its end.
pub fn with_next(
    mut response: Response,
    uri: &Uri,
    limit: u16,
    after: Option<impl Display>,
) -> Response {
    if let Some(after) = after {
        set_link(&mut response, &link(uri, limit, "after", after, "next"));
    }
    response
}

fn link(uri: &Uri, limit: u16, place: &str, value: impl Display, relation: &str) -> String {
    let mut target = format!("<{}?", uri.path());
    for piece in uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|piece| !piece.is_empty())
    {
        let name = piece.split('=').next().unwrap_or_default();
        if !PARAMETERS.contains(&name) {
            target.push_str(piece);
            target.push('&');
        }
    }
    format!("{target}limit={limit}&{place}={value}>; rel=\"{relation}\"")
}

fn set_link(response: &mut Response, links: &str) {
    if let Ok(value) = HeaderValue::try_from(links)
        && !links.is_empty()
    {
        response.headers_mut().insert(LINK, value);
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::http::reply;

    fn asked(query: &str) -> Result<Option<PageAsk>, ParameterError> {
        read(&Query::parse(Some(query)).unwrap())
    }

    #[test]
    fn without_a_paging_parameter_the_whole_list_is_asked_for() {
        assert_eq!(asked(""), Ok(None));
        assert_eq!(asked("other=1"), Ok(None));
    }

    #[test]
    fn a_page_has_a_limit_and_one_place() {
        let ask = |limit, place| Ok(Some(PageAsk { limit, place }));
        assert_eq!(asked("limit=1000"), ask(1000, None));
        assert_eq!(asked("after=0"), ask(50, Some(Place::After(0))));
        assert_eq!(asked("before=7&limit=1"), ask(1, Some(Place::Before(7))));
        assert_eq!(asked("around=7"), ask(50, Some(Place::Around(7))));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (query, name) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("limit=", "limit"),
            ("limit=+5", "limit"),
            ("after=x", "after"),
            ("before=-1", "before"),
            ("around=01", "around"),
            ("after=1&before=2", "before"),
            ("after=1&around=2", "around"),
        ] {
            assert_eq!(asked(query).unwrap_err().name, name, "{query}");
        }
        assert!(asked("limit=0").unwrap_err().message.contains("1000"));
    }

    #[test]
    fn links_keep_what_else_was_asked() {
        let uri: Uri = "/a/b?x=1&limit=9&after=3".parse().unwrap();
        let neighbours = Neighbours {
            next_after: Some(12),
            prev_before: Some(4),
            ..Neighbours::default()
        };
        let response = with_links(reply::empty(StatusCode::OK), &uri, 9, neighbours);
        assert_eq!(
            response.headers()["link"],
            "</a/b?x=1&limit=9&after=12>; rel=\"next\", </a/b?x=1&limit=9&before=4>; rel=\"prev\""
        );
        let alone = with_links(reply::empty(StatusCode::OK), &uri, 9, Neighbours::default());
        assert!(!alone.headers().contains_key("link"));
    }
}
