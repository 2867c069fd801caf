//! The engine that runs policies, shared by all that are loaded.

use std::io;
use std::sync::{Arc, OnceLock};

use wasmtime::{Config, Engine};

use crate::backstop::Backstop;
use crate::left_behind::LeftBehind;
use crate::room::Room;
use crate::settings::config;

/// A wasmtime engine without a compiler, and the thread that ends calls which overrun.
///
/// A clone is the same runtime; a process needs one.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) engine: Engine,
    pub(crate) backstop: Arc<Backstop>,
    pub(crate) left_behind: LeftBehind,
}

impl Runtime {
    /// Starts a runtime.
    ///
    /// # Errors
    ///
    /// The system refuses a timer or a thread, or wasmtime does not know the processor.
    pub fn new() -> io::Result<Runtime> {
        let engine = engine(room()).map_err(io::Error::other)?;
        let epoch = engine.clone();
        let backstop = Arc::new(Backstop::start(move || epoch.increment_epoch())?);
        Ok(Runtime { engine, backstop, left_behind: LeftBehind::default() })
    }

    /// The count of threads that its policies did not give back.
    pub fn left_behind(&self) -> &LeftBehind {
        &self.left_behind
    }
}

/// What there is in this process. It is looked at once: code that was compiled for the one is not loaded
/// for the other.
pub(crate) fn room() -> Room {
    static ROOM: OnceLock<Room> = OnceLock::new();
    // Reserved and given back: nobody else says how much there is.
    *ROOM.get_or_init(|| match Engine::new(&reserving(Room::Ample)) {
        Ok(_) => Room::Ample,
        Err(error) => {
            tracing::debug!(%error, "address space is limited, so policies check each access");
            Room::Scarce
        }
    })
}

/// An engine without a compiler, for such code.
fn engine(room: Room) -> wasmtime::Result<Engine> {
    // Where there is not as much once more, for the policies of another election in this process, each call
    // reserves for itself. Code runs either way.
    Engine::new(&reserving(room)).or_else(|_| Engine::new(&config(false, room)))
}

fn reserving(room: Room) -> Config {
    let mut config = config(false, room);
    room.reserve(&mut config);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else the other tests would say nothing of what most machines do.
    #[test]
    fn there_is_room_where_tests_run() {
        assert_eq!(room(), Room::Ample);
    }
}
