//! The flags that say how registries are asked.

use super::check::not_empty;
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
    /// # Errors
    ///
    /// A file whose name is empty: registries would be asked without what was meant to be given.
    pub(super) fn registries(&self) -> anyhow::Result<Registries> {
        let given = |flag, path: &Option<PathBuf>, otherwise| {
            not_empty(flag, path.as_ref(), otherwise).map(|path| path.cloned())
        };
        let credentials = given(
            "--registry-credentials",
            &self.registry_credentials,
            "registries would be asked without a name",
        )?;
        // Without it, a registry on this machine is asked without TLS.
        let otherwise = "other certificates, or none, would be trusted";
        let ca = given("--registry-ca", &self.registry_ca, otherwise)?;
        Ok(Registries { credentials, ca, ..Registries::default() })
    }
}
