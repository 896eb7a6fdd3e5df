//! The queue of a process: first in, first out, in the order in which calls first requested a turn.
//! A call that meets a 429 and waits again keeps its old place. Pure.

use std::{collections::BTreeMap, time::Duration};

/// A place in the queue. Lower is earlier.
pub(crate) type Ticket = u64;

#[derive(Debug)]
pub(super) struct Waiting<W> {
    /// The last time at which a turn is of use to the call.
    pub(super) until: Duration,
    /// Wakes the call.
    pub(super) waker: W,
}

#[derive(Debug)]
pub(super) struct Queue<W> {
    waiting: BTreeMap<Ticket, Waiting<W>>,
    /// Last attempts of calls. They are sent at the end of their time, or when no limit is active.
    last_attempts: BTreeMap<Ticket, Waiting<W>>,
    next: Ticket,
    last_probe: Ticket,
}

impl<W> Default for Queue<W> {
    fn default() -> Self {
        let (waiting, last_attempts) = (BTreeMap::new(), BTreeMap::new());
        Self { waiting, last_attempts, next: 0, last_probe: 0 }
    }
}

impl<W> Queue<W> {
    /// Returns a place behind all others.
    pub(super) fn ticket(&mut self) -> Ticket {
        self.next += 1;
        self.next
    }

    pub(super) fn join(&mut self, ticket: Ticket, call: Waiting<W>, is_last_attempt: bool) {
        let queue = if is_last_attempt { &mut self.last_attempts } else { &mut self.waiting };
        queue.insert(ticket, call);
    }

    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.waiting.remove(&ticket);
        self.last_attempts.remove(&ticket);
    }

    /// Returns the number of waiting calls, including last attempts.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.last_attempts.len()
    }

    /// Returns the number of waiting calls, without last attempts.
    pub(super) fn want(&self) -> usize {
        self.waiting.len()
    }

    /// Takes the first call. A probe goes to the first call after the one that made the last probe,
    /// so that a long outage does not use up all attempts of one call. In a calm span, a last
    /// attempt goes first.
    pub(super) fn take(&mut self, is_probe: bool, is_calm: bool) -> Option<(Ticket, Waiting<W>)> {
        if is_calm && (!is_probe || self.waiting.is_empty()) && !self.last_attempts.is_empty() {
            return self.last_attempts.pop_first();
        }
        if !is_probe {
            return self.waiting.pop_first();
        }
        let after = self.waiting.range(self.last_probe + 1..).next().map(|(ticket, _)| *ticket);
        let ticket = after.or_else(|| Some(*self.waiting.first_key_value()?.0))?;
        self.last_probe = ticket;
        self.waiting.remove_entry(&ticket)
    }

    /// Makes last attempts wait for a turn like all others, because no limit is active any more.
    pub(super) fn hurry(&mut self) {
        self.waiting.append(&mut self.last_attempts);
    }

    /// Takes the calls to which a turn after this time is of no use.
    pub(super) fn take_late(&mut self, moment: Duration) -> Vec<Waiting<W>> {
        let late = self.waiting.iter().filter(|(_, call)| call.until <= moment);
        let late: Vec<_> = late.map(|(ticket, _)| *ticket).collect();
        late.iter().filter_map(|ticket| self.waiting.remove(ticket)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(tickets: usize) -> Queue<()> {
        let mut queue = Queue::default();
        for n in 0..tickets {
            let ticket = queue.ticket();
            let until = Duration::from_secs(n as u64);
            queue.join(ticket, Waiting { until, waker: () }, false);
        }
        queue
    }

    fn take(queue: &mut Queue<()>, is_probe: bool) -> Option<Ticket> {
        queue.take(is_probe, false).map(|(ticket, _)| ticket)
    }

    #[test]
    fn rejected_call_keeps_place_and_passes_probe_on() {
        let mut queue = queue(3);
        assert_eq!(take(&mut queue, true), Some(1));
        queue.join(1, Waiting { until: Duration::MAX, waker: () }, false);
        assert_eq!(take(&mut queue, true), Some(2), "another call probes");
        queue.join(2, Waiting { until: Duration::MAX, waker: () }, false);
        assert_eq!(take(&mut queue, true), Some(3));
        queue.join(3, Waiting { until: Duration::MAX, waker: () }, false);
        assert_eq!(take(&mut queue, true), Some(1), "in turn");
        assert_eq!(take(&mut queue, false), Some(2), "a turn in flow goes to the first call");
    }

    #[test]
    fn late_calls_are_taken_and_others_stay() {
        let mut queue = queue(4);
        assert_eq!(queue.take_late(Duration::from_secs(1)).len(), 2);
        assert_eq!((queue.len(), queue.want()), (2, 2));
        queue.join(9, Waiting { until: Duration::ZERO, waker: () }, true);
        assert_eq!((queue.len(), queue.want()), (3, 2));
        queue.hurry();
        assert_eq!(queue.want(), 3);
        queue.leave(9);
        assert_eq!(queue.want(), 2);
    }
}
