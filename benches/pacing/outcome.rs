//! What comes of one run.

/// Times are in seconds since the load began, but for `best_at`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) best: f64,
    /// When each request would be let through at best.
    pub(crate) best_at: Vec<f64>,
    pub(crate) drain: f64,
    /// When each request was served or rejected.
    pub(crate) served_at: Vec<f64>,
    pub(crate) rejected_at: Vec<f64>,
    /// Rejected although sent when an answer had been seen.
    pub(crate) beyond: usize,
    pub(crate) most_attempts: u32,
    /// Calls whose last attempt was refused while there was time.
    pub(crate) given_up: usize,
    /// Calls that were not served within their time.
    pub(crate) out_of_time: usize,
    /// As many of them as there are at best, in order.
    pub(crate) out_of_time_at_best: usize,
}

impl Outcome {
    pub(crate) fn serve(&mut self, time: f64, attempts: u32, is_in_time: bool) {
        self.served_at.push(time);
        self.drain = time;
        self.most_attempts = self.most_attempts.max(attempts);
        self.out_of_time += usize::from(!is_in_time);
    }

    pub(crate) fn reject(&mut self, time: f64, attempts: u32, is_beyond: bool, is_given_up: bool) {
        self.rejected_at.push(time);
        self.most_attempts = self.most_attempts.max(attempts);
        self.beyond += usize::from(is_beyond);
        self.given_up += usize::from(is_given_up);
    }

    /// How many of these for each request that was served.
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    pub(crate) fn per_served(&self, count: usize) -> f64 {
        count as f64 / self.served_at.len().max(1) as f64
    }
}
