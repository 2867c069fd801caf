//! The picture: an HTML page with an SVG for each election, and nothing from elsewhere.
//!
//! Whatever a journal says is a stranger's text: it gets into the page by [`shown`] alone.

use super::counts::{Counts, seconds};
use super::read::{Mark, Placed};
use super::story::{Candidate, Handover, Span, Story};
use hotseat_text::visible;
use jiff::Timestamp;
use std::fmt::Write as _;

/// Of the drawing, in units of its own.
const WIDTH: i64 = 1200;
/// Where names stand.
const LEFT: i64 = 170;
const LANE: i64 = 34;
/// Above the lanes: the axis, and when nobody led.
const TOP: i64 = 46;
/// The most marks of an election that are listed in words; all are drawn.
const MOST_LISTED: usize = 500;

const STYLE: &str = "\
:root{color-scheme:light dark;--fg:#1d2330;--bg:#fff;--line:#c9ced8;--term:#2f7d4f;--gap:#c2372e;--soft:#6b7280;--swap:#2563a8;--warn:#a8600c}
@media(prefers-color-scheme:dark){:root{--fg:#e6e8ee;--bg:#14171d;--line:#3b424f;--term:#5cb585;--gap:#f0776d;--soft:#9aa3b2;--swap:#7fb3ee;--warn:#e0a458}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);margin:1.5rem;max-width:90rem}
svg{width:100%;min-width:44rem;height:auto}.wide{overflow-x:auto}
text{fill:var(--fg);font:12px system-ui,sans-serif}.tick{stroke:var(--line)}.soft{fill:var(--soft)}
.term{fill:var(--term)}.seen{fill:var(--term);opacity:.45}.gap{fill:var(--gap)}.over{fill:var(--warn)}
.swap{fill:var(--swap)}.refused,.failed{fill:var(--gap)}.overruled{fill:var(--warn)}.differed{fill:var(--soft)}
table{border-collapse:collapse;margin:1rem 0}td,th{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td:first-child{white-space:nowrap;font-variant-numeric:tabular-nums}";

/// The whole page.
pub(super) fn html(stories: &[Story], skipped: u64) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Timeline of {}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n",
        stories.iter().map(|story| shown(&story.election)).collect::<Vec<_>>().join(", ")
    );
    for story in stories {
        election(&mut page, story);
    }
    page += "<p>The axis is the time of day in UTC, by each candidate's own clock: within a lane durations are exact, \
             between lanes they are off by as much as the machines' clocks differ.";
    if skipped > 0 {
        let _ = write!(page, " {skipped} lines of the journals were no records, and are left out.");
    }
    page + "</p>\n</body>\n</html>\n"
}

fn election(page: &mut String, story: &Story) {
    let counts = Counts::of(story);
    let _ = writeln!(
        page,
        "<h1>{}</h1>\n<p>{} to {}: led for {}; nobody led for {} in {} gaps, the longest {}; {} changes of the leader.</p>",
        shown(&story.election),
        day(story.from),
        day(story.to),
        seconds(counts.led_ms),
        seconds(counts.gap_ms),
        counts.gaps,
        seconds(counts.longest_gap_ms),
        counts.handovers,
    );
    drawing(page, story);
    handovers(page, &story.handovers);
    marks(page, &story.candidates);
}

/// Where moments lie in the drawing.
struct Axis {
    from: i64,
    /// In milliseconds, at least one.
    duration: i64,
}

impl Axis {
    fn of(story: &Story) -> Axis {
        Axis { from: story.from, duration: (story.to - story.from).max(1) }
    }

    /// In the drawing's units.
    fn x(&self, at: i64) -> f64 {
        let room = (WIDTH - LEFT - 10) as f64;
        LEFT as f64 + (at - self.from) as f64 / self.duration as f64 * room
    }

    /// Moments at which the time is written: round ones, a dozen at most.
    fn ticks(&self) -> Vec<i64> {
        const STEPS: [i64; 18] = [
            10, 50, 100, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000,
            600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 86_400_000,
        ];
        let last = STEPS[STEPS.len() - 1];
        let fits = |step: &&i64| self.duration / **step <= 10;
        let step =
            STEPS.iter().find(fits).copied().unwrap_or((self.duration / 10 / last + 1) * last);
        let first = self.from.div_euclid(step) * step;
        (0..=self.duration / step + 1)
            .map(|index| first + index * step)
            .filter(|at| (self.from..=self.from + self.duration).contains(at))
            .collect()
    }
}

fn drawing(page: &mut String, story: &Story) {
    let axis = Axis::of(story);
    let height = TOP + LANE * story.candidates.len() as i64 + 10;
    let _ = writeln!(
        page,
        "<div class=\"wide\">\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Terms of the candidates of {}\">",
        shown(&story.election)
    );
    for at in axis.ticks() {
        let (x, label) = (axis.x(at), clock(at, axis.duration));
        let _ = writeln!(
            page,
            "<line class=\"tick\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"18\" y2=\"{height}\"/><text class=\"soft\" x=\"{x:.1}\" y=\"13\" text-anchor=\"middle\">{label}</text>"
        );
    }
    page.push_str("<text class=\"soft\" x=\"0\" y=\"35\">nobody leads</text>\n");
    for gap in &story.gaps {
        bar(page, &axis, *gap, "gap", 25, 12, &format!("nobody led for {}", seconds(gap.millis())));
    }
    for overlap in &story.overlaps {
        let words =
            format!("terms overlap for {}, by clocks that may differ", seconds(overlap.millis()));
        bar(page, &axis, *overlap, "over", 25, 12, &words);
    }
    for (candidate, row) in story.candidates.iter().zip(0..) {
        lane(page, &axis, candidate, TOP + LANE * row);
    }
    page.push_str("</svg>\n</div>\n");
}

fn lane(page: &mut String, axis: &Axis, candidate: &Candidate, top: i64) {
    let short: String = candidate.name.chars().take(24).collect();
    let short = match (candidate.name.is_empty(), candidate.own_word) {
        (true, _) => "no decision".to_owned(),
        (false, true) => short,
        (false, false) => format!("({short})"),
    };
    let _ = writeln!(
        page,
        "<text x=\"0\" y=\"{}\">{}<title>{}</title></text>",
        top + 19,
        shown(&short),
        shown(&candidate.name)
    );
    let class = if candidate.own_word { "term" } else { "seen" };
    for term in &candidate.terms {
        let words = format!(
            "{} led for {} from {}: {}",
            candidate.name,
            seconds(term.span.millis()),
            clock(term.span.from, 0),
            term.why.text()
        );
        bar(page, axis, term.span, class, top + 6, 18, &words);
    }
    for Placed { at, mark } in &candidate.marks {
        let (x, y) = (axis.x(*at), top + 6);
        let _ = writeln!(
            page,
            "<path class=\"{}\" d=\"M{x:.1} {y}l4 -7h-8z\"><title>{}, {}</title></path>",
            mark.class(),
            clock(*at, 0),
            shown(&mark.text())
        );
    }
}

fn bar(page: &mut String, axis: &Axis, span: Span, class: &str, y: i64, height: i64, words: &str) {
    let (from, to) = (axis.x(span.from), axis.x(span.to));
    // However short, it can be seen.
    let width = (to - from).max(1.0);
    let _ = writeln!(
        page,
        "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\" rx=\"2\"><title>{}</title></rect>",
        shown(words)
    );
}

fn handovers(page: &mut String, handovers: &[Handover]) {
    if handovers.is_empty() {
        return;
    }
    page.push_str("<h2>Changes of the leader</h2>\n<table>\n<tr><th>at</th><th>from</th><th>to</th><th>nobody led for</th><th>why</th></tr>\n");
    for Handover { at, from, to, gap, why } in handovers {
        let gap = match u64::try_from(*gap) {
            Ok(gap) if gap < 1000 => format!("{gap} ms"),
            Ok(gap) => seconds(gap),
            Err(_) => "less than the clocks differ".to_owned(),
        };
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{gap}</td><td>{}</td></tr>",
            clock(*at, 0),
            shown(from),
            shown(to),
            shown(&why.text())
        );
    }
    page.push_str("</table>\n");
}

fn marks(page: &mut String, candidates: &[Candidate]) {
    let of = |candidate: &'_ Candidate| candidate.marks.len();
    let count: usize = candidates.iter().map(of).sum();
    if count == 0 {
        return;
    }
    let mut all: Vec<(&str, &Placed)> = candidates
        .iter()
        .flat_map(|candidate| {
            candidate.marks.iter().map(|placed| (candidate.name.as_str(), placed))
        })
        .collect();
    all.sort_by_key(|(_, placed)| placed.at);
    page.push_str(
        "<h2>Policies</h2>\n<table>\n<tr><th>at</th><th>candidate</th><th>what</th></tr>\n",
    );
    for (name, Placed { at, mark }) in all.iter().take(MOST_LISTED) {
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            clock(*at, 0),
            shown(name),
            shown(&mark.text())
        );
    }
    page.push_str("</table>\n");
    if count > MOST_LISTED {
        let _ = writeln!(page, "<p>{} more are in the picture only.</p>", count - MOST_LISTED);
    }
}

impl Mark {
    fn class(&self) -> &'static str {
        match self {
            Mark::Swapped { .. } => "swap",
            Mark::Refused { .. } => "refused",
            Mark::Overruled { .. } => "overruled",
            Mark::Failed { .. } => "failed",
            Mark::Differed => "differed",
        }
    }

    fn text(&self) -> String {
        match self {
            Mark::Swapped { policy, restored: false } => format!("policy {policy} took over"),
            Mark::Swapped { policy, restored: true } => {
                format!("the last good policy came back: {policy}")
            }
            Mark::Refused { stage, why } => {
                format!("a policy was refused at the stage {stage}: {why}")
            }
            Mark::Overruled { action, why } => format!("the guard overruled {action}: {why}"),
            Mark::Failed { kind, why } => format!("the policy failed, {kind}: {why}"),
            Mark::Differed => "the policy in shadow decided otherwise".to_owned(),
        }
    }
}

/// A time of day, as fine as the length of the axis in milliseconds asks for.
fn clock(at: i64, duration: i64) -> String {
    let format = match duration {
        0..10_000 => "%H:%M:%S%.3f",
        10_000..86_400_000 => "%H:%M:%S",
        _ => "%m-%d %H:%M",
    };
    written(at, format)
}

/// A day and the time of day.
fn day(at: i64) -> String {
    written(at, "%Y-%m-%d %H:%M:%S UTC")
}

fn written(at: i64, format: &str) -> String {
    Timestamp::from_millisecond(at)
        .map_or_else(|_| at.to_string(), |at| at.strftime(format).to_string())
}

/// A stranger's text within HTML, in attributes too.
fn shown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
