//! What can be told of a component by its outermost sections, before anything is compiled.
//!
//! Nested modules and components are stepped over, so the cost is bounded by the size of the
//! bytes whatever they hold. The compiler validates the rest, in its own process.

use wasmtime::wasmparser::{BinaryReaderError, Chunk, Encoding, Parser, Payload};

use crate::error::LoadError;
use crate::source::Source;
use crate::text::one_line;
use crate::wasi;

/// The interface that a policy exports. Another minor version of it links just as well.
const INTERFACE: &str = "hotseat:policy/policy@1.0.0";
const INTERFACE_1: &str = "hotseat:policy/policy@1.";

/// The top-level imports and exports of a component, by name.
#[derive(Debug, Default)]
struct Outline<'a> {
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
}

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
        .map_err(|error| LoadError::Parse { label: label(), why: broken(&error) })?;
    if let Some(why) = refused_imports(&outline.imports) {
        return Err(LoadError::Imports { label: label(), why });
    }
    if !outline.exports.iter().any(|name| name.starts_with(INTERFACE_1)) {
        return Err(LoadError::Exports { label: label(), why: missing_export(&outline.exports) });
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
        let outline = outline(source.bytes()).map_err(|error| refused(broken(&error)))?;
        let lines = |names: Vec<&str>| names.into_iter().map(one_line).collect();
        Ok(Surface { imports: lines(outline.imports), exports: lines(outline.exports) })
    }
}

/// Says that the bytes are a component, but a broken one.
pub(crate) fn broken(reason: &dyn std::fmt::Display) -> String {
    let reason = one_line(&reason.to_string());
    format!("is not a valid component: {reason}: copy or build it again")
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

fn outline(bytes: &[u8]) -> Result<Outline<'_>, BinaryReaderError> {
    let mut outline = Outline::default();
    let mut parser = Parser::new(0);
    let mut rest = bytes;
    loop {
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true)? else {
            // With all bytes given, the parser reports what is missing as an error instead.
            return Ok(outline);
        };
        let mut step = consumed;
        match payload {
            Payload::Version { encoding, .. } if encoding != Encoding::Component => {
                return Ok(outline);
            }
            Payload::ModuleSection { unchecked_range, .. }
            | Payload::ComponentSection { unchecked_range, .. } => step += unchecked_range.len(),
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    outline.imports.push(import?.name.name);
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    outline.exports.push(export?.name.name);
                }
            }
            Payload::End(_) => return Ok(outline),
            _ => {}
        }
        // A section that claims to be longer than the file ends as an unexpected end of it.
        rest = rest.get(step..).unwrap_or_default();
    }
}

fn refused_imports(imports: &[&str]) -> Option<String> {
    let refused: Vec<&str> = imports.iter().copied().filter(|name| !wasi::answers(name)).collect();
    let first = refused.first()?;
    Some(format!(
        "imports {}, and a policy imports nothing but WASI: take `{}` out of its world",
        listed(&refused),
        one_line(first)
    ))
}

fn missing_export(exports: &[&str]) -> String {
    let has = match exports {
        [] => "nothing".to_owned(),
        exports => listed(exports),
    };
    format!(
        "exports {has}, but a policy exports `{INTERFACE}`: build it for the world `election` of wit/policy.wit"
    )
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
