//! Who is next: first in, first out. Whoever does not come is passed over, since one stuck caller
//! must not stop the others. Pure.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    mem,
};

/// A place in the queue: the lower, the earlier.
pub(crate) type Ticket = u64;

/// Those who wait; `W` is what wakes one of them.
#[derive(Debug, Default)]
pub(super) struct Queue<W> {
    waiting: BTreeMap<Ticket, W>,
    /// Passed over, or not in a hurry: back at their places when they ask again.
    absent: BTreeMap<Ticket, W>,
    next_ticket: Ticket,
}

impl<W: Clone + Default> Queue<W> {
    pub(super) fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        self.next_ticket
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.absent.len()
    }

    pub(super) fn head(&self) -> Option<(Ticket, &W)> {
        self.waiting.first_key_value().map(|(ticket, waker)| (*ticket, waker))
    }

    /// How many come before this ticket.
    pub(super) fn before(&self, ticket: Ticket) -> usize {
        self.waiting.range(..ticket).count()
    }

    pub(super) fn join(&mut self, ticket: Ticket) {
        let absent = self.absent.remove(&ticket);
        self.waiting.entry(ticket).or_insert_with(|| absent.unwrap_or_default());
    }

    /// Takes a ticket out; whether it was in.
    pub(super) fn leave(&mut self, ticket: Ticket) -> bool {
        self.waiting.remove(&ticket).or_else(|| self.absent.remove(&ticket)).is_some()
    }

    /// Lets others go first, until this one asks again.
    pub(super) fn step_aside(&mut self, ticket: Ticket) {
        let waker = self.waiting.remove(&ticket).unwrap_or_default();
        self.absent.entry(ticket).or_insert(waker);
    }

    /// Makes all before this ticket absent; they are to be woken.
    pub(super) fn pass_over(&mut self, ticket: Ticket) -> Vec<W> {
        let rest = self.waiting.split_off(&ticket);
        let passed_over = mem::replace(&mut self.waiting, rest);
        let wakers = passed_over.values().cloned().collect();
        self.absent.extend(passed_over);
        wakers
    }

    /// What wakes the one with this ticket.
    pub(super) fn waker(&mut self, ticket: Ticket) -> &W {
        match self.absent.entry(ticket) {
            Entry::Occupied(absent) => absent.into_mut(),
            Entry::Vacant(_) => self.waiting.entry(ticket).or_default(),
        }
    }
}
