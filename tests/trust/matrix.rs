//! Plays every fault against every operation, in the first attempt or in all.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use pilot_status::{Client, Error, RetryPolicy};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use support::{
    KEY, example,
    faults::{self, Before, Fault, Route, answer},
    hostile::{Hostile, Protocol, Script, Seen, Step},
    outcome::{Outcome, printed},
};

use crate::page;

/// The id of the requested number, as in the faults' responses.
const ID: &str = "1";
/// A sample of personal data in a response.
const PHONE: &str = "5511999999999";

pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(400);
pub(crate) const TIMEOUT: Duration = Duration::from_secs(1);
pub(crate) const BASE_DELAY: Duration = Duration::from_millis(4);
pub(crate) const MAX_DELAY: Duration = Duration::from_millis(500);
pub(crate) const MAX_ATTEMPTS: u32 = 3;
pub(crate) const MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// The longest duration of a call without waits, including delays of a busy machine. It is shorter
/// than any wait, so that a wait shows.
const WORK: Duration = Duration::from_millis(300);
/// The number of measurements: a busy machine delays some of them.
const TRIES: u32 = 10;
/// Response bytes that sockets and hyper buffer beyond the body limit.
pub(crate) const BUFFERS: u64 = 1024 * 1024;

/// The number of cells measured at once; most of them only wait.
const AT_ONCE: usize = 6;

/// The operations that send a request.
pub(crate) const OPERATIONS: [&str; 4] = ["get", "refresh", "status", "delete"];

/// The attempts in which a fault occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    First,
    All,
}

/// The measured result of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) outcome: Outcome,
    pub(crate) within: &'static str,
    pub(crate) bytes: Bytes,
    pub(crate) connections: usize,
}

/// The response bytes that the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bytes {
    Exactly(u64, u64),
    /// At most the body limit plus the buffers, in each attempt.
    Bounded,
    /// Limited only by the timeout.
    Unbounded,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_matches_trust_page() {
    run(faults::all(&good()), page::Part::Any).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg(feature = "like-an-application")]
async fn http2_and_compression_faults_match_trust_page() {
    let good = good();
    let faults = [faults::http2::all(&good), crate::compression::all(&good)];
    run(faults.into_iter().flatten().collect(), page::Part::LikeAnApplication).await;
}

/// Plays these faults and compares the results with a part of the page.
async fn run(faults: Vec<Fault>, part: page::Part) {
    let good: Arc<str> = good().into();
    let faults: Vec<_> = faults.into_iter().map(Arc::new).collect();
    let jobs = faults.iter().flat_map(|fault| {
        let job = move |when| OPERATIONS.map(|operation| (Arc::clone(fault), when, operation));
        [When::First, When::All].into_iter().flat_map(job)
    });
    let run = |(fault, when, operation): (Arc<Fault>, When, &'static str)| {
        let good = Arc::clone(&good);
        let cell = async move { measure(&fault, when, operation, &good).await };
        async { tokio::spawn(cell).await.unwrap() }
    };
    let cells: Vec<_> = stream::iter(jobs).map(run).buffered(AT_ONCE).collect().await;
    page::compare(part, &page::rows_of(&faults, &cells));
}

/// Returns a body that is correct for every operation: the documented example plus the field of a
/// delete response.
fn good() -> String {
    let mut good = example();
    good["id"] = ID.into();
    good["ok"] = true.into();
    good.to_string()
}

/// Measures one cell and repeats the measurement until it matches the page, because a busy machine
/// sometimes is late or opens one more connection.
async fn measure(fault: &Fault, when: When, operation: &'static str, good: &str) -> Cell {
    let mut tries = 0;
    loop {
        tries += 1;
        let cell = Bench::new(fault, when, good).await.unwrap().cell(operation).await;
        match cell {
            Ok(cell) if tries == TRIES || page::has_cell(fault, when, operation, &cell) => {
                return cell;
            }
            Ok(cell) => eprintln!("again: {}, {operation}: {cell:?}", fault.name),
            Err(late) if tries == TRIES => panic!("{late}"),
            Err(late) => eprintln!("again: {late}"),
        }
    }
}

/// A server and a client for one fault.
struct Bench<'a> {
    fault: &'a Fault,
    when: When,
    server: Hostile,
    playing: Arc<Playing>,
    router: Router,
    client: Client,
}

/// The variant of the fault that the server plays, and the number of its first script.
struct Playing {
    variant: AtomicUsize,
    from: AtomicUsize,
}

impl<'a> Bench<'a> {
    async fn new(fault: &'a Fault, when: When, good: &str) -> io::Result<Self> {
        let from = usize::from(fault.before == Some(Before::WithoutFault)).into();
        let playing = Arc::new(Playing { variant: 0.into(), from });
        let protocol = fault.protocol;
        let server = Hostile::start_in(protocol, script(fault, when, Arc::clone(&playing), good))?;
        let router = Router { route: fault.route, when, lookups: Arc::default() };
        // A fault with several variants must not reuse a connection between them.
        let keep = usize::from(fault.scripts.len() == 1);
        let client = client(server.address, protocol, router.clone(), keep);
        if fault.before.is_some() {
            call(&client, "get").await.unwrap();
            // Wait until the client, even on a busy machine, has read the bytes after the response.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(Self { fault, when, server, playing, router, client })
    }

    /// Returns the common result of all variants. Fails if one was too early or too late, or if an
    /// attempt did not reach the server.
    async fn cell(&self, operation: &str) -> Result<Cell, String> {
        let mut cell = self.variant(0, operation).await?;
        for variant in 1..self.fault.scripts.len() {
            let sent = self.later_variant(variant, operation, &cell).await?;
            cell.bytes = cell.bytes.with(&sent);
        }
        Ok(cell)
    }

    /// Returns the bytes sent for a variant that must end like the first. Each variant is repeated
    /// separately, because some of a thousand are always late.
    async fn later_variant(
        &self,
        variant: usize,
        operation: &str,
        first: &Cell,
    ) -> Result<Bytes, String> {
        let mut why = String::new();
        for _ in 0..TRIES {
            match self.variant(variant, operation).await {
                Ok(Cell { bytes, outcome, within, connections })
                    if (&outcome, within, connections)
                        == (&first.outcome, first.within, first.connections) =>
                {
                    return Ok(bytes);
                }
                Ok(cell) => why = format!("{} {variant}: {cell:?}, not {first:?}", self.fault.name),
                Err(late) => why = late,
            }
        }
        Err(why)
    }

    async fn variant(&self, variant: usize, operation: &str) -> Result<Cell, String> {
        if variant > 0 {
            self.playing.variant.store(variant, Ordering::Relaxed);
            self.playing.from.store(self.server.seen().scripts, Ordering::Relaxed);
        }
        let name = self.fault.name;
        let (result, seen, elapsed) = self.call(operation).await;
        if let Err(error) = &result {
            let printed = printed(error);
            assert!(!printed.contains(KEY) && !printed.contains(PHONE), "{printed}");
        }
        let direct = self.fault.route == Route::Server;
        let lookups = self.router.lookups.swap(0, Ordering::Relaxed);
        let attempts = if direct { seen.attempts } else { lookups };
        let outcome = Outcome::of(&result, attempts);
        if outcome.attempts != attempts {
            return Err(format!("{name}, {operation}: {outcome}, but the server saw {seen:?}"));
        }
        let (within, least, most) = self.bounds(&outcome);
        if !(least..=most).contains(&elapsed) {
            return Err(format!("{name}, {operation}: {elapsed:?}, not {least:?} to {most:?}"));
        }
        let connections = seen.connections;
        Ok(Cell { outcome, within, bytes: self.bytes(seen.bytes, attempts), connections })
    }

    /// Makes one call and returns its result, the server's counts and the elapsed time.
    async fn call(&self, operation: &str) -> (Result<(), Error>, Seen, Duration) {
        let before = self.server.seen();
        let start = Instant::now();
        let result = call(&self.client, operation).await;
        let elapsed = start.elapsed();
        let mut seen = self.server.seen();
        seen.connections -= before.connections;
        seen.attempts -= before.attempts;
        seen.bytes -= before.bytes;
        (result, seen, elapsed)
    }

    /// Returns the name of the call's time bound, and its shortest and longest duration.
    fn bounds(&self, outcome: &Outcome) -> (&'static str, Duration, Duration) {
        let retries = u32::try_from(outcome.attempts).unwrap().saturating_sub(1);
        let with_tenth = |d: Duration| d + d / 10;
        if self.fault.is_deaf {
            let failed = retries + u32::from(outcome.what != "success");
            // The client pings after a quarter of `attempt_timeout` and waits a quarter for the
            // answer.
            let patience = ATTEMPT_TIMEOUT / 2 * failed;
            return ("attempt_timeout / 2, each", patience, with_tenth(patience) + WORK);
        }
        match (self.fault.stalls, retries, self.when) {
            (true, 0, _) => ("attempt_timeout", ATTEMPT_TIMEOUT, with_tenth(ATTEMPT_TIMEOUT)),
            (true, _, When::All) => ("timeout", TIMEOUT, with_tenth(TIMEOUT)),
            (true, _, When::First) => {
                ("attempt_timeout + 0.3 s", ATTEMPT_TIMEOUT, with_tenth(ATTEMPT_TIMEOUT) + WORK)
            }
            (false, _, _) if self.fault.requested_wait.is_zero() => ("0.3 s", Duration::ZERO, WORK),
            (false, _, _) => {
                let requested = self.fault.requested_wait * retries;
                ("requested wait + 0.3 s", requested, with_tenth(requested) + WORK)
            }
        }
    }

    fn bytes(&self, sent: u64, attempts: usize) -> Bytes {
        match (self.fault.endless, self.fault.stalls || self.fault.is_deaf) {
            (false, _) => Bytes::Exactly(sent, sent),
            (true, true) => Bytes::Unbounded,
            (true, false) => {
                let most = (MAX_RESPONSE_BYTES as u64 + BUFFERS) * attempts as u64;
                assert!(sent <= most, "{}: {sent} bytes, over {most}", self.fault.name);
                Bytes::Bounded
            }
        }
    }
}

impl Bytes {
    fn with(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Exactly(a, b), Self::Exactly(c, d)) => Self::Exactly(*a.min(c), *b.max(d)),
            _ => self.clone(),
        }
    }
}

/// Returns the function that selects the server's scripts.
fn script(
    fault: &Fault,
    when: When,
    playing: Arc<Playing>,
    good: &str,
) -> impl Fn(usize, &str) -> Script + use<> {
    let good = match fault.protocol {
        Protocol::Http1 => vec![Step::Read, Step::Send(answer("200 OK", "", good).into())],
        Protocol::Http2 => faults::http2::answer(good),
    };
    let scripts = fault.scripts.clone();
    let is_good = fault.route != Route::Server;
    move |n, _| {
        let from = playing.from.load(Ordering::Relaxed);
        if is_good || n < from || (when == When::First && n > from) {
            return good.clone();
        }
        scripts[playing.variant.load(Ordering::Relaxed)].clone()
    }
}

async fn call(client: &Client, operation: &str) -> Result<(), Error> {
    let number = client.number(ID);
    match operation {
        "get" => number.get().await.map(drop),
        "refresh" => number.refresh().await.map(drop),
        "status" => number.status().await.map(drop),
        "delete" => number.delete().await.map(drop),
        _ => panic!("no operation {operation}"),
    }
}

fn client(server: SocketAddr, protocol: Protocol, router: Router, keep: usize) -> Client {
    let retry = RetryPolicy::default()
        .max_attempts(MAX_ATTEMPTS)
        .base_delay(BASE_DELAY)
        .max_delay(MAX_DELAY)
        .without_budget();
    Client::builder()
        .api_key(KEY)
        .base_url(format!("http://localhost:{}", server.port()))
        .retry(retry)
        .attempt_timeout(ATTEMPT_TIMEOUT)
        .timeout(TIMEOUT)
        .max_response_bytes(MAX_RESPONSE_BYTES)
        .configure_http(move |http| {
            let http = http.no_proxy().dns_resolver(router).pool_max_idle_per_host(keep);
            in_protocol(http, protocol)
        })
        .build()
        .unwrap()
}

#[cfg(feature = "like-an-application")]
fn in_protocol(http: reqwest::ClientBuilder, protocol: Protocol) -> reqwest::ClientBuilder {
    match protocol {
        Protocol::Http1 => http,
        Protocol::Http2 => http.http2_prior_knowledge(),
    }
}

#[cfg(not(feature = "like-an-application"))]
fn in_protocol(http: reqwest::ClientBuilder, _: Protocol) -> reqwest::ClientBuilder {
    http
}

/// A resolver that routes connections to the server or elsewhere.
#[derive(Clone)]
struct Router {
    route: Route,
    when: When,
    lookups: Arc<AtomicUsize>,
}

impl Resolve for Router {
    fn resolve(&self, _: Name) -> Resolving {
        let is_first = self.lookups.fetch_add(1, Ordering::Relaxed) == 0;
        let route = if is_first || self.when == When::All { self.route } else { Route::Server };
        // No server listens on the URL's port at 127.0.0.2.
        let address = match route {
            Route::Unresolved => None,
            Route::Refused => Some(Ipv4Addr::new(127, 0, 0, 2)),
            Route::Server => Some(Ipv4Addr::LOCALHOST),
        };
        Box::pin(async move {
            let address = address.ok_or("the name has no address")?;
            let addresses: Addrs = Box::new([SocketAddr::from((address, 0))].into_iter());
            Ok(addresses)
        })
    }
}
