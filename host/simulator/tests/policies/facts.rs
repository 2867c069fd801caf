//! What is known of a candidate: what its application, pod, node and host say, and what it published.

use super::native::Published;
use hotseat_core::event::{self, Reported};
use hotseat_core::policy::{Source, Value};
use hotseat_core::time::Moment;
use hotseat_simulator::Dice;
use std::time::Duration;

/// A candidate's entry is written at least that often.
const BEAT: Duration = Duration::from_secs(60);
const VERSIONS: [[&str; 2]; 3] = [["1.31", "1.32.4"], ["1.32", "1.32.4"], ["1.32", "1.33.0"]];

/// The facts of one candidate.
pub struct Facts {
    pub ready: bool,
    pub busy: bool,
    lag: f64,
    priority: i64,
    version: usize,
    zone: &'static str,
    /// No heartbeat until then.
    pub silent_until: Moment,
    heard_at: Moment,
}

impl Facts {
    /// Those of the candidate with that number.
    pub fn new(index: usize) -> Facts {
        Facts {
            ready: true,
            busy: false,
            lag: 0.0,
            priority: index as i64,
            version: index % VERSIONS.len(),
            zone: if index < 2 { "a" } else { "b" },
            silent_until: Moment::ZERO,
            heard_at: Moment::ZERO,
        }
    }

    /// One of them becomes another.
    pub fn change(&mut self, now: Moment, dice: &mut Dice) {
        match dice.below(6) {
            0 => self.ready = !self.ready,
            1 => self.busy = !self.busy,
            2 => self.lag = dice.below(4) as f64 * 600_000.0,
            3 => self.priority = dice.below(5) as i64,
            4 => self.version = dice.below(VERSIONS.len() as u64) as usize,
            _ => {
                let length = dice.between(Duration::from_secs(5), Duration::from_secs(40));
                self.silent_until = now + length;
            }
        }
    }

    /// The application is unwell in every way.
    pub fn degrade(&mut self) {
        (self.ready, self.lag, self.silent_until) = (false, 5e6, Moment::NEVER);
    }

    /// It is as it was.
    pub fn restore(&mut self) {
        (self.ready, self.lag, self.silent_until) = (true, 0.0, Moment::ZERO);
    }

    /// Nothing is wrong any more with the application.
    pub fn recover(&mut self) {
        (self.ready, self.busy, self.silent_until) = (true, false, Moment::ZERO);
    }

    /// As the host tells it, in the order of keys. `ago` gives the candidate's own moment for a true one.
    pub fn signals(&mut self, now: Moment, local: impl Fn(Moment) -> Moment) -> Vec<Reported> {
        if self.silent_until <= now {
            self.heard_at = now;
        }
        let [emulation, binary] = VERSIONS[self.version];
        let text = |text: &str| Value::Text(text.to_owned());
        let all = [
            ("app.busy", Source::Application, Value::Flag(self.busy), now),
            ("app.heartbeat", Source::Application, Value::Flag(true), self.heard_at),
            ("app.lag", Source::Application, Value::Number(self.lag), now),
            ("app.version", Source::Application, Value::Integer(self.version as i64), now),
            ("app.kubernetes.io/version", Source::Pod, text(binary), now),
            ("host.time-of-day", Source::Host, text("03:00"), now),
            ("ready", Source::Application, Value::Flag(self.ready), now),
            ("shop.example/emulation-version", Source::Pod, text(emulation), now),
            ("shop.example/priority", Source::Pod, text(&self.priority.to_string()), now),
            ("topology.kubernetes.io/zone", Source::Node, text(self.zone), now),
        ];
        let reported = |(key, source, value, at): (&str, Source, Value, Moment)| {
            let at = local(at);
            Reported { key: key.to_owned(), source, value, at, since: at }
        };
        all.into_iter().map(reported).collect()
    }
}

/// A candidate on the roster.
pub struct Entry {
    ready: bool,
    zone: &'static str,
    /// Each with the moment since which it has its value.
    signals: Vec<(String, Value, Moment)>,
    written: Moment,
}

impl Entry {
    /// Writes the entry if there is news, or it is time. Says whether it did.
    pub fn write(
        entry: &mut Option<Entry>,
        facts: &Facts,
        published: &Published,
        now: Moment,
    ) -> bool {
        let published = published.borrow();
        let old = entry.as_ref();
        let since = |key: &String, value: &Value| {
            let known = old.into_iter().flat_map(|old| &old.signals);
            known.into_iter().find(|(k, v, _)| (k, v) == (key, value)).map_or(now, |it| it.2)
        };
        let signals: Vec<_> = published
            .iter()
            .map(|(key, value)| (key.clone(), value.clone(), since(key, value)))
            .collect();
        let same = old.is_some_and(|old| old.ready == facts.ready && old.signals == signals);
        if same && old.is_some_and(|old| now.since(old.written) < BEAT) {
            return false;
        }
        *entry = Some(Entry { ready: facts.ready, zone: facts.zone, signals, written: now });
        true
    }

    /// As another candidate sees it, by its own clock.
    pub fn seen(&self, name: &str, local: impl Fn(Moment) -> Moment) -> event::Published {
        let signals = self.signals.iter().map(|(key, value, since)| Reported {
            key: key.clone(),
            source: Source::Application,
            value: value.clone(),
            at: local(self.written),
            since: local(*since),
        });
        event::Published {
            identity: name.to_owned(),
            at: local(self.written),
            ready: Some(self.ready),
            zone: Some(self.zone.to_owned()),
            policy: None,
            signals: signals.collect(),
            extra: Vec::new(),
        }
    }
}
