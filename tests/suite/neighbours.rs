//! `status` and `delete`: their paths and their responses.

use pilot_status::types::ConnectionState;
use support::{Reply, always, client, replies};

#[tokio::test]
async fn status_is_live_or_cached() {
    let cases = [
        (
            r#"{"id":"num_1","state":"OPEN","stale":false,"checkedAt":"2026-01-01T00:00:00Z"}"#,
            true,
            true,
            Some(1_767_225_600),
        ),
        (
            r#"{"id":"num_1","state":"CLOSE","stale":true,"lastKnownAt":"2026-01-01T00:00:01.5Z"}"#,
            false,
            false,
            Some(1_767_225_601),
        ),
        (r#"{"state":"OPEN","isFullyConnected":true}"#, true, false, None),
        ("{}", false, false, None),
    ];
    for (body, open, live, read_at) in cases {
        let server = always(Reply::json(200, body)).await;
        let status = client(&server).number("num_1").status().await.unwrap();
        assert_eq!((status.is_open(), status.is_live()), (open, live), "{body}");
        assert_eq!(status.read_at().map(|t| t.timestamp()), read_at, "{body}");
        assert!(status.extra.is_empty());
        assert_eq!(server.requests()[0].line, "GET /v1/numbers/num_1/status");
    }
}

#[tokio::test]
async fn status_failure_is_retried_only_if_transient() {
    let open = r#"{"state":"OPEN"}"#;
    for (code, attempts) in
        [("UPSTREAM_TIMEOUT", 2), ("UPSTREAM_ERROR", 2), ("PROVIDER_NOT_CONFIGURED", 1)]
    {
        let body = format!(r#"{{"error":"x","code":"{code}"}}"#);
        let server = replies(vec![Reply::json(503, body), Reply::json(200, open)]).await;
        let status = client(&server).number("num_1").status().await;
        assert_eq!(server.requests().len(), attempts, "{code}");
        match status {
            Ok(status) => assert_eq!(status.state, Some(ConnectionState::Open)),
            Err(error) => {
                assert_eq!((error.code(), error.is_retryable()), (Some(code), false));
                assert!(error.hint().unwrap().contains("provider"));
            }
        }
    }
}

#[tokio::test]
async fn delete_returns_end_of_restore_period() {
    let body = r#"{"ok":true,"restorableUntil":"2026-02-01T00:00:00.000Z"}"#;
    let server = replies(vec![Reply::json(429, "{}"), Reply::json(200, body)]).await;
    let removed = client(&server).number("num_1").delete().await.unwrap();
    assert_eq!(removed.ok, Some(true));
    assert_eq!(removed.restorable_until().unwrap().to_rfc3339(), "2026-02-01T00:00:00+00:00");
    let lines: Vec<_> = server.requests().into_iter().map(|r| r.line).collect();
    assert_eq!(lines, ["DELETE /v1/numbers/num_1", "DELETE /v1/numbers/num_1"]);
}

#[tokio::test]
async fn delete_accepts_any_success_body() {
    let cases = [
        (204, ""),
        (200, ""),
        (202, "accepted"),
        (201, r#"{"ok":1}"#),
        (200, "[]"),
        (200, r#"{"restorableUntil":7}"#),
    ];
    for (status, body) in cases {
        let server = always(Reply::json(status, body)).await;
        let removed = client(&server).number("num_1").delete().await.unwrap();
        assert_eq!((removed.ok, removed.restorable_until()), (None, None), "{status} {body}");
        assert_eq!(server.requests().len(), 1);
    }
}
