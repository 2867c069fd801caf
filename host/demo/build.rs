//! Builds the policy that the demonstration swaps in, which is embedded.

use std::path::Path;

fn main() {
    // Relative to the crate, in whose folder cargo runs this: one target folder may serve several
    // clones.
    let manifest = Path::new("../../examples/policies/app-heartbeat");
    hotseat_component::emit(manifest, "app-heartbeat.wasm");
}
