//! Builds the standard policy, which is embedded.

use std::path::Path;

fn main() {
    // Relative to the crate, in whose folder cargo runs this: one target folder may serve several
    // clones.
    let manifest = Path::new("../../guest/standard");
    hotseat_component::emit(manifest, "standard.wasm");
}
