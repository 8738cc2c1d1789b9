//! What the operating system says about a process and the machine.

use std::fs::{read_dir, read_to_string};
use std::io;
use std::path::Path;

/// Anonymous resident memory, in bytes.
pub(crate) fn anonymous(pid: u32) -> io::Result<u64> {
    let rollup = read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Anonymous:"));
    line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
        .map(|kib| kib * 1_024)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "smaps_rollup has no Anonymous"))
}

/// Processor time used so far, in seconds.
pub(crate) fn processor_seconds(pid: u32) -> io::Result<f64> {
    let stat = read_to_string(format!("/proc/{pid}/stat"))?;
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "stat is too short");
    // The name in parentheses may hold spaces; user and system time are 12 and 13 fields behind it.
    let (_, fields) = stat.rsplit_once(')').ok_or_else(bad)?;
    let ticks: Vec<f64> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    match ticks[..] {
        // Linux counts 100 ticks a second for user space on every architecture in use.
        [user, system] => Ok((user + system) / 100.0),
        _ => Err(bad()),
    }
}

/// The one-minute load average.
pub(crate) fn load() -> io::Result<String> {
    let loads = read_to_string("/proc/loadavg")?;
    Ok(loads
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned())
}

/// The size of the largest file in a directory whose name ends so; 0 without one.
pub(crate) fn largest(directory: &Path, suffix: &str) -> io::Result<u64> {
    let mut largest = 0;
    for entry in read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(suffix) {
            largest = largest.max(entry.metadata().map_or(0, |file| file.len()));
        }
    }
    Ok(largest)
}

/// Bytes as MiB.
pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
