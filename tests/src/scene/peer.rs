//! A candidate that is not a Hotseat: the program of `tests/peers`.

use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;

use super::{Api, Belief, ELECTION};
use crate::process::{Hotseat, Launch, Signal, Stream};
use crate::setup;

/// Such a candidate; it is killed on drop.
#[derive(Debug)]
pub struct Peer {
    name: String,
    lease: Duration,
    /// The process.
    pub process: Hotseat,
    clock: Clock,
}

/// A line that it printed.
#[derive(Debug, Deserialize)]
struct Line {
    event: String,
    at: u64,
    #[serde(default)]
    sent: u64,
}

/// The same moment by the boot-time clock and by this process's own.
#[derive(Debug, Clone, Copy)]
struct Clock {
    boot: u64,
    here: Instant,
}

impl Clock {
    fn now() -> Clock {
        let (now, here) = (clock_gettime(ClockId::Boottime), Instant::now());
        let nanos = now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs();
        Clock { boot: nanos, here }
    }

    fn instant(self, boot: u64) -> Instant {
        match boot.checked_sub(self.boot) {
            Some(later) => self.here + Duration::from_nanos(later),
            None => self.here - Duration::from_nanos(self.boot - boot),
        }
    }
}

impl Peer {
    /// Starts one, `client-go` or `image`, with client-go's word for its lock and these lengths of
    /// the lease, of the deadline and of the pace in milliseconds.
    ///
    /// # Errors
    ///
    /// When it cannot be built or started.
    pub fn start(
        api: &Api,
        name: &str,
        kind: &str,
        lock: &str,
        millis: [u64; 3],
    ) -> anyhow::Result<Peer> {
        let program = setup::run("peers.sh", &[]).context("the candidates of tests/peers")?;
        let [lease, deadline, retry] = millis;
        let clock = Clock::now();
        let process = Launch::program(program)
            .args([format!("--kind={kind}"), format!("--lock={lock}"), format!("--id={name}")])
            .args([
                format!("--election={ELECTION}"),
                format!("--namespace={}", api.namespace()),
                format!("--lease-duration={lease}ms"),
                format!("--renew-deadline={deadline}ms"),
                format!("--retry-period={retry}ms"),
            ])
            .kubeconfig(api.kubeconfig())
            .start()?;
        let lease = Duration::from_millis(lease);
        Ok(Peer { name: name.to_owned(), lease, process, clock })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it believes now, by its last word.
    #[must_use]
    pub fn leads(&self) -> bool {
        let said = self.lines();
        let last = said.iter().rev().find(|said| said.event != "wrote");
        last.is_some_and(|last| last.event == "began")
    }

    /// Ends it by this signal, and gives the times in which it believed.
    ///
    /// # Errors
    ///
    /// When it has ended before.
    pub fn end(mut self, signal: Signal) -> anyhow::Result<Vec<Belief>> {
        let asked = Instant::now();
        self.process.signal(signal)?;
        self.process.wait_exit(super::SOON);
        Ok(self.beliefs(asked))
    }

    /// The times in which it believed, until it was asked to end. A leader that was stopped for
    /// longer than its lease, as on a busy machine, believes on by its own word; that is a limit of
    /// electors that look at no clock, and of no concern to the others, who waited the lease out.
    fn beliefs(&self, asked: Instant) -> Vec<Belief> {
        let mut beliefs = Vec::new();
        let mut open: Option<(Instant, Instant)> = None;
        let mut wrote = None;
        let close = |(from, wrote): (Instant, Instant), at: Instant| Belief {
            name: self.name.clone(),
            from,
            until: at.min(wrote + self.lease).max(from),
        };
        for said in self.lines() {
            let at = self.clock.instant(said.at);
            match said.event.as_str() {
                "wrote" => {
                    let sent = self.clock.instant(said.sent);
                    wrote = Some(sent);
                    if let Some((_, last)) = &mut open {
                        *last = sent;
                    }
                }
                "began" => open = Some((at, wrote.unwrap_or(at))),
                _ => beliefs.extend(open.take().map(|open| close(open, at))),
            }
        }
        beliefs.extend(open.map(|open| close(open, asked)));
        beliefs
    }

    fn lines(&self) -> Vec<Line> {
        let lines = self.process.output(Stream::Stdout);
        lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
