//! Makes a component of a core module that imports WASI's first preview, as Go's compiler leaves
//! one, and the bindings for Go before that.

mod merge;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use wasi_preview1_component_adapter_provider as adapter;
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::{Resolve, WorldId};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

const USAGE: &str = "usage: componentize go-bindings WIT FOLDER
       componentize wrap-go WIT MODULE COMPONENT
       componentize adapt MODULE COMPONENT";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["go-bindings", wit, folder] => go_bindings(wit, Path::new(folder)),
        ["wrap-go", wit, module, component] => wrap_go(wit, module, component),
        ["adapt", module, component] => read(module).and_then(|bytes| adapt(&bytes, component)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("componentize: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The one world of the contract.
fn world(wit: &str) -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).with_context(|| wit.to_owned())?;
    let world = resolve.select_world(&[package], None)?;
    Ok((resolve, world))
}

/// Writes what Go needs beside the policy: the contract's types and the module's entry points.
fn go_bindings(wit: &str, folder: &Path) -> Result<()> {
    let (mut resolve, world) = world(wit)?;
    let mut files = Files::default();
    wit_bindgen_go::Opts::default().build().generate(&mut resolve, world, &mut files)?;
    for (name, bytes) in files.iter() {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(&path, bytes).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn read(module: &str) -> Result<Vec<u8>> {
    fs::read(module).with_context(|| module.to_owned())
}

/// Puts the contract's types into Go's module, and makes a component of it.
fn wrap_go(wit: &str, module: &str, component: &str) -> Result<()> {
    let (resolve, world) = world(wit)?;
    let mut bytes = merge::merge(&read(module)?).with_context(|| module.to_owned())?;
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8)?;
    adapt(&bytes, component)
}

/// Makes a component of a module that has the contract's types, with the adapter to WASI 0.2 in it.
fn adapt(module: &[u8], component: &str) -> Result<()> {
    let name = adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    let whole = ComponentEncoder::default()
        .module(module)?
        .validate(true)
        // The adapter's stack: the module's own allocator does not work before Go's runtime does.
        .realloc_via_memory_grow(true)
        .adapter(name, adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
        .encode()?;
    fs::write(component, whole).with_context(|| component.to_owned())
}
