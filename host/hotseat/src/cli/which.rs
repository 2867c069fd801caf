//! Which election a person means: one set of arguments for all commands that ask the cluster about one.

use super::names;
use crate::sidecar::locks::LockChoice;
use anyhow::bail;
use clap::Args;
use hotseat_election::ElectionName;
use hotseat_kubernetes::LockKind;

/// Which election it is.
#[derive(Debug, Args)]
pub(super) struct Election {
    /// The name of the election, which is the name of its lock
    #[arg(value_name = "ELECTION")]
    election: String,
    #[command(flatten)]
    lock: Where,
}

/// Where its lock is.
#[derive(Debug, Args)]
pub(super) struct Where {
    #[command(flatten)]
    namespace: InNamespace,
    #[arg(
        long,
        env = "HOTSEAT_LOCK",
        value_name = "KIND",
        value_enum,
        hide_possible_values = true,
        default_value_t,
        help = format!("Which objects are the lock, as the candidates have it: {}", LockChoice::words())
    )]
    lock: LockChoice,
}

/// In which namespace it is.
#[derive(Debug, Args)]
pub(super) struct InNamespace {
    /// Namespace of the lock [default: the pod's own, else that of the kubeconfig's context, else
    /// default]
    #[arg(
        short = 'n',
        long,
        alias = "election-namespace",
        env = "HOTSEAT_ELECTION_NAMESPACE",
        value_name = "NAME"
    )]
    namespace: Option<String>,
}

impl InNamespace {
    /// Its name.
    pub(super) fn name(&self) -> anyhow::Result<String> {
        names::namespace_of_person(self.namespace.clone())
    }

    /// The election of that name.
    pub(super) fn election(&self, name: Option<String>) -> anyhow::Result<ElectionName> {
        let election = names::election(name)?;
        Ok(ElectionName::new(&self.name()?, &election))
    }
}

impl Where {
    /// The election of that name, and the object that decisions are about.
    pub(super) fn inner(&self, election: String) -> anyhow::Result<(ElectionName, LockKind)> {
        let choice = self.lock;
        let Some(inner) = choice.kinds().pop() else {
            bail!(
                "--lock {choice}: this lock is not an object of the Kubernetes API, so this command cannot read it"
            );
        };
        Ok((self.namespace.election(Some(election))?, inner))
    }
}

impl Election {
    /// The election, and the object that decisions are about.
    pub(super) fn inner(self) -> anyhow::Result<(ElectionName, LockKind)> {
        self.lock.inner(self.election)
    }

    /// The election, and all of its objects.
    pub(super) fn all(self) -> anyhow::Result<(ElectionName, Vec<LockKind>)> {
        let mut kinds = self.lock.lock.kinds();
        // The one that decisions are about is looked at first.
        kinds.reverse();
        Ok((self.lock.namespace.election(Some(self.election))?, kinds))
    }

    /// The election, and its only object.
    pub(super) fn only(self) -> anyhow::Result<(ElectionName, LockKind)> {
        let choice = self.lock.lock;
        if let [outer, inner] = choice.kinds().as_slice() {
            bail!(
                "--lock {choice}: these are two locks: look at one after the other, --lock {} and --lock {}",
                outer.resource(),
                inner.resource()
            );
        }
        self.inner()
    }
}

#[cfg(test)]
mod tests {
    use super::super::args::Cli;
    use clap::{CommandFactory, Parser};

    /// Each of them takes its namespace in the same words, and no other place declares them.
    #[test]
    fn all_commands_about_an_election_take_its_namespace_alike() {
        for command in [
            &["status", "shop"][..],
            &["transfer", "shop", "--to=web-0"],
            &["pause", "shop"],
            &["resume", "shop"],
            &["skip", "shop"],
            &["roster", "shop"],
            &["lock", "show", "shop"],
            &["lock", "clear", "shop"],
            #[cfg(feature = "ui")]
            &["ui"],
            &["fence", "admission", "--service-account=x", "--resources=configmaps"],
        ] {
            for flag in [&["-n", "web"][..], &["--namespace=web"], &["--election-namespace=web"]] {
                let args = ["hotseat"].iter().chain(command).chain(flag);
                let parsed = Cli::try_parse_from(args);
                assert!(parsed.is_ok(), "{command:?} {flag:?}: {}", parsed.unwrap_err());
            }
        }
        Cli::command().debug_assert();
    }
}
