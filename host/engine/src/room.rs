//! How much address space a policy's memories have, which decides how their accesses are kept in bounds.

use std::sync::OnceLock;

use wasmtime::{Config, Engine, Memory, MemoryType, Store};

use crate::settings::config;

/// What is reserved for each memory where there is not enough address space, in bytes: the default limit
/// of memory, so that a memory within the limit never moves.
const RESERVATION: u64 = 32 << 20;
/// How many memories are there at a time, at most: those of the policies in force, in shadow, under trial,
/// and of two that were left behind, with what answers WASI for each.
const MEMORIES: usize = 16;

/// Whether there is address space enough to do without a check of each access.
///
/// An address of a policy is one of 4 GiB. Where so much is reserved for each memory, what lies outside
/// of it is nobody's: the processor finds an access there, and the policy is ended. Otherwise the
/// compiler puts a comparison in front of each access, which makes code larger, and slower to compile
/// and to run. (docs/decisions/0022-no-check-at-each-access.md)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Each memory reserves all that can be addressed, and a guard.
    Ample,
    /// Each access is checked.
    Scarce,
}

impl Room {
    /// What there is in this process. It is looked at once: code that was compiled for the one is
    /// not loaded for the other.
    pub(crate) fn of_this_process() -> Room {
        static ROOM: OnceLock<Room> = OnceLock::new();
        *ROOM.get_or_init(|| match reserve(MEMORIES) {
            Ok(()) => Room::Ample,
            Err(error) => {
                tracing::debug!(%error, "address space is limited, so policies check each access");
                Room::Scarce
            }
        })
    }

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

    /// Puts it into the settings of an engine.
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
}

/// Reserves address space for that many memories, and gives it back.
fn reserve(memories: usize) -> wasmtime::Result<()> {
    let engine = Engine::new(&config(false, Room::Ample))?;
    let mut store = Store::new(&engine, ());
    for _ in 0..memories {
        Memory::new(&mut store, MemoryType::new(0, None))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else the other tests would say nothing of what most machines do.
    #[test]
    fn there_is_room_where_tests_run() {
        assert_eq!(Room::of_this_process(), Room::Ample);
    }

    #[test]
    fn each_has_a_name_of_its_own() {
        for room in [Room::Ample, Room::Scarce] {
            assert_eq!(Room::named(room.name()), room);
        }
    }
}
