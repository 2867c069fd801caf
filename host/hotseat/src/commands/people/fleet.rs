//! The candidates of an election with their policies, as a person sees them on the roster.

use super::Person;
use anyhow::bail;
use hotseat_election::roster::PolicyEntry;
use hotseat_election::{ElectionName, Facts, clock};
use hotseat_kubernetes::list_roster;
use hotseat_text::visible;
use serde::Serialize;

/// How much of a digest people are shown.
const SHOWN_DIGITS: usize = 12;

/// A candidate that publishes itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Its name.
    pub identity: String,
    /// Whether its application says that it is ready to lead; none if it says nothing.
    pub ready: Option<bool>,
    /// Whom this leader hands over to, as soon as that one is ready; none for any other.
    pub successor: Option<String>,
    /// The digest of the policy that decides for it; none before the first.
    pub policy: Option<String>,
    /// The digest of its settings; empty where there are none.
    pub settings: String,
    /// `active` or `restored`; the stage of another policy that is on its way, such as `turn` while it
    /// waits for other candidates; `refused`; or `stopped`, by the objection of another candidate.
    pub state: String,
    /// The digest of the other policy, which is on its way, was refused or stopped.
    pub candidate: Option<String>,
    /// The digest of that one's settings; empty where there are none.
    pub candidate_settings: String,
    /// Why this candidate by itself does not run the newest policy.
    pub objection: Option<String>,
}

impl Person {
    /// The candidates on the roster, in the order of their names; what is not an entry is left out.
    ///
    /// # Errors
    ///
    /// Why the roster cannot be read, in one line.
    pub(super) async fn members(&self) -> Result<Vec<Member>, String> {
        let facts = Facts::new(self.name.clone(), clock::now);
        let roster = list_roster(self.connection.clone(), facts, &self.name).await?;
        let mut all: Vec<Member> = roster
            .rows
            .into_iter()
            .filter_map(|row| {
                let entry = row.entry.ok()?;
                let member = Member {
                    identity: entry.identity,
                    ready: entry.ready,
                    successor: entry.successor,
                    ..Member::default()
                };
                Some(entry.policy.map_or(member.clone(), |policy| member.with(policy)))
            })
            .collect();
        all.sort_by(|one, other| one.identity.cmp(&other.identity));
        Ok(all)
    }
}

impl Member {
    fn with(self, policy: PolicyEntry) -> Member {
        Member {
            policy: Some(policy.digest),
            settings: policy.settings,
            state: policy.state,
            candidate: policy.candidate,
            candidate_settings: policy.candidate_settings,
            objection: policy.objection.map(|objection| objection.why),
            ..self
        }
    }

    /// The policy with which it waits for others, or was stopped by them, with the digest of its
    /// settings.
    pub(super) fn held_up(&self) -> Option<(&str, &str)> {
        let is_held_up = ["turn", "stopped"].contains(&self.state.as_str());
        let candidate = self.candidate.as_deref().filter(|_| is_held_up)?;
        Some((candidate, &self.candidate_settings))
    }

    /// In a line.
    pub(super) fn text(&self) -> String {
        let policy = match &self.policy {
            Some(policy) => named(policy, &self.settings),
            None => "no policy yet".to_owned(),
        };
        let candidate = match &self.candidate {
            Some(other) => format!(" {}", named(other, &self.candidate_settings)),
            None => String::new(),
        };
        let why = self.objection.as_ref().map(|why| format!(": it {why}")).unwrap_or_default();
        let ready = match self.ready {
            Some(true) => ", ready",
            Some(false) => ", not ready",
            None => "",
        };
        let state = match self.state.as_str() {
            "" => String::new(),
            "turn" => format!(", waits for others with{candidate}"),
            state => format!(", {state}{candidate}"),
        };
        let going = match &self.successor {
            Some(to) => format!(", hands over to {to} once that is ready"),
            None => String::new(),
        };
        visible(&format!("{}: {policy}{state}{why}{ready}{going}", self.identity)).into_owned()
    }
}

/// Who is on the roster, where the leader is: then each candidate is, and a name that is not there is none's.
/// A leader that leaves for nobody loses its term for nothing.
///
/// # Errors
///
/// Whoever shall lead is not there.
pub(super) fn on_roster(
    name: &ElectionName,
    members: Result<Vec<Member>, String>,
    from: &str,
    to: &str,
) -> anyhow::Result<Vec<Member>> {
    let members = match members {
        Ok(members) if members.iter().any(|it| it.identity == from) => members,
        Ok(_) => return Ok(Vec::new()),
        // It is not a right that asking needs.
        Err(reason) => {
            tracing::debug!(%reason, "who is on the roster is not known");
            return Ok(Vec::new());
        }
    };
    if members.iter().any(|it| it.identity == to) {
        return Ok(members);
    }
    let others: Vec<&str> =
        members.iter().map(|it| it.identity.as_str()).filter(|it| *it != from).collect();
    let remedy = match others.is_empty() {
        true => format!("nobody but {} is there: start another candidate", visible(from)),
        false => format!("name one of {}", visible(&others.join(", "))),
    };
    bail!("{name}: --to {}: no candidate of that name is on the roster: {remedy}", visible(to))
}

/// A policy by the beginnings of its digests.
pub(super) fn named(policy: &str, settings: &str) -> String {
    match settings {
        "" => short(policy).to_owned(),
        settings => format!("{} with settings {}", short(policy), short(settings)),
    }
}

fn short(digest: &str) -> &str {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    &hex[..hex.floor_char_boundary(SHOWN_DIGITS)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_is_a_line() {
        let digest = |letters: &str| format!("sha256:{}", letters.repeat(32));
        let mut member = Member { identity: "web-0".to_owned(), ..Member::default() };
        assert_eq!(member.text(), "web-0: no policy yet");
        member.policy = Some(digest("ab"));
        member.state = "active".to_owned();
        member.ready = Some(false);
        assert_eq!(member.text(), "web-0: abababababab, active, not ready");
        assert_eq!(member.held_up(), None);
        member.ready = None;
        member.successor = Some("web-1".to_owned());
        assert!(member.text().ends_with(", active, hands over to web-1 once that is ready"));
        member.successor = None;
        member.settings = digest("12");
        member.state = "turn".to_owned();
        member.candidate = Some(digest("cd"));
        member.candidate_settings = digest("34");
        assert_eq!(
            member.text(),
            "web-0: abababababab with settings 121212121212, waits for others with cdcdcdcdcdcd with settings 343434343434"
        );
        assert_eq!(member.held_up(), Some((digest("cd").as_str(), digest("34").as_str())));
        member.state = "refused".to_owned();
        member.settings.clear();
        member.candidate_settings.clear();
        member.objection = Some("refused it at settings: no\u{7}".to_owned());
        let text = member.text();
        assert!(
            text.starts_with("web-0: abababababab, refused cdcdcdcdcdcd: it refused"),
            "{text}"
        );
        assert!(!text.contains('\u{7}'), "{text}");
    }

    #[test]
    fn a_name_that_is_not_on_the_leaders_roster_is_refused() {
        let name = ElectionName::new("le", "shop");
        let member = |identity: &str| Member { identity: identity.to_owned(), ..Member::default() };
        let members = || Ok(vec![member("a"), member("b"), member("c")]);
        let found = |members, to| {
            on_roster(&name, members, "a", to).map(|all| all.len()).map_err(|it| it.to_string())
        };
        assert_eq!(found(members(), "b"), Ok(3));
        let error = found(members(), "d").unwrap_err();
        assert_eq!(
            error,
            "le/shop: --to d: no candidate of that name is on the roster: name one of b, c"
        );
        let alone = found(Ok(vec![member("a")]), "b").unwrap_err();
        assert!(alone.ends_with("nobody but a is there: start another candidate"), "{alone}");
        // Where the leader is not on it, or it cannot be read, nothing is known.
        assert_eq!(found(Ok(vec![member("b")]), "d"), Ok(0));
        assert_eq!(found(Err("403".to_owned()), "d"), Ok(0));
    }
}
