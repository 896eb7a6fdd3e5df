//! A `redis-server` process for a test.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use redis::aio::{ConnectionManager, MultiplexedConnection};

/// A `redis-server` that is killed when dropped.
pub(crate) struct RedisServer {
    port: u16,
    process: Child,
}

impl RedisServer {
    /// Starts a server on a free port; prints a note and returns `None` if none is installed.
    pub(crate) async fn start() -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_on(free).await
    }

    pub(crate) async fn start_on(port: u16) -> Option<Self> {
        let options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"];
        let process = Command::new("redis-server")
            .args(options)
            .arg(port.to_string())
            .stdout(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            println!("skipped: redis-server is not installed");
            return None;
        };
        let server = Self { port, process };
        let start = Instant::now();
        while server.try_connection().await.is_none() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "redis-server did not start within 20 s"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) async fn manager(&self) -> ConnectionManager {
        self.client().get_connection_manager().await.unwrap()
    }

    /// Sends a command to the server, whose words are separated by single spaces.
    pub(crate) async fn command(&self, words: &str) -> redis::Value {
        let mut connection = self.try_connection().await.unwrap();
        let mut command = redis::Cmd::new();
        command.arg(words.split(' ').collect::<Vec<_>>());
        command.query_async(&mut connection).await.unwrap()
    }

    pub(crate) async fn try_connection(&self) -> Option<MultiplexedConnection> {
        self.client().get_multiplexed_async_connection().await.ok()
    }

    fn client(&self) -> redis::Client {
        redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
