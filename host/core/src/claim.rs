//! This candidate's own leadership: what it wrote, what of it is confirmed, and until when it may
//! believe.

use crate::event::{Base, Purpose};
use crate::lock::{Incarnation, Record, Version};
use crate::time::Moment;
use crate::view::Term;
use std::time::Duration;

mod canon;

/// A write on its way, or one whose outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sent {
    pub(crate) serial: u64,
    pub(crate) purpose: Purpose,
    /// The moment before sending.
    pub(crate) at: Moment,
    /// The renew deadline that goes with the lease duration in it.
    pub(crate) deadline: Duration,
    pub(crate) base: Base,
}

/// The claim on the seat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Claim {
    /// The term of the last confirmed write, as long as nobody else's record was seen.
    term: Option<Term>,
    believes: bool,
    /// When belief last ended.
    ended: Option<Moment>,
    /// Unconfirmed writes, oldest first.
    sent: Vec<Sent>,
    /// The last confirmed write.
    confirmed: u64,
    /// The version under which the record of that write stands (I14).
    version: Option<Version>,
    /// A release of the term was sent: it may have landed, and others may lead since.
    released: bool,
    /// I16: until when the outer of two locks is this process's own, and so the latest that this
    /// claim may be believed in; none where there is one lock.
    bound: Option<Moment>,
}

/// How a write is known to have landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Landed {
    /// The server answered it, so that the version in the answer is the write's own.
    Answered,
    /// Its mark was read. It may have been put back since, under another version.
    Found,
}

impl Claim {
    /// The term while this candidate believes in it.
    pub(crate) fn believed(&self) -> Option<&Term> {
        self.term.as_ref().filter(|_| self.believes)
    }

    /// Until when this candidate may believe in the term of its last confirmed write: the deadline
    /// of that write, or the other lock's if that is earlier (I16). None without a term.
    pub(crate) fn until(&self) -> Option<Moment> {
        self.term.as_ref().map(|term| self.bounded(term.until))
    }

    fn bounded(&self, until: Moment) -> Moment {
        self.bound.map_or(until, |bound| until.min(bound))
    }

    /// The outer lock is this process's own until `outer`. If that has passed, it is not any more
    /// from `now` on at the latest: the end of belief is never dated back, since the drain counts from
    /// it (I6).
    pub(crate) fn bound_by(&mut self, now: Moment, outer: Moment) {
        self.bound = match self.bound {
            _ if now < outer => Some(outer),
            Some(before) => Some(before.min(now)),
            None => Some(now),
        };
    }

    /// The term that an own compare-and-swap would continue, believed or not (I14).
    pub(crate) fn term(&self) -> Option<&Term> {
        self.term.as_ref()
    }

    /// When belief last ended; none if it never has.
    pub(crate) fn ended(&self) -> Option<Moment> {
        self.ended
    }

    /// Whether a write's outcome is unknown or still awaited that takes the seat or keeps it.
    pub(crate) fn has_unconfirmed_claim(&self) -> bool {
        self.sent.iter().any(|sent| matches!(sent.purpose, Purpose::Acquire | Purpose::Renew))
    }

    /// Whether a write's outcome is unknown or still awaited.
    pub(crate) fn has_unconfirmed(&self) -> bool {
        !self.sent.is_empty()
    }

    /// When a write was sent whose outcome is unknown or still awaited; none if it is settled.
    pub(crate) fn sent_at(&self, serial: u64) -> Option<Moment> {
        self.sent.iter().find(|sent| sent.serial == serial).map(|sent| sent.at)
    }

    /// Notes a write that is about to be sent.
    pub(crate) fn send(&mut self, sent: Sent) {
        if let Some(term) = &mut self.term {
            // A write that shortens the lease binds from the moment it may have landed: others
            // then wait for the shorter lease only.
            term.until = term.until.min(sent.at + sent.deadline);
        }
        match sent.purpose {
            Purpose::Release => self.released = true,
            // What was released or not was the term before.
            Purpose::Acquire => self.released = false,
            Purpose::Renew | Purpose::Reserve => {}
        }
        self.sent.push(sent);
    }

    /// Whether this process wrote the record as it stands and nobody since (I8, I14): the version
    /// is the one that the last confirmed write got. A write that still awaits its answer is known
    /// by its mark alone, for as long as it would give belief: nobody else can have led since then.
    /// Later its record may be one that was put back over a successor's.
    pub(crate) fn wrote(
        &self,
        now: Moment,
        record: &Record,
        identity: &str,
        me: &Incarnation,
    ) -> bool {
        let Some(mark) = record.mark.as_ref().filter(|mark| mark.incarnation == *me) else {
            return false;
        };
        let known = self.term.is_some()
            && mark.serial == self.confirmed
            && self.version.as_ref() == Some(&record.version);
        let awaited = !self.released
            && self
                .sent
                .iter()
                .any(|sent| sent.serial == mark.serial && now < sent.at + sent.deadline);
        record.holder.as_deref() == Some(identity) && (known || awaited)
    }

    /// The record of the last confirmed write was seen under another version. It still is this
    /// process's own if that is an edit beside the seat: seen by a watch directly after the own
    /// version, or seen while nobody else can have led since. Else it may have been put back.
    pub(crate) fn adopt(&mut self, now: Moment, record: &Record, me: &Incarnation, next: bool) {
        let confirmed = record
            .mark
            .as_ref()
            .is_some_and(|mark| mark.incarnation == *me && mark.serial == self.confirmed);
        let Some(term) = self.term.as_ref().filter(|_| confirmed) else {
            return;
        };
        let alone = now < term.until && !self.released;
        if next || alone {
            self.version = Some(record.version.clone());
        }
    }

    /// Whether this is the version of the own record.
    pub(crate) fn stands_at(&self, version: &Version) -> bool {
        self.version.as_ref() == Some(version)
    }

    /// A write is known to have landed: by its answer, or by its mark in what was read (I5). Gives
    /// what was sent, none if it was settled before.
    pub(crate) fn confirm(
        &mut self,
        now: Moment,
        record: &Record,
        landed: Landed,
        may_lead: bool,
    ) -> Option<Sent> {
        let serial = record.mark.as_ref()?.serial;
        let index = self.sent.iter().position(|sent| sent.serial == serial)?;
        let sent = self.sent.remove(index);
        // Older ones lost the compare-and-swap against this one.
        self.sent.retain(|other| other.serial > serial);
        self.confirmed = serial;
        if let Purpose::Release | Purpose::Reserve = sent.purpose {
            self.lose(now);
            return Some(sent);
        }
        // I1: from the moment before sending, whatever time it is now.
        let until = sent.at + sent.deadline;
        let until =
            self.sent.iter().map(|later| later.at + later.deadline).fold(until, Moment::min);
        if landed == Landed::Found && (now >= until || self.released) {
            // I14: others may have led since, and this record may have been put back.
            self.lose(now);
            return Some(sent);
        }
        self.version = Some(record.version.clone());
        self.released = false;
        match (&mut self.term, sent.purpose) {
            (Some(term), Purpose::Renew) => {
                term.until = until;
                term.token = record.token;
            }
            _ => {
                self.term = Some(Term {
                    // I9: what the write put into the record.
                    token: record.token,
                    uid: record.uid.clone(),
                    transitions: record.transitions,
                    since: sent.at,
                    until,
                });
            }
        }
        self.believes = may_lead && now < self.bounded(until);
        Some(sent)
    }

    /// A write is known not to have landed.
    pub(crate) fn refuse(&mut self, serial: u64) {
        self.sent.retain(|sent| sent.serial != serial);
    }

    /// The lock was read at a version at which these writes can no longer land.
    pub(crate) fn settle(&mut self, version: Option<&Version>) {
        self.sent.retain(|sent| match (&sent.base, version) {
            (Base::Replace(base), Some(version)) => base == version,
            (Base::Replace(_), None) => false,
            (Base::Create, version) => version.is_none(),
        });
    }

    /// Somebody else's record was seen. True if belief ended by it.
    pub(crate) fn lose(&mut self, now: Moment) -> bool {
        self.term = None;
        self.version = None;
        self.stop_believing(now)
    }

    /// Belief ends, the record stays mine until it is released or lost (I6). True if it ended now.
    pub(crate) fn stop_believing(&mut self, now: Moment) -> bool {
        if self.believes {
            self.ended = Some(now);
        }
        std::mem::take(&mut self.believes)
    }

    /// True if the renew deadline has just passed.
    pub(crate) fn lapse(&mut self, now: Moment) -> bool {
        let until = self.believed().and_then(|_| self.until());
        // The process may have slept since.
        until.filter(|until| now >= *until).is_some_and(|until| self.stop_believing(until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::{Mark, Token};
    use crate::request::Requests;

    const DEADLINE: Duration = Duration::from_secs(10);

    fn at(ms: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(ms)
    }

    fn me() -> Incarnation {
        Incarnation { site: "here".to_owned(), nonce: "1".to_owned(), home: None }
    }

    fn sent(serial: u64, purpose: Purpose, sent: Moment) -> Sent {
        Sent { serial, purpose, at: sent, deadline: DEADLINE, base: Base::Create }
    }

    /// What the write of that serial leaves, under that version.
    fn record(serial: u64, version: &str) -> Record {
        Record {
            version: Version(version.to_owned()),
            uid: "uid".to_owned(),
            holder: Some("a".to_owned()),
            duration: Some(Duration::from_secs(15)),
            transitions: 0,
            token: Token(serial),
            mark: Some(Mark { incarnation: me(), serial, base: None }),
            released: false,
            times: String::new(),
            successor: None,
            requests: Requests::default(),
        }
    }

    /// A claim whose first write was sent at 0 and answered.
    fn leading() -> Claim {
        let mut claim = Claim::default();
        claim.send(sent(1, Purpose::Acquire, at(0)));
        claim.confirm(at(5), &record(1, "10"), Landed::Answered, true).unwrap();
        claim
    }

    /// I6: the outer lock may turn out to have been over for a while; the drain counts from when it is seen.
    #[test]
    fn the_end_of_the_outer_lock_is_not_dated_back() {
        let mut claim = Claim::default();
        claim.bound_by(at(100), at(300));
        assert_eq!(claim.bound, Some(at(300)));
        claim.bound_by(at(200), at(150));
        assert_eq!(claim.bound, Some(at(200)));
        for outer in [150, 250] {
            claim.bound_by(at(250), at(outer));
            assert_eq!(claim.bound, Some(at(200)), "nor moved on");
        }
    }

    /// I14: at its deadline a write gives no belief any more, and others may have led.
    #[test]
    fn a_write_is_known_by_its_mark_until_its_deadline() {
        let mut claim = Claim::default();
        claim.send(sent(1, Purpose::Acquire, at(0)));
        let wrote = |claim: &Claim, now| claim.wrote(now, &record(1, "10"), "a", &me());
        assert!(wrote(&claim, at(9_999)));
        assert!(!wrote(&claim, at(10_000)));
        claim.send(sent(2, Purpose::Release, at(1)));
        assert!(!wrote(&claim, at(2)), "it may have been released, and others may lead");
    }

    /// I14: another version of the own record is its own while nobody else can have led.
    #[test]
    fn another_version_of_the_own_record_is_adopted_until_the_deadline() {
        for (now, next, adopted) in
            [(9_999, false, true), (10_000, false, false), (10_000, true, true)]
        {
            let mut claim = leading();
            claim.adopt(at(now), &record(1, "11"), &me(), next);
            assert_eq!(claim.stands_at(&Version("11".to_owned())), adopted, "{now} {next}");
        }
    }

    /// I14: nor is another process's with the serial of the own one, or an earlier one of its own.
    #[test]
    fn another_record_is_not_adopted() {
        let another = Incarnation { nonce: "2".to_owned(), ..me() };
        let mark = Some(Mark { incarnation: another, serial: 1, base: None });
        for record in [Record { mark, ..record(1, "11") }, record(0, "11")] {
            let mut claim = leading();
            claim.adopt(at(6), &record, &me(), true);
            assert!(claim.stands_at(&Version("10".to_owned())), "{record:?}");
        }
    }

    /// I1, I14: an answer names the write's own version whenever it comes; a record that is found after the
    /// write's deadline may have been put back over a successor's.
    #[test]
    fn a_write_that_is_found_after_its_deadline_continues_no_term() {
        for (now, landed, believed, continued) in [
            (9_999, Landed::Answered, true, true),
            (10_000, Landed::Answered, false, true),
            (9_999, Landed::Found, true, true),
            (10_000, Landed::Found, false, false),
        ] {
            let mut claim = Claim::default();
            claim.send(sent(1, Purpose::Acquire, at(0)));
            let confirmed = claim.confirm(at(now), &record(1, "10"), landed, true);
            assert_eq!(confirmed.unwrap().serial, 1);
            let got = (claim.believed().is_some(), claim.term().is_some());
            assert_eq!(got, (believed, continued), "{now} {landed:?}");
        }
    }

    /// The compare-and-swap lets one write of several through.
    #[test]
    fn an_answer_settles_the_write_and_all_before_it() {
        let mut claim = Claim::default();
        (1..=3).for_each(|serial| claim.send(sent(serial, Purpose::Acquire, at(serial))));
        claim.confirm(at(5), &record(2, "10"), Landed::Answered, true).unwrap();
        let left: Vec<_> = claim.sent.iter().map(|sent| sent.serial).collect();
        assert_eq!(left, [3]);
        assert_eq!(claim.confirm(at(6), &record(1, "10"), Landed::Found, true), None);
    }
}
