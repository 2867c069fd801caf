//! The flags that say how registries are asked.

use clap::Args;
use hotseat_sources::Registries;
use std::path::PathBuf;

/// How registries are asked.
#[derive(Debug, Args)]
pub(super) struct RegistryArgs {
    /// A docker config.json with the credentials for registries
    #[arg(long, env = "HOTSEAT_REGISTRY_CREDENTIALS", value_name = "FILE", help_heading = super::headings::POLICY)]
    registry_credentials: Option<PathBuf>,
    /// PEM certificates of authorities to trust for registries, besides the machine's
    #[arg(long, env = "HOTSEAT_REGISTRY_CA", value_name = "FILE", help_heading = super::headings::POLICY)]
    registry_ca: Option<PathBuf>,
}

impl RegistryArgs {
    /// A name that is empty never comes here: it is refused as one that is missing, so that a
    /// variable which nobody filled switches nothing off.
    pub(super) fn registries(&self) -> Registries {
        Registries {
            credentials: self.registry_credentials.clone(),
            ca: self.registry_ca.clone(),
            ..Registries::default()
        }
    }
}
