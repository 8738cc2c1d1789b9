//! Whatever the bus does, and however often clients come and go, each ends with what there is.

use std::sync::Arc;

use proptest::prelude::*;

use super::client::{Client, snapshot};
use super::faults::{BadBus, Dice};
use super::*;
use crate::commit::{AddMembers, Edit};
use crate::ids::MessageNumber;
use crate::model::Role;
use crate::testing::{elapse, until};

const USERS: usize = 4;
const STEPS: u64 = 60;

struct World {
    nodes: Vec<Chat>,
    access: Access,
    chat: ChatNumber,
    /// The first one owns the chat and stays in it.
    clients: Vec<Client>,
    dice: Dice,
    posted: u64,
}

impl World {
    async fn new(seed: u64, nodes: usize) -> Self {
        let parts = Parts::in_memory();
        let bus = Arc::new(BadBus::new(seed));
        let mut started = Vec::new();
        for _ in 0..nodes {
            let beside = Parts {
                stores: parts.stores.clone(),
                keyring: parts.keyring.clone(),
                bus: bus.clone(),
                ..Parts::in_memory()
            };
            started.push(Chat::start(beside).await.unwrap());
        }
        let access = Access::from(shop(&started[0]).await.token);
        let mut users = Vec::new();
        for name in 0..USERS {
            users.push(user(&started[0], access, &format!("user{name}")).await);
        }
        let room = group(&started[0], access, &users).await;
        let client = |user: &UserNumber| Client::new(*user, room.cursor);
        Self {
            clients: users.iter().map(client).collect(),
            nodes: started,
            access,
            chat: room.number,
            dice: Dice(seed | 1),
            posted: 0,
        }
    }

    fn below(&mut self, sides: usize) -> usize {
        self.dice.below(sides as u64) as usize
    }

    async fn step(&mut self, members_change: bool) {
        let node = self.below(self.nodes.len());
        let node = self.nodes[node].clone();
        let one = self.below(USERS);
        match self.below(if members_change { 10 } else { 8 }) {
            0..=2 => {
                for _ in 0..=self.below(3) {
                    self.posted += 1;
                    let body = format!("text {}", self.posted);
                    post(&node, self.access, self.chat, &body).await;
                }
            }
            3 => self.touch(&node).await,
            4 => self.clients[one].listener = None,
            5 | 6 => {
                if self.clients[one].listener.is_none() {
                    self.clients[one].connect(&node, self.access).await;
                }
            }
            7 => elapse(Duration::from_millis(self.dice.below(700))).await,
            _ => self.come_or_go(&node).await,
        }
        for client in &mut self.clients {
            client.take();
        }
    }

    async fn touch(&mut self, node: &Chat) {
        if self.posted == 0 {
            return;
        }
        let number = MessageNumber(1 + self.dice.below(self.posted));
        let body = format!("edited {}", self.dice.below(1_000));
        let edit = Edit {
            number,
            body: Some(Body::parse(&body).unwrap()),
            data: None,
        };
        // Either may find it deleted.
        let (access, chat) = (self.access, self.chat);
        match self.below(2) {
            0 => drop(node.edit(access, chat, edit).await),
            _ => drop(node.delete(access, chat, number).await),
        }
    }

    /// One of the others leaves, or comes back.
    async fn come_or_go(&mut self, node: &Chat) {
        let one = 1 + self.below(USERS - 1);
        let user = self.clients[one].user;
        let (access, chat) = (self.access, self.chat);
        if node.remove_member(access, chat, user).await.is_err() {
            let add = AddMembers {
                users: vec![user],
                role: Role::Member,
            };
            node.add_members(access, chat, add, None).await.unwrap();
        }
    }

    /// Everybody is back and connected, and hears what is left.
    async fn end(mut self) {
        let (node, access, chat) = (self.nodes[0].clone(), self.access, self.chat);
        for one in 1..USERS {
            let user = self.clients[one].user;
            let add = AddMembers {
                users: vec![user],
                role: Role::Member,
            };
            // Who is there already stays.
            drop(node.add_members(access, chat, add, None).await);
        }
        for client in &mut self.clients {
            if !client.take() {
                client.connect(&node, access).await;
            }
        }
        let expected = snapshot(&node, access, chat).await;
        for client in &mut self.clients {
            until(async || client.take() && !client.is_out && client.messages == expected).await;
        }
        elapse(Duration::from_secs(3)).await;
        for client in &mut self.clients {
            assert!(
                client.take() && client.messages == expected,
                "and so it stays"
            );
        }
    }
}

fn run(seed: u64, nodes: usize, members_change: bool, dies: bool) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(seed, nodes).await;
        for step in 0..STEPS {
            world.step(members_change).await;
            if dies && step == STEPS / 2 {
                let dead = world.nodes.pop().unwrap();
                dead.stop().await;
            }
        }
        world.end().await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_client_ends_with_what_there_is(seed: u64) {
        run(seed, 1, false, false);
    }

    #[test]
    fn the_same_on_two_nodes_of_which_one_dies(seed: u64) {
        run(seed, 2, false, true);
    }

    #[test]
    fn who_is_removed_hears_nothing_and_who_comes_back_catches_up(seed: u64) {
        run(seed, 2, true, false);
    }
}
