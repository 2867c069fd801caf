//! `hotseat rbac`: the Role that a sidecar with the same flags needs.

use super::check;
use super::names::check_object;
use super::output::Output;
use super::sidecar_args::SidecarArgs;
use crate::sidecar::rights::{Feature, Uses, role_name};
use anyhow::{Context, bail};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use hotseat_election::{Right, ServiceAccount};
use hotseat_kubernetes::Roles;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;

/// What is printed, and the sidecar's own flags.
#[derive(Debug, Args)]
pub(super) struct RbacArgs {
    /// Only the rights for these features, separated by commas, such as lease,events; a wrong name is
    /// answered by those that there are. People need other ones: people for hotseat transfer, pause,
    /// resume and skip, status for hotseat status ELECTION, ui for hotseat ui [default: all that the flags use]
    #[arg(long = "for", value_name = "FEATURES", value_delimiter = ',')]
    features: Vec<String>,
    /// The namespace of the pods, and of the election if --election-namespace does not say otherwise
    /// [default: the pod's own, else default]
    #[arg(short = 'n', long, value_name = "NAME")]
    namespace: Option<String>,
    /// The service account of the pods, which a RoleBinding binds to the Role; none: the Role alone
    #[arg(long, value_name = "NAME")]
    service_account: Option<String>,
    /// Print the ServiceAccount as well
    #[arg(long, requires = "service_account")]
    with_account: bool,
    /// The name of Role and RoleBinding [default: hotseat-ELECTION]
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// Which form to print: text is YAML, json a List
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    sidecar: SameFlags,
}

/// The sidecar's flags, which help does not print a second time.
#[derive(Debug)]
struct SameFlags(SidecarArgs);

impl FromArgMatches for SameFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        SidecarArgs::from_arg_matches(matches).map(SameFlags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl Args for SameFlags {
    fn augment_args(command: Command) -> Command {
        let sidecar = SidecarArgs::augment_args(Command::new("sidecar"));
        command.args(sidecar.get_arguments().map(|flag| flag.clone().hide(true)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        SameFlags::augment_args(command)
    }
}

impl RbacArgs {
    /// Prints the Role.
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let text = self.report()?;
        std::io::stdout().write_all(text.as_bytes()).context("cannot write to standard output")?;
        Ok(ExitCode::SUCCESS)
    }

    fn report(self) -> anyhow::Result<String> {
        let uses = check::uses(&self.sidecar.0, self.namespace.as_deref())?;
        let rights = chosen(&uses, &self.features)?;
        let role = match self.role {
            Some(role) => role,
            // The sidecars' Role stays what it is.
            None if is_for_people(&uses, &self.features) => {
                format!("{}-people", role_name(&uses.election))
            }
            None => role_name(&uses.election),
        };
        check_object("--role", &role)?;
        let pods = uses.pod_namespace.as_deref().unwrap_or(uses.election.namespace());
        let account = match self.service_account {
            Some(name) => {
                check_object("--service-account", &name)?;
                Some(ServiceAccount { namespace: pods.to_owned(), name })
            }
            None => None,
        };
        let roles = Roles { name: &role, home: pods, rights: &rights, account: account.as_ref() };
        let account = account.as_ref().filter(|_| self.with_account);
        Ok(match self.output {
            Output::Text => {
                let account = account.map(account_yaml).unwrap_or_default();
                account + &roles.yaml()
            }
            Output::Json => {
                let accounts = account.map(account_object);
                let items: Vec<Value> = accounts.into_iter().chain(roles.objects()).collect();
                json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string() + "\n"
            }
        })
    }
}

/// The rights of the features that were chosen; of all if none was.
fn chosen(uses: &Uses, wanted: &[String]) -> anyhow::Result<Vec<Right>> {
    let mut features = uses.features();
    if !wanted.is_empty() {
        features.extend(uses.of_people());
    }
    for name in wanted {
        if !features.iter().any(|feature| feature.name == name) {
            let used: Vec<&str> = features.iter().map(|feature| feature.name).collect();
            bail!(
                "--for {}: a sidecar with these flags does not use that: give some of {}, or the sidecar's other flags, such as --policy, too",
                name.escape_debug(),
                used.join(", ")
            );
        }
    }
    let is_wanted =
        |feature: &Feature| wanted.is_empty() || wanted.iter().any(|name| name == feature.name);
    let mut rights: Vec<Right> = Vec::new();
    for right in features.into_iter().filter(is_wanted).flat_map(|feature| feature.rights) {
        if !rights.contains(&right) {
            rights.push(right);
        }
    }
    Ok(rights)
}

/// Whether only people need what was chosen.
fn is_for_people(uses: &Uses, wanted: &[String]) -> bool {
    let people = uses.of_people();
    let is_theirs = |name: &String| people.iter().any(|feature| feature.name == name);
    !wanted.is_empty() && wanted.iter().all(is_theirs)
}

fn account_yaml(account: &ServiceAccount) -> String {
    let ServiceAccount { namespace, name } = account;
    format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}, namespace: {namespace}}}\n---\n"
    )
}

fn account_object(account: &ServiceAccount) -> Value {
    let ServiceAccount { namespace, name } = account;
    json!({"apiVersion": "v1", "kind": "ServiceAccount",
           "metadata": {"name": name, "namespace": namespace}})
}
