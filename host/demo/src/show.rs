//! From the running demonstration to the picture of it.

use super::options::NAMES;
use super::picture::{Picture, Row, Standing};
use super::stage::{Fate, Known, Stage};
use super::words;
use hotseat_core::time::Moment;
use hotseat_election::clock;
use hotseat_http::LeaderAnswer;
use std::time::Duration;

/// How long the mark of a heartbeat lights up.
const BEAT: Duration = Duration::from_millis(250);
/// Digits of a digest that are shown.
const DIGITS: usize = 12;

impl Stage {
    /// What the live view shows at this moment.
    pub(super) fn picture(&self) -> Picture {
        let now = clock::now();
        let rows: Vec<Row> = (0..NAMES.len()).map(|index| self.row(index, now)).collect();
        let outcome = self.outcome();
        let holder = self.lock.holder().map(|name| (name.to_owned(), self.lock.expires_in(now)));
        let policy = self.policy.as_ref().map(|p| {
            let digits = p.digest.strip_prefix("sha256:").unwrap_or(&p.digest);
            let digits: String = digits.chars().take(DIGITS).collect();
            format!("{} {} (WebAssembly component sha256:{digits})", p.name, p.version)
        });
        Picture {
            elapsed: now.since(self.start),
            now: self.now(&rows),
            belief: self.launch.timing.renew_deadline,
            lock: holder,
            lock_name: format!("default/{}", self.launch.election),
            policy,
            figures: format!(
                "{}, {}, {}",
                words::count(u64::try_from(outcome.elections.len()).unwrap_or(0), "election"),
                words::count(outcome.heartbeats, "heartbeat"),
                words::count(outcome.api_requests, "API request"),
            ),
            overlap: outcome.overlap_ms > 0,
            timeline: self.timeline.iter().cloned().collect(),
            hints: self.hints(),
            rows,
        }
    }

    fn row(&self, index: usize, now: Moment) -> Row {
        let state = &self.states[index];
        let leading = state.leading(now);
        let standing = match (state.fate, &state.last) {
            (Fate::Killed | Fate::Gone, _) => Standing::Dead,
            (Fate::Leaving(_), _) => Standing::Leaving,
            (Fate::Running, None) => Standing::Starting,
            (Fate::Running, Some(_)) if leading.is_some() => Standing::Leads,
            (Fate::Running, Some(_)) => Standing::StandsBy,
        };
        let (mut remaining, mut term) = (Duration::ZERO, String::new());
        if let Some((after, answer)) = leading {
            remaining = (*after + Duration::from_millis(answer.remaining_ms)).since(now);
            if let (Some(number), Some(token)) = (answer.transitions, answer.token) {
                // People count from one.
                term = format!("term {}, token {token}", number.saturating_add(1));
            }
        }
        let mine = self.lock.holder() == Some(NAMES[index]);
        let beat = mine && self.lock.last_beat().is_some_and(|at| now.since(at) < BEAT);
        let place = self.fleet[index].address().borrow().map(|a| format!("localhost:{}", a.port()));
        let place = place.unwrap_or_default();
        Row { name: NAMES[index], place, standing, beat, remaining, term }
    }

    fn now(&self, rows: &[Row]) -> String {
        let named = |standing: Standing| -> Vec<&str> {
            rows.iter().filter(|row| row.standing == standing).map(|row| row.name).collect()
        };
        let leaders = named(Standing::Leads);
        if let (Some(open), true) = (self.referee.open(), leaders.is_empty()) {
            return words::waiting(&open, &NAMES);
        }
        let (ready, dead) = (named(Standing::StandsBy), named(Standing::Dead));
        let is = |names: &[&str], one: &'static str, more: &'static str| {
            let verb = if names.len() == 1 { one } else { more };
            format!("{} {verb}", words::list(names))
        };
        let mut text = is(&leaders, "leads", "lead");
        if !ready.is_empty() {
            text.push_str(&format!("; {}", is(&ready, "stands by", "stand by")));
        }
        if !dead.is_empty() {
            text.push_str(&format!("; {}", is(&dead, "is dead", "are dead")));
        }
        text + "."
    }

    fn hints(&self) -> Vec<String> {
        let addresses = self.fleet.iter().filter_map(|c| *c.address().borrow());
        let first = addresses.map(|a| format!("curl localhost:{}", a.port())).next();
        let lease = &self.launch.election;
        let kubectl = format!("kubectl --server {} get lease {lease} -o yaml", self.server.url());
        let page = self.fleet.iter().find_map(|candidate| *candidate.address().borrow());
        let page = page.map(|address| format!("http://localhost:{}/ui", address.port()));
        let signal = self.script.is_empty().then(|| self.signal_hint()).flatten();
        page.into_iter().chain(first).chain(signal).chain([kubectl]).collect()
    }

    /// How to set a signal of a candidate, where the reader looks at a policy of theirs.
    fn signal_hint(&self) -> Option<String> {
        let port = self.fleet.iter().find_map(|candidate| *candidate.address().borrow())?.port();
        let json = "-H 'Content-Type: application/json' -d 12.5";
        Some(format!("curl -X PUT {json} localhost:{port}/v1/signals/app.lag"))
    }
}

impl Known {
    /// When it last said that it leads, and what, if that still holds.
    pub(super) fn leading(&self, now: Moment) -> Option<&(Moment, LeaderAnswer)> {
        self.last.as_ref().filter(|(after, answer)| {
            answer.leads && now < *after + Duration::from_millis(answer.remaining_ms)
        })
    }
}
