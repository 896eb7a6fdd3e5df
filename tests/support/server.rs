//! A small HTTP/1.1 server on loopback, for the examples and the tests: what it answers is up to a
//! function.

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

/// Serves until it is dropped.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

/// What a client sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method and target, such as `GET /v1/numbers/num_1`.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

/// What it gets.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Status, header fields and body; `content-length` is added.
    Http(u16, Vec<(&'static str, String)>, String),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// Nothing, on an open connection.
    Silence,
    /// Another reply, but only after so long.
    Late(Duration, Box<Reply>),
}

impl Reply {
    /// A body of JSON.
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
    /// Starts one; `answer` gets the number of the request, from 0, and the request.
    pub async fn start(
        answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let requests = Arc::default();
        let task = tokio::spawn(accept(listener, Arc::new(answer), Arc::clone(&requests)));
        Ok(Self { address, requests, task })
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
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
    /// The field of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

async fn accept(listener: TcpListener, answer: Arc<Answer>, requests: Arc<Mutex<Vec<Request>>>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // A connection that breaks is the client's affair.
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

/// Reads one request without a body; `None` at the end of the connection.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            buffer.drain(..end + 4);
            return Ok(Some(parse(&head)));
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
    Request { line, headers }
}

/// The body, with the id that is asked for in place of the documented one.
fn about(body: &str, line: &str) -> String {
    let mut segments = line.split(['/', '?', ' ']).skip_while(|segment| *segment != "numbers");
    let Some(asked) = segments.nth(1) else { return body.to_owned() };
    let asked = percent_decode_str(asked).decode_utf8_lossy();
    let documented = format!("\"{DOCUMENTED_ID}\"");
    body.replace(&documented, &serde_json::Value::from(asked).to_string())
}

fn http(status: u16, headers: &[(&str, String)], body: &str) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    (text + "\r\n" + body).into_bytes()
}
