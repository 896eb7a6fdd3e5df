//! The HTTP/2 faults. Well-behaved peers cause few of them; a failing server causes some, and an
//! attacker can cause all.

use super::{Before, Fault};
use crate::{
    hostile::{Protocol, Script, Step},
    http2::{
        ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, PING,
        PUSH_PROMISE, RST_STREAM, SETTINGS, STATUS_200, Stream, WINDOW_UPDATE, field,
    },
};

/// Frame count that stands for 10 GB of small frames.
const WITHOUT_END: usize = 500_000_000;

/// Returns all HTTP/2 faults in the order of the table; `good` is the body of a correct response.
pub fn all(good: &str) -> Vec<Fault> {
    [streams(good), connections(good), heads(good), bodies(good), floods(good)]
        .into_iter()
        .flatten()
        .collect()
}

/// Runs these steps after the request.
fn fault(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Fault {
    let script = [Step::Read].into_iter().chain(steps).collect();
    variants(name, vec![script])
}

fn variants(name: &'static str, scripts: Vec<Script>) -> Fault {
    Fault { protocol: Protocol::Http2, ..Fault::new(name, scripts) }
}

fn stalls(fault: Fault) -> Fault {
    Fault { stalls: true, ..fault }
}

/// Repeats a frame for as long as the client reads.
fn flood(name: &'static str, first: Vec<Step>, frame: Frame) -> Fault {
    let steps = first.into_iter().chain([Step::Frame(frame, WITHOUT_END)]);
    Fault { endless: true, ..fault(name, steps) }
}

fn deaf(fault: Fault) -> Fault {
    Fault { is_deaf: true, ..fault }
}

fn once(kind: u8, flags: u8, stream: Stream, payload: impl Into<Vec<u8>>) -> Step {
    Step::Frame(Frame::new(kind, flags, stream, payload), 1)
}

/// Returns the script of a correct response.
pub fn answer(body: &str) -> Script {
    vec![Step::Read, head(&[STATUS_200]), data(body, END_STREAM)]
}

fn head(block: &[u8]) -> Step {
    once(HEADERS, END_HEADERS, Stream::LastRequest, block)
}

fn data(body: &str, flags: u8) -> Step {
    once(DATA, flags, Stream::LastRequest, body)
}

fn reset(code: u32) -> Step {
    once(RST_STREAM, 0, Stream::LastRequest, code.to_be_bytes())
}

/// Sends GOAWAY with the last processed stream and debug data that must not be printed.
fn go_away(last: u32, code: u32) -> Step {
    let debug_data = b"+5511999999999".as_slice();
    let payload = [&last.to_be_bytes(), &code.to_be_bytes(), debug_data].concat();
    once(GOAWAY, 0, Stream::Connection, payload)
}

fn streams(good: &str) -> Vec<Fault> {
    const NO_ERROR: u32 = 0;
    const REFUSED_STREAM: u32 = 7;
    const CANCEL: u32 = 8;
    let others = (1..=14).chain([u32::MAX]).filter(|code| *code != REFUSED_STREAM);
    let length = field("content-length", good.len().to_string().as_bytes());
    let long = [&[STATUS_200][..], &length].concat();
    let half = &good[..good.len() / 2];
    let (before, after) = (data(half, 0), data(&good[good.len() / 2..], END_STREAM));
    vec![
        fault("a response over HTTP/2", answer(good).into_iter().skip(1)),
        fault("RST_STREAM, REFUSED_STREAM", [reset(REFUSED_STREAM)]),
        fault("RST_STREAM, NO_ERROR", [reset(NO_ERROR)]),
        variants(
            "RST_STREAM, any other code",
            others.map(|code| vec![Step::Read, reset(code)]).collect(),
        ),
        fault(
            "RST_STREAM, NO_ERROR, after a complete response",
            [head(&[STATUS_200]), data(good, END_STREAM), reset(NO_ERROR)],
        ),
        fault(
            "RST_STREAM, NO_ERROR, in a body of known length",
            [head(&long), before.clone(), reset(NO_ERROR)],
        ),
        fault(
            "RST_STREAM, NO_ERROR, in a body of unknown length",
            [head(&[STATUS_200]), before.clone(), reset(NO_ERROR)],
        ),
        fault(
            "RST_STREAM, CANCEL, in a body of known length",
            [head(&long), before.clone(), reset(CANCEL)],
        ),
        fault(
            "RST_STREAM, INTERNAL_ERROR, in a body",
            [head(&[STATUS_200]), before.clone(), reset(2)],
        ),
        fault(
            "RST_STREAM, REFUSED_STREAM, in a body",
            [head(&[STATUS_200]), before.clone(), reset(REFUSED_STREAM)],
        ),
        stalls(fault("a stream that goes silent", [Step::Idle])),
        stalls(fault("a body that goes silent", [head(&[STATUS_200]), before.clone(), Step::Idle])),
        deaf(fault("a connection that goes silent", [Step::Hang])),
        fault("a body in two parts", [head(&[STATUS_200]), before, after]),
    ]
}

fn connections(good: &str) -> Vec<Fault> {
    const ALL: u32 = 0x7fff_ffff;
    let [ok, body] = [head(&[STATUS_200]), data(good, END_STREAM)];
    vec![
        fault("GOAWAY below our stream, NO_ERROR", [go_away(0, 0), Step::Close]),
        variants(
            "GOAWAY below our stream, any other code",
            (1..14).map(|code| vec![Step::Read, go_away(0, code), Step::Close]).collect(),
        ),
        fault(
            "GOAWAY above our stream, then below it",
            [go_away(ALL, 0), go_away(0, 0), Step::Close],
        ),
        fault(
            "GOAWAY above our stream, then the response",
            [go_away(ALL, 0), ok.clone(), body.clone(), Step::Close],
        ),
        fault("GOAWAY above our stream, closed", [go_away(ALL, 0), Step::Close]),
        fault("GOAWAY above our stream with an error, closed", [go_away(ALL, 2), Step::Close]),
        fault(
            "GOAWAY below our stream, after half a response",
            [ok.clone(), data("{", 0), go_away(0, 0), Step::Close],
        ),
        fault("GOAWAY between requests", [go_away(ALL, 0), Step::Close])
            .after(Before::WithoutFault),
        variants("closed between requests of HTTP/2", vec![vec![Step::Close]])
            .after(Before::WithoutFault),
        fault("closed after the request of HTTP/2", [Step::Close]),
        fault("reset after the request of HTTP/2", [Step::Reset]),
        fault(
            "an HTTP/1.1 response over HTTP/2",
            [Step::Send(super::answer("200 OK", "", good).into()), Step::Close],
        ),
        fault(
            "one stream at a time",
            [
                // SETTINGS_MAX_CONCURRENT_STREAMS
                once(SETTINGS, 0, Stream::Connection, [0, 3, 0, 0, 0, 1]),
                ok.clone(),
                body.clone(),
            ],
        ),
        fault(
            "invalid SETTINGS",
            [
                // SETTINGS_INITIAL_WINDOW_SIZE, over 2^31-1
                once(SETTINGS, 0, Stream::Connection, [0, 4, 0xff, 0xff, 0xff, 0xff]),
                Step::Close,
            ],
        ),
        fault(
            "a window update that overflows",
            [once(WINDOW_UPDATE, 0, Stream::Connection, [0x7f, 0xff, 0xff, 0xff]), Step::Close],
        ),
        fault(
            "a window update of zero",
            [once(WINDOW_UPDATE, 0, Stream::Connection, [0; 4]), Step::Close],
        ),
        fault(
            "a frame over the limit",
            [Step::Send(vec![0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1]), Step::Close],
        ),
        fault(
            "an unknown frame, then the response",
            [once(0xbe, 0, Stream::Connection, "x"), ok, body],
        ),
        fault(
            "a server push",
            [
                once(
                    PUSH_PROMISE,
                    END_HEADERS,
                    Stream::LastRequest,
                    [0, 0, 0, 2, 0x82, 0x84, 0x86],
                ),
                Step::Close,
            ],
        ),
    ]
}

fn heads(good: &str) -> Vec<Fault> {
    let with = |bytes: &[u8]| [&[STATUS_200], bytes].concat();
    let status = |code: &[u8]| field(":status", code);
    let body = || data(good, END_STREAM);
    // A frame holds at most 16 KB.
    let long = with(&field("x", "x".repeat(17_000).as_bytes()));
    let (first, rest) = long.split_at(16_000);
    vec![
        fault(
            "a head of 17 KB",
            [
                once(HEADERS, 0, Stream::LastRequest, first),
                once(CONTINUATION, END_HEADERS, Stream::LastRequest, rest),
                body(),
            ],
        ),
        fault("a head that is not HPACK", [head(&[0x80]), Step::Close]),
        fault("a head without a status", [head(&field("x", b"1")), Step::Close]),
        fault("a status of 42", [head(&status(b"42")), Step::Close]),
        fault("a field in upper case", [head(&with(&field("X", b"1"))), Step::Close]),
        fault(
            "a line break in an HTTP/2 field",
            [head(&with(&field("x", b"1\r\nx: 2"))), Step::Close],
        ),
        fault(
            "103 before the response over HTTP/2",
            [head(&status(b"103")), head(&[STATUS_200]), body()],
        ),
        fault("429 over HTTP/2", [head(&status(b"429")), data("{}", END_STREAM)]),
        fault(
            "a redirect over HTTP/2",
            [once(
                HEADERS,
                END_HEADERS | END_STREAM,
                Stream::LastRequest,
                [status(b"302"), field("location", b"https://localhost:1/")].concat(),
            )],
        ),
    ]
}

fn bodies(good: &str) -> Vec<Fault> {
    let announced = |length: usize| {
        head(&[&[STATUS_200][..], &field("content-length", length.to_string().as_bytes())].concat())
    };
    let body = data(good, END_STREAM);
    vec![
        fault("content-length one more over HTTP/2", [announced(good.len() + 1), body.clone()]),
        fault("content-length one less over HTTP/2", [announced(good.len() - 1), body.clone()]),
        fault(
            "a body with trailers",
            [
                head(&[STATUS_200]),
                data(good, 0),
                once(HEADERS, END_HEADERS | END_STREAM, Stream::LastRequest, field("x", b"1")),
            ],
        ),
        fault("a body without a head", [body.clone(), Step::Close]),
        fault(
            "a body on another stream",
            [once(DATA, END_STREAM, Stream::Next, good), Step::Close],
        ),
        fault(
            "a body on stream 0",
            [once(DATA, END_STREAM, Stream::Connection, good), Step::Close],
        ),
        fault(
            "a head without a body",
            [once(HEADERS, END_HEADERS | END_STREAM, Stream::LastRequest, [STATUS_200])],
        ),
    ]
}

fn floods(good: &str) -> Vec<Fault> {
    let frame = |kind, flags, stream, payload: &[u8]| Frame::new(kind, flags, stream, payload);
    let head = || vec![head(&[STATUS_200])];
    let field = field("x", &[b'x'; 4_000]);
    vec![
        flood(
            "a body without end over HTTP/2",
            head(),
            frame(DATA, 0, Stream::LastRequest, &[b' '; 8_192]),
        ),
        flood("empty DATA without end", head(), frame(DATA, 0, Stream::LastRequest, &[])),
        flood(
            "a head without end over HTTP/2",
            vec![once(HEADERS, 0, Stream::LastRequest, [STATUS_200])],
            frame(CONTINUATION, 0, Stream::LastRequest, &field),
        ),
        flood(
            "empty CONTINUATION without end",
            vec![once(HEADERS, 0, Stream::LastRequest, [STATUS_200])],
            frame(CONTINUATION, 0, Stream::LastRequest, &[]),
        ),
        deaf(flood("PING without end", vec![], frame(PING, 0, Stream::Connection, &[0; 8]))),
        deaf(flood("SETTINGS without end", vec![], frame(SETTINGS, 0, Stream::Connection, &[]))),
        deaf(flood(
            "PING, acknowledged without end",
            vec![],
            frame(PING, ACK, Stream::Connection, &[0; 8]),
        )),
        deaf(flood(
            "WINDOW_UPDATE without end",
            vec![],
            frame(WINDOW_UPDATE, 0, Stream::LastRequest, &[0, 0, 0, 1]),
        )),
        fault(
            "a thousand PINGs, then the response",
            [
                Step::Frame(frame(PING, 0, Stream::Connection, &[0; 8]), 1_000),
                once(HEADERS, END_HEADERS, Stream::LastRequest, [STATUS_200]),
                data(good, END_STREAM),
            ],
        ),
    ]
}
