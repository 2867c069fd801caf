//! What the outermost sections of a component say of it, before anything is compiled.
//!
//! Nested modules and components are stepped over, so the cost is bounded by the size of the
//! bytes whatever they hold. The compiler validates the rest, in its own process.

use wasmtime::wasmparser::{
    BinaryReaderError, Chunk, ComponentExternalKind, Encoding, Parser, Payload,
};

use crate::text::one_line;

/// The most imports and exports of a component together. The host keeps a few words for each, of five bytes; one in
/// Python, the largest known, has 66.
const MOST_NAMES: usize = 1000;

/// The top-level imports and exports of a component, by name.
#[derive(Debug, Default)]
pub(crate) struct Outline<'a> {
    pub(crate) imports: Vec<&'a str>,
    exports: Vec<(&'a str, ComponentExternalKind)>,
}

impl<'a> Outline<'a> {
    /// The names of the instances that it exports.
    pub(crate) fn instances(&self) -> impl Iterator<Item = &'a str> {
        let of_kind = |(name, kind): &(&'a str, ComponentExternalKind)| {
            (*kind == ComponentExternalKind::Instance).then_some(*name)
        };
        self.exports.iter().filter_map(of_kind)
    }

    /// Checks that there are not too many names yet.
    fn check(&self) -> Result<(), Unreadable> {
        let count = self.imports.len() + self.exports.len();
        if count > MOST_NAMES { Err(Unreadable::TooMany) } else { Ok(()) }
    }

    /// The names of all that it exports.
    pub(crate) fn exported(&self) -> Vec<&'a str> {
        self.exports.iter().map(|(name, _)| *name).collect()
    }
}

/// Reads the outermost sections.
pub(crate) fn outline(bytes: &[u8]) -> Result<Outline<'_>, Unreadable> {
    let mut outline = Outline::default();
    let mut parser = Parser::new(0);
    let mut rest = bytes;
    // A component has no mark at its end: it is over where its bytes are, after a whole section.
    while !rest.is_empty() {
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, false)? else {
            return Err(Unreadable::CutOff(bytes.len()));
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
                    outline.check()?;
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    outline.exports.push((export.name.name, export.kind));
                    outline.check()?;
                }
            }
            _ => {}
        }
        rest = rest.get(step..).ok_or(Unreadable::CutOff(bytes.len()))?;
    }
    Ok(outline)
}

/// Why the outermost sections cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// The bytes end within a section.
    #[error("is cut off: it ends within a section, at {0} bytes: copy it again")]
    CutOff(usize),
    /// More names than there is any use for.
    #[error(
        "has more than {MOST_NAMES} imports and exports: leave out what the world `election` does not have"
    )]
    TooMany,
    /// The sections are not those of a component.
    #[error("{}", broken(.0))]
    Broken(#[from] BinaryReaderError),
}

/// Says that the bytes are a component, but a broken one.
pub(crate) fn broken(reason: &dyn std::fmt::Display) -> String {
    let reason = one_line(&reason.to_string());
    format!("is not a valid component: {reason}: copy or build it again")
}
