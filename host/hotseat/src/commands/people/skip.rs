//! `hotseat skip`: that candidates take a policy without waiting for each other.

use super::fleet::{Member, named};
use super::{Person, block_on, now};
use anyhow::{anyhow, bail};
use hotseat_election::ElectionName;
use hotseat_kubernetes::{Asking, Credentials, LockKind, Sight, SkipNote};
use hotseat_text::visible;
use serde::Serialize;
use std::collections::BTreeSet;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The election, as namespace and name.
    pub election: String,
    /// The policy that candidates take at once: `sha256:` and the hex digest of the component.
    pub policy: String,
    /// The digest of its settings; empty where there are none.
    pub settings: String,
    /// The candidates that waited or were stopped.
    pub candidates: Vec<String>,
    /// It was asked for before.
    pub was: bool,
}

/// Asks that the candidates of an election take the policy with which they wait for each other, or were
/// stopped, at once. `digest` is the beginning of the policy's, where there are several.
///
/// # Errors
///
/// No candidate is held up, or it is not clear with which policy, or lock or roster cannot be read, or the
/// lock not written.
pub fn skip(
    name: &ElectionName,
    kind: LockKind,
    credentials: Credentials,
    digest: Option<&str>,
) -> anyhow::Result<Skipped> {
    block_on(async {
        let person = Person::open(name, kind, credentials).await?;
        let sight = person.look().await?;
        let members = person.members().await;
        let members = members.map_err(|error| {
            anyhow!("{name}: the roster, which says what waits, cannot be read: {error}")
        })?;
        let (policy, settings) = meant(name, &members, digest)?;
        let held_up = Some((policy.as_str(), settings.as_str()));
        let candidates = members.iter().filter(|member| member.held_up() == held_up);
        let candidates = candidates.map(|member| member.identity.clone()).collect();
        let (by, since) = (person.account().await, now());
        let note = SkipNote { policy: policy.clone(), settings: settings.clone(), by, since };
        let is_same =
            |other: SkipNote| (other.policy, other.settings) == (policy.clone(), settings.clone());
        let asked = person
            .ask(sight, |sight: &Sight| {
                let asked = sight.skip().is_some_and(is_same);
                Ok((!asked).then(|| Asking::Skip(note.clone())))
            })
            .await?;
        let was = asked.is_none();
        Ok(Skipped { election: name.to_string(), policy, settings, candidates, was })
    })
}

/// The policy that is meant, with the digest of its settings.
fn meant(
    name: &ElectionName,
    members: &[Member],
    digest: Option<&str>,
) -> anyhow::Result<(String, String)> {
    let plain = |text: &str| text.strip_prefix("sha256:").unwrap_or(text).to_owned();
    let begins = digest.map(plain).unwrap_or_default();
    let held_up = members.iter().filter_map(Member::held_up);
    let all: BTreeSet<(&str, &str)> =
        held_up.filter(|(policy, _)| plain(policy).starts_with(&begins)).collect();
    let mut found = all.iter();
    match (found.next(), found.next()) {
        (Some((policy, settings)), None) => Ok(((*policy).to_owned(), (*settings).to_owned())),
        (Some(_), Some(_)) => {
            let names: Vec<String> =
                all.iter().map(|(policy, settings)| named(policy, settings)).collect();
            bail!(
                "{name}: candidates are held up with {}: give one of them by --digest, or wait until they have found the same",
                visible(&names.join(", and with "))
            )
        }
        (None, _) if digest.is_some() => bail!(
            "{name}: no candidate waits for others with that policy, or was stopped with it: see `hotseat status {}`",
            name.name()
        ),
        (None, _) => bail!(
            "{name}: no candidate waits for others with a policy, or was stopped with one: see `hotseat status {}`",
            name.name()
        ),
    }
}

impl Skipped {
    /// For people.
    pub fn text(&self) -> String {
        let Skipped { election, policy, settings, candidates, was } = self;
        let (who, what) = (candidates.join(", "), named(policy, settings));
        let (who, what) = (visible(&who).into_owned(), visible(&what).into_owned());
        match was {
            false => format!("{election}: {who} shall take {what} at once\n"),
            true => {
                format!("{election}: that {who} shall take {what} at once was asked for already\n")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, state: &str, candidate: &str, settings: &str) -> Member {
        Member {
            identity: name.to_owned(),
            state: state.to_owned(),
            candidate: Some(format!("sha256:{candidate}")),
            candidate_settings: settings.to_owned(),
            ..Member::default()
        }
    }

    #[test]
    fn what_is_meant_is_what_candidates_are_held_up_with() {
        let name = ElectionName::new("le", "shop");
        let meant = |members: &[Member], digest| {
            meant(&name, members, digest).map_err(|error| error.to_string())
        };
        let ab = || ("sha256:ab1".to_owned(), String::new());
        let waits = [member("a", "turn", "ab1", ""), member("b", "stopped", "ab1", "")];
        assert_eq!(meant(&waits, None), Ok(ab()));
        for digest in ["ab", "sha256:ab1"] {
            assert_eq!(meant(&waits, Some(digest)), Ok(ab()));
        }
        assert!(meant(&waits, Some("cd")).unwrap_err().contains("with that policy"));
        let none = [member("a", "refused", "ab1", ""), Member::default()];
        assert!(meant(&none, None).unwrap_err().contains("no candidate waits"));
        let two = [member("a", "turn", "ab1", ""), member("b", "turn", "cd", "sha256:12")];
        let error = meant(&two, None).unwrap_err();
        assert!(error.contains("ab1, and with cd with settings 12"), "{error}");
        assert_eq!(meant(&two, Some("ab")), Ok(ab()));
    }
}
