//! What a node says of those who are connected to it, and what is kept of it.

use super::*;

#[tokio::test(start_paused = true)]
async fn when_somebody_was_last_seen_is_kept() {
    let world = World::new().await;
    let seen = async || {
        let twice = [world.bob; 2];
        let known = world.nodes[0].presence(world.access, &twice);
        let known = known.await.unwrap();
        assert_eq!(known.len(), 1);
        (known[0].online, known[0].last_seen_at)
    };
    assert_eq!(seen().await, (false, None));
    world.clock.advance(1_000);
    let came = world.clock.now();
    let bob = world.listen(1, world.bob).await;
    until(async || seen().await == (true, Some(came))).await;
    world.clock.advance(600);
    let left = world.clock.now();
    drop(bob);
    until(async || seen().await == (false, Some(left))).await;
    world.clock.advance(600);
    assert_eq!(seen().await, (false, Some(left)));
    // Who only reads along, a page at a time, is there too.
    let room = group(&world.nodes[0], world.access, &[world.bob]).await;
    let reader = world.nodes[1].chat(by(world.access, world.bob), room.number);
    let watch = reader.await.unwrap().watch();
    until(async || seen().await.0).await;
    drop(watch);
    until(async || !seen().await.0).await;
}

#[tokio::test(start_paused = true)]
async fn who_is_on_a_node_that_stops_is_there_for_the_time_of_grace() {
    let world = World::new().await;
    let ann = world.ann().await;
    let _bob = world.listen(1, world.bob).await;
    assert_eq!(sighted(&ann).await, (world.bob, true));
    let stopped = Instant::now();
    world.nodes[1].stop().await;
    assert_eq!(sighted(&ann).await, (world.bob, false));
    let gone = stopped.elapsed();
    assert!(gone >= GRACE && gone <= GRACE + AGAIN + SOON, "{gone:?}");
}

/// Users of whom nothing can be written down while `fails` says so.
fn users(stores: &Stores, fails: &Arc<AtomicBool>) -> Arc<dyn Users> {
    let (mut users, fails) = (MockUsers::new(), fails.clone());
    let inner = stores.users.clone();
    let from = inner.clone();
    users.expect_saw().returning(move |application, users, at| {
        if fails.load(Ordering::Relaxed) {
            return Err(BackendError::new(ErrorKind::Unavailable, "mock", "saw"));
        }
        from.saw(application, users, at).now_or_never().unwrap()
    });
    let from = inner.clone();
    users
        .expect_last_seen()
        .returning(move |application, users| {
            from.last_seen(application, users).now_or_never().unwrap()
        });
    users.expect_users().returning(move |application, users| {
        inner.users(application, users).now_or_never().unwrap()
    });
    Arc::new(users)
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_makes_nobody_leave() {
    let (mut parts, fails) = (Parts::in_memory(), Arc::new(AtomicBool::new(true)));
    parts.stores.users = users(&parts.stores, &fails);
    let chat = Chat::start(parts).await.unwrap();
    let access = Access::from(shop(&chat).await.token);
    let bob = user(&chat, access, "bob").await;
    let _bob = chat.listen(Ear::of(by(access, bob))).await.unwrap();
    let known = async || {
        let known = chat.presence(access, &[bob]).await.unwrap();
        (known[0].online, known[0].last_seen_at.is_some())
    };
    elapse(2 * LEASE).await;
    assert_eq!(known().await, (true, false));
    // It is written down as soon as it can be.
    fails.store(false, Ordering::Relaxed);
    elapse(AGAIN + SOON).await;
    assert_eq!(known().await, (true, true));
}

#[tokio::test(start_paused = true)]
async fn many_who_come_at_once_are_there_soon() {
    let parts = Parts::in_memory();
    let presences = Presences::new(parts.presence, parts.stores, parts.bus, parts.clock, GRACE);
    let presences = Arc::new(presences);
    let many: Vec<_> = (1..=5_000).map(UserNumber).collect();
    let application = ApplicationId(1);
    let attend = |user: &UserNumber| presences.attend((application, *user));
    let _there: Vec<_> = many.iter().map(attend).collect();
    let running = tokio::spawn(presences.clone().run());
    elapse(SOON).await;
    let known = presences.of(application, &many).await.unwrap();
    let there = known.iter().filter(|one| one.online).count();
    running.abort();
    assert_eq!(there, many.len());
}
