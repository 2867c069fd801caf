//! How wasmtime is set up, and what one call of a policy may use.
//!
//! The same function serves the process that runs policies and the child that compiles them: a
//! compiled component loads only into an engine with equal settings, and what decides whether two
//! runs of a policy give one answer must not differ between the two.

use std::time::Duration;

use wasmtime::Config;

use crate::container::Container;
use crate::room::Room;

/// The stack of a policy, in bytes. A thread that calls a policy needs more than this.
pub(crate) const POLICY_STACK: usize = 256 << 10;

/// With less memory a policy in Rust does not decide, whose stack alone has 1 MiB, in bytes.
const LEAST_SHARE: usize = 2 << 20;

/// What one call of a policy may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Units of wasmtime's fuel: about one for each instruction, and one for each byte that is
    /// copied or filled at once, the policy's own data in each new instance included.
    /// Deterministic: the same input uses the same fuel on every machine. The standard policy uses
    /// a few thousand.
    pub fuel: u64,
    /// Bytes of all linear memories and tables of the policy together, and of what the engine has for its
    /// instances: 32 at most for each thing that a module declares.
    pub memory: usize,
    /// Bytes of an answer that the host copies out of the policy, before any bound is checked.
    /// The largest answer within the bounds of the contract has about 70 KiB.
    pub answer: usize,
    /// Time by the wall clock, the backstop for what fuel does not measure: slow machines, memory
    /// that is touched for the first time, the host's own work. It is longer than the default fuel
    /// takes even on a slow core, longer than the 100 ms for which a container may be throttled,
    /// and a tenth of the default retry period.
    pub wall: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            fuel: 50_000_000,
            memory: 32 << 20,
            answer: 128 << 10,
            wall: Duration::from_millis(200),
        }
    }
}

impl Limits {
    /// With less memory where that container has less for each call, but enough for a policy of a
    /// few KiB to begin.
    #[must_use]
    pub fn within(self, container: &Container) -> Limits {
        let share = container.policy_share().unwrap_or(u64::MAX);
        let share = usize::try_from(share).unwrap_or(usize::MAX).max(LEAST_SHARE);
        Limits { memory: self.memory.min(share), ..self }
    }
}

/// The settings of an engine that compiles, if `compiler`, or else only runs what was compiled, for memories
/// with that much room.
pub(crate) fn config(compiler: bool, room: Room) -> Config {
    let mut config = Config::new();
    room.put(&mut config);
    config
        // The budget, and its backstop by the wall clock.
        .consume_fuel(true)
        .epoch_interruption(true)
        // A new instance for each decision: copying a policy's few KiB of data takes a quarter
        // less time than mapping them.
        .memory_init_cow(false)
        // One input, one answer: on every processor.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .max_wasm_stack(POLICY_STACK)
        // A policy's call neither waits nor yields, and nobody reads its stack.
        .concurrency_support(false)
        .native_unwind_info(false)
        .wasm_backtrace_max_frames(None);
    if !compiler {
        // Cranelift's tables would stay in memory for the life of the sidecar.
        config.enable_compiler(false);
    }
    config
}
