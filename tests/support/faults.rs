//! The faults, each with the script that the server runs.

pub mod http2;

use std::{fmt, time::Duration};

use crate::hostile::{Protocol, Script, Step};

/// One way in which an attempt fails.
pub struct Fault {
    pub name: &'static str,
    pub script: Script,
    pub protocol: Protocol,
    /// The duration of an attempt.
    pub time: Time,
    /// The server sends for as long as the client reads.
    pub endless: bool,
    /// The server's steps for a preceding call on the same connection, if there is one.
    pub before: Option<Script>,
}

/// The duration of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    Prompt,
    AttemptTimeout,
    /// The time until a ping of the client times out.
    PingTimeout,
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prompt => "0.3 s",
            Self::AttemptTimeout => "`attempt_timeout` each",
            Self::PingTimeout => "`attempt_timeout` / 2 each",
        })
    }
}

impl Fault {
    pub fn new(name: &'static str, script: Script) -> Self {
        Self {
            name,
            script,
            protocol: Protocol::Http1,
            time: Time::Prompt,
            endless: false,
            before: None,
        }
    }

    /// Sends these bytes after the request and closes the connection.
    fn closed(name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(name, vec![Step::Read, Step::Send(bytes.into()), Step::Close])
    }

    /// Sends these bytes after the request and keeps the connection open.
    fn kept(name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(name, vec![Step::Read, Step::Send(bytes.into())])
    }

    /// Sends `first` after the request, followed by 10 GB of `then`.
    fn flood(name: &'static str, first: &str, then: impl Into<Vec<u8>>) -> Self {
        let then = then.into();
        let times = 10_000_000_000 / then.len();
        let script = vec![Step::Read, Step::Send(first.into()), Step::Repeat(then, times)];
        Self { endless: true, ..Self::new(name, script) }
    }

    /// Sends these bytes after the request and then hangs.
    fn stall(name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(name, vec![Step::Read, Step::Send(bytes.into()), Step::Hang])
            .lasting(Time::AttemptTimeout)
    }

    /// Sends a complete response with these header fields.
    fn answer(name: &'static str, status: &str, fields: &str, body: &str) -> Self {
        Self::kept(name, answer(status, fields, body))
    }

    fn lasting(self, time: Time) -> Self {
        Self { time, ..self }
    }

    fn after(self, before: Script) -> Self {
        Self { before: Some(before), ..self }
    }
}

/// Returns a complete response. Each header field must end with a line break.
pub fn answer(status: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{fields}content-length: {length}\r\n\r\n{body}")
}

/// Returns all faults in the order of the table; `good` is the body of a correct response.
pub fn all(good: &str) -> Vec<Fault> {
    [connection(good), head(good), body(good), json()].into_iter().flatten().collect()
}

fn connection(good: &str) -> Vec<Fault> {
    let whole = answer("200 OK", "", good);
    let correct = vec![Step::Read, Step::Send(whole.clone().into())];
    let pause = Step::Pause(Duration::from_millis(100));
    let bytes = whole.bytes().flat_map(|byte| [Step::Send(vec![byte]), pause.clone()]);
    let slow = [Step::Read].into_iter().chain(bytes).collect();
    let slow = Fault { endless: true, ..Fault::new("ten bytes a second", slow) };
    let two = vec![Step::Read, Step::Send((whole + &answer("500 -", "", "")).into())];
    vec![
        Fault::new("accepted, closed", vec![Step::Close]),
        Fault::new("accepted, never read", vec![Step::Hang]).lasting(Time::AttemptTimeout),
        Fault::new("reset with the request unread", vec![Step::Await, Step::Reset]),
        Fault::new("reset after the request", vec![Step::Read, Step::Reset]),
        Fault::closed("closed after the request", ""),
        Fault::closed("kept connection closed at the next request", "").after(correct.clone()),
        Fault::new("kept connection closed between requests", vec![Step::Close])
            .after(correct.clone()),
        Fault::new("a second response to the previous request", correct.clone()).after(two),
        Fault::stall("silence after the request", ""),
        Fault::stall("kept connection silent at the next request", "").after(correct),
        slow.lasting(Time::AttemptTimeout),
    ]
}

fn head(good: &str) -> Vec<Fault> {
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    vec![
        Fault::closed("half a status line", "HTTP/1.1 20"),
        Fault::closed("half a head", "HTTP/1.1 200 OK\r\ncontent-le"),
        Fault::closed("not HTTP", "SSH-2.0-OpenSSH_9.9\r\n"),
        Fault::answer("101 header fields", "200 OK", &"x: 1\r\n".repeat(100), good),
        Fault::flood("header fields without end", "HTTP/1.1 200 OK\r\n", "x: 1\r\n".repeat(1_000)),
        Fault::flood("a header field without end", "HTTP/1.1 200 OK\r\nx: ", "x".repeat(8_192)),
        Fault::answer("NUL in a header field", "200 OK", "x: \0\r\n", good),
        Fault::answer("bytes over 127 in a header field", "200 OK", "x: \u{e9}\r\n", good),
        Fault::kept("100 before the response", interim.to_owned() + &answer("200 OK", "", good)),
        Fault::flood("100 without end", "", interim.repeat(100)).lasting(Time::AttemptTimeout),
        Fault::closed("HTTP/1.0", format!("HTTP/1.0 200 OK\r\n\r\n{good}")),
    ]
}

fn body(good: &str) -> Vec<Fault> {
    let length = |n: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {n}\r\n\r\n{good}");
    let (more, less) = (length(good.len() + 1), length(good.len() - 1));
    let chunk = format!("{:x}\r\n{good}\r\n", good.len());
    let until_close = "HTTP/1.1 200 OK\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let cut = &good[..good.len() / 2];
    vec![
        Fault::closed("content-length one more, closed", more.clone()),
        Fault::stall("content-length one more, silence", more),
        Fault::kept("content-length one less", less),
        Fault::closed("body until the connection closes", format!("{until_close}{good}")),
        Fault::closed("body until the connection closes, truncated", format!("{until_close}{cut}")),
        Fault::kept("chunked", format!("{chunked}{chunk}0\r\n\r\n")),
        Fault::closed("chunked, no last chunk", format!("{chunked}{chunk}")),
        Fault::kept("chunked, invalid size", format!("{chunked}x\r\n{good}\r\n0\r\n\r\n")),
        Fault::flood("chunked without end", chunked, format!("1000\r\n{}\r\n", " ".repeat(4_096))),
        Fault::flood("chunk extension without end", &format!("{chunked}1;"), "x".repeat(8_192)),
        Fault::flood(
            "trailers without end",
            &format!("{chunked}{chunk}0\r\n"),
            "x: 1\r\n".repeat(1_000),
        ),
        Fault::flood(
            "10 GB, announced",
            "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n",
            " ".repeat(8_192),
        ),
        Fault::flood("10 GB, not announced", until_close, " ".repeat(8_192)),
        Fault::closed("101", "HTTP/1.1 101 -\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
        Fault::answer("201", "201 -", "", good),
        Fault::kept("204", "HTTP/1.1 204 -\r\n\r\n"),
        Fault::flood("10 GB with status 500", "HTTP/1.1 500 -\r\n\r\n", " ".repeat(8_192)),
    ]
}

fn json() -> Vec<Fault> {
    let ok = |name, body: &str| {
        Fault::answer(name, "200 OK", "content-type: application/json\r\n", body)
    };
    let deep = format!(r#"{{"id":"1","meta":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let many = format!(r#"{{"id":"1","x":[{}0]}}"#, "0,".repeat(30_000));
    let mut latin1 = answer("200 OK", "", r#"{"id":"xx"}"#).into_bytes();
    let end = latin1.len();
    latin1[end - 4..end - 2].copy_from_slice(&[0xe9, 0xff]);
    vec![
        ok("no body", ""),
        ok("HTML", "<html>+5511999999999</html>"),
        ok("an id of another type", r#"{"id":{"+5511999999999":1}}"#),
        Fault::kept("invalid UTF-8", latin1),
        ok("half of a surrogate pair", r#"{"id":"1","name":"\ud83d","ok":true}"#),
        ok("JSON nested 10,000 deep", &deep),
        ok("60 KB of JSON with 30,000 values", &many),
    ]
}
