//! A small HTTP/1.1 server on loopback for the examples and the tests. A function chooses each
//! response.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use percent_encoding::percent_decode_str;

use crate::{
    DOCUMENTED_ID, example,
    hostile::{Hostile, Protocol, Request, Script, Step},
};

/// A server that runs until it is dropped.
pub struct Server {
    server: Hostile,
    requests: Arc<Mutex<Vec<Request>>>,
}

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
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Http(status, vec![("content-type", "application/json".to_owned())], body.into())
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Http(_, headers, _) = &mut self {
            headers.push((name, value.into()));
        }
        self
    }

    /// Returns the steps that send it in response to this request line.
    fn script(self, line: &str) -> Script {
        match self {
            Self::Http(status, headers, body) => {
                vec![Step::Send(http(status, &headers, &about(&body, line)))]
            }
            Self::Raw(bytes) => vec![Step::Send(bytes), Step::Close],
            Self::Silence => vec![Step::Hang],
            Self::Late(delay, reply) => [vec![Step::Pause(delay)], reply.script(line)].concat(),
        }
    }
}

impl Server {
    /// Starts a server. `answer` receives the request's number, counted from 0, and the request.
    #[expect(clippy::unused_async, reason = "it needs a runtime, which an async caller has")]
    pub async fn start(
        answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let seen = Arc::clone(&requests);
        let server = Hostile::start(Protocol::Http1, move |_, request| {
            if request.line.is_empty() {
                return vec![Step::Read];
            }
            let number = {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push(request.clone());
                seen.len() - 1
            };
            [vec![Step::Read], answer(number, request).script(&request.line)].concat()
        })?;
        Ok(Self { server, requests })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Starts a server, as [`Server::start`] does, in a test.
pub async fn serve(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(answer).await.unwrap()
}

/// Starts a server that sends these replies in turn and then repeats the last one.
pub async fn replies(replies: Vec<Reply>) -> Server {
    serve(move |n, _| replies[n.min(replies.len() - 1)].clone()).await
}

/// Starts a server that always sends this reply.
pub async fn always(reply: Reply) -> Server {
    replies(vec![reply]).await
}

/// Starts a server that rejects the request of this number, from 0, with this `Retry-After`.
pub async fn refusing(number: usize, retry_after: &str) -> Server {
    let refusal = Reply::json(429, "{}").with("retry-after", retry_after);
    serve(move |n, _| if n == number { refusal.clone() } else { ok() }).await
}

/// Returns the documented response.
pub fn ok() -> Reply {
    Reply::json(200, example().to_string())
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
