//! Hard cases on real sockets with the default client: who is served, and how soon. All run at the
//! same time.

use std::{
    error::Error,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use pilot_status::{Client, ClientBuilder};
use support::{Reply, Server};

use crate::{
    answer, kept,
    limiter::{Kind, Limit, Limiter},
    sockets::{NUMBER, now},
};

pub(crate) const FREE: Limit = Limit { count: 1e9, per: 1.0, burst: 1e9 };
const SIX_HUNDRED: Limit = Limit { count: 600.0, per: 60.0, burst: 100.0 };
pub(crate) const TEN: Limit = Limit { count: 10.0, per: 1.0, burst: 10.0 };
const WINDOW: Limit = Limit { count: 60.0, per: 10.0, burst: 0.0 };
const SHORT_WINDOW: Limit = Limit { count: 60.0, per: 2.0, burst: 0.0 };

/// So many calls of as many tasks, after an outage.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    calls: usize,
    tasks: usize,
    /// Calls served before an idle spell of 11 s.
    before: usize,
    outage: f64,
    retry_after: bool,
    kind: Kind,
    limit: Limit,
    says_what_is_left: bool,
}

const NONE: Case = Case {
    name: "",
    calls: 300,
    tasks: 300,
    before: 0,
    outage: 0.0,
    retry_after: false,
    kind: Kind::TokenBucket,
    limit: FREE,
    says_what_is_left: false,
};
const SLOW: Case = Case { calls: 150, tasks: 150, outage: 6.0, limit: TEN, ..NONE };
const CASES: [Case; 7] = [
    Case {
        name: "20 s of 429 with Retry-After, then 600 a minute",
        outage: 20.0,
        retry_after: true,
        kind: Kind::FixedWindow,
        limit: SIX_HUNDRED,
        ..NONE
    },
    Case { name: "3 s of 429, then free", calls: 2_000, tasks: 64, outage: 3.0, ..NONE },
    Case { name: "6 s of 429 with Retry-After, then 10 a second", retry_after: true, ..SLOW },
    Case { name: "6 s of 429, then 10 a second", ..SLOW },
    Case { name: "20 served, 11 s idle, 5 s of 429, then free", before: 20, outage: 5.0, ..NONE },
    Case {
        name: "60 per 10 s, fixed window",
        calls: 360,
        tasks: 360,
        kind: Kind::FixedWindow,
        limit: WINDOW,
        ..NONE
    },
    Case {
        name: "60 per 2 s, says what is left (best: 12 s)",
        calls: 400,
        tasks: 64,
        kind: Kind::FixedWindow,
        limit: SHORT_WINDOW,
        says_what_is_left: true,
        ..NONE
    },
];

/// Prints a line for each.
pub(crate) fn play() -> Result<(), Box<dyn Error>> {
    println!("| scenario | calls served | failed | 429s | seconds |\n|---|---|---|---|---|");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut all = tokio::task::JoinSet::new();
        for case in CASES {
            all.spawn(async move { line(case).await.map_err(|error| error.to_string()) });
        }
        all.spawn(async { hung_probe().await.map_err(|error| error.to_string()) });
        all.spawn(async { kept::futures().await.map_err(|error| error.to_string()) });
        all.spawn(async { kept::stream().await.map_err(|error| error.to_string()) });
        while let Some(line) = all.join_next().await {
            println!("{}", line??);
        }
        Ok(())
    })
}

async fn line(case: Case) -> Result<String, Box<dyn Error>> {
    // The outage begins with the load.
    let load_start = Arc::new(Mutex::new(None));
    let server = server(case, Arc::clone(&load_start)).await?;
    let client = client(&server).build()?;
    for _ in 0..case.before {
        client.number("num_1").get().await?;
    }
    if case.before > 0 {
        tokio::time::sleep(Duration::from_secs(11)).await;
    }
    let start = now();
    if let Ok(mut load_start) = load_start.lock() {
        *load_start = Some(start);
    }
    let times = load(&client, case.calls, case.tasks).await?;
    let seconds = (now() - start).as_secs_f64();
    let answers = times.iter().flatten().count();
    let rejected = client.pacing_stats().rejected;
    let failed = case.calls - answers;
    Ok(format!("| {} | {answers} | {failed} | {rejected} | {seconds:.1} |", case.name))
}

/// A client, and its server that answers with 429s for a second from now.
pub(crate) async fn after_an_outage(limit: Limit) -> Result<(Client, Server), Box<dyn Error>> {
    let case = Case { outage: 1.0, limit, ..NONE };
    let load_start = Arc::new(Mutex::new(None));
    let server = server(case, Arc::clone(&load_start)).await?;
    let client = client(&server).build()?;
    if let Ok(mut load_start) = load_start.lock() {
        *load_start = Some(now());
    }
    Ok((client, server))
}

fn client(server: &Server) -> ClientBuilder {
    Client::builder().api_key("ps_bench").base_url(server.url())
}

/// How long each call took, if it was served.
pub(crate) async fn load(
    client: &Client,
    calls: usize,
    tasks: usize,
) -> Result<Vec<Option<Duration>>, Box<dyn Error>> {
    let tasks = (0..tasks).map(|task| {
        let (client, share) = (client.clone(), calls / tasks + usize::from(task < calls % tasks));
        tokio::spawn(async move {
            let mut times = Vec::new();
            for _ in 0..share {
                let start = now();
                let answer = client.number("num_1").get().await;
                times.push(answer.is_ok().then(|| now() - start));
            }
            times
        })
    });
    let mut times = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        times.extend(task.await?);
    }
    Ok(times)
}

async fn server(
    case: Case,
    load_start: Arc<Mutex<Option<std::time::Instant>>>,
) -> io::Result<Server> {
    let (limiter, start) = (Mutex::new(Limiter::new(case.kind, case.limit, 0.0)), now());
    Server::start(move |_, _| {
        let time = now();
        let begin = load_start.lock().ok().and_then(|start| *start);
        let left = begin.map_or(0.0, |begin| case.outage - (time - begin).as_secs_f64());
        let reply = match limiter.lock() {
            Ok(mut limiter) => reply(&case, &mut limiter, left, (time - start).as_secs_f64()),
            Err(_) => Reply::json(500, "{}"),
        };
        Reply::Late(Duration::from_millis(5), Box::new(reply))
    })
    .await
}

/// With so many seconds left of the outage.
fn reply(case: &Case, limiter: &mut Limiter, left: f64, time: f64) -> Reply {
    let admitted = if left > 0.0 { Err(time + left) } else { limiter.admit(time) };
    let reply = match admitted {
        Ok(()) => Reply::json(200, NUMBER),
        Err(next) if case.retry_after => {
            Reply::json(429, "{}").with("retry-after", (next - time).ceil().max(1.0).to_string())
        }
        Err(_) => Reply::json(429, "{}"),
    };
    if !case.says_what_is_left {
        return reply;
    }
    let words = answer::truth(limiter, time);
    reply
        .with("ratelimit-remaining", words.remaining.to_string())
        .with("ratelimit-reset", words.reset.as_secs().to_string())
}

/// The first request after a hold of 1 s gets no answer.
async fn hung_probe() -> Result<String, Box<dyn Error>> {
    let (start, hung) = (now(), Mutex::new(false));
    let server = Server::start(move |_, _| {
        if now() - start < Duration::from_secs(1) {
            return Reply::json(429, "{}").with("retry-after", "1");
        }
        match hung.lock() {
            Ok(mut hung) if !*hung => {
                *hung = true;
                Reply::Silence
            }
            _ => Reply::json(200, NUMBER),
        }
    })
    .await?;
    let (attempt, call) = (Duration::from_secs(6), Duration::from_secs(12));
    let client = client(&server).attempt_timeout(attempt).timeout(call).build()?;
    let mut times: Vec<_> = load(&client, 21, 21).await?.into_iter().flatten().collect();
    times.sort();
    let (answers, rejected) = (times.len(), client.pacing_stats().rejected);
    let median = times.get(answers / 2).copied().unwrap_or_default().as_secs_f64();
    let seconds = (now() - start).as_secs_f64();
    let name = format!("a probe hangs, 20 others (median call: {median:.1} s)");
    Ok(format!("| {name} | {answers} | {} | {rejected} | {seconds:.1} |", 21 - answers))
}
