//! The Redis script gives the same replies as `LimitState`.

use std::{
    collections::HashMap,
    mem::{discriminant, take},
    time::Duration,
};

use fastrand::Rng;
use pilot_status::shared_limit::{LimitState, Rejection, Reply, Slot, Step};

use crate::redis_server::RedisServer;

const CLOCK: &str = "\
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
";

#[tokio::test]
async fn script_matches_in_memory_limit_state() {
    let Some(server) = RedisServer::start().await else { return };
    let mut connection = server.try_connection().await.unwrap();
    let text = include_str!("../../src/ext/pacing/redis.lua");
    assert!(text.contains(CLOCK));
    let script = redis::Script::new(&text.replace(CLOCK, "local now = tonumber(ARGV[2])\n"));
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let mut replies = HashMap::new();
    for run in 0..40 {
        let mut state = LimitState::default();
        let (mut now, mut slot, mut epoch) = (1_000.0, Slot::default(), 0);
        for n in 0..150 {
            now += [0.001, 0.05, 0.5, 5.0, 60.0][rng.usize(..5)] * rng.f64();
            // The server's clock may be set back.
            now -= if rng.u8(..100) == 0 { 10.0 } else { 0.0 };
            let step = step(&mut rng, slot, epoch);
            let expected = state.step(step, Duration::from_secs_f64(now));
            let mut call = script.key(format!("run {run}"));
            call.arg(serde_json::to_string(&step).unwrap()).arg(format!("{now:.9}"));
            let found: String = call.invoke_async(&mut connection).await.unwrap();
            assert_same(expected, serde_json::from_str(&found).unwrap(), n);
            match expected {
                Reply::Go { epoch: of, .. } => (epoch, slot) = (of, Slot::default()),
                Reply::Wait { slot: of, .. } => slot = of,
                _ => {}
            }
            *replies.entry(discriminant(&expected)).or_insert(0) += 1;
        }
    }
    assert!(replies.len() == 5 && replies.values().all(|count| *count > 10), "{replies:?}");
}

fn step(rng: &mut Rng, slot: Slot, epoch: u64) -> Step {
    let served = rng.u32(..5);
    let time = Duration::from_millis(rng.u64(1..300));
    let slot = if rng.bool() { slot } else { Slot::default() };
    match rng.u8(..12) {
        0 => Step::Look,
        1 | 2 => Step::Rejected(Rejection {
            served,
            lasted: time * 7,
            epoch,
            age: time / 2,
            requested: rng.bool().then_some(time * 10),
            base_delay: Duration::from_millis(500),
            max_delay: Duration::MAX,
            random: rng.f64(),
        }),
        3..6 => Step::Served { served, epoch, latency: time },
        6 => Step::Unanswered { epoch },
        _ => Step::Admit { served, want: rng.u32(..20), slot },
    }
}

fn assert_same(expected: Reply, found: Reply, n: usize) {
    let is_near = |(a, b): (f64, f64)| (a - b).abs() < 1e-4 * (1.0 + b.abs());
    let (same, numbers) = split(expected);
    let (found_same, found_numbers) = split(found);
    let is_same = same == found_same && found_numbers.into_iter().zip(numbers).all(is_near);
    assert!(is_same, "step {n}: {expected:?}, but the script replies {found:?}");
}

/// Takes the numbers that are rounded out of a reply.
fn split(mut reply: Reply) -> (Reply, [f64; 2]) {
    let numbers = match &mut reply {
        Reply::Go { rate, .. } => [take(rate), 0.0],
        Reply::Wait { time, rate, .. } => [take(rate), take(time).as_secs_f64()],
        _ => [0.0; 2],
    };
    (reply, numbers)
}
