//! `hotseat policy build`: from a folder to a component, each language by its own tools.

mod c;
mod go;
mod javascript;
mod made;
mod python;

use std::fs;
use std::path::Path;

use hotseat_component::{Options, Toolchain};

use crate::Language;
use crate::error::BuildError;
use made::{Made, file};

/// The file that a component is written to, in the policy's folder.
pub const COMPONENT: &str = "policy.wasm";

/// What came of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Built {
    /// A component.
    Component {
        /// Its bytes.
        bytes: Vec<u8>,
        /// What built it.
        by: String,
    },
    /// Rules are taken as they are.
    Nothing,
}

/// Builds the policy in a folder. Its tools leave what they want in the folder's `target`; what they
/// print goes to standard error.
///
/// # Errors
///
/// The folder has no policy, a tool is missing or fails, or what it leaves is not a policy.
pub fn build(folder: &Path) -> Result<Built, BuildError> {
    let language = Language::of(folder).ok_or_else(|| BuildError::NoPolicy(folder.to_owned()))?;
    // Tools are run in the folder, where a relative path would lead elsewhere.
    let folder = fs::canonicalize(folder).map_err(file(folder))?;
    let target = folder.join("target");
    fs::create_dir_all(&target).map_err(file(&target))?;
    let (bytes, by) = match language {
        Language::Rules => return Ok(Built::Nothing),
        Language::Rust => rust(&folder, &target)?,
        Language::Python => python::build(&folder, &target)?,
        Language::JavaScript => javascript::build(&folder, &target)?,
        Language::Go => go::build(&folder, &target)?,
        Language::C => c::build(&folder, &target)?,
    };
    Ok(Built::Component { bytes, by })
}

fn rust(folder: &Path, target: &Path) -> Result<Made, BuildError> {
    let by = match Toolchain::find(folder)? {
        Toolchain::Active { .. } => "the active Rust toolchain",
        Toolchain::Debian { .. } => "Debian's Rust toolchain",
    };
    Ok((hotseat_component::build(folder, &Options::new(target))?, by.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::create;

    #[test]
    fn rules_are_taken_as_they_are() {
        let parent = tempfile::tempdir().unwrap();
        let folder = create(parent.path(), "calm", Language::Rules).unwrap();
        assert_eq!(build(&folder).unwrap(), Built::Nothing);
    }

    #[test]
    fn a_folder_without_a_policy_is_named_with_what_was_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let error = build(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with(&folder.path().display().to_string()), "{error}");
        assert!(error.contains("none of rules.yaml, Cargo.toml"), "{error}");
        let error = build(&folder.path().join("absent")).unwrap_err();
        assert!(matches!(error, BuildError::NoPolicy(_)), "{error}");
    }
}
