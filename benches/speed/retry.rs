//! How late a retried request is: from the time that the server named to its arrival there.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use pilot_status::{Client, Pacing};

use crate::{
    Outcome,
    page::{self, goal},
    server,
};

const TIMES: usize = 300;
/// `Retry-After`, in seconds.
const ASKED: &str = "0.02";
const RELEASE: Duration = Duration::from_millis(20);

pub(crate) fn run() -> Outcome {
    let mut table =
        String::from("| pacing | early | median | p99 | latest |\n|---|---|---|---|---|\n");
    for (name, pacing) in [("on", Pacing::Adaptive), ("off", Pacing::Off)] {
        let mut late = lateness(&pacing)?;
        late.sort_by(f64::total_cmp);
        let early = late.iter().filter(|ms| **ms < 0.0).count();
        let (p99, median) = (late[late.len() * 99 / 100], late[late.len() / 2]);
        let latest = late[late.len() - 1];
        writeln!(
            table,
            "| {name} | {early} | {median:.2} ms | {} ms | {latest:.2} ms |",
            goal(p99, ..=5.0)
        )?;
    }
    page::write("retry", &table)
}

/// Milliseconds from the release to the arrival of each retried request; each call is refused once.
fn lateness(pacing: &Pacing) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let late = Arc::new(Mutex::new((None::<Instant>, Vec::new())));
    let seen = Arc::clone(&late);
    let url = server::start_with(Arc::new(move |request| {
        let mut seen = seen.lock().expect("nobody panics");
        let now = Instant::now();
        let Some(release) = seen.0.take() else {
            seen.0 = Some(now + RELEASE);
            return refusal();
        };
        let late = now
            .checked_duration_since(release)
            .map_or_else(|| -(release - now).as_secs_f64(), |late| late.as_secs_f64());
        seen.1.push(late * 1e3);
        server::number(request)
    }))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for _ in 0..TIMES {
            // A new one, since pacing lets a client that is often refused wait for longer than it
            // was told to.
            let client =
                Client::builder().api_key("ps_1").base_url(&url).pacing(pacing.clone()).build()?;
            client.number("num_1").get().await?;
        }
        Ok::<_, pilot_status::Error>(())
    })?;
    let late = late.lock().expect("nobody panics");
    Ok(late.1.clone())
}

fn refusal() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
    let asked = http::HeaderValue::from_static(ASKED);
    response.headers_mut().insert(http::header::RETRY_AFTER, asked);
    response
}
