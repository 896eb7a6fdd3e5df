//! The only place that reads a clock, the server's included, or draws a random number; everything
//! else takes them as arguments.
#![expect(clippy::disallowed_methods, reason = "this module is where the ban is lifted")]

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, HeaderName,
    header::{AGE, DATE},
};
use tokio::time::Instant;

/// The monotonic clock, which the tests of tokio can pause.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The wall clock, for dates that the server sends.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// The server's wall clock: the `Date` of its answer, plus the `Age` that a cache adds. Without a
/// date it is taken to be `now`.
pub(crate) fn of_server(headers: &HeaderMap, now: SystemTime) -> SystemTime {
    let texts =
        |name: HeaderName| headers.get_all(name).into_iter().filter_map(|v| v.to_str().ok());
    let date = texts(DATE).find_map(|text| httpdate::parse_http_date(text).ok());
    // Of a list, into which proxies join several lines, the first counts (RFC 9111, section 5.1).
    let mut ages = texts(AGE).flat_map(|text| text.split(','));
    let age = ages.find_map(|text| text.trim().parse().ok()).map(Duration::from_secs);
    date.and_then(|date| date.checked_add(age.unwrap_or_default())).unwrap_or(now)
}

/// A number in `0.0..1.0`.
pub(crate) fn random() -> f64 {
    fastrand::f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_clock_is_date_plus_age() {
        let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let date = ("date", "Thu, 01 Jan 1970 00:10:00 GMT");
        let cases: [(&[(&str, &str)], u64); 10] = [
            (&[], 7),
            (&[("age", "60")], 7),
            (&[date], 600),
            (&[date, ("age", "60")], 660),
            (&[date, ("age", " 60 "), ("age", "70")], 660),
            (&[date, ("age", "60, 70")], 660),
            (&[date, ("age", "-60")], 600),
            (&[date, ("age", "18446744073709551615")], 7),
            (&[("date", "today"), ("age", "60")], 7),
            (&[("date", "today"), date], 600),
        ];
        for (fields, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, value.parse().unwrap());
            }
            assert_eq!(of_server(&headers, at(7)), at(expected), "{fields:?}");
        }
    }
}
