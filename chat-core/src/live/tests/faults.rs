//! A bus that loses, doubles and reorders what it is given.

use std::sync::Mutex;

use async_trait::async_trait;

use crate::error::BackendError;
use crate::memory::MemoryBus;
use crate::port::{Bus, Event, Subscription};

/// Every tenth event is lost, every tenth comes twice, and every tenth behind what is published later.
pub(super) struct BadBus {
    bus: MemoryBus,
    state: Mutex<(Dice, Vec<Event>)>,
}

impl BadBus {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            bus: MemoryBus::new(),
            state: Mutex::new((Dice(seed | 1), Vec::new())),
        }
    }

    fn spoilt(&self, events: &[Event]) -> Vec<Event> {
        let mut state = self.state.lock().unwrap();
        let (dice, held) = &mut *state;
        let mut late = std::mem::take(held);
        let mut told = Vec::new();
        for event in events {
            match dice.below(10) {
                0 => {}
                1 => told.extend([*event, *event]),
                2 => held.push(*event),
                _ => told.push(*event),
            }
        }
        told.append(&mut late);
        told
    }
}

#[async_trait]
impl Bus for BadBus {
    async fn publish(&self, events: &[Event]) -> Result<(), BackendError> {
        self.bus.publish(&self.spoilt(events)).await
    }

    async fn subscribe(&self) -> Result<Subscription, BackendError> {
        self.bus.subscribe().await
    }
}

/// Numbers that look random and are the same for the same seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}
