//! Keeps the component within one page of memory: it counts towards the policy's own.

#[allow(
    clippy::disallowed_methods,
    reason = "a build script, not what it builds, asks for a variable"
)]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        // The linker's default is a mebibyte. No function here recurses or has a large frame.
        println!("cargo::rustc-link-arg=-zstack-size=16384");
    }
}
