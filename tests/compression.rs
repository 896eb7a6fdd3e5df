//! Answers that are compressed, where another crate of the application switches compression on: the
//! limit counts what comes out, and what is broken is no answer.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use pilot_status::{ErrorKind, RetryPolicy};
use support::{
    KEY, example,
    hostile::{Hostile, Script, Step},
};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn answer(encoding: &str, body: Vec<u8>) -> Script {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    vec![Step::Read, Step::Send([head.into_bytes(), body].concat())]
}

#[tokio::test]
async fn a_compressed_answer_is_read_and_a_broken_one_is_an_error() {
    let whole = example().to_string();
    let (first, second) = whole.split_at(whole.len() / 2);
    let bomb = format!(r#"{{"id":"1","x":"{}"}}"#, "x".repeat(64 * 1024 * 1024));
    let cut = |mut bytes: Vec<u8>| {
        bytes.truncate(bytes.len() / 2);
        bytes
    };
    let cases = [
        ("compressed", answer("gzip", gzip(whole.as_bytes())), Ok(()), 1),
        (
            "in two members",
            answer("gzip", [gzip(first.as_bytes()), gzip(second.as_bytes())].concat()),
            // reqwest reads the first, so this is a body that ends too early.
            Err(ErrorKind::Decode),
            1,
        ),
        ("a bomb", answer("gzip", gzip(bomb.as_bytes())), Err(ErrorKind::TooLarge), 1),
        ("cut", answer("gzip", cut(gzip(whole.as_bytes()))), Err(ErrorKind::Network), 3),
        ("not compressed", answer("gzip", whole.clone().into_bytes()), Err(ErrorKind::Network), 3),
        (
            "compressed twice",
            answer("gzip, gzip", gzip(&gzip(whole.as_bytes()))),
            Err(ErrorKind::Decode),
            1,
        ),
        ("in an unknown way", answer("x", whole.clone().into_bytes()), Ok(()), 1),
    ];
    for (name, script, expected, attempts) in cases {
        let server = Hostile::start(move |_, _| script.clone()).unwrap();
        let retry =
            RetryPolicy::default().max_attempts(3).base_delay(std::time::Duration::from_millis(1));
        let client = pilot_status::Client::builder()
            .api_key(KEY)
            .base_url(format!("http://{}", server.address))
            .retry(retry)
            .build()
            .unwrap();
        let result = client.number("num_1").get().await;
        println!("{name}: {result:?}");
        assert_eq!(result.map(drop).map_err(|error| error.kind()), expected, "{name}");
        assert_eq!(server.seen().attempts, attempts, "{name}");
    }
}
