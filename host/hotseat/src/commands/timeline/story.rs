//! Terms, the gaps between them, and how one led to the next.

use super::read::{Lane, Placed, Sample};
use hotseat_core::policy::Cause;
use std::collections::{BTreeMap, BTreeSet};

/// Two samples say that a term began at the same moment if it differs by no more than this, in
/// milliseconds: what a sample says is rounded.
const SAME_TERM: i64 = 100;

/// An election as the journals tell it.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) election: String,
    /// The first and the last moment, in milliseconds since the Unix epoch.
    pub(super) from: i64,
    pub(super) to: i64,
    /// In the order of their names; those without a journal last.
    pub(super) candidates: Vec<Candidate>,
    /// When nobody led.
    pub(super) gaps: Vec<Span>,
    /// When several led, by their own clocks.
    pub(super) overlaps: Vec<Span>,
    pub(super) handovers: Vec<Handover>,
}

/// One candidate.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) name: String,
    /// Whether its own journal is there; otherwise its terms are what others saw.
    pub(super) own_word: bool,
    pub(super) decisions: u64,
    pub(super) terms: Vec<Term>,
    pub(super) marks: Vec<Placed>,
}

/// From the acquiring write to the end of belief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) span: Span,
    /// Why it ended.
    pub(super) why: End,
}

/// A stretch of the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// Why a term ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The policy resigned, for that reason.
    Resigned(String),
    /// Somebody asked for another leader.
    Transferred,
    /// The process was asked to stop.
    Stopped,
    /// No renewal succeeded before the renew deadline.
    Lapsed,
    /// The lock no longer was as the candidate wrote it.
    Lost,
    /// The process ended without a word, or was cut off: its records end, or another process's begin.
    Silent,
    /// The journals end.
    Open,
    /// It has no journal here.
    Unknown,
}

/// From one leader to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Handover {
    /// When the next one began.
    pub(super) at: i64,
    pub(super) from: String,
    pub(super) to: String,
    /// Milliseconds in which nobody led; less than zero where clocks differ by more than that.
    pub(super) gap: i64,
    pub(super) why: End,
}

impl Span {
    pub(super) fn millis(self) -> u64 {
        u64::try_from(self.to - self.from).unwrap_or(0)
    }
}

impl End {
    /// In one word, for counts.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            End::Resigned(_) => "resigned",
            End::Transferred => "transferred",
            End::Stopped => "stopped",
            End::Lapsed => "lapsed",
            End::Lost => "lost",
            End::Silent => "silent",
            End::Open => "open",
            End::Unknown => "unknown",
        }
    }

    /// In words for people.
    pub(super) fn text(&self) -> String {
        match self {
            End::Resigned(reason) if reason.is_empty() => "the policy resigned".to_owned(),
            End::Resigned(reason) => format!("the policy resigned: {reason}"),
            End::Transferred => "somebody asked for another leader".to_owned(),
            End::Stopped => "the process was asked to stop".to_owned(),
            End::Lapsed => "no renewal succeeded before the renew deadline".to_owned(),
            End::Lost => "the lock was changed by somebody else".to_owned(),
            End::Silent => "its records end: it was killed, or cut off".to_owned(),
            End::Open => "it led when the journals end".to_owned(),
            End::Unknown => "it has no journal here".to_owned(),
        }
    }
}

/// The stories of all elections that the lanes are of.
pub(super) fn tell(lanes: Vec<Lane>) -> Vec<Story> {
    let mut elections: BTreeMap<String, Vec<Lane>> = BTreeMap::new();
    for lane in lanes {
        elections.entry(lane.election.clone()).or_default().push(lane);
    }
    elections.into_iter().filter_map(|(election, lanes)| Story::of(election, lanes)).collect()
}

impl Story {
    /// None where there is no moment at all.
    fn of(election: String, lanes: Vec<Lane>) -> Option<Story> {
        let moments = lanes.iter().flat_map(|lane| {
            let samples = lane.samples.iter().map(|sample| sample.at);
            samples.chain(lane.marks.iter().map(|placed| placed.at))
        });
        let (from, to) = moments.fold(None, |span, at| match span {
            None => Some((at, at)),
            Some((from, to)) => Some((at.min(from), at.max(to))),
        })?;
        let mut candidates = seen_by_others(&lanes);
        candidates.extend(lanes.into_iter().map(|lane| Candidate::of(lane, to)));
        candidates.sort_by(|a, b| (!a.own_word, &a.name).cmp(&(!b.own_word, &b.name)));
        let from =
            candidates.iter().flat_map(|it| &it.terms).map(|it| it.span.from).fold(from, i64::min);
        let mut story = Story {
            election,
            from,
            to,
            candidates,
            gaps: Vec::new(),
            overlaps: Vec::new(),
            handovers: Vec::new(),
        };
        story.compare();
        Some(story)
    }

    /// Finds gaps, overlaps and hand-overs.
    fn compare(&mut self) {
        let of = |candidate: &Candidate| {
            let name = candidate.name.clone();
            candidate.terms.iter().map(move |term| (name.clone(), term.clone())).collect::<Vec<_>>()
        };
        let mut terms: Vec<(String, Term)> = self.candidates.iter().flat_map(of).collect();
        terms.sort_by_key(|(_, term)| (term.span.from, term.span.to));
        // How far the axis is led, and by whom last.
        let mut led: Option<&(String, Term)> = None;
        let mut until = self.from;
        for next in &terms {
            let (name, Term { span, .. }) = next;
            match span.from.cmp(&until) {
                std::cmp::Ordering::Greater => self.gaps.push(Span { from: until, to: span.from }),
                std::cmp::Ordering::Less if led.is_some() => {
                    self.overlaps.push(Span { from: span.from, to: span.to.min(until) });
                }
                _ => {}
            }
            if let Some((before, ended)) = led {
                self.handovers.push(Handover {
                    at: span.from,
                    from: before.clone(),
                    to: name.clone(),
                    gap: span.from - ended.span.to,
                    why: ended.why.clone(),
                });
            }
            if led.is_none_or(|(_, ended)| ended.span.to <= span.to) {
                led = Some(next);
            }
            until = until.max(span.to);
        }
        if until < self.to {
            self.gaps.push(Span { from: until, to: self.to });
        }
    }
}

impl Candidate {
    /// `end` is the last moment of all journals.
    fn of(lane: Lane, end: i64) -> Candidate {
        let Lane { candidate, samples, marks, .. } = lane;
        let (decisions, terms) = (samples.len() as u64, terms(&samples, end));
        Candidate { name: candidate, own_word: true, decisions, terms, marks }
    }
}

/// A term that has not ended yet.
struct Claimed<'a> {
    /// Since when it has been, by its own word.
    since: i64,
    from: i64,
    /// Until when the candidate believes, as of its last sample.
    until: i64,
    last: &'a Sample,
}

fn terms(samples: &[Sample], end: i64) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut open: Option<Claimed<'_>> = None;
    for sample in samples {
        if let Some(claim) = sample.claim {
            let since = sample.at.saturating_sub_unsigned(claim.held_for);
            let until = sample.at.saturating_add_unsigned(claim.valid_for);
            let same = open.as_ref().is_some_and(|it| (it.since - since).abs() <= SAME_TERM);
            let from = match open.take() {
                Some(before) if same => before.from,
                Some(before) => {
                    terms.push(before.ended_by(sample, since));
                    since
                }
                // A term that resumes after belief had lapsed is as old as before: it counts anew.
                None if terms.last().is_some_and(|before| since < before.span.to) => sample.at,
                None => since,
            };
            open = Some(Claimed { since, from, until, last: sample });
        } else if let Some(before) = open.take() {
            terms.push(before.ended_by(sample, sample.at));
        }
        // The question to a process that stops is answered by a resignation, whatever ends the term.
        let why = match &sample.resigned {
            _ if sample.stopping => Some(End::Stopped),
            Some(_) if sample.causes.has(Cause::Transfer) => Some(End::Transferred),
            Some(reason) => Some(End::Resigned(reason.clone())),
            None => None,
        };
        if let Some(why) = why
            && let Some(it) = open.take()
        {
            terms.push(Term { span: Span { from: it.from, to: sample.at }, why });
        }
    }
    if let Some(it) = open {
        // Its records end: it still led then, or it was silenced before the others.
        let why = if it.until >= end { End::Open } else { End::Silent };
        terms.push(Term { span: Span { from: it.from, to: it.until.min(end) }, why });
    }
    terms
}

impl Claimed<'_> {
    /// Ended by what the next sample says, at that moment at the latest.
    fn ended_by(self, next: &Sample, at: i64) -> Term {
        let why = if next.process != self.last.process {
            End::Silent
        } else if at >= self.until {
            End::Lapsed
        } else if self.last.causes.has(Cause::Transfer) {
            End::Transferred
        } else {
            End::Lost
        };
        let to = self.until.min(at).max(self.from);
        Term { span: Span { from: self.from, to }, why }
    }
}

/// Candidates without a journal of their own, whose terms are what others saw of the lock.
fn seen_by_others(lanes: &[Lane]) -> Vec<Candidate> {
    let known: BTreeSet<&str> = lanes.iter().map(|lane| lane.candidate.as_str()).collect();
    let mut seen: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for lane in lanes {
        for (index, sample) in lane.samples.iter().enumerate() {
            let Some(other) = sample.other.as_ref() else { continue };
            if known.contains(other.name.as_str()) {
                continue;
            }
            let free = sample.at.saturating_add_unsigned(other.free_in);
            let next = lane.samples.get(index + 1).map_or(free, |next| next.at);
            let from = sample.at.saturating_sub_unsigned(other.held_for);
            seen.entry(&other.name).or_default().push(Span { from, to: free.min(next) });
        }
    }
    let candidate = |(name, spans): (&str, Vec<Span>)| Candidate {
        name: name.to_owned(),
        own_word: false,
        decisions: 0,
        terms: joined(spans).into_iter().map(|span| Term { span, why: End::Unknown }).collect(),
        marks: Vec::new(),
    };
    seen.into_iter().map(candidate).collect()
}

/// What the spans cover, without overlaps.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| span.from);
    let mut all: Vec<Span> = Vec::new();
    for span in spans {
        match all.last_mut() {
            Some(last) if span.from <= last.to + SAME_TERM => last.to = last.to.max(span.to),
            _ => all.push(span),
        }
    }
    all
}
