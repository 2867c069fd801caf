//! What the build script of a crate that embeds a guest does, to be run by hand and by tests:
//! `OUT_DIR=/tmp/out emit-guest guest/standard standard.wasm`.

use std::env;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [manifest_dir, out_file_name] = arguments.as_slice() else {
        eprintln!("usage: OUT_DIR=FOLDER emit-guest <guest's folder> <component's file name>");
        return ExitCode::from(2);
    };
    hotseat_component::emit(Path::new(manifest_dir), out_file_name);
    ExitCode::SUCCESS
}
