//! What is explored.

use crate::hands::{Budget, Fault};
use hotseat_core::config::Timing;
use std::time::Duration;

/// What the policy may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It campaigns whenever it is asked.
    Campaigns,
    /// Anything: at each question all answers are tried, to wait, to resign and to resign in favour of
    /// another among them, each as often as it is asked.
    Any,
}

/// What is explored: all that follows from these.
#[derive(Clone, Debug)]
pub struct Setting {
    /// For people.
    pub name: String,
    /// How many, at most 3.
    pub candidates: u8,
    /// The same for all. Whole ticks.
    pub timing: Timing,
    /// How long one step of time is. At least half a retry period.
    pub tick: Duration,
    /// What the policies answer.
    pub policy: Policy,
    /// Lease durations that a policy may choose, in milliseconds, besides the operator's.
    pub leases: Vec<u64>,
    /// How often each fault may happen.
    pub budget: Budget,
    /// How many changes a watch may be behind.
    pub history: usize,
    /// How many writes of one candidate may be on their way, or of unknown outcome.
    pub writes: usize,
    /// A read may be answered with what was there a while ago.
    pub late_reads: bool,
    /// Watches may begin anew at any time. If not, only after they have ended: those that fell behind,
    /// and all when the store is restored.
    pub relists: bool,
    /// A write that is waited for is answered as soon as it reaches the store, and one that was given up
    /// is not. Otherwise any answer comes whenever it may.
    pub prompt: bool,
    /// A write may be given up for lost. If not, it is late, or waited for: for a quick look.
    pub lost_writes: bool,
    /// The same for reads.
    pub lost_reads: bool,
    /// Fencing tokens are looked at.
    pub tokens: bool,
    /// Tokens are raised to a wall clock that goes on. Without, it stands still, and tokens grow only
    /// by what candidates saw: right as long as no token is lost with the object.
    pub wall_clock: bool,
    /// Promises are looked at one by one, not only by what comes of them.
    pub promises: bool,
    /// How often a candidate may hand over as somebody asks. Time does not give it more.
    pub transfers: u8,
    /// The ends of processes are reported (I15). If not, their leases are waited out.
    pub deaths: bool,
    /// Hands touch the lock only after all candidates have seen it.
    pub after_all_met: bool,
    /// The search begins where the first candidate leads and the others have seen it.
    pub led: bool,
    /// From one in so many states it is checked that somebody leads again; 0: from none.
    pub liveness: u64,
}

impl Setting {
    /// Two candidates with a lease of `lease` ticks of one second, a deadline of `deadline`, and a
    /// heartbeat of one, with these faults, each once.
    pub fn new(lease: u64, deadline: u64, faults: &[Fault]) -> Self {
        let [lease, deadline, tick] = [lease, deadline, 1].map(Duration::from_secs);
        let mut timing = Timing::new(lease, deadline, tick);
        // Clocks that differ are a fault of their own.
        timing.clock_error_ppm = 0;
        let words: Vec<&str> = faults.iter().map(|fault| fault.word()).collect();
        Setting {
            name: if words.is_empty() { "no fault".to_owned() } else { words.join(" + ") },
            candidates: 2,
            timing,
            tick,
            policy: Policy::Campaigns,
            leases: Vec::new(),
            budget: Budget::of(faults),
            history: 1,
            writes: 1,
            late_reads: false,
            relists: false,
            prompt: false,
            lost_writes: true,
            lost_reads: true,
            tokens: true,
            wall_clock: faults.iter().any(|fault| Fault::LOSE_TOKENS.contains(fault)),
            promises: true,
            transfers: 1,
            deaths: false,
            after_all_met: false,
            led: false,
            liveness: 16,
        }
    }

    /// A setting in words, as on the command line: faults by their words, each once or `=` so often,
    /// and `candidates=3`, `timing=5/3/1`, `longest=6`, `lease=4`, `reaction=1`, `any`, `late`,
    /// `relists`, `history=2`, `writes=2`, `transfers=0`, `deaths`, `met`, `led`, `prompt`, `lost-writes=0`, `lost-reads=0`, `tokens=0`, `promises=0`, `clock`, `live=0`.
    ///
    /// # Errors
    ///
    /// The word that means nothing, or the timing's own complaint.
    pub fn parse(words: &str) -> Result<Setting, String> {
        let mut setting = Setting::new(3, 2, &[]);
        let mut faults = Vec::new();
        let mut clock = None;
        for word in words.split_whitespace() {
            let (key, value) = word.split_once('=').unwrap_or((word, "1"));
            let wrong = || format!("{word}: no such word, or no such number");
            if key == "timing" {
                let numbers: Vec<u64> = value.split('/').flat_map(str::parse).collect();
                let [lease, deadline, 1] = numbers[..] else { return Err(wrong()) };
                setting.timing = Setting::new(lease, deadline, &[]).timing;
                continue;
            }
            let number: u64 = value.parse().map_err(|_| wrong())?;
            match Fault::named(key) {
                Some(fault) => faults.extend((0..number).map(|_| fault)),
                None if key == "clock" => clock = Some(number > 0),
                None => setting.set(key, number).ok_or_else(wrong)?,
            }
        }
        if faults.contains(&Fault::Restore) && !setting.promises {
            return Err("restore wants promises: what passed since the last one says when a store may be restored".to_owned());
        }
        if faults.contains(&Fault::Replace) {
            // Two changes at once: a watch that can be only one behind would never tell of them.
            setting.history = setting.history.max(2);
        }
        let lose = |fault: &Fault| Fault::LOSE_TOKENS.contains(fault);
        setting.wall_clock = clock.unwrap_or_else(|| faults.iter().any(lose));
        setting.budget = Budget::of(&faults);
        setting.name = words.to_owned();
        setting.timing.check().map_err(|why| why.to_string())?;
        Ok(setting)
    }

    /// None if there is no such word.
    fn set(&mut self, key: &str, number: u64) -> Option<()> {
        let length = Duration::from_secs(number);
        match key {
            "candidates" => self.candidates = u8::try_from(number).ok()?.clamp(1, 3),
            "any" => self.policy = Policy::Any,
            "lease" => self.leases.push(number * 1000),
            "longest" => self.timing.longest_lease = length,
            "shortest" => self.timing.shortest_lease = length,
            "reaction" => self.timing.reaction = length,
            "rho" => self.timing.clock_error_ppm = u32::try_from(number).ok()?,
            "history" => self.history = usize::try_from(number).ok()?,
            "writes" => self.writes = usize::try_from(number).ok()?,
            "late" => self.late_reads = number > 0,
            "relists" => self.relists = number > 0,
            "prompt" => self.prompt = number > 0,
            "lost-writes" => self.lost_writes = number > 0,
            "lost-reads" => self.lost_reads = number > 0,
            "tokens" => self.tokens = number > 0,
            "promises" => self.promises = number > 0,
            "deaths" => self.deaths = number > 0,
            "transfers" => self.transfers = u8::try_from(number).ok()?,
            "met" => self.after_all_met = number > 0,
            "led" => self.led = number > 0,
            "live" => self.liveness = number,
            _ => return None,
        }
        Some(())
    }

    /// The longest lease of the election, in seconds.
    pub fn longest(&self) -> u16 {
        u16::try_from(self.timing.longest_lease.as_secs()).unwrap_or(u16::MAX)
    }

    /// How many whole ticks a length has.
    pub fn ticks(&self, length: Duration) -> u8 {
        u8::try_from(length.as_nanos().div_ceil(self.tick.as_nanos().max(1))).unwrap_or(u8::MAX)
    }

    /// For how many whole ticks a lease is promised: others wait it out by clocks that may be fast (I2).
    pub fn promised_ticks(&self, lease: Duration) -> u8 {
        let rate = 1_000_000 + u128::from(self.timing.clock_error_ppm);
        let shortest = lease.as_nanos() * 1_000_000 / rate;
        u8::try_from(shortest / self.tick.as_nanos().max(1)).unwrap_or(u8::MAX)
    }
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Timing { lease_duration, renew_deadline, retry_period, reaction, .. } = &self.timing;
        let seconds = |length: &Duration| length.as_secs_f64();
        write!(
            f,
            "{} candidates at {}/{}/{}",
            self.candidates,
            seconds(lease_duration),
            seconds(renew_deadline),
            seconds(retry_period)
        )?;
        if !reaction.is_zero() {
            write!(f, " S {}", seconds(reaction))?;
        }
        write!(f, ": {}", if self.name.is_empty() { "no fault" } else { &self.name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_not_restored_while_promises_are_not_looked_at() {
        assert!(Setting::parse("restore promises=0").unwrap_err().contains("wants promises"));
        assert!(Setting::parse("restore").is_ok() && Setting::parse("crash promises=0").is_ok());
    }
}
