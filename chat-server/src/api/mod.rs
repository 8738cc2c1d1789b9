//! The APIs: a folder a door, a file a resource.

pub mod admin;
pub mod applications;
pub mod attempts;
pub mod conversations;
mod cursors;
mod document;
pub mod gate;
mod input;
mod lists;
mod mine;
mod number;
pub mod ops;
pub mod rpc;
mod shapes;
pub mod threads;
pub mod uuid;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chat_core::port::Counter;
use chat_core::service::Chat;

use crate::config::{DoorName, Settings};
use crate::http::body::BodyLimits;
use crate::http::door::Door;
use crate::http::rate::RateLimiter;
use crate::live::Pace;
use crate::page;
use crate::wiring::Jobs;

use attempts::Attempts;
use gate::Gate;

/// Every door that the settings open, on this chat.
pub fn doors(
    settings: &Settings,
    chat: &Chat,
    counter: &Arc<dyn Counter>,
    reindexer: admin::Reindexer,
    jobs: Jobs,
    probes: Vec<Arc<dyn ops::Probe>>,
) -> Vec<Door> {
    let body = BodyLimits {
        bytes: settings.body_limit,
        time: settings.body_timeout.0,
    };
    let gate = Gate {
        chat: chat.clone(),
        limiter: settings
            .rate_limit
            .map(|limit| Arc::new(RateLimiter::new(limit, Arc::clone(counter)))),
        patience: settings.write_timeout.0,
        registration: settings.registration,
    };
    let attempts = Attempts::new(counter);
    let open: Vec<DoorName> = settings
        .doors()
        .into_iter()
        .filter_map(|choice| choice.open.then_some(choice.door))
        .collect();
    let mut doors = vec![admin::door(
        body,
        reindexer,
        jobs,
        settings.admin_key.clone(),
    )];
    for door in &open {
        match door {
            DoorName::Applications => {
                let options = applications::Options {
                    admin_key: settings.admin_key.clone(),
                    apis: open.iter().map(DoorName::to_string).collect(),
                    attempts: attempts.clone(),
                    origins: settings.allow_origin.clone(),
                    pace: Pace::default(),
                };
                doors.push(applications::door(gate.clone(), options, body));
            }
            DoorName::UuidApplications => doors.push(uuid::door(gate.clone(), body)),
            DoorName::Conversations => {
                let options = conversations::Options {
                    attempts: attempts.clone(),
                    origins: settings.allow_origin.clone(),
                    pace: Pace::default(),
                };
                doors.push(conversations::door(gate.clone(), options, body));
            }
            DoorName::Rpc => doors.push(rpc::door(gate.clone(), body)),
            DoorName::Threads => doors.push(threads::door(gate.clone(), attempts.clone(), body)),
        }
    }
    let documents = doors.iter().map(|door| door.document().clone()).collect();
    // The page is a client of the native API; without it the address leads to the documents of what there is.
    if settings.page && open.contains(&DoorName::Applications) {
        doors.push(page::door(body));
    }
    doors.push(ops::door(body, chat.clone(), probes, documents));
    doors
}
