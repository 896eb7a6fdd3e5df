//! A misbehaving server that runs a script for each request.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use crate::http2;

/// A server that runs until it is dropped.
pub struct Hostile {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// Counts of attempts, scripts and sent bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Requests, plus connections that were closed before one was read.
    pub attempts: usize,
    /// Response bytes sent, whether or not the client read them.
    pub bytes: u64,
    pub scripts: usize,
}

/// A received request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Method and target, such as `GET /v1/numbers/num_1`.
    pub line: String,
    /// Header fields, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as long as `content-length`.
    pub body: String,
}

impl Request {
    /// Returns the header field of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// One step of the server on a connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads a request. A connection that begins with another step does not wait for one.
    Read,
    /// Waits until the connection is readable.
    Await,
    Send(Vec<u8>),
    Pause(Duration),
    /// Sends these bytes N times.
    Repeat(Vec<u8>, usize),
    /// Sends this frame of the last request's stream N times.
    Frame(Vec<u8>, usize),
    /// Does nothing until the client closes the connection.
    Hang,
    /// Only acknowledges HTTP/2 control frames until the connection's next request.
    Idle,
    Reset,
    /// Closes the connection cleanly.
    Close,
}

/// The steps on a connection. Unless it ends with `Close` or `Reset`, the next script follows.
pub type Script = Vec<Step>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    /// HTTP/2 with prior knowledge.
    Http2,
}

impl Hostile {
    /// Starts a server. `script` receives the number of scripts started before, on all connections,
    /// and the request, which is empty over HTTP/2 or if none was read.
    pub fn start(
        protocol: Protocol,
        script: impl Fn(usize, &Request) -> Script + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Connections inherit the small buffer, so few unread bytes count as sent.
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
                // A finished task occupies memory until it is joined.
                while connections.try_join_next().is_some() {}
                let (counts, script) = (Arc::clone(&counts), Arc::clone(&script));
                // Scripts break connections on purpose, so errors are ignored.
                connections.spawn(async move {
                    let stream = BufReader::new(stream);
                    let connection =
                        Connection { stream, protocol, last_stream: 0, next: None, seen: &counts };
                    connection.serve(&*script).await.ok()
                });
            }
        });
        Ok(Self { address, seen, task })
    }

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
    stream: BufReader<TcpStream>,
    protocol: Protocol,
    /// The stream of the last HTTP/2 request.
    last_stream: u32,
    /// A request that `Step::Idle` has already read.
    next: Option<Request>,
    seen: &'a Mutex<Seen>,
}

impl Connection<'_> {
    async fn serve(
        mut self,
        script: &(impl Fn(usize, &Request) -> Script + Sync),
    ) -> io::Result<()> {
        let mut is_new = true;
        loop {
            let seen = self.seen;
            let next = |request: &Request| {
                let scripts = seen.lock().unwrap().scripts;
                script(scripts, request)
            };
            let mut steps = next(&Request::default());
            let reads = matches!(steps.first(), Some(Step::Read));
            if reads {
                let request = match self.next.take() {
                    None => self.read_request().await?,
                    request => request,
                };
                let Some(request) = request else { return Ok(()) };
                // Other connections may have started scripts while this one waited.
                steps = next(&request);
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

    /// Runs one step; returns `false` at the end of the connection.
    async fn run(&mut self, step: Step) -> io::Result<bool> {
        match step {
            Step::Read => return Ok(self.read_request().await?.is_some()),
            Step::Await => drop(self.stream.get_ref().peek(&mut [0]).await?),
            Step::Send(bytes) => self.send(&bytes).await?,
            Step::Pause(pause) => sleep(pause).await,
            Step::Repeat(bytes, times) => {
                for _ in 0..times {
                    self.send(&bytes).await?;
                }
            }
            Step::Frame(mut frame, times) => {
                http2::set_stream(&mut frame, self.last_stream);
                for _ in 0..times {
                    self.send(&frame).await?;
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
                self.stream.get_ref().set_zero_linger()?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Count first: the client may finish before this task resumes.
        self.seen.lock().unwrap().bytes += bytes.len() as u64;
        self.stream.write_all(bytes).await
    }

    /// Reads one request; returns `None` at the end of the connection.
    async fn read_request(&mut self) -> io::Result<Option<Request>> {
        if self.protocol == Protocol::Http1 {
            return read_request(&mut self.stream).await;
        }
        if self.last_stream == 0 {
            http2::begin(&mut self.stream).await?;
        }
        let stream = http2::read_request(&mut self.stream).await?;
        self.last_stream = stream.unwrap_or(self.last_stream);
        Ok(stream.map(|_| Request::default()))
    }
}

/// Reads one HTTP/1.1 request; returns `None` at the end of the connection.
async fn read_request(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Request>> {
    let mut request = Request::default();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            first if request.line.is_empty() => {
                first.trim_end_matches(" HTTP/1.1").clone_into(&mut request.line);
            }
            field => {
                let field = field.split_once(':').unwrap_or((field, ""));
                request.headers.push((field.0.to_ascii_lowercase(), field.1.trim().to_owned()));
            }
        }
    }
    let length = request.header("content-length").and_then(|text| text.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    request.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(request))
}
