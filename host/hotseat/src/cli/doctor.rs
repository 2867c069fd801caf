//! `hotseat doctor`: its arguments.

use super::output::{Output, print};
use super::sidecar_args::SidecarArgs;
use super::size::parse_size;
use super::{check, names, needs};
use crate::commands::doctor::{Settings, examine};
use crate::commands::status;
use crate::sidecar::rights::Uses;
use clap::Args;
use hotseat_election::ElectionName;
use hotseat_engine::Container;
use hotseat_kubernetes::Credentials;
use std::process::ExitCode;

const EXIT_STATUS: &str = "\
Give it the flags or the environment of the sidecar: with them it looks at what the sidecar would get.
Without --election it asks the sidecar of this pod. It writes nothing.

Exit status: 0 if nothing is wrong; 1 if something is, or could not be looked at; 2 for a wrong argument.";

/// The sidecar's flags, and what is looked at besides.
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS, args_override_self = true)]
pub(super) struct DoctorArgs {
    /// The address of the sidecar of this pod, if there is one
    #[arg(
        long,
        env = "HOTSEAT_STATUS_ADDRESS",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:4040"
    )]
    address: String,
    /// Look as in a container with this limit of memory, such as 64Mi [default: this one's]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    container_memory: Option<u64>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    sidecar: SidecarArgs,
}

impl DoctorArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let DoctorArgs { address, container_memory, output, mut sidecar } = self;
        let name = election(&sidecar, &address)?;
        sidecar.election = Some(name.name().to_owned());
        sidecar.election_namespace = Some(name.namespace().to_owned());
        let (timing, policy) = (check::timing(&sidecar)?, check::policy(&sidecar)?);
        let settings = Settings {
            election: name,
            // As the sidecar has it: outside of a pod there is none to write Events on.
            uses: Uses {
                pod_namespace: check::own_pod().map(|pod| pod.namespace),
                ..check::uses(&sidecar, None)?
            },
            timing,
            credentials: match sidecar.use_cluster_credentials {
                true => Credentials::Cluster,
                false => Credentials::Search,
            },
            policy,
            givers: needs::givers(&sidecar),
            limits: sidecar.limits.within(&sidecar.time),
            container: container_memory.map_or_else(Container::of_this_process, Container::of),
            address,
        };
        let report = examine(&settings)?;
        print(output, &report, || report.text())?;
        Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The election that the flags name, else that of the sidecar.
fn election(sidecar: &SidecarArgs, address: &str) -> anyhow::Result<ElectionName> {
    if sidecar.election.is_none()
        && let Ok(leader) = status::leader(address)
    {
        return Ok(ElectionName::new(&leader.lock.namespace, &leader.lock.name));
    }
    let name = names::election(sidecar.election.clone())?;
    Ok(ElectionName::new(&names::namespace(sidecar.election_namespace.clone())?, &name))
}
