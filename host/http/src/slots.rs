//! The places that connections take, and who has to go when there are too many.
//!
//! No handler waits, so an open connection always waits for its client: for a request, for the
//! rest of one, or for the answer to be read. When all places are taken, the client that has kept
//! the server waiting the longest loses its place, idle ones first. So nobody can lock the
//! kubelet's probe out by holding connections: a newcomer always gets in, and is served if its
//! request is there before as many others came.
//!
//! Heads may be large, but not all at a time: when those of all connections take more than their
//! share of memory, the connection with the largest ends. So large heads cost those who send them.

use super::journal::ReadingSeat;
use super::limits::Limits;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::time::Instant;

/// Longer than any process lives.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

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
    /// Nothing: what there was of a stream is sent, and the server has to go on.
    Streaming,
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

/// What became of the last part of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// It is with hyper.
    HandedOver,
    /// The kernel has it.
    Sent,
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Slot {
    phase: Cell<Phase>,
    since: Cell<Instant>,
    order: Cell<Order>,
    waker: RefCell<Option<Waker>>,
    /// Bytes of the request that is arriving.
    arriving: Cell<usize>,
    /// The most that a request of this connection took: its buffer may be kept for the next one.
    largest: Cell<usize>,
    /// The answer under way is a stream, and a part of it is not sent yet.
    stream: Cell<Option<Part>>,
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
            arriving: Cell::new(0),
            largest: Cell::new(0),
            stream: Cell::new(None),
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
        if phase == Phase::Answering {
            self.arriving.set(0);
        }
        self.phase.set(phase);
        self.since.set(Instant::now());
    }

    /// The answer is a stream from here on.
    pub(super) fn stream(&self) {
        self.stream.set(Some(Part::Sent));
    }

    /// The answer is not a stream any more.
    pub(super) fn stream_ends(&self) {
        self.stream.set(None);
    }

    /// A part of the stream goes to hyper.
    pub(super) fn hand_over(&self) {
        self.stream.set(Some(Part::HandedOver));
        self.enter(Phase::Answering);
    }

    /// All of the stream that there was has left.
    pub(super) fn is_sent(&self) -> bool {
        self.stream.get() != Some(Part::HandedOver)
    }

    /// All that hyper had to write is written. True if a stream may go on now.
    pub(super) fn flushed(&self) -> bool {
        match (self.phase(), self.stream.get()) {
            (Phase::Answering, None) => self.enter(Phase::Idle),
            (Phase::Answering, Some(part)) => {
                self.stream.set(Some(Part::Sent));
                self.enter(Phase::Streaming);
                return part == Part::HandedOver;
            }
            // The end of the stream itself.
            (Phase::Streaming, None) => self.enter(Phase::Idle),
            _ => {}
        }
        false
    }

    /// So many bytes came from the client. What came before the first of them counts for a
    /// connection that is fresh, else a client could open it and take its time.
    pub(super) fn received(&self, bytes: usize) {
        self.takes(bytes);
        match self.phase.get() {
            Phase::Fresh => self.phase.set(Phase::Receiving),
            Phase::Idle => self.enter(Phase::Receiving),
            Phase::Receiving | Phase::Answering | Phase::Streaming => {}
        }
    }

    /// The request that is arriving takes so many bytes more.
    pub(super) fn takes(&self, bytes: usize) {
        let arriving = self.arriving.get().saturating_add(bytes);
        self.arriving.set(arriving);
        self.largest.set(self.largest.get().max(arriving));
    }

    fn streams(&self) -> bool {
        self.stream.get().is_some()
    }

    /// When the client has had time enough.
    pub(super) fn deadline(&self, limits: &Limits) -> Instant {
        let time = match self.phase.get() {
            Phase::Fresh | Phase::Receiving => limits.request_time,
            Phase::Answering => limits.write_time,
            Phase::Idle => limits.idle_time,
            // The next part brings another phase.
            Phase::Streaming => FOR_EVER,
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
        if self.0.borrow().iter().filter(|slot| !slot.streams()).count() >= most {
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
        // Streams have places of their own, and go last: their clients keep nobody waiting.
        let key =
            |slot: &&Rc<Slot>| (slot.streams(), slot.phase.get() != Phase::Idle, slot.since.get());
        let chosen = self.0.borrow().iter().min_by_key(key).cloned();
        if let Some(slot) = chosen {
            slot.tell(Order::Drop);
            self.leave(&slot);
        }
    }

    /// Sees that the heads of all connections fit into memory now that this one has taken more: ends
    /// those with the largest until they do.
    pub(super) fn make_room(&self, slot: &Slot, limits: &Limits) {
        if slot.largest.get() <= limits.free_bytes {
            return;
        }
        let beyond = |slot: &Rc<Slot>| slot.largest.get().saturating_sub(limits.free_bytes);
        loop {
            let slots = self.0.borrow();
            if slots.iter().map(beyond).sum::<usize>() <= limits.crowd_bytes {
                return;
            }
            let Some(chosen) = slots.iter().max_by_key(|slot| beyond(slot)).cloned() else {
                return;
            };
            drop(slots);
            chosen.tell(Order::Drop);
            self.leave(&chosen);
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
        busy.received(1);
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
        first.received(1);
        second.received(1);
        slots.take(2);
        assert_eq!((first.order(), second.order()), (Order::Drop, Order::Serve));
    }

    #[test]
    fn a_fresh_connection_has_its_time_from_the_start() {
        let limits = Limits::default();
        let slots = Slots::default();
        let slot = slots.take(1);
        let before = slot.deadline(&limits);
        slot.received(1);
        assert_eq!((slot.phase(), slot.deadline(&limits)), (Phase::Receiving, before));
    }
    #[test]
    fn the_largest_heads_make_room_and_small_ones_never_do() {
        let limits = Limits { free_bytes: 10, crowd_bytes: 100, ..Limits::default() };
        let slots = Slots::default();
        let all: Vec<Rc<Slot>> = (0..20).map(|_| slots.take(20)).collect();
        let dropped = || all.iter().filter(|slot| slot.order() == Order::Drop).count();
        for slot in &all {
            slot.received(10);
            slots.make_room(slot, &limits);
        }
        assert_eq!(dropped(), 0, "each within its own share");
        all[3].received(60);
        all[4].received(40);
        slots.make_room(&all[4], &limits);
        assert_eq!(dropped(), 0, "together just within the common share");
        all[5].received(1);
        slots.make_room(&all[5], &limits);
        assert_eq!((dropped(), all[3].order(), slots.taken()), (1, Order::Drop, 19));
    }

    #[test]
    fn what_a_connection_once_needed_counts_until_it_ends() {
        let limits = Limits { free_bytes: 10, crowd_bytes: 100, ..Limits::default() };
        let slots = Slots::default();
        let (kept, next) = (slots.take(2), slots.take(2));
        kept.received(90);
        kept.enter(Phase::Answering);
        kept.enter(Phase::Idle);
        // Requests one after the other do not add up.
        kept.received(90);
        slots.make_room(&kept, &limits);
        assert_eq!(kept.order(), Order::Serve);
        next.received(31);
        slots.make_room(&next, &limits);
        assert_eq!((kept.order(), next.order()), (Order::Drop, Order::Serve));
    }
}
