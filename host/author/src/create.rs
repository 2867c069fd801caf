//! `hotseat policy new`: a folder with a policy that builds as it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Language;
use crate::files::files;

/// The longest name that a policy may have, in bytes, as the contract says.
const LONGEST_NAME: usize = 64;

/// Why there is no new policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The name is not one.
    #[error(
        "{0:?} cannot be a policy's name: give lower-case letters, digits and hyphens, at most 64, with a letter first"
    )]
    Name(String),
    /// The name is that of a crate of the SDK.
    #[error("{0:?} is a name of Hotseat's own: give one that does not begin with `hotseat`")]
    Reserved(String),
    /// Something is there already.
    #[error("{}: is there already: nothing was changed; give another name", .0.display())]
    Exists(PathBuf),
    /// A file could not be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// Writes a new policy of that name into `parent`, in a folder of its name, and gives the folder. A
/// folder that is there and empty is taken.
///
/// # Errors
///
/// The name is not one, something of that name is there, or a file cannot be written.
pub fn create(parent: &Path, name: &str, language: Language) -> Result<PathBuf, CreateError> {
    check(name)?;
    let folder = parent.join(name);
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        |source| CreateError::Write { path, source }
    };
    match fs::read_dir(&folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => return Err(CreateError::Exists(folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(CreateError::Exists(folder));
        }
        Err(error) => return Err(failed(&folder)(error)),
    }
    for (path, bytes) in files(language, name) {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(&folder);
        fs::create_dir_all(parent).map_err(failed(parent))?;
        fs::write(&path, bytes).map_err(failed(&path))?;
    }
    Ok(folder)
}

/// A policy's name is the name of a folder, a package and a ConfigMap, too.
fn check(name: &str) -> Result<(), CreateError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let whole = name.len() <= LONGEST_NAME && name.chars().all(fits);
    if !whole || !name.starts_with(|c: char| c.is_ascii_lowercase()) || name.ends_with('-') {
        return Err(CreateError::Name(name.to_owned()));
    }
    if name.starts_with("hotseat") {
        return Err(CreateError::Reserved(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_empty_is_taken_and_another_is_left_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("calm")).unwrap();
        let folder = create(parent.path(), "calm", Language::Python).unwrap();
        assert!(folder.join("app.py").is_file() && folder.join("wit/policy.wit").is_file());
        fs::write(folder.join("app.py"), "mine").unwrap();
        let error = create(parent.path(), "calm", Language::Python).unwrap_err();
        assert!(matches!(error, CreateError::Exists(_)), "{error}");
        assert_eq!(fs::read_to_string(folder.join("app.py")).unwrap(), "mine");
        fs::write(parent.path().join("file"), "").unwrap();
        let error = create(parent.path(), "file", Language::C).unwrap_err();
        assert!(matches!(error, CreateError::Exists(_)), "{error}");
    }

    #[test]
    fn a_name_is_one_that_all_tools_take() {
        for name in ["a", "shop-rules", "zone2"] {
            check(name).unwrap();
        }
        let long = "a".repeat(65);
        for name in ["", "-a", "a-", "2zone", "Zone", "a_b", "a/b", "../a", "ä", &long] {
            let error = check(name).unwrap_err().to_string();
            assert!(error.contains("give lower-case letters"), "{error}");
        }
        let error = check("hotseat-policy").unwrap_err().to_string();
        assert!(error.contains("does not begin with `hotseat`"), "{error}");
    }
}
