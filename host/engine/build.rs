//! Builds the components that are embedded: the standard policy, and what answers WASI.

use std::path::Path;

fn main() {
    // Relative to the crate, in whose folder cargo runs this: one target folder may serve several
    // clones.
    hotseat_component::emit(Path::new("../../guest/standard"), "standard.wasm");
    hotseat_component::emit_component(Path::new("../../guest/blindfold"), "blindfold.wasm");
}
