//! Golden transcripts: a small command language that drives candidates, and all that they tell.
//!
//! A transcript is text. Lines that begin with `> ` are commands, lines that begin with `#` are
//! for readers; all others are what happened. [`transcript`] runs the commands of a text and gives
//! the text anew, so a golden file is right if it comes back as it was.

use crate::network::Network;
use crate::policy::Policy;
use crate::world::World;
use hotseat_core::config::{Config, Timing};
use hotseat_core::event::{Base, Effect, Event, Notice, StepDownReason};
use hotseat_core::failures::DEFAULT_SHARE;
use hotseat_core::lock::{Incarnation, Record, Version};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{Action, Decision, Failure, FailureKind};
use hotseat_core::request::{Requests, TRANSFER_WITHIN, TransferRequest};
use hotseat_core::rule;
use hotseat_core::time::Moment;
use std::fmt::Write as _;
use std::time::Duration;

/// Runs the commands of a transcript and gives the transcript as it is now.
///
/// # Errors
///
/// A command that is not known or not well-formed, or a broken invariant.
pub fn transcript(text: &str) -> Result<String, String> {
    let mut play = Play::new();
    let mut out = String::new();
    for line in text.lines() {
        if line.starts_with('#') || line.is_empty() {
            let _ = writeln!(out, "{line}");
        } else if let Some(command) = line.strip_prefix("> ") {
            let _ = writeln!(out, "{line}");
            play.run(command).map_err(|why| format!("{line}: {why}"))?;
            play.write_news(&mut out);
        }
    }
    Ok(out)
}

struct Play {
    world: World,
    names: Vec<String>,
    starts: u64,
    timing: Timing,
}

impl Play {
    fn new() -> Self {
        let mut world = World::new(1, Network::perfect());
        world.record();
        Play { world, names: Vec::new(), starts: 0, timing: Timing::client_go() }
    }

    fn run(&mut self, command: &str) -> Result<(), String> {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words.as_slice() {
            ["timing", lease, deadline, retry] => {
                let [lease, deadline, retry] =
                    [seconds(lease)?, seconds(deadline)?, seconds(retry)?];
                self.timing = Timing::new(lease, deadline, retry);
            }
            ["reaction", length] => self.timing.reaction = seconds(length)?,
            ["start", names @ ..] => names.iter().for_each(|name| self.start(name)),
            ["restart", name] => {
                let index = self.index(name)?;
                let note = self.world.note(index);
                let config = Config { predecessor: note, ..self.config(name) };
                self.world.restart(index, config);
            }
            ["run", length] => {
                let length = seconds(length)?;
                self.world.run_for(length).map_err(|broken| broken.to_string())?;
            }
            ["kill", name] => self.world.kill(self.index(name)?),
            ["report", name] => self.world.report_ends(self.index(name)?, Duration::ZERO),
            ["stop", name] => self.world.tell(self.index(name)?, Event::Stop),
            ["freeze", name, length] => self.world.freeze(self.index(name)?, seconds(length)?),
            ["cut", name] => self.world.cut(self.index(name)?, true),
            ["heal", name] => self.world.cut(self.index(name)?, false),
            ["policy", name, kind] => self.world.swap(self.index(name)?, policy(kind)?),
            ["answers"] => {}
            [hand, rest @ ..] => self.by_hand(hand, rest)?,
            [] => return Err("an empty command".to_owned()),
        }
        Ok(())
    }

    /// What a person, or another elector, does to the lock.
    fn by_hand(&mut self, hand: &str, rest: &[&str]) -> Result<(), String> {
        match (hand, rest) {
            ("delete", []) => drop(self.world.store.delete()),
            ("clear", []) => drop(self.world.store.clear_holder()),
            ("relabel", []) => drop(self.world.store.relabel()),
            ("transfer", [to]) => self.ask(|requests, at| {
                requests.transfer = Some(TransferRequest {
                    to: (*to).to_owned(),
                    by: "somebody".to_owned(),
                    within: TRANSFER_WITHIN,
                    until: format!("asked at {at}"),
                    refused: None,
                });
            }),
            ("pause", []) => self.ask(|requests, _| requests.paused = true),
            ("resume", []) => self.ask(|requests, _| requests.paused = false),
            ("put", [holder, duration]) => self.put(holder, seconds(duration)?, false),
            ("put", ["nobody"]) => self.put("", Duration::ZERO, false),
            ("put", ["released"]) => self.put("", Duration::from_secs(1), true),
            _ => return Err("no such command".to_owned()),
        }
        self.world.announce();
        Ok(())
    }

    fn ask(&mut self, change: impl FnOnce(&mut Requests, Moment)) {
        let at = self.world.now;
        self.world.store.edit(|record| change(&mut record.requests, at));
    }

    fn put(&mut self, holder: &str, duration: Duration, released: bool) {
        let transitions = self.world.store.read().record().map_or(0, |old| old.transitions);
        let at = self.world.now;
        self.world.store.put(Record {
            version: Version(String::new()),
            uid: String::new(),
            holder: (!holder.is_empty()).then(|| holder.to_owned()),
            duration: (!duration.is_zero()).then_some(duration),
            transitions,
            token: self.world.store.token(),
            mark: None,
            released,
            times: if duration.is_zero() { String::new() } else { format!("put at {at}") },
            successor: None,
            requests: Requests::default(),
        });
    }

    fn start(&mut self, name: &str) {
        let config = self.config(name);
        let index = self.world.add(config, Box::new(|input| Ok(rule::decide(input))), 0);
        self.names.push(name.to_owned());
        self.world.start(index);
    }

    fn config(&mut self, name: &str) -> Config {
        self.starts += 1;
        Config {
            election: "web".to_owned(),
            namespace: "shop".to_owned(),
            identity: name.to_owned(),
            incarnation: Incarnation {
                site: format!("site-{name}"),
                nonce: self.starts.to_string(),
                home: None,
            },
            predecessor: None,
            timing: self.timing,
            drain: self.timing.reaction,
            warm_up: Duration::ZERO,
            preemptions_per_hour: 6,
            on_failure: OnFailure::Standard,
            failure_share: DEFAULT_SHARE,
            seed: self.starts,
        }
    }

    fn index(&self, name: &str) -> Result<usize, String> {
        let found = self.names.iter().position(|known| known == name);
        found.ok_or_else(|| format!("no candidate {name}"))
    }

    fn write_news(&mut self, out: &mut String) {
        for (at, index, effect) in self.world.recorded.take().unwrap_or_default() {
            if let Some(news) = news(&effect) {
                let _ = writeln!(out, "{at} {}: {news}", self.names[index]);
            }
        }
        self.world.record();
        let answers: Vec<String> = (0..self.names.len())
            .map(|index| format!("{}={:?}", self.names[index], self.world.answer(index)))
            .collect();
        let _ = writeln!(out, "{} 4040: {}", self.world.now, answers.join(" "));
    }
}

fn seconds(word: &str) -> Result<Duration, String> {
    let number = word.strip_suffix('s').and_then(|number| number.parse::<f64>().ok());
    let number = number.filter(|number| *number >= 0.0 && *number < 1e6);
    number
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("{word} is not a duration such as 2.5s"))
}

fn policy(kind: &str) -> Result<Policy, String> {
    let decision = |action: Action| Decision {
        action,
        wake_after: 1000,
        lease_duration: None,
        reason: "as scripted".to_owned(),
        publish: Vec::new(),
        memory: Vec::new(),
        extra: Vec::new(),
    };
    Ok(match kind {
        "rule" => Box::new(|input| Ok(rule::decide(input))),
        "wait" => Box::new(move |_| Ok(decision(Action::Wait))),
        "resign" => Box::new(move |_| Ok(decision(Action::Resign(None)))),
        "resign-to-b" => Box::new(move |_| Ok(decision(Action::Resign(Some("b".to_owned()))))),
        "campaign" => Box::new(move |_| Ok(decision(Action::Campaign))),
        "century" => Box::new(move |_| {
            Ok(Decision { wake_after: 3_155_760_000_000, ..decision(Action::Wait) })
        }),
        "trap" => Box::new(|_| {
            Err(Failure { kind: FailureKind::Trapped, detail: "unreachable".to_owned() })
        }),
        _ => return Err(format!("no policy {kind}")),
    })
}

/// The effects that a reader of a transcript wants.
fn news(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Ask { .. } | Effect::WakeAt(_) | Effect::Show(_) | Effect::Account(_) => {
            return None;
        }
        Effect::Read { .. } => "reads the lock".to_owned(),
        Effect::Write(write) => {
            let base = match &write.base {
                Base::Create => "create".to_owned(),
                Base::Replace(version) => format!("replace {version}"),
            };
            let holder = write.holder.as_deref().unwrap_or("nobody");
            let purpose = write.purpose.as_str();
            let successor = match &write.successor {
                Some(name) => format!(", successor {name}"),
                None => String::new(),
            };
            format!(
                "{purpose}: {base} with {holder}, lease {:?}, transitions {}{successor}",
                write.duration, write.transitions
            )
        }
        Effect::Tell(notice) => return told(notice),
        Effect::RestorePolicy => "wants the last good policy back".to_owned(),
        Effect::RestartWatch => "begins its watch anew".to_owned(),
        Effect::Finished => "has finished".to_owned(),
    })
}

fn told(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::Decided { .. } => return None,
        Notice::BecameLeader { token, transitions, reason } => {
            format!("BECAME LEADER, token {token}, transitions {transitions}: {reason}")
        }
        Notice::ResumedTerm { token } => format!("RESUMED its term, token {token}"),
        Notice::Renewed => "renewed".to_owned(),
        Notice::SteppedDown(why) => match why {
            StepDownReason::Resigned(reason) => format!("STEPPED DOWN, resigned: {reason}"),
            StepDownReason::Transferred(reason) => format!("STEPPED DOWN, transferred: {reason}"),
            StepDownReason::Lost(Some(holder)) => format!("STEPPED DOWN, lost to {holder}"),
            why => format!("STEPPED DOWN, {}", why.as_str()),
        },
        Notice::Released => "released".to_owned(),
        Notice::Reserved => "put the missing lock back".to_owned(),
        Notice::NotReleased(why) => format!("could not release: {why}"),
        Notice::LeaderChanged(name) if name.is_empty() => "sees no leader".to_owned(),
        Notice::LeaderChanged(name) => format!("sees {name} lead"),
        Notice::WriteFailed { purpose, error } => {
            format!("failed to {}: {}", purpose.as_str(), error.detail)
        }
        Notice::ReadFailed(error) => format!("failed to read: {}", error.detail),
        Notice::FoundOwnWrite => "found its own write".to_owned(),
        Notice::PolicyFailed { failure, in_a_row, .. } => {
            format!("its policy failed, {in_a_row} in a row: {}", failure.kind.as_str())
        }
        Notice::Overruled { action, reason } => format!("may not {action}: {reason}"),
        Notice::HandingOver { to, within } => {
            format!("will hand over to {to}, once that is ready or after {within:?}")
        }
        Notice::HandOverWithdrawn { to } => format!("does not hand over to {to} after all"),
        Notice::TransferRefused { to, by, reason } => {
            format!("does not hand over to {to} as {by} asked: {reason}")
        }
        Notice::IdentityConflict(who) => format!("another process has its name: {who}"),
        Notice::HolderDied { holder, free_in } => {
            format!("knows that {holder} has ended, its seat is free in {free_in:?}")
        }
    })
}
