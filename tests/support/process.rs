//! Memory and open files of the current process, and child processes of a test.

use std::{env, fs, process::Command};

pub const MB: u64 = 1024 * 1024;

/// Returns `VmRSS`, the memory in use, or `VmHWM`, its peak, in bytes.
pub fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Resets `VmHWM` and returns the memory in use.
pub fn forget_peak() -> u64 {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    memory("VmRSS")
}

/// Returns the number of open files, including sockets.
pub fn files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The variable that a child process of a test has.
const IS_CHILD: &str = "PILOT_STATUS_TEST_CHILD";

/// Returns a command that runs an ignored test of this binary in a child process.
pub fn child(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(IS_CHILD, "1");
    command
}

pub fn is_child() -> bool {
    env::var_os(IS_CHILD).is_some()
}
