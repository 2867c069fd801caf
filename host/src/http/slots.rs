//! The places that connections take, and who has to go when there are too many.
//!
//! No handler waits, so an open connection always waits for its client: for a request, for the
//! rest of one, or for the answer to be read. When all places are taken, the client that has kept
//! the server waiting the longest loses its place, idle ones first. So nobody can lock the
//! kubelet's probe out by holding connections: a newcomer always gets in, and is served if its
//! request is there before as many others came.

use super::journal::ReadingSeat;
use super::limits::Limits;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};
use tokio::time::Instant;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Accepted; nothing has arrived.
    Fresh,
    /// The rest of a request.
    Receiving,
    /// The client to read the answer.
    Answering,
    /// The next request.
    Idle,
}

/// What a connection shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Serve requests.
    Serve,
    /// End after the request under way.
    Finish,
    /// End now.
    Drop,
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Slot {
    phase: Cell<Phase>,
    since: Cell<Instant>,
    order: Cell<Order>,
    waker: RefCell<Option<Waker>>,
    /// Given back when the connection ends.
    reading: RefCell<Option<ReadingSeat>>,
}

impl Slot {
    fn new() -> Slot {
        Slot {
            phase: Cell::new(Phase::Fresh),
            since: Cell::new(Instant::now()),
            order: Cell::new(Order::Serve),
            waker: RefCell::new(None),
            reading: RefCell::new(None),
        }
    }

    /// Keeps the seat of one who reads the journal for as long as the connection is there.
    pub(super) fn keep(&self, seat: ReadingSeat) {
        *self.reading.borrow_mut() = Some(seat);
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Begins to wait for something else.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
    }

    /// Bytes came from the client. What came before the first of them counts for a connection that
    /// is fresh, else a client could open it and take its time.
    pub(super) fn received(&self) {
        match self.phase.get() {
            Phase::Fresh => self.phase.set(Phase::Receiving),
            Phase::Idle => self.enter(Phase::Receiving),
            Phase::Receiving | Phase::Answering => {}
        }
    }

    /// When the client has had time enough.
    pub(super) fn deadline(&self, limits: &Limits) -> Instant {
        let time = match self.phase.get() {
            Phase::Fresh | Phase::Receiving => limits.request_time,
            Phase::Answering => limits.write_time,
            Phase::Idle => limits.idle_time,
        };
        self.since.get() + time
    }

    pub(super) fn order(&self) -> Order {
        self.order.get()
    }

    /// Orders the connection and wakes its task.
    pub(super) fn tell(&self, order: Order) {
        self.order.set(order);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Wake this task when an order comes.
    pub(super) fn listen(&self, context: &Context<'_>) {
        let mut slot = self.waker.borrow_mut();
        if !slot.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *slot = Some(context.waker().clone());
        }
    }
}

/// All places.
#[derive(Debug, Default)]
pub(super) struct Slots(RefCell<Vec<Rc<Slot>>>);

impl Slots {
    /// A place for a new connection; takes one away if there are `most` already.
    pub(super) fn take(&self, most: usize) -> Rc<Slot> {
        if self.0.borrow().len() >= most {
            self.evict();
        }
        let slot = Rc::new(Slot::new());
        self.0.borrow_mut().push(Rc::clone(&slot));
        slot
    }

    /// Gives a place back; one that was taken away before is gone already.
    pub(super) fn leave(&self, slot: &Rc<Slot>) {
        self.0.borrow_mut().retain(|other| !Rc::ptr_eq(other, slot));
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.0.borrow().len()
    }

    /// Ends the connection whose client has kept the server waiting the longest.
    pub(super) fn evict(&self) {
        let key = |slot: &&Rc<Slot>| (slot.phase.get() != Phase::Idle, slot.since.get());
        let chosen = self.0.borrow().iter().min_by_key(key).cloned();
        if let Some(slot) = chosen {
            slot.tell(Order::Drop);
            self.leave(&slot);
        }
    }

    /// Orders every connection.
    pub(super) fn tell_all(&self, order: Order) {
        for slot in self.0.borrow().iter() {
            slot.tell(order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_idle_loses_its_place_before_a_busy_one() {
        let slots = Slots::default();
        let busy = slots.take(3);
        busy.received();
        let (first, second) = (slots.take(3), slots.take(3));
        first.enter(Phase::Idle);
        second.enter(Phase::Idle);
        let orders = || [busy.order(), first.order(), second.order()];
        slots.take(3);
        assert_eq!(orders(), [Order::Serve, Order::Drop, Order::Serve]);
        slots.take(3);
        assert_eq!(orders(), [Order::Serve, Order::Drop, Order::Drop]);
        assert_eq!(slots.taken(), 3);
    }

    #[test]
    fn with_no_idle_one_the_longest_waiting_goes() {
        let slots = Slots::default();
        let (first, second) = (slots.take(2), slots.take(2));
        first.received();
        second.received();
        slots.take(2);
        assert_eq!((first.order(), second.order()), (Order::Drop, Order::Serve));
    }

    #[test]
    fn a_fresh_connection_has_its_time_from_the_start() {
        let limits = Limits::default();
        let slots = Slots::default();
        let slot = slots.take(1);
        let before = slot.deadline(&limits);
        slot.received();
        assert_eq!((slot.phase(), slot.deadline(&limits)), (Phase::Receiving, before));
    }
}
