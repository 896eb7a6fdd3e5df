//! The Redis script gives the same replies as `LimitState`.

use std::time::Duration;

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
    let script = redis::Script::new(&text.replace(CLOCK, "local now = tonumber(ARGV[10])\n"));
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let mut answers = [0; 5];
    for run in 0..40 {
        let mut state = LimitState::default();
        let (mut now, mut slot, mut epoch) = (1_000.0, Slot::default(), 0);
        for n in 0..150 {
            now += [0.001, 0.05, 0.5, 5.0, 60.0][rng.usize(..5)] * rng.f64();
            // The server's clock may be set back.
            now -= if rng.u8(..100) == 0 { 10.0 } else { 0.0 };
            let (step, arguments) = step(&mut rng, slot, epoch);
            let expected = state.step(step, Duration::from_secs_f64(now));
            let mut call = script.key(format!("run {run}"));
            for argument in arguments {
                call.arg(argument);
            }
            call.arg(format!("{now:.9}"));
            let found: Vec<String> = call.invoke_async(&mut connection).await.unwrap();
            assert_same(expected, &found, n);
            match expected {
                Reply::Go { epoch: of, .. } => (epoch, slot) = (of, Slot::default()),
                Reply::Wait { slot: of, .. } => slot = of,
                _ => {}
            }
            answers[kind(expected)] += 1;
        }
    }
    assert!(answers.iter().all(|count| *count > 10), "{answers:?}");
}

/// Returns a random step and the script's arguments for it, without the time.
fn step(rng: &mut Rng, slot: Slot, epoch: u64) -> (Step, Vec<String>) {
    let served = rng.u32(..5);
    let time = Duration::from_millis(rng.u64(1..300));
    let seconds = |time: Duration| time.as_secs_f64().to_string();
    let slot = if rng.bool() { slot } else { Slot::default() };
    let (name, step, rest) = match rng.u8(..12) {
        0 => ("look", Step::Look, vec![]),
        1 | 2 => {
            let (age, lasted) = (time / 2, time * 7);
            let requested = rng.bool().then_some(time * 10);
            let random = rng.f64();
            let (base_delay, max_delay) = (Duration::from_millis(500), Duration::MAX);
            let step = Step::Rejected(Rejection {
                served,
                lasted,
                epoch,
                age,
                requested,
                base_delay,
                max_delay,
                random,
            });
            let requested = requested.map_or("-1".to_owned(), seconds);
            let rest = vec![
                served.to_string(),
                seconds(lasted),
                epoch.to_string(),
                seconds(age),
                requested,
                seconds(base_delay),
                seconds(max_delay),
                random.to_string(),
            ];
            ("rejected", step, rest)
        }
        3..6 => {
            let rest = vec![served.to_string(), epoch.to_string(), seconds(time)];
            ("served", Step::Served { served, epoch, latency: time }, rest)
        }
        6 => ("unanswered", Step::Unanswered { epoch }, vec![epoch.to_string()]),
        _ => {
            let want = rng.u32(1..20);
            let numbers = [u64::from(served), u64::from(want), slot.epoch, u64::from(slot.turns)];
            let rest = numbers.map(|number| number.to_string()).to_vec();
            ("admit", Step::Admit { served, want, slot }, rest)
        }
    };
    let mut arguments = [vec![name.to_owned()], rest].concat();
    arguments.resize(9, String::new());
    (step, arguments)
}

fn kind(reply: Reply) -> usize {
    match reply {
        Reply::Free => 0,
        Reply::Limited => 1,
        Reply::Go { .. } => 2,
        Reply::Wait { .. } => 3,
        _ => 4,
    }
}

fn assert_same(expected: Reply, found: &[String], n: usize) {
    let parts: Vec<_> = found.iter().map(String::as_str).collect();
    let near = |text: &str, value: f64| {
        (text.parse::<f64>().unwrap() - value).abs() < 1e-4 * (1.0 + value.abs())
    };
    let is_same = match (expected, &parts[..]) {
        (Reply::Free, ["free"]) | (Reply::Limited, ["limited"]) | (Reply::Noted, ["noted"]) => true,
        (Reply::Go { epoch, is_probe, turns, rate }, [word, of, count, per_second]) => {
            *word == (if is_probe { "probe" } else { "go" })
                && **of == epoch.to_string()
                && **count == turns.to_string()
                && near(per_second, rate)
        }
        (Reply::Wait { time, slot, rate }, ["wait", seconds, of, count, per_second]) => {
            near(seconds, time.as_secs_f64())
                && **of == slot.epoch.to_string()
                && **count == slot.turns.to_string()
                && near(per_second, rate)
        }
        _ => false,
    };
    assert!(is_same, "step {n}: {expected:?}, but the script replies {found:?}");
}
