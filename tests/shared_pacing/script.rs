//! The script does as `LimitState` does.

use std::time::Duration;

use fastrand::Rng;
use pilot_status::shared_limit::{LimitState, Reply, Step};

use crate::redis_server::RedisServer;

const CLOCK: &str = "\
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
";

#[tokio::test]
async fn the_script_answers_as_the_state_in_memory_does() {
    let Some(server) = RedisServer::start().await else { return };
    let mut connection = server.try_connection().await.unwrap();
    let text = include_str!("../../src/ext/sharing/redis.lua");
    assert!(text.contains(CLOCK));
    let script = redis::Script::new(&text.replace(CLOCK, "local now = tonumber(ARGV[9])\n"));
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let mut answers = [0; 5];
    for run in 0..20 {
        let mut state = LimitState::default();
        let (mut now, mut slot, mut epoch) = (1_000.0, 0, 0);
        for n in 0..100 {
            now += [0.001, 0.05, 0.5, 5.0][rng.usize(..4)] * rng.f64();
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
                Reply::Go { epoch: of, .. } => epoch = of,
                Reply::Wait { slot: of, .. } => slot = of,
                _ => {}
            }
            answers[kind(expected)] += 1;
        }
    }
    assert!(answers.iter().all(|count| *count > 10), "{answers:?}");
}

/// A step, and what the script gets for it, but for the time.
fn step(rng: &mut Rng, slot: u64, epoch: u64) -> (Step, Vec<String>) {
    let (served, lasted) = (rng.u32(..5), Duration::from_millis(rng.u64(..2_000)));
    let latency = Duration::from_millis(rng.u64(1..300));
    let seconds = |time: Duration| time.as_secs_f64().to_string();
    let slot = if rng.bool() { slot } else { 0 };
    let (name, step, rest) = match rng.u8(..10) {
        0 => ("look", Step::Look, vec![]),
        1 | 2 => {
            let asked = rng.bool().then_some(latency * 10);
            let random = rng.f64();
            let (base_delay, max_delay) = (Duration::from_millis(500), Duration::from_secs(60));
            let step =
                Step::Rejected { served, lasted, epoch, asked, base_delay, max_delay, random };
            let asked = asked.map_or("-1".to_owned(), seconds);
            let rest = vec![
                epoch.to_string(),
                asked,
                seconds(base_delay),
                seconds(max_delay),
                random.to_string(),
            ];
            ("rejected", step, rest)
        }
        3..6 => {
            let rest = vec![epoch.to_string(), seconds(latency)];
            ("served", Step::Served { served, lasted, epoch, latency }, rest)
        }
        _ => {
            let is_last = rng.u8(..4) == 0;
            let rest = vec![slot.to_string(), u8::from(is_last).to_string()];
            ("admit", Step::Admit { served, lasted, slot, is_last }, rest)
        }
    };
    let mut arguments = [vec![name.to_owned(), served.to_string(), seconds(lasted)], rest].concat();
    arguments.resize(8, String::new());
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
    let is_same = match (expected, &parts[..]) {
        (Reply::Free, ["free"]) | (Reply::Limited, ["limited"]) | (Reply::Noted, ["noted"]) => true,
        (Reply::Go { epoch, is_probe }, [word, of]) => {
            *word == (if is_probe { "probe" } else { "go" }) && **of == epoch.to_string()
        }
        (Reply::Wait { time, slot }, ["wait", seconds, of]) => {
            let seconds: f64 = seconds.parse().unwrap();
            (seconds - time.as_secs_f64()).abs() < 1e-4 && **of == slot.to_string()
        }
        _ => false,
    };
    assert!(is_same, "step {n}: {expected:?}, but the script says {found:?}");
}
