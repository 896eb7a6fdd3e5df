//! The limiters that a server may have, in virtual seconds.

use std::{collections::VecDeque, time::Duration};

use pilot_status::simulation::RateLimit;

/// The counting method of a limiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    FixedWindow,
    TokenBucket,
    SlidingLog,
    /// The rule `http_req_rate` of `HAProxy`: a rate over two periods, which counts rejected
    /// requests too.
    RequestRate,
}

/// A limit of `count` requests every `per` seconds. A token bucket holds at most `burst` tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) count: f64,
    pub(crate) per: f64,
    pub(crate) burst: f64,
}

/// A limiter. `offset` is the position in its window at which a fixed window starts.
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

    /// Multiplies the limit by this factor, the first time that it is called.
    pub(crate) fn scale_once(&mut self, factor: f64) {
        if !std::mem::replace(&mut self.is_scaled, true) {
            self.limit.count *= factor;
        }
    }

    /// Admits a request, or returns the time at which it would.
    pub(crate) fn admit(&mut self, now: f64) -> Result<(), f64> {
        match self.kind {
            Kind::FixedWindow => self.fixed_window(now),
            Kind::TokenBucket => self.token_bucket(now),
            Kind::SlidingLog => self.sliding_log(now),
            Kind::RequestRate => self.request_rate(now),
        }
    }

    /// Returns the number of requests that may be sent now, and the time until all may be. A
    /// sliding log returns the time until one more may be sent.
    fn left(&self, now: f64) -> (f64, f64) {
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

    /// Returns the rate-limit fields of a response, in whole seconds, which is how servers send
    /// them.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]
    pub(crate) fn quota(&self, now: f64) -> RateLimit {
        let (left, reset) = self.left(now);
        let reset = Duration::from_secs(reset.ceil().max(1.0) as u64);
        // Rounding makes sums of fractions slightly too small.
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
        // The limiter requests no wait, so any later time will do.
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
