//! A service serves what it has: numbers with a recent response, figures, errors as statuses, and a
//! state that survives a restart.

use std::{fs, io, time::Duration};

use pilot_status::{
    ErrorKind, NotFresh, WatchState,
    mock::{self, Answer, httpmock::MockServer},
    types::Number,
};
use support::{Reply, Server, client};

const LONG: Duration = Duration::from_secs(600);

fn number(id: &str, phone: &str, mut number: Number) -> Number {
    (number.id, number.number) = (id.to_owned(), Some(phone.to_owned()));
    number
}

#[test]
fn fresh_finds_by_id_and_phone() {
    let a = number("a", "+55 11 98888-0001", mock::number());
    let b = number("5511988880002", "+55 11 98888-0003", mock::blocked_number());
    let table = mock::fleet_table([a, b]);
    assert!(table.is_live() && table.is_complete() && table.len() == 2);
    let found = |key: &str| table.fresh(key, LONG).map(|entry| entry.id.to_string());
    assert_eq!(found("a").as_deref(), Ok("a"));
    assert_eq!(found("55 11 98888 0001").as_deref(), Ok("a"));
    assert_eq!(found("5511988880002").as_deref(), Ok("5511988880002"), "an id comes first");
    for absent in ["", "c", "..", "+55 11 98888-0009"] {
        assert_eq!(found(absent), Err(NotFresh::NotFound), "{absent}");
    }
}

#[tokio::test]
async fn lookup_without_recent_success_names_reason() {
    let answer = |_, request: &support::Request| match request.line.rsplit('/').next() {
        Some("fails") => Reply::json(403, r#"{"code":"NUMBER_SCOPE_NOT_ALLOWED"}"#),
        _ => support::ok(),
    };
    let server = Server::start(answer).await.unwrap();
    let mut watch = client(&server).numbers(["works", "fails"]).watch(LONG);
    watch = watch.first_round(Duration::ZERO).concurrency(1);
    let table = watch.table();
    let reason = |key: &str, max_age| table.fresh(key, max_age).unwrap_err();
    for key in ["works", "+1 555 010 0000"] {
        assert_eq!(reason(key, LONG), NotFresh::Pending, "{key}");
    }
    for _ in 0..2 {
        watch.next().await.unwrap();
    }
    assert!(table.fresh("works", LONG).is_ok());
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(matches!(reason("works", Duration::from_millis(1)), NotFresh::Old(_)));
    let failing = reason("fails", LONG);
    assert_eq!(failing.to_string(), "the last call failed: forbidden 403 NUMBER_SCOPE_NOT_ALLOWED");
    assert_eq!(
        table.get("fails").unwrap().seen.to_string(),
        "failed: forbidden 403 NUMBER_SCOPE_NOT_ALLOWED"
    );
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
        Answer::ok(&serde_json::json!([])),
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
    let lines: Vec<_> =
        text.lines().filter(|line| !line.contains("waited") && !line.contains("rate")).collect();
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
    assert!(
        text.contains("\npilot_status_waited_seconds_total 0") && text.ends_with('\n'),
        "{text}"
    );
}

#[test]
fn fleet_is_counted_by_level() {
    let numbers = [mock::number(), mock::red_number(), mock::blocked_number(), mock::number()];
    let numbers = ["a", "b", "c", "d"].into_iter().zip(numbers);
    let table = mock::fleet_table(numbers.map(|(id, sample)| number(id, "", sample)));
    let text = table.to_prometheus();
    let numbers: Vec<_> = text.lines().filter(|line| line.contains("numbers{")).collect();
    let counts =
        [("ready", 2), ("unknown", 0), ("degraded", 1), ("blocked", 1), ("none", 0), ("failed", 0)];
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
        assert_eq!(mock::error(*kind).gateway_status(), expected, "{kind}");
    }
    let with_wait = mock::status_error(502, None, Some(Duration::from_secs(1)));
    assert_eq!(with_wait.gateway_status(), 503);
}

#[test]
fn state_file_is_replaced_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fleet.json");
    assert_eq!(WatchState::load(&path).unwrap(), WatchState::default());
    for json in [r#"{"a":{"level":"ready"},"b":{}}"#, r#"{"b":{"level":"blocked"}}"#, "{}"] {
        let state: WatchState = serde_json::from_str(json).unwrap();
        state.save(&path).unwrap();
        assert_eq!(WatchState::load(&path).unwrap(), state);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file remains");
}

#[test]
fn unusable_state_file_is_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fleet.json");
    for text in ["", "{\"a\":{\"level\"", "[]", "<html>"] {
        fs::write(&path, text).unwrap();
        let error = WatchState::load(&path).unwrap_err();
        let is_named = error.to_string().contains("fleet.json: ");
        assert!(
            is_named
                && matches!(
                    error.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
                ),
            "{text:?}: {error}"
        );
    }
    let missing = folder.path().join("missing").join("fleet.json");
    let error = WatchState::default().save(&missing).unwrap_err();
    assert!(
        error.kind() == io::ErrorKind::NotFound && error.to_string().contains("fleet.json: "),
        "{error}"
    );
}
