//! The figures of a client and of a table in Prometheus' text format, version 0.0.4.

use std::{
    collections::BTreeMap,
    fmt::Display,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    call::figures::Stats, error::kind::ErrorKind, number::readiness::ReadinessLevel,
    watch::table::FleetTable,
};

impl Stats {
    /// Returns all figures in Prometheus' text format, to be served as `text/plain; version=0.0.4`. The
    /// names begin with `pilot_status_`:
    ///
    /// - counters: `calls_total`, `attempts_total`, `retries_total`, `successes_total`,
    ///   `rejected_total` (429s), `waited_seconds_total`, and `errors_total` for each `kind`, such as
    ///   `timeout`
    /// - gauges: `queued`, and `rate` while it is known
    ///
    /// ```
    /// let client = pilot_status::Client::builder().api_key("ps_example").build()?;
    /// assert!(client.stats().to_prometheus().contains("pilot_status_calls_total 0\n"));
    /// # Ok::<(), pilot_status::Error>(())
    /// ```
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        // A counter that is absent before the first error hides that error from `rate()`.
        let counts: BTreeMap<_, _> = self.errors().collect();
        let errors = ErrorKind::ALL.iter().map(|kind| {
            (format!("{{kind=\"{kind}\"}}"), counts.get(kind).copied().unwrap_or_default())
        });
        [
            family("calls_total", "counter", [("", self.calls)]),
            family("attempts_total", "counter", [("", self.attempts)]),
            family("retries_total", "counter", [("", self.retries)]),
            family("successes_total", "counter", [("", self.successes)]),
            family("rejected_total", "counter", [("", self.rejected)]),
            family("waited_seconds_total", "counter", [("", self.waited.as_secs_f64())]),
            family("errors_total", "counter", errors),
            family("queued", "gauge", [("", self.queued)]),
            family("rate", "gauge", self.rate.map(|rate| ("", rate))),
        ]
        .concat()
    }
}

impl FleetTable {
    /// Returns the count of numbers by level in Prometheus' text format:
    /// `pilot_status_numbers{level="ready"}`. A number whose last call failed counts as `failed`, and
    /// one without a level as `none`. The gauge `pilot_status_last_round_timestamp_seconds` is the
    /// time of [`last_round`](Self::last_round), and `pilot_status_watch_failing` is 1 if there is an
    /// [`error`](Self::error).
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let entries = self.snapshot();
        let (failed, working): (Vec<_>, Vec<_>) =
            entries.iter().map(|entry| &entry.seen).partition(|seen| seen.error.is_some());
        let levels = ReadinessLevel::ALL.into_iter().map(Some).chain([None]).map(|level| {
            let count = working.iter().filter(|seen| seen.level == level).count();
            (level.map_or("none", ReadinessLevel::as_str), count)
        });
        let counts = levels.chain([("failed", failed.len())]);
        let counts = counts.map(|(name, count)| (format!("{{level=\"{name}\"}}"), count));
        let since = |at: SystemTime| at.duration_since(UNIX_EPOCH).ok();
        let last_round = self.last_round().and_then(since).map(|time| ("", time.as_secs()));
        [
            family("numbers", "gauge", counts),
            family("last_round_timestamp_seconds", "gauge", last_round),
            family("watch_failing", "gauge", [("", u8::from(self.error().is_some()))]),
        ]
        .concat()
    }
}

/// Returns a metric with its samples, which are pairs of labels and value.
fn family<L: Display, V: Display>(
    name: &str,
    kind: &str,
    samples: impl IntoIterator<Item = (L, V)>,
) -> String {
    let mut text = format!("# TYPE pilot_status_{name} {kind}\n");
    for (labels, value) in samples {
        text += &format!("pilot_status_{name}{labels} {value}\n");
    }
    text
}
