//! How much address space a policy's memories have, which decides how their accesses are kept in bounds.

use wasmtime::{Config, PoolingAllocationConfig};

use crate::bounds::{MOST_ELEMENTS, MOST_INSTANCES, MOST_MEMORIES, MOST_TABLES};
use crate::left_behind::MOST_AT_A_TIME;

/// Calls that are there at a time: those that were left behind, and those of the policies in force, in shadow
/// and under trial, of which one more may have been left behind meanwhile. Another one fails.
const CALLS: usize = MOST_AT_A_TIME + 4;
/// Tables of all calls together. Only a component that was made for it has hundreds, and wasmtime has 48 bytes
/// for each from the start.
const TABLES: usize = 2 * MOST_TABLES;
/// No bound of ours: what the host has for instances counts as a call's memory.
const UNBOUNDED: usize = 1 << 30;

/// What is reserved for each memory where there is not enough address space, in bytes: the default limit
/// of memory, so that a memory within the limit never moves.
const RESERVATION: u64 = 32 << 20;

/// Whether there is address space enough to do without a check of each access.
///
/// An address of a policy is one of 4 GiB. Where so much is reserved for each memory, what lies outside
/// of it is nobody's: the processor finds an access there, and the policy is ended. Otherwise the
/// compiler puts a comparison in front of each access, which makes code larger, and slower to compile
/// and to run. (docs/decisions/0022-no-check-at-each-access.md)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Each memory has all that can be addressed, and a guard. It is reserved once for all calls, which takes
    /// 200 GiB of address space.
    Ample,
    /// Each access is checked, and each call reserves a little.
    Scarce,
}

impl Room {
    /// As the child that compiles is given it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Room::Ample => "ample",
            Room::Scarce => "scarce",
        }
    }

    /// The one of that name; ample, if it has none.
    pub(crate) fn named(name: &str) -> Room {
        match name == Room::Scarce.name() {
            true => Room::Scarce,
            false => Room::Ample,
        }
    }

    /// Puts what code depends on into the settings of an engine.
    pub(crate) fn put(self, config: &mut Config) {
        match self {
            // The defaults of wasmtime, which most of its users have.
            Room::Ample => {}
            Room::Scarce => {
                config
                    .memory_reservation(RESERVATION)
                    .memory_guard_size(64 << 10)
                    .memory_reservation_for_growth(1 << 20)
                    .guard_before_linear_memory(false);
            }
        }
    }

    /// Has an engine that runs code reserve address space once, instead of for each instance.
    ///
    /// What a call wrote is given back to the system all the same: nothing of it stays for the next.
    pub(crate) fn reserve(self, config: &mut Config) {
        if self == Room::Scarce {
            return;
        }
        let count = |total: usize| u32::try_from(total).unwrap_or(u32::MAX);
        let mut pool = PoolingAllocationConfig::new();
        pool.total_memories(count(CALLS * MOST_MEMORIES))
            .total_tables(count(TABLES))
            .total_core_instances(count(CALLS * MOST_INSTANCES))
            .total_component_instances(count(CALLS * MOST_INSTANCES))
            // No bounds of ours: what a call may have is counted when it begins, with or without this.
            .max_memories_per_module(count(CALLS * MOST_MEMORIES))
            .max_tables_per_module(count(TABLES))
            .table_elements(MOST_ELEMENTS)
            .max_core_instance_size(UNBOUNDED)
            .max_component_instance_size(UNBOUNDED);
        config.allocation_strategy(pool);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        for room in [Room::Ample, Room::Scarce] {
            assert_eq!(Room::named(room.name()), room);
        }
    }
}
