//! The `hotseat` program.
#![forbid(unsafe_code)]

fn main() {}
