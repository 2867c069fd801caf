//! Builds the components that are embedded: the policies that the program brings along, and what
//! answers WASI.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    // Relative to the crate, in whose folder cargo runs this: one target folder may serve several
    // clones.
    hotseat_component::emit(Path::new("../../guest/standard"), "standard.wasm");
    hotseat_component::emit_component(Path::new("../../guest/blindfold"), "blindfold.wasm");
    hotseat_component::emit(Path::new("../../guest/rules"), "rules.wasm");
    pack("rules.wasm")
}

/// Leaves the file packed beside itself: a third of the size.
fn pack(file: &str) -> io::Result<()> {
    let path = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(file);
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&fs::read(&path)?)?;
    fs::write(path.with_extension("wasm.deflate"), encoder.finish()?)
}
