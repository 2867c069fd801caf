//! The lock file of the template in Rust: the versions are the workspace's, so that a policy is built
//! from what Hotseat was tested with.

use crate::root;
use hotseat_author::{Language, create};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The name of the policy in the template itself.
const NAME: &str = "my-policy";
/// Where it is, from the workspace's folder.
pub const FILE: &str = "guest/templates/rust/Cargo.lock";

/// What cargo leaves of the workspace's lock file for a policy of the template.
pub fn generated() -> String {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let folder = create(parent.path(), NAME, Language::Rust).expect("the template");
    let lock = folder.join("Cargo.lock");
    fs::copy(root().join("Cargo.lock"), &lock).expect("the workspace has a lock file");
    complete(&folder);
    fs::read_to_string(lock).expect("cargo leaves it")
}

/// Has cargo strike out what is not needed, without a network.
fn complete(folder: &Path) {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version=1"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
