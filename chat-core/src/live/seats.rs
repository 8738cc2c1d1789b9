//! Who is connected to this node.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ids::{ApplicationId, UserNumber};

use super::LiveLimits;
use super::seat::Seat;

/// Whose listeners they are: a user's, or those of an application.
pub(super) type Person = (ApplicationId, Option<UserNumber>);

#[derive(Debug, Default)]
pub(super) struct Seats {
    last: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    people: HashMap<Person, HashMap<u64, Arc<Seat>>>,
    /// How many there are.
    taken: usize,
    addresses: HashMap<IpAddr, usize>,
}

impl Seats {
    /// A number for another one.
    pub(super) fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes one in, unless there are too many already.
    pub(super) fn take(&self, seat: &Arc<Seat>, limits: LiveLimits) -> bool {
        let mut state = self.state();
        let State {
            people,
            addresses,
            taken,
        } = &mut *state;
        let person = (seat.application, seat.user());
        let own = people.get(&person).map_or(0, HashMap::len);
        if seat.user().is_some() && own >= limits.per_user {
            return false;
        }
        if let Some(address) = seat.address {
            let from_there = addresses.entry(address).or_default();
            if *from_there >= limits.per_address {
                return false;
            }
            *from_there += 1;
        }
        people
            .entry(person)
            .or_default()
            .insert(seat.id, seat.clone());
        *taken += 1;
        true
    }

    /// One is gone.
    pub(super) fn leave(&self, seat: &Seat) {
        let mut state = self.state();
        let person = (seat.application, seat.user());
        let Some(own) = state.people.get_mut(&person) else {
            return;
        };
        if own.remove(&seat.id).is_none() {
            return;
        }
        if own.is_empty() {
            state.people.remove(&person);
        }
        state.taken -= 1;
        if let Some(address) = seat.address
            && let Some(from_there) = state.addresses.get_mut(&address)
        {
            *from_there -= 1;
            if *from_there == 0 {
                state.addresses.remove(&address);
            }
        }
    }

    /// The listeners of a user, or of an application itself.
    pub(super) fn of(&self, person: Person) -> Vec<Arc<Seat>> {
        let state = self.state();
        let own = state.people.get(&person);
        own.map_or_else(Vec::new, |own| own.values().cloned().collect())
    }

    /// All listeners in an application.
    pub(super) fn of_application(&self, application: ApplicationId) -> Vec<Arc<Seat>> {
        let state = self.state();
        let its = state.people.iter().filter(|(key, _)| key.0 == application);
        its.flat_map(|(_, own)| own.values().cloned()).collect()
    }

    /// Everybody.
    pub(super) fn all(&self) -> Vec<Arc<Seat>> {
        let state = self.state();
        let own = state.people.values();
        own.flat_map(|own| own.values().cloned()).collect()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.state().taken
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
