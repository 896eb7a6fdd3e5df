//! A table holds the state of its watch, and reports when it is complete and when the watch ends.

use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use pilot_status::{ErrorKind, ReadinessLevel, Watch};
use serde_json::json;
use support::{Reply, client};

use crate::world::{EVERY, World, next, state, until};

#[tokio::test]
async fn table_is_complete_after_the_first_round() {
    let world = World::of(&["a", "b"]).await;
    let mut watch = world.watch(["a", "b", "gone"]);
    let table = watch.table();
    assert!(table.is_empty() && !table.is_complete() && table.last_round().is_none());
    let polled = async { while watch.next().await.is_some() {} };
    tokio::select! {
        () = polled => unreachable!("a watch does not end"),
        complete = table.wait_until_complete() => complete.unwrap(),
    }
    assert!(table.is_live());
    drop(watch);
    assert!(!table.is_live() && table.is_complete());
    table.wait_until_complete().now_or_never().unwrap().unwrap();
    let ids: Vec<_> = table.snapshot().into_iter().map(|entry| entry.id.to_string()).collect();
    assert_eq!(ids, ["a", "b", "gone"]);
    let a = table.get("a").unwrap();
    assert!(a.at() >= table.last_round());
    assert_eq!((a.seen.level, a.number.unwrap().id.as_str()), (Some(ReadinessLevel::Ready), "a"));
    let gone = table.get("gone").unwrap();
    assert_eq!(gone.seen.error.as_ref().unwrap().kind, ErrorKind::NotFound);
    assert!(gone.number.is_none());
    assert!(gone.at().is_none() && gone.polled_at.map(SystemTime::from) >= table.last_round());
    assert!(table.last_round().unwrap() <= SystemTime::now());
    assert!(table.get("c").is_none());
}

#[tokio::test]
async fn phone_number_is_found_in_every_known_place() {
    let displayed = |phone: &str| json!({ "phone": { "displayPhoneNumber": phone } });
    let numbers = [
        ("text", json!({ "number": "+55 11 98888-0001" })),
        ("number", json!({ "number": 5_511_988_880_002_u64 })),
        ("empty", json!({ "number": "", "meta": displayed("+55 11 98888-0003") })),
        ("displayed", json!({ "meta": displayed("+55 11 98888-0004") })),
        // A number that is not connected comes after one that may be, by any order of the ids.
        ("a", json!({ "number": "5511988880001", "state": "CLOSE" })),
        ("z", json!({ "number": "5511988880001", "state": "CLOSE" })),
    ];
    let world = World::of(&[]).await;
    let ids = numbers.each_ref().map(|(id, _)| *id);
    for (id, number) in numbers {
        world.set(id, number);
    }
    let mut watch = world.watch(ids);
    let table = watch.table();
    until(&mut watch, || table.is_complete()).await;
    let cases = [
        ("+55 (11) 98888 0001", Some("text")),
        // Without the ninth digit.
        ("+55 11 8888-0001", Some("text")),
        ("5511988880002", Some("number")),
        ("5511988880003", Some("empty")),
        ("5511988880004", Some("displayed")),
        ("+55 11 97777-0001", None),
        ("no digits", None),
    ];
    for (phone, expected) in cases {
        let found = table.by_phone(phone).map(|entry| entry.id.to_string());
        assert_eq!(found.as_deref(), expected, "{phone}");
    }
}

/// Polls a watch for a time, or until it ends.
async fn poll(watch: &mut Watch, time: Duration) {
    let polled = async { while watch.next().await.is_some() {} };
    tokio::time::timeout(time, polled).await.ok();
}

#[tokio::test]
async fn table_is_incomplete_until_the_list_is_read() {
    let known = r#"{"a":{"level":"ready"}}"#;
    let cases = [
        (known, Reply::json(500, "{}")),
        (known, Reply::json(403, "{}")),
        (known, Reply::json(200, "<html>")),
        (known, Reply::json(200, "[]")),
        ("{}", Reply::json(200, r#"[{"Id":"a"}]"#)),
        (known, Reply::json(429, "{}").with("retry-after", "3600")),
    ];
    for (state, reply) in cases {
        let server = support::always(reply.clone()).await;
        let is_known = state == known;
        let state = serde_json::from_str(state).unwrap();
        // The interval is long, so the list is not read again to confirm that it lost its numbers.
        let every = Duration::from_secs(60);
        let mut watch = client(&server).watch_all(every).resume(state);
        let table = watch.table();
        while server.requests().is_empty() {
            poll(&mut watch, EVERY / 4).await;
        }
        poll(&mut watch, EVERY).await;
        assert!(!table.is_complete() && table.get("a").is_some() == is_known, "{reply:?}");
        assert!(!matches!(table.wait_until_complete().now_or_never(), Some(Ok(()))), "{reply:?}");
    }
}

#[tokio::test]
async fn table_of_ended_watch_is_not_live() {
    let world = World::of(&["a", "b"]).await;
    let table = world.watch(["a", "b"]).table();
    let error = table.wait_until_complete().await.unwrap_err();
    assert!(error.is_invalid_input() && error.to_string().contains("ended before"), "{error}");

    let no_id: &[&str] = &[];
    for (ids, every, is_complete) in
        [(no_id, EVERY, true), (no_id, Duration::ZERO, false), (&["a"], Duration::ZERO, false)]
    {
        let mut ended = client(&world.server).numbers(ids.iter().copied()).watch(every);
        let early = ended.table();
        poll(&mut ended, Duration::from_secs(5)).await;
        for table in [early, ended.table()] {
            assert!(!table.is_live() && table.error().is_none() == is_complete);
            assert_eq!(table.wait_until_complete().await.is_ok(), is_complete);
        }
    }
}

#[tokio::test]
async fn resumed_table_has_state_before_the_first_poll() {
    let world = World::of(&["a", "b"]).await;
    let resumed =
        json!({ "a": { "level": "degraded" }, "of_another_tenant": { "level": "ready" } });
    let mut watch = world.watch(["a", "b"]).resume(state(resumed));
    let table = watch.table();
    let a = table.get("a").unwrap();
    assert_eq!((a.seen.level, a.polled_at), (Some(ReadinessLevel::Degraded), None));
    assert!(!table.is_complete());
    until(&mut watch, || table.is_complete()).await;
    assert_eq!(table.get("a").unwrap().seen.level, Some(ReadinessLevel::Ready));
    let known: Vec<_> = watch.state().iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(known, ["a", "b"], "a number that is not watched is not retained");
}

#[tokio::test]
async fn failed_poll_retains_time_of_last_success() {
    let world = World::of(&["a"]).await;
    let mut watch = world.watch(["a"]);
    let table = watch.table();
    next(&mut watch).await;
    let first = table.get("a").unwrap();
    world.remove("a");
    next(&mut watch).await;
    let second = table.get("a").unwrap();
    assert!(first.seen_at.is_some() && second.seen_at == first.seen_at);
    assert!(second.polled_at > first.polled_at && second.seen.error.is_some());
    let json = serde_json::to_value(&second).unwrap();
    assert_eq!(json["id"], "a");
    assert!(json["seenAt"].is_string() && json["seen"]["error"].is_object(), "{json}");
}

#[tokio::test]
async fn older_snapshot_than_resumed_completes_table() {
    let world = World::of(&[]).await;
    let dated = json!({ "fetchedAt": "2026-01-01T00:00:00Z" });
    world.set("a", json!({ "number": "5511988880001", "meta": dated }));
    let newer = json!({ "a": { "level": "ready", "fetchedAt": "2026-01-02T00:00:00Z" } });
    let mut watch = world.watch(["a"]).resume(state(newer));
    let table = watch.table();
    until(&mut watch, || table.is_complete()).await;
    let a = table.get("a").unwrap();
    assert!(a.seen_at.is_some() && a.polled_at.is_some());
    assert_eq!(a.seen.level, Some(ReadinessLevel::Ready), "the newer snapshot counts");
    assert!(table.by_phone("+55 11 98888-0001").is_some());
}
