//! A way through states as text: what happened, the lock after it, and what changed in candidates.

use crate::finding::Broken;
use crate::setting::Setting;
use crate::steps::Step;
use crate::store::{Name, Object, Reported, Stamp};
use crate::world::{Candidate, World};
use hotseat_core::canon::NOW;
use std::fmt::Write as _;

/// A way from the beginning to a state in which a property is broken.
#[derive(Clone, Debug)]
pub struct Way {
    /// What is broken in the last state.
    pub broken: Broken,
    /// The beginning.
    pub first: World,
    /// What happened, and what it led to.
    pub steps: Vec<(Step, World)>,
}

/// The way to a counterexample, line by line.
pub fn transcript(setting: &Setting, way: &Way) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {setting}");
    let mut before = &way.first;
    let mut seconds = 0.0;
    for (step, world) in &way.steps {
        if let Step::Tick | Step::Skew(..) = step {
            seconds += setting.tick.as_secs_f64();
        }
        let lock = if world.store.object == before.store.object {
            String::new()
        } else {
            format!("  -> {}", object(world.store.object.as_ref()))
        };
        let _ = writeln!(out, "{seconds:>4} s  {}{lock}", words(*step));
        for (old, new) in before.candidates.iter().zip(&world.candidates) {
            let (was, is) = (candidate(old), candidate(new));
            if was != is {
                let _ = writeln!(out, "          {}: {is}", new.process.name.text());
            }
        }
        before = world;
    }
    let _ = writeln!(out, "BROKEN: {}", way.broken);
    out
}

fn object(object: Option<&Object>) -> String {
    let Some(object) = object else { return "no lock".to_owned() };
    let time = |time: u32| if time == 0 { "-".to_owned() } else { format!("t{time}") };
    let Reported { holder, duration, acquired, renewed, .. } = object.said;
    let duration = duration.map_or("-".to_owned(), |seconds| format!("{seconds}s"));
    let mark = match &object.stamp {
        None => "none".to_owned(),
        Some(stamp) => {
            let Stamp { writer, serial, base, purpose, token, said } = stamp;
            let base = base.map_or("nothing".to_owned(), |base| base.to_string());
            let process = writer.incarnation();
            let holds = if *said == object.said { "" } else { ", which does not hold" };
            let what = purpose.as_str();
            format!("{process}#{serial} {what} on {base}, token {token}{holds}")
        }
    };
    format!(
        "version {} holder {} {duration} acquired {} renewed {} mark {mark}",
        object.version,
        holder.map_or("\"\"".to_owned(), Name::text),
        time(acquired),
        time(renewed)
    )
}

fn candidate(candidate: &Candidate) -> String {
    if !candidate.alive {
        return "has stopped".to_owned();
    }
    let elector = &candidate.cell.elector;
    let left = |until: hotseat_core::time::Moment| until.since(NOW).as_secs_f64();
    let situation = elector.situation();
    let belief = match candidate.cell.believed() {
        Some(term) => format!("LEADS for {} s, token {}", left(term.until), term.token),
        None => format!("{:?}", situation.phase).to_lowercase(),
    };
    let seen = match (elector.sees(), elector.seat_is_free_in()) {
        (Some(record), free) => {
            let holder = record.holder.as_deref().unwrap_or("\"\"");
            let free = free.map_or("?".to_owned(), |free| free.as_secs_f64().to_string());
            format!("sees {holder}, free in {free} s")
        }
        (None, Some(free)) => format!("sees no lock, free in {} s", free.as_secs_f64()),
        (None, None) => "has seen nothing".to_owned(),
    };
    let operation = format!("{:?}", situation.operation).to_lowercase();
    let unsure = if situation.unsure { ", unsure" } else { "" };
    format!("{belief}; {seen}; under way: {operation}{unsure}")
}

fn words(step: Step) -> String {
    let name = |index: usize| Name(u8::try_from(index).unwrap_or(u8::MAX)).text();
    match step {
        Step::Tick => "time passes".to_owned(),
        Step::Skew(index, fault) => {
            format!("time passes, and the clock of {} is {}", name(index), fault.word())
        }
        Step::Timer(index) => format!("{}: its timer", name(index)),
        Step::Write(index, _) => format!("{}: its write reaches the store", name(index)),
        Step::WriteTwice(index, _) => {
            format!("{}: its create reaches the store, and will again", name(index))
        }
        Step::Ghost(_) => "a write of a dead process reaches the store".to_owned(),
        Step::Written(index) => format!("{}: its write is answered", name(index)),
        Step::WriteLost(index) => format!("{}: no answer to its write", name(index)),
        Step::Reads(index) => format!("{}: its read reaches the store", name(index)),
        Step::Read(index) => format!("{}: its read is answered", name(index)),
        Step::ReadLost(index) => format!("{}: no answer to its read", name(index)),
        Step::Watch(index, 0) => format!("{}: its watch tells of the last change", name(index)),
        Step::Watch(index, back) => {
            format!("{}: its watch tells of a change {back} before the last", name(index))
        }
        Step::Relist(index) => format!("{}: its watch begins anew", name(index)),
        Step::Life(index, fault) => format!("{}: {}", name(index), fault.word().to_uppercase()),
        Step::Report(index, dead) => {
            format!("{}: learns that {} has ended", name(index), dead.incarnation())
        }
        Step::Hand(fault) => format!("HAND: {}", fault.word()),
        Step::Keep => "somebody keeps a copy".to_owned(),
    }
}

/// For whoever looks at a state while a search is being written.
impl World {
    /// The lock and the candidates, in words.
    pub fn describe(&self) -> String {
        let mut out = object(self.store.object.as_ref());
        for one in &self.candidates {
            let _ = write!(out, "\n{}: {}", one.process.name.text(), candidate(one));
        }
        out
    }
}
