//! The `hotseat` program: see `hotseat --help`.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    hotseat::cli::main()
}
