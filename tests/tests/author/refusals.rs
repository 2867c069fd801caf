//! What an author reads who lacks something: the tool, its version, and the command that installs it.

use std::fs;
use std::process::Output;

use hotseat_author::Language;

use super::Place;

/// Runs a command and gives what it prints on standard error, in one line; it has to fail.
fn refused(place: &Place, command: &str) -> String {
    let Output { status, stdout, stderr } = place.shell(&place.work(), command).output().unwrap();
    assert_eq!(status.code(), Some(1), "{command}: {}", String::from_utf8_lossy(&stdout));
    let line = String::from_utf8(stderr).unwrap();
    assert!(line.starts_with("hotseat: ") && line.trim_end().lines().count() == 1, "{line}");
    line
}

#[test]
fn a_tool_that_is_missing_is_named_with_its_version_and_what_installs_it() {
    for (language, tool) in [
        (Language::Python, "componentize-py 0.25.1 is missing"),
        (Language::JavaScript, "Node.js 18 or later is missing"),
        (Language::Go, "Go 1.25 or later is missing"),
        (Language::C, "a C compiler for WebAssembly, such as zig 0.17.1, is missing"),
    ] {
        let place = Place::new(language);
        let name = language.as_str();
        let made = format!("hotseat policy new a --lang {name}");
        assert!(place.shell(&place.work(), &made).status().unwrap().success());
        let hotseat = place.folder.path().join("bin/hotseat");
        // Nothing but the program is found.
        let line = refused(&place, &format!("PATH=/nowhere {} policy build a", hotseat.display()));
        assert!(line.contains(tool), "{line}");
        let remedy = match language.tools() {
            "" => "install it",
            tools => tools,
        };
        assert!(line.contains(remedy) || language == Language::JavaScript, "{line}");
    }
}

#[test]
fn a_package_that_is_missing_is_named_as_well() {
    let place = Place::new(Language::JavaScript);
    let made = place.shell(&place.work(), "hotseat policy new a --lang javascript").status();
    assert!(made.unwrap().success());
    let line = refused(&place, "hotseat policy build a");
    assert!(line.contains("componentize-qjs 0.4.5 is missing, looked for in"), "{line}");
    assert!(line.contains("run `npm install` there"), "{line}");
}

#[test]
fn what_cannot_be_made_is_refused_with_the_reason() {
    let place = Place::new(Language::Rules);
    let line = refused(&place, "hotseat policy new A --lang rules");
    assert!(line.contains("give lower-case letters, digits and hyphens"), "{line}");
    let line = refused(&place, "mkdir a && touch a/b && hotseat policy new a --lang c");
    assert!(line.contains("a: is there already: nothing was changed"), "{line}");
    assert_eq!(fs::read_dir(place.work().join("a")).unwrap().count(), 1);
    let line = refused(&place, "hotseat policy build a");
    assert!(line.contains("has none of rules.yaml, Cargo.toml"), "{line}");
    let command = "hotseat policy new b --lang cobol";
    let output = place.shell(&place.work(), command).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.contains("give one of rules, rust, python, javascript, go, c"), "{line}");
}
