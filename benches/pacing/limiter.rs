//! The limiters that a server may have, in virtual seconds.

use std::{collections::VecDeque, time::Duration};

use pilot_status::simulation::RateLimit;

/// How a limiter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    FixedWindow,
    TokenBucket,
    SlidingLog,
    /// The rule `http_req_rate` of `HAProxy`: a rate over two periods, in which refused requests count.
    RequestRate,
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
    is_scaled: bool,
}

impl Limiter {
    pub(crate) fn new(kind: Kind, limit: Limit, offset: f64) -> Self {
        let (window, tokens) = (f64::NEG_INFINITY, limit.burst);
        Self {
            kind,
            limit,
            offset,
            window,
            used: 0.0,
            tokens,
            at: 0.0,
            log: VecDeque::new(),
            is_scaled: false,
        }
    }

    /// Changes the limit by this factor from now on, unless that was done.
    pub(crate) fn scale_once(&mut self, factor: f64) {
        if !std::mem::replace(&mut self.is_scaled, true) {
            self.limit.count *= factor;
        }
    }

    /// Refused requests count, and no wait is named.
    pub(crate) fn counts_refused(&self) -> bool {
        self.kind == Kind::RequestRate
    }

    /// Lets a request through, or says when it would.
    pub(crate) fn admit(&mut self, now: f64) -> Result<(), f64> {
        match self.kind {
            Kind::FixedWindow => self.fixed_window(now),
            Kind::TokenBucket => self.token_bucket(now),
            Kind::SlidingLog => self.sliding_log(now),
            Kind::RequestRate => self.request_rate(now),
        }
    }

    /// How many more are let through now, and after how long all are, or for a sliding log one
    /// more.
    pub(crate) fn left(&self, now: f64) -> (f64, f64) {
        let Limit { count, per, burst } = self.limit;
        match self.kind {
            Kind::FixedWindow | Kind::RequestRate => {
                (count - self.used, (self.window + 1.0) * per - self.offset - now)
            }
            Kind::TokenBucket => (self.tokens, (burst - self.tokens) * per / count),
            #[expect(clippy::cast_precision_loss, reason = "small counts")]
            Kind::SlidingLog => {
                let oldest = self.log.front().map_or(0.0, |sent| sent + per - now);
                (count - self.log.len() as f64, oldest)
            }
        }
    }

    /// The rate-limit fields of an answer, in whole seconds as a server sends them.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]
    pub(crate) fn truth(&self, now: f64) -> RateLimit {
        let (left, reset) = self.left(now);
        let reset = Duration::from_secs(reset.ceil().max(1.0) as u64);
        // Sums of fractions are a little less than they should be.
        RateLimit { remaining: (left + 1e-9) as u64, reset }
    }

    fn request_rate(&mut self, now: f64) -> Result<(), f64> {
        let period = (now / self.limit.per).floor();
        if period > self.window {
            self.tokens = if period - self.window < 1.5 { self.used } else { 0.0 };
            (self.window, self.used) = (period, 0.0);
        }
        self.used += 1.0;
        let rest = 1.0 - (now / self.limit.per - period);
        let rate = self.used + self.tokens * rest;
        // It sends no wait, so any time to come will do.
        if rate > self.limit.count { Err(now + 0.1) } else { Ok(()) }
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
