//! Fewer data segments.
//!
//! Go's linker leaves a segment for each run of bytes that are not zero: thirty thousand, where
//! other compilers leave a handful. Each becomes code that runs when the module starts, all in one
//! function, which takes a compiler minutes and a GiB of memory.

use wasm_encoder::{ConstExpr, DataSection, Module, RawSection};
use wasmparser::{Data, DataKind, DataSectionReader, Encoding, Operator, Parser, Payload};

/// What is wrong with a module, in one line.
type Result<T> = std::result::Result<T, String>;

/// Runs of bytes with fewer zeroes than this between them become one.
const GAP: usize = 4096;

/// The same module with as few data segments as its zeroes allow.
pub(crate) fn merge(module: &[u8]) -> Result<Vec<u8>> {
    let mut whole = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(text)?;
        match &payload {
            Payload::Version { encoding: Encoding::Component, .. } => {
                return Err("it is a component".to_owned());
            }
            // The bytes between two segments are zero only while nobody else has the memory.
            Payload::ImportSection(imports) if imports_memory(imports.clone())? => {
                return Err("it imports its memory".to_owned());
            }
            // Code may name a segment by its number, which changes.
            Payload::DataCountSection { .. } => {
                return Err("its code may name data segments".to_owned());
            }
            Payload::DataSection(segments) => {
                whole.section(&merged(segments.clone())?);
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = module.get(range).ok_or("a section of it is cut off")?;
                    whole.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(whole.finish())
}

fn imports_memory(imports: wasmparser::ImportSectionReader<'_>) -> Result<bool> {
    for import in imports.into_imports() {
        if matches!(import.map_err(text)?.ty, wasmparser::TypeRef::Memory(_)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn merged(segments: DataSectionReader<'_>) -> Result<DataSection> {
    let mut placed = Vec::new();
    for segment in segments {
        let segment = segment.map_err(text)?;
        placed.push((place(&segment)?, segment.data));
    }
    placed.sort_by_key(|&(at, _)| at);
    let mut section = DataSection::new();
    let (mut start, mut run) = (0, Vec::new());
    for (at, data) in placed {
        let end = start + run.len();
        if at < end {
            return Err("two of its data segments overlap".to_owned());
        }
        if !run.is_empty() && at - end >= GAP {
            section.active(0, &constant(start)?, std::mem::take(&mut run));
        }
        if run.is_empty() {
            start = at;
        }
        run.resize(at - start, 0);
        run.extend_from_slice(data);
    }
    if !run.is_empty() {
        section.active(0, &constant(start)?, run);
    }
    Ok(section)
}

/// Where a segment goes.
fn place(segment: &Data<'_>) -> Result<usize> {
    let DataKind::Active { memory_index: 0, offset_expr } = &segment.kind else {
        return Err("it has a data segment that is not for its own memory".to_owned());
    };
    match offset_expr.get_operators_reader().read().map_err(text)? {
        // An address: what is negative as a number is far up.
        Operator::I32Const { value } => usize::try_from(value.cast_unsigned()).map_err(text),
        other => Err(format!("a data segment begins at {other:?}, which is no number")),
    }
}

fn constant(address: usize) -> Result<ConstExpr> {
    let address = u32::try_from(address).map_err(text)?;
    Ok(ConstExpr::i32_const(address.cast_signed()))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
