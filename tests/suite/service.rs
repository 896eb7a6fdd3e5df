//! A service serves what it has: numbers with a recent response, figures, errors as statuses, and a
//! state that survives a restart.

use std::{fs, io, time::Duration};

use axum::http::{HeaderValue, Response};
use pilot_status::{
    ErrorKind, NotFresh, RetryPolicy, WatchState,
    mock::{self, Answer, httpmock::MockServer},
    types::Number,
};
use serde_json::json;
use support::client;

use crate::world::{LIST, World, changes, next, state, until};

const LONG: Duration = Duration::from_secs(600);

fn with_phone(mut number: Number, phone: &str) -> Number {
    number.number = Some(phone.to_owned());
    number
}

#[test]
fn fresh_finds_by_id_and_phone() {
    let table = mock::fleet_table([
        ("a", Ok(with_phone(mock::number(), "+55 11 98888-0001"))),
        ("5511988880002", Ok(with_phone(mock::blocked_number(), "+55 11 98888-0003"))),
    ]);
    assert!(table.is_live() && table.is_complete() && table.len() == 2);
    let found = |key: &str| table.fresh(key, LONG).map(|entry| entry.id.to_string());
    assert_eq!(found("a").as_deref(), Ok("a"));
    assert_eq!(found("55 11 98888 0001").as_deref(), Ok("a"));
    assert_eq!(found("5511988880002").as_deref(), Ok("5511988880002"), "an id comes first");
    for absent in ["", "c", "num_5511988880001", "..", "+55 11 98888-0009", "tel:+55-11-98888-0009"]
    {
        assert_eq!(found(absent), Err(NotFresh::NotFound), "{absent}");
    }
    assert_eq!(found("+55 (0xx11) 98888-0001").as_deref(), Ok("a"));
    assert_eq!(found("11 98888-0001"), Err(NotFresh::NoCountryCode));
    assert_eq!(NotFresh::NotFound.gateway_status(), 404);
    assert_eq!(NotFresh::NoCountryCode.gateway_status(), 400);
}

#[tokio::test]
async fn working_number_comes_before_failing_one_with_same_phone() {
    let world = World::of(&[]).await;
    let number = |quality: &str| {
        let health = json!({ "sendable": true, "qualityRating": quality });
        json!({ "number": "+55 11 98888-0001", "health": health })
    };
    world.set("a", number("GREEN"));
    world.set("b", number("RED"));
    let mut watch = world.watch(["a", "b"]);
    let table = watch.table();
    let found = || table.fresh("+55 11 98888-0001", LONG).map(|entry| entry.id.to_string());
    until(&mut watch, || table.is_complete()).await;
    assert_eq!(found().as_deref(), Ok("a"), "the best level comes first");
    world.fail("a", 403);
    until(&mut watch, || table.fresh("a", LONG).is_err()).await;
    assert_eq!(found().as_deref(), Ok("b"));
}

#[tokio::test]
async fn number_that_is_listed_later_is_found_by_phone() {
    let world = World::of(&["a"]).await;
    let every = Duration::from_millis(400);
    let mut watch = client(&world.server).watch_all(every).first_round(Duration::ZERO);
    let table = watch.table();
    until(&mut watch, || table.is_complete()).await;
    assert_eq!(table.fresh("late", LONG).unwrap_err(), NotFresh::NotFound);
    world.fail("late", 500);
    world.list(r#"[{"id":"a"},{"id":"late","number":5511988880002}]"#);
    until(&mut watch, || table.get("late").is_some()).await;
    // An empty list, which is not confirmed yet, takes no phone number away.
    world.list("[]");
    let lists = world.requests("/numbers");
    until(&mut watch, || world.requests("/numbers") > lists).await;
    for key in ["late", "+55 11 98888-0002"] {
        let reason = table.fresh(key, LONG).unwrap_err();
        assert_eq!(reason.to_string(), "the last call failed: server 500 NO", "{key}");
    }
    let absent = table.fresh("+55 11 98888-0009", LONG);
    assert_eq!(absent.unwrap_err(), NotFresh::NotFound, "each phone number is known");
}

#[tokio::test]
async fn failing_list_is_reason_for_absent_numbers() {
    let world = World::of(&["a"]).await;
    world.fail(LIST, 402);
    let mut watch =
        world.watch_all().resume(state(json!({ "a": { "error": { "kind": "timeout" } } })));
    let table = watch.table();
    let reason = |key: &str| table.fresh(key, LONG).unwrap_err();
    assert_eq!(reason("a"), NotFresh::Pending, "the error of an earlier process is not current");
    next(&mut watch).await;
    for key in ["a", "b", "+55 11 98888-0009"] {
        let expected = "the last call failed: payment_required 402 NO";
        assert_eq!(reason(key).to_string(), expected, "{key}");
    }
}

#[tokio::test]
async fn lookup_without_recent_success_names_reason() {
    let world = World::of(&["works"]).await;
    world.fail("fails", 403);
    let mut watch = client(&world.server).numbers(["works", "fails"]).watch(LONG);
    watch = watch.first_round(Duration::ZERO);
    let table = watch.table();
    let reason = |key: &str, max_age| table.fresh(key, max_age).unwrap_err();
    for key in ["works", "+1 555 010 0000"] {
        assert_eq!(reason(key, LONG), NotFresh::Pending, "{key}");
    }
    changes(&mut watch, 2).await;
    assert!(table.fresh("works", LONG).is_ok());
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(matches!(reason("works", Duration::from_millis(1)), NotFresh::Old(_)));
    assert_eq!(reason("fails", LONG).to_string(), "the last call failed: forbidden 403 NO");
    assert_eq!(table.get("fails").unwrap().seen.to_string(), "failed: forbidden 403 NO");
    // The number that fails may have this phone number.
    assert_eq!(reason("+1 555 010 0000", LONG), NotFresh::Pending);
    assert_eq!(reason("another", LONG), NotFresh::NotFound);
}

#[tokio::test]
async fn figures_are_prometheus_text() {
    let server = MockServer::start_async().await;
    let answers = [
        Answer::error(429, "").retry_after("0"),
        Answer::ok(&mock::number()),
        Answer::error(404, ""),
        Answer::ok(&json!([])),
    ];
    mock::sequence(&server, answers);
    let client = mock::client(&server).unwrap();
    client.number("num_1").get().await.unwrap();
    // Rejected input is not counted.
    for (id, kind) in [
        ("num_2", ErrorKind::NotFound),
        ("num_3", ErrorKind::Decode),
        ("..", ErrorKind::InvalidInput),
    ] {
        assert_eq!(client.number(id).get().await.unwrap_err().kind(), kind);
    }
    let text = client.stats().to_prometheus();
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !["waited", "rate", "} 0"].iter().any(|t| line.contains(t)))
        .collect();
    let expected = [
        "# TYPE pilot_status_calls_total counter",
        "pilot_status_calls_total 3",
        "# TYPE pilot_status_attempts_total counter",
        "pilot_status_attempts_total 4",
        "# TYPE pilot_status_retries_total counter",
        "pilot_status_retries_total 1",
        "# TYPE pilot_status_successes_total counter",
        "pilot_status_successes_total 1",
        "# TYPE pilot_status_rejected_total counter",
        "pilot_status_rejected_total 1",
        "# TYPE pilot_status_errors_total counter",
        r#"pilot_status_errors_total{kind="not_found"} 1"#,
        r#"pilot_status_errors_total{kind="decode"} 1"#,
        "# TYPE pilot_status_queued gauge",
        "pilot_status_queued 0",
    ];
    assert_eq!(lines, expected);
    let others = ["waited_seconds_total 0", r#"errors_total{kind="timeout"} 0"#];
    assert!(others.iter().all(|t| text.contains(t)) && text.ends_with('\n'), "{text}");
}

#[test]
fn fleet_is_counted_by_level() {
    let table = mock::fleet_table([
        ("a", Ok(mock::number())),
        ("b", Ok(mock::number())),
        ("c", Ok(mock::red_number())),
        ("d", Ok(mock::blocked_number())),
        ("e", Err(mock::error(ErrorKind::Timeout))),
    ]);
    let can_send = table.snapshot().into_iter().filter(|entry| entry.seen.can_send()).count();
    assert_eq!(can_send, 3);
    let text = table.to_prometheus();
    let numbers: Vec<_> = text.lines().filter(|line| line.contains("numbers{")).collect();
    let counts =
        [("ready", 2), ("unknown", 0), ("degraded", 1), ("blocked", 1), ("none", 0), ("failed", 1)];
    let expected =
        counts.map(|(level, count)| format!("pilot_status_numbers{{level=\"{level}\"}} {count}"));
    assert_eq!(numbers, expected);
    assert!(text.contains("\npilot_status_last_round_timestamp_seconds 1"), "{text}");
}

#[test]
fn gateway_status_follows_kind_and_wait() {
    for kind in ErrorKind::ALL {
        let expected = match kind {
            ErrorKind::InvalidInput => 400,
            ErrorKind::NotFound => 404,
            ErrorKind::Conflict | ErrorKind::Ambiguous => 409,
            ErrorKind::RateLimited => 503,
            ErrorKind::Timeout | ErrorKind::NotOpen => 504,
            _ => 502,
        };
        let error = mock::error(*kind);
        assert_eq!(error.kind(), *kind);
        assert_eq!(error.gateway_status(), expected, "{kind}");
        assert!(error.to_string().starts_with("number num_1: "), "{error}");
    }
    let with_wait = mock::status_error(502, None, Some(Duration::from_secs(1)));
    assert_eq!(with_wait.gateway_status(), 503);
}

#[test]
fn response_of_error_has_status_wait_and_json() {
    for (wait, field) in [
        (None, None),
        (Some(Duration::ZERO), Some("0")),
        (Some(Duration::from_millis(1001)), Some("2")),
        (Some(Duration::MAX), Some("18446744073709551615")),
    ] {
        let error = mock::status_error(429, None, wait);
        let json = serde_json::to_string(&error).unwrap();
        let response = Response::from(error);
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["content-type"], "application/json");
        let retry_after = response.headers().get("retry-after");
        assert_eq!(retry_after.map(HeaderValue::as_bytes), field.map(str::as_bytes), "{wait:?}");
        assert_eq!(response.into_body(), json);
    }
    let response = Response::from(NotFresh::Old(Duration::from_secs(312)));
    assert_eq!(response.status(), 503);
    assert_eq!(response.into_body(), r#"{"kind":"old","line":"the last response is 312 s old"}"#);
}

#[test]
fn state_file_is_read_back_or_named_by_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fleet.json");
    assert_eq!(WatchState::load(&path).unwrap(), WatchState::default());
    for json in [r#"{"a":{"level":"ready"},"b":{}}"#, r#"{"b":{"level":"blocked"}}"#, "{}"] {
        let state: WatchState = serde_json::from_str(json).unwrap();
        state.save(&path).unwrap();
        assert_eq!(WatchState::load(&path).unwrap(), state);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file remains");

    let missing = folder.path().join("missing").join("fleet.json");
    let error = WatchState::default().save(&missing).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("fleet.json: "), "{error}");
    for text in ["", "{\"a\":{\"level\"", "[]", "<html>"] {
        fs::write(&path, text).unwrap();
        let error = WatchState::load(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{text:?}");
        assert!(error.to_string().contains("fleet.json: "), "{text:?}: {error}");
    }
}

#[tokio::test]
async fn run_resumes_from_file_and_saves_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fleet.json");
    let server = MockServer::start_async().await;
    let client = mock::client(&server).unwrap();
    for (number, expected) in [
        (mock::red_number(), "num_1  degraded: quality RED"),
        (mock::blocked_number(), "num_1  degraded → blocked: status BANNED; quality RED → GREEN"),
    ] {
        let fleet = mock::fleet(&server, [("num_1", number)]);
        let mut watch = client.watch_all(LONG).first_round(Duration::ZERO);
        let table = watch.table();
        let end = async { table.wait_until_complete().await.unwrap() };
        let mut lines = Vec::new();
        watch.run(&path, end, |change| lines.push(change.to_string())).await.unwrap();
        assert_eq!(lines, [expected]);
        assert!(!table.is_live());
        fleet.delete_async().await;
    }
    fs::write(&path, "{").unwrap();
    let watch = client.watch_all(LONG);
    let error = watch.run(&path, async {}, |_| ()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

/// The clock is paused, so the two minutes pass at once.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn run_saves_every_minute_and_reports_last_failure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fleet.json");
    // Nothing listens at this port.
    let client = pilot_status::Client::builder().api_key("ps_test").base_url("http://127.0.0.1:9");
    let client = client.retry(RetryPolicy::none()).build().unwrap();
    let end = async {
        tokio::time::sleep(Duration::from_secs(61)).await;
        assert!(WatchState::load(&path).unwrap().iter().count() == 1);
        folder.close().unwrap();
        tokio::time::sleep(Duration::from_secs(61)).await;
    };
    let error = client.numbers(["a"]).watch(LONG).run(&path, end, |_| ()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
