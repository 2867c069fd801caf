//! The lock as it stands in the embedded API server: who holds it, and how often it was renewed.

use hotseat_core::time::Moment;
use serde_json::Value;
use std::time::Duration;

/// What was seen of the lock so far.
#[derive(Debug, Default)]
pub struct Lock {
    last: Option<Record>,
    heartbeats: u64,
    beat: Option<Moment>,
}

/// One content of the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    holder: String,
    acquired: String,
    renewed: String,
    duration: Duration,
    seen: Moment,
}

impl Lock {
    /// Takes the Lease into account as it stands at `now`; nothing if there is none.
    pub fn see(&mut self, lease: Option<&Value>, now: Moment) {
        let Some(lease) = lease else {
            self.last = None;
            return;
        };
        let text = |field: &str| lease["spec"][field].as_str().unwrap_or_default().to_owned();
        let next = Record {
            holder: text("holderIdentity"),
            acquired: text("acquireTime"),
            renewed: text("renewTime"),
            duration: lease["spec"]["leaseDurationSeconds"]
                .as_u64()
                .map_or(Duration::ZERO, Duration::from_secs),
            seen: now,
        };
        match &self.last {
            Some(last) if last.renewed == next.renewed && last.holder == next.holder => return,
            Some(last)
                if last.holder == next.holder
                    && last.acquired == next.acquired
                    && !next.holder.is_empty() =>
            {
                self.heartbeats += 1;
                self.beat = Some(now);
            }
            _ => {}
        }
        self.last = Some(next);
    }

    /// How often a holder renewed.
    pub fn heartbeats(&self) -> u64 {
        self.heartbeats
    }

    /// When a holder last renewed.
    pub fn last_beat(&self) -> Option<Moment> {
        self.beat
    }

    /// Who holds it; none if it is vacant or not there.
    pub fn holder(&self) -> Option<&str> {
        self.last.as_ref().map(|sight| sight.holder.as_str()).filter(|name| !name.is_empty())
    }

    /// How long after `now` it expires unless it is renewed; zero if it has or nobody holds it.
    pub fn expires_in(&self, now: Moment) -> Duration {
        match (&self.last, self.holder()) {
            (Some(sight), Some(_)) => (sight.seen + sight.duration).since(now),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lease(holder: &str, acquired: &str, renewed: &str) -> Value {
        json!({"spec": {
            "holderIdentity": holder, "acquireTime": acquired, "renewTime": renewed,
            "leaseDurationSeconds": 4,
        }})
    }

    #[test]
    fn only_renewals_are_heartbeats() {
        let mut lock = Lock::default();
        let at = Moment::from_millis;
        lock.see(None, at(0));
        lock.see(Some(&lease("anna", "1", "1")), at(100));
        assert_eq!((lock.heartbeats(), lock.last_beat()), (0, None));
        lock.see(Some(&lease("anna", "1", "2")), at(700));
        // A label changed, or a wake-up without a change.
        lock.see(Some(&lease("anna", "1", "2")), at(900));
        assert_eq!((lock.heartbeats(), lock.last_beat()), (1, Some(at(700))));
        assert_eq!(lock.holder(), Some("anna"));
        assert_eq!(lock.expires_in(at(1700)), Duration::from_secs(3));
        assert_eq!(lock.expires_in(at(9000)), Duration::ZERO);
        // Given up, taken by another.
        lock.see(Some(&lease("", "1", "3")), at(1800));
        assert_eq!((lock.holder(), lock.expires_in(at(1800))), (None, Duration::ZERO));
        lock.see(Some(&lease("ben", "4", "4")), at(1900));
        assert_eq!(lock.heartbeats(), 1);
    }
}
