//! The arguments of `hotseat demo`.

use super::args::Output;
use crate::telemetry;
use clap::Args;
use hotseat_demo as demo;
use hotseat_text::parse_duration;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// End after this long, such as 30s; without it, end with ctrl-c
    #[arg(long = "for", value_name = "LENGTH", value_parser = parse_duration)]
    pub(super) length: Option<Duration>,
    /// A live view and a timeline, or one JSON object at the end
    #[arg(long, value_enum, default_value = "text")]
    pub(super) output: Output,
    /// The first of three ports in a row, on which the candidates answer; 0: any that are free
    #[arg(long, value_name = "PORT", default_value_t = 4040)]
    pub(super) port: u16,
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
        let output = match self.output {
            Output::Text => demo::Output::Text,
            Output::Json => demo::Output::Json,
        };
        Ok(demo::Options::new(self.length, output, ports, telemetry::complain))
    }
}
