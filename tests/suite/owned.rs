//! Handles, calls and streams own their data: they can be stored and spawned.

use std::time::Duration;

use futures_util::{StreamExt, future::join_all};
use pilot_status::NumberId;
use support::{always, client, ok};

fn is_owned<T: Send + 'static>(owned: T) -> T {
    owned
}

#[tokio::test]
async fn handles_and_streams_outlive_their_client() {
    let server = always(ok()).await;
    let client = client(&server);
    let handle = client.number("num_1");
    let numbers = client.numbers(["num_1", "num_2"]).get();
    drop(client);
    let task = tokio::spawn(handle.clone().get());
    let stream = tokio::spawn(numbers.collect::<Vec<_>>());
    assert!(task.await.unwrap().is_ok());
    assert_eq!(stream.await.unwrap().len(), 2);
    is_owned(handle.refresh()).await.unwrap();
    is_owned(handle.get_fresh(Duration::MAX)).await.unwrap();
    is_owned(handle.status()).await.unwrap();
    is_owned(handle.delete()).await.unwrap();
    let client = support::client(&server);
    is_owned(client.list_numbers()).await.unwrap_err();
    is_owned(client.numbers(["num_1"]).status()).collect::<Vec<_>>().await;
    let calls = ["num_1", "num_2"].map(|id| client.number(id).get());
    assert!(join_all(calls).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn id_accepts_any_string_type() {
    let server = always(ok()).await;
    let client = client(&server);
    let id: NumberId = "num_1".parse().unwrap();
    let text = String::from("num_1");
    for handle in
        [client.number(&id), client.number(id), client.number(&text), client.number(text.clone())]
    {
        assert!(handle.get().await.is_ok());
    }
    let ids = [NumberId::try_from("num_1").unwrap()];
    assert_eq!(client.numbers(&ids).get().count().await, 1);
    assert_eq!(client.numbers(ids).get().count().await, 1);
    assert_eq!(client.numbers([&text]).get().count().await, 1);
}
