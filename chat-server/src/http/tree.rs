//! Branches of a door: a request tries only those under its own prefix.

use std::convert::Infallible;
use std::str::FromStr;

use warp::Filter;
use warp::filters::BoxedFilter;

use super::reply::Response;

/// Everything below some prefix.
pub type Routes = BoxedFilter<(Response,)>;

/// Below this word.
pub fn under(word: &'static str, routes: Routes) -> Routes {
    warp::path(word).and(routes).boxed()
}

/// Below any one segment, which the handler reads for itself.
pub fn named(routes: Routes) -> Routes {
    warp::path::param::<Segment>()
        .map(drop)
        .untuple_one()
        .and(routes)
        .boxed()
}

/// The first, or else the second.
pub fn either(first: Routes, second: Routes) -> Routes {
    first.or(second).unify().boxed()
}

struct Segment;

impl FromStr for Segment {
    type Err = Infallible;

    fn from_str(_: &str) -> Result<Self, Infallible> {
        Ok(Self)
    }
}
