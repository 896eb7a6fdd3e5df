//! The HTTP/2 faults. Well-behaved peers cause few of them; a failing server causes some, and an
//! attacker can cause all.

use super::{Fault, Time};
use crate::{
    hostile::{Protocol, Script, Step},
    http2::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS,
        STATUS_200, field, frame,
    },
};

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
/// The last stream of a GOAWAY that leaves out no request.
const ALL: u32 = 0x7fff_ffff;
/// Frame count that stands for 10 GB of small frames.
const WITHOUT_END: usize = 500_000_000;

/// Returns all HTTP/2 faults in the order of the table; `good` is the body of a correct response.
pub fn all(good: &str) -> Vec<Fault> {
    [streams(good), connections(good), responses(good), floods()].into_iter().flatten().collect()
}

/// Runs these steps after the request.
fn fault(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Fault {
    let script = [Step::Read].into_iter().chain(steps).collect();
    Fault { protocol: Protocol::Http2, ..Fault::new(name, script) }
}

/// Repeats a step for as long as the client reads.
fn flood(name: &'static str, first: Vec<Step>, then: Step) -> Fault {
    let steps = first.into_iter().chain([then]);
    Fault { endless: true, ..fault(name, steps) }
}

/// Sends a frame of the last request's stream.
fn once(kind: u8, flags: u8, payload: &[u8]) -> Step {
    Step::Frame(frame(kind, flags, payload), 1)
}

/// Returns the script of a correct response.
pub fn answer(body: &str) -> Script {
    vec![Step::Read, head(&[STATUS_200]), data(body, END_STREAM)]
}

fn head(block: &[u8]) -> Step {
    once(HEADERS, END_HEADERS, block)
}

fn data(body: &str, flags: u8) -> Step {
    once(DATA, flags, body.as_bytes())
}

fn reset(code: u32) -> Step {
    once(RST_STREAM, 0, &code.to_be_bytes())
}

/// Sends GOAWAY with the last processed stream and debug data that must not be printed.
fn go_away(last: u32, code: u32) -> Step {
    let debug_data = b"+5511999999999".as_slice();
    let payload = [&last.to_be_bytes(), &code.to_be_bytes(), debug_data].concat();
    Step::Send(frame(GOAWAY, 0, &payload))
}

fn streams(good: &str) -> Vec<Fault> {
    let half = || [head(&[STATUS_200]), data(&good[..good.len() / 2], 0)];
    let then = |step| half().into_iter().chain([step]);
    let whole = [head(&[STATUS_200]), data(good, END_STREAM), reset(NO_ERROR)];
    vec![
        fault("a response over HTTP/2", answer(good).into_iter().skip(1)),
        fault("RST_STREAM, REFUSED_STREAM", [reset(REFUSED_STREAM)]),
        fault("RST_STREAM, NO_ERROR", [reset(NO_ERROR)]),
        fault("RST_STREAM, NO_ERROR, after a complete response", whole),
        fault("RST_STREAM, NO_ERROR, in a body", then(reset(NO_ERROR))),
        fault("RST_STREAM, INTERNAL_ERROR, in a body", then(reset(INTERNAL_ERROR))),
        fault("a stream that goes silent", [Step::Idle]).lasting(Time::AttemptTimeout),
        fault("a body that goes silent", then(Step::Idle)).lasting(Time::AttemptTimeout),
        fault("a connection that goes silent", [Step::Hang]).lasting(Time::PingTimeout),
        fault("a kept connection that goes silent", [Step::Hang])
            .after(answer(good))
            .lasting(Time::PingTimeout),
    ]
}

fn connections(good: &str) -> Vec<Fault> {
    let [ok, body] = [head(&[STATUS_200]), data(good, END_STREAM)];
    let http1 = super::answer("200 OK", "", good);
    let between =
        Fault { script: vec![Step::Close], ..fault("closed between requests of HTTP/2", []) };
    vec![
        fault("GOAWAY below our stream, NO_ERROR", [go_away(0, NO_ERROR), Step::Close]),
        fault(
            "GOAWAY above our stream, then below it",
            [go_away(ALL, NO_ERROR), go_away(0, NO_ERROR), Step::Close],
        ),
        fault(
            "GOAWAY above our stream, then the response",
            [go_away(ALL, NO_ERROR), ok.clone(), body, Step::Close],
        ),
        fault("GOAWAY above our stream, closed", [go_away(ALL, NO_ERROR), Step::Close]),
        fault(
            "GOAWAY below our stream, after half a response",
            [ok, data("{", 0), go_away(0, NO_ERROR), Step::Close],
        ),
        fault("GOAWAY between requests", [go_away(ALL, NO_ERROR), Step::Close]).after(answer(good)),
        between.after(answer(good)),
        fault("closed after the request of HTTP/2", [Step::Close]),
        fault("reset after the request of HTTP/2", [Step::Reset]),
        fault("an HTTP/1.1 response over HTTP/2", [Step::Send(http1.into()), Step::Close]),
    ]
}

fn responses(good: &str) -> Vec<Fault> {
    let length = field("content-length", (good.len() + 1).to_string().as_bytes());
    let length = [&[STATUS_200][..], &length].concat();
    let whole = |head: &[u8]| once(HEADERS, END_HEADERS | END_STREAM, head);
    vec![
        fault("a head that is not HPACK", [head(&[0x80]), Step::Close]),
        fault("content-length one more over HTTP/2", [head(&length), data(good, END_STREAM)]),
        fault("a head without a body", [whole(&[STATUS_200])]),
    ]
}

fn floods() -> Vec<Fault> {
    let field = field("x", &[b'x'; 100]);
    let of = |kind, payload: &[u8]| Step::Frame(frame(kind, 0, payload), WITHOUT_END);
    let connection = |kind, payload: &[u8]| Step::Repeat(frame(kind, 0, payload), WITHOUT_END);
    let unfinished = || vec![once(HEADERS, 0, &[STATUS_200])];
    vec![
        flood(
            "a body without end over HTTP/2",
            vec![head(&[STATUS_200])],
            of(DATA, &[b' '; 8_192]),
        ),
        flood("empty DATA without end", vec![head(&[STATUS_200])], of(DATA, &[])),
        flood("a head without end over HTTP/2", unfinished(), of(CONTINUATION, &field)),
        flood("empty CONTINUATION without end", unfinished(), of(CONTINUATION, &[])),
        flood("PING without end", vec![], connection(PING, &[0; 8])).lasting(Time::PingTimeout),
        flood("SETTINGS without end", vec![], connection(SETTINGS, &[])).lasting(Time::PingTimeout),
    ]
}
