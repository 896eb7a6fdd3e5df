//! HTTP/2 frames (RFC 9113, section 6), written by hand so that they can be invalid.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// `:status: 200` from HPACK's static table.
pub const STATUS_200: u8 = 0x88;

const ACK: u8 = 1;

/// The client's connection preface.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Encodes a frame of the connection.
pub fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, 0], payload].concat()
}

/// Changes the stream of a frame.
pub(crate) fn set_stream(frame: &mut [u8], stream: u32) {
    frame[5..9].copy_from_slice(&stream.to_be_bytes());
}

/// Encodes a literal header field (RFC 7541, section 6.2.2), whose name and value are shorter than
/// 127 bytes.
pub fn field(name: &str, value: &[u8]) -> Vec<u8> {
    let length = |text: &[u8]| u8::try_from(text.len()).expect("a short text");
    let name = name.as_bytes();
    [&[0, length(name)], name, &[length(value)], value].concat()
}

/// Reads the client's preface and sends the server's.
pub(crate) async fn begin(stream: &mut BufReader<TcpStream>) -> io::Result<()> {
    stream.read_exact(&mut [0; PREFACE.len()]).await?;
    stream.write_all(&frame(SETTINGS, 0, &[])).await
}

/// Reads frames up to a request and acknowledges settings and pings. Returns the request's stream;
/// `None` at the end of the connection.
pub(crate) async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<u32>> {
    loop {
        let mut head = [0; 9];
        match stream.read_exact(&mut head).await {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => drop(read?),
        }
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload).await?;
        match kind {
            HEADERS => return Ok(Some(u32::from_be_bytes(id))),
            SETTINGS if flags & ACK == 0 => stream.write_all(&frame(SETTINGS, ACK, &[])).await?,
            PING if flags & ACK == 0 => stream.write_all(&frame(PING, ACK, &payload)).await?,
            _ => {}
        }
    }
}
