//! Who may do what, what is unread, and what there is one of: held against a plain retelling of what was done.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use proptest::prelude::*;

use super::history::{APPLICATIONS, commit, history, law, run, store};
use crate::commit::{Caller, Command, Done, Outcome, Request, Scope};
use crate::ids::{ApplicationId, ChatNumber, MessageNumber, UserNumber};
use crate::memory::MemoryStore;
use crate::model::{ChatKind, Role};
use crate::page::{Limit, Span};
use crate::port::{Chats, Members, Users};

/// A chat as it is retold.
#[derive(Default)]
struct Told {
    is_open: bool,
    /// Whether it ever had an owner.
    was_owned: bool,
    there: BTreeMap<UserNumber, Role>,
    /// The sender of each message that is there.
    messages: BTreeMap<MessageNumber, Option<UserNumber>>,
    read: HashMap<UserNumber, BTreeSet<MessageNumber>>,
    last: u64,
}

/// Everything as it is retold.
#[derive(Default)]
struct World {
    chats: HashMap<(Scope, ChatNumber), Told>,
    gone: HashSet<(Scope, UserNumber)>,
}

impl World {
    /// What every history starts with.
    fn new() -> Self {
        let mut world = Self::default();
        for application in (1..=APPLICATIONS).map(ApplicationId) {
            let scope = Scope::Application(application);
            let home = Told {
                is_open: true,
                messages: (1..=2)
                    .map(|number| (MessageNumber(number), None))
                    .collect(),
                last: 2,
                ..Told::default()
            };
            let there = [(UserNumber(1), Role::Owner), (UserNumber(2), Role::Member)];
            let group = Told {
                was_owned: true,
                there: there.into(),
                ..Told::default()
            };
            world.chats.insert((scope, ChatNumber(1)), home);
            world.chats.insert((scope, ChatNumber(2)), group);
        }
        world
    }

    /// Whether whoever asked was allowed to do what was done.
    fn allows(&self, request: &Request) -> bool {
        let Some(user) = request.caller.user() else {
            return true;
        };
        if self.gone.contains(&(request.scope, user)) {
            return false;
        }
        let Some(number) = request.command.chat() else {
            return match &request.command {
                Command::ChangeUser(of, _) | Command::DeleteUser(of) => *of == user,
                Command::CreateChat(new) => {
                    new.kind != ChatKind::Open || matches!(request.caller, Caller::For(_))
                }
                _ => false,
            };
        };
        let chat = &self.chats[&(request.scope, number)];
        let role = match (chat.there.get(&user), request.caller) {
            (Some(role), _) => *role,
            (None, Caller::For(_)) if chat.is_open => Role::Member,
            _ => return false,
        };
        match &request.command {
            Command::Post(..) => role != Role::Reader,
            Command::Edit(_, edit) => chat.messages.get(&edit.number) == Some(&Some(user)),
            Command::Delete(_, number) => {
                role == Role::Owner || chat.messages.get(number) == Some(&Some(user))
            }
            Command::AddMembers(..) | Command::RenameChat(..) => chat.is_led_by(role),
            Command::RemoveMember(_, of) => chat.is_led_by(role) || *of == user,
            Command::ChangeMember(_, change) => {
                (change.role.is_none() || chat.is_led_by(role))
                    && (change.muted.is_none() || change.user == user)
            }
            _ => true,
        }
    }

    fn retell(&mut self, request: &Request, done: &Done) {
        let scope = request.scope;
        match (&request.command, done) {
            (Command::CreateChat(new), Done::ChatCreated { number, .. }) => {
                let leads =
                    |user| new.kind == ChatKind::Group && request.caller.user() == Some(user);
                let role = |user| {
                    if leads(user) {
                        Role::Owner
                    } else {
                        Role::Member
                    }
                };
                let is_open = new.kind == ChatKind::Open;
                let there = new.participants(request.caller).into_iter();
                let there = there.filter(|_| !is_open).map(|user| (user, role(user)));
                let mut told = Told {
                    is_open,
                    there: there.collect(),
                    ..Told::default()
                };
                told.was_owned = told.is_owned();
                self.chats.insert((scope, *number), told);
            }
            (Command::DeleteUser(user), _) => drop(self.gone.insert((scope, *user))),
            (Command::Import(import), _) => {
                for (chat, one) in &import.messages {
                    if let Some(told) = self.chats.get_mut(&(scope, *chat)) {
                        let gone = |user: &UserNumber| self.gone.contains(&(scope, *user));
                        told.append(one.body.is_some(), one.sender.filter(|user| !gone(user)));
                        let last = MessageNumber(told.last);
                        for user in one
                            .read_by
                            .iter()
                            .filter(|user| told.there.contains_key(user))
                        {
                            told.read.entry(*user).or_default().insert(last);
                        }
                    }
                }
            }
            (command, _) => {
                let chat = command
                    .chat()
                    .and_then(|chat| self.chats.get_mut(&(scope, chat)));
                if let Some(chat) = chat {
                    chat.retell(command, request.caller.user());
                    chat.was_owned |= chat.is_owned();
                }
            }
        }
    }
}

impl Told {
    fn is_owned(&self) -> bool {
        self.there.values().any(|role| *role == Role::Owner)
    }

    fn is_led_by(&self, role: Role) -> bool {
        role == Role::Owner || role == Role::Member && self.was_owned && !self.is_owned()
    }

    fn append(&mut self, is_there: bool, sender: Option<UserNumber>) {
        self.last += 1;
        if is_there {
            self.messages.insert(MessageNumber(self.last), sender);
        }
    }

    fn retell(&mut self, command: &Command, caller: Option<UserNumber>) {
        match (command, caller) {
            (Command::Post(..), sender) => self.append(true, sender),
            (Command::Delete(_, number), _) => drop(self.messages.remove(number)),
            (Command::AddMembers(_, add), _) => {
                self.there
                    .extend(add.users.iter().map(|user| (*user, add.role)));
            }
            (Command::RemoveMember(_, user), _) => drop(self.there.remove(user)),
            (Command::ChangeMember(_, change), _) => {
                if let (Some(role), Some(before)) = (change.role, self.there.get_mut(&change.user))
                {
                    *before = role;
                }
            }
            (Command::Mark(_, mark), Some(user)) => {
                let read = (1..=mark.read.unwrap_or_default().0).map(MessageNumber);
                self.read.entry(user).or_default().extend(read);
            }
            (Command::Read(_, number), Some(user)) => {
                self.read.entry(user).or_default().insert(*number);
            }
            _ => {}
        }
    }

    fn unread(&self, user: UserNumber) -> u64 {
        let read = self.read.get(&user);
        let unread = self.messages.iter().filter(|(number, sender)| {
            **sender != Some(user) && !read.is_some_and(|read| read.contains(number))
        });
        unread.count() as u64
    }
}

/// Retells a history, asking of each thing that was done whether it was allowed.
fn retold(told: &[(Request, Outcome)]) -> Result<World, TestCaseError> {
    let mut world = World::new();
    for (request, outcome) in told {
        if let Outcome::Done {
            done,
            replayed: false,
        } = outcome
        {
            prop_assert!(world.allows(request), "{:?}", request);
            world.retell(request, done);
        }
    }
    Ok(world)
}

async fn users(store: &MemoryStore, application: ApplicationId) -> Vec<crate::model::User> {
    let page = store.users_page(application, Span::After(0), Limit::MAX);
    page.await.unwrap().items
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn only_who_may_does(steps in history()) {
        law(async {
            let told = run(&*store().await, &steps).await;
            retold(&told).map(drop)
        })?;
    }

    #[test]
    fn what_is_refused_or_done_already_writes_nothing(steps in history()) {
        law(async {
            let store = store().await;
            for step in &steps {
                for request in &step.requests {
                    let first = commit(&store, vec![request.clone()], step.now).await;
                    if !matches!(first.outcomes[0], Outcome::Done { replayed: false, .. }) {
                        // Whatever is written in an application is counted.
                        prop_assert!(first.counts.is_empty() && first.moved.is_empty(), "{:?}", request);
                    } else if matches!(request.command, Command::Mark(..) | Command::Read(..) | Command::Hide(_)) {
                        let again = commit(&store, vec![request.clone()], step.now).await;
                        prop_assert!(again.counts.is_empty() && again.moved.is_empty(), "{:?}", request);
                    }
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn unread_is_what_is_neither_read_nor_ones_own(steps in history()) {
        law(async {
            let store = store().await;
            let told = run(&store, &steps).await;
            let world = retold(&told)?;
            for ((scope, number), told) in &world.chats {
                let Scope::Application(application) = scope else { continue };
                if Chats::get(&*store, *application, *number).await.unwrap().is_none() {
                    continue;
                }
                for user in (1..=9).map(UserNumber) {
                    let own = store.chat_of(*application, user, *number).await.unwrap();
                    let told = told.there.contains_key(&user).then(|| told.unread(user));
                    prop_assert_eq!(own.map(|own| own.unread), told, "{:?} {} {}", scope, number, user);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn marks_do_not_fall_and_stay_below_the_head(steps in history()) {
        law(async {
            let store = store().await;
            let mut seen = HashMap::new();
            for step in &steps {
                run(&store, std::slice::from_ref(step)).await;
                for application in (1..=APPLICATIONS).map(ApplicationId) {
                    let chats = Chats::list(&*store, application, Span::After(0), Limit::MAX).await;
                    for chat in chats.unwrap().items {
                        let members = store.members(chat.id, Span::After(0), Limit::MAX).await;
                        for one in members.unwrap().items {
                            let marks = (one.delivered, one.read);
                            prop_assert!(one.read <= one.delivered && one.delivered <= chat.head.number);
                            let before = seen.insert((chat.id, one.user), marks).unwrap_or_default();
                            prop_assert!(before.0 <= marks.0 && before.1 <= marks.1);
                        }
                    }
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_pair_has_one_chat_and_a_name_one_user(steps in history()) {
        law(async {
            let store = store().await;
            run(&store, &steps).await;
            for application in (1..=APPLICATIONS).map(ApplicationId) {
                let chats = Chats::list(&*store, application, Span::After(0), Limit::MAX).await;
                let chats = chats.unwrap().items;
                let pairs: Vec<_> = chats.iter().filter_map(|chat| Some(chat.direct?.pair)).collect();
                prop_assert_eq!(pairs.iter().collect::<HashSet<_>>().len(), pairs.len());
                let names: Vec<_> = users(&store, application).await.iter().map(|one| one.folded()).collect();
                prop_assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
            }
            Ok(())
        })?;
    }
}
