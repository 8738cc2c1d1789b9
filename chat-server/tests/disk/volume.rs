//! A small file system of its own. Mounting one takes root.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "each test that includes it needs another part"
)]

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A mounted file system, unmounted when it is dropped.
pub struct Volume {
    place: PathBuf,
    folder: TempDir,
}

impl Volume {
    /// In memory, with room for so many MiB.
    pub fn of_mib(size: u32) -> Self {
        Self::mount(|_, place| {
            let size = format!("size={size}m");
            tool("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", place]);
        })
    }

    /// On a disk of its own, in a file: there a file can be made immutable while it is written.
    pub fn ext4_of_mib(size: u32) -> Self {
        Self::mount(|folder, place| {
            let image = folder.join("image");
            let bytes = u64::from(size) << 20;
            File::create(&image).unwrap().set_len(bytes).unwrap();
            let image = image.to_str().unwrap();
            tool("mkfs.ext4", &["-q", image]);
            tool("mount", &["-o", "loop", image, place]);
        })
    }

    fn mount(mount: impl FnOnce(&Path, &str)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("volume");
        fs::create_dir(&place).unwrap();
        mount(folder.path(), place.to_str().unwrap());
        Self { place, folder }
    }

    pub fn path(&self) -> &Path {
        &self.place
    }

    /// Mounts it anew with these options; who has files open keeps them.
    pub fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        tool("mount", &["-o", &options, self.place.to_str().unwrap()]);
    }

    /// Lets it turn read-only as one does whose disk fails.
    pub fn abort(&self) {
        self.remount("abort");
    }

    /// Mounts its disk anew, repaired as at the start of a machine. Nobody may have a file open.
    pub fn replace_mount(&self) {
        let place = self.place.to_str().unwrap();
        let image = self.folder.path().join("image");
        let image = image.to_str().unwrap();
        tool("umount", &[place]);
        let repaired = Command::new("fsck.ext4").args(["-p", image]).status();
        // 1 says that there was something to repair.
        assert!(matches!(repaired.unwrap().code(), Some(0 | 1)));
        tool("mount", &["-o", "loop", image, place]);
    }

    /// Takes the last byte.
    pub fn fill(&self) {
        let mut filler = File::create(self.place.join("filler")).unwrap();
        for piece in [&[1; 4096][..], &[1]] {
            let full = loop {
                match filler.write_all(piece) {
                    Ok(()) => {}
                    Err(error) => break error.kind(),
                }
            };
            assert_eq!(full, ErrorKind::StorageFull);
        }
    }

    /// Whether the files in this folder, those that are open too, take writes: all but those
    /// that processes share as memory (`-shm`), where a refused write is the end of the process.
    pub fn set_writable(&self, folder: &str, writable: bool) {
        let change = if writable { "-i" } else { "+i" };
        for file in fs::read_dir(self.place.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let path = path.to_str().unwrap();
            if !path.ends_with("-shm") {
                tool("chattr", &[change, path]);
            }
        }
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Lazily, so that a failed test whose server still runs leaves nothing mounted.
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}

fn tool(name: &str, arguments: &[&str]) {
    let done = Command::new(name).args(arguments).output();
    let done = done.unwrap_or_else(|error| panic!("{name}: {error}"));
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{name} {arguments:?}: {told}");
}
