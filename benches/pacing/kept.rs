//! Calls that are kept and not polled, on real sockets with the default client: the others are
//! served all the same.

use std::{error::Error, pin::pin, time::Duration};

use futures_util::{FutureExt, StreamExt};
use pilot_status::Client;

use crate::{
    scenarios::{self, FREE, TEN},
    sockets::now,
};

const CALLS: usize = 300;
const KEPT: usize = 10;
const OTHERS: usize = 100;
const IDS: usize = 64;

/// 10 of 300 calls ask for their turn once, at the head of the line.
pub(crate) async fn futures() -> Result<String, Box<dyn Error>> {
    let (client, _server) = scenarios::after_an_outage(FREE).await?;
    let start = now();
    let first = refused(&client).await?;
    let number = client.number("num_1");
    let mut kept: Vec<_> = (0..KEPT).map(|_| Box::pin(number.get())).collect();
    if kept.iter_mut().any(|call| call.now_or_never().is_some()) {
        return Err("a kept call did not wait".into());
    }
    let times = scenarios::load(&client, CALLS - KEPT - 1, CALLS - KEPT - 1).await?;
    let answers = times.iter().flatten().count() + usize::from(first.await?);
    let seconds = (now() - start).as_secs_f64();
    let (queued, rejected) = (client.pacing_stats().queued, client.pacing_stats().rejected);
    drop(kept);
    let name = format!("1 s of 429, then free, {queued} calls kept unpolled");
    let failed = CALLS - KEPT - answers;
    Ok(format!("| {name} | {answers} | {failed} | {rejected} | {seconds:.1} |"))
}

/// The consumer of a stream takes one answer, and the next when 101 other calls are served.
pub(crate) async fn stream() -> Result<String, Box<dyn Error>> {
    let (client, _server) = scenarios::after_an_outage(TEN).await?;
    let start = now();
    let first = refused(&client).await?;
    let ids = (0..IDS).map(|n| format!("num_{n}"));
    let mut stream = pin!(client.numbers(ids).concurrency(16).get());
    let mut answers = usize::from(stream.next().await.is_some_and(|(_, number)| number.is_ok()));
    let queued = client.pacing_stats().queued;
    let others = scenarios::load(&client, OTHERS, OTHERS).await?.iter().flatten().count();
    let others = others + usize::from(first.await?);
    let paused = (now() - start).as_secs_f64();
    while let Some((_, number)) = stream.next().await {
        answers += usize::from(number.is_ok());
    }
    let seconds = (now() - start).as_secs_f64();
    let rejected = client.pacing_stats().rejected;
    let name = format!(
        "1 s of 429, then 10 a second, a stream of {IDS} paused while {queued} calls wait, until {others} others are served ({paused:.1} s)"
    );
    let (answers, all) = (answers + others, IDS + OTHERS + 1);
    Ok(format!("| {name} | {answers} | {} | {rejected} | {seconds:.1} |", all - answers))
}

/// A call that has been refused and goes on: from then on calls wait.
async fn refused(client: &Client) -> Result<tokio::task::JoinHandle<bool>, Box<dyn Error>> {
    let call = client.clone();
    let call = tokio::spawn(async move { call.number("num_1").get().await.is_ok() });
    while client.pacing_stats().rejected == 0 {
        if call.is_finished() {
            return Err("no call was refused".into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(call)
}
