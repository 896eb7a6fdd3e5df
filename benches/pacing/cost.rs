//! What pacing costs before the first 429: the same calls with and without it, in turns, on
//! loopback.

use std::{error::Error, time::Duration};

use pilot_status::{Client, Pacing};
use support::{Reply, Server};

use crate::sockets::{NUMBER, now};

const ROUNDS: usize = 40;
const CALLS: usize = 250;

/// Prints the median time of a call with pacing over that of one without.
pub(crate) fn compare() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let (paced, alone) = runtime.block_on(measure())?;
    let (paced, alone) = (median(paced), median(alone));
    let ratio = paced.as_secs_f64() / alone.as_secs_f64();
    println!("one call after the other, the median of {ROUNDS} rounds of {CALLS} each, in turns");
    println!("Pacing::Adaptive {paced:.1?}, Pacing::Off {alone:.1?}, ratio {ratio:.3}");
    Ok(())
}

async fn measure() -> Result<(Vec<Duration>, Vec<Duration>), Box<dyn Error>> {
    let server = Server::start(|_, _| Reply::json(200, NUMBER)).await?;
    let client = |pacing| {
        Client::builder().api_key("ps_bench").base_url(server.url()).pacing(pacing).build()
    };
    let (on, off) = (client(Pacing::Adaptive)?, client(Pacing::Off)?);
    round(&on).await?;
    round(&off).await?;
    let (mut paced, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        paced.push(round(&on).await?);
        alone.push(round(&off).await?);
    }
    Ok((paced, alone))
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
