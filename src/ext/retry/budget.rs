//! Limits retries to a share of the successes, so that they cannot amplify an outage. Pure.

/// What the budget holds at the most, and at first.
const CAPACITY: u32 = 500;
/// What a retry takes.
const COST: u32 = 5;
/// What a success gives back.
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

    /// Pays for a retry, if there is enough left.
    pub(crate) fn withdraw(&mut self) -> bool {
        match self.tokens.checked_sub(COST) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }

    /// A call has succeeded.
    pub(crate) fn deposit(&mut self) {
        self.tokens = CAPACITY.min(self.tokens + REFUND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_retries_at_once_and_then_one_for_every_five_successes() {
        let mut budget = Budget::new();
        let granted = |budget: &mut Budget| (0..1_000).filter(|_| budget.withdraw()).count();
        assert_eq!(granted(&mut budget), 100);
        (0..25).for_each(|_| budget.deposit());
        assert_eq!(granted(&mut budget), 5);
        (0..10_000).for_each(|_| budget.deposit());
        assert_eq!(granted(&mut budget), 100);
    }
}
