//! What policies say that they need, and who gives it: one list, by which `policy check` and the running
//! sidecar go.

use crate::sidecar::own_pod::FactsWanted;
use hotseat_election::roster::{ROSTER, ZONE};
use hotseat_rollout::Need;

/// Who gives a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Giver {
    /// The roster, which is kept for a policy that needs it.
    Roster,
    /// The host, of this pod.
    Pod,
    /// The host, as an annotation of this pod.
    Annotation,
    /// The host, of this pod's node.
    Node,
    /// The host, as a label of this pod or of its node.
    Label,
    /// The host's clock.
    Time,
    /// The rosters of the namespace.
    Seats,
    /// A probe of that name.
    Probe,
    /// The application.
    Application,
}

/// What has a giver give its facts, in the words of whoever starts the program.
pub type Words = fn(Giver) -> &'static str;

/// Who gives facts to the policies of an election.
#[derive(Clone, Debug)]
pub struct Givers {
    /// What the policy sees of its surroundings.
    pub facts: FactsWanted,
    /// The keys of the probes.
    pub probes: Vec<String>,
    /// What would have the others give theirs.
    pub words: Words,
}

/// The host's facts that have names of their own, and who gives them; `pod.container.` stands for all
/// that begin so.
const HOST: [(&str, Giver); 11] = [
    ("pod.ready", Giver::Pod),
    ("pod.terminating", Giver::Pod),
    ("pod.node", Giver::Pod),
    ("pod.container.", Giver::Pod),
    ("node.name", Giver::Node),
    ("node.ready", Giver::Node),
    ("node.taints", Giver::Node),
    ("node.draining", Giver::Node),
    ("host.time-of-day", Giver::Time),
    ("host.weekday", Giver::Time),
    ("host.seats-on-node", Giver::Seats),
];
/// Only the host has facts whose names begin so; the application's are called otherwise.
const OWN: [&str; 3] = ["pod.", "node.", "host."];
/// The longest line about what is not given, in bytes: a policy may need many facts with long names.
const LONGEST_LINE: usize = 2048;
/// How the keys of all probes begin.
const PROBE: &str = "probe.";

impl Giver {
    /// Who it is, for whoever knows no way to have it give its facts.
    pub fn plainly(self) -> &'static str {
        match self {
            Giver::Roster => "the roster",
            Giver::Pod => "this pod",
            Giver::Annotation => "this pod, by an annotation",
            Giver::Node => "this pod's node",
            Giver::Label => "this pod or its node, by a label",
            Giver::Time => "the time",
            Giver::Seats => "the rosters of the namespace",
            Giver::Probe => "a probe",
            Giver::Application => "the application, as a signal",
        }
    }
}

impl Givers {
    /// What is given of that which a policy says that it needs.
    pub fn needs(&self, facts: &[String]) -> Vec<Need> {
        facts.iter().map(|fact| self.need(fact)).collect()
    }

    fn need(&self, fact: &str) -> Need {
        let (given, from) = match giver(fact) {
            Ok(giver) => (self.give(giver, fact), (self.words)(giver).to_owned()),
            Err(why) => (false, why),
        };
        Need { fact: fact.to_owned(), given, from }
    }

    fn give(&self, giver: Giver, fact: &str) -> bool {
        match giver {
            // It is kept for whoever needs it, and an application says what it likes when it likes.
            Giver::Roster | Giver::Application => true,
            Giver::Pod | Giver::Annotation => self.facts.pod,
            Giver::Node => self.facts.node.is_some(),
            Giver::Label => self.facts.pod || self.facts.node.is_some(),
            Giver::Time => self.facts.time,
            Giver::Seats => self.facts.seats,
            Giver::Probe => self.probes.iter().any(|key| key == fact),
        }
    }
}

/// Those of the needs that nothing gives, with what would, in one line; empty: there are none.
pub fn not_given(needs: &[Need]) -> String {
    let lacking = needs.iter().filter(|need| !need.given);
    let lacking: Vec<String> =
        lacking.map(|Need { fact, from, .. }| format!("{fact}: {from}")).collect();
    hotseat_text::one_line(&lacking.join("; "), LONGEST_LINE)
}

/// Who gives a fact.
///
/// # Errors
///
/// Nobody does: in one line, with the nearest that there is.
pub fn giver(fact: &str) -> Result<Giver, String> {
    if fact == ROSTER {
        return Ok(Giver::Roster);
    }
    let is = |name: &str| fact == name || (name.ends_with('.') && fact.starts_with(name));
    if let Some((_, giver)) = HOST.into_iter().find(|(name, _)| is(name)) {
        return Ok(giver);
    }
    if OWN.iter().any(|own| fact.starts_with(own)) {
        let names = HOST.map(|(name, _)| name);
        let near = match fact {
            "node.zone" | "pod.zone" => Some(ZONE),
            _ => hotseat_text::nearest(fact, names),
        };
        let near = near.map_or_else(|| names.join(", "), |near| format!("{near} is the nearest"));
        return Err(format!("this host has no such fact: {near}"));
    }
    Ok(match fact {
        _ if fact.starts_with(PROBE) => Giver::Probe,
        _ if fact.starts_with("annotation:") => Giver::Annotation,
        _ if fact.contains('/') => Giver::Label,
        _ => Giver::Application,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_kubernetes::NodeName;

    #[test]
    fn each_fact_has_somebody_who_gives_it() {
        for (fact, wanted) in [
            ("roster", Giver::Roster),
            ("app.lag", Giver::Application),
            ("ready", Giver::Application),
            ("node.draining", Giver::Node),
            ("pod.container.app.restarts", Giver::Pod),
            ("host.weekday", Giver::Time),
            ("probe.db", Giver::Probe),
            ("annotation:shop/owner", Giver::Annotation),
            ("topology.kubernetes.io/zone", Giver::Label),
        ] {
            assert_eq!(giver(fact), Ok(wanted), "{fact}");
        }
    }

    #[test]
    fn a_fact_that_this_host_does_not_give_is_said_with_the_nearest() {
        for (fact, near) in [
            ("node.zone", "topology.kubernetes.io/zone"),
            ("host.week-day", "host.weekday"),
            ("pod.redy", "pod.ready"),
        ] {
            let why = format!("this host has no such fact: {near} is the nearest");
            assert_eq!(giver(fact), Err(why));
        }
    }

    /// Each choice gives its own facts, and nothing gives one that there is not.
    #[test]
    fn a_fact_is_given_by_what_was_chosen() {
        let nothing = FactsWanted::default;
        let node = Some(NodeName::OfPod);
        let all = [
            "pod.ready",
            "annotation:a",
            "node.name",
            "a/zone",
            "host.weekday",
            "host.seats-on-node",
            "probe.db",
        ];
        for (facts, probe, given) in [
            (nothing(), "probe.web", vec![]),
            (nothing(), "probe.db", vec!["probe.db"]),
            (
                FactsWanted { pod: true, ..nothing() },
                "",
                vec!["pod.ready", "annotation:a", "a/zone"],
            ),
            (FactsWanted { node, ..nothing() }, "", vec!["node.name", "a/zone"]),
            (FactsWanted { time: true, ..nothing() }, "", vec!["host.weekday"]),
            (FactsWanted { seats: true, ..nothing() }, "", vec!["host.seats-on-node"]),
        ] {
            let givers = Givers { facts, probes: vec![probe.to_owned()], words: Giver::plainly };
            let named = |facts: &[&str]| -> Vec<String> {
                let facts: Vec<String> = facts.iter().map(|fact| (*fact).to_owned()).collect();
                let needs = givers.needs(&facts).into_iter().filter(|need| need.given);
                needs.map(|need| need.fact).collect()
            };
            assert_eq!(named(&all), given, "{givers:?}");
            assert_eq!(named(&["roster", "app.lag"]), ["roster", "app.lag"]);
            assert!(named(&["node.zone"]).is_empty());
        }
    }

    /// The page about facts has each of them, under the choice that gives it.
    #[test]
    fn the_facts_are_those_of_the_page() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/facts.md");
        let page = std::fs::read_to_string(path).unwrap();
        let mut section = None;
        let mut found = Vec::new();
        for line in page.lines() {
            match line.strip_prefix("## ") {
                Some("`pod`") => section = Some(Giver::Pod),
                Some("`node`") => section = Some(Giver::Node),
                Some("`time`") => section = Some(Giver::Time),
                Some("`seats`") => section = Some(Giver::Seats),
                _ => {}
            }
            let Some(key) = line.strip_prefix("| `") else { continue };
            let key = key.split('`').next().unwrap();
            if OWN.iter().any(|own| key.starts_with(own)) {
                let key = if key.starts_with("pod.container.") { "pod.container." } else { key };
                found.push((key, section.unwrap()));
            }
        }
        found.dedup();
        assert_eq!(found, HOST);
    }
}
