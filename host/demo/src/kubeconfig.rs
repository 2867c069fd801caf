//! The file that leads the candidates to the embedded API server.

use anyhow::Context;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A kubeconfig file in a folder of its own that only this user can enter. Both are removed when
/// this is dropped.
#[derive(Debug)]
pub struct Kubeconfig {
    folder: PathBuf,
    path: PathBuf,
}

impl Kubeconfig {
    /// Writes the text into a new file under the system's folder for temporary files.
    ///
    /// # Errors
    ///
    /// If the folder or the file cannot be made, with its path.
    pub fn write(text: &str) -> anyhow::Result<Kubeconfig> {
        let mut nonce = [0_u8; 8];
        getrandom::fill(&mut nonce).context("the system gives no random numbers")?;
        let name = format!("hotseat-demo-{:016x}", u64::from_ne_bytes(nonce));
        let folder = std::env::temp_dir().join(name);
        // Fails if it exists, so nobody can have put it there.
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("{}: cannot be created: set TMPDIR", folder.display()))?;
        let kubeconfig = Kubeconfig { path: folder.join("kubeconfig"), folder };
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&kubeconfig.path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("{}: cannot be written", kubeconfig.path.display()))?;
        Ok(kubeconfig)
    }

    /// The folder, for other files of the demonstration.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Kubeconfig {
    fn drop(&mut self) {
        // A folder that stays behind holds no secret: the server that it names is gone.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_is_private_and_goes_with_its_owner() {
        let kubeconfig = Kubeconfig::write("kind: Config\n").unwrap();
        let (folder, path) = (kubeconfig.folder.clone(), kubeconfig.path.clone());
        assert_eq!(fs::read_to_string(&path).unwrap(), "kind: Config\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        drop(kubeconfig);
        assert!(!folder.exists());
    }
}
