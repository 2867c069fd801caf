//! The flags that say what one call of a policy may use.

use super::headings::POLICY;
use super::size::parse_size;
use clap::Args;
use hotseat_engine::Limits;
use hotseat_text::parse_duration;
use std::time::Duration;

/// Fuel that the smallest policies need to begin at all, and what takes minutes.
const FUEL: (u64, u64) = (100_000, 100_000_000_000);
/// Two pages, and what WebAssembly of 32 bits could use of most machines.
const MEMORY: (u64, u64) = (128 << 10, 1 << 30);
/// The shortest is what a timer can tell.
const SHORTEST_TIME: Duration = Duration::from_millis(5);
/// The election waits half a second for an answer, and a call that overruns has to be reported before.
const LONGEST_TIME: Duration = Duration::from_millis(400);
/// Where nobody waits.
const LONGEST_PATIENCE: Duration = Duration::from_secs(60);

/// What one call of a policy may use.
#[derive(Debug, Args)]
pub(super) struct LimitArgs {
    /// How much fuel one call of the policy may use: about a unit for each instruction
    #[arg(long, env = "HOTSEAT_POLICY_FUEL", value_name = "N", value_parser = parse_fuel, default_value = "50000000", help_heading = POLICY)]
    policy_fuel: u64,
    /// How much memory one call of the policy may use; less where the container's limit is small
    #[arg(long, env = "HOTSEAT_POLICY_MEMORY", value_name = "SIZE", value_parser = parse_memory, default_value = "32MiB", help_heading = POLICY)]
    policy_memory: usize,
}

/// How long one call of a policy may take where an election waits for it.
#[derive(Debug, Args)]
pub(super) struct TimeArgs {
    /// How long one call of the policy may take
    #[arg(long, env = "HOTSEAT_POLICY_TIME", value_name = "DURATION", value_parser = parse_time, default_value = "200ms", help_heading = POLICY)]
    policy_time: Duration,
}

/// How long one call of a policy may take where nobody waits for it.
#[derive(Debug, Args)]
pub(super) struct PatienceArgs {
    /// How long one call of the policy may take: nobody waits for it here, and the machine may be
    /// busy
    #[arg(long, value_name = "DURATION", value_parser = parse_patience, default_value = "5s", help_heading = POLICY)]
    policy_time: Duration,
}

impl LimitArgs {
    pub(super) fn within(&self, time: &TimeArgs) -> Limits {
        self.limits(time.policy_time)
    }

    pub(super) fn patient(&self, time: &PatienceArgs) -> Limits {
        self.limits(time.policy_time)
    }

    fn limits(&self, wall: Duration) -> Limits {
        Limits { fuel: self.policy_fuel, memory: self.policy_memory, wall, ..Limits::default() }
    }
}

fn parse_fuel(text: &str) -> Result<u64, String> {
    let (least, most) = FUEL;
    let remedy = format!("give a number from {least} to {most}");
    let fuel: u64 = text.parse().map_err(|_| format!("it is not a number: {remedy}"))?;
    match fuel {
        fuel if fuel < least => Err(format!("no policy gets far with it: {remedy}")),
        fuel if fuel > most => Err(format!("it takes minutes: {remedy}")),
        fuel => Ok(fuel),
    }
}

fn parse_memory(text: &str) -> Result<usize, String> {
    let size = parse_size(text)?;
    if size < MEMORY.0 || size > MEMORY.1 {
        return Err("it is not from 128KiB to 1GiB: give a size such as 32MiB".to_owned());
    }
    usize::try_from(size).map_err(|_| "it is too large: give a size such as 32MiB".to_owned())
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text)?;
    if time > LONGEST_TIME {
        return Err(format!(
            "the election waits half a second for an answer: give {LONGEST_TIME:?} or less"
        ));
    }
    not_too_short(time)
}

fn parse_patience(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text)?;
    if time > LONGEST_PATIENCE {
        return Err(format!("it is too long: give {LONGEST_PATIENCE:?} or less"));
    }
    not_too_short(time)
}

fn not_too_short(time: Duration) -> Result<Duration, String> {
    match time < SHORTEST_TIME {
        true => {
            Err(format!("no policy can be relied on to make it: give {SHORTEST_TIME:?} or more"))
        }
        false => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct All {
        #[command(flatten)]
        limits: LimitArgs,
        #[command(flatten)]
        time: TimeArgs,
    }

    fn read(args: &[&str]) -> Result<Limits, String> {
        let args = ["hotseat"].iter().chain(args);
        let all = All::try_parse_from(args).map_err(|error| error.to_string())?;
        Ok(all.limits.within(&all.time))
    }

    #[test]
    fn the_defaults_are_the_engines() {
        assert_eq!(read(&[]), Ok(Limits::default()));
    }

    #[test]
    fn each_is_read() {
        let wanted = ["--policy-fuel=1000000", "--policy-memory=64Mi", "--policy-time=0.1s"];
        let limits = read(&wanted).unwrap();
        assert_eq!((limits.fuel, limits.memory), (1_000_000, 64 << 20));
        assert_eq!(limits.wall, Duration::from_millis(100));
        assert_eq!(parse_patience("60s"), Ok(LONGEST_PATIENCE));
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_with_the_reason_and_the_remedy() {
        for (flag, value, remedy) in [
            ("--policy-fuel", "99999", "no policy gets far with it: give a number from 100000 to"),
            ("--policy-fuel", "100000000001", "it takes minutes: give a number from"),
            (
                "--policy-fuel",
                "much",
                "it is not a number: give a number from 100000 to 100000000000",
            ),
            (
                "--policy-memory",
                "64KiB",
                "it is not from 128KiB to 1GiB: give a size such as 32MiB",
            ),
            ("--policy-memory", "2GiB", "it is not from 128KiB to 1GiB"),
            ("--policy-memory", "32MB", "write it as 10MiB"),
            ("--policy-time", "500ms", "half a second for an answer: give 400ms or less"),
            ("--policy-time", "1ms", "give 5ms or more"),
            ("--policy-time", "200", "write it as 15s, 1m30s or 500ms"),
        ] {
            let error = read(&[&format!("{flag}={value}")]).unwrap_err();
            assert!(error.contains(flag) && error.contains(value), "{error}");
            assert!(error.contains(remedy), "{error}");
        }
        assert!(parse_patience("61s").is_err() && parse_patience("1ms").is_err());
    }
}
