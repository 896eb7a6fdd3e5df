//! Snapshots that are too old are refreshed, and overlapping refreshes of one number are shared.

use std::time::Duration;

use futures_util::future::join_all;
use pilot_status::RetryPolicy;
use serde_json::{Value, json};
use support::{Reply, Server, builder, client, example, ok, replies, serve};

const HOUR: Duration = Duration::from_secs(3_600);

/// Returns a number with a snapshot of this age.
fn aged(seconds: i64) -> Value {
    let mut json = example();
    let date = chrono::Utc::now() - chrono::TimeDelta::seconds(seconds);
    json["meta"]["fetchedAt"] = json!(date.to_rfc3339());
    json
}

/// Starts a server with a cached snapshot and a slow refresh.
async fn server(cached: Value) -> Server {
    serve(move |_, request| {
        if request.line.ends_with("refresh=1") {
            let fresh = Reply::json(200, aged(0).to_string());
            return Reply::Late(Duration::from_millis(200), Box::new(fresh));
        }
        Reply::json(200, cached.to_string())
    })
    .await
}

fn refreshes(server: &Server) -> usize {
    server.requests().iter().filter(|r| r.line.ends_with("refresh=1")).count()
}

#[tokio::test]
async fn only_old_or_undated_snapshot_is_refreshed() {
    let mut undated = example();
    undated["meta"]["fetchedAt"] = Value::Null;
    let cases = [
        (aged(3_000), 0),
        (aged(4_000), 1),
        (aged(-30), 0),
        (aged(-3_600), 1),
        (example(), 1),
        (undated, 1),
        (json!({ "id": "x", "provider": "META", "meta": null }), 1),
        (json!({ "id": "x", "provider": "EVO_GO", "meta": null }), 0),
        (json!({ "id": "x", "provider": ["EVO_GO"] }), 1),
        (json!({ "id": "x", "provider": "NEW" }), 1),
        (json!({ "id": "x", "provider": "EVO_GO", "meta": aged(4_000)["meta"] }), 1),
        (json!({ "id": "x", "provider": "NEW", "meta": aged(60)["meta"] }), 0),
    ];
    for (cached, expected) in cases {
        let server = server(cached.clone()).await;
        client(&server).number(cached["id"].as_str().unwrap()).get_fresh(HOUR).await.unwrap();
        assert_eq!(refreshes(&server), expected, "{cached}");
    }
}

#[tokio::test]
async fn snapshot_age_uses_response_clock() {
    // Seconds that the response's `Date` is ahead, its `Age`, the snapshot's age, refreshes.
    let cases = [
        (600, 0, 3_100, 1),
        (-600, 0, 660, 0),
        (-7_200, 0, 3_540, 1),
        (-600, 600, 60, 0),
        (-600, 600, 3_700, 1),
    ];
    for (ahead, age, aged_by, expected) in cases {
        let server = serve(move |_, request| {
            let date = chrono::Utc::now() + chrono::TimeDelta::seconds(ahead);
            let aged_by = if request.line.ends_with("refresh=1") { 0 } else { aged_by };
            Reply::json(200, aged(aged_by).to_string())
                .with("date", date.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
                .with("age", age.to_string())
        })
        .await;
        client(&server).number("num_1").get_fresh(HOUR).await.unwrap();
        assert_eq!(refreshes(&server), expected, "{ahead} {age} {aged_by}");
    }
}

#[tokio::test]
async fn get_fresh_error_counts_both_requests() {
    let stale = Reply::json(200, aged(4_000).to_string());
    let failing = Reply::json(500, "{}");
    let server = replies(vec![failing.clone(), stale, failing]).await;
    let error = client(&server).number("num_1").get_fresh(HOUR).await.unwrap_err();
    assert_eq!((error.attempts(), server.requests().len()), (7, 7), "{error}");
}

#[tokio::test]
async fn overlapping_refreshes_are_shared_per_number() {
    for timeout in [HOUR, Duration::MAX] {
        let server = server(example()).await;
        let builder = builder(&server).timeout(timeout).attempt_timeout(timeout);
        let client = builder.build().unwrap();
        let calls = (0..10).map(|n| {
            let client = client.clone();
            async move {
                let number = client.number(if n == 9 { "num_2" } else { "num_1" });
                if n % 2 == 0 { number.refresh().await } else { number.get_fresh(HOUR).await }
            }
        });
        assert!(join_all(calls).await.iter().all(Result::is_ok));
        assert_eq!(refreshes(&server), 2, "{timeout:?}");
        client.number("num_1").refresh().await.unwrap();
        assert_eq!(refreshes(&server), 3, "{timeout:?}");
    }
}

#[tokio::test]
async fn shared_refresh_outlives_a_dropped_caller() {
    let server = server(example()).await;
    let client = client(&server);
    let (first, second) = (client.number("num_1"), client.number("num_1"));
    let short = tokio::time::timeout(Duration::from_millis(50), first.refresh());
    let (short, long) = tokio::join!(short, second.refresh());
    assert!(short.is_err() && long.is_ok());
    assert_eq!(refreshes(&server), 1);
}

#[tokio::test]
async fn joined_refresh_keeps_its_own_deadline() {
    let answer = |n, _: &_| if n == 0 { Reply::Silence } else { ok() };
    let server = serve(answer).await;
    let client = builder(&server)
        .retry(RetryPolicy::none())
        .timeout(Duration::from_millis(1_500))
        .build()
        .unwrap();
    let number = client.number("num_1");
    let second = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        number.refresh().await
    };
    let (first, second) = tokio::join!(number.refresh(), second);
    assert!(first.unwrap_err().is_timeout());
    assert!(second.is_ok(), "{second:?}");
    assert_eq!(server.requests().len(), 2);
}
