//! The engine that runs policies, shared by all that are loaded.

use std::io;
use std::sync::Arc;

use wasmtime::Engine;

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
        let engine =
            Engine::new(&config(false, Room::of_this_process())).map_err(io::Error::other)?;
        let epoch = engine.clone();
        let backstop = Arc::new(Backstop::start(move || epoch.increment_epoch())?);
        Ok(Runtime { engine, backstop, left_behind: LeftBehind::default() })
    }

    /// The count of threads that its policies did not give back.
    pub fn left_behind(&self) -> &LeftBehind {
        &self.left_behind
    }
}
