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
use support::{Reply, client, example, ok};

use crate::world::World;

/// Starts a server that knows only even ids, up to 80, and delays the first.
async fn even() -> World {
    let world = World::of(&[]).await;
    for id in ids(80).step_by(2) {
        world.set(&id, example());
    }
    let slow = Reply::Late(Duration::from_millis(200), Box::new(ok()));
    world.reply("num_0", slow);
    world
}

fn ids(count: u32) -> impl Iterator<Item = String> + Clone {
    (0..count).map(|n| format!("num_{n}"))
}

#[tokio::test]
async fn each_id_yields_one_result_despite_errors() {
    let world = even().await;
    let client = client(&world.server);
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
    let world = even().await;
    let client = client(&world.server);
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
    let world = even().await;
    let client = client(&world.server);
    let ids = stream::iter(["num_2", "num_4", "num_2"].map(str::to_owned));
    let answers: Vec<_> = client.numbers_from(ids.clone()).concurrency(1).refresh().collect().await;
    assert_eq!(answers.iter().filter(|(_, a)| a.is_ok()).count(), 3);
    let fresh: Vec<_> =
        client.numbers_from(ids).concurrency(1).get_fresh(Duration::MAX).collect().await;
    assert_eq!(fresh.len(), 3);
    assert_eq!((world.requests("?refresh=1"), world.requests("")), (3, 6));
}
