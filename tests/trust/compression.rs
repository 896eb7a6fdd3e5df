//! Compressed responses, where another crate of the application enables compression in reqwest.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use support::{faults::Fault, hostile::Step};

/// The decompressed size of a compression bomb.
const BOMB: usize = 64 * 1024 * 1024;

/// Returns all compression faults in the order of the table; `good` is the body of a correct
/// response.
pub(crate) fn all(good: &str) -> Vec<Fault> {
    let whole = gzip(good.as_bytes());
    let bomb = gzip(format!(r#"{{"id":"1","x":"{}"}}"#, "x".repeat(BOMB)).as_bytes());
    let mut sum = whole.clone();
    let at = sum.len() - 8;
    sum[at] ^= 1;
    vec![
        answer("gzip", "gzip", &whole),
        answer("gzip, a bomb", "gzip", &bomb),
        answer("gzip, truncated", "gzip", &whole[..whole.len() / 2]),
        answer("gzip with a wrong checksum", "gzip", &sum),
        answer("invalid gzip", "gzip", good.as_bytes()),
        answer("invalid br", "br", good.as_bytes()),
        answer("invalid zstd", "zstd", good.as_bytes()),
        answer("gzip, not declared", "identity", &whole),
        answer("gzip declared, empty body", "gzip", b""),
        answer("an unknown encoding", "x", good.as_bytes()),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn answer(name: &'static str, encoding: &str, body: &[u8]) -> Fault {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Fault::new(name, vec![Step::Read, Step::Send([head.as_bytes(), body].concat())])
}
