//! Who gives the facts that policies need, in the words of the command line.

use super::sidecar_args::SidecarArgs;
use crate::sidecar::needs::{Giver, Givers};

/// The flag that has somebody give facts, and the rights that this takes.
pub(super) fn words(giver: Giver) -> &'static str {
    match giver {
        Giver::Roster => {
            "the roster, with the rights on Leases that `hotseat rbac --roster` prints"
        }
        Giver::Pod => "--facts pod, with the right to list and watch pods",
        Giver::Annotation => {
            "--facts pod, with the right to list and watch pods: an annotation of the pod"
        }
        Giver::Node => "--facts node, with the right to list and watch nodes",
        Giver::Label => {
            "--facts pod or --facts node, with the right to list and watch them: a label"
        }
        Giver::Time => "--facts time",
        Giver::Seats => {
            "--facts seats, with the rights on Leases that `hotseat rbac --facts seats` prints"
        }
        Giver::Probe => "--probe, with what is probed under that name",
        Giver::Application => "the application, as a signal",
    }
}

/// What a sidecar with these flags is given.
pub(super) fn givers(args: &SidecarArgs) -> Givers {
    let probes = args.probe.iter().flatten().map(|probe| probe.key.as_str().to_owned());
    Givers { facts: args.pod.features().facts, probes: probes.collect(), words }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each word that looks like a flag is one of the sidecar's.
    #[test]
    fn what_gives_a_fact_is_a_flag_that_there_is() {
        let command = super::super::command();
        let flags: Vec<String> = command
            .get_arguments()
            .filter_map(|flag| flag.get_long().map(|name| format!("--{name}")))
            .collect();
        let all = [
            Giver::Roster,
            Giver::Pod,
            Giver::Annotation,
            Giver::Node,
            Giver::Label,
            Giver::Time,
            Giver::Seats,
            Giver::Probe,
            Giver::Application,
        ];
        for giver in all {
            let said = words(giver).replace(['`', ',', ':'], " ");
            let named: Vec<&str> =
                said.split_whitespace().filter(|word| word.starts_with("--")).collect();
            for flag in &named {
                assert!(flags.iter().any(|known| known == flag), "{flag} of {giver:?}");
            }
            assert_eq!(named.is_empty(), giver == Giver::Application, "{giver:?}");
        }
    }
}
