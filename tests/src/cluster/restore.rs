//! Snapshots of etcd, and putting one back as a person does who has lost the newest data.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use super::server::Server;
use super::{Cluster, Program};
use crate::lifeline;
use crate::ports::Held;
use crate::setup;
use crate::wait;

/// How long etcd may take until it listens. It takes half a second on an idle machine.
const LISTENS_WITHIN: Duration = Duration::from_secs(60);

/// How a snapshot is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revisions {
    /// By `--bump-revision 1000000000 --mark-compacted`: no revision comes again.
    Bumped,
    /// As the snapshot has them: revisions that were used since come again with other content.
    Again,
}

impl Cluster {
    /// Saves a snapshot of etcd by `etcdctl`, in the cluster's folder.
    ///
    /// # Errors
    ///
    /// When etcd does not answer, or `etcdctl` cannot be built.
    pub fn snapshot(&self) -> anyhow::Result<PathBuf> {
        let file = self.plan.folder().join("snapshot.db");
        let [client, _] = self.plan.etcd_urls();
        let endpoints = format!("--endpoints={client}");
        let call = [endpoints.as_str(), "snapshot", "save"].map(OsString::from);
        run("etcdctl", call.into_iter().chain([file.clone().into()]))?;
        Ok(file)
    }

    /// Ends etcd by SIGKILL, and starts it again on the same ports with what the snapshot holds. The
    /// API server must have been killed before, and has to be
    /// [started again](Self::restart_apiserver).
    ///
    /// # Errors
    ///
    /// When the API server runs, or `etcdutl` cannot be built or does not take the snapshot.
    pub fn restore_etcd(&self, snapshot: &Path, revisions: Revisions) -> anyhow::Result<()> {
        ensure!(matches!(*self.state(), Program::Down(_)), "the API server runs: kill it before");
        let mut etcd = self.etcd();
        match std::mem::replace(&mut *etcd, Program::Lost) {
            Program::Runs(server) => server.kill().context("cannot kill etcd")?,
            Program::Down(_) | Program::Lost => bail!("etcd does not run"),
        }
        let held = self.plan.etcd_ports().map(Held::new);
        let data = self.plan.etcd_data();
        fs::remove_dir_all(&data).with_context(|| data.display().to_string())?;
        let [_, peer] = self.plan.etcd_urls();
        let mut call = vec!["snapshot".into(), "restore".into(), snapshot.into()];
        call.extend(["--name=test".into(), format!("--initial-cluster=test={peer}").into()]);
        call.push(format!("--initial-advertise-peer-urls={peer}").into());
        call.extend(["--data-dir".into(), data.into_os_string()]);
        if revisions == Revisions::Bumped {
            call.extend(["--bump-revision=1000000000", "--mark-compacted"].map(OsString::from));
        }
        run("etcdutl", call)?;
        let server = Server::start(self.plan.etcd())?;
        for port in self.plan.etcd_ports() {
            wait::try_until(LISTENS_WITHIN, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)))
                .context("etcd does not listen")?;
        }
        // Not before it listens there itself.
        drop(held);
        *etcd = Program::Runs(server);
        Ok(())
    }
}

/// Runs one of etcd's tools to its end.
fn run(tool: &str, arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<()> {
    let program = setup::run("etcd-tools.sh", &[])?.join(tool);
    let mut command = lifeline::command(&program);
    let output = command.args(arguments).output().with_context(|| program.display().to_string())?;
    ensure!(
        output.status.success(),
        "{tool} ended with {}: {}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
