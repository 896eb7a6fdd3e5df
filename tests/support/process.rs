//! Figures of the process that runs.

use std::fs;

/// A megabyte, in bytes.
pub const MB: u64 = 1024 * 1024;

/// `VmRSS`, the memory in use, or `VmHWM`, the most that was; in bytes.
pub fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Counts `VmHWM` from now on; gives what is in use now.
pub fn forget_peak() -> u64 {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    memory("VmRSS")
}

/// Open files, sockets among them.
pub fn files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}
