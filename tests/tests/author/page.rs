//! A page of the documentation, as something to be done.
//!
//! Of a block `console` each line that begins with `$ ` is a command, and what follows are lines that it
//! prints, in that order and among others; `..` stands for anything. A command fails if and only if the
//! page shows a line of the program's that begins with `hotseat: ` or `FAILED `. Any other block quotes a
//! file of the folder that was made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use hotseat_author::Language;

use super::Place;

/// What lines of a command that fails begin with.
const FAILURES: [&str; 2] = ["hotseat: ", "FAILED "];

pub struct Page {
    name: String,
    blocks: Vec<Block>,
}

enum Block {
    Console(Vec<Step>),
    Quote(String),
}

struct Step {
    command: String,
    output: Vec<String>,
}

impl Page {
    /// What there is to do on a page. Only what follows its first `hotseat policy new` is, so that a page
    /// may begin with other things.
    pub fn read(path: &Path) -> Page {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let mut blocks = Vec::new();
        let mut parts = text.split("\n```");
        parts.next();
        // What stands between two fences is a block, then text, then a block.
        for part in parts.step_by(2) {
            let (kind, body) = part.split_once('\n').unwrap_or((part, ""));
            blocks.push(match kind {
                "console" => Block::Console(steps(body)),
                _ => Block::Quote(body.to_owned()),
            });
        }
        let begins = |block: &Block| match block {
            Block::Console(steps) => {
                steps.iter().any(|it| it.command.starts_with("hotseat policy new"))
            }
            Block::Quote(_) => false,
        };
        let name = path.display().to_string();
        let first = blocks.iter().position(begins);
        let first = first.unwrap_or_else(|| panic!("{name}: no `hotseat policy new`"));
        Page { name, blocks: blocks.split_off(first) }
    }

    /// Does what it says, and gives the commands.
    pub fn follow(&self, place: &Place) -> Vec<String> {
        let mut folder = place.work();
        let mut done = Vec::new();
        for block in &self.blocks {
            match block {
                Block::Console(steps) => {
                    for step in steps {
                        self.step(step, place, &mut folder);
                        done.push(step.command.clone());
                    }
                }
                Block::Quote(quote) => {
                    let files = files(&folder);
                    let there = files.iter().any(|file| text(file).contains(quote.as_str()));
                    assert!(there, "{}: in no file of the folder:\n{quote}", self.name);
                }
            }
        }
        done
    }

    fn step(&self, step: &Step, place: &Place, folder: &mut PathBuf) {
        let command = step.command.as_str();
        if let Some(below) = command.strip_prefix("cd ") {
            *folder = folder.join(below);
            if place.language == Language::Rust {
                keep_target(folder);
            }
            return;
        }
        if !command.is_empty() && command == place.language.tools() {
            place.install_tools(folder);
            return;
        }
        let output = place.shell(folder, command).stdin(Stdio::null()).output().unwrap();
        let printed =
            [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap()).concat();
        let is_failure = |line: &String| FAILURES.iter().any(|word| line.starts_with(word));
        let fails = step.output.iter().any(is_failure);
        let place = format!("{}: $ {command}\n{printed}", self.name);
        assert_eq!(output.status.success(), !fails, "{} {place}", output.status);
        let mut lines = printed.lines();
        for expected in &step.output {
            assert!(lines.any(|line| matches(line, expected)), "no line `{expected}` {place}");
        }
    }
}

fn steps(body: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in body.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => {
                steps.push(Step { command: command.to_owned(), output: Vec::new() })
            }
            (None, Some(step)) => step.output.push(line.to_owned()),
            (None, None) => panic!("`{line}` belongs to no command"),
        }
    }
    steps
}

/// Whether a line begins as expected, with anything where `..` is.
fn matches(line: &str, expected: &str) -> bool {
    let mut rest = line;
    expected.split("..").enumerate().all(|(index, part)| match rest.find(part) {
        Some(0) => {
            rest = &rest[part.len()..];
            true
        }
        Some(at) if index > 0 => {
            rest = &rest[at + part.len()..];
            true
        }
        _ => false,
    })
}

/// The files that were made, without what tools leave.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.is_symlink() || path.ends_with("target") => {}
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

fn text(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()
}

/// Cargo's folder is kept from run to run: what the SDK depends on takes minutes.
fn keep_target(folder: &Path) {
    let program = std::env::current_exe().unwrap();
    let target = program.ancestors().find(|it| it.ends_with("deps")).and_then(Path::parent);
    let kept = target.and_then(Path::parent).unwrap().join("tmp/author-rust");
    fs::create_dir_all(&kept).unwrap();
    std::os::unix::fs::symlink(kept, folder.join("target")).unwrap();
}

#[test]
fn lines_are_compared_with_anything_between_two_dots() {
    assert!(matches("ok  a: 12 fuel", "ok  a: .. fuel"));
    assert!(matches("ok  a: 12 fuel", "ok  a"));
    assert!(!matches("ok  a: 12 fuel", "ok  b"));
    assert!(!matches("not ok  a", "ok  a"));
    assert!(matches("hotseat: x: did you mean a?", "hotseat: ..did you mean"));
}
