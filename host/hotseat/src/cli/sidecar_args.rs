//! The sidecar's flags as they are written.

use super::companions::CompanionArgs;
use super::headings::{ELECTION, LOGS, POLICY, SIGNALS, TIMING};
use super::limits::{LimitArgs, TimeArgs};
use super::lock_args::LockArgs;
use super::pod::PodArgs;
use super::registry::RegistryArgs;
use super::roster::RosterFlag;
use super::size::parse_size;
use super::turns::TurnArgs;
use crate::sidecar::PREEMPTIONS_PER_HOUR;
use crate::sidecar::probes::{self, Probe, SpecError};
use crate::telemetry::LogFormat;
use clap::{Args, ValueEnum};
use hotseat_core::failures::DEFAULT_SHARE;
use hotseat_core::on_failure::OnFailure;
use hotseat_http::{Access, Detail};
use hotseat_text::parse_duration;
use std::path::PathBuf;
use std::time::Duration;
use tracing::level_filters::LevelFilter;

/// The sidecar's flags. Durations are written as 15s, 1m30s or 500ms.
#[derive(Debug, Args)]
pub(super) struct SidecarArgs {
    /// Name of the election, which is the name of the Lease, or of what else is the lock
    #[arg(long, env = "HOTSEAT_ELECTION", value_name = "NAME", help_heading = ELECTION)]
    pub(super) election: Option<String>,
    /// Namespace of the Lease [default: the pod's own, else default]
    #[arg(long, env = "HOTSEAT_ELECTION_NAMESPACE", value_name = "NAME", help_heading = ELECTION)]
    pub(super) election_namespace: Option<String>,
    /// Name of this candidate [default: $POD_NAME, else the hostname]
    #[arg(long, env = "HOTSEAT_ID", value_name = "NAME", help_heading = ELECTION)]
    pub(super) id: Option<String>,
    /// Where to answer, as host:port. No host, 0.0.0.0 and [::] are every address, IPv4 and IPv6;
    /// localhost is both loopback addresses; empty: nowhere
    #[arg(long, env = "HOTSEAT_HTTP", value_name = "ADDRESS", default_value = ":4040", help_heading = ELECTION)]
    pub(super) http: String,
    /// Who may read /v1/policy, /v1/journal, /v1/history, /v1/signals and /v1/roster, and see more on /ui
    /// than who leads, since they contain settings and signals: loopback, the containers of this pod; or
    /// pod-network, everyone who can reach the port
    #[arg(long, env = "HOTSEAT_HTTP_DETAIL", value_name = "WHO", value_enum, hide_possible_values = true, default_value = "loopback", help_heading = ELECTION)]
    pub(super) http_detail: HttpDetail,
    /// Use the pod's service account and nothing else
    #[arg(long, env = "HOTSEAT_USE_CLUSTER_CREDENTIALS", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", action = clap::ArgAction::Set, help_heading = ELECTION)]
    pub(super) use_cluster_credentials: bool,
    #[command(flatten)]
    pub(super) lock: LockArgs,
    #[command(flatten)]
    pub(super) roster: RosterFlag,

    /// All three durations at once, as the 0.4 image did: lease T, deadline T/2, retry T/4
    #[arg(long, env = "HOTSEAT_TTL", value_name = "T", value_parser = parse_duration, conflicts_with_all = ["lease_duration", "renew_deadline", "retry_period"], help_heading = TIMING)]
    pub(super) ttl: Option<Duration>,
    /// How long the others wait for a silent leader [default: 15s]
    #[arg(long, env = "HOTSEAT_LEASE_DURATION", value_name = "L", value_parser = parse_duration, help_heading = TIMING)]
    pub(super) lease_duration: Option<Duration>,
    /// How long a leader believes after its last successful write [default: 10s]
    #[arg(long, env = "HOTSEAT_RENEW_DEADLINE", value_name = "D", value_parser = parse_duration, help_heading = TIMING)]
    pub(super) renew_deadline: Option<Duration>,
    /// The pace of renewals and retries [default: 2s]
    #[arg(long, env = "HOTSEAT_RETRY_PERIOD", value_name = "R", value_parser = parse_duration, help_heading = TIMING)]
    pub(super) retry_period: Option<Duration>,
    /// How long the application goes on after 4040 has stopped naming it, or answering [default: 0s]
    #[arg(long, env = "HOTSEAT_REACTION_TIME", value_name = "S", value_parser = parse_duration, help_heading = TIMING)]
    pub(super) reaction_time: Option<Duration>,
    /// How far a clock's rate may be off, in percent
    #[arg(long, env = "HOTSEAT_CLOCK_ERROR", value_name = "PERCENT", default_value = "1", help_heading = TIMING)]
    pub(super) clock_error: f64,

    #[command(flatten)]
    pub(super) pod: PodArgs,

    /// The election policy, a WebAssembly component, followed and swapped while the election runs:
    /// builtin, builtin:rules, file:PATH, configmap:[NAMESPACE/]NAME[/KEY] or
    /// oci://REPOSITORY@sha256:DIGEST; a
    /// #sha256=DIGEST after it pins the component
    #[arg(long, env = "HOTSEAT_POLICY", value_name = "SOURCE", default_value = "builtin", help_heading = POLICY)]
    pub(super) policy: String,
    /// The policy's settings: JSON or YAML, or @FILE, a file with either that is watched too, or
    /// configmap:[NAMESPACE/]NAME[/KEY], which is followed
    #[arg(long, env = "HOTSEAT_POLICY_SETTINGS", value_name = "SETTINGS", default_value = "", help_heading = POLICY)]
    pub(super) policy_settings: String,
    /// A minisign public key, or the file with it: policies not signed with it are refused, and
    /// settings of a ConfigMap or a @FILE that the signature does not cover
    #[arg(long, env = "HOTSEAT_POLICY_KEY", value_name = "KEY", help_heading = POLICY)]
    pub(super) policy_key: Option<String>,
    #[command(flatten)]
    pub(super) registries: RegistryArgs,
    /// How often the files of the policy and its settings are looked at
    #[arg(long, env = "HOTSEAT_POLICY_POLL", value_name = "DURATION", value_parser = parse_duration, default_value = "2s", help_heading = POLICY)]
    pub(super) policy_poll: Duration,
    /// Let a new policy decide beside the active one first: for a number of decisions, such as
    /// 50, or a duration, such as 30s; 0: take over at once
    #[arg(long, env = "HOTSEAT_SHADOW", value_name = "N", default_value = "0", help_heading = POLICY)]
    pub(super) shadow: String,
    /// How many decisions of a policy in shadow may differ from the active one's: a number, or a
    /// share such as 10%. One that would resign where the active policy does not is refused at once
    #[arg(long, env = "HOTSEAT_SHADOW_DIFFERENCES", value_name = "N|P%", default_value = "10%", help_heading = POLICY)]
    pub(super) shadow_differences: String,
    #[command(flatten)]
    pub(super) turns: TurnArgs,
    /// The shortest lease that a policy may choose [default: the lease duration]
    #[arg(long, env = "HOTSEAT_SHORTEST_LEASE", value_name = "DURATION", value_parser = parse_duration, help_heading = POLICY)]
    pub(super) shortest_lease: Option<Duration>,
    /// The longest lease that a policy may choose, the same for all candidates [default: the lease duration]
    #[arg(long, env = "HOTSEAT_LONGEST_LEASE", value_name = "DURATION", value_parser = parse_duration, help_heading = POLICY)]
    pub(super) longest_lease: Option<Duration>,
    /// How long a leader that hands over on purpose leads on while its successor says on the roster that it
    /// is not ready; 0s: not at all
    #[arg(long, env = "HOTSEAT_WARM_UP", value_name = "DURATION", value_parser = parse_duration, default_value = "30s", help_heading = POLICY)]
    pub(super) warm_up: Duration,
    /// How many times an hour a policy may resign in favour of a successor, or be made to by a transfer
    #[arg(long, env = "HOTSEAT_PREEMPTIONS_PER_HOUR", value_name = "N", default_value_t = PREEMPTIONS_PER_HOUR, help_heading = POLICY)]
    pub(super) preemptions_per_hour: u32,
    /// What decides where the policy fails, and until the one that is wanted is there: standard, the
    /// built-in rule; hold, a leader renews and a standby waits; resign, a leader resigns and a
    /// standby waits; or policy: as the policy says, and hold until there is one, or the rule for
    /// the builtin policy
    #[arg(long, env = "HOTSEAT_ON_POLICY_FAILURE", value_name = "WHAT", value_enum, hide_possible_values = true, default_value = "policy", help_heading = POLICY)]
    pub(super) on_policy_failure: OnPolicyFailure,
    /// More failures than this among a policy's last hundred decisions bring the last good policy
    /// back, as three in a row do: from 0, none may fail, to 100, only a row of them counts
    #[arg(long, env = "HOTSEAT_POLICY_FAILURE_SHARE", value_name = "PERCENT", value_parser = parse_share, default_value_t = DEFAULT_SHARE, help_heading = POLICY)]
    pub(super) policy_failure_share: u8,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) time: TimeArgs,

    /// Append every decision to this file, as JSON lines; `policy replay` reads it
    #[arg(long, env = "HOTSEAT_JOURNAL", value_name = "PATH", help_heading = POLICY)]
    pub(super) journal: Option<PathBuf>,
    /// At this size the journal's file is renamed to PATH.1, replacing the previous one
    #[arg(long, env = "HOTSEAT_JOURNAL_SIZE", value_name = "SIZE", value_parser = parse_size, default_value = "10MiB", help_heading = POLICY)]
    pub(super) journal_size: u64,

    /// What to probe, as NAME=http://HOST:PORT/PATH or NAME=tcp://HOST:PORT, with interval=2s,
    /// timeout=1s, rise=2 and fall=3 after it, separated by commas. The policy sees the signal
    /// probe.NAME. May be given several times
    #[arg(long, env = "HOTSEAT_PROBE", value_name = "PROBE", value_parser = parse_probes, help_heading = SIGNALS)]
    pub(super) probe: Vec<Probes>,
    /// Whom to ask in this pod whether the application is ready to lead, as http://127.0.0.1:PORT/PATH
    /// or tcp://127.0.0.1:PORT, with the options of --probe after it. It counts in place of what
    /// PUT /v1/ready says, and until it is found up the application is not ready
    #[arg(long, env = "HOTSEAT_READY_PROBE", value_name = "URL", value_parser = probes::parse_ready, help_heading = SIGNALS)]
    pub(super) ready_probe: Option<Probe>,

    #[command(flatten)]
    pub(super) companions: CompanionArgs,

    /// The format of the log on stderr: text or json
    #[arg(long, env = "HOTSEAT_LOG_FORMAT", value_name = "FORMAT", value_enum, hide_possible_values = true, default_value = "text", help_heading = LOGS)]
    pub(super) log_format: LogFormat,
    /// The least severe level that is logged
    #[arg(long, env = "HOTSEAT_LOG_LEVEL", value_name = "LEVEL", value_enum, default_value = "info", help_heading = LOGS)]
    pub(super) log_level: LogLevel,
}

/// What one `--probe` holds.
pub(super) type Probes = Box<[Probe]>;

fn parse_probes(text: &str) -> Result<Probes, SpecError> {
    probes::parse(text).map(Vec::into_boxed_slice)
}

/// Who is shown details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum HttpDetail {
    Loopback,
    PodNetwork,
}

impl From<HttpDetail> for Access {
    fn from(detail: HttpDetail) -> Access {
        let detail = match detail {
            HttpDetail::Loopback => Detail::Loopback,
            HttpDetail::PodNetwork => Detail::PodNetwork,
        };
        Access { detail, remedy: "start the sidecar with --http-detail pod-network" }
    }
}

/// What decides where a policy fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OnPolicyFailure {
    Standard,
    Hold,
    Resign,
    Policy,
}

impl OnPolicyFailure {
    /// The operator's word, if it goes before the policy's.
    pub(super) fn overrules(self) -> Option<OnFailure> {
        match self {
            OnPolicyFailure::Standard => Some(OnFailure::Standard),
            OnPolicyFailure::Hold => Some(OnFailure::Hold),
            OnPolicyFailure::Resign => Some(OnFailure::Resign),
            OnPolicyFailure::Policy => None,
        }
    }
}

fn parse_share(text: &str) -> Result<u8, String> {
    let percent = text.parse().ok().filter(|percent| *percent <= 100);
    percent.ok_or_else(|| "give a whole percentage from 0 to 100, such as 20".to_owned())
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> LevelFilter {
        match level {
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Trace => LevelFilter::TRACE,
        }
    }
}
