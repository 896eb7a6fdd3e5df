//! Memory does not grow with the number of ids. A separate test binary, because it measures the
//! memory of the whole process.
#![cfg(target_os = "linux")]

use futures_util::StreamExt;
use support::{always, client, ok, process};

#[tokio::test]
async fn ten_thousand_ids_use_under_50_mb() {
    let server = always(ok()).await;
    let client = client(&server);
    let ids = (0..10_000).map(|n| format!("num_{n}"));
    let answered =
        client.numbers(ids).get().filter(|(_, a)| std::future::ready(a.is_ok())).count().await;
    assert_eq!(answered, 10_000);
    let peak = process::memory("VmHWM");
    assert!(peak < 50 * process::MB, "{} MB", peak / process::MB);
}
