//! The only module that reads clocks, including the server's, or draws random numbers. All other
//! code takes them as arguments.
#![expect(clippy::disallowed_methods, reason = "this module is where the ban is lifted")]

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, HeaderName,
    header::{AGE, DATE},
};
use tokio::time::Instant;

/// The longest `Age`, in seconds (RFC 9111, section 1.2.2).
const MAX_AGE: Duration = Duration::from_secs(1 << 31);

/// Returns the time of the monotonic clock, which tests can pause.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Returns the time this long after a moment. A time beyond the range of the clock becomes one that
/// no process lives to see.
pub(crate) fn after(moment: Instant, time: Duration) -> Instant {
    const THIRTY_YEARS: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    moment.checked_add(time).unwrap_or(moment + THIRTY_YEARS)
}

/// Returns the time of the wall clock, for comparison with dates from the server.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// Returns the server's wall clock: the `Date` of its response plus the `Age` that a cache adds.
/// Returns `now` if the response has no date, or no possible age.
pub(crate) fn of_server(headers: &HeaderMap, now: SystemTime) -> SystemTime {
    let texts =
        |name: HeaderName| headers.get_all(name).into_iter().filter_map(|v| v.to_str().ok());
    let date = texts(DATE).find_map(|text| httpdate::parse_http_date(text).ok());
    // Proxies join several `Age` lines into one list, whose first value counts (RFC 9111, section
    // 5.1).
    let mut ages = texts(AGE).flat_map(|text| text.split(','));
    let age = ages.find_map(|text| text.trim().parse().ok()).map(Duration::from_secs);
    let age = age.unwrap_or_default();
    date.filter(|_| age <= MAX_AGE).and_then(|date| date.checked_add(age)).unwrap_or(now)
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Returns a random number in `0.0..1.0`.
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
        let cases: [(&[(&str, &str)], u64); 11] = [
            (&[], 7),
            (&[("age", "60")], 7),
            (&[date], 600),
            (&[date, ("age", "60")], 660),
            (&[date, ("age", " 60 "), ("age", "70")], 660),
            (&[date, ("age", "60, 70")], 660),
            (&[date, ("age", "-60")], 600),
            (&[date, ("age", "9000000000000")], 7),
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
