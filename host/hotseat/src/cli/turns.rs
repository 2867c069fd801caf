//! The flags about how the candidates of an election take a new policy one after the other.

use super::headings::POLICY;
use crate::sidecar::TurnOptions;
use anyhow::bail;
use clap::Args;
use hotseat_text::parse_duration;
use std::time::Duration;

/// The longest soak. Who waits for longer forgets what for.
const LONGEST_SOAK: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Args)]
pub(super) struct TurnArgs {
    /// Let candidates take a new policy one after the other, the leader last, each when those before
    /// have run it well for so long: give all of them the same. Takes the roster, as --roster does.
    /// 0: each takes it at once
    #[arg(long, env = "HOTSEAT_ROLLOUT_SOAK", value_name = "DURATION", value_parser = parse_duration, default_value = "0s", help_heading = POLICY)]
    pub(super) rollout_soak: Duration,
    /// How many standbys may be trying a new policy at a time, with --rollout-soak
    #[arg(long, env = "HOTSEAT_ROLLOUT_AT_ONCE", value_name = "N", default_value = "1", help_heading = POLICY)]
    pub(super) rollout_at_once: u32,
}

impl TurnArgs {
    /// What they stand for; none: nobody waits.
    pub(super) fn options(&self) -> anyhow::Result<Option<TurnOptions>> {
        let TurnArgs { rollout_soak: soak, rollout_at_once: at_once } = *self;
        if soak > LONGEST_SOAK {
            bail!("--rollout-soak {soak:?}: give 24h or less");
        }
        if at_once == 0 {
            bail!("--rollout-at-once 0: nobody would ever take a policy: give 1 or more");
        }
        Ok((!soak.is_zero()).then_some(TurnOptions { soak, at_once }))
    }
}
