//! Makes a component of a core module that imports WASI's first preview:
//! `cargo run -p hotseat-component --example wrap -- module.wasm out.wasm [policy.wit]`.
//!
//! Where the module has the contract's types already, as Rust's bindings leave them, no WIT is given. Else
//! it is taken for one of Go's linker, whose data segments are merged.

use std::fs;
use std::process::ExitCode;

use hotseat_component::{merge_segments, wrap};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, out, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: wrap <module> <component to write> [the contract as WIT]");
        return ExitCode::from(2);
    };
    match write(module, out, rest.first()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(module: &str, out: &str, wit: Option<&String>) -> Result<(), String> {
    let file = |path: &str, error: &dyn std::fmt::Display| format!("{path}: {error}");
    let bytes = fs::read(module).map_err(|error| file(module, &error))?;
    let component = match wit {
        None => wrap(&bytes, None),
        Some(wit) => {
            let contract = fs::read_to_string(wit).map_err(|error| file(wit, &error))?;
            merge_segments(&bytes).and_then(|bytes| wrap(&bytes, Some(&contract)))
        }
    };
    let component = component.map_err(|error| file(module, &error))?;
    fs::write(out, component).map_err(|error| file(out, &error))
}
