//! The output of a process contains no key and no personal data from responses. The test searches
//! all of its output.

use std::time::Duration;

use pilot_status::{Client, ClientBuilder, Error, RetryPolicy};
use support::{KEY, Reply, Server, always, builder, outcome, process};

const PHONE: &str = "5511999999999";
const EMAIL: &str = "atendimento@example.com";

#[test]
fn process_output_contains_no_key_or_personal_data() {
    let mut child = process::child("child_prints_everything");
    let output = child.env("RUST_BACKTRACE", "0").output().unwrap();
    let mut written = output.stdout;
    written.extend(output.stderr);
    let text = String::from_utf8_lossy(&written);
    // Each of these sources did write output.
    for source in ["TRACE", "reqwest", "hyper", "pilot_status", "panicked at", "Sensitive", "hint:"]
    {
        assert!(text.contains(source), "no {source} in {text}");
    }
    assert!(text.contains("everything was printed"), "{text}");
    for (what, form) in forms() {
        assert!(!text.contains(&form), "{what}");
    }
}

/// Returns the forbidden texts in every encoding that output could use.
fn forms() -> Vec<(&'static str, String)> {
    let decimals = KEY.bytes().map(|b| b.to_string()).collect::<Vec<_>>();
    let hex = |upper: bool| {
        KEY.bytes().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") }).collect()
    };
    vec![
        ("the key", KEY.to_owned()),
        ("the end of the key", KEY[8..].to_owned()),
        ("the key as a list of bytes", decimals.join(", ")),
        ("the key in hex", hex(false)),
        ("the key in hex", hex(true)),
        ("a phone number", PHONE.to_owned()),
        ("an e-mail address", EMAIL.to_owned()),
    ]
}

#[test]
#[ignore = "the test above runs it in a child process, because it sets the global logger"]
fn child_prints_everything() {
    if !process::is_child() {
        return;
    }
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(std::io::stderr)
        .init();
    // reqwest logs through the `log` crate.
    tracing_log::LogTracer::init().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(talk());
    println!("everything was printed");
}

async fn talk() {
    for reply in replies() {
        let server = always(reply).await;
        let number = call(talkative(&server)).await;
        let panic = tokio::spawn(async move { drop(number.expect("a response")) }).await;
        println!("{panic:?}");
    }
    for base_url in ["http://localhost:1", "https://localhost:1"] {
        let builder = Client::builder().api_key(KEY).base_url(base_url);
        call(builder.retry(RetryPolicy::none())).await.unwrap_err();
    }
    for id in ["..", "", "a\\b", "a\nb"] {
        let server = always(support::ok()).await;
        let client = builder(&server).build().unwrap();
        show(&client.number(id).get().await.unwrap_err());
        println!("{:?}", id.parse::<pilot_status::NumberId>().unwrap_err());
    }
    for key in ["\n", " ", "\"", "é", "\u{7f}"].map(|within| format!("{KEY}{within}{KEY}")) {
        show(&Client::builder().api_key(key).build().unwrap_err());
    }
    for base_url in ["http://KEY@x", "http://x:KEY", "KEY://x", "http://x?KEY", "KEY"] {
        let base_url = base_url.replace("KEY", KEY);
        show(&Client::builder().api_key(KEY).base_url(base_url).build().unwrap_err());
    }
}

/// Returns responses with the key and personal data in every possible place.
fn replies() -> Vec<Reply> {
    let secrets = format!("{KEY} {PHONE} {EMAIL}");
    let body = format!(
        r#"{{"error":"{secrets}","message":"{secrets}","code":"{KEY}","retryAfterSeconds":"{PHONE}","x":"{secrets}"}}"#
    );
    let mut replies: Vec<_> = [200, 201, 302, 400, 401, 403, 404, 429, 500, 503]
        .into_iter()
        .map(|status| Reply::json(status, body.clone()))
        .collect();
    replies.extend([
        Reply::json(200, format!(r#"{{"id":{{"{PHONE}":"{EMAIL}"}}}}"#)),
        Reply::json(200, format!(r#"{{"id":"num_1","state":["{PHONE}"]}}"#)),
        Reply::json(200, format!("<html>{secrets}")),
        Reply::json(400, format!(r#"{{"error":"x","code":"{PHONE}"}}"#)),
        Reply::json(302, "")
            .with("location", format!("https://{KEY}@localhost/{KEY}?{PHONE}#{KEY}")),
        Reply::json(429, "").with("retry-after", format!("{PHONE}{KEY}")),
        Reply::json(429, "").with("retry-after", PHONE),
        Reply::Raw(format!("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{secrets}").into()),
        Reply::Raw(format!("{secrets}\r\n\r\n").into()),
        Reply::Raw(format!("HTTP/1.1 200 {KEY}\r\ncontent-length: {PHONE}\r\n\r\n").into()),
        Reply::Silence,
    ]);
    replies
}

/// Returns a client with all logging enabled.
fn talkative(server: &Server) -> ClientBuilder {
    builder(server)
        .retry(
            RetryPolicy::default()
                .max_attempts(2)
                .base_delay(Duration::from_millis(2))
                .max_delay(Duration::from_millis(50)),
        )
        .attempt_timeout(Duration::from_millis(50))
        .configure_http(|http| http.connection_verbose(true))
}

/// Makes a call and prints every printable value involved.
async fn call(builder: ClientBuilder) -> Result<pilot_status::types::Number, Error> {
    println!("{builder:?} {builder:#?}");
    let client = builder.build().unwrap();
    let number = client.number("num_1");
    println!("{client:?} {client:#?} {number:?} {:?}", client.raw());
    let fresh = number.refresh().await;
    for error in [fresh.err(), number.status().await.err(), number.delete().await.err()] {
        error.iter().for_each(show);
    }
    number.get().await.inspect_err(show)
}

fn show(error: &Error) {
    let json = serde_json::to_string(error).unwrap();
    println!("{} hint: {:?} {json}", outcome::printed(error), error.hint());
}
