//! Who led when, as lanes: a lane for each candidate, with its terms on it, and the times in which
//! nobody was known to lead across all of them.

use super::words::{ago, duration};
use crate::history::{HistoryAnswer, LeaderChangeAnswer, PolicyChangeAnswer};
use hotseat_text::visible;
use maud::{Markup, html};

/// The width of a lane in its own units.
const WIDTH: u64 = 1000;
/// The most lanes.
const MOST: usize = 12;
/// This many changes are in sight, if there are so many.
const CHANGES: usize = 12;
/// The most changes that are drawn: of somebody who flaps, more are in sight than these.
const DRAWN: usize = 48;
/// Minutes that the lanes may show.
const MINUTES: [u64; 11] = [1, 2, 5, 10, 30, 60, 180, 720, 1440, 4320, 10_080];
const MINUTE: u64 = 60_000;

/// What is drawn: who led, and what became of policies.
#[derive(Clone, Debug, Default)]
pub struct Story<'a> {
    /// For how long there was somebody to see it, in milliseconds.
    pub uptime_ms: u64,
    /// Who led from when on, the oldest first.
    pub leaders: &'a [LeaderChangeAnswer],
    /// What became of policies.
    pub marks: Vec<Mark>,
}

/// What became of a policy, as a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When, in milliseconds ago.
    pub ago_ms: u64,
    /// It was refused, or failed; otherwise it took over.
    pub failed: bool,
    /// In a few words.
    pub told: String,
}

impl<'a> Story<'a> {
    /// What a candidate saw.
    pub(super) fn of(history: &'a HistoryAnswer) -> Story<'a> {
        let mark = |it: &PolicyChangeAnswer| Mark {
            ago_ms: it.ago_ms,
            failed: it.error.is_some(),
            told: format!("{} {}: {}", it.name, it.version, it.stage),
        };
        Story {
            uptime_ms: history.uptime_ms,
            leaders: &history.leaders,
            marks: history.policies.iter().map(mark).collect(),
        }
    }
}

/// The lanes of an election.
#[derive(Debug)]
pub struct Lanes<'a> {
    marks: Vec<Mark>,
    /// How many milliseconds they show.
    window: u64,
    /// Whose they are.
    names: Vec<&'a str>,
    /// How many candidates have none.
    left_out: usize,
    stretches: Vec<Stretch<'a>>,
}

/// A time in which the answer was the same: from the change that began it to the next one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<'a> {
    /// The change.
    pub(super) begin: &'a LeaderChangeAnswer,
    /// The change that ended it; none if it has not ended.
    pub(super) end: Option<&'a LeaderChangeAnswer>,
}

impl Stretch<'_> {
    fn until(&self) -> u64 {
        self.end.map_or(0, |end| end.ago_ms)
    }

    /// For how long it was so, in milliseconds.
    pub(super) fn duration(&self) -> u64 {
        self.begin.ago_ms.saturating_sub(self.until())
    }
}

/// All that is kept, the oldest first.
pub(super) fn stretches(changes: &[LeaderChangeAnswer]) -> Vec<Stretch<'_>> {
    let stretch = |(at, begin)| Stretch { begin, end: changes.get(at + 1) };
    changes.iter().enumerate().map(stretch).collect()
}

impl<'a> Lanes<'a> {
    /// Lanes for these candidates, the first ones first, and for all others who led.
    pub fn new(story: Story<'a>, candidates: &[&'a str]) -> Lanes<'a> {
        let window = window(&story);
        let Story { uptime_ms: _, leaders, marks } = story;
        let mut names: Vec<&str> = Vec::new();
        let mut led: Vec<&str> = leaders.iter().map(|it| it.name.as_str()).collect();
        led.sort_unstable();
        for name in candidates.iter().copied().chain(led) {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        let left_out = names.len().saturating_sub(MOST);
        names.truncate(MOST);
        let mut stretches = stretches(leaders);
        stretches.retain(|stretch| stretch.until() < window);
        stretches.drain(..stretches.len().saturating_sub(DRAWN));
        Lanes { marks, window, names, left_out, stretches }
    }

    /// As HTML.
    pub fn markup(&self) -> Markup {
        let ticks = [4, 3, 2, 1, 0].map(|quarter| match self.window * quarter / 4 {
            0 => "now".to_owned(),
            millis => format!("−{}", duration(millis)),
        });
        html! {
            div.lanes role="group" aria-label={ "Who led in the last " (duration(self.window)) } {
                @for name in &self.names { (self.lane(name)) }
                @if !self.marks.is_empty() { (self.policies()) }
                div.axis aria-hidden="true" { ol { @for tick in ticks { li { (tick) } } } }
            }
            p.key aria-hidden="true" {
                span { i.k-now {} "leads" }
                span { i.k-term {} "led" }
                span { i.k-gap {} "nobody known to lead" }
                @if self.marks.iter().any(|it| it.failed) { span { i.k-bad {} "policy refused or failed" } }
            }
            @if self.left_out > 0 {
                p.quiet.small { (self.left_out) " more candidates led and have no lane here." }
            }
        }
    }

    fn lane(&self, name: &str) -> Markup {
        let own: Vec<&Stretch<'_>> =
            self.stretches.iter().filter(|stretch| stretch.begin.name == name).collect();
        let leads = own.last().is_some_and(|last| last.end.is_none());
        html! {
            div.lane.now[leads] data-key=(visible(name)) {
                span.who { bdi { (visible(name)) } }
                svg viewBox={ "0 0 " (WIDTH) " 24" } preserveAspectRatio="none" role="img"
                    aria-label=(self.told(name, &own, leads)) {
                    (self.ground())
                    rect.rail x="0" y="11" width=(WIDTH) height="2" {}
                    @for stretch in own {
                        @let (x, width) = self.place(stretch);
                        rect.term.now[stretch.end.is_none()] x=(x) y="4" width=(width) height="16" rx="1" {
                            title { (told_of(stretch)) }
                        }
                    }
                }
            }
        }
    }

    /// Swaps and refusals of policies, on a lane of their own.
    fn policies(&self) -> Markup {
        let seen: Vec<_> = self.marks.iter().filter(|it| it.ago_ms < self.window).collect();
        let refused = seen.iter().filter(|it| it.failed).count();
        let told =
            format!("policy: {} took over, {refused} refused or failed", seen.len() - refused);
        html! {
            div.lane data-key=" policy" {
                span.who.quiet { "policy" }
                svg viewBox={ "0 0 " (WIDTH) " 24" } preserveAspectRatio="none" role="img" aria-label=(told) {
                    (self.ground())
                    rect.rail x="0" y="11" width=(WIDTH) height="2" {}
                    @for it in seen {
                        @let x = self.x(it.ago_ms).min(WIDTH - 4);
                        rect.took[!it.failed].failed[it.failed] x=(x) y="3" width="4" height="18" {
                            title { (visible(&it.told)) ", " (ago(it.ago_ms)) }
                        }
                    }
                }
            }
        }
    }

    /// What lies under each lane: the times without a leader, and the quarters.
    fn ground(&self) -> Markup {
        html! {
            @for stretch in self.stretches.iter().filter(|it| it.begin.name.is_empty()) {
                @let (x, width) = self.place(stretch);
                rect.gap x=(x) y="0" width=(width) height="24" {}
            }
            @for quarter in 0..=4 {
                line.tick x1=(WIDTH * quarter / 4) y1="0" x2=(WIDTH * quarter / 4) y2="24" {}
            }
        }
    }

    fn told(&self, name: &str, own: &[&Stretch<'_>], leads: bool) -> String {
        let within = |stretch: &&Stretch<'_>| {
            stretch.begin.ago_ms.min(self.window).saturating_sub(stretch.until())
        };
        let (time, name) = (own.iter().map(within).sum(), visible(name));
        match (own.len(), leads) {
            (0, _) => format!("{name} did not lead"),
            (terms, true) => format!("{name} leads; {} in {}", duration(time), terms_of(terms)),
            (terms, false) => format!("{name} led for {} in {}", duration(time), terms_of(terms)),
        }
    }

    /// Where a stretch begins, and its width: never too narrow to be seen.
    fn place(&self, stretch: &Stretch<'_>) -> (u64, u64) {
        let x = self.x(stretch.begin.ago_ms).min(WIDTH - 2);
        (x, self.x(stretch.until()).saturating_sub(x).max(2))
    }

    fn x(&self, ago: u64) -> u64 {
        self.window.saturating_sub(ago) * WIDTH / self.window
    }
}

fn terms_of(terms: usize) -> String {
    super::words::count(terms, "term")
}

fn told_of(stretch: &Stretch<'_>) -> String {
    let LeaderChangeAnswer { name, why, token, .. } = stretch.begin;
    let who = if name.is_empty() { "nobody".into() } else { visible(name) };
    let token = token.map_or_else(String::new, |token| format!(", token {token}"));
    let end = match stretch.end {
        Some(end) => format!(", until {}: {}", ago(end.ago_ms), visible(&end.why)),
        None => ", until now".to_owned(),
    };
    let begin = ago(stretch.begin.ago_ms);
    format!(
        "{who} for {}, from {begin}: {}{token}{end}",
        duration(stretch.duration()),
        visible(why)
    )
}

/// What the lanes show: the last changes, or all that is known if there were fewer.
fn window(story: &Story<'_>) -> u64 {
    let changes = story.leaders;
    let known = match changes.len().checked_sub(CHANGES) {
        Some(first) => changes[first].ago_ms,
        None => story.uptime_ms,
    };
    let steps = MINUTES.map(|minutes| minutes * MINUTE);
    steps.into_iter().find(|step| *step > known).unwrap_or(known + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::KeptAnswer;
    use crate::report::LockAnswer;

    fn history(uptime_ms: u64, leaders: &[(u64, &str)]) -> HistoryAnswer {
        let change = |(number, (ago_ms, name)): (usize, &(u64, &str))| LeaderChangeAnswer {
            number: number as u64 + 1,
            ago_ms: *ago_ms,
            name: (*name).to_owned(),
            own: false,
            token: None,
            why: "because".to_owned(),
        };
        HistoryAnswer {
            lock: LockAnswer::default(),
            kept: KeptAnswer { leaders: 9, policies: 9, decisions: 9 },
            uptime_ms,
            leaders: leaders.iter().enumerate().map(change).collect(),
            policies: Vec::new(),
            decisions: Vec::new(),
        }
    }

    #[test]
    fn the_window_holds_what_is_known_and_at_most_the_last_changes() {
        let shown = |uptime_ms, leaders| window(&Story::of(&history(uptime_ms, leaders)));
        assert_eq!(shown(5_000, &[]), MINUTE);
        assert_eq!(shown(61_000, &[(3, "a")]), 2 * MINUTE);
        let many: Vec<(u64, &str)> = (0..40).rev().map(|n| (n * 1000, "a")).collect();
        assert_eq!(shown(86_400_000, &many), MINUTE);
        assert_eq!(shown(u64::MAX / 4, &[]), u64::MAX / 4 + 1);
    }

    #[test]
    fn terms_and_gaps_are_where_they_were() {
        let history = history(60_000 - 1, &[(45_000, "a"), (30_000, ""), (15_000, "b")]);
        let lanes = Lanes::new(Story::of(&history), &["b"]);
        assert_eq!(lanes.names, ["b", "a"]);
        let places: Vec<_> = lanes.stretches.iter().map(|it| lanes.place(it)).collect();
        assert_eq!(places, [(250, 250), (500, 250), (750, 250)]);
        let text = lanes.markup().into_string();
        assert!(text.contains("aria-label=\"b leads; 15 s in 1 term\""), "{text}");
        assert!(text.contains("aria-label=\"a led for 15 s in 1 term\""), "{text}");
        assert_eq!(text.matches("class=\"gap\"").count(), 2, "across both lanes: {text}");
    }

    #[test]
    fn a_crowd_and_a_term_of_a_moment_fit() {
        let names: Vec<String> = (0..40).map(|n| format!("web-{n:02}")).collect();
        let changes: Vec<(u64, &str)> = names
            .iter()
            .rev()
            .enumerate()
            .map(|(n, name)| (40 - n as u64, name.as_str()))
            .collect();
        let history = history(100, &changes);
        let lanes = Lanes::new(Story::of(&history), &[]);
        assert_eq!((lanes.names.len(), lanes.left_out), (MOST, 28));
        for stretch in &lanes.stretches {
            let (x, width) = lanes.place(stretch);
            assert!(x + width <= WIDTH && width >= 2, "{x} {width}");
        }
    }
}
