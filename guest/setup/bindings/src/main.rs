//! Writes the bindings of the templates in Go and C: the contract's types, and what the host calls.
//!
//! The contract is frozen, so they are kept in guest/templates, and whoever writes a policy needs
//! no generator. `bindings.sh` beside this crate's folder runs it.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["go", wit, folder] => go(wit, Path::new(folder)),
        ["c", wit, folder] => c(wit, Path::new(folder)),
        _ => {
            eprintln!("usage: bindings go|c WIT FOLDER");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bindings: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn go(wit: &str, folder: &Path) -> Result<()> {
    write(&generate(wit, &mut *wit_bindgen_go::Opts::default().build())?, folder)
}

fn c(wit: &str, folder: &Path) -> Result<()> {
    // `hotseat policy build` puts the contract's types into the module, so no object file has to.
    let options = wit_bindgen_c::Opts { no_object_file: true, ..Default::default() };
    let files = generate(wit, &mut *options.build())?;
    let mut kept = Files::default();
    for (name, bytes) in files.iter() {
        let text = std::str::from_utf8(bytes)?;
        kept.push(name, without_object(name, text)?.as_bytes());
    }
    write(&kept, folder)
}

/// The source without the lines that have the object file linked in.
fn without_object(name: &str, text: &str) -> Result<String> {
    const FORCED: &str = "__component_type_object_force_link";
    if !name.ends_with(".c") {
        return Ok(text.to_owned());
    }
    let begin = text.find("// Ensure that the *_component_type.o object is linked in");
    let begin = begin.context("nothing has the object file linked in")?;
    let length = text[begin..].find("\n}\n").context("the function does not end")? + 3;
    let kept = format!("{}{}", text[..begin].trim_end(), &text[begin + length..]);
    ensure!(!kept.contains(FORCED), "the object file is asked for elsewhere");
    Ok(kept.trim_end().to_owned() + "\n")
}

/// The files for the one world of the contract.
fn generate(wit: &str, language: &mut dyn WorldGenerator) -> Result<Files> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).with_context(|| wit.to_owned())?;
    let world = resolve.select_world(&[package], None)?;
    let mut files = Files::default();
    language.generate(&mut resolve, world, &mut files)?;
    Ok(files)
}

fn write(files: &Files, folder: &Path) -> Result<()> {
    for (name, bytes) in files.iter() {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
