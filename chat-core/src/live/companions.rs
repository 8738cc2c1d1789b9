//! Those with whom users take part in chats, found for listeners that watch them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::ids::{ApplicationId, UserNumber};
use crate::model::MARKS_TOLD_UP_TO;
use crate::page::Limit;
use crate::port::Company;

use super::hub::Hub;
use super::seat::Seat;

/// Of so many chats, those that were active last.
const CHATS: usize = 50;
/// So many users are seen to at once.
const AT_ONCE: usize = 4;

impl Hub {
    /// Looks whom those listeners watch now whose companions may be others than before. Nothing waits for it, and there is one look at a
    /// time: what comes meanwhile is seen to together by the next one.
    pub(super) fn look_for_companions(self: &Arc<Self>) {
        let Ok(looking) = self.looking.clone().try_lock_owned() else {
            return;
        };
        let mut people: HashMap<(ApplicationId, UserNumber), Vec<Arc<Seat>>> = HashMap::new();
        for seat in self.seats.all() {
            if let Some(user) = seat.user()
                && seat.looks_for_companions()
            {
                let own = people.entry((seat.application, user)).or_default();
                own.push(seat);
            }
        }
        if people.is_empty() {
            return;
        }
        let hub = self.clone();
        tokio::spawn(async move {
            let _looking = looking;
            let mut looks = JoinSet::new();
            for (who, seats) in people {
                if looks.len() >= AT_ONCE {
                    looks.join_next().await;
                }
                looks.spawn(hub.clone().find_companions(who, seats));
            }
            while looks.join_next().await.is_some() {}
        });
    }

    async fn find_companions(
        self: Arc<Self>,
        (application, user): (ApplicationId, UserNumber),
        seats: Vec<Arc<Seat>>,
    ) {
        let company = Company {
            chats: Limit::new(CHATS).unwrap_or(Limit::DEFAULT),
            members: MARKS_TOLD_UP_TO,
            users: Limit::new(self.limits.watched).unwrap_or(Limit::MAX),
        };
        let members = &self.stores.members;
        match members.companions(application, user, company).await {
            Ok(found) => {
                let found = found.into_iter().take(self.limits.watched);
                let found: HashSet<UserNumber> = found.collect();
                for seat in seats {
                    self.presence.go_on_watching(&seat, &found);
                }
            }
            Err(error) => {
                tracing::debug!(?error, "whom a listener watches is found a little later");
                seats.iter().for_each(|seat| seat.loses_sight());
            }
        }
    }
}
