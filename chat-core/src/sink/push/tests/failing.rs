//! Notifiers that fail, and chats that are too large for one pass.

use super::*;

#[tokio::test]
async fn a_large_group_is_told_in_bounded_batches_and_goes_on_where_one_is_not_taken() {
    let scene = Scene::open().await;
    let chat = scene.group_of(450).await;
    scene.done(Some(1), vec![post(chat, "a")]).await;
    let mut notifier = MockNotifier::new();
    let mut calls = 0;
    notifier.expect_notify().returning(move |some| {
        calls += 1;
        assert!((1..=BATCH).contains(&some.len()));
        if calls == 3 { Err(away()) } else { Ok(()) }
    });
    let pusher = scene.pusher(Arc::new(notifier));
    pusher.follow().await.unwrap_err();
    assert_eq!((pusher.told(), scene.waiting().await), (199, 1));
    // What comes meanwhile is told when all have been told of this.
    scene.done(Some(1), vec![post(chat, "b")]).await;
    pusher.follow().await.unwrap();
    assert_eq!((pusher.told(), scene.waiting().await), (449, 1));
    pusher.follow().await.unwrap();
    assert_eq!((pusher.told(), scene.waiting().await), (2 * 449, 0));
}

#[tokio::test]
async fn behind_a_very_large_group_others_have_their_turn() {
    let scene = Scene::open().await;
    let large = scene.group_of(2_050).await;
    let small = scene.desk.group(&[UserNumber(1), UserNumber(2)]).await;
    for chat in [large, small] {
        scene.done(Some(1), vec![post(chat, "a")]).await;
    }
    let notifier = Arc::new(MemoryNotifier::new());
    let pusher = scene.pusher(notifier.clone());
    pusher.follow().await.unwrap();
    let told = told(&notifier.take());
    assert_eq!(told.len(), 1_999 + 1);
    assert_eq!(told.last(), Some(&(small.0, 2, 1)));
    pusher.follow().await.unwrap();
    assert_eq!(notifier.take().len(), 50);
    assert_eq!(scene.waiting().await, 0);
}

#[tokio::test]
async fn what_is_never_taken_holds_up_nobody_else() {
    for never in [vec![0], vec![2], vec![4], vec![1, 3], vec![0, 1, 3]] {
        let scene = Scene::open().await;
        let mut chats = vec![scene.group_of(2).await];
        for _ in 1..5 {
            chats.push(scene.desk.group(&[UserNumber(1), UserNumber(2)]).await);
        }
        for chat in &chats {
            scene.done(Some(1), vec![post(*chat, "a")]).await;
        }
        let mut notifier = MockNotifier::new();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let refused: Vec<_> = never.iter().map(|at| chats[*at]).collect();
        let (state, is_refused) = (taken.clone(), move |chat| refused.contains(&chat));
        notifier.expect_notify().returning(move |some| {
            if some.iter().any(|one| is_refused(one.chat)) {
                return Err(away());
            }
            state.lock().unwrap().extend(super::told(some));
            Ok(())
        });
        let pusher = scene.pusher(Arc::new(notifier));
        for _ in 0..6 {
            pusher.follow().await.unwrap_err();
        }
        let mut taken = taken.lock().unwrap().clone();
        taken.sort_unstable();
        let others = (0..5).filter(|at| !never.contains(at));
        let others: Vec<_> = others.map(|at| (chats[at].0, 2, 1)).collect();
        assert_eq!(taken, others, "{never:?}");
        assert_eq!(scene.waiting().await, never.len());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_never_taken_keeps_nobody_from_a_second_look() {
    let scene = Scene::open().await;
    let chat = scene.group_of(4).await;
    let refused = scene.desk.group(&[UserNumber(1), UserNumber(2)]).await;
    for user in [3, 4] {
        scene.is_there_for(user, 10).await;
    }
    for chat in [chat, refused] {
        scene.done(Some(1), vec![post(chat, "a")]).await;
    }
    let mut notifier = MockNotifier::new();
    let taken = Arc::new(Mutex::new(Vec::new()));
    let state = taken.clone();
    notifier.expect_notify().returning(move |some| {
        // One of those who are looked at again is never taken either.
        let is_refused = |one: &Notification| one.chat == refused || one.user == UserNumber(3);
        if some.iter().any(is_refused) {
            return Err(away());
        }
        state.lock().unwrap().extend(super::told(some));
        Ok(())
    });
    let pusher = scene.pusher(Arc::new(notifier));
    for _ in 0..60 {
        pusher.follow().await.unwrap_err();
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let mut taken = taken.lock().unwrap().clone();
    taken.sort_unstable();
    assert_eq!(taken, [(chat.0, 2, 1), (chat.0, 4, 1)]);
}

#[tokio::test]
async fn after_an_outage_each_chat_is_told_of_once_and_in_order() {
    let scene = Scene::open().await;
    let chat = scene.group_of(2).await;
    let mut notifier = MockNotifier::new();
    let told = Arc::new(Mutex::new((true, Vec::new())));
    let state = told.clone();
    notifier.expect_notify().returning(move |some| {
        let mut state = state.lock().unwrap();
        if state.0 {
            return Err(away());
        }
        state.1.extend(super::told(some));
        Ok(())
    });
    let pusher = scene.pusher(Arc::new(notifier));
    for text in ["a", "b", "c"] {
        scene.done(Some(1), vec![post(chat, text)]).await;
        pusher.follow().await.unwrap_err();
    }
    told.lock().unwrap().0 = false;
    pusher.follow().await.unwrap();
    scene.done(Some(1), vec![post(chat, "d")]).await;
    pusher.follow().await.unwrap();
    assert_eq!(told.lock().unwrap().1, [(1, 2, 3), (1, 2, 4)]);
}

#[tokio::test(start_paused = true)]
async fn a_notifier_that_is_away_is_asked_less_and_less_and_one_that_is_silent_is_not_waited_for() {
    let scene = Scene::open().await;
    let chat = scene.group_of(2).await;
    scene.done(Some(1), vec![post(chat, "a")]).await;
    let mut notifier = MockNotifier::new();
    // After 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5, 91.5 seconds.
    notifier.expect_notify().times(9).returning(|_| Err(away()));
    let pusher = scene.pusher(Arc::new(notifier));
    pusher.run_for(Duration::from_secs(100)).await;
    assert!(pusher.failure().is_some());

    struct Silent;

    #[async_trait::async_trait]
    impl Notifier for Silent {
        async fn notify(&self, _: &[Notification]) -> Result<(), BackendError> {
            std::future::pending().await
        }
    }

    let pusher = scene.pusher(Arc::new(Silent));
    let error = pusher.follow().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(scene.waiting().await, 1);
}

#[tokio::test(start_paused = true)]
async fn what_failed_works_again_and_says_so() {
    let scene = Scene::open().await;
    let chat = scene.group_of(2).await;
    scene.done(Some(1), vec![post(chat, "a")]).await;
    let mut notifier = MockNotifier::new();
    let mut calls = 0;
    notifier.expect_notify().times(3).returning(move |_| {
        calls += 1;
        if calls < 3 { Err(away()) } else { Ok(()) }
    });
    let pusher = scene.pusher(Arc::new(notifier));
    pusher.run_for(Duration::from_secs(1)).await;
    assert!(pusher.failure().is_some());
    pusher.run_for(Duration::from_secs(3)).await;
    assert!(pusher.failure().is_none());
    assert_eq!((pusher.told(), scene.waiting().await), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_second_look_that_is_not_taken_is_taken_again() {
    let scene = Scene::open().await;
    let chat = scene.group_of(2).await;
    scene.is_there_for(2, 1).await;
    scene.done(Some(1), vec![post(chat, "a")]).await;
    let mut notifier = MockNotifier::new();
    let mut calls = 0;
    notifier.expect_notify().times(2).returning(move |_| {
        calls += 1;
        if calls == 1 { Err(away()) } else { Ok(()) }
    });
    let pusher = scene.pusher(Arc::new(notifier));
    pusher.follow().await.unwrap();
    tokio::time::advance(Duration::from_secs(15)).await;
    pusher.follow().await.unwrap_err();
    follow_for(&pusher, 20).await;
    assert_eq!(pusher.told(), 1);
}
