//! A server that does what no server should, scripted by the request.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use crate::http2::{self, Frame};

/// Serves until it is dropped.
pub struct Hostile {
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// What a client did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Connections that it took.
    pub connections: usize,
    /// Requests, and connections that were not let to bring one.
    pub attempts: usize,
    /// What was sent of answers, read or not.
    pub bytes: u64,
    /// Scripts begun.
    pub scripts: usize,
}

/// One thing that the server does on a connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads a request; where a connection begins with another step, none is waited for.
    Read,
    /// Waits until there is something to read.
    Await,
    /// Sends this.
    Send(Vec<u8>),
    /// Sends this so many times.
    Repeat(Vec<u8>, usize),
    /// Sends this byte by byte, with a pause after each.
    Dribble(Vec<u8>, Duration),
    /// Sends this frame so many times.
    Frame(Frame, usize),
    /// Does nothing until the client hangs up.
    Hang,
    /// Does nothing but to acknowledge what HTTP/2 wants to be, until the next request of the
    /// connection.
    Idle,
    /// Ends the connection with a reset rather than in order.
    Reset,
    /// Ends the connection in order.
    Close,
}

/// What happens on a connection; without `Close` or `Reset` at its end the next script follows.
pub type Script = Vec<Step>;

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, from the first byte on.
    Http2,
}

impl Hostile {
    /// Starts one of HTTP/1.1; `script` gets how many scripts were begun before, on this or any other
    /// connection, and the path that is requested, which is empty where none was read.
    pub fn start(
        script: impl Fn(usize, &str) -> Script + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::start_in(Protocol::Http1, script)
    }

    /// As [`start`](Self::start), in this protocol; of HTTP/2 the paths are not read.
    pub fn start_in(
        protocol: Protocol,
        script: impl Fn(usize, &str) -> Script + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Connections inherit it: little is sent that nobody reads.
        socket.set_send_buffer_size(16 * 1024)?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = socket.listen(1024)?;
        let address = listener.local_addr()?;
        let seen = Arc::<Mutex<Seen>>::default();
        let counts = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let script = Arc::new(script);
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counts.lock().unwrap().connections += 1;
                // Those that have ended take memory until then.
                while connections.try_join_next().is_some() {}
                let (counts, script) = (Arc::clone(&counts), Arc::clone(&script));
                // A connection that breaks is what this is for.
                connections.spawn(async move {
                    let connection =
                        Connection { stream, protocol, asked: 0, next: None, seen: &counts };
                    connection.serve(&*script).await.ok()
                });
            }
        });
        Ok(Self { address, seen, task })
    }

    /// What clients did so far.
    pub fn seen(&self) -> Seen {
        *self.seen.lock().unwrap()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Connection<'a> {
    stream: TcpStream,
    protocol: Protocol,
    /// The stream of the last request, in HTTP/2.
    asked: u32,
    /// A request that was read while there was nothing to do.
    next: Option<String>,
    seen: &'a Mutex<Seen>,
}

impl Connection<'_> {
    async fn serve(mut self, script: &(impl Fn(usize, &str) -> Script + Sync)) -> io::Result<()> {
        let mut is_new = true;
        loop {
            let seen = self.seen;
            let next = |path: &str| script(seen.lock().unwrap().scripts, path);
            let mut steps = next("");
            let reads = matches!(steps.first(), Some(Step::Read));
            if reads {
                let path = match self.next.take() {
                    None => self.read_request().await?,
                    path => path,
                };
                let Some(path) = path else { return Ok(()) };
                // Others may have gone on while this connection waited.
                steps = next(&path);
            }
            {
                let mut seen = seen.lock().unwrap();
                seen.scripts += 1;
                seen.attempts += usize::from(reads || is_new);
            }
            for step in steps.into_iter().skip(usize::from(reads)) {
                if !self.run(step).await? {
                    return Ok(());
                }
            }
            is_new = false;
        }
    }

    /// Does one thing; `false` at the end of the connection.
    async fn run(&mut self, step: Step) -> io::Result<bool> {
        match step {
            Step::Read => return Ok(self.read_request().await?.is_some()),
            Step::Await => drop(self.stream.peek(&mut [0]).await?),
            Step::Send(bytes) => self.send(&bytes).await?,
            Step::Repeat(bytes, times) => {
                for _ in 0..times {
                    self.send(&bytes).await?;
                }
            }
            Step::Dribble(bytes, pause) => {
                for byte in bytes {
                    self.send(&[byte]).await?;
                    sleep(pause).await;
                }
            }
            Step::Frame(frame, times) => {
                let bytes = frame.encode(self.asked);
                for _ in 0..times {
                    self.send(&bytes).await?;
                }
            }
            Step::Hang => {
                while self.stream.read(&mut [0; 1024]).await? > 0 {}
                return Ok(false);
            }
            Step::Idle => {
                self.next = self.read_request().await?;
                return Ok(self.next.is_some());
            }
            Step::Close => {
                self.stream.shutdown().await?;
                return Ok(false);
            }
            Step::Reset => {
                self.stream.set_zero_linger()?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Before it is sent, since the client may be done before this goes on.
        self.seen.lock().unwrap().bytes += bytes.len() as u64;
        self.stream.write_all(bytes).await
    }

    /// Reads one request without a body, and gives its path; `None` at the end of the connection.
    async fn read_request(&mut self) -> io::Result<Option<String>> {
        if self.protocol == Protocol::Http1 {
            return read_head(&mut self.stream).await;
        }
        if self.asked == 0 {
            http2::begin(&mut self.stream).await?;
        }
        let asked = http2::read_request(&mut self.stream).await?;
        self.asked = asked.unwrap_or(self.asked);
        Ok(asked.map(|_| String::new()))
    }
}

/// Reads the head of a request, and gives its path; `None` at the end of the connection.
async fn read_head(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    // One byte at a time, so that none of a following request is taken.
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(e) => return Err(e),
        }
    }
    let head = String::from_utf8_lossy(&head);
    Ok(Some(head.split(' ').nth(1).unwrap_or_default().to_owned()))
}
