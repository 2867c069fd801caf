//! Makes a copy of `host/core/src` in which each rule of `rules.rs` has a switch.
//!
//! The core itself has no switches: what keeps two leaders apart is not something that a program
//! can ask for not to be kept. So the code of a rule is replaced in a copy, by text, and the copy
//! has both: `if crate::knocked_out(N) { broken } else { as it is }`. One build serves all rules,
//! so that each can be switched off within seconds.

#![allow(clippy::panic, reason = "a build script fails by panicking")]

use std::path::{Path, PathBuf};
use std::{env, fs};

include!("rules.rs");

const SWITCH: &str = "
thread_local! {
    static KNOCKED_OUT: std::cell::Cell<usize> = const { std::cell::Cell::new(usize::MAX) };
}

/// Switches the rule with this number off, in this thread, and all others on.
pub fn knock_out(rule: usize) {
    KNOCKED_OUT.set(rule);
}

pub(crate) fn knocked_out(rule: usize) -> bool {
    KNOCKED_OUT.get() == rule
}
";

fn main() -> std::io::Result<()> {
    let from = Path::new("../../../core/src");
    println!("cargo:rerun-if-changed={}", from.display());
    println!("cargo:rerun-if-changed=rules.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("core");
    let _ = fs::remove_dir_all(&out);
    copy(from, &out)?;
    for (number, rule) in RULES.iter().enumerate() {
        switch(&out.join(rule.file), number, rule)?;
    }
    // Inner attributes and docs cannot be included.
    let lib = fs::read_to_string(out.join("lib.rs"))?;
    let kept = lib.lines().filter(|line| !line.starts_with("//!") && !line.starts_with("#!["));
    let lib: Vec<&str> = kept.collect();
    fs::write(out.join("lib.rs"), lib.join("\n") + SWITCH)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn switch(file: &Path, number: usize, rule: &Rule) -> std::io::Result<()> {
    let text = fs::read_to_string(file)?;
    let times = text.matches(rule.code).count();
    assert!(times == 1, "{}: its code is {times} times in {}, not once", rule.what, rule.file);
    let Rule { code, broken, .. } = rule;
    let switched = format!("(if crate::knocked_out({number}) {{ {broken} }} else {{ {code} }})");
    fs::write(file, text.replace(code, &switched))
}
