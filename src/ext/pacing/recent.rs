//! Counts the requests served in the last seconds, without a lock. A limiter that meets its first
//! 429 learns from these, and from nothing older, because past load says little about a limit.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::ext::clock::milliseconds;

const BUCKETS: usize = 16;
const BUCKET_MS: u64 = 250;
/// Weighs a short burst against a longer load: a burst counts as if it had lasted this much longer.
const BURST_MS: u64 = 500;

/// A ring of buckets. Each holds its number since the start in the upper half, and its count in the
/// lower half.
#[derive(Debug, Default)]
pub(super) struct Recent([AtomicU64; BUCKETS]);

impl Recent {
    /// Counts a request that was sent at this time since the start, and was served.
    pub(super) fn count(&self, sent: Duration) {
        let sent_ms = milliseconds(sent);
        let number = sent_ms / BUCKET_MS + 1;
        let add = |bucket: u64| match (bucket >> 32).cmp(&number) {
            std::cmp::Ordering::Less => Some(number << 32 | 1),
            std::cmp::Ordering::Equal => Some(bucket.saturating_add(1)),
            std::cmp::Ordering::Greater => None,
        };
        let bucket = self.bucket(number);
        // `Err` means that the request is older than all buckets.
        bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok();
    }

    fn bucket(&self, number: u64) -> &AtomicU64 {
        let index = usize::try_from(number % BUCKETS as u64).unwrap_or_default();
        &self.0[index]
    }

    /// Returns the count and the duration of the busiest span of the last four seconds that ends
    /// now.
    pub(super) fn busiest(&self, now: Duration) -> (u32, Duration) {
        let now_ms = milliseconds(now);
        let newest = now_ms / BUCKET_MS + 1;
        let oldest = newest.saturating_sub(BUCKETS as u64 - 1).max(1);
        let (mut count, mut best) = (0, (0, 0));
        for number in (oldest..=newest).rev() {
            let bucket = self.bucket(number).load(Ordering::Relaxed);
            if bucket >> 32 != number || bucket & u64::from(u32::MAX) == 0 {
                continue;
            }
            count += bucket & u64::from(u32::MAX);
            let lasted = now_ms - (number - 1) * BUCKET_MS;
            let (best_count, best_lasted) = best;
            if count * (best_lasted + BURST_MS) >= best_count * (lasted + BURST_MS) {
                best = (count, lasted);
            }
        }
        let (count, lasted) = best;
        (u32::try_from(count).unwrap_or(u32::MAX), Duration::from_millis(lasted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn recent_load_counts_over_its_busiest_part() {
        // Times of sending (ms) with counts; time of the query (ms); expected count and duration
        // (ms).
        type Case = (&'static [(u64, u64)], u64, u32, u64);
        let cases: [Case; 7] = [
            (&[], 0, 0, 0),
            (&[(0, 20)], 100, 20, 100),
            // A steady load counts completely, over the four seconds that are known.
            (&[(0, 10), (1_000, 10), (2_000, 10), (3_000, 10)], 3_900, 40, 3_900),
            // An idle time before a burst does not count; an older load does not count either.
            (&[(0, 1), (2_000, 1), (3_800, 20)], 3_900, 20, 150),
            (&[(0, 100), (60_000, 3)], 60_100, 3, 100),
            (&[(0, 100)], 60_000, 0, 0),
            // Responses to older requests that come late.
            (&[(60_000, 5), (0, 1), (56_000, 1)], 60_000, 5, 0),
        ];
        for (sent, now, count, lasted) in cases {
            let recent = Recent::default();
            for (at, count) in sent {
                (0..*count).for_each(|_| recent.count(MS(*at)));
            }
            assert_eq!(recent.busiest(MS(now)), (count, MS(lasted)), "{sent:?}");
        }
    }
}
