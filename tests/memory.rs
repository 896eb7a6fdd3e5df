//! Memory does not grow with the number of ids. A process of its own, since what is measured is the process.
#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "the suite uses more of it")]
#[path = "suite/support.rs"]
mod support;

use futures_util::StreamExt;

use support::{client, example, replies};

/// The most memory that the process has had, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn ten_thousand_ids_take_less_than_50_mb() {
    let server = replies(vec![support::Reply::json(200, example().to_string())]).await;
    let client = client(&server);
    let ids = (0..10_000).map(|n| format!("num_{n}"));
    let answered =
        client.numbers(ids).get().filter(|(_, a)| std::future::ready(a.is_ok())).count().await;
    assert_eq!(answered, 10_000);
    assert!(peak() < 50, "{} MB", peak());
}
