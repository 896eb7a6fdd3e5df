//! A call ends within its timeout, which may be shorter or longer than the client's.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use pilot_status::ErrorKind;
use support::{Reply, Server, always, builder, client, ok};

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
    let server = Server::start(|_, request| {
        let refresh = request.line.ends_with("refresh=1");
        Reply::Late(MS(if refresh { 60_000 } else { 300 }), Box::new(ok()))
    })
    .await
    .unwrap();
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
