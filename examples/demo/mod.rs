//! A server on loopback, for an example without a key. It rejects the first request with a 429, and
//! responds to the others with the documented example.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::SystemTime,
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

/// Starts the server in a new thread. Returns its URL.
pub(crate) fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let number = number()?;
    thread::spawn(move || {
        let mut is_first = true;
        for stream in listener.incoming() {
            // A client that hangs up ends only its own request.
            if let Err(error) = stream.and_then(|stream| answer(stream, is_first, &number)) {
                eprintln!("the demo server: {error}");
            }
            is_first = false;
        }
    });
    Ok(url)
}

fn answer(mut stream: TcpStream, refuse: bool, number: &str) -> io::Result<()> {
    let mut lines = BufReader::new(&stream).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let (status, field, body) = if refuse {
        ("429 Too Many Requests", "Retry-After: 1\r\n", r#"{"error":"Too many requests"}"#)
    } else {
        ("200 OK", "", number)
    };
    eprintln!("{request} -> {status}");
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{field}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// Returns the documented example, with a snapshot from now.
#[expect(clippy::disallowed_methods, reason = "a program is where the time comes in")]
fn number() -> io::Result<String> {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json"))?;
    let answers = &document["paths"]["/v1/numbers/{id}"]["get"]["responses"];
    let mut number = answers["200"]["content"]["application/json"]["example"].clone();
    let now = DateTime::<Utc>::from(SystemTime::now());
    number["meta"]["fetchedAt"] = now.to_rfc3339_opts(SecondsFormat::Millis, true).into();
    Ok(number.to_string())
}
