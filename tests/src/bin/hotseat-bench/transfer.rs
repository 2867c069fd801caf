//! How long it takes until another candidate leads because somebody asked for it.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use hotseat_tests::cluster::AuditRecord;
use hotseat_tests::process::{Launch, send};
use jiff::Timestamp;
use serde_json::Value;

use crate::arena::{Arena, Candidate, NAMESPACE, SETTLES_WITHIN};
use crate::follower::Follower;
use crate::pieces::Span;
use crate::probe::PACE;
use crate::stats::{Times, ms};
use crate::table::Row;

/// The election.
const NAME: &str = "transfer";
/// How many times a plain hand-over it may take.
const RATIO: f64 = 2.0;
/// A candidate is put on the roster at once, and anew seconds after it has become ready.
const ON_THE_ROSTER_WITHIN: Duration = Duration::from_secs(60);

/// Three candidates that are ready, as all of them see on the roster, and their leader.
pub(crate) struct Transfers<'a> {
    arena: &'a Arena,
    candidates: Vec<Candidate>,
}

impl<'a> Transfers<'a> {
    /// Starts them, by an account that may keep the roster.
    ///
    /// # Errors
    ///
    /// They do not come so far.
    pub(crate) fn new(arena: &'a Arena) -> anyhow::Result<Transfers<'a>> {
        let start = |number| {
            let launch = arena.launch(NAME, &id(number), "127.0.0.1:0")?;
            let flags = ["--roster", "--preemptions-per-hour", "1000"];
            let candidate = Candidate::settle(launch.args(flags))?;
            let put = send(candidate.process.http_addr(), "PUT", "/v1/ready", "true")?;
            ensure!(put.status == 200, "PUT /v1/ready is answered {}", put.status);
            Ok(candidate)
        };
        let candidates = (0..3).map(start).collect::<anyhow::Result<Vec<_>>>()?;
        let mut transfers = Transfers { arena, candidates };
        transfers.wait_until_ready()?;
        Ok(transfers)
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let begun = std::time::Instant::now();
        for candidate in &mut self.candidates {
            loop {
                let roster: Value = serde_json::from_slice(&candidate.probe.get("/v1/roster")?)?;
                let all = roster["candidates"].as_array().map_or(&[][..], Vec::as_slice);
                if all.len() == 3 && all.iter().all(|one| one["ready"] == true) {
                    break;
                }
                if begun.elapsed() > ON_THE_ROSTER_WITHIN {
                    bail!("the candidates are not ready on the roster: {roster}");
                }
                std::thread::sleep(PACE * 50);
            }
        }
        Ok(())
    }

    /// Asks by `hotseat transfer` for the next one to lead. The time is from the start of that program
    /// to the new leader's own 4040 naming itself.
    ///
    /// # Errors
    ///
    /// Nobody leads, or the other one does not come to.
    pub(crate) fn hand_over(&mut self) -> anyhow::Result<Span> {
        let mut leader = None;
        for (number, candidate) in self.candidates.iter_mut().enumerate() {
            if candidate.probe.leader()?.leads {
                leader = Some(number);
            }
        }
        let leader = leader.context("no candidate for a transfer leads")?;
        let next = (leader + 1) % self.candidates.len();
        let follower = Follower::begin(self.candidates[next].process.http_addr())?;
        let mut program = Launch::hotseat()?
            .args(["transfer", NAME, "--namespace", NAMESPACE, "--any-name", "--to", &id(next)])
            .kubeconfig(self.arena.kubeconfig())
            .start()?;
        let (started, begun) = (program.started(), Timestamp::now() - program.started().elapsed());
        let at = follower.leads(SETTLES_WITHIN).with_context(|| program.to_string())?;
        let status = program.wait_exit(SETTLES_WITHIN);
        ensure!(status.success(), "the transfer ended with {status}; {program}");
        Ok(Span { begun, took: at - started })
    }
}

fn id(number: usize) -> String {
    format!("{NAME}-{number}")
}

/// What they took, beside a plain hand-over in the same rounds. A plain one begins with the signal, and
/// so a transfer begins here when the API server has the request for it; what the person's own program
/// takes before is said beside it.
///
/// # Errors
///
/// The log does not have a request for each.
pub(crate) fn rows(
    log: &[AuditRecord],
    spans: &[Span],
    plain: Duration,
) -> anyhow::Result<Vec<Row>> {
    let after = spans.iter().map(|span| after_request(log, span)).collect::<anyhow::Result<_>>()?;
    let (after, whole) =
        (Times::new(after), Times::new(spans.iter().map(|one| one.took).collect()));
    let (p50, max) = (after.percentile(50), after.max());
    let ratio = p50.as_secs_f64() / plain.as_secs_f64();
    let measured = format!(
        "{ratio:.2} times {}; p50 {}, max {} of {} from the request at the server, \
         p50 {} with the program that asks",
        ms(plain),
        ms(p50),
        ms(max),
        after.count(),
        ms(whole.percentile(50)),
    );
    let figure = "transfer to a ready candidate beside a graceful hand-over";
    Ok(vec![Row::barred(figure, measured, "at most twice", ratio <= RATIO)])
}

/// From the moment at which the server had the request to the end.
fn after_request(log: &[AuditRecord], span: &Span) -> anyhow::Result<Duration> {
    let ended = span.begun + span.took;
    let asked: Vec<Timestamp> = log
        .iter()
        .filter(|record| record.resource == "leases" && record.name == NAME && record.code == 200)
        .filter(|record| ["update", "patch"].contains(&record.verb.as_str()))
        .filter(|record| record.user_agent.ends_with("(people)"))
        .map(|record| record.received)
        .filter(|received| (span.begun..=ended).contains(received))
        .collect();
    let [asked] = asked[..] else {
        bail!("a transfer has {} requests in the audit log", asked.len());
    };
    Duration::try_from(ended.duration_since(asked)).context("a clock was set back")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(ms: i64, agent: &str, code: u16) -> AuditRecord {
        let received = Timestamp::from_millisecond(ms).unwrap();
        AuditRecord {
            verb: "update".into(),
            resource: "leases".into(),
            namespace: NAMESPACE.into(),
            name: NAME.into(),
            user: "u".into(),
            user_agent: agent.into(),
            code,
            received,
            stage_timestamp: received,
        }
    }

    #[test]
    fn a_transfer_begins_with_the_request_that_was_taken() {
        let (person, leader) = ("hotseat/1 (people)", "hotseat/1 (transfer-0)");
        let log = [
            update(900, person, 200),
            update(1030, person, 409),
            update(1035, person, 200),
            update(1040, leader, 200),
        ];
        let begun = Timestamp::from_millisecond(1000).unwrap();
        let span = Span { begun, took: Duration::from_millis(50) };
        assert_eq!(after_request(&log, &span).unwrap(), Duration::from_millis(15));
        assert!(after_request(&log[..2], &span).is_err(), "nobody asked");
        let row = rows(&log, &[span], Duration::from_millis(10)).unwrap();
        let mut table = crate::table::Table::new(String::new(), "");
        table.take("", || Ok(row));
        let text = table.to_string();
        assert!(text.contains("1.50 times 10 ms; p50 15 ms, max 15 ms of 1"), "{text}");
        assert!(text.contains("p50 50 ms with the program") && text.contains("| met |"), "{text}");
    }
}
