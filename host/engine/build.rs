//! Builds the standard policy, which is embedded.

use std::path::Path;

fn main() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/standard");
    hotseat_component::emit(&manifest, "standard.wasm");
}
