//! Address space that is enough for the policies of one election and not for those of two.
//!
//! In a file of its own, since it limits the whole process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{input, limits, loader, source};
use hotseat_engine::STANDARD;
use rustix::process::{Resource, Rlimit, setrlimit};

#[test]
fn another_runtime_does_without() {
    let most = Some(300 << 30);
    setrlimit(Resource::As, Rlimit { current: most, maximum: most }).unwrap();
    let loaders = [loader(), loader()];
    let [one, other] = loaders.each_ref().map(|it| it.load(&source(STANDARD), &input()).unwrap());
    // The code of both is of one kind, and both decide.
    let ask = |policy: &hotseat_engine::LoadedPolicy| policy.decide(&input(), &limits()).unwrap().0;
    assert_eq!(ask(&one), ask(&other));
    // It was as wanted: no more than one reservation fits.
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmSize:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!((150 << 20..300 << 20).contains(&kib), "{line}");
}
