//! The limiters that a server may have, in virtual seconds.

use std::collections::VecDeque;

/// How a limiter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    FixedWindow,
    TokenBucket,
    SlidingLog,
}

/// What is allowed: `count` every `per` seconds; a token bucket holds `burst` at the most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) count: f64,
    pub(crate) per: f64,
    pub(crate) burst: f64,
}

/// A limiter; `offset` is where in its window a fixed window starts.
#[derive(Clone, Debug)]
pub(crate) struct Limiter {
    kind: Kind,
    limit: Limit,
    offset: f64,
    window: f64,
    used: f64,
    tokens: f64,
    at: f64,
    log: VecDeque<f64>,
}

impl Limiter {
    pub(crate) fn new(kind: Kind, limit: Limit, offset: f64) -> Self {
        let (window, tokens) = (f64::NEG_INFINITY, limit.burst);
        Self { kind, limit, offset, window, used: 0.0, tokens, at: 0.0, log: VecDeque::new() }
    }

    /// Changes what is allowed to `factor` times as much, from now on.
    pub(crate) fn scale(&mut self, factor: f64) {
        self.limit.count *= factor;
    }

    /// Lets a request through, or says when it would.
    pub(crate) fn admit(&mut self, now: f64) -> Result<(), f64> {
        match self.kind {
            Kind::FixedWindow => self.fixed_window(now),
            Kind::TokenBucket => self.token_bucket(now),
            Kind::SlidingLog => self.sliding_log(now),
        }
    }

    /// How many more are let through now, and after how long all are, or for a sliding log one
    /// more.
    pub(crate) fn left(&self, now: f64) -> (f64, f64) {
        let Limit { count, per, burst } = self.limit;
        match self.kind {
            Kind::FixedWindow => (count - self.used, (self.window + 1.0) * per - self.offset - now),
            Kind::TokenBucket => (self.tokens, (burst - self.tokens) * per / count),
            #[expect(clippy::cast_precision_loss, reason = "small counts")]
            Kind::SlidingLog => {
                let oldest = self.log.front().map_or(0.0, |sent| sent + per - now);
                (count - self.log.len() as f64, oldest)
            }
        }
    }

    fn fixed_window(&mut self, now: f64) -> Result<(), f64> {
        let window = ((now + self.offset) / self.limit.per + 1e-9).floor();
        if window > self.window {
            (self.window, self.used) = (window, 0.0);
        }
        if self.used >= self.limit.count {
            return Err((window + 1.0) * self.limit.per - self.offset);
        }
        self.used += 1.0;
        Ok(())
    }

    fn token_bucket(&mut self, now: f64) -> Result<(), f64> {
        let rate = self.limit.count / self.limit.per;
        self.tokens = (self.tokens + (now - self.at) * rate).min(self.limit.burst);
        self.at = now;
        if self.tokens < 1.0 - 1e-9 {
            return Err(now + (1.0 - self.tokens) / rate);
        }
        self.tokens -= 1.0;
        Ok(())
    }

    fn sliding_log(&mut self, now: f64) -> Result<(), f64> {
        while self.log.front().is_some_and(|t| *t <= now - self.limit.per + 1e-9) {
            self.log.pop_front();
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small counts"
        )]
        if self.log.len() as f64 >= self.limit.count {
            let freed = self.log[self.log.len() - self.limit.count as usize];
            return Err(freed + self.limit.per);
        }
        self.log.push_back(now);
        Ok(())
    }
}
