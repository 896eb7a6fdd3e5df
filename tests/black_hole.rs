//! Silent connections, as after a NAT drops its state: sent bytes are lost, or are acknowledged
//! without a response. New connections work.
#![expect(clippy::disallowed_methods, reason = "a test is where the time comes in")]

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering},
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

/// Long enough for a busy machine to answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(4);
#[cfg(feature = "like-an-application")]
const CALLS: usize = 75;

/// Starts a server of the documented example for HTTP/1.1 and HTTP/2.
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
                // The test sees connection errors from the client's side.
                auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), serve)
                    .await
                    .ok();
            });
        }
    });
    address
}

/// A relay between a client and a server.
struct Network {
    address: SocketAddr,
    silence: Arc<Silence>,
    connections: Arc<AtomicUsize>,
    /// The port of the last client that connected.
    #[cfg_attr(not(feature = "like-an-application"), expect(dead_code, reason = "for drops"))]
    port: Arc<AtomicU16>,
}

/// The silence of a network. It affects every connection that is open, or opened, before the first
/// bytes are lost: so the next call meets it on a pooled connection, and also on a new one if the
/// pool has none back yet.
#[derive(Default)]
struct Silence {
    has_begun: AtomicBool,
    has_lost_bytes: AtomicBool,
}

/// The fate of bytes sent by the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Acknowledged,
    /// The kernel drops them. This requires root and a separate network namespace.
    #[cfg(feature = "like-an-application")]
    Dropped,
}

impl Network {
    async fn start() -> Self {
        let server = server().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let silence = Arc::new(Silence::default());
        let connections = Arc::new(AtomicUsize::new(0));
        let port = Arc::new(AtomicU16::new(0));
        let (shared, count) = (Arc::clone(&silence), Arc::clone(&connections));
        let last = Arc::clone(&port);
        tokio::spawn(async move {
            while let Ok((client, peer)) = listener.accept().await {
                last.store(peer.port(), Ordering::Relaxed);
                count.fetch_add(1, Ordering::Relaxed);
                let is_new = shared.has_lost_bytes.load(Ordering::Relaxed);
                let silence = if is_new { Arc::default() } else { Arc::clone(&shared) };
                let server = TcpStream::connect(server).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(relay(from_client, to_server, Arc::clone(&silence)));
                tokio::spawn(relay(from_server, to_client, silence));
            }
        });
        Self { address, silence, connections, port }
    }

    fn go_silent(&self, sent: Sent) {
        match sent {
            Sent::Acknowledged => self.silence.has_begun.store(true, Ordering::Relaxed),
            #[cfg(feature = "like-an-application")]
            Sent::Dropped => assert!(drop_all_from(self.port.load(Ordering::Relaxed))),
        }
    }
}

/// Makes the kernel drop packets from a port; returns `false` without permission. Set `MAY_DROP`
/// only as root in a separate network namespace, where this rule can come first:
/// `unshare -n sh -c 'ip link set lo up; ip rule add pref 100 lookup local; ip rule del pref 0;
/// MAY_DROP=1 cargo test …'`.
#[cfg(feature = "like-an-application")]
fn drop_all_from(port: u16) -> bool {
    let rule = format!("rule add pref 1 ipproto tcp sport {port} blackhole");
    let status = std::process::Command::new("ip").args(rule.split(' ')).status();
    status.is_ok_and(|status| status.success())
}

/// Relays bytes, or discards them while the connection is silent.
async fn relay(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    silence: Arc<Silence>,
) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        if silence.has_begun.load(Ordering::Relaxed) {
            silence.has_lost_bytes.store(true, Ordering::Relaxed);
        } else {
            to.write_all(&bytes[..length]).await?;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http1,
    #[cfg(feature = "like-an-application")]
    Http2,
    /// HTTP/2 with reqwest's defaults.
    #[cfg(feature = "like-an-application")]
    Http2WithoutPings,
}

fn client(network: &Network, version: Version) -> Client {
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(1)).without_budget();
    Client::builder()
        .api_key(KEY)
        .base_url(format!("http://{}", network.address))
        .retry(retry)
        .attempt_timeout(ATTEMPT_TIMEOUT)
        .timeout(TIMEOUT)
        .configure_http(move |http| match version {
            Version::Http1 => http,
            #[cfg(feature = "like-an-application")]
            Version::Http2 => http.http2_prior_knowledge(),
            #[cfg(feature = "like-an-application")]
            Version::Http2WithoutPings => {
                http.http2_prior_knowledge().http2_keep_alive_interval(None)
            }
        })
        .build()
        .unwrap()
}

/// Returns the failed calls, the longest call and the new connections after the first connection
/// goes silent.
async fn calls(version: Version, sent: Sent, calls: usize) -> (usize, Duration, usize) {
    let network = Network::start().await;
    let client = client(&network, version);
    client.number("num_1").get().await.unwrap();
    network.go_silent(sent);
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
async fn silent_connection_costs_one_attempt() {
    let versions = [
        (Version::Http1, ATTEMPT_TIMEOUT),
        // The client sends a ping and waits for its answer.
        #[cfg(feature = "like-an-application")]
        (Version::Http2, ATTEMPT_TIMEOUT / 2),
    ];
    for (version, least) in versions {
        let (failed, longest, connections) = calls(version, Sent::Acknowledged, 5).await;
        assert_eq!(failed, 0, "{version:?}");
        assert!(connections >= 1, "{version:?}: {connections}");
        assert!(longest >= least, "{version:?}: {longest:?}: the connection was not silent");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(feature = "like-an-application")]
#[ignore = "takes minutes: measures why HTTP/1.1 is the default and HTTP/2 sends pings"]
async fn silent_connection_table_by_http_version() {
    let may_drop = std::env::var_os("MAY_DROP").is_some();
    println!(
        "| version | sent is | calls failed of {CALLS} | longest call | new connections |\n|---|---|---|---|---|"
    );
    for sent in [Sent::Acknowledged, Sent::Dropped] {
        if sent == Sent::Dropped && !may_drop {
            println!("dropped: skipped, without MAY_DROP");
            continue;
        }
        for version in [Version::Http1, Version::Http2, Version::Http2WithoutPings] {
            let (failed, longest, connections) = calls(version, sent, CALLS).await;
            let longest = longest.as_secs_f64();
            println!("| {version:?} | {sent:?} | {failed} | {longest:.1} s | {connections} |");
        }
    }
}
