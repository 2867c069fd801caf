//! Until when others may believe that they lead, and what may end that early (I7).
//!
//! A promise begins as the longest that there is, and only grows, by the functions that begin with
//! `wait`; so one that is made anew and put into the place of another shortens nothing. The one way
//! to shorten it is [`Promise::end`], which takes a [`Proof`], and a proof is made by this module
//! alone, out of what was observed. Whatever a hand, another elector or a restored store puts into
//! the lock, it can lengthen the wait, but it cannot shorten it.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Promise {
    /// The one whose record was seen last.
    holder: Moment,
    /// Everybody else: holders whose records were edited away, or were never seen.
    others: Moment,
}

/// Nothing was seen: whoever leads may do so for ever.
impl Default for Promise {
    fn default() -> Promise {
        Promise { holder: Moment::ZERO, others: Moment::NEVER }
    }
}

impl Promise {
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
    pub(crate) fn end_at(&mut self, proof: &Proof, until: Moment) -> bool {
        let promised = self.holder;
        self.end(proof);
        self.wait_for_holder(promised.min(until));
        promised > until
    }

    /// Somebody has proved to believe no longer.
    pub(crate) fn end(&mut self, proof: &Proof) {
        match proof.0 {
            Evidence::Everybody => *self = Promise { holder: Moment::ZERO, others: Moment::ZERO },
            Evidence::Holder => self.holder = Moment::ZERO,
        }
    }
}

/// A proof that somebody believes no longer. Only the functions below make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proof(Evidence);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Evidence {
    /// Nobody but the writer of the record just seen, if it names one, can believe.
    Everybody,
    /// The holder of the record before has given up. Of others it says nothing.
    Holder,
}

impl Proof {
    /// Of a holder's own end: nothing more can follow from it.
    const OF_HOLDER: Proof = Proof(Evidence::Holder);

    /// The lock is seen for the first time. What is not known yet begins with what is seen now; a record
    /// is waited out from here.
    pub(crate) fn by_first_sight(before: Option<&Lock>) -> Option<Proof> {
        before.is_none().then_some(Proof(Evidence::Everybody))
    }

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

    /// I7: what is not ended by a proof only grows, and there is nothing shorter to put in its place.
    #[test]
    fn no_promise_can_be_made_that_is_shorter_than_another() {
        assert_eq!(Promise::default().until(), Moment::NEVER);
        assert_eq!(std::mem::take(&mut Promise::default()).until(), Moment::NEVER);
        let at = Moment::from_secs;
        let mut promise = Promise::default();
        promise.wait_for_holder(at(1));
        promise.wait_for_next_holder(at(2));
        promise.wait_for_all(at(3));
        assert_eq!(promise.until(), Moment::NEVER);
        promise.end_at(&Proof::OF_HOLDER, at(4));
        assert_eq!(promise.until(), Moment::NEVER, "the holder's end says nothing of others");
        promise.end(&Proof::by_first_sight(None).unwrap());
        assert_eq!(promise.until(), Moment::ZERO);
        promise.wait_for_all(at(3));
        promise.wait_for_holder(at(2));
        promise.wait_for_next_holder(at(1));
        assert_eq!(promise.until(), at(3));
        assert_eq!(Proof::by_first_sight(Some(&Lock::Absent(None))), None);
    }
}
