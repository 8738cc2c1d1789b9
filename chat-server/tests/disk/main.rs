//! A disk that is full, and one that takes no writes: the real server on a small file system.
//!
//! Mounting takes root, so these are run by name: `cargo test -p chat-server --test disk -- --ignored`.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../process/mod.rs"]
mod process;
mod volume;
mod world;

use process::{Server, command};
use volume::Volume;
use world::{World, Writer, is_clean, write_until_refused, writers_of_words};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, to mount a small file system"]
async fn a_full_disk_refuses_writes_loses_nothing_and_goes_on_once_there_is_space() {
    let volume = Volume::of_mib(6);
    let data = volume.path().join("data");
    let world = World::start(&data).await;
    let mut writers = write_until_refused(&world, Writer::of_words).await;
    volume.fill();
    let mut client = world.client().await;
    world.is_exhausted(&mut client, &mut writers).await;
    world.takes_nothing(&mut writers).await;

    volume.remount("size=64m");
    world.recovers(&mut writers).await;
    world.ends_well(&data);
}

/// The log is longer than it may get, and the database that it is copied into finds no room.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, to mount a small file system"]
async fn a_disk_that_is_full_while_the_log_is_copied_loses_nothing_either() {
    let volume = Volume::of_mib(100);
    let data = volume.path().join("data");
    let world = World::start(&data).await;
    let mut writers = write_until_refused(&world, Writer::of_blanks).await;
    volume.fill();
    let mut client = world.client().await;
    for writer in &mut writers {
        // Either there is room in what the log has already, or it is refused: both are told.
        world.post(&mut client, writer).await;
    }
    world.reads(&mut client).await;

    volume.remount("size=600m");
    world.goes_on(&mut writers).await;
    world.is_whole(&writers).await;
    world.is_followed(&writers).await;
    world.ends_well(&data);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, to mount a small file system"]
async fn a_server_killed_on_a_full_disk_has_lost_nothing() {
    let volume = Volume::of_mib(6);
    let data = volume.path().join("data");
    let mut world = World::start(&data).await;
    let mut writers = write_until_refused(&world, Writer::of_words).await;
    volume.fill();
    world.server.kill();
    volume.remount("size=64m");
    world.server = Server::start(&data, &[]);
    world.is_whole(&writers).await;
    world.recovers(&mut writers).await;
    world.ends_well(&data);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, to mount a small file system"]
async fn files_that_turn_read_only_refuse_writes_until_they_take_them_again() {
    let volume = Volume::ext4_of_mib(64);
    let data = volume.path().join("data");
    let world = World::start(&data).await;
    let mut writers = writers_of_words();
    world.goes_on(&mut writers).await;
    volume.set_writable("data", false);
    world.takes_nothing(&mut writers).await;

    volume.set_writable("data", true);
    world.recovers(&mut writers).await;
    world.ends_well(&data);
}

/// What a kernel does with a file system whose disk fails.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, to mount a small file system"]
async fn a_file_system_that_turns_read_only_is_read_until_it_is_repaired() {
    let volume = Volume::ext4_of_mib(64);
    let data = volume.path().join("data");
    let mut world = World::start(&data).await;
    let mut writers = writers_of_words();
    world.goes_on(&mut writers).await;
    volume.abort();
    world.takes_nothing(&mut writers).await;

    world.server.kill();
    volume.replace_mount();
    world.server = Server::start(&data, &[]);
    world.is_whole(&writers).await;
    world.recovers(&mut writers).await;
    world.ends_well(&data);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, to mount a small file system"]
async fn a_file_system_that_is_read_only_is_told_at_the_start() {
    let volume = Volume::of_mib(16);
    let data = volume.path().join("data");
    assert!(World::start(&data).await.server.stop());
    volume.remount("ro");
    let refused = command(&data)
        .args(["--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains(data.to_str().unwrap()), "{told}");
    assert!(
        told.contains("read-only") || told.contains("Read-only"),
        "{told}"
    );
    volume.remount("rw");
    let server = Server::start(&data, &[]);
    assert!(server.stop());
    is_clean(&data);
}
