//! A server on loopback, for an example without a key. It responds with a 429 or with the documented
//! example.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

/// Starts a server that rejects the first request, and prints each one. Returns its URL.
#[allow(dead_code, reason = "each example compiles this file, and calls one of the two functions")]
pub(crate) fn start() -> io::Result<String> {
    let mut requests = 0..;
    start_with(move |request| {
        let accepts = requests.next() > Some(0);
        eprintln!("{request} -> {}", if accepts { "200 OK" } else { "429 Too Many Requests" });
        accepts
    })
}

/// Starts a server in a new thread. `accepts` gets the request line. Returns the server's URL.
pub(crate) fn start_with(
    mut accepts: impl FnMut(&str) -> bool + Send + 'static,
) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let document: serde_json::Value = serde_json::from_str(include_str!("../../openapi.json"))?;
    let answers = &document["paths"]["/v1/numbers/{id}"]["get"]["responses"];
    let number = answers["200"]["content"]["application/json"]["example"].to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that hangs up ends only its own request.
            if let Err(error) = stream.and_then(|stream| answer(stream, &number, &mut accepts)) {
                eprintln!("the demo server: {error}");
            }
        }
    });
    Ok(url)
}

/// Reads a request, and sends the response.
fn answer(
    mut stream: TcpStream,
    number: &str,
    accepts: &mut impl FnMut(&str) -> bool,
) -> io::Result<()> {
    let lines: io::Result<Vec<_>> = BufReader::new(&stream)
        .lines()
        .take_while(|l| l.as_ref().is_ok_and(|l| !l.is_empty()))
        .collect();
    let (status, body) = match lines?.first() {
        Some(request) if accepts(request) => ("200 OK", number),
        _ => ("429 Too Many Requests\r\nRetry-After: 1", "{}"),
    };
    let fields = "Content-Type: application/json\r\nConnection: close";
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\n{fields}\r\nContent-Length: {length}\r\n\r\n{body}")
}
