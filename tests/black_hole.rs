//! A connection that goes silent, as when a NAT forgets it: what is sent is acknowledged, and nothing
//! comes back. New connections work.
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use http_body_util::Full;
use hyper::{body::Bytes, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use pilot_status::{Client, RetryPolicy};
use support::{KEY, example};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
};

/// A busy machine answers within this, too.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(4);
#[cfg(feature = "like-an-application")]
const CALLS: usize = 75;

/// Serves the documented example, in whatever protocol it is asked for.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut body = example();
    body["id"] = "num_1".into();
    let body = Bytes::from(body.to_string());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let body = body.clone();
            let serve = service_fn(move |_| {
                let body = Full::new(body.clone());
                async { Ok::<_, Infallible>(hyper::Response::new(body)) }
            });
            tokio::spawn(async move {
                // What becomes of a connection is what the test looks at from the other side.
                auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), serve)
                    .await
                    .ok();
            });
        }
    });
    address
}

/// Between a client and a server.
struct Network {
    address: SocketAddr,
    /// The connections that were opened before this was set are silent.
    is_silent: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
}

impl Network {
    async fn start() -> Self {
        let server = server().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let is_silent = Arc::new(AtomicBool::new(false));
        let connections = Arc::new(AtomicUsize::new(0));
        let (silent, count) = (Arc::clone(&is_silent), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let is_new = silent.load(Ordering::Relaxed);
                let silent = if is_new { Arc::default() } else { Arc::clone(&silent) };
                let server = TcpStream::connect(server).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(relay(from_client, to_server, Arc::clone(&silent)));
                tokio::spawn(relay(from_server, to_client, silent));
            }
        });
        Self { address, is_silent, connections }
    }
}

/// Passes bytes on until the connection is silent, and reads them then.
async fn relay(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    is_silent: Arc<AtomicBool>,
) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        if !is_silent.load(Ordering::Relaxed) {
            to.write_all(&bytes[..length]).await?;
        }
    }
}

fn client(network: &Network, is_http_2: bool) -> Client {
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(1)).without_budget();
    let builder = Client::builder()
        .api_key(KEY)
        .base_url(format!("http://{}", network.address))
        .retry(retry)
        .attempt_timeout(ATTEMPT_TIMEOUT)
        .timeout(TIMEOUT);
    #[cfg(feature = "like-an-application")]
    let builder = builder
        .configure_http(move |http| if is_http_2 { http.http2_prior_knowledge() } else { http });
    #[cfg(not(feature = "like-an-application"))]
    assert!(!is_http_2, "HTTP/2 is not compiled in");
    builder.build().unwrap()
}

/// Calls that failed, the longest, and connections that were opened, once the first went silent.
async fn calls(is_http_2: bool, calls: usize) -> (usize, Duration, usize) {
    let network = Network::start().await;
    let client = client(&network, is_http_2);
    client.number("num_1").get().await.unwrap();
    network.is_silent.store(true, Ordering::Relaxed);
    let before = network.connections.load(Ordering::Relaxed);
    let (mut failed, mut longest) = (0, Duration::ZERO);
    for _ in 0..calls {
        let start = Instant::now();
        let result = client.number("num_1").get().await;
        failed += usize::from(result.is_err());
        longest = longest.max(start.elapsed());
    }
    (failed, longest, network.connections.load(Ordering::Relaxed) - before)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_goes_silent_costs_an_attempt_and_no_call() {
    let (failed, longest, connections) = calls(false, 5).await;
    assert_eq!(failed, 0);
    assert!(connections >= 1, "{connections}");
    assert!(longest >= ATTEMPT_TIMEOUT, "{longest:?}: nothing was silent");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(feature = "like-an-application")]
#[ignore = "takes minutes: it shows why HTTP/1.1 is the default"]
async fn the_table_of_both_protocols() {
    println!(
        "| protocol | calls failed of {CALLS} | longest call | new connections |\n|---|---|---|---|"
    );
    for (name, is_http_2) in [("HTTP/1.1", false), ("HTTP/2, by configure_http", true)] {
        let (failed, longest, connections) = calls(is_http_2, CALLS).await;
        println!("| {name} | {failed} | {:.1} s | {connections} |", longest.as_secs_f64());
    }
}
