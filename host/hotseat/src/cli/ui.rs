//! `hotseat ui`: its arguments.

use super::which::InNamespace;
use crate::commands::ui::{self, Options};
use anyhow::bail;
use clap::Args;
use hotseat_kubernetes::Credentials;
use std::net::SocketAddr;
use std::process::ExitCode;

const AFTER: &str = "\
The page is at the address that is printed, which holds a secret of this run: whoever has it acts with your
rights. It needs the rights to list and watch Leases in the namespace: hotseat rbac --for ui. Buttons for
transfer and pause are there for elections whose lock you may update: hotseat rbac --for people.

Exit status: 1 if the page cannot be shown, with the reason; 2 for a wrong argument.";

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct UiArgs {
    #[command(flatten)]
    namespace: InNamespace,
    /// The elections of all namespaces, whatever --namespace says
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Where the page is, as address:port of this machine alone; port 0 is one that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: String,
}

impl UiArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let listen = loopback(&self.listen)?;
        let namespace = match self.all_namespaces {
            true => None,
            false => Some(self.namespace.name()?),
        };
        ui::run(&Options { namespace, listen }, Credentials::Search)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// An address that nobody but this machine reaches.
fn loopback(written: &str) -> anyhow::Result<SocketAddr> {
    let numeric = match written.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => written.to_owned(),
    };
    let remedy = "give 127.0.0.1:PORT or [::1]:PORT";
    let Ok(address) = numeric.parse::<SocketAddr>() else {
        bail!("--listen {}: that is no address with a port: {remedy}", written.escape_debug());
    };
    if !address.ip().to_canonical().is_loopback() {
        bail!(
            "--listen {written}: who reaches the page acts with your rights, so it is for this machine alone: {remedy}, and reach it from elsewhere by ssh -L"
        );
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_listened_on() {
        for (written, address) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("127.1.2.3:8040", "127.1.2.3:8040"),
            ("[::1]:8040", "[::1]:8040"),
            ("localhost:8040", "127.0.0.1:8040"),
        ] {
            assert_eq!(loopback(written).unwrap(), address.parse().unwrap(), "{written}");
        }
        for written in ["0.0.0.0:8040", "[::]:8040", "10.0.0.7:8040"] {
            let error = loopback(written).unwrap_err().to_string();
            assert!(error.contains(written) && error.contains("this machine alone"), "{error}");
        }
        for written in ["", ":8040", "8040", "127.0.0.1", "example.com:8040", "localhost:x"] {
            let error = loopback(written).unwrap_err().to_string();
            assert!(error.contains("no address with a port"), "{error}");
        }
    }
}
