mod failing;

use super::*;
use crate::clock::SystemClock;
use crate::commit::{Batch, Caller, ChangeMember, Command, Mark};
use crate::ids::{ChatNumber, UserNumber};
use crate::kit::store::desk::{Desk, NOW, delete, edit, post};
use crate::memory::{MemoryBus, MemoryNotifier, MemoryPresence, MemoryStore};
use crate::port::{MockNotifier, MockPresence, Presence, Store};

/// A store, and a pusher that follows it.
struct Scene {
    desk: Desk,
    presence: Arc<dyn Presence>,
}

impl Scene {
    async fn open() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        Self {
            desk: Desk::open(&store).await,
            presence: Arc::new(MemoryPresence::new()),
        }
    }

    /// A group of so many users, numbered from 1.
    async fn group_of(&self, users: u64) -> ChatNumber {
        let mut members = Vec::new();
        for user in 1..=users {
            members.push(self.desk.user(&format!("user-{user}")).await);
        }
        self.desk.group(&members).await
    }

    fn pusher(&self, notifier: Arc<dyn Notifier>) -> Arc<Pusher> {
        let stores = Stores::from(self.desk.store.clone());
        let (bus, clock) = (Arc::new(MemoryBus::new()), Arc::new(SystemClock));
        let presence = self.presence.clone();
        let presence = Presences::new(presence, stores.clone(), bus, clock, Duration::ZERO);
        let (presence, wake) = (Arc::new(presence), Arc::default());
        let pusher = Pusher::new(stores, presence, notifier, wake, Duration::ZERO);
        Arc::new(pusher)
    }

    /// Commits commands of this user, for notifications to follow.
    async fn done(&self, user: Option<u64>, commands: Vec<Command>) {
        let requests = commands.into_iter().map(|one| {
            let mut request = self.desk.ask(one);
            request.caller =
                user.map_or(Caller::Application, |user| Caller::User(UserNumber(user)));
            request
        });
        let batch = Batch {
            requests: requests.collect(),
            sinks: vec![Sink::Push],
        };
        let committed = self.desk.store.commit(Arc::new(batch), NOW).await.unwrap();
        let mut outcomes = committed.outcomes.iter();
        assert!(outcomes.all(crate::kit::store::desk::is_done));
    }

    async fn waiting(&self) -> usize {
        let rows = self.desk.store.dirty(Sink::Push, Limit::MAX);
        rows.await.unwrap().len()
    }

    async fn is_there(&self, user: u64) {
        self.is_there_for(user, 3_600).await;
    }

    async fn is_there_for(&self, user: u64, seconds: u64) {
        let who = [format!("{}-{user}", self.desk.application)];
        let lease = Duration::from_secs(seconds);
        let place = uuid::Uuid::nil();
        self.presence.touch(&who, place, lease).await.unwrap();
    }
}

/// Who was told, of which message of which chat.
fn told(notifications: &[Notification]) -> Vec<(u64, u64, u64)> {
    let told = notifications
        .iter()
        .map(|one| (one.chat.0, one.user.0, one.message.0));
    told.collect()
}

fn away() -> BackendError {
    BackendError::new(ErrorKind::Unavailable, "mock", "notify")
}

#[tokio::test]
async fn each_of_the_others_who_is_not_there_is_told_once_of_the_latest_message() {
    let scene = Scene::open().await;
    let chat = scene.group_of(4).await;
    let notifier = Arc::new(MemoryNotifier::new());
    let pusher = scene.pusher(notifier.clone());
    scene.is_there(3).await;
    scene
        .done(Some(1), vec![post(chat, "a"), post(chat, "b")])
        .await;
    scene.done(Some(2), vec![post(chat, "c")]).await;
    pusher.follow().await.unwrap();
    let first = notifier.take();
    assert_eq!(told(&first), [(1, 1, 3), (1, 2, 2), (1, 4, 3)]);
    assert_eq!(first[1].author, Some(UserNumber(1)));
    assert_eq!(first[2].author, Some(UserNumber(2)));
    assert_eq!((first[0].at, pusher.told()), (NOW, 3));
    let application = crate::port::Applications::by_id(&*scene.desk.store, scene.desk.application);
    let application = application.await.unwrap().unwrap();
    assert_eq!(first[0].application, application.public_id);
    assert_eq!(scene.waiting().await, 0);
    pusher.follow().await.unwrap();
    assert!(notifier.take().is_empty());
}

#[tokio::test]
async fn only_new_messages_of_chats_with_members_are_told_of() {
    let scene = Scene::open().await;
    let chat = scene.group_of(2).await;
    let open = scene.desk.chat().await;
    let notifier = Arc::new(MemoryNotifier::new());
    let pusher = scene.pusher(notifier.clone());
    scene
        .done(
            None,
            vec![post(open, "a"), post(chat, "a"), post(chat, "b")],
        )
        .await;
    pusher.follow().await.unwrap();
    assert_eq!(told(&notifier.take()), [(1, 1, 2), (1, 2, 2)]);
    // What is touched is not new, and what is deleted not there.
    scene
        .done(None, vec![edit(chat, 1, "c"), delete(chat, 2)])
        .await;
    scene
        .done(None, vec![post(chat, "d"), delete(chat, 3)])
        .await;
    assert_eq!(scene.waiting().await, 1);
    pusher.follow().await.unwrap();
    assert!(notifier.take().is_empty());
    scene
        .done(None, vec![post(chat, "e"), Command::CloseChat(chat)])
        .await;
    pusher.follow().await.unwrap();
    assert!(notifier.take().is_empty());
    assert_eq!(scene.waiting().await, 0);
}

#[tokio::test]
async fn whoever_mutes_or_reads_before_the_look_is_not_told() {
    let scene = Scene::open().await;
    let chat = scene.group_of(4).await;
    let notifier = Arc::new(MemoryNotifier::new());
    let pusher = scene.pusher(notifier.clone());
    scene.done(Some(1), vec![post(chat, "a")]).await;
    let mute = ChangeMember {
        user: UserNumber(2),
        role: None,
        muted: Some(true),
    };
    scene
        .done(Some(2), vec![Command::ChangeMember(chat, mute)])
        .await;
    let read = Mark {
        read: Some(MessageNumber(1)),
        ..Mark::default()
    };
    scene.done(Some(3), vec![Command::Mark(chat, read)]).await;
    pusher.follow().await.unwrap();
    assert_eq!(told(&notifier.take()), [(1, 4, 1)]);
}

#[tokio::test]
async fn where_nobody_knows_who_is_there_all_are_told() {
    let mut scene = Scene::open().await;
    let mut presence = MockPresence::new();
    // It may take its time to fail, so it is left alone for a while.
    let of = presence.expect_of().times(1);
    of.returning(|_| Err(away()));
    scene.presence = Arc::new(presence);
    let chat = scene.group_of(150).await;
    let notifier = Arc::new(MemoryNotifier::new());
    scene.done(Some(1), vec![post(chat, "a")]).await;
    scene.pusher(notifier.clone()).follow().await.unwrap();
    assert_eq!(notifier.take().len(), 149);
}

#[tokio::test]
async fn a_message_of_another_is_found_behind_many_of_the_latest_author() {
    let scene = Scene::open().await;
    let chat = scene.group_of(2).await;
    let notifier = Arc::new(MemoryNotifier::new());
    let pusher = scene.pusher(notifier.clone());
    scene.done(Some(1), vec![post(chat, "a")]).await;
    scene.done(Some(2), vec![post(chat, "b"); 120]).await;
    pusher.follow().await.unwrap();
    assert_eq!(told(&notifier.take()), [(1, 1, 121), (1, 2, 1)]);
}

/// Looks every second for so long.
async fn follow_for(pusher: &Pusher, seconds: u64) {
    for _ in 0..seconds {
        pusher.follow().await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_seemed_to_be_there_and_was_not_is_told_when_that_is_known() {
    let scene = Scene::open().await;
    let chat = scene.group_of(5).await;
    let notifier = Arc::new(MemoryNotifier::new());
    let pusher = scene.pusher(notifier.clone());
    for (user, seconds) in [(2, 40), (3, 40), (4, 3_600), (5, 40)] {
        scene.is_there_for(user, seconds).await;
    }
    scene.done(Some(1), vec![post(chat, "a")]).await;
    follow_for(&pusher, 20).await;
    scene.done(Some(1), vec![post(chat, "b")]).await;
    let read = Mark {
        read: Some(MessageNumber(2)),
        ..Mark::default()
    };
    scene.done(Some(3), vec![Command::Mark(chat, read)]).await;
    follow_for(&pusher, 20).await;
    assert!(notifier.take().is_empty());
    // One of them is told by the next message; the other one by the second look, once.
    scene.done(Some(2), vec![post(chat, "c")]).await;
    follow_for(&pusher, 60).await;
    let mut all = told(&notifier.take());
    all.sort_unstable();
    assert_eq!(all, [(1, 1, 3), (1, 2, 2), (1, 3, 3), (1, 5, 3)]);
    follow_for(&pusher, 60).await;
    assert!(notifier.take().is_empty());
    assert_eq!(pusher.later().len(), (0, 0), "whoever stays is there");
}

#[tokio::test(start_paused = true)]
async fn whoever_rests_remembers_nothing_and_has_not_failed() {
    let scene = Scene::open().await;
    let chat = scene.group_of(3).await;
    scene.is_there(2).await;
    scene.done(Some(1), vec![post(chat, "a")]).await;
    let mut notifier = MockNotifier::new();
    notifier.expect_notify().returning(|_| Err(away()));
    let pusher = scene.pusher(Arc::new(notifier));
    pusher.run_for(Duration::from_millis(1)).await;
    assert!(pusher.failure().is_some());
    assert_eq!(pusher.later().len(), (1, 1));
    pusher.rest();
    assert!(pusher.failure().is_none());
    assert_eq!(pusher.later().len(), (0, 0));
}
