//! A small HTTP/1.1 server on loopback for the examples and the tests. A function chooses each
//! response.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use percent_encoding::percent_decode_str;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

use crate::DOCUMENTED_ID;

/// A server that runs until it is dropped.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

/// A received request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method and target, such as `GET /v1/numbers/num_1`.
    pub line: String,
    /// Header fields, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as long as `content-length`.
    pub body: String,
}

/// A response of the server.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Status, header fields and body; the server adds `content-length`.
    Http(u16, Vec<(&'static str, String)>, String),
    /// These bytes; the server then closes the connection.
    Raw(Vec<u8>),
    /// No response on an open connection.
    Silence,
    /// Another reply, after a delay.
    Late(Duration, Box<Reply>),
}

impl Reply {
    /// Creates a reply with a JSON body.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Http(status, vec![("content-type", "application/json".to_owned())], body.into())
    }

    /// Adds a header field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Http(_, headers, _) = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

type Answer = dyn Fn(usize, &Request) -> Reply + Send + Sync;

impl Server {
    /// Starts a server. `answer` receives the request's number, counted from 0, and the request.
    pub async fn start(
        answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let requests = Arc::default();
        let task = tokio::spawn(accept(listener, Arc::new(answer), Arc::clone(&requests)));
        Ok(Self { address, requests, task })
    }

    /// Returns the base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Request {
    /// Returns the header field of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

async fn accept(listener: TcpListener, answer: Arc<Answer>, requests: Arc<Mutex<Vec<Request>>>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // A broken connection shows in the client's result.
        let (answer, requests) = (Arc::clone(&answer), Arc::clone(&requests));
        connections.spawn(async move { serve(stream, &*answer, &requests).await.ok() });
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: &Answer,
    requests: &Mutex<Vec<Request>>,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await? {
        let number = {
            let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.push(request.clone());
            requests.len() - 1
        };
        let mut reply = answer(number, &request);
        if let Reply::Late(delay, late) = reply {
            sleep(delay).await;
            reply = *late;
        }
        match reply {
            Reply::Http(status, headers, body) => {
                stream.write_all(&http(status, &headers, &about(&body, &request.line))).await?;
            }
            Reply::Raw(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
            Reply::Silence | Reply::Late(..) => std::future::pending().await,
        }
    }
    Ok(())
}

/// Reads one request; returns `None` at the end of the connection.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let mut request = parse(&String::from_utf8_lossy(&buffer[..end]));
            let length = request.header("content-length").and_then(|text| text.parse().ok());
            let length: usize = length.unwrap_or(0);
            if let Some(body) = buffer[end + 4..].get(..length) {
                request.body = String::from_utf8_lossy(body).into_owned();
                buffer.drain(..end + 4 + length);
                return Ok(Some(request));
            }
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

fn parse(head: &str) -> Request {
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let fields = lines.filter_map(|line| line.split_once(':'));
    let headers = fields.map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())).collect();
    Request { line, headers, body: String::new() }
}

/// Returns the body with the requested id in place of the documented one.
fn about(body: &str, line: &str) -> String {
    let mut segments = line.split(['/', '?', ' ']).skip_while(|segment| *segment != "numbers");
    let Some(requested) = segments.nth(1) else { return body.to_owned() };
    let requested = percent_decode_str(requested).decode_utf8_lossy();
    let documented = format!("\"{DOCUMENTED_ID}\"");
    body.replace(&documented, &serde_json::Value::from(requested).to_string())
}

fn http(status: u16, headers: &[(&str, String)], body: &str) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    (text + "\r\n" + body).into_bytes()
}
