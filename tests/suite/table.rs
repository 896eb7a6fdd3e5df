//! A table holds the state of its watch, and reports when it is complete and when the watch ends.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime},
};

use futures_util::FutureExt;
use pilot_status::{ErrorKind, ReadinessLevel, Watch, WatchState};
use serde_json::{Value, json};
use support::{Reply, Request, Server, client, example, serve};

const EVERY: Duration = Duration::from_millis(200);

/// Starts a server with the numbers `a` and `b`, each with a phone number, and without `gone`.
async fn fleet() -> Server {
    let number = |id: &str, phone: Value| {
        let mut number = example();
        number["id"] = id.into();
        number["number"] = phone;
        number["state"] = if id.contains("old") { "CLOSE".into() } else { "OPEN".into() };
        Reply::json(200, number.to_string())
    };
    let answer = move |_, request: &Request| match request.line.rsplit('/').next().unwrap() {
        "a" => number("a", json!("+55 11 98888-0001")),
        "b" => number("b", json!("+55 11 98888-0002")),
        old @ ("a_old" | "_old") => number(old, json!("+55 11 98888-0001")),
        _ => Reply::json(404, "{}"),
    };
    serve(answer).await
}

fn state(json: &str) -> WatchState {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn table_is_complete_after_the_first_round() {
    let server = fleet().await;
    let mut watch = client(&server).numbers(["a", "b", "gone"]).watch(EVERY);
    let table = watch.table();
    assert!(table.is_empty() && !table.is_complete() && table.last_round().is_none());
    let polled = async { while watch.next().await.is_some() {} };
    tokio::select! {
        () = polled => unreachable!("a watch does not end"),
        complete = table.wait_until_complete() => complete.unwrap(),
    }
    assert!(table.is_live() && table.len() == 3);
    let ids: Vec<_> = table.snapshot().into_iter().map(|entry| entry.id.to_string()).collect();
    assert_eq!(ids, ["a", "b", "gone"]);
    let a = table.get("a").unwrap();
    assert_eq!((a.seen.level, a.number.unwrap().id.as_str()), (Some(ReadinessLevel::Ready), "a"));
    let gone = table.get("gone").unwrap();
    assert_eq!(gone.seen.error.as_ref().unwrap().kind, ErrorKind::NotFound);
    assert!(gone.number.is_none());
    assert!(gone.at().is_none() && gone.polled_at.map(SystemTime::from) >= table.last_round());
    assert!(table.get("a").unwrap().at() >= table.last_round());
    assert!(table.last_round().unwrap() <= SystemTime::now());
    assert!(table.get("c").is_none());
}

#[tokio::test]
async fn table_outlives_watch_and_finds_numbers_by_phone() {
    let server = fleet().await;
    let mut watch = client(&server).numbers(["_old", "a", "a_old", "b"]).watch(EVERY);
    let table = watch.table();
    let late = watch.table();
    for _ in 0..4 {
        watch.next().await.unwrap();
    }
    drop(watch);
    let found = |phone: &str| table.by_phone(phone).map(|entry| entry.id.to_string());
    assert_eq!(found("5511988880002").as_deref(), Some("b"));
    assert_eq!(found("+55 (11) 98888 0001").as_deref(), Some("a"), "two others are not connected");
    assert_eq!(found("+55 11 8888-0001").as_deref(), Some("a"), "without the ninth digit");
    assert_eq!([found("+55 11 97777-0001"), found("no digits")], [None, None]);
    assert!(!table.is_live() && table.is_complete());
    late.wait_until_complete().now_or_never().unwrap().unwrap();
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
        let state = self::state(state);
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
    let server = fleet().await;
    let table = client(&server).numbers(["a", "b"]).watch(EVERY).table();
    let error = table.wait_until_complete().await.unwrap_err();
    assert!(error.is_invalid_input() && error.to_string().contains("ended before"), "{error}");

    let no_id: &[&str] = &[];
    for (ids, every, is_complete) in
        [(no_id, EVERY, true), (no_id, Duration::ZERO, false), (&["a"], Duration::ZERO, false)]
    {
        let mut ended = client(&server).numbers(ids.iter().copied()).watch(every);
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
    let server = fleet().await;
    let state = state(r#"{"a":{"level":"degraded"},"of_another_tenant":{"level":"ready"}}"#);
    let mut watch = client(&server).numbers(["a", "b"]).watch(EVERY).resume(state);
    let table = watch.table();
    let a = table.get("a").unwrap();
    assert_eq!((a.seen.level, a.polled_at), (Some(ReadinessLevel::Degraded), None));
    assert!(!table.is_complete());
    poll(&mut watch, EVERY * 3).await;
    assert!(table.is_complete() && table.len() == 2, "{:?}", table.snapshot());
    assert_eq!(table.get("a").unwrap().seen.level, Some(ReadinessLevel::Ready));
}

#[tokio::test]
async fn failed_poll_retains_time_of_last_success() {
    let server = support::replies(vec![support::ok(), Reply::json(404, "{}")]).await;
    let mut watch = client(&server).numbers([support::DOCUMENTED_ID]).watch(EVERY);
    let table = watch.table();
    watch.next().await.unwrap();
    let first = table.get(support::DOCUMENTED_ID).unwrap();
    watch.next().await.unwrap();
    let second = table.get(support::DOCUMENTED_ID).unwrap();
    assert!(first.seen_at.is_some() && second.seen_at == first.seen_at);
    assert!(second.polled_at > first.polled_at && second.seen.error.is_some());
    let json = serde_json::to_value(&second).unwrap();
    assert_eq!(json["id"], support::DOCUMENTED_ID);
    assert!(json["seenAt"].is_string() && json["seen"]["error"].is_object(), "{json}");
}

#[tokio::test]
async fn older_snapshot_than_resumed_completes_table() {
    let number = json!({
        "id": "a", "number": "5511988880001", "meta": { "fetchedAt": "2026-01-01T00:00:00Z" },
    });
    let server = support::always(Reply::json(200, number.to_string())).await;
    let state = state(r#"{"a":{"level":"ready","fetchedAt":"2026-01-02T00:00:00Z"}}"#);
    let mut watch = client(&server).numbers(["a"]).watch(EVERY).resume(state);
    let table = watch.table();
    poll(&mut watch, EVERY * 3).await;
    assert!(table.is_complete());
    let a = table.get("a").unwrap();
    assert!(a.seen_at.is_some() && a.polled_at.is_some());
    assert_eq!(a.seen.level, Some(ReadinessLevel::Ready), "the newer snapshot counts");
    assert!(table.by_phone("+55 11 98888-0001").is_some());
}

#[tokio::test]
async fn resumed_number_is_polled_if_the_first_list_is_malformed() {
    let answer = |_, request: &Request| match request.line.as_str() {
        "GET /v1/numbers" => Reply::json(200, r#"[{"id":"a"},{"id":{}}]"#),
        _ => support::ok(),
    };
    let server = serve(answer).await;
    let state = state(r#"{"a":{"level":"ready"},"b":{"level":"ready"}}"#);
    let mut watch = client(&server).watch_all(EVERY).resume(state);
    let table = watch.table();
    poll(&mut watch, EVERY * 4).await;
    let b = table.get("b").expect("a list with malformed items removes no number");
    assert!(b.polled_at.is_some() && table.is_complete());
}

#[tokio::test]
async fn phone_number_is_found_in_every_known_place() {
    let numbers = [
        json!({ "number": "5511988880001" }),
        json!({ "number": 5_511_988_880_001_u64 }),
        json!({ "number": "", "meta": { "phone": { "displayPhoneNumber": "+55 11 98888-0001" } } }),
        json!({ "meta": { "phone": { "displayPhoneNumber": "+55 11 98888-0001" } } }),
    ];
    for mut number in numbers {
        number["id"] = "a".into();
        let server = support::always(Reply::json(200, number.to_string())).await;
        let mut watch = client(&server).numbers(["a"]).watch(EVERY);
        let table = watch.table();
        watch.next().await.unwrap();
        assert!(table.by_phone("+55 11 98888-0001").is_some(), "{number}");
    }
}

#[tokio::test]
async fn list_not_sent_under_rate_limit_is_no_error() {
    let polls = AtomicUsize::new(0);
    let answer = move |_, request: &Request| match request.line.as_str() {
        "GET /v1/numbers" => Reply::json(200, r#"[{"id":"a"}]"#),
        _ if polls.fetch_add(1, Ordering::Relaxed) == 0 => support::ok(),
        _ => Reply::json(429, "{}").with("retry-after", "3600"),
    };
    let server = serve(answer).await;
    let client = support::builder(&server).timeout(Duration::from_secs(1)).build().unwrap();
    let mut watch = client.watch_all(EVERY);
    let table = watch.table();
    poll(&mut watch, EVERY * 10).await;
    let limited = client.stats().errors().find(|(kind, _)| *kind == ErrorKind::RateLimited);
    assert!(limited.is_some_and(|(_, count)| count > 1), "{:?}", client.stats());
    assert!(table.is_complete() && table.error().is_none(), "{:?}", table.error());
}
