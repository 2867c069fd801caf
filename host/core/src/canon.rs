//! The canonical form of an elector, for a search through all states that can be reached.
//!
//! Time goes on for ever and versions only grow, so that no state would ever come back. But an
//! elector only asks how long ago something was, up to the longest time that it waits for, and
//! whether one version is newer than another. So a search keeps `now` at [`NOW`], moves all moments
//! back instead ([`crate::elector::Elector::pass`]), and gives versions, times and serials new
//! names ([`Names`]): states that no event can ever tell apart become equal, and the search ends.
//!
//! Nothing here is part of the election. Each step takes a structure apart field by field, so that
//! a new field does not compile before somebody has said what becomes of it.

use crate::lock::{Incarnation, Lock, Mark, Record, Token, Version};
use crate::time::Moment;
use std::time::Duration;

/// The moment that it always is in a search: far enough from the origin of the clock.
pub const NOW: Moment = Moment::from_secs(1000);

/// New names for what is only compared.
pub trait Names {
    /// A version of an object, which is compared with others for order.
    fn version(&mut self, version: &mut Version);
    /// The base of a write, which is only compared for equality.
    fn base(&mut self, version: &mut Version);
    /// A fencing token, which is compared with others for order.
    fn token(&mut self, token: &mut Token);
    /// The times in a record, which are only compared for equality.
    fn times(&mut self, times: &mut String);
    /// The serial of a write, which is compared with others of the same process.
    fn serial(&mut self, of: &Incarnation, serial: &mut u64);
}

/// Gives the parts of a record new names.
pub fn rename_record(record: &mut Record, names: &mut impl Names) {
    names.version(&mut record.version);
    names.times(&mut record.times);
    names.token(&mut record.token);
    if let Some(Mark { incarnation, serial, base }) = &mut record.mark {
        names.serial(incarnation, serial);
        if let Some(base) = base {
            names.base(base);
        }
    }
}

/// Gives the parts of a lock new names.
pub fn rename_lock(lock: &mut Lock, names: &mut impl Names) {
    match lock {
        Lock::Present(record) => rename_record(record, names),
        Lock::Absent(Some(version)) => names.version(version),
        Lock::Absent(None) => {}
    }
}

/// Moves a moment back by `passed`. One that is `longest` or more ago is past for whatever waits
/// that long after it, so all of those are made the same.
pub(crate) fn pass(moment: &mut Moment, passed: Duration, longest: Duration) {
    if *moment != Moment::NEVER {
        *moment = (*moment - passed).max(NOW - longest);
    }
}
