//! A second look at those who seemed to be there.

use std::collections::HashMap;

use crate::error::BackendError;
use crate::ids::ApplicationId;

use super::Pusher;
use super::later::Doubt;
use super::news::{News, notice};
use super::round::BATCH;

/// So many are looked at together.
const DOUBTS: usize = 200;

/// Those who are still taken to be there, and those who are not and are to be told.
#[derive(Default)]
struct Looked {
    present: Vec<Doubt>,
    absent: Vec<Doubt>,
}

impl Pusher {
    /// Looks at those who are due, tells those who turned out not to be there, and keeps those who are. Answers whether more may be due.
    pub(super) async fn look_again(&self) -> Result<bool, BackendError> {
        let doubts = self.later().due(DOUBTS);
        match self.looked_at(&doubts).await {
            Ok(Looked { present, absent }) => {
                self.later().keep(present);
                self.tell_absent(absent).await?;
                Ok(doubts.len() == DOUBTS)
            }
            Err(error) => {
                self.later().keep(doubts);
                Err(error)
            }
        }
    }

    async fn looked_at(&self, doubts: &[Doubt]) -> Result<Looked, BackendError> {
        let mut sorted: HashMap<ApplicationId, Vec<Doubt>> = HashMap::new();
        for doubt in doubts {
            sorted.entry(doubt.application).or_default().push(*doubt);
        }
        let mut looked = Looked::default();
        for (application, doubts) in sorted {
            let users: Vec<_> = doubts.iter().map(|one| one.notification.user).collect();
            let there = self.presence.are_known(application, &users).await;
            for (doubt, is_there) in doubts.into_iter().zip(there) {
                if is_there == Some(true) {
                    looked.present.extend((!doubt.is_over()).then_some(doubt));
                    continue;
                }
                let user = doubt.notification.user;
                let member = self.stores.members.member(doubt.chat, user).await?;
                let news = News::of(&doubt.notification);
                if member.is_some_and(|member| notice(&member, &news, is_there).is_some()) {
                    looked.absent.push(doubt);
                }
            }
        }
        Ok(looked)
    }

    /// After a failure each is told by himself: nobody waits for one who is never taken.
    async fn tell_absent(&self, mut absent: Vec<Doubt>) -> Result<(), BackendError> {
        let at_once = match self.is_careful() {
            true => 1,
            false => BATCH,
        };
        while !absent.is_empty() {
            let part = absent.len().min(at_once);
            let notifications = absent[..part].iter().map(|doubt| doubt.notification);
            let notifications: Vec<_> = notifications.collect();
            if let Err(error) = self.notify(&notifications).await {
                absent.rotate_left(1);
                self.later().keep(absent);
                return Err(error);
            }
            absent.drain(..part);
        }
        Ok(())
    }
}
