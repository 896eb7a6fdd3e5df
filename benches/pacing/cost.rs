//! What pacing costs before the first 429: the same calls with and without it, in turns, on
//! loopback.

use std::{error::Error, time::Duration};

use pilot_status::{Client, Pacing, shared_limit::InMemory};
use support::{Reply, Server};

use crate::sockets::{NUMBER, now};

const ROUNDS: usize = 40;
const CALLS: usize = 250;

/// Prints the median time of a call with pacing, alone and shared, over that of one without.
pub(crate) fn compare() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let [off, adaptive, shared] = runtime.block_on(measure())?.map(median);
    println!("one call after the other, the median of {ROUNDS} rounds of {CALLS} each, in turns");
    for (name, time) in [("Adaptive", adaptive), ("shared", shared)] {
        let ratio = time.as_secs_f64() / off.as_secs_f64();
        println!("Pacing::{name} {time:.1?}, Pacing::Off {off:.1?}, ratio {ratio:.3}");
    }
    Ok(())
}

async fn measure() -> Result<[Vec<Duration>; 3], Box<dyn Error>> {
    let server = Server::start(|_, _| Reply::json(200, NUMBER)).await?;
    let client = |pacing| {
        Client::builder().api_key("ps_bench").base_url(server.url()).pacing(pacing).build()
    };
    let shared = Pacing::shared(InMemory::default());
    let clients = [client(Pacing::Off)?, client(Pacing::Adaptive)?, client(shared)?];
    for client in &clients {
        round(client).await?;
    }
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (client, times) in clients.iter().zip(&mut times) {
            times.push(round(client).await?);
        }
    }
    Ok(times)
}

/// The time of one call, over a round.
async fn round(client: &Client) -> Result<Duration, pilot_status::Error> {
    let start = now();
    for _ in 0..CALLS {
        client.number("num_1").get().await?;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a small constant")]
    Ok((now() - start) / CALLS as u32)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
