//! What there is to count in a story.

use super::read::Mark;
use super::story::{Candidate, Span, Story};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What there was in an election. Durations are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Which, as `namespace/name`.
    pub election: String,
    /// The first and the last moment, since the Unix epoch.
    pub from_ms: i64,
    /// As `from_ms`.
    pub to_ms: i64,
    /// For how long somebody led.
    pub led_ms: u64,
    /// For how long nobody did, all together, the longest, and how often.
    pub gap_ms: u64,
    /// The longest of them.
    pub longest_gap_ms: u64,
    /// How many there were.
    pub gaps: u64,
    /// For how long several led by their own clocks: more than the clocks differ is a fault.
    pub overlap_ms: u64,
    /// Terms by the way in which they ended.
    pub terms: BTreeMap<&'static str, u64>,
    /// Changes of the leader.
    pub handovers: u64,
    /// Each candidate.
    pub candidates: Vec<CandidateCounts>,
}

/// What there was of one candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CandidateCounts {
    /// Its name.
    pub name: String,
    /// Whether its own journal is there.
    pub journal: bool,
    /// Its terms.
    pub terms: u64,
    /// For how long it led.
    pub led_ms: u64,
    /// Decisions.
    pub decisions: u64,
    /// Questions without a usable decision.
    pub failures: u64,
    /// Decisions that the guard did not carry out.
    pub overruled: u64,
    /// Policies that took over.
    pub swaps: u64,
    /// Policies that did not.
    pub refusals: u64,
    /// Decisions in shadow that differed.
    pub shadow_differences: u64,
}

impl Counts {
    pub(super) fn of(story: &Story) -> Counts {
        let sum = |spans: &[Span]| spans.iter().map(|span| span.millis()).sum::<u64>();
        let gap_ms = sum(&story.gaps);
        let mut terms = BTreeMap::new();
        for term in story.candidates.iter().flat_map(|candidate| &candidate.terms) {
            *terms.entry(term.why.as_str()).or_insert(0) += 1;
        }
        let whole = Span { from: story.from, to: story.to };
        Counts {
            election: story.election.clone(),
            from_ms: story.from,
            to_ms: story.to,
            led_ms: whole.millis().saturating_sub(gap_ms),
            gap_ms,
            longest_gap_ms: story.gaps.iter().map(|gap| gap.millis()).max().unwrap_or(0),
            gaps: story.gaps.len() as u64,
            overlap_ms: sum(&story.overlaps),
            terms,
            handovers: story.handovers.len() as u64,
            candidates: story.candidates.iter().map(CandidateCounts::of).collect(),
        }
    }

    /// Lines for people.
    pub fn text(&self) -> String {
        let Counts { election, led_ms, gap_ms, longest_gap_ms, gaps, overlap_ms, .. } = self;
        let (led, gap) = (seconds(*led_ms), seconds(*gap_ms));
        let mut text = format!(
            "{}: led for {led}; nobody led for {gap} in {gaps} gaps, the longest {}; {} changes of the leader\n",
            hotseat_text::visible(election),
            seconds(*longest_gap_ms),
            self.handovers,
        );
        if *overlap_ms > 0 {
            let overlap = seconds(*overlap_ms);
            let _ = writeln!(text, "  terms overlap for {overlap}, by clocks that may differ");
        }
        let ends: Vec<String> =
            self.terms.iter().map(|(why, count)| format!("{count} {why}")).collect();
        if !ends.is_empty() {
            let _ = writeln!(text, "  terms by their ends: {}", ends.join(", "));
        }
        for candidate in &self.candidates {
            candidate.write(&mut text);
        }
        text
    }
}

impl CandidateCounts {
    fn of(candidate: &Candidate) -> CandidateCounts {
        let count = |of: fn(&Mark) -> bool| {
            candidate.marks.iter().filter(|placed| of(&placed.mark)).count() as u64
        };
        CandidateCounts {
            name: candidate.name.clone(),
            journal: candidate.own_word,
            terms: candidate.terms.len() as u64,
            led_ms: candidate.terms.iter().map(|term| term.span.millis()).sum(),
            decisions: candidate.decisions,
            failures: count(|mark| matches!(mark, Mark::Failed { .. })),
            overruled: count(|mark| matches!(mark, Mark::Overruled { .. })),
            swaps: count(|mark| matches!(mark, Mark::Swapped { .. })),
            refusals: count(|mark| matches!(mark, Mark::Refused { .. })),
            shadow_differences: count(|mark| matches!(mark, Mark::Differed)),
        }
    }

    fn write(&self, text: &mut String) {
        let CandidateCounts { terms, decisions, failures, overruled, swaps, refusals, .. } = self;
        let name = hotseat_text::visible(&self.name);
        let led = seconds(self.led_ms);
        let _ = match self.journal {
            true => writeln!(
                text,
                "  {name}: {terms} terms, {led}; {decisions} decisions, {failures} failures, {overruled} overruled; {swaps} swaps, {refusals} refusals; {} differences in shadow",
                self.shadow_differences
            ),
            false => writeln!(text, "  {name}: {terms} terms, {led}, as others saw it"),
        };
    }
}

/// As `1 h 2 min 3.4 s`.
pub(super) fn seconds(millis: u64) -> String {
    let (minutes, rest) = (millis / 60_000, millis % 60_000);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let seconds = format!("{}.{} s", rest / 1000, rest % 1000 / 100);
    match (hours, minutes) {
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes} min {seconds}"),
        (hours, minutes) => format!("{hours} h {minutes} min {seconds}"),
    }
}
