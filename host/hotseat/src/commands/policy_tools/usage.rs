//! What a policy uses beside what it may use.

use hotseat_engine::{CompileLimits, CompiledComponent, LARGEST_COMPONENT, Limits, Source, Spent};
use serde::Serialize;
use std::fmt;

/// How much was used of one limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// The limit, in a word or two.
    pub limit: &'static str,
    /// Of what: `units`, `bytes`, `us` or `ms`.
    pub unit: &'static str,
    /// The most that was used at a time.
    pub used: u64,
    /// What may be used.
    pub most: u64,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Usage { limit, unit, used, most } = self;
        write!(f, "{limit}: {used} of {most} {unit}")?;
        // Rounded up, so that only nothing is 0 %.
        let percent = (u128::from(*used) * 100).div_ceil(u128::from(*most).max(1));
        write!(f, ", {percent} %")
    }
}

pub(super) fn of_component(source: &Source) -> Vec<Usage> {
    let mut all = Vec::new();
    add(&mut all, "component size", "bytes", source.bytes().len() as u64, LARGEST_COMPONENT);
    all
}

pub(super) fn add_compilation(all: &mut Vec<Usage>, compiled: &CompiledComponent) {
    // What the sidecar's compiler has, too: no flag changes it.
    let limits = CompileLimits::default();
    if let Some(spent) = compiled.spent() {
        let processor = u64::try_from(spent.processor.as_millis()).unwrap_or(u64::MAX);
        add(all, "compiler's time", "ms", processor, limits.processor_seconds * 1000);
        add(all, "compiler's memory", "bytes", spent.memory, limits.memory);
    }
    if let Ok(size) = compiled.size() {
        add(all, "compiled size", "bytes", size, limits.output);
    }
}

pub(super) fn add_call(all: &mut Vec<Usage>, spent: &Spent, limits: &Limits) {
    let micros = |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    add(all, "fuel", "units", spent.fuel, limits.fuel);
    add(all, "time", "us", micros(spent.wall), micros(limits.wall));
    add(all, "memory", "bytes", spent.memory as u64, limits.memory as u64);
    add(all, "answer", "bytes", spent.answer as u64, limits.answer as u64);
}

/// Keeps the most that was used.
fn add(all: &mut Vec<Usage>, limit: &'static str, unit: &'static str, used: u64, most: u64) {
    match all.iter_mut().find(|usage| usage.limit == limit) {
        Some(usage) => usage.used = usage.used.max(used),
        None => all.push(Usage { limit, unit, used, most }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_of_all_calls_counts() {
        let mut all = Vec::new();
        for fuel in [7, 9, 8] {
            add_call(&mut all, &Spent { fuel, ..Spent::default() }, &Limits::default());
        }
        assert_eq!(all.len(), 4);
        assert_eq!(all[0].to_string(), "fuel: 9 of 50000000 units, 1 %");
        assert_eq!(all[3].to_string(), "answer: 0 of 131072 bytes, 0 %");
    }
}
