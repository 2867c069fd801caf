//! The flags about the lock objects.

use super::headings::ELECTION;
use crate::sidecar::locks::{LockChoice, LockOptions};
use anyhow::{anyhow, bail};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use hotseat_core::config::Timing;
use std::collections::BTreeMap;

/// The longest key of a label without its prefix, and the longest value, in bytes.
const LONGEST_LABEL: usize = 63;

#[derive(Debug, Args)]
pub(super) struct LockArgs {
    #[arg(long, env = "HOTSEAT_LOCK", value_name = "KIND", value_enum, hide_possible_values = true, default_value_t, help_heading = ELECTION, help = format!("Which objects are the lock: {}", LockChoice::MEANINGS))]
    pub(super) lock: LockChoice,
    /// client-go candidates take part in the election by the Lease, so check the timing for them; with
    /// an annotation as the lock it always is
    #[arg(long, env = "HOTSEAT_WITH_CLIENT_GO", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", action = clap::ArgAction::Set, help_heading = ELECTION)]
    pub(super) with_client_go: bool,
    /// A label on the lock objects, as KEY=VALUE. May be given several times
    #[arg(long, env = "HOTSEAT_LEASE_LABEL", value_name = "KEY=VALUE", value_delimiter = ',', help_heading = ELECTION)]
    pub(super) lease_label: Vec<String>,
    /// What the lock objects are deleted with, such as deployment/NAME, in the election's namespace
    #[arg(long, env = "HOTSEAT_LEASE_OWNER", value_name = "KIND/NAME", help_heading = ELECTION)]
    pub(super) lease_owner: Option<String>,
}

impl ValueEnum for LockChoice {
    fn value_variants<'a>() -> &'a [Self] {
        &LockChoice::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

/// The options that the flags stand for, checked together with the timing.
pub(super) fn options(args: &LockArgs, timing: &Timing) -> anyhow::Result<LockOptions> {
    check_timing(args, timing)?;
    written(args)
}

/// The options alone, for whoever does not campaign with them.
pub(super) fn written(args: &LockArgs) -> anyhow::Result<LockOptions> {
    let labels = args.lease_label.iter().map(|text| label(text));
    let owner = args.lease_owner.as_deref().filter(|text| !text.is_empty()).map(|text| {
        text.parse().map_err(|error| anyhow!("--lease-owner {}: {error}", text.escape_debug()))
    });
    Ok(LockOptions {
        choice: args.lock,
        labels: labels.collect::<anyhow::Result<BTreeMap<_, _>>>()?,
        owner: owner.transpose()?,
    })
}

/// What candidates that are not Hotseat need of the timing.
fn check_timing(args: &LockArgs, timing: &Timing) -> anyhow::Result<()> {
    let flag = match (args.lock.is_annotated(), args.with_client_go) {
        (true, _) => format!("--lock {}", args.lock),
        (false, true) => "--with-client-go".to_owned(),
        (false, false) => return Ok(()),
    };
    timing.check_whole_seconds().map_err(|error| anyhow!("{flag}: {error}"))?;
    if args.lock.is_annotated() && timing.longest_lease > timing.lease_duration {
        bail!(
            "{flag}: --longest-lease {:?} is longer than the lease duration {:?}, for which candidates of the 0.4 image wait whatever the record says: leave it out",
            timing.longest_lease,
            timing.lease_duration
        );
    }
    Ok(())
}

fn label(text: &str) -> anyhow::Result<(String, String)> {
    let refused = |why: &str| anyhow!("--lease-label {}: {why}", text.escape_debug());
    let (key, value) = text.split_once('=').ok_or_else(|| refused("give KEY=VALUE"))?;
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if prefix.is_some_and(|prefix| !hotseat_sources::names::is_object(prefix)) {
        return Err(refused("the key's prefix is not a domain name"));
    }
    if name.is_empty() || !is_label(name) {
        return Err(refused(
            "the key is not one of Kubernetes: at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends",
        ));
    }
    if !is_label(value) {
        return Err(refused(
            "the value is not one of Kubernetes: at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends, or nothing",
        ));
    }
    Ok((key.to_owned(), value.to_owned()))
}

/// The part of a key behind its prefix, or a value.
fn is_label(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = [text.bytes().next(), text.bytes().next_back()];
    text.len() <= LONGEST_LABEL
        && text.bytes().all(inside)
        && ends.into_iter().flatten().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn args(lock: LockChoice) -> LockArgs {
        LockArgs { lock, with_client_go: false, lease_label: Vec::new(), lease_owner: None }
    }

    fn refusal(args: &LockArgs, timing: &Timing) -> String {
        options(args, timing).unwrap_err().to_string()
    }

    #[test]
    fn a_lease_that_is_no_second_longer_than_the_deadline_is_refused_where_others_see_seconds() {
        let [second, ttl] = [2, 3].map(Duration::from_secs).map(Timing::from_ttl);
        for choice in LockChoice::ALL {
            assert!(options(&args(choice), &ttl).is_ok(), "{choice}");
            match choice.is_annotated() {
                false => assert!(options(&args(choice), &second).is_ok()),
                true => {
                    let error = refusal(&args(choice), &second);
                    assert!(error.starts_with(&format!("--lock {choice}: ")), "{error}");
                    assert!(
                        error.contains("whole seconds") && error.contains("lengthen"),
                        "{error}"
                    );
                }
            }
        }
        let mixed = LockArgs { with_client_go: true, ..args(LockChoice::Leases) };
        assert!(refusal(&mixed, &second).starts_with("--with-client-go: "));
    }

    #[test]
    fn a_lease_longer_than_readers_of_the_annotation_wait_is_refused() {
        let mut timing = Timing::from_ttl(Duration::from_secs(10));
        timing.longest_lease = Duration::from_secs(20);
        let error = refusal(&args(LockChoice::EndpointsLeases), &timing);
        assert!(error.contains("--longest-lease 20s"), "{error}");
        assert!(options(&args(LockChoice::Leases), &timing).is_ok());
    }

    #[test]
    fn labels_are_those_that_kubernetes_takes() {
        for text in ["team=x", "example.com/team=", "a.b_c-d=1.2-3_x"] {
            assert!(label(text).is_ok(), "{text}");
        }
        for text in ["team", "=x", "team=x y", "-team=x", "team=x-", "Example.com/t=x", "a/b/c=x"] {
            assert!(label(text).is_err(), "{text}");
        }
        assert!(label(&format!("{}=x", "k".repeat(64))).is_err());
    }

    #[test]
    fn an_owner_is_refused_with_the_reason() {
        let timing = Timing::client_go();
        let owned = |text: &str| LockArgs {
            lease_owner: Some(text.to_owned()),
            ..args(LockChoice::Leases)
        };
        assert!(options(&owned("deployment/shop"), &timing).unwrap().owner.is_some());
        assert!(options(&owned(""), &timing).unwrap().owner.is_none());
        let error = refusal(&owned("pod/shop-1"), &timing);
        assert!(error.starts_with("--lease-owner pod/shop-1: "), "{error}");
    }
}
