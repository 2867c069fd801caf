//! How long the seat is without a leader: after SIGTERM, and after SIGKILL.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use hotseat_tests::cluster::{Caller, Cluster};
use hotseat_tests::process::Signal;
use jiff::Timestamp;

use crate::arena::{Arena, Candidate, SETTLES_WITHIN};
use crate::follower::Follower;
use crate::pieces::{Pieces, Span};
use crate::probe::Answer;
use crate::raw::{self, Raw};
use crate::stats::{Times, ms};
use crate::table::Row;
use crate::transfer::{self, Transfers};

/// The election that is handed over.
const HAND_OVER: &str = "hand-over";
const HAND_OVERS: usize = 40;
const LEASE: Duration = Duration::from_secs(15);
const HAND_OVER_MEDIAN: Duration = Duration::from_millis(50);
const HAND_OVER_MAX: Duration = Duration::from_millis(250);
/// How many times the raw limit a hand-over may take.
const HAND_OVER_RATIO: f64 = 1.5;
/// How much later than the lease's end the next leader may be there.
const CRASH_SLACK: Duration = Duration::from_millis(150);
const EXITS_WITHIN: Duration = Duration::from_secs(10);
/// A renewal that the dead leader had sent has reached the others after this.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// SIGTERM of the leader to the next leader's own 4040 naming itself; beside it what the API server
/// alone takes for that, and how long it takes where somebody asked for another leader. `publisher` may
/// keep the roster.
pub(crate) fn hand_over_rows(
    cluster: &Cluster,
    arena: &Arena,
    publisher: &Arena,
) -> anyhow::Result<Vec<Row>> {
    let begun = Timestamp::now();
    let all = Spans::measure(cluster, arena, publisher)?;
    let times = |spans: &[Span]| Times::new(spans.iter().map(|span| span.took).collect());
    let (ours, limit) = (times(&all.ours), times(&all.raw));
    let (p50, max) = (ours.percentile(50), ours.max());
    let measured = format!("p50 {}, max {} of {HAND_OVERS}", ms(p50), ms(max));
    let bar = "p50 at most 50 ms, max at most 250 ms";
    let met = p50 <= HAND_OVER_MEDIAN && max <= HAND_OVER_MAX;
    let whole = Row::barred("graceful hand-over, SIGTERM to next leader", measured, bar, met);

    let limit = limit.percentile(50);
    let ratio = p50.as_secs_f64() / limit.as_secs_f64();
    let measured = format!("{ratio:.2} times {}, the median of {}", ms(limit), all.raw.len());
    let bar = "at most 1.5 times";
    let met = ratio <= HAND_OVER_RATIO;
    let beside = Row::barred("graceful hand-over beside the raw limit", measured, bar, met);

    let log = cluster.requests(begun, Caller::Anyone)?;
    let ours = Pieces::new(&log, HAND_OVER, &all.ours)?.medians();
    let limit = Pieces::new(&log, raw::NAME, &all.raw)?.medians();
    let measured = format!("{ours}; of the raw limit {limit}");
    let figure = "the same in pieces: to the release at the server, to the claim there, to its end";
    let mut rows = vec![whole, beside, Row::printed(figure, measured)];
    rows.extend(transfer::rows(&log, &all.transfers, p50)?);
    Ok(rows)
}

/// Hand-overs of each kind, done in turn.
struct Spans {
    ours: Vec<Span>,
    raw: Vec<Span>,
    transfers: Vec<Span>,
}

impl Spans {
    fn measure(cluster: &Cluster, arena: &Arena, publisher: &Arena) -> anyhow::Result<Spans> {
        let mut transfers = Transfers::new(publisher)?;
        let mut raw = Raw::new(cluster, arena)?;
        let mut stage = Stage::new(arena, HAND_OVER)?;
        let mut all = Spans { ours: Vec::new(), raw: Vec::new(), transfers: Vec::new() };
        for round in 0..HAND_OVERS {
            // At various moments between two renewals, which are 2 s apart.
            thread::sleep(Duration::from_millis(round as u64 * 337 % 2000));
            all.raw.push(raw.hand_over()?);
            all.ours.push(stage.hand_over()?);
            all.raw.push(raw.hand_over()?);
            stage.refill()?;
            all.transfers.push(transfers.hand_over()?);
        }
        Ok(all)
    }
}

/// SIGKILL of the leader to the next leader, counted from when that one last heard a renewal.
pub(crate) fn crash_rows(arena: &Arena, crashes: usize) -> anyhow::Result<Vec<Row>> {
    let mut stage = Stage::new(arena, "crash")?;
    let (mut since_renewal, mut since_kill) = (Vec::new(), Vec::new());
    for _ in 0..crashes {
        let (before, mut leader) = stage.take_leader()?;
        let signal = || leader.process.signal(Signal::KILL);
        let (killed, taken) = next_leader(&stage.candidates, &before, signal)?;
        since_renewal.push(taken.at - taken.renewal);
        since_kill.push(taken.at - killed);
        drop(leader);
        stage.refill()?;
    }
    let (renewal, kill) = (Times::new(since_renewal), Times::new(since_kill));
    let measured = format!(
        "{} to {} after the last renewal, {} to {} after the kill, of {crashes}",
        ms(renewal.min()),
        ms(renewal.max()),
        ms(kill.min()),
        ms(kill.max())
    );
    let met = renewal.min() >= LEASE && renewal.max() <= LEASE + CRASH_SLACK;
    let bar = "15.000 s to 15.150 s after the last renewal";
    Ok(vec![Row::barred("crash, SIGKILL to next leader, lease 15 s", measured, bar, met)])
}

/// Three candidates with default timing, of which one is sometimes taken away.
struct Stage<'a> {
    arena: &'a Arena,
    election: &'a str,
    started: usize,
    candidates: Vec<Candidate>,
}

impl<'a> Stage<'a> {
    fn new(arena: &'a Arena, election: &'a str) -> anyhow::Result<Stage<'a>> {
        let mut stage = Stage { arena, election, started: 0, candidates: Vec::new() };
        for _ in 0..3 {
            stage.refill()?;
        }
        Ok(stage)
    }

    /// Has the leader hand over, which is gone then.
    fn hand_over(&mut self) -> anyhow::Result<Span> {
        let (before, mut leader) = self.take_leader()?;
        let mut begun = Timestamp::now();
        let signal = || {
            begun = Timestamp::now();
            leader.process.signal(Signal::TERM)
        };
        let (signalled, taken) = next_leader(&self.candidates, &before, signal)?;
        let status = leader.process.wait_exit(EXITS_WITHIN);
        if !status.success() {
            bail!("the leader ended with {status}; {}", leader.process);
        }
        Ok(Span { begun, took: taken.at - signalled })
    }

    /// Starts one more, under a name that was not there before.
    fn refill(&mut self) -> anyhow::Result<()> {
        let id = format!("{}-{}", self.election, self.started);
        self.started += 1;
        self.candidates.push(self.arena.candidate(self.election, &id)?);
        Ok(())
    }

    /// The leader's name, and the leader.
    fn take_leader(&mut self) -> anyhow::Result<(String, Candidate)> {
        for place in 0..self.candidates.len() {
            let answer = self.candidates[place].probe.leader()?;
            if answer.leads {
                return Ok((answer.name, self.candidates.remove(place)));
            }
        }
        bail!("no candidate of {} leads", self.election)
    }
}

/// A seat that was taken.
#[derive(Clone, Copy)]
struct Taken {
    /// When the new leader's event that names itself was there.
    at: Instant,
    /// When it had last heard of the lock, just after the signal.
    renewal: Instant,
}

/// Sends the signal to the leader `before` while all standbys are followed; gives when it was sent,
/// and the first that leads.
fn next_leader(
    standbys: &[Candidate],
    before: &str,
    signal: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<(Instant, Taken)> {
    let begin = |standby: &Candidate| Follower::begin(standby.process.http_addr());
    let mut followers: Vec<_> = standbys.iter().map(begin).collect::<anyhow::Result<_>>()?;
    // What each says at the start: none has missed anything when the signal is sent.
    let mut heard = Vec::new();
    for follower in &mut followers {
        heard.push(Heard::new(follower.next()?)?);
    }
    let sent = Instant::now();
    signal()?;
    thread::scope(|scope| {
        let followed: Vec<_> = followers
            .into_iter()
            .zip(heard)
            .map(|(follower, heard)| {
                scope.spawn(move || wait_to_lead(follower, heard, before, sent))
            })
            .collect();
        let mut first: Option<Taken> = None;
        for thread in followed {
            let outcome = thread.join().map_err(|_| anyhow::anyhow!("a follower panicked"))?;
            if let Some(taken) = outcome? {
                first = Some(first.filter(|first| first.at <= taken.at).unwrap_or(taken));
            }
        }
        Ok((sent, first.context("no standby leads after the signal")?))
    })
}

/// When a standby heard of the lock.
struct Heard {
    renewal: Instant,
}

impl Heard {
    fn new((answer, at): (Answer, Instant)) -> anyhow::Result<Heard> {
        // The age is in whole milliseconds, rounded down, of some moment before: the time given
        // here is at most a millisecond and the event's way too late, and so the gap never too long.
        let age = answer.observed_ms.context("the lock was never seen")?;
        let renewal = at.checked_sub(Duration::from_millis(age));
        Ok(Heard { renewal: renewal.context("the lock is older than the clock")? })
    }
}

/// Follows a standby until somebody else than `before` leads; none if that is another one.
fn wait_to_lead(
    mut follower: Follower,
    mut heard: Heard,
    before: &str,
    sent: Instant,
) -> anyhow::Result<Option<Taken>> {
    // The first event after the last words says when the last renewal was; a later one may speak
    // of a read that the standby did of its own.
    let mut settled = false;
    loop {
        let (answer, at) = follower.next()?;
        if answer.leads {
            return Ok(Some(Taken { at, renewal: heard.renewal }));
        }
        if answer.name == before {
            if !settled {
                settled = at > sent + LAST_WORDS;
                heard = Heard::new((answer, at))?;
            }
        } else if !answer.name.is_empty() {
            return Ok(None);
        }
        if at > sent + SETTLES_WITHIN {
            bail!("nobody leads {SETTLES_WITHIN:?} after the signal");
        }
    }
}
