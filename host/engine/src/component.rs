//! Whether bytes look like a policy, by what they import and export, before anything is compiled.

use std::cmp::Ordering;

use crate::error::LoadError;
use crate::outline::outline;
use crate::source::Source;
use crate::text::one_line;
use crate::wasi;

/// The interface that a policy exports. Another minor version of it links just as well.
const INTERFACE: &str = "hotseat:policy/policy@1.0.0";
/// How the names of all its minor versions begin.
pub(crate) const CONTRACT: &str = "hotseat:policy/policy@1.";

/// Checks that the bytes look like a component, import nothing but WASI and export the contract's
/// interface. Its types are checked later.
///
/// # Errors
///
/// [`LoadError::Parse`], [`LoadError::Imports`] or [`LoadError::Exports`].
pub(crate) fn inspect(source: &Source) -> Result<(), LoadError> {
    let label = || source.label().to_owned();
    if let Some(why) = not_a_component(source.bytes()) {
        return Err(LoadError::Parse { label: label(), why });
    }
    let outline = outline(source.bytes())
        .map_err(|error| LoadError::Parse { label: label(), why: error.to_string() })?;
    if let Some(why) = refused_imports(&outline.imports) {
        return Err(LoadError::Imports { label: label(), why });
    }
    if !outline.instances().any(|name| name.starts_with(CONTRACT)) {
        return Err(LoadError::Exports {
            label: label(),
            why: missing_export(&outline.exported()),
        });
    }
    Ok(())
}

/// What a component imports and exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surface {
    /// The names of its imports, as they stand in it; each one line.
    pub imports: Vec<String>,
    /// The names of its exports, as they stand in it; each one line.
    pub exports: Vec<String>,
}

impl Surface {
    /// Reads it from the outermost sections; nothing is compiled.
    ///
    /// # Errors
    ///
    /// [`LoadError::Parse`]: the bytes are not a component.
    pub fn of(source: &Source) -> Result<Surface, LoadError> {
        let refused = |why| LoadError::Parse { label: source.label().to_owned(), why };
        if let Some(why) = not_a_component(source.bytes()) {
            return Err(refused(why));
        }
        let outline = outline(source.bytes()).map_err(|error| refused(error.to_string()))?;
        let lines = |names: Vec<&str>| names.into_iter().map(one_line).collect();
        Ok(Surface { exports: lines(outline.exported()), imports: lines(outline.imports) })
    }
}

/// Says that the types of the imports are others than those of the interfaces so named.
pub(crate) fn wrong_import(reason: &str) -> String {
    let reason = one_line(reason);
    format!("imports something that WASI 0.2 does not have: {reason}: build it for WASI 0.2")
}

/// Says what is wrong with the type of an export.
pub(crate) fn wrong_export(reason: &dyn std::fmt::Display) -> String {
    let reason = one_line(&reason.to_string());
    format!(
        "does not fit the world `election` of {INTERFACE}: {reason}: build it against wit/policy.wit"
    )
}

/// What the first bytes tell.
fn not_a_component(bytes: &[u8]) -> Option<String> {
    const MAGIC: &[u8] = b"\0asm";
    let why = match bytes {
        [] => "is empty: copy or build it again",
        _ if bytes.starts_with(b"\0asm\x0d\0\x01\0") => return None,
        _ if bytes.starts_with(b"\0asm\x01\0\0\0") => {
            "is a core module, not a component: run it through `wasm-tools component new`"
        }
        _ if bytes.len() < 8 && MAGIC.starts_with(&bytes[..bytes.len().min(4)]) => {
            "is cut off within its first 8 bytes: copy it again"
        }
        _ if bytes.starts_with(MAGIC) => {
            "is a component of another version of the format: build it with tools of today"
        }
        _ if bytes.starts_with(b"\x7fELF") => {
            "is native code, perhaps of a compiled component: give the `.wasm` itself"
        }
        _ if bytes.trim_ascii_start().starts_with(b"(") => {
            "is WebAssembly text: run it through `wasm-tools parse`"
        }
        _ => "is not WebAssembly: a component begins with the bytes 00 61 73 6d 0d 00 01 00",
    };
    Some(why.into())
}

fn refused_imports(imports: &[&str]) -> Option<String> {
    let answered = |name: &&str| *name == wasi::STDERR || wasi::answering(name).is_some();
    let refused: Vec<&str> = imports.iter().copied().filter(|name| !answered(name)).collect();
    let (names, first) = (listed(&refused), one_line(refused.first()?));
    Some(if refused.iter().all(|name| name.starts_with("wasi:")) {
        format!(
            "imports {names}: of WASI a policy may import version 0.2 of cli, clocks, filesystem, \
             io, random and sockets: build it without `{first}`"
        )
    } else {
        format!(
            "imports {names}, and a policy imports nothing but WASI and `hotseat:diagnostics/stderr`: take `{first}` out of its world"
        )
    })
}

fn missing_export(exports: &[&str]) -> String {
    if let Some(words) = exports.iter().find_map(|name| other_contract(name)) {
        return words;
    }
    let (has, copy) = match exports {
        // Exports come last, so they are missing first.
        [] => ("nothing".to_owned(), "copy it again if it may be cut off, or "),
        exports => (listed(exports), ""),
    };
    format!(
        "exports {has}, but a policy exports `{INTERFACE}`: {copy}build it for the world `election` of wit/policy.wit"
    )
}

/// What to do with a component that exports the contract of another major version; none if the name is not
/// the contract's.
fn other_contract(name: &str) -> Option<String> {
    let major = |name: &str| -> Option<u64> {
        let (interface, version) = name.split_once('@')?;
        let is_contract = INTERFACE.split_once('@').is_some_and(|(own, _)| own == interface);
        version.split('.').next().filter(|_| is_contract)?.parse().ok()
    };
    let (own, theirs) = (major(INTERFACE)?, major(name)?);
    let name = one_line(name);
    match theirs.cmp(&own) {
        Ordering::Equal => None,
        Ordering::Less => Some(format!(
            "exports `{name}`, an older contract than `{INTERFACE}` of this Hotseat: build it against what `hotseat policy wit` prints, or use the Hotseat that it was built for"
        )),
        Ordering::Greater => Some(format!(
            "exports `{name}`, a newer contract than `{INTERFACE}` of this Hotseat: use a Hotseat that has the newer one, or build it against what `hotseat policy wit` prints"
        )),
    }
}

/// The first three names, and how many there are besides.
fn listed(names: &[&str]) -> String {
    let shown: Vec<String> =
        names.iter().take(3).map(|name| format!("`{}`", one_line(name))).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
