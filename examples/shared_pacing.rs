//! Shares one limit through Redis or Valkey:
//! `cargo run --example shared_pacing --features redis -- [REDIS_URL]`.
//!
//! It has three clients, which share nothing but the store, like three processes. They call a small
//! server on loopback, which serves ten requests a second. A line each second shows their figures. The
//! example ends after 20 seconds. It starts no other program, and what it stores expires.

mod demo;

use std::{env, error::Error, sync::Arc, time::Duration};

use pilot_status::{Client, Pacing, shared_limit::RedisLimit};
use redis::aio::ConnectionManager;
use tokio::sync::{Semaphore, SemaphorePermit};

const CLIENTS: usize = 3;
/// Tasks of each client, which send one request after another.
const TASKS: usize = 8;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1".to_owned());
    let connection = connect(&url).await.map_err(|error| {
        format!("Redis is not available ({error}): start `redis-server`, or pass its URL")
    })?;
    let server = demo::start_with(ten_a_second())?;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let limit = RedisLimit::new(connection.clone());
        let client = Client::builder().api_key("ps_example").base_url(&server);
        clients.push(client.pacing(Pacing::shared(limit)).build()?);
    }
    for client in &clients {
        (0..TASKS).for_each(|_| drop(tokio::spawn(send_requests(client.clone()))));
    }
    for second in 1..=20 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let figures = clients.iter().map(|client| {
            let stats = client.stats();
            format!("{:>4} served {:>3} rejected", stats.successes, stats.rejected)
        });
        println!("{second:>2} s  {}", figures.collect::<Vec<_>>().join("  |"));
    }
    Ok(())
}

/// Connects, and waits at most two seconds.
async fn connect(url: &str) -> Result<ConnectionManager, Box<dyn Error>> {
    let redis = redis::Client::open(url)?;
    let connected = tokio::time::timeout(Duration::from_secs(2), redis.get_connection_manager());
    Ok(connected.await.map_err(|_| "no answer within 2 s")??)
}

async fn send_requests(client: Client) {
    loop {
        if let Err(error) = client.number("num_01HZX").get().await {
            eprintln!("{}", error.report());
        }
    }
}

/// Returns a limit: a burst of ten requests, and then ten requests a second.
fn ten_a_second() -> impl FnMut(&str) -> bool + Send {
    let tokens = Arc::new(Semaphore::new(10));
    let refilled = Arc::clone(&tokens);
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        loop {
            tick.tick().await;
            if refilled.available_permits() < 10 {
                refilled.add_permits(1);
            }
        }
    });
    move |_| tokens.try_acquire().map(SemaphorePermit::forget).is_ok()
}
