//! What a policy says that it needs, and who gives it.

use super::scene::nearest;
use serde::Serialize;

/// The host's facts that have names of their own, and by which choice of facts each is given;
/// `pod.container.` stands for all that begin so.
const HOST: [(&str, &str); 10] = [
    ("pod.ready", "pod"),
    ("pod.terminating", "pod"),
    ("pod.node", "pod"),
    ("pod.container.", "pod"),
    ("node.name", "node"),
    ("node.ready", "node"),
    ("node.taints", "node"),
    ("node.draining", "node"),
    ("host.time-of-day", "time"),
    ("host.weekday", "time"),
];
/// Only the host has facts whose names begin so; the application's are called otherwise.
const OWN: [&str; 3] = ["pod.", "node.", "host."];

/// A fact that a policy needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// `roster`, or a signal's key.
    pub key: String,
    /// Whether this host gives it, or the application can.
    pub known: bool,
    /// Who gives it, or the nearest fact that there is.
    pub from: String,
}

impl Need {
    pub(super) fn of(key: &str) -> Need {
        let (known, from) = match given(key) {
            Ok(from) => (true, from),
            Err(why) => (false, why),
        };
        Need { key: key.to_owned(), known, from }
    }
}

/// Who gives a fact, or why nobody does.
fn given(key: &str) -> Result<String, String> {
    if key == "roster" {
        return Ok("the roster, with the rights on Leases that it takes".to_owned());
    }
    let is = |name: &str| key == name || (name.ends_with('.') && key.starts_with(name));
    if let Some((_, facts)) = HOST.into_iter().find(|(name, _)| is(name)) {
        return Ok(format!("--facts {facts}"));
    }
    if OWN.iter().any(|own| key.starts_with(own)) {
        let names = HOST.map(|(name, _)| name);
        let near = match key {
            "node.zone" | "pod.zone" => Some("topology.kubernetes.io/zone"),
            _ => nearest(key, names),
        };
        let near = near.map_or_else(|| names.join(", "), |near| format!("{near} is the nearest"));
        return Err(format!("this host has no such fact: {near}"));
    }
    if key.starts_with("annotation:") {
        return Ok("--facts pod, an annotation".to_owned());
    }
    if key.contains('/') {
        return Ok("--facts pod or node, a label".to_owned());
    }
    Ok("the application, as a signal, or a probe".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fact_has_somebody_who_gives_it() {
        for (key, from) in [
            ("roster", "the roster"),
            ("app.lag", "the application"),
            ("ready", "the application"),
            ("node.draining", "--facts node"),
            ("pod.container.app.restarts", "--facts pod"),
            ("host.weekday", "--facts time"),
            ("annotation:shop/owner", "--facts pod, an annotation"),
            ("topology.kubernetes.io/zone", "--facts pod or node, a label"),
        ] {
            let need = Need::of(key);
            assert!(need.known && need.from.starts_with(from), "{need:?}");
        }
    }

    #[test]
    fn a_fact_that_this_host_does_not_give_is_said_with_the_nearest() {
        for (key, near) in [
            ("node.zone", "topology.kubernetes.io/zone"),
            ("host.week-day", "host.weekday"),
            ("pod.redy", "pod.ready"),
        ] {
            let need = Need::of(key);
            assert!(!need.known, "{need:?}");
            assert_eq!(need.from, format!("this host has no such fact: {near} is the nearest"));
        }
    }

    /// The page about facts has each of them, with the choice that gives it.
    #[test]
    fn the_facts_are_those_of_the_page() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/facts.md");
        let page = std::fs::read_to_string(path).unwrap();
        let mut section = "";
        let mut found = Vec::new();
        for line in page.lines() {
            if let Some(name) = line.strip_prefix("## `") {
                section = name.trim_end_matches('`');
            }
            let Some(key) = line.strip_prefix("| `") else { continue };
            let key = key.split('`').next().unwrap();
            if OWN.iter().any(|own| key.starts_with(own)) {
                let key = if key.starts_with("pod.container.") { "pod.container." } else { key };
                found.push((key, section));
            }
        }
        found.dedup();
        assert_eq!(found, HOST);
    }
}
