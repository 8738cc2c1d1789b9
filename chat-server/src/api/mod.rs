//! The APIs: a folder a door, a file a resource.

pub mod ops;

use std::sync::Arc;

use crate::config::Settings;
use crate::http::body::BodyLimits;
use crate::http::door::Door;

/// Every door that the settings open.
pub fn doors(settings: &Settings, probes: Vec<Arc<dyn ops::Probe>>) -> Vec<Door> {
    let body = BodyLimits {
        bytes: settings.body_limit,
        time: settings.body_timeout.0,
    };
    let mut doors = Vec::new();
    let documents = doors
        .iter()
        .map(|door: &Door| door.document().clone())
        .collect();
    doors.push(ops::door(body, probes, documents));
    doors
}
