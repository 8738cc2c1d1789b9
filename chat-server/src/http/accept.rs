//! What the client wants back: the `Accept` header.

use http::HeaderMap;
use http::header::ACCEPT;

/// The media type of RFC 9457 problems.
pub const PROBLEM: &str = "application/problem+json";

/// Whether the client names the problem type itself; a wildcard is no such wish.
pub fn wants_problem(headers: &HeaderMap) -> bool {
    headers.contains_key(ACCEPT)
        && ranges(headers).any(|range| range.names(PROBLEM) && range.weight > 0)
}

/// The offer that the client likes best, the first of equals; without an `Accept` header the first, and `None` when
/// it takes none of them.
pub fn choose<'a>(headers: &HeaderMap, offers: &[&'a str]) -> Option<&'a str> {
    if !headers.contains_key(ACCEPT) {
        return offers.first().copied();
    }
    let mut best = None;
    for offer in offers {
        let fitting = ranges(headers).filter_map(|range| Some((range.fit(offer)?, range.weight)));
        let weight = fitting
            .max_by_key(|(fit, _)| *fit)
            .map_or(0, |(_, weight)| weight);
        if weight > best.map_or(0, |(_, most)| most) {
            best = Some((*offer, weight));
        }
    }
    best.map(|(offer, _)| offer)
}

/// One piece of the header, its weight in thousandths.
struct Range<'a> {
    kind: &'a str,
    weight: u16,
}

impl Range<'_> {
    fn names(&self, offer: &str) -> bool {
        self.kind.eq_ignore_ascii_case(offer)
    }

    /// How closely it fits the offer, if it does.
    fn fit(&self, offer: &str) -> Option<u8> {
        if self.names(offer) {
            return Some(2);
        }
        let (kind, rest) = self.kind.split_once('/')?;
        let same = offer
            .split_once('/')
            .is_some_and(|(main, _)| main.eq_ignore_ascii_case(kind));
        match (kind, rest) {
            ("*", "*") => Some(0),
            (_, "*") if same => Some(1),
            _ => None,
        }
    }
}

fn ranges(headers: &HeaderMap) -> impl Iterator<Item = Range<'_>> {
    let values = headers
        .get_all(ACCEPT)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|piece| {
        let mut parts = piece.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let weight = parts
            .filter_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .find_map(|weight| weight.parse::<f32>().ok())
            .map_or(1000, |weight| (weight.clamp(0.0, 1.0) * 1000.0) as u16);
        Range { kind, weight }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT, http::HeaderValue::from_static(value))])
    }

    const OFFERS: &[&str] = &["application/json", "text/event-stream"];

    #[test]
    fn the_heaviest_offer_wins_and_the_first_of_equals() {
        assert_eq!(choose(&HeaderMap::new(), OFFERS), Some("application/json"));
        assert_eq!(choose(&accept("*/*"), OFFERS), Some("application/json"));
        assert_eq!(
            choose(&accept("text/event-stream"), OFFERS),
            Some("text/event-stream")
        );
        assert_eq!(
            choose(&accept("application/json;q=0.5, text/*"), OFFERS),
            Some("text/event-stream")
        );
        assert_eq!(
            choose(&accept("*/*;q=0.1, application/json;q=0"), OFFERS),
            Some("text/event-stream")
        );
        assert_eq!(choose(&accept("image/png"), OFFERS), None);
        assert_eq!(
            choose(&accept("TEXT/EVENT-STREAM; charset=x"), OFFERS),
            Some("text/event-stream")
        );
    }

    #[test]
    fn a_problem_is_wanted_only_when_it_is_named() {
        assert!(wants_problem(&accept(
            "application/json, application/problem+json"
        )));
        assert!(!wants_problem(&accept("application/problem+json;q=0")));
        assert!(!wants_problem(&accept("*/*")));
        assert!(!wants_problem(&HeaderMap::new()));
    }
}
