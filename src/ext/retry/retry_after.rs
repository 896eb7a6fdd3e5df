//! Reads the wait that a server requests: `Retry-After` as seconds, decimal seconds or a date, and
//! `retry-after-ms`. Without these it reads `retryAfterSeconds` in the body. The longest of several
//! values counts, so that the client never sends too early.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header::RETRY_AFTER};

use crate::{ext::clock, types::ApiError};

const RETRY_AFTER_MS: &str = "retry-after-ms";

/// Returns the wait that the server requests, and its source for the log. Returns `None` if there is
/// no valid value, or only a date in the past.
///
/// The longest of several values counts, so that the client never sends too early.
pub(crate) fn retry_after(
    headers: &HeaderMap,
    body: Option<&ApiError>,
    now: SystemTime,
) -> Option<(Duration, &'static str)> {
    // Dates are compared with the server's own clock, so that a wrong clock on either side does no
    // harm.
    let now = clock::of_server(headers, now);
    let seconds = texts(headers, RETRY_AFTER.as_str()).filter_map(|text| parse(text, now));
    let millis = texts(headers, RETRY_AFTER_MS).filter_map(|text| longest(text, 1e-3));
    let header = seconds.chain(millis).max();
    let body = || body?.retry_after();
    header.map(|wait| (wait, "header")).or_else(|| Some((body()?, "body")))
}

fn texts<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok()).map(str::trim)
}

fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    if value.starts_with(|c: char| c.is_ascii_digit()) {
        return longest(value, 1.0);
    }
    httpdate::parse_http_date(value).ok()?.duration_since(now).ok().filter(|d| !d.is_zero())
}

/// Returns the longest wait of a list, into which proxies join several lines. `unit` is in seconds.
fn longest(list: &str, unit: f64) -> Option<Duration> {
    list.split(',').filter_map(|member| decimal(member.trim(), unit)).max()
}

fn decimal(value: &str, unit: f64) -> Option<Duration> {
    // Parsing as f64 alone would accept `1e308` and `-0`, and turn thousands of digits into
    // infinity.
    let is_decimal = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number = value.parse().ok().filter(|number: &f64| is_decimal && number.is_finite())?;
    Some(Duration::try_from_secs_f64(number * unit).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(second: u64) -> String {
        httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(second))
    }

    #[test]
    fn longest_header_counts_and_body_is_fallback() {
        // The values of `Retry-After`, `retry-after-ms` and the body's field at second 1,000; the wait.
        type Case<'a> = (&'a [&'a str], Option<&'a str>, Option<f64>, Option<Duration>);
        let ms = |ms| Some(Duration::from_millis(ms));
        let later = date(5_000);
        let cases: [Case; 25] = [
            (&["0"], None, None, ms(0)),
            (&[" 1.5 "], None, None, ms(1_500)),
            (&["1, 2, soon"], None, None, ms(2_000)),
            (&["2", "5", "x"], None, Some(9.0), ms(5_000)),
            (&["99999999999999999999999"], None, None, Some(Duration::MAX)),
            (&[&"9".repeat(400)], None, None, None),
            (&["1e308"], None, None, None),
            (&["1.2.3"], None, None, None),
            (&["soon"], None, None, None),
            (&[&date(1_030)], None, None, ms(30_000)),
            (&[&date(1_000)], None, None, None),
            (&[], None, Some(9.0), ms(9_000)),
            (&["soon"], None, Some(9.0), ms(9_000)),
            (&[], None, Some(-1.0), None),
            (&[], None, Some(1e308), Some(Duration::MAX)),
            (&[], Some("3000"), Some(9.0), ms(3_000)),
            (&[], Some("1.5"), Some(9.0), Some(Duration::from_micros(1_500))),
            (&[], Some("100, 200"), Some(9.0), ms(200)),
            (&["1"], Some("3000"), Some(9.0), ms(3_000)),
            (&["5"], Some("3000"), Some(9.0), ms(5_000)),
            (&[], Some("-1"), Some(9.0), ms(9_000)),
            (&[], Some(""), Some(9.0), ms(9_000)),
            (&[], Some("soon"), Some(9.0), ms(9_000)),
            (&[], Some("1e3"), Some(9.0), ms(9_000)),
            (&[], Some(&later), Some(9.0), ms(9_000)),
        ];
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        for (seconds, millis, body, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in seconds {
                headers.append(RETRY_AFTER, value.parse().unwrap());
            }
            if let Some(value) = millis {
                headers.append(RETRY_AFTER_MS, value.parse().unwrap());
            }
            let json = serde_json::json!({ "retryAfterSeconds": body });
            let error: ApiError = serde_json::from_value(json).unwrap();
            let wait = retry_after(&headers, Some(&error), now).map(|(wait, _)| wait);
            assert_eq!(wait, expected, "{seconds:?}, {millis:?} ms, body {body:?}");
        }
    }
}
