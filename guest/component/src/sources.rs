//! Which files a build depended on, so that a build script runs again when one of them changes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::BuildError;

/// The source files of the module at `module` and of the crates beside it, read from the list that
/// cargo leaves next to it, and the manifests of those crates.
pub(crate) fn of(module: &Path) -> Result<BTreeSet<PathBuf>, BuildError> {
    let list = module.with_extension("d");
    let text = fs::read_to_string(&list)
        .map_err(|source| BuildError::File { path: list.clone(), source })?;
    let mut files = prerequisites(&text);
    let manifests: BTreeSet<PathBuf> = files.iter().filter_map(|file| manifest(file)).collect();
    files.extend(manifests);
    Ok(files)
}

/// The files after the colon of `target: file file ...`, where a space in a name is `\ `.
fn prerequisites(text: &str) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for line in text.lines() {
        let Some((_, names)) = line.split_once(": ") else {
            continue;
        };
        let mut name = String::new();
        for part in names.split(' ') {
            match part.strip_suffix('\\') {
                Some(start) => {
                    name.push_str(start);
                    name.push(' ');
                }
                None => {
                    name.push_str(part);
                    if !name.is_empty() {
                        files.insert(PathBuf::from(std::mem::take(&mut name)));
                    }
                }
            }
        }
    }
    files
}

/// The manifest of the crate that a file is part of.
fn manifest(file: &Path) -> Option<PathBuf> {
    file.ancestors()
        .skip(1)
        .map(|folder| folder.join("Cargo.toml"))
        .find(|manifest| manifest.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_spaces_are_read() {
        let files = prerequisites("/t/a.wasm: /s/one.rs /s/my\\ own/two.rs /s/three.wit\n");
        let expected = ["/s/my own/two.rs", "/s/one.rs", "/s/three.wit"];
        assert_eq!(files, expected.iter().map(PathBuf::from).collect());
    }

    #[test]
    fn a_missing_list_is_an_error_that_names_it() {
        let error = of(Path::new("/nowhere/a.wasm")).unwrap_err().to_string();
        assert!(error.starts_with("/nowhere/a.d: "), "{error}");
    }
}
