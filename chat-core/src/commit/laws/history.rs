//! Generated histories: commands of many callers, with keys, retries, nonsense and a bad clock.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::clock::Timestamp;
use crate::commit::{
    AddMembers, Batch, Caller, ChangeMember, ChangeUser, Command, CreateChat, Import, Imported,
    Key, Mark, Outcome, Request, Scope, Sink, SourceHash,
};
use crate::ids::{ApplicationId, ChatNumber, ChatUuid, MessageNumber, Token, UserNumber};
use crate::kit::store::desk;
use crate::memory::MemoryStore;
use crate::model::{ChatKind, Role};
use crate::port::{Commit, Committed};
use crate::text::{Body, IdempotencyKey, Username};

/// How many applications a history starts with; their rows are 1, 2, …
pub(super) const APPLICATIONS: i64 = 2;

/// What is committed together, at what time.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) requests: Vec<Request>,
    pub(super) now: Timestamp,
}

/// One thing a caller wants. Small ranges, so that wishes meet, and some are nonsense.
fn command() -> impl Strategy<Value = Command> {
    let chat = || prop_oneof![3 => Just(1_u64), 2 => Just(2), 1 => Just(3)].prop_map(ChatNumber);
    let text = || prop::sample::select(vec!["a", "b", "ä 🎈"]);
    let number = 1..=8_u64;
    prop_oneof![
        16 => (chat(), text()).prop_map(|(chat, text)| desk::post(chat, text)),
        3 => (chat(), number.clone(), text()).prop_map(|(chat, number, text)| desk::edit(chat, number, text)),
        2 => (chat(), number.clone()).prop_map(|(chat, number)| desk::delete(chat, number)),
        2 => (chat(), number, text()).prop_map(|(chat, to, text)| desk::reply(chat, to, text)),
        2 => prop::option::of(text()).prop_map(desk::create_chat),
        1 => (chat(), prop::option::of(text())).prop_map(|(chat, text)| {
            Command::RenameChat(chat, text.map(desk::name))
        }),
        1 => import(chat(), text()),
        1 => text().prop_map(|text| Command::RenameApplication(desk::name(text))),
        1 => chat().prop_map(Command::CloseChat),
        12 => people(),
    ]
}

fn user() -> impl Strategy<Value = UserNumber> {
    prop_oneof![4 => Just(1_u64), 4 => Just(2), 2 => Just(3), 1 => Just(4)].prop_map(UserNumber)
}

/// What is wanted of users and members.
fn people() -> impl Strategy<Value = Command> {
    let chat = || prop_oneof![1 => Just(1_u64), 6 => Just(2), 2 => Just(3)].prop_map(ChatNumber);
    let number = || (0..=8_u64).prop_map(MessageNumber);
    let kind = prop::sample::select(vec![ChatKind::Group, ChatKind::Direct, ChatKind::Direct]);
    let role = || prop::sample::select(vec![Role::Owner, Role::Member, Role::Reader]);
    let name = || prop::sample::select(vec!["a", "A", "b", "c"]);
    prop_oneof![
        6 => (chat(), prop::option::of(number()), prop::option::of(number()))
            .prop_map(|(chat, delivered, read)| Command::Mark(chat, Mark { delivered, read })),
        4 => (chat(), number()).prop_map(|(chat, number)| Command::Read(chat, number)),
        4 => (chat(), vec(user(), 1..3), role())
            .prop_map(|(chat, users, role)| Command::AddMembers(chat, AddMembers { users, role })),
        3 => (chat(), user()).prop_map(|(chat, user)| Command::RemoveMember(chat, user)),
        2 => (chat(), user(), prop::option::of(role()), prop::option::of(any::<bool>())).prop_map(
            |(chat, user, role, muted)| Command::ChangeMember(chat, ChangeMember { user, role, muted })
        ),
        1 => chat().prop_map(Command::Hide),
        1 => name().prop_map(desk::create_user),
        1 => (user(), name()).prop_map(|(user, name)| Command::ChangeUser(user, ChangeUser {
            username: Some(Username::parse(name).unwrap()),
            ..ChangeUser::default()
        })),
        1 => user().prop_map(Command::DeleteUser),
        2 => (kind, vec(user(), 0..3)).prop_map(|(kind, members)| Command::CreateChat(CreateChat {
            created_at: None,
            kind,
            name: None,
            unique_name: false,
            members,
            uuid: ChatUuid::random(),
        })),
    ]
}

fn import(
    chat: impl Strategy<Value = ChatNumber>,
    text: impl Strategy<Value = &'static str>,
) -> impl Strategy<Value = Command> {
    let people = (prop::option::of(user()), vec(user(), 0..3));
    let line = (
        chat,
        prop::option::of(text),
        prop::option::of(1..=8_u64),
        people,
    );
    (0..=4_u64, vec(line, 0..4)).prop_map(|(from, lines)| {
        let messages: Vec<_> = lines
            .into_iter()
            .map(|(chat, text, reply_to, (sender, read_by))| {
                let one = Imported {
                    sender,
                    read_by,
                    body: text.map(|text| Body::parse(text).unwrap()),
                    author_name: Some(desk::name("someone")),
                    data: None,
                    reply_to: reply_to.map(MessageNumber),
                    created_at: Some(Timestamp(5)),
                    edited_at: None,
                    deleted_at: None,
                };
                (chat, one)
            })
            .collect();
        Command::Import(Import {
            source: SourceHash([0; 32]),
            from,
            to: from + messages.len() as u64,
            messages,
        })
    })
}

/// A command somewhere, now and then under one of few keys: some are retries, some are misused.
fn request() -> impl Strategy<Value = Request> {
    let row = prop_oneof![
        20 => 1..=APPLICATIONS,
        1 => Just(APPLICATIONS + 1),
    ];
    let scope = row.prop_map(|row| Scope::Application(ApplicationId(row)));
    let caller = prop_oneof![
        6 => Just(Caller::Application),
        2 => user().prop_map(Caller::For),
        4 => user().prop_map(Caller::User),
    ];
    let closing = prop_oneof![
        200 => command(),
        1 => Just(Command::CloseApplication),
    ];
    let key = prop::option::weighted(0.3, 0..6_u8);
    (scope, caller, closing, key).prop_map(|(scope, caller, command, key)| {
        let key = key.map(|key| {
            let key = IdempotencyKey::parse(format!("key-{key}")).unwrap();
            Key::of(&key, caller, &command)
        });
        Request {
            caller,
            key,
            ..Request::new(scope, command)
        }
    })
}

/// Batches as they form: of any size, some requests sent again later, the clock going back too.
pub(super) fn history() -> impl Strategy<Value = Vec<Step>> {
    let step = (vec(request(), 1..12), -20..40_i64);
    (
        vec(step, 1..12),
        vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
            0..8,
        ),
    )
        .prop_map(|(steps, retries)| {
            let mut now = desk::NOW;
            let mut steps: Vec<Step> = steps
                .into_iter()
                .map(|(requests, seconds)| {
                    now = now.plus_seconds(seconds);
                    Step { requests, now }
                })
                .collect();
            for (from, to) in retries {
                let again = from.get(&steps).requests[0].clone();
                let to = to.index(steps.len());
                steps[to].requests.push(again);
            }
            steps
        })
}

/// What goes on in one group: its members are changed, come back, mark and write, again and again.
pub(super) fn group_history() -> impl Strategy<Value = Vec<Step>> {
    let chat = ChatNumber(2);
    let user = || (1..=3_u64).prop_map(UserNumber);
    let role = || prop::sample::select(vec![Role::Owner, Role::Member, Role::Reader]);
    let number = || (1..=4_u64).prop_map(MessageNumber);
    let mark = (prop::option::of(number()), prop::option::of(number()))
        .prop_map(|(delivered, read)| Mark { delivered, read });
    let by_members = prop_oneof![
        4 => mark.prop_map(move |mark| Command::Mark(chat, mark)),
        1 => number().prop_map(move |number| Command::Read(chat, number)),
        2 => Just(desk::post(chat, "a")),
        1 => number().prop_map(move |number| desk::edit(chat, number.0, "b")),
    ];
    let by_members = (user(), by_members).prop_map(|(user, command)| (Caller::User(user), command));
    let of_members = prop_oneof![
        2 => (user(), role()).prop_map(move |(user, role)| {
            Command::AddMembers(chat, AddMembers { users: vec![user], role })
        }),
        1 => user().prop_map(move |user| Command::RemoveMember(chat, user)),
        2 => (user(), role()).prop_map(move |(user, role)| {
            let (role, muted) = (Some(role), None);
            Command::ChangeMember(chat, ChangeMember { user, role, muted })
        }),
    ];
    let of_members = of_members.prop_map(|command| (Caller::Application, command));
    let scope = Scope::Application(ApplicationId(1));
    let request =
        prop_oneof![3 => by_members, 2 => of_members].prop_map(move |(caller, command)| Request {
            caller,
            ..Request::new(scope, command)
        });
    let step = vec(request, 1..6).prop_map(|requests| Step {
        requests,
        now: desk::NOW,
    });
    vec(step, 1..10)
}

/// A store with the applications of a history, each with three users, one chat of two messages, and a group of the first two users,
/// which the first one leads.
pub(super) async fn store() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    for _ in 0..APPLICATIONS {
        let made = desk::application(Token::random(), "home", false);
        commit(&store, vec![made], desk::NOW).await;
    }
    for application in 1..=APPLICATIONS {
        let chat = ChatNumber(1);
        let commands = [
            desk::create_chat(None),
            desk::post(chat, "1"),
            desk::post(chat, "2"),
            desk::create_user("a"),
            desk::create_user("b"),
            desk::create_user("c"),
            Command::CreateChat(CreateChat {
                created_at: None,
                kind: ChatKind::Group,
                name: None,
                unique_name: false,
                members: vec![UserNumber(1), UserNumber(2)],
                uuid: ChatUuid::random(),
            }),
            Command::ChangeMember(
                ChatNumber(2),
                ChangeMember {
                    user: UserNumber(1),
                    role: Some(Role::Owner),
                    muted: None,
                },
            ),
        ];
        let scope = Scope::Application(ApplicationId(application));
        let requests = commands.map(|command| Request::new(scope, command));
        let committed = commit(&store, requests.into(), desk::NOW).await;
        assert!(committed.outcomes.iter().all(desk::is_done));
    }
    store
}

pub(super) async fn commit(
    store: &MemoryStore,
    requests: Vec<Request>,
    now: Timestamp,
) -> Committed {
    let sinks = vec![Sink::Index];
    let batch = Arc::new(Batch { requests, sinks });
    store.commit(batch, now).await.unwrap()
}

/// Commits a history and says what became of each request.
pub(super) async fn run(store: &MemoryStore, steps: &[Step]) -> Vec<(Request, Outcome)> {
    let mut told = Vec::new();
    for step in steps {
        let committed = commit(store, step.requests.clone(), step.now).await;
        told.extend(step.requests.iter().cloned().zip(committed.outcomes));
    }
    told
}

/// Runs async code of a property.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// Runs a property.
pub(super) fn law(
    property: impl Future<Output = Result<(), TestCaseError>>,
) -> Result<(), TestCaseError> {
    block_on(property)
}
