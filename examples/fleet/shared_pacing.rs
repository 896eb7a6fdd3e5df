//! Runs several processes of one key under one limit, with or without a store that they share:
//! `cargo run -p fleet --features redis --bin shared_pacing -- [--processes 3] [--requests 300] [--alone]`.
//!
//! It starts a `redis-server` and a small server with a limit, both on loopback. Then it starts
//! itself once for each process, and prints how many requests each was served. All of them end with
//! this program, also when it is interrupted.

use std::{
    env,
    error::Error,
    io::{self, ErrorKind},
    net::TcpListener,
    process::{ExitCode, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use clap::{Arg, ArgAction, ArgMatches};
use futures_util::StreamExt;
use indicatif::ProgressBar;
use pilot_status::{Client, Pacing, shared_limit::RedisLimit};
use support::{Reply, Server};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

/// Number of tasks of all processes together.
const TASKS: usize = 64;
const A_SECOND: f64 = 10.0;
const BURST: f64 = 20.0;

/// The variable that passes its work to a process: the URL of the server, the URL of Redis (empty
/// without a store), requests and tasks.
const WORK: &str = "SHARED_PACING_WORK";

#[tokio::main]
async fn main() -> ExitCode {
    let result = if let Ok(work) = env::var(WORK) {
        worker(&work).await
    } else {
        // Dropping `run` ends the processes that it started.
        tokio::select! {
            result = run() => result,
            result = interrupted() => result,
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Waits for Ctrl-C, SIGTERM, or the end of the terminal.
async fn interrupted() -> Result<(), Box<dyn Error>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Err("interrupted".into())
}

fn arguments() -> ArgMatches {
    clap::Command::new("shared_pacing")
        .about("Several processes of one key under one limit, with a store that they share")
        .arg(
            Arg::new("processes")
                .long("processes")
                .default_value("3")
                .value_parser(clap::value_parser!(u8).range(1..=32)),
        )
        .arg(
            Arg::new("requests")
                .long("requests")
                .default_value("300")
                .value_parser(clap::value_parser!(u16).range(50..))
                .help("Of all processes together"),
        )
        .arg(
            Arg::new("alone")
                .long("alone")
                .action(ArgAction::SetTrue)
                .help("Each paces itself, without a store"),
        )
        .get_matches()
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments = arguments();
    let processes = usize::from(*arguments.get_one::<u8>("processes").unwrap_or(&3));
    let requests = *arguments.get_one::<u16>("requests").unwrap_or(&300);
    let redis = if arguments.get_flag("alone") { None } else { Some(Redis::start().await?) };
    let bucket = Mutex::new(Bucket::new());
    let refused = Arc::new(Mutex::new(0));
    let count = Arc::clone(&refused);
    let bar = ProgressBar::new(requests.into());
    let progress = bar.clone();
    let server = Server::start(move |_, request| {
        let taken = bucket.lock().is_ok_and(|mut bucket| bucket.take());
        if taken {
            progress.inc(1);
            let id = request.line.rsplit('/').next().unwrap_or_default();
            return Reply::json(200, format!(r#"{{"id":"{id}"}}"#));
        }
        *count.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
        Reply::json(429, "{}").with("retry-after", "1")
    })
    .await?;
    let url = redis.as_ref().map_or(String::new(), |redis| redis.url.clone());
    let work = |n: usize| {
        // The remainder goes to the first processes.
        let share = |all: usize| all / processes + usize::from(n < all % processes);
        format!("{} {url} {} {}", server.url(), share(requests.into()), share(TASKS).max(1))
    };
    let mut workers = Vec::new();
    for n in 0..processes {
        workers.push(Worker::start(&work(n))?);
    }
    let lines = finish(workers).await?;
    bar.finish_and_clear();
    println!("{}", lines.join("\n"));
    let slowest = lines.iter().filter_map(|line| line.rsplit(' ').nth(1)?.parse::<f64>().ok());
    let best = (f64::from(requests) - BURST) / A_SECOND;
    let refused = *refused.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let per_request = f64::from(refused) / f64::from(requests);
    let time = slowest.fold(0.0, f64::max) / best;
    println!("{per_request:.2} refused for each request served, {time:.2} of the best time");
    Ok(())
}

/// The limit of the server.
struct Bucket {
    tokens: f64,
    last: Instant,
}

impl Bucket {
    fn new() -> Self {
        Self { tokens: BURST, last: now() }
    }

    fn take(&mut self) -> bool {
        let now = now();
        self.tokens += now.duration_since(self.last).as_secs_f64() * A_SECOND;
        self.tokens = self.tokens.min(BURST);
        self.last = now;
        let taken = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(taken));
        taken
    }
}

/// A `redis-server` that ends with this program.
struct Redis {
    url: String,
    _process: Child,
}

impl Redis {
    async fn start() -> Result<Self, Box<dyn Error>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let options = ["--bind", "127.0.0.1", "--save", "", "--port", &port.to_string()];
        let mut command = Command::new("redis-server");
        command.args(options).stdout(Stdio::null()).kill_on_drop(true);
        let process = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => "redis-server is not installed; --alone needs none".to_owned(),
            _ => format!("redis-server cannot be started: {error}"),
        })?;
        let redis = Self { url: format!("redis://127.0.0.1:{port}"), _process: process };
        let client = redis::Client::open(redis.url.as_str())?;
        for _ in 0..250 {
            if client.get_multiplexed_async_connection().await.is_ok() {
                return Ok(redis);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("redis-server does not respond".into())
    }
}

/// A process of this program, which ends with it.
struct Worker(Child);

impl Worker {
    fn start(work: &str) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.env(WORK, work).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        Ok(Self(command.spawn()?))
    }
}

/// Starts the work of all workers at once, and returns the last line of each.
async fn finish(mut workers: Vec<Worker>) -> io::Result<Vec<String>> {
    let mut outputs = Vec::new();
    for Worker(child) in &mut workers {
        let output = child.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
        let mut lines = BufReader::new(output).lines();
        // The first line reports that the worker is ready.
        lines.next_line().await?;
        outputs.push(lines);
    }
    for Worker(child) in &mut workers {
        child.stdin.as_mut().ok_or(ErrorKind::BrokenPipe)?.write_all(b"go\n").await?;
    }
    let mut results = Vec::new();
    for (n, (mut lines, Worker(mut child))) in outputs.into_iter().zip(workers).enumerate() {
        let line = lines.next_line().await?.unwrap_or_default();
        results.push(format!("process {}: {line}", n + 1));
        child.wait().await?;
    }
    Ok(results)
}

async fn worker(work: &str) -> Result<(), Box<dyn Error>> {
    let parts: Vec<_> = work.split(' ').collect();
    let [url, redis, requests, tasks] = parts[..] else { return Err("no work".into()) };
    let (requests, tasks): (usize, usize) = (requests.parse()?, tasks.parse()?);
    let pacing = if redis.is_empty() {
        Pacing::Adaptive
    } else {
        let connection = redis::Client::open(redis)?.get_connection_manager().await?;
        Pacing::shared(RedisLimit::new(connection))
    };
    let client = Client::builder().api_key("ps_example").base_url(url).pacing(pacing).build()?;
    println!("ready");
    tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new())).await??;
    let start = now();
    let ids = (0..requests).map(|n| format!("num_{n}"));
    let answers = client.numbers(ids).concurrency(tasks).get();
    let served = answers.filter(|(_, answer)| std::future::ready(answer.is_ok())).count().await;
    let (refused, seconds) = (client.stats().rejected, start.elapsed().as_secs_f64());
    println!("{served} of {requests} served, {refused} refused, {seconds:.1} s");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program is where the time comes in")]
fn now() -> Instant {
    Instant::now()
}
