//! A call ends within its timeout, which may be shorter or longer than the client's, and reads a
//! response of limited size.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use pilot_status::ErrorKind;
use support::{DOCUMENTED_ID, Reply, always, builder, client, example, ok, serve};

const MS: fn(u64) -> Duration = Duration::from_millis;

#[tokio::test]
async fn handle_timeout_overrides_client_timeout() {
    let server = always(Reply::Late(MS(300), Box::new(ok()))).await;
    let client = builder(&server).timeout(MS(200)).build().unwrap();
    let number = client.number("num_1");
    assert_eq!(number.get().await.unwrap_err().kind(), ErrorKind::Timeout);
    let longer = number.clone().timeout(MS(20_000));
    assert!(longer.get().await.is_ok() && longer.refresh().await.is_ok());
    for shorter in [number.clone().timeout(MS(20)), longer.timeout(MS(20))] {
        for error in [
            shorter.get().await.unwrap_err(),
            shorter.refresh().await.unwrap_err(),
            shorter.get_fresh(Duration::ZERO).await.unwrap_err(),
            shorter.status().await.unwrap_err(),
            shorter.delete().await.unwrap_err(),
        ] {
            assert!(error.is_timeout() && error.to_string().contains("20ms (timeout)"), "{error}");
        }
    }
    let answers: Vec<_> = client.numbers(["num_1"]).timeout(MS(20_000)).get().collect().await;
    assert!(answers[0].1.is_ok());
    let answers: Vec<_> = client.numbers(["num_1"]).timeout(MS(20)).status().collect().await;
    assert!(answers[0].1.as_ref().unwrap_err().is_timeout());
}

#[tokio::test]
async fn get_fresh_timeout_covers_both_requests() {
    let server = serve(|_, request| {
        let refresh = request.line.ends_with("refresh=1");
        Reply::Late(MS(if refresh { 60_000 } else { 300 }), Box::new(ok()))
    })
    .await;
    let number = client(&server).number("num_1").timeout(MS(1_000));
    let start = Instant::now();
    let error = number.get_fresh(Duration::ZERO).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    // The second request would still be running if it had its own timeout.
    assert!(start.elapsed() < MS(1_300), "{:?}", start.elapsed());
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn zero_timeout_is_rejected_before_sending() {
    let server = always(ok()).await;
    let number = client(&server).number("num_1").timeout(Duration::ZERO);
    assert!(number.get().await.unwrap_err().is_invalid_input());
    assert!(number.refresh().await.unwrap_err().is_invalid_input());
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn body_over_the_limit_is_rejected_with_hint() {
    let body = example().to_string();
    let server = always(Reply::json(200, body.clone())).await;
    let limited = |limit| builder(&server).max_response_bytes(limit).build().unwrap();
    assert!(limited(body.len()).number(DOCUMENTED_ID).get().await.is_ok());
    let limit = body.len() - 1;
    let error = limited(limit).number(DOCUMENTED_ID).get().await.unwrap_err();
    let expected = format!("longer than the limit of {limit} bytes");
    assert!(error.to_string().contains(&expected), "{error}");
    assert!(error.hint().unwrap().contains("max_response_bytes"));
    assert_eq!((error.attempts(), server.requests().len()), (1, 2));
}

#[tokio::test]
async fn dropped_call_sends_no_more_requests() {
    let server = always(Reply::json(429, "{}").with("retry-after", "0.2")).await;
    let client = client(&server);
    let call = client.number("num_1");
    let sent = async {
        while server.requests().is_empty() {
            tokio::time::sleep(MS(5)).await;
        }
    };
    tokio::select! {
        answer = call.get() => panic!("{answer:?} before it was dropped"),
        () = sent => {}
    }
    tokio::time::sleep(MS(300)).await;
    assert_eq!(server.requests().len(), 1);
}
