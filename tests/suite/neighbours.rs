//! `status` and `delete`: their paths and their responses.

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
async fn delete_returns_end_of_restore_period() {
    let body = r#"{"ok":true,"restorableUntil":"2026-02-01T00:00:00.000Z"}"#;
    let server = replies(vec![Reply::json(429, "{}"), Reply::json(200, body)]).await;
    let removed = client(&server).number("num_1").delete().await.unwrap();
    assert_eq!(removed.ok, Some(true));
    assert_eq!(removed.restorable_until().unwrap().to_rfc3339(), "2026-02-01T00:00:00+00:00");
    let lines: Vec<_> = server.requests().into_iter().map(|r| r.line).collect();
    assert_eq!(lines, ["DELETE /v1/numbers/num_1", "DELETE /v1/numbers/num_1"]);
}
