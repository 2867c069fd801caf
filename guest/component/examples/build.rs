//! Builds one policy: `cargo run -p hotseat-component --example build -- guest/standard out.wasm`.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use hotseat_component::{Options, Toolchain, build};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [manifest_dir, out, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: build <policy's folder> <component to write> [target folder]");
        return ExitCode::from(2);
    };
    let target_dir = rest.first().map_or("target/policy-guests", String::as_str);
    match write(Path::new(manifest_dir), Path::new(out), target_dir) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(manifest_dir: &Path, out: &Path, target_dir: &str) -> Result<String, String> {
    let toolchain = match Toolchain::find(manifest_dir).map_err(|error| error.to_string())? {
        Toolchain::Active { .. } => "the active toolchain",
        Toolchain::Debian { .. } => "Debian's toolchain",
    };
    let component =
        build(manifest_dir, &Options::new(target_dir)).map_err(|error| error.to_string())?;
    std::fs::write(out, &component).map_err(|error| format!("{}: {error}", out.display()))?;
    Ok(format!("{}: {} bytes, built by {toolchain}", out.display(), component.len()))
}
