//! The arguments of `hotseat demo`.

use super::check::settings_source;
use super::needs;
use super::output::Output;
use crate::commands::policy_tools::{Check, check, source_of};
use crate::telemetry;
use anyhow::bail;
use clap::Args;
use hotseat_demo::{self as demo, OwnPolicy};
use hotseat_engine::{Container, Limits};
use hotseat_sources::Registries;
use hotseat_text::parse_duration;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// End after this long, such as 30s; without it, end with ctrl-c
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    pub(super) duration: Option<Duration>,
    /// A live view and a timeline, or one JSON object at the end
    #[arg(long, value_enum, default_value = "text")]
    pub(super) output: Output,
    /// The first of three ports in a row, on which the candidates answer; 0: any that are free
    #[arg(long, value_name = "PORT", default_value_t = 4040)]
    pub(super) port: u16,
    /// A policy of your own, which decides in all candidates: a path, builtin:rules, or an artifact in a
    /// registry. Nothing else happens then: set signals on the candidates' ports, end candidates, build
    /// the policy anew
    #[arg(long, value_name = "POLICY")]
    pub(super) policy: Option<String>,
    /// The settings of that policy: JSON or YAML, or @FILE with one of them, which is followed
    #[arg(long, value_name = "SETTINGS", default_value = "", requires = "policy")]
    pub(super) settings: String,
}

impl DemoArgs {
    pub(super) fn into_options(self) -> anyhow::Result<demo::Options> {
        let ports = match self.port {
            0 => [0; 3],
            first if first > u16::MAX - 2 => {
                anyhow::bail!("--port {first}: three ports in a row are needed: give 65533 or less")
            }
            first => [first, first + 1, first + 2],
        };
        let own = self.policy.as_deref().map(|it| own_policy(it, &self.settings)).transpose()?;
        let output = match self.output {
            Output::Text => demo::Output::Text,
            Output::Json => demo::Output::Json,
        };
        let options = demo::Options::new(self.duration, output, ports, telemetry::complain);
        Ok(demo::Options { own, ..options })
    }
}

/// The policy as the candidates take it. It is tried before they start: what is wrong with it is said
/// once, and not by three of them.
fn own_policy(policy: &str, settings: &str) -> anyhow::Result<OwnPolicy> {
    let report = check(&Check {
        file: policy.to_owned(),
        settings: settings_source("--settings", settings)?.read()?,
        key: None,
        registries: Registries::default(),
        limits: Limits::default(),
        container: Container::of_this_process(),
        givers: needs::words,
    })?;
    if let (Some(stage), Some(error)) = (report.stage, report.error) {
        bail!("--policy {policy}: stage {stage}: {error}");
    }
    Ok(OwnPolicy { source: source_of(policy)?, settings: settings.to_owned() })
}
