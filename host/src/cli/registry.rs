//! The flags that say how registries are asked.

use clap::Args;
use hotseat_sources::Registries;
use std::path::PathBuf;

/// How registries are asked.
#[derive(Debug, Args)]
pub(super) struct RegistryArgs {
    /// A docker config.json with the credentials for registries
    #[arg(long, env = "HOTSEAT_REGISTRY_CREDENTIALS", value_name = "FILE", help_heading = super::args::POLICY)]
    registry_credentials: Option<PathBuf>,
    /// Certificates, in PEM, that registries are trusted by besides the machine's
    #[arg(long, env = "HOTSEAT_REGISTRY_CA", value_name = "FILE", help_heading = super::args::POLICY)]
    registry_ca: Option<PathBuf>,
}

impl RegistryArgs {
    pub(super) fn registries(&self) -> Registries {
        // An empty variable of the environment is one that is not set.
        let given =
            |path: &Option<PathBuf>| path.clone().filter(|path| !path.as_os_str().is_empty());
        Registries {
            credentials: given(&self.registry_credentials),
            ca: given(&self.registry_ca),
            ..Registries::default()
        }
    }
}
