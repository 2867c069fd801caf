//! The rule: a function of the input, with no state but the memory that it hands on.

use hotseat_policy::{Decision, Input, Observation, Seat, outcome};

use crate::memory::Memory;

/// Three of four standbys that see a release at the same instant campaign at once, and the others
/// within this many milliseconds, each at its own moment, so that most of those see the new holder
/// before they write in vain.
const JITTER_MS: u64 = 20;

/// What the standard policy does.
pub(crate) fn decide(input: &Input) -> Decision {
    let seen = &input.observation;
    let moment = Moment {
        uptime: seen.uptime,
        retry: input.timing.retry_period,
        entropy: input.entropy,
        memory: Memory::read(&input.memory),
    };
    if seen.is_stopping() {
        return Decision::resign().wake_after(moment.retry).because("stopping");
    }
    if seen.leads() {
        return lead(seen, &moment);
    }
    let Some(seat) = seen.seat() else {
        return Decision::wait_for(moment.retry).because("the lock was not read yet");
    };
    if seat.free_in > 0 {
        return stand_by(seat, &moment);
    }
    follow(seen, seat, &moment)
}

/// What the rule needs of the input besides the observation.
struct Moment {
    uptime: u64,
    retry: u64,
    entropy: u64,
    memory: Memory,
}

impl Moment {
    /// No time at all, or for one in four milliseconds from 1 to 20, by chance. How many standbys there
    /// are is not known: a single one is likely to go at once, and of a hundred not all do.
    fn jitter(&self) -> u64 {
        match self.entropy % 4 {
            3 => 1 + self.entropy / 4 % JITTER_MS,
            _ => 0,
        }
    }

    /// client-go's retry: the period and up to 1.2 of it more, by chance.
    fn backoff(&self) -> u64 {
        let jitter = self.retry.saturating_mul(6) / 5;
        let share = (self.entropy >> 32) % 1_024;
        self.retry.saturating_add(jitter.saturating_mul(share) / 1_024)
    }

    /// A quarter to half of the retry period, by chance.
    fn quarter(&self) -> u64 {
        let quarter = (self.retry / 4).max(1);
        quarter.saturating_add(self.entropy % quarter)
    }

    /// The uptime so many milliseconds from now.
    fn after(&self, ms: u64) -> u64 {
        self.uptime.saturating_add(ms)
    }

    /// Waits until a moment that is remembered already.
    fn keep_waiting(&self, due: u64, reason: &str) -> Decision {
        Decision::wait_for(due.saturating_sub(self.uptime))
            .because(reason)
            .remember(self.memory.write())
    }

    /// Waits, and remembers when the jitter ends.
    fn wait_for_jitter(&self, ms: u64, reason: &str) -> Decision {
        Decision::wait_for(ms).because(reason).remember(Memory::Jitter(self.after(ms)).write())
    }

    fn renew(&self, reason: &str) -> Decision {
        Decision::renew()
            .wake_after(self.retry)
            .because(reason)
            .remember(Memory::Renewal(self.after(self.quarter())).write())
    }

    fn campaign(&self, reason: &str) -> Decision {
        let backoff = self.backoff();
        Decision::campaign()
            .wake_after(backoff)
            .because(reason)
            .remember(Memory::Campaign(self.after(backoff)).write())
    }
}

/// A leader renews each retry period, and sooner after a failure.
fn lead(seen: &Observation, moment: &Moment) -> Decision {
    if seen.attempts.failures == 0 {
        let since = seen.attempts.since_success.unwrap_or(moment.retry);
        return match moment.retry.saturating_sub(since) {
            0 => moment.renew("renewal is due"),
            left => Decision::wait_for(left).because("renewed recently"),
        };
    }
    match moment.memory {
        Memory::Renewal(due) if due <= moment.uptime => moment.renew("retrying a failed renewal"),
        Memory::Renewal(due) => moment.keep_waiting(due, "a renewal failed"),
        _ => {
            let quarter = moment.quarter();
            Decision::wait_for(quarter)
                .because("a renewal failed")
                .remember(Memory::Renewal(moment.after(quarter)).write())
        }
    }
}

/// A standby of a seat that is not free wakes when it will be, at a moment of its own.
fn stand_by(seat: &Seat, moment: &Moment) -> Decision {
    let reason = match seat.holder {
        Some(_) => "the seat is taken",
        None => "the last holder may still believe",
    };
    moment.wait_for_jitter(seat.free_in.saturating_add(moment.jitter()), reason)
}

/// A standby of a free seat takes it, after its successor if one is named, and after its jitter.
fn follow(seen: &Observation, seat: &Seat, moment: &Moment) -> Decision {
    let named = seat.successor.as_ref().map(|name| *name == seen.identity);
    if named == Some(false) && seat.age < moment.retry {
        let left = (moment.retry - seat.age).saturating_add(moment.jitter());
        return moment.wait_for_jitter(left, "the seat is left to its successor");
    }
    // A conflict is no reason to back off: the winner's write is on its way through the watch.
    let failed = seen.attempts.failures > 0 && seen.attempts.last != outcome::CONFLICT;
    match moment.memory {
        Memory::Campaign(due) if failed && due > moment.uptime => {
            moment.keep_waiting(due, "a campaign failed")
        }
        _ if named == Some(true) => moment.campaign("named as the successor"),
        Memory::Jitter(due) if due <= moment.uptime => moment.campaign("the seat is free"),
        Memory::Jitter(due) if due - moment.uptime <= JITTER_MS => {
            moment.keep_waiting(due, "waits a random delay for the free seat")
        }
        Memory::Campaign(_) if failed => moment.campaign("the seat is free"),
        _ => match moment.jitter() {
            0 => moment.campaign("the seat is free"),
            jitter => moment.wait_for_jitter(jitter, "waits a random delay for the free seat"),
        },
    }
}
