//! What a candidate has to say of itself.

use super::{Entry, PolicyEntry, READY, ROSTER, ZONE, settings_digest};
use crate::report::PolicyReport;
use crate::signals::Held;
use crate::status::Status;
use hotseat_core::policy::{Source, Value};
use hotseat_core::time::Moment;
use hotseat_rollout::{Fingerprint, Objection, Policy, Refusal};

/// The signals by which the host names the node.
const NODE_NAME: &str = "node.name";
const POD_NODE: &str = "pod.node";
/// The longest reason that is published, in bytes; one that is cut says so beside.
const LONGEST_REASON: usize = 200;

impl PolicyReport {
    /// Whether the active policy, or one on its way, says that it needs this fact. One that was refused
    /// needs nothing.
    pub fn needs(&self, fact: &str) -> bool {
        let active = self.rollout.active.as_ref().map(|active| &active.about);
        let coming = self.rollout.candidate.as_ref().filter(|one| one.refusal.is_none());
        let coming = coming.and_then(|candidate| candidate.about.as_ref());
        active
            .into_iter()
            .chain(coming)
            .any(|about| about.needs.iter().any(|need| need.fact == fact))
    }

    fn entry(&self) -> Option<PolicyEntry> {
        let active = self.rollout.active.as_ref()?;
        let candidate = self.rollout.candidate.as_ref();
        let other = candidate.and_then(|candidate| candidate.policy.as_ref());
        let rejected = self.rollout.rejected.as_ref();
        let Fingerprint { policy, settings } = fingerprint(&active.policy);
        Some(PolicyEntry {
            digest: policy,
            settings,
            state: match candidate.and_then(|candidate| candidate.refusal.as_ref()) {
                Some(refusal) if refusal.stage == Refusal::TURN => "stopped",
                Some(_) => "refused",
                None => self.stage(),
            }
            .to_owned(),
            candidate: other.map(|policy| policy.digest.clone()),
            candidate_settings: other.map(|other| fingerprint(other).settings).unwrap_or_default(),
            objection: rejected.map(|rejected| Objection {
                to: fingerprint(&rejected.policy),
                why: hotseat_text::one_line(&rejected.why, LONGEST_REASON),
            }),
        })
    }
}

fn fingerprint(policy: &Policy) -> Fingerprint {
    let settings = settings_digest(&policy.settings);
    Fingerprint { policy: policy.digest.clone(), settings }
}

impl Status {
    /// Whether a policy asks for the roster.
    pub fn policy_wants_roster(&self) -> bool {
        self.policy().needs(ROSTER)
    }

    /// The name of this candidate's node, as the host knows it at `now`.
    pub fn node(&self, now: Moment) -> Option<String> {
        let names = [(Source::Node, NODE_NAME), (Source::Pod, POD_NODE)];
        let signals = self.signals().all(now);
        let named = |(source, key): (Source, &str)| {
            let is = |held: &&Held| held.key.source() == source && held.key.as_str() == key;
            match &signals.iter().find(is)?.report.value {
                Value::Text(name) => Some(name.clone()),
                _ => None,
            }
        };
        names.into_iter().find_map(named)
    }

    /// What this candidate publishes at `now`, for a program of that version.
    pub fn entry(&self, version: &str, now: Moment) -> Entry {
        let report = self.policy();
        let signals = self.signals().all(now);
        let said = |key: &str, by: &dyn Fn(Source) -> bool| {
            // Of several sources the one that is to be trusted most comes first.
            let of = signals.iter().find(|held| held.key.as_str() == key && by(held.key.source()));
            of.map(|held| held.report.value.clone())
        };
        // Where the host asks the application, its word counts and not what the application sends.
        let says = |source| [Source::Probe, Source::Application].contains(&source);
        let ready = match said(READY, &says) {
            Some(Value::Flag(ready)) => Some(ready),
            _ => None,
        };
        // An application does not speak for its node.
        let zone = match said(ZONE, &|source| source != Source::Application) {
            Some(Value::Text(zone)) => Some(zone),
            _ => None,
        };
        Entry {
            identity: self.view().identity.clone(),
            ready,
            zone,
            node: self.node(now),
            leads: self.view().leads(now),
            successor: self.view().successor.clone(),
            version: version.to_owned(),
            policy: report.entry(),
            signals: report.published.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::name::ElectionName;
    use crate::signals::{Key, Report};
    use hotseat_core::lock::Token;
    use hotseat_core::view::{Term, View};
    use hotseat_rollout::{About, Active, Candidate, Need, Rejected, Report as Rollout};
    use hotseat_text::Digest;
    use std::time::Duration;

    fn status() -> Status {
        let name = ElectionName::new("shop", "web");
        Status::new(name, "web-0", clock::now(), Duration::from_secs(2))
    }

    fn about(needs: &[&str]) -> About {
        let need =
            |fact: &&str| Need { fact: (*fact).to_owned(), given: true, from: String::new() };
        let needs = needs.iter().map(need).collect();
        About { needs, ..About::default() }
    }

    fn policy(digest: &str, settings: &str) -> Policy {
        Policy { digest: digest.to_owned(), settings: settings.into() }
    }

    fn active(needs: &[&str]) -> Active {
        Active {
            policy: policy("sha256:aa", "{}"),
            about: about(needs),
            source: String::new(),
            since: Moment::ZERO,
            memory_lost: None,
            pause_micros: 0,
            broken: false,
        }
    }

    fn candidate(needs: &[&str], refusal: Option<Refusal>) -> Candidate {
        Candidate {
            policy: Some(policy("sha256:bb", "")),
            about: Some(about(needs)),
            source: String::new(),
            stage: "dry-run",
            refusal,
            trial: Default::default(),
        }
    }

    fn show(status: &Status, active: Option<Active>, candidate: Option<Candidate>) {
        status.change_policy(|report| {
            report.rollout = Rollout { active, candidate, ..Rollout::default() };
        });
    }

    fn say(status: &Status, source: Source, key: &str, value: Value) {
        let report = Report { value, at: clock::now(), ttl: None };
        status.signals().report(Key::new(source, key).unwrap(), report).unwrap();
    }

    #[test]
    fn the_roster_is_wanted_by_a_policy_in_force_and_by_one_on_its_way() {
        let status = status();
        assert!(!status.policy_wants_roster());
        show(&status, Some(active(&["zone", "roster"])), None);
        assert!(status.policy_wants_roster());
        show(&status, Some(active(&["zone"])), Some(candidate(&["roster"], None)));
        assert!(status.policy_wants_roster());
        let refusal = Refusal { stage: "settings", why: "no".to_owned() };
        show(&status, Some(active(&[])), Some(candidate(&["roster"], Some(refusal))));
        assert!(!status.policy_wants_roster());
    }

    #[test]
    fn of_readiness_a_probe_has_the_word() {
        let status = status();
        for (source, ready) in [(Source::Application, true), (Source::Probe, false)] {
            say(&status, source, READY, Value::Flag(ready));
            assert_eq!(status.entry("1", clock::now()).ready, Some(ready), "{source:?}");
        }
    }

    #[test]
    fn an_entry_says_what_is_known_and_an_application_does_not_speak_for_its_node() {
        let status = status();
        assert_eq!(status.entry("1", clock::now()).policy, None);
        show(&status, Some(active(&[])), None);
        say(&status, Source::Application, READY, Value::Flag(true));
        say(&status, Source::Node, READY, Value::Flag(false));
        say(&status, Source::Application, ZONE, Value::Text("mine".to_owned()));
        let entry = status.entry("1", clock::now());
        assert_eq!((entry.ready, entry.zone), (Some(true), None));
        assert_eq!(entry.identity, "web-0");
        let policy = entry.policy.unwrap();
        assert_eq!((policy.digest.as_str(), policy.state.as_str()), ("sha256:aa", "active"));
        assert_eq!(policy.settings, Digest::of(b"{}").to_string());
        say(&status, Source::Node, ZONE, Value::Text("a".to_owned()));
        say(&status, Source::Application, READY, Value::Text("yes".to_owned()));
        let refusal = Refusal { stage: "settings", why: "no".to_owned() };
        show(&status, Some(active(&[])), Some(candidate(&[], Some(refusal))));
        let entry = status.entry("1", clock::now());
        assert_eq!((entry.ready, entry.zone.as_deref()), (None, Some("a")));
        assert_eq!((entry.node, entry.leads), (None, false));
        say(&status, Source::Application, NODE_NAME, Value::Text("mine".to_owned()));
        say(&status, Source::Pod, POD_NODE, Value::Text("n-1".to_owned()));
        assert_eq!(status.node(clock::now()).as_deref(), Some("n-1"));
        say(&status, Source::Node, NODE_NAME, Value::Text("n-2".to_owned()));
        assert_eq!(status.entry("1", clock::now()).node.as_deref(), Some("n-2"));
        let entry = status.entry("1", clock::now());
        let policy = entry.policy.unwrap();
        assert_eq!(
            (policy.state.as_str(), policy.candidate.as_deref()),
            ("refused", Some("sha256:bb"))
        );
    }

    #[test]
    fn an_entry_says_whether_the_candidate_leads_by_the_clock() {
        let status = status();
        let until = clock::now() + Duration::from_secs(10);
        let term = Term {
            token: Token(1),
            uid: "u".to_owned(),
            transitions: 0,
            since: clock::now(),
            until,
        };
        status.show(View { term: Some(term), ..(*status.view()).clone() });
        assert!(status.entry("1", clock::now()).leads);
        assert!(!status.entry("1", until).leads, "belief has ended");
    }

    /// Others stop because of what a candidate has against a policy itself, and not because it was
    /// stopped as they were.
    #[test]
    fn an_entry_says_what_the_candidate_itself_has_against_a_policy() {
        let status = status();
        let refusal = Refusal { stage: Refusal::TURN, why: "web-1 refused it".to_owned() };
        show(&status, Some(active(&[])), Some(candidate(&[], Some(refusal))));
        let entry = status.entry("1", clock::now()).policy.unwrap();
        assert_eq!((entry.state.as_str(), entry.objection), ("stopped", None));
        assert_eq!(entry.candidate_settings, "");
        let why = format!("refused it at settings:\n{}", "x".repeat(1000));
        status.change_policy(|report| {
            report.rollout.rejected = Some(Rejected { policy: policy("sha256:bb", "{}"), why });
        });
        let objection = status.entry("1", clock::now()).policy.unwrap().objection.unwrap();
        let to =
            Fingerprint { policy: "sha256:bb".to_owned(), settings: Digest::of(b"{}").to_string() };
        assert_eq!(objection.to, to);
        assert!(objection.why.len() <= LONGEST_REASON + "…".len() && !objection.why.contains('\n'));
        assert!(objection.why.starts_with("refused it at settings: xxx"), "{}", objection.why);
    }
}
