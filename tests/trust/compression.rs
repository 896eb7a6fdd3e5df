//! Compressed responses, where another crate of the application enables compression in reqwest.

use std::io::Write;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use support::{faults::Fault, hostile::Step};

/// The decompressed size of a compression bomb.
const BOMB: usize = 64 * 1024 * 1024;

/// Returns all compression faults in the order of the table; `good` is the body of a correct
/// response.
pub(crate) fn all(good: &str) -> Vec<Fault> {
    let (first, second) = good.split_at(good.len() / 2);
    let whole = gzip(good.as_bytes());
    let bomb = gzip(format!(r#"{{"id":"1","x":"{}"}}"#, "x".repeat(BOMB)).as_bytes());
    let mut sum = whole.clone();
    let at = sum.len() - 8;
    sum[at] ^= 1;
    vec![
        answer("gzip", "gzip", &whole),
        answer("deflate", "deflate", &deflate(good.as_bytes())),
        answer(
            "gzip in two members",
            "gzip",
            &[gzip(first.as_bytes()), gzip(second.as_bytes())].concat(),
        ),
        answer("gzip with trailing bytes", "gzip", &[&whole[..], b"more"].concat()),
        answer("gzip, a bomb", "gzip", &bomb),
        answer("gzip, a bomb in a bomb", "gzip, gzip", &gzip(&bomb)),
        answer("gzip, truncated", "gzip", &whole[..whole.len() / 2]),
        answer("gzip, truncated before its checksum", "gzip", &whole[..whole.len() - 8]),
        answer("gzip with a wrong checksum", "gzip", &sum),
        answer("invalid gzip", "gzip", good.as_bytes()),
        answer("deflate, declared as gzip", "gzip", &deflate(good.as_bytes())),
        answer("gzip twice, declared twice", "gzip, gzip", &gzip(&whole)),
        answer("gzip twice, declared once", "gzip", &gzip(&whole)),
        answer("gzip, not declared", "identity", &whole),
        answer("an unknown encoding", "x", good.as_bytes()),
        answer("gzip of an empty body", "gzip", &gzip(b"")),
        answer("gzip declared, empty body", "gzip", b""),
        answer("invalid br", "br", good.as_bytes()),
        answer("invalid zstd", "zstd", good.as_bytes()),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn answer(name: &'static str, encoding: &str, body: &[u8]) -> Fault {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Fault::new(name, vec![vec![Step::Read, Step::Send([head.as_bytes(), body].concat())]])
}
