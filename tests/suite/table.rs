//! A table holds the state of its watch, and reports when it is complete and when the watch is
//! dropped.

use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use pilot_status::{ErrorKind, ReadinessLevel};
use serde_json::{Value, json};
use support::{Reply, Server, client, example};

const EVERY: Duration = Duration::from_millis(200);

/// Starts a server with the numbers `a` and `b`, each with a phone number, and without `gone`.
async fn fleet() -> Server {
    let number = |id: &str, phone: Value| {
        let mut number = example();
        number["id"] = id.into();
        number["number"] = phone;
        Reply::json(200, number.to_string())
    };
    let answer = move |_, request: &support::Request| match request.line.rsplit('/').next().unwrap()
    {
        "a" => number("a", json!("+55 11 98888-0001")),
        "b" => number("b", json!("+55 11 98888-0002")),
        _ => Reply::json(404, "{}"),
    };
    Server::start(answer).await.unwrap()
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
    let ids: Vec<_> = table.entries().into_iter().map(|entry| entry.id.to_string()).collect();
    assert_eq!(ids, ["a", "b", "gone"]);
    let a = table.get("a").unwrap();
    assert_eq!((a.seen.level, a.number.unwrap().id.as_str()), (Some(ReadinessLevel::Ready), "a"));
    let gone = table.get("gone").unwrap();
    assert_eq!(gone.seen.error.unwrap().kind, ErrorKind::NotFound);
    assert!(gone.number.is_none());
    assert!(table.last_round().unwrap() <= SystemTime::now());
    assert!(table.get("c").is_none());
}

#[tokio::test]
async fn table_outlives_watch_and_finds_numbers_by_phone() {
    let server = fleet().await;
    let mut watch = client(&server).numbers(["a", "b"]).watch(EVERY);
    let table = watch.table();
    let late = watch.table();
    for _ in 0..2 {
        watch.next().await.unwrap();
    }
    drop(watch);
    let found = |phone: &str| -> Vec<_> {
        table.by_phone(phone).into_iter().map(|entry| entry.id.to_string()).collect()
    };
    assert_eq!(found("5511988880002"), ["b"]);
    assert_eq!(found("+55 (11) 98888 0001"), ["a"]);
    assert!(found("+55 11 97777-0001").is_empty() && found("no digits").is_empty());
    assert!(!table.is_live() && table.is_complete());
    late.wait_until_complete().now_or_never().unwrap().unwrap();
}

#[tokio::test]
async fn table_of_dropped_watch_returns_error() {
    let server = fleet().await;
    let table = client(&server).numbers(["a", "b"]).watch(EVERY).table();
    let error = table.wait_until_complete().await.unwrap_err();
    assert!(error.is_invalid_input() && error.to_string().contains("was dropped"), "{error}");
}
