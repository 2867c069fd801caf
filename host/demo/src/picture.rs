//! The live view as a value, and as lines of text.

use super::paint::{Line, Paint};
use super::words;
use std::time::Duration;

/// Everything that the live view shows.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Since the demonstration began.
    pub elapsed: Duration,
    /// What goes on now, in one sentence.
    pub now: String,
    /// One row for each candidate.
    pub rows: Vec<Row>,
    /// How long a leader believes after a renewal, which fills its bar.
    pub belief: Duration,
    /// Who holds the lock, and how long until that expires.
    pub lock: Option<(String, Duration)>,
    /// The name of the lock.
    pub lock_name: String,
    /// The policy that decides; none while it is being loaded.
    pub policy: Option<String>,
    /// The figures so far, and whether two led at a time.
    pub figures: String,
    /// Whether two candidates led at a time.
    pub overlap: bool,
    /// What happened when, the oldest first.
    pub timeline: Vec<(Duration, String)>,
    /// What the reader may try in another terminal.
    pub hints: Vec<String>,
}

/// What a candidate is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its process runs but has not answered yet.
    Starting,
    /// It says that it leads.
    Leads,
    /// It says that it does not lead.
    StandsBy,
    /// It was asked to leave.
    Leaving,
    /// It has no process.
    Dead,
}

/// A candidate in the live view.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// Where it answers, such as `localhost:4040`; empty if it does not.
    pub place: String,
    /// What it is.
    pub standing: Standing,
    /// It has renewed its lease just now.
    pub beat: bool,
    /// How long it may still believe without another renewal; zero unless it leads.
    pub remaining: Duration,
    /// Its term and fencing token; empty unless it leads.
    pub term: String,
}

/// How wide a full bar is, in characters.
const BAR: usize = 12;

impl Picture {
    /// The lines of the view for a terminal of that many columns and rows; at most that many.
    pub fn lines(&self, columns: usize, rows: usize, colours: bool) -> Vec<String> {
        let mut lines = self.head();
        let foot = self.foot();
        let room = rows.saturating_sub(lines.len() + foot.len());
        let skipped = self.timeline.len().saturating_sub(room);
        for (at, text) in self.timeline.iter().skip(skipped) {
            let clock = format!("   {}  ", words::clock(*at));
            lines.push(Line::of(Paint::Faint, clock).and(Paint::Plain, text));
        }
        lines.extend(foot);
        lines.truncate(rows);
        lines.iter().map(|line| line.render(columns, colours)).collect()
    }

    fn head(&self) -> Vec<Line> {
        let headline = match self.overlap {
            true => {
                Line::of(Paint::Bad, " TWO LED AT ONCE. This must never happen: please report it.")
            }
            false => Line::of(Paint::Strong, format!(" {}", self.now)),
        };
        let mut lines = vec![
            Line::of(Paint::Strong, " Three copies of one program.")
                .and(Paint::Plain, " Only one may work at a time: the leader.")
                .and(Paint::Faint, format!("  {}", words::clock(self.elapsed))),
            Line::of(
                Paint::Faint,
                " The leader renews a lease. If it falls silent, another takes over. Never two.",
            ),
            Line::default(),
            headline,
            Line::default(),
        ];
        lines.extend(self.rows.iter().map(|row| self.row(row)));
        lines.push(Line::default());
        lines.push(self.lock_row());
        lines.push(
            Line::of(Paint::Faint, " policy    ").and(
                Paint::Plain,
                self.policy.as_deref().unwrap_or("none yet (it is being loaded)"),
            ),
        );
        lines.push(Line::of(Paint::Faint, " so far    ").and(Paint::Plain, &self.figures));
        lines.push(Line::default());
        lines.push(Line::of(Paint::Faint, " What happened"));
        lines
    }

    fn row(&self, row: &Row) -> Line {
        let (paint, state) = match row.standing {
            Standing::Starting => (Paint::Busy, "starts"),
            Standing::Leads => (Paint::Good, "LEADS"),
            Standing::StandsBy => (Paint::Plain, "stands by"),
            Standing::Leaving => (Paint::Busy, "leaves"),
            Standing::Dead => (Paint::Bad, "dead"),
        };
        let line = Line::of(Paint::Strong, format!("   {:<6}", row.name))
            .and(Paint::Faint, format!("{:<16}", row.place))
            .and(paint, format!("{state:<10}"));
        if row.standing != Standing::Leads {
            return line;
        }
        let (mark, beat) = if row.beat { (Paint::Bad, "♥ ") } else { (Paint::Faint, "· ") };
        line.and(mark, beat)
            .and(Paint::Good, bar(row.remaining, self.belief))
            .and(Paint::Plain, format!(" {:>4.1} s  ", row.remaining.as_secs_f64()))
            .and(Paint::Faint, &row.term)
    }

    fn lock_row(&self) -> Line {
        let line = Line::of(Paint::Faint, " the lease ")
            .and(Paint::Plain, format!("{}: ", self.lock_name));
        match &self.lock {
            Some((holder, left)) if left.is_zero() => {
                line.and(Paint::Plain, format!("{holder} held it, it has run out"))
            }
            Some((holder, left)) => line.and(
                Paint::Plain,
                format!("{holder} holds it, runs out in {:.1} s", left.as_secs_f64()),
            ),
            None => line.and(Paint::Plain, "free"),
        }
    }

    fn foot(&self) -> Vec<Line> {
        let mut lines = vec![Line::default()];
        for (index, hint) in self.hints.iter().enumerate() {
            let lead = if index == 0 { " try       " } else { "           " };
            lines.push(Line::of(Paint::Faint, lead).and(Paint::Busy, hint));
        }
        lines.push(Line::of(Paint::Faint, " end       ctrl-c"));
        lines
    }
}

/// A bar that is as full as what remains of the whole.
fn bar(remaining: Duration, whole: Duration) -> String {
    let share = match whole.as_millis() {
        0 => 0,
        millis => {
            let parts = (remaining.as_millis() * BAR as u128).div_ceil(millis);
            usize::try_from(parts).unwrap_or(BAR).min(BAR)
        }
    };
    format!("{}{}", "█".repeat(share), "░".repeat(BAR - share))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, standing: Standing) -> Row {
        let place = "localhost:4040".to_owned();
        let leads = standing == Standing::Leads;
        let remaining = if leads { Duration::from_millis(1300) } else { Duration::ZERO };
        let term = if leads { "term 2, token 131".to_owned() } else { String::new() };
        Row { name, place, standing, beat: leads, remaining, term }
    }

    fn picture() -> Picture {
        Picture {
            elapsed: Duration::from_secs(17),
            now: "ben leads.".to_owned(),
            rows: vec![
                row("anna", Standing::Dead),
                row("ben", Standing::Leads),
                row("cleo", Standing::StandsBy),
            ],
            belief: Duration::from_millis(2600),
            lock: Some(("ben".to_owned(), Duration::from_millis(3200))),
            lock_name: "default/demo".to_owned(),
            policy: Some("standard 0.1.0 (sha256:ab12)".to_owned()),
            figures: "9 heartbeats".to_owned(),
            overlap: false,
            timeline: (0..40).map(|n| (Duration::from_secs(n), format!("event {n}"))).collect(),
            hints: vec!["curl localhost:4040".to_owned()],
        }
    }

    #[test]
    fn it_shows_who_leads_and_what_happened_last() {
        let lines = picture().lines(100, 30, false);
        assert_eq!(lines.len(), 30);
        let text = lines.join("\n");
        assert!(text.contains("   anna  localhost:4040  dead"), "{text}");
        assert!(
            text.contains(
                "   ben   localhost:4040  LEADS     ♥ ██████░░░░░░  1.3 s  term 2, token 131"
            ),
            "{text}"
        );
        assert!(text.contains("   cleo  localhost:4040  stands by"), "{text}");
        assert!(text.contains("default/demo: ben holds it, runs out in 3.2 s"), "{text}");
        assert!(text.contains("   00:39  event 39\n") && !text.contains("event 10\n"), "{text}");
        assert!(text.contains("curl localhost:4040"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn it_fits_into_any_terminal() {
        for (columns, rows) in [(0, 0), (1, 1), (20, 5), (40, 12), (300, 90)] {
            let lines = picture().lines(columns, rows, false);
            assert!(lines.len() <= rows);
            assert!(lines.iter().all(|line| line.chars().count() <= columns));
        }
    }

    #[test]
    fn two_leaders_are_not_to_be_overlooked() {
        let text = Picture { overlap: true, ..picture() }.lines(100, 30, false).join("\n");
        assert!(text.contains("TWO LED AT ONCE"), "{text}");
    }

    #[test]
    fn bars_are_full_to_empty() {
        let lease = Duration::from_secs(4);
        assert_eq!(bar(Duration::ZERO, lease), "░".repeat(BAR));
        assert_eq!(bar(lease, lease), "█".repeat(BAR));
        assert_eq!(bar(lease * 2, lease), "█".repeat(BAR));
        assert_eq!(bar(Duration::from_millis(1), lease).matches('█').count(), 1);
        assert_eq!(bar(lease, Duration::ZERO), "░".repeat(BAR));
    }
}
