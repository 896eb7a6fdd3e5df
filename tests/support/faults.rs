//! The faults, each with the script that the server runs.

pub mod http2;

use std::time::Duration;

use crate::hostile::{Protocol, Script, Step};

/// One way in which an attempt fails.
pub struct Fault {
    /// The fault's name in the table.
    pub name: &'static str,
    /// One script per variant. Every variant must give the same outcome.
    pub scripts: Vec<Script>,
    /// The protocol of client and server.
    pub protocol: Protocol,
    /// The target of the connection.
    pub route: Route,
    /// An attempt lasts until `attempt_timeout`.
    pub stalls: bool,
    /// An attempt lasts until a ping of the client times out.
    pub is_deaf: bool,
    /// The server sends for as long as the client reads.
    pub endless: bool,
    /// The response to a preceding call on the same connection; `None` without such a call.
    pub before: Option<Before>,
    /// The wait that the server requests and the client honours.
    pub requested_wait: Duration,
}

/// The response to the call that precedes the measured one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// A correct response.
    WithoutFault,
    /// The fault itself.
    WithTheFault,
}

/// The target of an attempt's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The server.
    Server,
    /// A name without an address.
    Unresolved,
    /// A port without a listener.
    Refused,
}

impl Fault {
    /// Creates an HTTP/1.1 fault with these variants.
    pub fn new(name: &'static str, scripts: Vec<Script>) -> Self {
        Self {
            name,
            scripts,
            protocol: Protocol::Http1,
            route: Route::Server,
            stalls: false,
            is_deaf: false,
            endless: false,
            before: None,
            requested_wait: Duration::ZERO,
        }
    }

    /// Sends these bytes after the request and closes the connection.
    fn raw(name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(name, vec![vec![Step::Read, Step::Send(bytes.into()), Step::Close]])
    }

    /// Sends these bytes after the request and keeps the connection open.
    fn kept(name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(name, vec![vec![Step::Read, Step::Send(bytes.into())]])
    }

    /// Sends `first` after the request, followed by 10 GB of `then`.
    fn flood(name: &'static str, first: &str, then: impl Into<Vec<u8>>) -> Self {
        let then = then.into();
        let times = 10_000_000_000 / then.len();
        let script = vec![Step::Read, Step::Send(first.into()), Step::Repeat(then, times)];
        Self { endless: true, ..Self::new(name, vec![script]) }
    }

    /// Sends these bytes after the request and then hangs.
    fn stall(name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        let script = vec![Step::Read, Step::Send(bytes.into()), Step::Hang];
        Self { stalls: true, ..Self::new(name, vec![script]) }
    }

    /// Sends a complete response with these header fields.
    fn answer(name: &'static str, status: &str, fields: &str, body: &str) -> Self {
        Self::kept(name, answer(status, fields, body))
    }

    fn requesting(mut self, wait: Duration) -> Self {
        self.requested_wait = wait;
        self
    }

    fn after(mut self, before: Before) -> Self {
        self.before = Some(before);
        self
    }
}

/// Returns a complete response. Each header field must end with a line break.
pub fn answer(status: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{fields}content-length: {length}\r\n\r\n{body}")
}

/// Returns all faults in the order of the table; `good` is the body of a correct response.
pub fn all(good: &str) -> Vec<Fault> {
    [connection(good), head(good), body(good), json(good), statuses(good), rate_limits()]
        .into_iter()
        .flatten()
        .collect()
}

fn connection(good: &str) -> Vec<Fault> {
    let whole = answer("200 OK", "", good);
    let route = |name, route| Fault { route, ..Fault::new(name, vec![vec![Step::Close]]) };
    let cut = |n| vec![Step::Read, Step::Send(whole.as_bytes()[..n].to_vec()), Step::Close];
    let slow = vec![Step::Read, Step::Dribble(whole.clone().into(), Duration::from_millis(100))];
    vec![
        route("name without an address", Route::Unresolved),
        route("connection refused", Route::Refused),
        Fault::new("accepted, closed", vec![vec![Step::Close]]),
        Fault::new("reset with the request unread", vec![vec![Step::Await, Step::Reset]]),
        Fault { stalls: true, ..Fault::new("accepted, never read", vec![vec![Step::Hang]]) },
        Fault::raw("closed after the request", ""),
        Fault::new("reset after the request", vec![vec![Step::Read, Step::Reset]]),
        Fault::raw("kept connection closed at the next request", "").after(Before::WithoutFault),
        Fault::new(
            "kept connection reset at the next request",
            vec![vec![Step::Read, Step::Reset]],
        )
        .after(Before::WithoutFault),
        Fault::new("kept connection closed between requests", vec![vec![Step::Close]])
            .after(Before::WithoutFault),
        Fault::kept(
            "a second response to the previous request",
            whole.clone() + &answer("500 -", "", ""),
        )
        .after(Before::WithTheFault),
        Fault::stall("silence after the request", ""),
        Fault::new("truncated at every byte", (0..whole.len()).map(cut).collect()),
        Fault { stalls: true, endless: true, ..Fault::new("ten bytes a second", vec![slow]) },
    ]
}

fn head(good: &str) -> Vec<Fault> {
    let fields =
        |n: usize| (1..n).map(|n| format!("x-{n}: 1")).collect::<Vec<_>>().join("\r\n") + "\r\n";
    vec![
        Fault::raw("half a status line, closed", "HTTP/1.1 20"),
        Fault::stall("half a status line, silence", "HTTP/1.1 20"),
        Fault::raw("not HTTP", "SSH-2.0-OpenSSH_9.9\r\n"),
        Fault::raw("HTTP/2 frames", b"\0\0\0\x04\0\0\0\0\0".as_slice()),
        Fault::raw("status 42", answer("42 -", "", good)),
        Fault::raw("status 1000", answer("1000 -", "", good)),
        Fault::answer("100 header fields", "200 OK", &fields(100), good),
        Fault::answer("101 header fields", "200 OK", &fields(101), good),
        Fault::flood("header fields without end", "HTTP/1.1 200 OK\r\n", "x: 1\r\n".repeat(1_000)),
        Fault::flood("a header field without end", "HTTP/1.1 200 OK\r\nx: ", "x".repeat(8_192)),
        Fault::answer(
            "a header field of 300 KB",
            "200 OK",
            &format!("x: {}\r\n", "x".repeat(300_000)),
            good,
        ),
        Fault::answer("NUL in a header field", "200 OK", "x: \0\r\n", good),
        Fault::answer("bytes over 127 in a header field", "200 OK", "x: \u{e9}\r\n", good),
        Fault::answer("a folded header field", "200 OK", "x: 1\r\n 2\r\n", good),
        Fault::answer("a cookie", "200 OK", "set-cookie: a=b; path=/\r\n", good),
        Fault::kept("100 before the response", interim("100 Continue", good)),
        Fault::kept("103 before the response", interim("103 Early Hints", good)),
        Fault {
            stalls: true,
            ..Fault::flood("100 without end", "", "HTTP/1.1 100 Continue\r\n\r\n".repeat(100))
        },
        Fault::raw("HTTP/1.0", format!("HTTP/1.0 200 OK\r\n\r\n{good}")),
    ]
}

fn interim(status: &str, good: &str) -> String {
    format!("HTTP/1.1 {status}\r\n\r\n{}", answer("200 OK", "", good))
}

fn body(good: &str) -> Vec<Fault> {
    let length =
        |n: &str, rest: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {n}\r\n{rest}\r\n{good}");
    let more = (good.len() + 1).to_string();
    let less = (good.len() - 1).to_string();
    let chunk = format!("{:x}\r\n{good}\r\n", good.len());
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let exact = good.len().to_string();
    let cut = &good[..good.len() / 2];
    vec![
        Fault::raw("content-length one more, closed", length(&more, "")),
        Fault::stall("content-length one more, silence", length(&more, "")),
        Fault::kept("content-length one less", length(&less, "")),
        Fault::kept("content-length twice, different", length(&exact, "content-length: 1\r\n")),
        Fault::kept("content-length -1", length("-1", "")),
        Fault::kept("content-length 10^30", length(&format!("1{}", "0".repeat(30)), "")),
        Fault::raw("body until the connection closes", format!("HTTP/1.1 200 OK\r\n\r\n{good}")),
        Fault::raw(
            "body until the connection closes, truncated",
            format!("HTTP/1.1 200 OK\r\n\r\n{cut}"),
        ),
        Fault::kept("chunked", format!("{chunked}{chunk}0\r\n\r\n")),
        Fault::kept(
            "chunked and content-length",
            format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"
            ),
        ),
        Fault::raw("chunked, no last chunk", format!("{chunked}{chunk}")),
        Fault::kept("chunked, invalid size", format!("{chunked}x\r\n{good}\r\n0\r\n\r\n")),
        Fault::kept(
            "chunked, size over 64 bits",
            format!("{chunked}1{}\r\n{good}", "0".repeat(16)),
        ),
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
        Fault::flood("10 GB, not announced", "HTTP/1.1 200 OK\r\n\r\n", " ".repeat(8_192)),
        Fault::flood("10 GB with status 500", "HTTP/1.1 500 -\r\n\r\n", " ".repeat(8_192)),
        Fault::kept("compressed without being requested", {
            let mut bytes =
                b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 20\r\n\r\n".to_vec();
            bytes.extend([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            bytes
        }),
    ]
}

fn json(good: &str) -> Vec<Fault> {
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
        Fault::kept("invalid UTF-8", latin1),
        ok("a byte order mark", &format!("\u{feff}{good}")),
        ok("half of a surrogate pair", r#"{"id":"1","name":"\ud83d","ok":true}"#),
        ok("a control character in a text", "{\"id\":\"1\",\"name\":\"\u{1}\",\"ok\":true}"),
        ok("NULs after the JSON", &format!("{good}\0\0")),
        ok("JSON truncated in the middle", &good[..good.len() / 2]),
        ok("JSON with more after it", &format!("{good}{good}")),
        ok("JSON nested 10,000 deep", &deep),
        ok("60 KB of JSON with 30,000 values", &many),
        ok(
            "a field twice",
            r#"{"id":"2","id":"1","state":"OPEN","state":"+5511999999999","ok":true,"ok":true}"#,
        ),
        ok("a number of 10,000 digits", &format!(r#"{{"id":"1","x":{}}}"#, "9".repeat(10_000))),
        ok("an array", "[]"),
        ok("null", "null"),
        ok(
            "optional fields of other types",
            r#"{"id":"1","state":[],"ok":"+5511999999999","health":7,"meta":{"phone":[{}]}}"#,
        ),
        ok("a malformed list item", r#"{"id":"1","meta":{"profile":{"websites":["a",7]}}}"#),
        ok("an id that is a number", r#"{"id":1}"#),
        ok("another id", r#"{"id":"+5511999999999","ok":true}"#),
        ok("an id of another type", r#"{"id":{"+5511999999999":1}}"#),
        ok("no id", r#"{"state":"OPEN"}"#),
    ]
}

fn statuses(good: &str) -> Vec<Fault> {
    let pii = r#"{"error":"the number +5511999999999 is at fault","code":"X_1"}"#;
    let redirect =
        |name, status, to: &str| Fault::answer(name, status, &format!("location: {to}\r\n"), "");
    vec![
        Fault::raw(
            "101",
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        ),
        Fault::answer("201", "201 Created", "", good),
        Fault::kept("204", "HTTP/1.1 204 No Content\r\n\r\n"),
        Fault::kept("304", "HTTP/1.1 304 Not Modified\r\n\r\n"),
        redirect("redirect to itself", "302 Found", "/v1/numbers/1"),
        redirect(
            "redirect to another host",
            "307 Temporary Redirect",
            "https://localhost:1/v1/numbers/1",
        ),
        redirect("redirect to http://", "308 Permanent Redirect", "http://localhost:1/"),
        redirect("redirect to //host", "301 Moved Permanently", "//localhost:1/"),
        Fault::answer("redirect to nowhere", "302 Found", "", ""),
        Fault::answer("400", "400 Bad Request", "", pii),
        Fault::answer("401", "401 Unauthorized", "www-authenticate: Basic\r\n", pii),
        Fault::answer("404", "404 Not Found", "", pii),
        Fault::answer("407", "407 Proxy Authentication Required", "", ""),
        Fault::answer("408", "408 Request Timeout", "connection: close\r\n", ""),
        Fault::answer("500", "500 Internal Server Error", "", pii),
        Fault::answer("503", "503 Service Unavailable", "", "<html>+5511999999999</html>"),
        Fault::answer(
            "503, permanent",
            "503 Service Unavailable",
            "",
            r#"{"code":"PROVIDER_NOT_CONFIGURED"}"#,
        ),
        Fault::answer("522, from an edge server", "522 -", "", "error code: 522"),
        Fault::answer("526, from an edge server", "526 -", "", "error code: 526"),
        Fault::answer("599", "599 -", "", pii),
        Fault::answer("999", "999 -", "", pii),
    ]
}

fn rate_limits() -> Vec<Fault> {
    let with_retry_after = |name, value: &str| {
        let fields = format!("retry-after: {value}\r\n");
        Fault::answer(name, "429 Too Many Requests", &fields, r#"{"error":"slow down"}"#)
    };
    let twice = "0.02\r\nretry-after: 0.1";
    vec![
        Fault::answer("429", "429 Too Many Requests", "", ""),
        with_retry_after("429, Retry-After: 0", "0"),
        with_retry_after("429, Retry-After: 0.05", "0.05").requesting(Duration::from_millis(50)),
        with_retry_after("429, Retry-After: -1", "-1"),
        with_retry_after("429, Retry-After: 1e308", "1e308"),
        with_retry_after("429, Retry-After: NaN", "NaN"),
        with_retry_after("429, Retry-After of the year 9999", "Fri, 31 Dec 9999 23:59:59 GMT"),
        with_retry_after("429, Retry-After in the past", "Sun, 06 Nov 1994 08:49:37 GMT"),
        with_retry_after("429, Retry-After twice, 0.02 and 0.1", twice)
            .requesting(Duration::from_millis(100)),
        with_retry_after("429, Retry-After of 64 KB", &"9".repeat(65_536)),
        with_retry_after("429, Retry-After: 2, longer than max_delay", "2"),
        Fault::answer(
            "503, Retry-After: 0.05",
            "503 Service Unavailable",
            "retry-after: 0.05\r\n",
            "",
        )
        .requesting(Duration::from_millis(50)),
    ]
}
