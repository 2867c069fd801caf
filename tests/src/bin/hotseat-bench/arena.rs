//! Candidates against the real API server, with accounts of least rights.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::process::{Hotseat, Launch};

use crate::probe::Probe;

/// The namespace of all elections here.
pub(crate) const NAMESPACE: &str = "bench";
/// How long an election may take to settle: a dead holder's lease, and some.
pub(crate) const SETTLES_WITHIN: Duration = Duration::from_secs(30);

/// Where candidates are started.
pub(crate) struct Arena {
    kubeconfig: PathBuf,
    token: String,
}

impl Arena {
    /// Makes the account, of that name.
    ///
    /// # Errors
    ///
    /// The server refuses, or there is the account already.
    pub(crate) fn new(cluster: &Cluster, account: &str, rights: Rights) -> anyhow::Result<Arena> {
        let kubeconfig = cluster.create_candidate_account(NAMESPACE, account, rights)?;
        let token = std::fs::read_to_string(cluster.token_file(NAMESPACE, account))?;
        Ok(Arena { kubeconfig, token: token.trim_end().to_owned() })
    }

    /// The account's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What the account is known by.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// A candidate `id` for `election`, to be started; it answers at `http`.
    ///
    /// # Errors
    ///
    /// There is no `hotseat` program.
    pub(crate) fn launch(&self, election: &str, id: &str, http: &str) -> anyhow::Result<Launch> {
        Ok(Launch::hotseat()?
            .args(["--election", election, "--election-namespace", NAMESPACE])
            .args(["--id", id, "--http", http])
            .kubeconfig(&self.kubeconfig))
    }

    /// Starts a candidate with default timing on a free port and waits until it knows a leader
    /// and the standard policy decides.
    ///
    /// # Errors
    ///
    /// It does not come so far.
    pub(crate) fn candidate(&self, election: &str, id: &str) -> anyhow::Result<Candidate> {
        Candidate::settle(self.launch(election, id, "127.0.0.1:0")?)
    }
}

/// A running candidate and a connection to it.
pub(crate) struct Candidate {
    pub(crate) process: Hotseat,
    pub(crate) probe: Probe,
}

impl Candidate {
    /// Starts it and waits until it knows a leader and its policy decides.
    ///
    /// # Errors
    ///
    /// It does not come so far.
    pub(crate) fn settle(launch: Launch) -> anyhow::Result<Candidate> {
        let process = launch.start()?;
        let mut probe = Probe::connect(process.http_addr())?;
        probe
            .until(SETTLES_WITHIN, |answer| !answer.name.is_empty())
            .with_context(|| process.to_string())?;
        // Compiling takes a few tens of milliseconds, and is not what is measured.
        process.wait_line("the policy is active", SETTLES_WITHIN);
        Ok(Candidate { process, probe })
    }
}
