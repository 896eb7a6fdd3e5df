//! Memory of many numbers. A separate test binary, because it measures the memory of the whole
//! process.
#![cfg(target_os = "linux")]

use std::time::Duration;

use futures_util::{StreamExt, future::ready};
use pilot_status::Changed;
use support::{always, client, ok, process};

fn ids() -> impl Iterator<Item = String> {
    (0..10_000).map(|n| format!("num_{n}"))
}

#[tokio::test]
async fn ten_thousand_ids_use_under_60_mb() {
    let server = always(ok()).await;
    let client = client(&server);
    let answered = client.numbers(ids()).get().filter(|(_, a)| ready(a.is_ok())).count();
    assert_eq!(answered.await, 10_000);
    let peak = process::memory("VmHWM");
    assert!(peak < 50 * process::MB, "{} MB", peak / process::MB);
    let mut watch = client.numbers(ids()).watch(Duration::from_secs(4));
    for _ in 0..10_000 {
        let change = watch.next().await.unwrap();
        assert_eq!(change.changed, [Changed::First]);
    }
    let peak = process::memory("VmHWM");
    println!("{} MB, with the server", peak / process::MB);
    assert!(peak < 60 * process::MB, "{} MB", peak / process::MB);
}
