//! Limits retries to a share of the successes, so that they cannot amplify an outage. Pure.

/// Tokens that the budget holds initially and at most.
const CAPACITY: u32 = 500;
/// Tokens that a retry takes.
const COST: u32 = 5;
/// Tokens that a success adds.
const REFUND: u32 = 1;

/// A bucket of tokens that all calls of a client share.
#[derive(Debug)]
pub(crate) struct Budget {
    tokens: u32,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { tokens: CAPACITY }
    }

    /// Takes the cost of a retry. Returns false if not enough is left.
    pub(crate) fn withdraw(&mut self) -> bool {
        match self.tokens.checked_sub(COST) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }

    /// Adds the refund of a successful call.
    pub(crate) fn deposit(&mut self) {
        self.tokens = CAPACITY.min(self.tokens + REFUND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_budget_allows_one_retry_per_five_successes() {
        let mut budget = Budget::new();
        let granted = |budget: &mut Budget| (0..1_000).filter(|_| budget.withdraw()).count();
        assert_eq!(granted(&mut budget), 100);
        (0..25).for_each(|_| budget.deposit());
        assert_eq!(granted(&mut budget), 5);
        (0..10_000).for_each(|_| budget.deposit());
        assert_eq!(granted(&mut budget), 100);
    }
}
