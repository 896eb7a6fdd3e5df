//! Limits retries to a share of the successes, so that they cannot amplify an outage.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Tokens that the budget holds initially and at most.
const CAPACITY: u32 = 500;
/// Tokens that a retry takes.
const COST: u32 = 5;
/// Tokens that a success adds.
const REFUND: u32 = 1;

/// A bucket of tokens that all calls of a client share.
pub(crate) struct Budget(AtomicU32);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(CAPACITY))
    }

    /// Takes the cost of a retry. Returns false if not enough is left.
    pub(crate) fn withdraw(&self) -> bool {
        let take = |tokens: u32| tokens.checked_sub(COST);
        self.0.fetch_update(Relaxed, Relaxed, take).is_ok()
    }

    /// Adds the refund of a successful call.
    pub(crate) fn deposit(&self) {
        let add = |tokens: u32| Some(CAPACITY.min(tokens + REFUND));
        self.0.fetch_update(Relaxed, Relaxed, add).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_budget_allows_one_retry_per_five_successes() {
        let budget = Budget::new();
        let granted = || (0..1_000).filter(|_| budget.withdraw()).count();
        assert_eq!(granted(), 100);
        (0..25).for_each(|_| budget.deposit());
        assert_eq!(granted(), 5);
        (0..10_000).for_each(|_| budget.deposit());
        assert_eq!(granted(), 100);
    }
}
