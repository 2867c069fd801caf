//! From records to what each candidate did, on one axis.

use crate::commands::policy_tools::open_journal;
use anyhow::bail;
use hotseat_core::event::{Account, Judged};
use hotseat_core::policy::{Action, Cause, Causes, Claim, Failure, Verdict};
use hotseat_journal::{Body, Decided, LineError, Problem, Reader, Record, Swap};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Lines of which is said what is wrong with them; the others are counted.
const MOST_NOTES: usize = 20;

/// What was read.
pub(super) struct All {
    pub(super) lanes: Vec<Lane>,
    pub(super) skipped: u64,
    pub(super) notes: Vec<String>,
}

/// What one candidate did in one election.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) election: String,
    pub(super) candidate: String,
    /// In the order of their moments.
    pub(super) samples: Vec<Sample>,
    /// In the order of their moments.
    pub(super) marks: Vec<Placed>,
}

/// What a candidate knew and did at a moment.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// Milliseconds since the Unix epoch, as the axis has it.
    pub(super) at: i64,
    /// Which of all processes whose records were read.
    pub(super) process: u32,
    pub(super) claim: Option<Claim>,
    /// Another's hold on the seat.
    pub(super) other: Option<Other>,
    pub(super) causes: Causes,
    /// The process was asked to stop.
    pub(super) stopping: bool,
    /// The reason of a resignation that was carried out.
    pub(super) resigned: Option<String>,
}

/// A holder that is not the candidate itself.
#[derive(Clone, Debug)]
pub(super) struct Other {
    pub(super) name: String,
    /// Milliseconds since it was first seen to hold the seat.
    pub(super) held_for: u64,
    /// Milliseconds until the seat is free.
    pub(super) free_in: u64,
}

/// Something that happened at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) at: i64,
    pub(super) mark: Mark,
}

/// What is marked beside terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A policy took over: which, and whether it was the last good one.
    Swapped { policy: String, restored: bool },
    /// A policy did not: the stage and why.
    Refused { stage: String, why: String },
    /// The guard did not carry out what the policy asked for, and why.
    Overruled { action: &'static str, why: String },
    /// The policy gave no usable decision: the kind and why.
    Failed { kind: &'static str, why: String },
    /// The policy in shadow decided otherwise.
    Differed,
}

/// Reads all of them.
pub(super) fn all(journals: &[String]) -> anyhow::Result<All> {
    let mut reading = Reading::default();
    for name in journals {
        reading.file(name)?;
    }
    if reading.lanes.values().all(|lane| lane.samples.is_empty()) {
        let first = reading.notes.first().map(|note| format!(": {note}")).unwrap_or_default();
        bail!(
            "{}: no decision is in it{first}: give journals that hotseat --journal wrote",
            journals.join(", ")
        );
    }
    let mut lanes: Vec<Lane> = reading.lanes.into_values().collect();
    for lane in &mut lanes {
        lane.samples.sort_by_key(|sample| sample.at);
        lane.marks.sort_by_key(|placed| placed.at);
    }
    Ok(All { lanes, skipped: reading.skipped, notes: reading.notes })
}

#[derive(Default)]
struct Reading {
    /// By election and candidate: what several files have of one is one lane.
    lanes: BTreeMap<(String, String), Lane>,
    processes: u32,
    skipped: u64,
    notes: Vec<String>,
}

/// A record whose place on the axis is not known yet.
struct Waiting {
    at_ms: u64,
    /// The time of day in milliseconds since the Unix epoch.
    wall_ms: i64,
    process: u32,
    election: String,
    body: Body,
}

impl Reading {
    fn file(&mut self, name: &str) -> anyhow::Result<()> {
        let mut boot: Vec<Waiting> = Vec::new();
        let mut before: Option<(u64, u64)> = None;
        for line in Reader::new(open_journal(name)?) {
            let record = match line {
                Ok((line, record)) => match record.time.parse::<Timestamp>() {
                    Ok(time) => (record, time.as_millisecond()),
                    Err(_) => {
                        self.skip(format!("{name}: line {line}: its time is no time of day"));
                        continue;
                    }
                },
                Err(LineError { line, problem: problem @ Problem::Unreadable(_) }) => {
                    bail!("{name}: line {line}: {problem}")
                }
                Err(error) => {
                    self.skip(format!("{name}: {error}"));
                    continue;
                }
            };
            let (Record { number, election, at_ms, body, .. }, wall_ms) = record;
            let (rebooted, restarted) = match before {
                Some((at, n)) => (at_ms < at, number <= n),
                None => (false, true),
            };
            if rebooted {
                self.place(std::mem::take(&mut boot));
            }
            if rebooted || restarted {
                self.processes += 1;
            }
            before = Some((at_ms, number));
            boot.push(Waiting { at_ms, wall_ms, process: self.processes, election, body });
        }
        self.place(boot);
        Ok(())
    }

    fn skip(&mut self, note: String) {
        self.skipped += 1;
        if self.notes.len() < MOST_NOTES {
            self.notes.push(note);
        }
    }

    /// Puts the records of one boot of a machine onto the axis.
    fn place(&mut self, records: Vec<Waiting>) {
        // Somebody may have set the time of day meanwhile: what most records say counts.
        let mut offsets: Vec<i64> = records
            .iter()
            .map(|record| record.wall_ms.saturating_sub_unsigned(record.at_ms))
            .collect();
        offsets.sort_unstable();
        let Some(offset) = offsets.get(offsets.len() / 2).copied() else { return };
        // Records of policies do not say whose they are: the file's candidate is that of its decisions.
        let mut of_file: BTreeMap<String, String> = BTreeMap::new();
        for record in &records {
            if let Body::Decision(decided) = &record.body {
                let seen = &decided.account.input.observation;
                let election = election_of(&record.election, decided);
                of_file.entry(election).or_insert_with(|| seen.identity.clone());
            }
        }
        for Waiting { at_ms, process, election, body, .. } in records {
            let at = offset.saturating_add_unsigned(at_ms);
            match body {
                Body::Decision(decided) => {
                    self.decision(at, process, &election, &decided, &mut of_file)
                }
                Body::Swap(swap) => self.mark(at, &election, &of_file, swapped(swap)),
                Body::Shadow(_) => self.mark(at, &election, &of_file, Mark::Differed),
            }
        }
    }

    fn decision(
        &mut self,
        at: i64,
        process: u32,
        election: &str,
        decided: &Decided,
        of_file: &mut BTreeMap<String, String>,
    ) {
        let election = election_of(election, decided);
        let candidate = decided.account.input.observation.identity.clone();
        of_file.insert(election.clone(), candidate.clone());
        let lane = self.lane(election, candidate);
        lane.samples.push(Sample::of(at, process, &decided.account));
        lane.marks.extend(marks_of(&decided.account).map(|mark| Placed { at, mark }));
    }

    fn mark(&mut self, at: i64, election: &str, of_file: &BTreeMap<String, String>, mark: Mark) {
        // Records of version 1 name no election: then the file has one only.
        let found = match election {
            "" => of_file.iter().next(),
            named => of_file.get_key_value(named),
        };
        let (election, candidate) = match found {
            Some((election, candidate)) => (election.clone(), candidate.clone()),
            None => (election.to_owned(), String::new()),
        };
        self.lane(election, candidate).marks.push(Placed { at, mark });
    }

    fn lane(&mut self, election: String, candidate: String) -> &mut Lane {
        self.lanes.entry((election.clone(), candidate.clone())).or_insert_with(|| Lane {
            election,
            candidate,
            samples: Vec::new(),
            marks: Vec::new(),
        })
    }
}

fn election_of(named: &str, decided: &Decided) -> String {
    let seen = &decided.account.input.observation;
    match named {
        "" => format!("{}/{}", seen.namespace, seen.election),
        named => named.to_owned(),
    }
}

impl Sample {
    fn of(at: i64, process: u32, account: &Account) -> Sample {
        let seen = &account.input.observation;
        let other = seen.seat.as_ref().and_then(|seat| {
            let name = seat.holder.clone().filter(|name| *name != seen.identity)?;
            let (held_for, free_in) = (seat.held_for, seat.free_in);
            (free_in > 0).then_some(Other { name, held_for, free_in })
        });
        let resigned = judged(account).find_map(|judged| match &judged.decision.action {
            Action::Resign(_) if judged.verdict == Verdict::CarriedOut => {
                Some(judged.decision.reason.clone())
            }
            _ => None,
        });
        Sample {
            at,
            process,
            claim: seen.claim,
            other,
            causes: seen.causes,
            stopping: seen.causes.has(Cause::Stopping),
            resigned,
        }
    }
}

/// The policy's decision, and the one that was made in its place.
fn judged(account: &Account) -> impl Iterator<Item = &Judged> {
    let answered = account.answer.as_ref().and_then(|answer| answer.as_ref().ok());
    answered.into_iter().chain(account.instead.as_ref().map(|instead| &instead.judged))
}

fn marks_of(account: &Account) -> impl Iterator<Item = Mark> {
    let failed = match &account.answer {
        Some(Err(Failure { kind, detail })) => {
            Some(Mark::Failed { kind: kind.as_str(), why: detail.clone() })
        }
        _ => None,
    };
    let overruled = judged(account).filter_map(|judged| match &judged.verdict {
        Verdict::Overruled(why) => {
            Some(Mark::Overruled { action: judged.decision.action.as_str(), why: why.clone() })
        }
        Verdict::Nothing | Verdict::CarriedOut => None,
    });
    failed.into_iter().chain(overruled)
}

fn swapped(swap: Swap) -> Mark {
    let Swap { digest, name, version, source, stage, error } = swap;
    match error {
        Some(why) => Mark::Refused { stage, why },
        None => {
            let policy = format!("{name} {version} of {source}, {digest}");
            Mark::Swapped { policy, restored: stage == "restored" }
        }
    }
}
