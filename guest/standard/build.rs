//! Where the policy's memory begins.

use std::env;

/// The stack, in bytes: far more than the policy needs, and a quarter of a page more than whole pages of
/// the system. The data follow it and then the heap, so that the top of the stack, the data and the
/// heap of a question share one page. Each page that an instance touches is one that the system has to
/// find, to clear and to take back, which takes longer than the policy's own instructions.
const STACK: usize = 64 * 1024 + 1024;

#[allow(
    clippy::disallowed_methods,
    reason = "a build script is no policy, and cargo gives it an environment"
)]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo::rustc-link-arg=-zstack-size={STACK}");
    }
}
