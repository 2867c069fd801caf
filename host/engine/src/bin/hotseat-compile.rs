//! The child that compiles, alone: for this crate's tests, and for tools that have no hidden
//! subcommand for it.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    hotseat_engine::compile_child_main()
}
