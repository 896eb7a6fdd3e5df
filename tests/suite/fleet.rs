//! Fleets of numbers: one result per id, a few requests at a time, independent of other errors.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use support::{Reply, Server, client, example, serve};

/// Starts a server that knows only even ids and delays the first.
async fn even() -> Server {
    serve(|_, request| {
        let id = request.line.rsplit('_').next().unwrap().trim_end_matches("?refresh=1");
        let id: u32 = id.parse().unwrap();
        let mut json = example();
        json["id"] = format!("num_{id}").into();
        let reply = match id % 2 {
            0 => Reply::json(200, json.to_string()),
            _ => Reply::json(404, "{}"),
        };
        let delay = if id == 0 { 200 } else { 0 };
        Reply::Late(Duration::from_millis(delay), Box::new(reply))
    })
    .await
}

fn ids(count: u32) -> impl Iterator<Item = String> + Clone {
    (0..count).map(|n| format!("num_{n}"))
}

#[tokio::test]
async fn each_id_yields_one_result_despite_errors() {
    let server = even().await;
    let client = client(&server);
    for ordered in [false, true] {
        let numbers = client.numbers(ids(40)).concurrency(4);
        let numbers = if ordered { numbers.ordered() } else { numbers };
        let answers: Vec<_> = numbers.get().collect().await;
        for (id, answer) in &answers {
            match answer {
                Ok(number) => assert_eq!(&number.id, id),
                Err(error) => assert!(error.is_not_found() && error.to_string().contains(id)),
            }
        }
        assert_eq!(answers.iter().filter(|(_, a)| a.is_ok()).count(), 20);
        let order: Vec<_> = answers.into_iter().map(|(id, _)| id).collect();
        assert_eq!(order.iter().cloned().collect::<BTreeSet<_>>(), ids(40).collect());
        assert_eq!(order == ids(40).collect::<Vec<_>>(), ordered, "the first is slow");
    }
}

#[tokio::test]
async fn ids_are_pulled_only_as_needed() {
    let server = even().await;
    let client = client(&server);
    for (concurrency, most) in [(0, 1), (1, 1), (5, 5)] {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let endless = (0_u32..).map(move |n| {
            count.fetch_add(1, Ordering::Relaxed);
            format!("num_{}", n * 2 + 2)
        });
        let answers: Vec<_> =
            client.numbers(endless).concurrency(concurrency).get().take(20).collect().await;
        assert_eq!(answers.len(), 20);
        let taken = taken.load(Ordering::Relaxed);
        assert!((20..20 + most + 1).contains(&taken), "{taken} of {concurrency}");
    }
}

#[tokio::test]
async fn repeated_id_is_requested_again() {
    let server = even().await;
    let client = client(&server);
    let ids = stream::iter(["num_2", "num_4", "num_2"].map(str::to_owned));
    let answers: Vec<_> = client.numbers_from(ids.clone()).concurrency(1).refresh().collect().await;
    assert_eq!(answers.iter().filter(|(_, a)| a.is_ok()).count(), 3);
    let fresh: Vec<_> =
        client.numbers_from(ids).concurrency(1).get_fresh(Duration::MAX).collect().await;
    assert_eq!(fresh.len(), 3);
    let refreshed = server.requests().iter().filter(|r| r.line.ends_with("?refresh=1")).count();
    assert_eq!((refreshed, server.requests().len()), (3, 6));
}
