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

    fn wait_for(
        values: &[&str],
        extra: &[(&'static str, &str)],
        body: Option<f64>,
    ) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(RETRY_AFTER, value.parse().unwrap());
        }
        for (name, value) in extra {
            headers.append(*name, value.parse().unwrap());
        }
        let body = serde_json::json!({ "retryAfterSeconds": body });
        let body: ApiError = serde_json::from_value(body).unwrap();
        retry_after(&headers, Some(&body), SystemTime::UNIX_EPOCH + Duration::from_secs(1_000))
            .map(|(wait, _)| wait)
    }

    #[test]
    fn every_form_of_retry_after_is_read() {
        let ms = |ms| Some(Duration::from_millis(ms));
        let cases: [(&str, Option<Duration>); 10] = [
            ("0", ms(0)),
            (" 1.5 ", ms(1_500)),
            ("1, 2, soon", ms(2_000)),
            ("99999999999999999999999", Some(Duration::MAX)),
            (&"9".repeat(400), None),
            ("1e308", None),
            ("1.2.3", None),
            ("soon", None),
            (&date(1_030), ms(30_000)),
            (&date(1_000), None),
        ];
        for (value, expected) in cases {
            assert_eq!(wait_for(&[value], &[], None), expected, "Retry-After: {value}");
        }
    }

    #[test]
    fn longest_header_counts_and_body_is_the_fallback() {
        let s = |s| Some(Duration::from_secs(s));
        assert_eq!(wait_for(&["2", "5", "x"], &[], Some(9.0)), s(5));
        assert_eq!(wait_for(&[], &[], Some(9.0)), s(9));
        assert_eq!(wait_for(&["soon"], &[], Some(9.0)), s(9));
        assert_eq!(wait_for(&[], &[], Some(-1.0)), None);
        assert_eq!(wait_for(&[], &[], Some(1e308)), Some(Duration::MAX));
    }

    #[test]
    fn retry_after_ms_counts_beside_retry_after() {
        let wait = |values: &[&str], ms| wait_for(values, &[(RETRY_AFTER_MS, ms)], Some(9.0));
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(wait(&[], "3000"), ms(3_000));
        assert_eq!(wait(&[], "1.5"), Some(Duration::from_micros(1_500)));
        assert_eq!(wait(&[], "100, 200"), ms(200));
        assert_eq!(wait(&["1"], "3000"), ms(3_000));
        assert_eq!(wait(&["5"], "3000"), ms(5_000));
        for other in ["-1", "", "soon", "1e3", "Sun, 06 Nov 2050 08:49:37 GMT"] {
            assert_eq!(wait(&[], other), ms(9_000), "{other}");
        }
    }
}
