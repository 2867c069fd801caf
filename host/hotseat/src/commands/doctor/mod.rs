//! `hotseat doctor`: why nobody leads, or what will keep somebody from it. Every check says what it
//! found and, where something is wrong, what to do.

mod cluster;
mod policy;
mod report;
mod sidecar;

pub use report::{Check, Outcome, Report};

use crate::sidecar::needs::Givers;
use crate::sidecar::rights::Uses;
use crate::sidecar::source::PolicyOptions;
use hotseat_core::config::Timing;
use hotseat_election::{ElectionName, Facts, clock};
use hotseat_engine::{Container, Limits};
use hotseat_kubernetes::{Connection, Credentials, Inspector};

/// The user agent in the API server's audit log.
const AGENT: &str = concat!("hotseat/", env!("CARGO_PKG_VERSION"), " (doctor)");

/// What is looked at.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The election.
    pub election: ElectionName,
    /// What its candidates use of the API, its locks among it.
    pub uses: Uses,
    /// Its timing, checked.
    pub timing: Timing,
    /// Where the credentials come from.
    pub credentials: Credentials,
    /// The policy that its candidates are to have.
    pub policy: PolicyOptions,
    /// What they are given of the facts that it may need.
    pub givers: Givers,
    /// What one call of it may use.
    pub limits: Limits,
    /// The container whose memory counts.
    pub container: Container,
    /// Where a sidecar may answer.
    pub address: String,
}

/// Looks at everything. Nothing is written anywhere, and one thing that fails keeps nothing from being
/// looked at that can be looked at without it.
///
/// # Errors
///
/// The system gives no runtime.
pub fn examine(settings: &Settings) -> anyhow::Result<Report> {
    let mut report = Report::default();
    report.add(sidecar::check(&settings.address, &settings.election));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let connection = match Connection::open(settings.credentials.clone(), AGENT).await {
            Ok(connection) => {
                report.add(Check::ok("credentials", format!("for {}", connection.url())));
                Some(connection)
            }
            Err(error) => {
                let why = format!("{error:#}");
                report.add(Check::failed("credentials", why).with_remedy(
                    "name a kubeconfig by KUBECONFIG, or run this in a pod with a service account",
                ));
                None
            }
        };
        let facts = Facts::new(settings.election.clone(), clock::now);
        if let Some(connection) = &connection {
            let inspectors = settings
                .uses
                .lock
                .choice
                .kinds()
                .into_iter()
                .map(|kind| (kind, Inspector::new(connection.clone(), facts.clone(), kind)));
            let inspectors: Vec<_> = inspectors.collect();
            cluster::check(settings, connection, &inspectors, &mut report).await;
        } else {
            for name in cluster::NAMES {
                report.add(Check::skipped(name, "there are no credentials"));
            }
        }
        policy::check(settings, connection, &facts, &mut report).await;
    });
    // A credential plugin or a registry that hangs holds nothing up.
    runtime.shutdown_background();
    report.add(policy::memory(settings));
    Ok(report)
}
