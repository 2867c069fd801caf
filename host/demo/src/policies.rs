//! The policies of the demonstration, and the file that a platform team would publish them in.

use anyhow::Context;
use hotseat_engine::{STANDARD, digest};
use std::fs;
use std::path::{Path, PathBuf};

/// The component of the app-heartbeat policy, built from `examples/policies/app-heartbeat`.
const APP_HEARTBEAT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/app-heartbeat.wasm"));

/// A policy of the demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The one that all begin with.
    Standard,
    /// The one that goes by the application's heartbeat.
    AppHeartbeat,
}

impl Policy {
    /// All of them.
    pub const ALL: [Policy; 2] = [Policy::Standard, Policy::AppHeartbeat];

    /// Its name, as it calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Standard => "standard",
            Policy::AppHeartbeat => "app-heartbeat",
        }
    }

    /// `sha256:` and the hex digest of its component.
    pub fn digest(self) -> String {
        digest(self.component())
    }

    fn component(self) -> &'static [u8] {
        match self {
            Policy::Standard => STANDARD,
            Policy::AppHeartbeat => APP_HEARTBEAT,
        }
    }
}

/// The file that every candidate was given as its policy.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    path: PathBuf,
    policy: Policy,
}

impl PolicyFile {
    /// A new file in that folder, with the standard policy in it.
    ///
    /// # Errors
    ///
    /// If it cannot be written, with its path.
    pub fn new(folder: &Path) -> anyhow::Result<PolicyFile> {
        let mut file = PolicyFile { path: folder.join("policy.wasm"), policy: Policy::Standard };
        file.publish(Policy::Standard)?;
        Ok(file)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Puts another policy in its place, at once and as a whole: written beside it and renamed.
    ///
    /// # Errors
    ///
    /// If it cannot be written, with its path.
    pub fn publish(&mut self, policy: Policy) -> anyhow::Result<()> {
        let new = self.path.with_extension("new");
        fs::write(&new, policy.component())
            .and_then(|()| fs::rename(&new, &self.path))
            .with_context(|| format!("{}: cannot be written", self.path.display()))?;
        self.policy = policy;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_one_whole_policy_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = PolicyFile::new(folder.path()).unwrap();
        assert_eq!(fs::read(file.path()).unwrap(), STANDARD);
        file.publish(Policy::AppHeartbeat).unwrap();
        let bytes = fs::read(file.path()).unwrap();
        assert_eq!(digest(&bytes), Policy::AppHeartbeat.digest());
        assert_eq!(file.policy(), Policy::AppHeartbeat);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // It is a component, and not the other one.
        assert_eq!(bytes[..8], *b"\0asm\x0d\0\x01\0");
        assert_ne!(bytes, STANDARD);
        let error = PolicyFile::new(&folder.path().join("no")).unwrap_err();
        assert!(format!("{error:#}").contains("policy.wasm: cannot be written"), "{error:#}");
    }
}
