//! The flags of what runs beside the election.

use crate::companions::Settings;
use crate::companions::fence::Fence;
use anyhow::bail;
use clap::Args;
use hotseat_core::config::Timing;
use hotseat_text::parse_duration;
use std::path::PathBuf;
use std::time::Duration;

pub(super) const APPLICATION: &str = "Application";
/// Below are this program's own, and 125 and more are of shells and container engines.
const EXIT_CODES: std::ops::RangeInclusive<u8> = 3..=124;
/// With it Rust programs end by a panic.
const OF_A_PANIC: u8 = 101;

/// What runs beside the election.
#[derive(Debug, Args)]
pub(super) struct CompanionArgs {
    /// Keep this file up to date with who leads, as JSON, until when that holds, and the fencing token;
    /// it is replaced at each change and renewal, and removed in the end
    #[arg(long, env = "HOTSEAT_LEADER_FILE", value_name = "PATH", help_heading = APPLICATION)]
    leader_file: Option<PathBuf>,
    /// End with this status, from 3 to 124, if the application does not say by PUT
    /// /v1/released?token=N that it has let go of a term that is over: `hotseat fence exit-code`
    /// prints the rule of the pod by which the kubelet then restarts all its containers
    #[arg(long, env = "HOTSEAT_FENCE_EXIT_CODE", value_name = "STATUS", help_heading = APPLICATION)]
    fence_exit_code: Option<u8>,
    /// How long the application has for it; what is left of the reaction time after that is for the
    /// kubelet [default: half of the reaction time]
    #[arg(long, env = "HOTSEAT_FENCE_AFTER", value_name = "TIME", value_parser = parse_duration, requires = "fence_exit_code", help_heading = APPLICATION)]
    fence_after: Option<Duration>,
}

impl CompanionArgs {
    pub(super) fn settings(self, timing: &Timing) -> anyhow::Result<Settings> {
        let fence = match self.fence_exit_code {
            Some(code) => Some(fence(code, self.fence_after, timing.reaction)?),
            None => None,
        };
        if self.leader_file.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
            bail!("--leader-file is empty: give the path of a file, or leave it out");
        }
        Ok(Settings { command: None, leader_file: self.leader_file, fence })
    }
}

pub(super) fn fence(
    exit_code: u8,
    after: Option<Duration>,
    reaction: Duration,
) -> anyhow::Result<Fence> {
    if !EXIT_CODES.contains(&exit_code) || exit_code == OF_A_PANIC {
        bail!(
            "--fence-exit-code {exit_code}: this status has another meaning: give one from 3 to 124 and not 101, such as 88"
        );
    }
    if reaction.is_zero() {
        bail!(
            "--fence-exit-code {exit_code}: the reaction time is 0s, and the containers are stopped within it: give --reaction-time"
        );
    }
    let after = after.unwrap_or(reaction / 2);
    if after >= reaction {
        bail!(
            "--fence-after {after:?}: leaves the kubelet nothing of the reaction time {reaction:?}: give less, or a longer --reaction-time"
        );
    }
    Ok(Fence { exit_code, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_leaves_the_kubelet_time() {
        let seconds = Duration::from_secs;
        let halved = Fence { exit_code: 88, after: seconds(2) };
        assert_eq!(fence(88, None, seconds(4)).unwrap(), halved);
        for (code, after, reaction, remedy) in [
            (88, None, seconds(0), "give --reaction-time"),
            (88, Some(seconds(4)), seconds(4), "give less"),
            (1, None, seconds(4), "such as 88"),
            (101, None, seconds(4), "such as 88"),
            (137, None, seconds(4), "such as 88"),
        ] {
            let error = fence(code, after, reaction).unwrap_err().to_string();
            assert!(error.contains(remedy), "{error}");
        }
    }
}
