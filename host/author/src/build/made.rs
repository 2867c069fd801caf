//! What every build ends with: the file that a tool left becomes a component.

use std::fs;
use std::io;
use std::path::Path;

use crate::error::BuildError;

/// A component, and what built it.
pub(super) type Made = (Vec<u8>, String);

/// What a tool left.
pub(super) fn left(path: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(file(path))
}

/// A failure with a file.
pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::File { path, source }
}

/// Wraps a compiler's module into a component of the folder's contract.
pub(super) fn wrap(folder: &Path, module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let contract = folder.join("wit/policy.wit");
    let wit = fs::read_to_string(&contract).map_err(file(&contract))?;
    Ok(hotseat_component::wrap(module, Some(&wit))?)
}
