//! Builds the policy that the demonstration swaps in, which is embedded.

use std::path::Path;

fn main() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/policies/app-heartbeat");
    hotseat_component::emit(&manifest, "app-heartbeat.wasm");
}
