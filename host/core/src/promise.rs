//! Until when others may believe that they lead, and what may end that early (I7).
//!
//! A promise begins as the longest that there is. From the first sight of the lock on it grows by the
//! functions that begin with `wait`, and ends early by a [`Proof`] alone, which this module makes out of
//! what was observed. Whatever a hand, another elector or a restored store puts into the lock, it can
//! lengthen the wait, but it cannot shorten it.
//!
//! # What does not compile
//!
//! A promise is not written to, but by its functions, nor made by hand:
//!
//! ```compile_fail,E0616
//! fn shorten(promise: &mut hotseat_core::promise::Promise) {
//!     promise.others = hotseat_core::time::Moment::ZERO;
//! }
//! ```
//! ```compile_fail,E0451
//! let at = hotseat_core::time::Moment::ZERO;
//! let over = hotseat_core::promise::Promise { holder: at, others: at, unseen: false };
//! ```
//!
//! Another one cannot be put into its place: neither an older copy of it, nor one that begins.
//!
//! ```compile_fail,E0599
//! fn put_back(promise: hotseat_core::promise::Promise) -> hotseat_core::promise::Promise {
//!     let older = promise.clone();
//!     older
//! }
//! ```
//! ```compile_fail,E0277
//! fn begin_anew(promise: &mut hotseat_core::promise::Promise) {
//!     std::mem::take(promise);
//! }
//! ```
//!
//! A proof is made by this module alone, ends one promise once, and is kept for no later one: what an
//! elector keeps can be compared and hashed, and a proof cannot.
//!
//! ```compile_fail,E0603
//! let proof = hotseat_core::promise::Proof(todo!());
//! ```
//! ```
//! # use hotseat_core::promise::{Promise, Proof};
//! fn once(promise: &mut Promise, proof: Proof) {
//!     promise.end(proof);
//! }
//! ```
//! ```compile_fail,E0382
//! # use hotseat_core::promise::{Promise, Proof};
//! fn twice(promise: &mut Promise, another: &mut Promise, proof: Proof) {
//!     promise.end(proof);
//!     another.end(proof);
//! }
//! ```
//! ```compile_fail,E0599
//! # use hotseat_core::promise::{Promise, Proof};
//! fn twice(promise: &mut Promise, another: &mut Promise, proof: Proof) {
//!     promise.end(proof.clone());
//!     another.end(proof);
//! }
//! ```
//! ```compile_fail,E0277
//! #[derive(Hash)]
//! struct Elector {
//!     kept: Option<hotseat_core::promise::Proof>,
//! }
//! ```
//! ```compile_fail,E0369
//! #[derive(PartialEq)]
//! struct Elector {
//!     kept: Option<hotseat_core::promise::Proof>,
//! }
//! ```
//!
//! What is left to the reader: whether what is given to a proof's function was observed. And an elector is
//! copied as a whole, promise and all (`Whole`), since the explorer goes on from one state in many ways;
//! nothing in the core copies one.
//!
//! # Why the proofs are proofs
//!
//! A Hotseat writes by compare-and-swap, and the mark of its write names the version that it
//! replaced. A watch tells every version in order. So a record which a watch tells directly after
//! version *b*, and whose mark names *b*, was written on *b* by the process in the mark: an older
//! record that somebody puts back names an older version. Such a write obeyed the rules of this
//! file when it was made, so nobody but its writer can have believed then. By induction over the
//! writes, the promise to everybody else has ended (`proofs/` has this as a theorem).
//!
//! After a gap, such as a start, a watch that begins anew or a read that overtakes the watch, none
//! of this is known, and nothing but a version that this process or its predecessor wrote last is
//! a proof.

use crate::claim::Claim;
use crate::elector::whole::Whole;
use crate::lock::{Incarnation, LastWrite, Lock, Record};
use crate::time::Moment;

mod canon;

/// How an observation follows on the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Observed {
    /// The very next version, as a watch tells it.
    Next,
    /// The server's answer to an own write.
    Answer,
    /// Anything may have happened between: a read, or a watch that begins.
    Gap,
}

/// Until when somebody else may believe, by this candidate's clock.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Promise {
    /// The one whose record was seen last.
    holder: Moment,
    /// Everybody else: holders whose records were edited away, or were never seen.
    others: Moment,
    /// It is as it began: nothing was seen yet.
    unseen: bool,
}

impl Promise {
    /// Nothing was seen: whoever leads may do so for ever.
    const AT_START: Promise = Promise { holder: Moment::ZERO, others: Moment::NEVER, unseen: true };

    /// That of an elector which begins.
    pub(crate) fn at_start(_: &Whole) -> Promise {
        Promise::AT_START
    }

    /// That of an elector which is copied.
    pub(crate) fn copy(&self, _: &Whole) -> Promise {
        let Promise { holder, others, unseen } = *self;
        Promise { holder, others, unseen }
    }

    /// If the lock is seen for the first time, what is not known yet begins with what is seen now; a
    /// record is waited out from here. A promise that is not as it began is left as it is.
    pub(crate) fn first_sight(&mut self, before: Option<&Lock>) {
        if std::mem::take(&mut self.unseen) && before.is_none() {
            self.end(Proof(Evidence::Everybody));
        }
    }

    /// From when on nobody else believes.
    pub(crate) fn until(&self) -> Moment {
        self.holder.max(self.others)
    }

    /// The holder of the record just seen may believe until this moment.
    pub(crate) fn wait_for_holder(&mut self, until: Moment) {
        self.holder = self.holder.max(until);
    }

    /// Another holder follows on the one before it, which may believe for as long as it was promised.
    pub(crate) fn wait_for_next_holder(&mut self, until: Moment) {
        self.others = self.until();
        self.holder = until;
    }

    /// What was just seen proves nothing, so anybody may believe until this moment.
    pub(crate) fn wait_for_all(&mut self, until: Moment) {
        self.others = self.until().max(until);
        self.holder = Moment::ZERO;
    }

    /// Somebody has proved to believe no longer, but its application may act until this moment. True
    /// if it was promised more than that.
    pub(crate) fn end_at(&mut self, proof: Proof, until: Moment) -> bool {
        let promised = self.holder;
        self.end(proof);
        self.wait_for_holder(promised.min(until));
        promised > until
    }

    /// Somebody has proved to believe no longer.
    pub fn end(&mut self, Proof(evidence): Proof) {
        match evidence {
            Evidence::Everybody => (self.holder, self.others) = (Moment::ZERO, Moment::ZERO),
            Evidence::Holder => self.holder = Moment::ZERO,
        }
    }
}

/// A proof that somebody believes no longer. Only the functions below make one. It cannot be copied, nor
/// compared, so that what an elector keeps cannot have one.
#[derive(Debug)]
pub struct Proof(Evidence);

#[derive(Debug)]
enum Evidence {
    /// Nobody but the writer of the record just seen, if it names one, can believe.
    Everybody,
    /// The holder of the record before has given up. Of others it says nothing.
    Holder,
}

impl Proof {
    /// Of a holder's own end: nothing more can follow from it.
    const OF_HOLDER: Proof = Proof(Evidence::Holder);

    /// This candidate believes until this very observation, so that nobody else can.
    pub(crate) fn by_own_belief(claim: &Claim) -> Option<Proof> {
        claim.believed().map(|_| Proof(Evidence::Everybody))
    }

    /// The record is the one that this process wrote last, under the version that it got, so that
    /// nobody can have written since.
    pub(crate) fn by_own_record(
        claim: &Claim,
        now: Moment,
        record: &Record,
        identity: &str,
        me: &Incarnation,
    ) -> Option<Proof> {
        claim.wrote(now, record, identity, me).then_some(Proof(Evidence::Everybody))
    }

    /// The record was written by the process in its mark on the version seen before it.
    pub(crate) fn by_fresh_write(
        before: &Lock,
        record: &Record,
        observed: Observed,
    ) -> Option<Proof> {
        let base = record.mark.as_ref()?.base.as_ref()?;
        let before = before.record()?;
        let fresh =
            observed != Observed::Gap && *base == before.version && record.uid == before.uid;
        fresh.then_some(Proof(Evidence::Everybody))
    }

    /// The incarnation that held the seat has released it.
    pub(crate) fn by_release(before: &Lock, record: &Record, observed: Observed) -> Option<Proof> {
        let holder = &before.record()?.mark.as_ref()?.incarnation;
        let released = record.released && record.mark.as_ref()?.incarnation == *holder;
        if released { Proof::by_fresh_write(before, record, observed) } else { None }
    }

    /// Another elector that held the seat by a record of its own has left client-go's record of a
    /// release. One that was left over a Hotseat's record proves nothing: an old leader's client-go
    /// empties whatever record it finds.
    pub(crate) fn by_foreign_release(
        before: &Lock,
        record: &Record,
        observed: Observed,
    ) -> Option<Proof> {
        let before = before.record()?;
        let its_own = before.mark.is_none() && before.holder.is_some() && before.uid == record.uid;
        let released = record.released && record.mark.is_none();
        (observed == Observed::Next && its_own && released).then_some(Proof(Evidence::Holder))
    }

    /// The record is the last that the dead process before this one wrote at this site, and replaced
    /// another (I8). One that was created proves nothing: a lock that was deleted under a leader is put back
    /// by whoever is there, for itself to wait out, and a late request to create the first one does the same.
    pub(crate) fn by_death(
        record: &Record,
        predecessor: Option<&LastWrite>,
        me: &Incarnation,
    ) -> Option<Proof> {
        let (last, mark) = (predecessor?, record.mark.as_ref()?);
        let of_this_site = mark.incarnation.site == me.site && mark.incarnation.nonce != me.nonce;
        let stands = record.version == last.version && record.uid == last.uid;
        (of_this_site && stands && mark.base.is_some()).then_some(Proof(Evidence::Everybody))
    }

    /// The process that wrote the record seen last, and holds the seat by it, is reported to have
    /// ended (I15). Of others it says nothing: who may have led while this candidate saw nothing is
    /// waited out all the same.
    pub(crate) fn by_report(record: &Record, dead: &Incarnation) -> Option<Proof> {
        let writer = &record.mark.as_ref()?.incarnation;
        (record.holder.is_some() && writer == dead).then_some(Proof::OF_HOLDER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// I7: what is not ended by a proof only grows, and begins as the longest.
    #[test]
    fn no_promise_can_be_made_that_is_shorter_than_another() {
        assert_eq!(Promise::AT_START.until(), Moment::NEVER);
        let at = Moment::from_secs;
        let mut promise = Promise::AT_START;
        promise.wait_for_holder(at(1));
        promise.wait_for_next_holder(at(2));
        promise.wait_for_all(at(3));
        assert_eq!(promise.until(), Moment::NEVER);
        promise.end_at(Proof::OF_HOLDER, at(4));
        assert_eq!(promise.until(), Moment::NEVER, "the holder's end says nothing of others");
        promise.end(Proof(Evidence::Everybody));
        assert_eq!(promise.until(), Moment::ZERO);
        promise.wait_for_all(at(3));
        promise.wait_for_holder(at(2));
        promise.wait_for_next_holder(at(1));
        assert_eq!(promise.until(), at(3));
    }

    /// I7: the first sight ends what nothing was seen of, and no promise that was made since.
    #[test]
    fn only_a_promise_that_is_as_it_began_ends_at_the_first_sight() {
        let mut promise = Promise::AT_START;
        promise.first_sight(Some(&Lock::Absent(None)));
        assert_eq!(promise.until(), Moment::NEVER, "that is no first sight");
        let mut promise = Promise::AT_START;
        promise.first_sight(None);
        assert_eq!(promise.until(), Moment::ZERO);
        promise.wait_for_holder(Moment::from_secs(2));
        promise.first_sight(None);
        assert_eq!(promise.until(), Moment::from_secs(2), "it is not as it began");
        promise.wait_for_all(Moment::NEVER);
        promise.wait_for_holder(Moment::from_secs(2));
        promise.first_sight(None);
        assert_eq!(promise.until(), Moment::NEVER, "it is not as it began");
    }
}
