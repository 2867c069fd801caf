//! `hotseat fence`: its arguments.

use super::which::InNamespace;
use crate::commands::fence::{admission, exit_code};
use anyhow::bail;
use clap::{Args, Subcommand};
use hotseat_sources::names;
use hotseat_text::parse_duration;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub(super) enum FenceCommand {
    /// Print a ValidatingAdmissionPolicy by which the API server refuses writes of pods that do not lead
    Admission(AdmissionArgs),
    /// Print the lines of a pod by which the kubelet stops an application that has not let go
    ExitCode(ExitCodeArgs),
}

const OF_ADMISSION: &str = "\
Apply it: hotseat fence admission --election shop -n shop --service-account shop \\
            --resources configmaps,shop.example/orders | kubectl apply -f -

Each API server follows the Lease for itself, so one that lags refuses late. A leader whose lease has
expired passes until another takes the seat. Tokens that are not bound to a pod are refused.";

#[derive(Debug, Args)]
#[command(after_help = OF_ADMISSION)]
pub(super) struct AdmissionArgs {
    /// Name of the election, which is the name of the Lease
    #[arg(long, env = "HOTSEAT_ELECTION", value_name = "NAME")]
    election: Option<String>,
    #[command(flatten)]
    namespace: InNamespace,
    /// The service account of the candidates' pods: nobody else is fenced
    #[arg(long, value_name = "NAME")]
    service_account: String,
    /// What only the leader may write, as [GROUP/]RESOURCE, separated by commas: configmaps,
    /// apps/deployments, shop.example/*
    #[arg(long, value_name = "RESOURCES", value_delimiter = ',', required = true, value_parser = admission::Resource::parse)]
    resources: Vec<admission::Resource>,
    /// Only objects with these labels, as KEY=VALUE, separated by commas
    #[arg(long, value_name = "LABELS", value_delimiter = ',')]
    match_labels: Vec<String>,
    /// Do not compare the pod's UID, where the sidecar has no POD_UID in its environment; an earlier pod
    /// of the same name passes then
    #[arg(long)]
    without_uid: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExitCodeArgs {
    /// The workload to patch, as KIND/NAME: deployment, statefulset or daemonset
    #[arg(value_name = "WORKLOAD")]
    workload: String,
    /// Name of the sidecar's container
    #[arg(long, value_name = "NAME", default_value = "hotseat")]
    sidecar: String,
    /// Name of the application's container, for --older [default: the workload's name]
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    /// The status with which the sidecar ends
    #[arg(long, value_name = "STATUS", default_value = "88")]
    status: u8,
    /// The reaction time, within which the containers have to be stopped
    #[arg(long, value_name = "S", value_parser = parse_duration, default_value = "4s")]
    reaction_time: Duration,
    /// How much of it the application has to let go [default: half of it]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    after: Option<Duration>,
    /// Print the weaker way, a liveness probe, for clusters before Kubernetes 1.36
    #[arg(long)]
    older: bool,
}

impl FenceCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let text = match self {
            FenceCommand::Admission(args) => admission::manifests(&args.settings()?)?,
            FenceCommand::ExitCode(args) => exit_code::manifest(&args.settings()?),
        };
        std::io::stdout().write_all(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl AdmissionArgs {
    fn settings(self) -> anyhow::Result<admission::Settings> {
        let election = self.namespace.election(self.election)?;
        check_name("--service-account", &self.service_account)?;
        Ok(admission::Settings {
            election,
            account: self.service_account,
            resources: self.resources,
            labels: labels(&self.match_labels)?,
            by_uid: !self.without_uid,
        })
    }
}

impl ExitCodeArgs {
    fn settings(self) -> anyhow::Result<exit_code::Settings> {
        let (kind, name) = self.workload.split_once('/').unwrap_or(("", &self.workload));
        let kind = match kind {
            "deployment" => "Deployment",
            "statefulset" => "StatefulSet",
            "daemonset" => "DaemonSet",
            _ => bail!(
                "{}: give deployment/NAME, statefulset/NAME or daemonset/NAME",
                self.workload.escape_debug()
            ),
        };
        check_name("WORKLOAD", name)?;
        let application = self.application.unwrap_or_else(|| name.to_owned());
        check_name("--application", &application)?;
        check_name("--sidecar", &self.sidecar)?;
        // As the sidecar will take them.
        let fence = super::companions::fence(self.status, self.after, self.reaction_time)?;
        Ok(exit_code::Settings {
            kind: kind.to_owned(),
            workload: name.to_owned(),
            sidecar: self.sidecar,
            application,
            status: fence.exit_code,
            reaction: self.reaction_time,
            after: fence.after,
            older: self.older,
        })
    }
}

fn check_name(what: &str, name: &str) -> anyhow::Result<()> {
    if names::is_object(name) {
        return Ok(());
    }
    bail!("{what} {}: not a valid name in Kubernetes: {}", name.escape_debug(), names::NAME_RULE)
}

/// Labels as `KEY=VALUE`.
fn labels(given: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let fits = |text: &str, extra: &str| {
        text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    given
        .iter()
        .map(|label| match label.split_once('=') {
            Some((key, value)) if !key.is_empty() && fits(key, "-_./") && fits(value, "-_.") => {
                Ok((key.to_owned(), value.to_owned()))
            }
            _ => bail!("--match-labels {}: give KEY=VALUE, such as app=shop", label.escape_debug()),
        })
        .collect()
}
