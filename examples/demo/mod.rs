//! A server on loopback, for an example without a key. It rejects the first request with a 429, and
//! responds to the others with the documented example.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

/// Starts the server in a new thread. Returns its URL.
pub(crate) fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let document: serde_json::Value = serde_json::from_str(include_str!("../../openapi.json"))?;
    let answers = &document["paths"]["/v1/numbers/{id}"]["get"]["responses"];
    let number = answers["200"]["content"]["application/json"]["example"].to_string();
    thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let (status, field, body) = match n {
                0 => ("429 Too Many Requests", "Retry-After: 1\r\n", "{}"),
                _ => ("200 OK", "", number.as_str()),
            };
            let fields = format!("{field}Content-Type: application/json\r\nConnection: close");
            let head = format!("HTTP/1.1 {status}\r\n{fields}\r\nContent-Length: {}", body.len());
            // A client that hangs up ends only its own request.
            match stream.and_then(|stream| answer(stream, &format!("{head}\r\n\r\n{body}"))) {
                Ok(request) => eprintln!("{request} -> {status}"),
                Err(error) => eprintln!("the demo server: {error}"),
            }
        }
    });
    Ok(url)
}

/// Reads a request, and sends the response. Returns the request line.
fn answer(mut stream: TcpStream, response: &str) -> io::Result<String> {
    let lines: Result<Vec<_>, _> = BufReader::new(&stream)
        .lines()
        .take_while(|l| l.as_ref().is_ok_and(|l| !l.is_empty()))
        .collect();
    stream.write_all(response.as_bytes())?;
    Ok(lines?.into_iter().next().unwrap_or_default())
}
