//! How much memory a container has to have for a policy.

use crate::compile::Share;
use crate::compile_limits::CompileLimits;
use crate::container::Container;
use crate::settings::Limits;

/// No limit is tried beyond this one, in bytes.
const LARGEST: u64 = 4 << 30;
/// Limits are set in steps of this, in bytes.
const STEP: u64 = 1 << 20;
/// This part of what a compilation wrote to is added to it: the next one differs, since its threads
/// take turns otherwise and each has a heap of its own.
const CHANCE: u64 = 8;

/// What of a policy counts towards the container's limit of memory, each in bytes and at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    /// What may be written to of the compiler's address space.
    pub compiling: u64,
    /// The compiled component.
    pub compiled: u64,
    /// The linear memories and tables of a call, and what the engine has for its instances.
    pub call: u64,
}

impl Needed {
    /// The smallest limit of a container, in bytes and whole MiB, of which a sidecar leaves the compiler
    /// and each call of the policy as much: as [`Container::of`] assumes a sidecar to be, with these limits of
    /// its operator. None: no container is large enough, or these limits are too low.
    pub fn container(&self, limits: &Limits, compiler: &CompileLimits) -> Option<u64> {
        let compiling = self.compiling + self.compiling / CHANCE;
        (1..=LARGEST / STEP).map(|step| step * STEP).find(|limit| {
            let container = Container::of(*limit);
            let limits = limits.clone().within(&container);
            let share = Share::of(compiler, container.memory_left(), limits.memory as u64);
            let compiles = share.is_ok_and(|share| {
                share.writable >= compiling && share.limits.output >= self.compiled
            });
            compiles && limits.memory as u64 >= self.call
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn smallest(needed: Needed) -> Option<u64> {
        let container = needed.container(&Limits::default(), &CompileLimits::default());
        container.map(|limit| limit / MIB)
    }

    #[test]
    fn whatever_is_needed_most_decides() {
        // 16 MiB are the sidecar's and 4 in reserve. The least that a compiler gets is 4 MiB, and a
        // seventh of that for its result; beside it goes a call of the active policy.
        assert_eq!(smallest(Needed::default()), Some(27));
        let compiling = |kib: u64| Needed { compiling: kib << 10, ..Needed::default() };
        assert_eq!(smallest(compiling(3 << 10)), Some(27));
        let large = smallest(compiling(400 << 10)).unwrap();
        // With an eighth for chance; beside 32 MiB for a call, 32 in reserve and 16 for the sidecar.
        assert_eq!(large, 450 * 8 / 7 + 1 + 32 + 32 + 16);
        let call = Needed { call: 8 * MIB, ..Needed::default() };
        assert_eq!(smallest(call), Some(74), "six calls may be under way at a time");
        let compiled = Needed { compiled: 10 * MIB, ..Needed::default() };
        assert_eq!(smallest(compiled), Some(128), "an eighth of what is left");
    }

    #[test]
    fn what_no_container_gives_is_said() {
        let limits = Limits::default();
        let call = Needed { call: limits.memory as u64 + 1, ..Needed::default() };
        assert_eq!(smallest(call), None, "the operator's limit is lower");
        let compiler = CompileLimits::default();
        assert_eq!(smallest(Needed { compiling: compiler.memory, ..Needed::default() }), None);
    }
}
