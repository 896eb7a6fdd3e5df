//! Reads the quota that a response reports as left: from `RateLimit` ([IETF draft], structured
//! fields), or from the fields that were usual before it.
//!
//! A malformed field counts as absent.
//!
//! [IETF draft]: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/

use std::{
    cmp::Reverse,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue};
use sfv::{BareItem, List, ListEntry, Parser};

use crate::ext::clock;

/// The quota of a response: the requests that are left until the reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Number of requests that are left.
    pub remaining: u64,
    /// Time until the reset of the limit.
    pub reset: Duration,
}

impl RateLimit {
    /// Returns true if so little is left that later calls may have to wait. Requests are counted
    /// then.
    pub(super) fn is_little(self) -> bool {
        self.remaining <= 100
    }
}

/// The fields that were usual before `RateLimit`: remaining, reset.
const SEPARATE: [[&str; 2]; 2] =
    [["ratelimit-remaining", "ratelimit-reset"], ["x-ratelimit-remaining", "x-ratelimit-reset"]];
/// A reset of at least this number of seconds is a time since 1970, not a duration.
const EPOCH: f64 = 1e9;

/// Reads the quota in the first form that is present. If a field has several limits, the strictest
/// counts.
pub(crate) fn read(headers: &HeaderMap, now: SystemTime) -> Option<RateLimit> {
    let separate = |[remaining, reset]: &[&str; 2]| {
        limit(decimal(headers, remaining)?, seconds_until(headers, reset, now)?)
    };
    structured(headers).or_else(|| SEPARATE.iter().find_map(separate))
}

/// Returns the wait that a 429 requests by a reset; `None` if it reports that something is left. If
/// there are several resets without a count, the longest counts.
pub(crate) fn reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    if let Some(limit) = read(headers, now) {
        return Some(limit.reset).filter(|_| limit.remaining == 0);
    }
    let alone = SEPARATE.iter().filter(|[remaining, _]| !headers.contains_key(*remaining));
    let waits = alone.filter_map(|[_, reset]| seconds_until(headers, reset, now));
    waits.filter_map(positive).max()
}

/// Reads `"default";r=50;t=30`. Of several limits, that with the fewest requests left counts; of equal
/// ones, that with the latest reset. Returns `None` if one of them is invalid.
fn structured(headers: &HeaderMap) -> Option<RateLimit> {
    // The lines of a field are one list (RFC 9110, section 5.3).
    let lines: Vec<_> = headers.get_all("ratelimit").iter().map(HeaderValue::as_bytes).collect();
    // Most responses have no such field, and need no parser.
    lines.first()?;
    let field = lines.join(&b", "[..]);
    let list: List = Parser::new(&field).parse().ok()?;
    let limits = list.iter().map(|entry| {
        let ListEntry::Item(item) = entry else { return None };
        let number = |name| item.params.get(name).and_then(number);
        limit(number("r")?, number("t")?)
    });
    let limits: Vec<RateLimit> = limits.collect::<Option<_>>()?;
    limits.into_iter().min_by_key(|limit| (limit.remaining, Reverse(limit.reset)))
}

/// Returns the number in a field; `None` if the field occurs twice, since its values may differ.
fn decimal(headers: &HeaderMap, name: &str) -> Option<f64> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.trim();
    let is_number = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    value.parse().ok().filter(|_| is_number && values.next().is_none())
}

/// Returns the seconds until the reset in a field. The field holds the seconds, or a time since
/// 1970, which is compared with the server's own clock; `None` if that time is past, or is too far
/// ahead to be in seconds.
fn seconds_until(headers: &HeaderMap, name: &str, now: SystemTime) -> Option<f64> {
    let reset = decimal(headers, name)?;
    if reset < EPOCH {
        return Some(reset);
    }
    let now = clock::of_server(headers, now);
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64();
    Some(reset - now).filter(|wait| (0.0..EPOCH).contains(wait))
}

fn limit(remaining: f64, reset: f64) -> Option<RateLimit> {
    let reset = positive(reset).filter(|_| remaining >= 0.0)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    Some(RateLimit { remaining: remaining as u64, reset })
}

fn positive(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| !wait.is_zero())
}

fn number(item: &BareItem) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "structured fields have 15 digits at most")]
    let integer = item.as_integer().map(|n| i64::from(n) as f64);
    integer.or_else(|| item.as_decimal().map(f64::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            headers.append(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn every_form_of_quota_and_reset_is_read() {
        // Header fields at second 1,500,000,000; the quota, as requests and seconds; the wait that a
        // 429 with these fields requests.
        type Case<'a> = (&'a str, Option<(u64, f64)>, Option<f64>);
        let cases: [Case; 30] = [
            ("RateLimit: \"a\";r=50;t=30", Some((50, 30.0)), None),
            ("RateLimit: \"a\";r=50;t=30, \"b\";r=0;t=1", Some((0, 1.0)), Some(1.0)),
            ("RateLimit: \"a\";r=0;t=30\nRateLimit: \"b\";r=0;t=1", Some((0, 30.0)), Some(30.0)),
            (
                "RateLimit-Limit: 100\nRateLimit-Remaining: 7\nRateLimit-Reset: 5",
                Some((7, 5.0)),
                None,
            ),
            ("X-RateLimit-Remaining: 7\nX-RateLimit-Reset: 5", Some((7, 5.0)), None),
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 5", Some((0, 5.0)), Some(5.0)),
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1500000009", Some((0, 9.0)), Some(9.0)),
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 0.5", Some((0, 0.5)), Some(0.5)),
            (
                "RateLimit: \"a\";r=1;t=9\nX-RateLimit-Remaining: 5\nX-RateLimit-Reset: 5",
                Some((1, 9.0)),
                None,
            ),
            // The time is counted from the server's date, plus the age of the response.
            (
                "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1500000019\nDate: Fri, 14 Jul 2017 02:40:09 GMT\nAge: 4",
                Some((0, 6.0)),
                Some(6.0),
            ),
            // A reset without a count.
            ("X-RateLimit-Reset: 5", None, Some(5.0)),
            ("X-RateLimit-Reset: 0.5", None, Some(0.5)),
            ("RateLimit-Reset: 5", None, Some(5.0)),
            ("X-RateLimit-Reset: 1500000009", None, Some(9.0)),
            ("X-RateLimit-Reset: 5\nRateLimit-Reset: 7", None, Some(7.0)),
            ("X-RateLimit-Limit: 9\nX-RateLimit-Reset: 5", None, Some(5.0)),
            ("X-RateLimit-Reset: 0", None, None),
            ("X-RateLimit-Reset: 1400000000", None, None),
            ("X-RateLimit-Reset: 1500000009500", None, None),
            ("X-RateLimit-Reset: soon", None, None),
            ("X-RateLimit-Reset: 5\nX-RateLimit-Reset: 6", None, None),
            // A count without a usable reset, or an invalid field.
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1400000000", None, None),
            ("RateLimit: \"a\";r=-1;t=30", None, None),
            ("RateLimit: \"a\";r=1;t=0", None, None),
            ("RateLimit: \"a\";r=1", None, None),
            ("RateLimit: \"a\";r=1;t=5, \"b\";r=x", None, None),
            ("RateLimit-Remaining: 7\nRateLimit-Remaining: 8\nRateLimit-Reset: 5", None, None),
            ("RateLimit-Remaining: 1e3\nRateLimit-Reset: 5", None, None),
            ("RateLimit-Remaining: 5", None, None),
            ("RateLimit: (", None, None),
        ];
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
        for (lines, quota, wait) in cases {
            let headers = headers(lines);
            let limit = read(&headers, now).map(|l| (l.remaining, l.reset.as_secs_f64()));
            assert_eq!(limit, quota, "quota of {lines:?}");
            let reset = reset(&headers, now).map(|reset| reset.as_secs_f64());
            assert_eq!(reset, wait, "wait of {lines:?}");
        }
    }
}
