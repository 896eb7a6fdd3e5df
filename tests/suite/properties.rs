//! No response causes a panic. A damaged one is a number that can be stored and read back, or an
//! error.

use std::sync::{Arc, Mutex};

use fastrand::Rng;
use pilot_status::{RetryPolicy, types::Number};
use support::{Reply, builder, example, serve};

/// Replaces up to 20 bytes by random ones or by pieces of JSON and of a head.
fn damage(random: &mut Rng, bytes: &mut Vec<u8>) {
    let pieces: [&[u8]; 8] = [b"null", b"{}", b"[7]", b"1e999", b"\"", b"\\ud800", b"\r\n", b": "];
    let at = random.usize(..bytes.len());
    let end = (at + random.usize(..20)).min(bytes.len());
    let piece = match random.choice(pieces) {
        Some(piece) if random.bool() => piece.to_vec(),
        _ => (0..random.usize(..4)).map(|_| random.u8(..)).collect(),
    };
    bytes.splice(at..end, piece);
}

/// Calls the accessors.
fn access(number: &Number) {
    let _ = (number.is_meta(), number.is_connected(), number.is_sendable(), number.quality());
    let _ = (number.meta_status(), number.messaging_limit(), number.verified_name());
    let _ = (number.display_phone_number(), number.waba_id(), number.fetched_at());
    let _ = format!("{number:?} {:?}", number.readiness());
}

#[tokio::test]
async fn damaged_response_is_number_or_error() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = Rng::with_seed(seed);
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let answer = Arc::clone(&bytes);
    let server = serve(move |_, _| Reply::Raw(answer.lock().unwrap().clone())).await;
    let client = builder(&server).retry(RetryPolicy::none()).build().unwrap();
    let body = example().to_string();
    let mut successes = 0;
    for n in 0..1_000 {
        let mut body = body.clone().into_bytes();
        damage(&mut random, &mut body);
        let head = "HTTP/1.1 200 OK\r\nretry-after: 1\r\nage: 1\r\nx-ratelimit-reset: 1\r\n";
        let mut response = format!("{head}content-length: {}\r\n\r\n", body.len()).into_bytes();
        if n % 4 == 0 {
            damage(&mut random, &mut response);
        }
        *bytes.lock().unwrap() = [response, body].concat();
        let Ok(number) = client.number("num_1").get().await else { continue };
        access(&number);
        let encoded = serde_json::to_value(&number).unwrap();
        assert_eq!(serde_json::from_value::<Number>(encoded).unwrap(), number);
        successes += 1;
    }
    assert!((100..900).contains(&successes), "{successes}");
}
