//! One `hotseat` process of a scene.

use std::path::Path;

use anyhow::{Context, ensure};
use rustix::process::geteuid;
use serde_json::Value;

use super::{Api, ELECTION, PartitionedCandidate};
use crate::process::{Hotseat, Launch, Signal, Stream, hotseat_binary};

/// A candidate; it is killed on drop.
#[derive(Debug)]
pub struct Candidate {
    name: String,
    /// The process.
    pub process: Hotseat,
}

impl Candidate {
    /// The call of a candidate that answers on a port of the system's choosing.
    ///
    /// # Errors
    ///
    /// When the program cannot be built.
    pub fn launch(api: &Api, name: &str) -> anyhow::Result<Launch> {
        Ok(Self::complete(Launch::hotseat()?, api, name))
    }

    /// Starts a candidate in a mount namespace of its own, after a line of shell in it that finds
    /// `folder` in `$1`. As everybody but root it is root there only in name.
    ///
    /// # Errors
    ///
    /// When the program cannot be built.
    pub fn launch_apart(
        api: &Api,
        name: &str,
        prepare: &str,
        folder: &Path,
    ) -> anyhow::Result<Launch> {
        let user: &[&str] = if geteuid().is_root() { &[] } else { &["--map-root-user"] };
        let script = format!("{prepare} && shift && exec \"$@\"");
        let launch = Launch::program("unshare").args(user).args(["--mount", "sh", "-c"]);
        let launch = launch.arg(script).arg("sh").arg(folder).arg(hotseat_binary()?);
        Ok(Self::complete(launch, api, name))
    }

    /// The call of a candidate that puts itself into a control group first, by the file that takes
    /// its processes.
    ///
    /// # Errors
    ///
    /// When the program cannot be built.
    pub fn launch_in(api: &Api, name: &str, processes: &Path) -> anyhow::Result<Launch> {
        let script = "echo $$ > \"$1\" && shift && exec \"$@\"";
        let launch = Launch::program("sh").args(["-c", script, "sh"]).arg(processes);
        Ok(Self::complete(launch.arg(hotseat_binary()?), api, name))
    }

    pub(super) fn complete(launch: Launch, api: &Api, name: &str) -> Launch {
        let flags = [
            format!("--election={ELECTION}"),
            format!("--election-namespace={}", api.namespace()),
            format!("--id={name}"),
            "--http=127.0.0.1:0".to_owned(),
        ];
        launch.args(flags).kubeconfig(api.kubeconfig())
    }

    /// Starts a candidate with these flags besides.
    ///
    /// # Errors
    ///
    /// When the program cannot be started.
    pub fn start(api: &Api, name: &str, flags: &[&str]) -> anyhow::Result<Self> {
        Self::of(name, Self::launch(api, name)?.args(flags))
    }

    /// Starts a candidate of that name by that call.
    ///
    /// # Errors
    ///
    /// When the program cannot be started.
    pub fn of(name: &str, launch: Launch) -> anyhow::Result<Self> {
        Ok(Self { name: name.to_owned(), process: launch.start()? })
    }

    /// Starts a candidate with these flags, whose way to the server is the tether.
    ///
    /// # Errors
    ///
    /// When the program cannot be started.
    pub fn tethered(
        api: &Api,
        tether: &PartitionedCandidate,
        name: &str,
        flags: &[&str],
    ) -> anyhow::Result<Self> {
        let launch = Self::launch(api, name)?.kubeconfig(tether.kubeconfig());
        Ok(Self { name: name.to_owned(), process: launch.args(flags).start()? })
    }

    /// Starts a candidate with these flags, and whatever else `change` asks for.
    ///
    /// # Errors
    ///
    /// When the program cannot be started.
    pub fn start_with(
        api: &Api,
        name: &str,
        flags: &[&str],
        change: impl FnOnce(Launch) -> Launch,
    ) -> anyhow::Result<Self> {
        let process = change(Self::launch(api, name)?.args(flags)).start()?;
        Ok(Self { name: name.to_owned(), process })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A document of its HTTP server.
    ///
    /// # Errors
    ///
    /// When it does not answer with 200 and JSON.
    pub fn json(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.process.get(path)?;
        ensure!(answer.status == 200, "{path}: {}: {}", answer.status, answer.text());
        serde_json::from_slice(&answer.body).with_context(|| format!("{path} is not JSON"))
    }

    /// `/v1/leader`.
    ///
    /// # Errors
    ///
    /// As [`json`](Self::json).
    pub fn leader(&self) -> anyhow::Result<Value> {
        self.json("/v1/leader")
    }

    /// The old image's answer at `/`, as it came.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn plain(&self) -> anyhow::Result<String> {
        Ok(self.process.get("/")?.text())
    }

    /// The value of one series in `/metrics`, named without its election; 0 if it is not there.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub fn metric(&self, series: &str) -> anyhow::Result<f64> {
        let text = self.process.get("/metrics")?.text();
        let value = text.lines().map(without_election).find_map(|line| {
            let value = line.strip_prefix(series)?.strip_prefix(' ')?;
            Some(value.to_owned())
        });
        value.map_or(Ok(0.0), |value| value.parse().context("a series has no number"))
    }

    /// Asks it to end by SIGTERM and waits for that; it has to succeed.
    ///
    /// # Panics
    ///
    /// When it ends otherwise, or not in time.
    #[track_caller]
    pub fn end(&mut self) {
        if let Err(error) = self.process.signal(Signal::TERM) {
            panic!("{error}; {}", self.process);
        }
        let status = self.process.wait_exit(super::SOON);
        assert_eq!(status.code(), Some(0), "{}", self.process);
    }

    /// Ends it by SIGKILL, as a crash would.
    ///
    /// # Errors
    ///
    /// When it has ended already.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.signal(Signal::KILL)?;
        self.process.wait_exit(super::SOON);
        Ok(())
    }

    /// Its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.output(Stream::Stderr)
    }
}

/// A line of `/metrics` without the label that names the election.
fn without_election(line: &str) -> String {
    let Some((start, rest)) = line.split_once("election=\"") else { return line.to_owned() };
    let rest = rest.split_once('"').map_or("", |(_, rest)| rest);
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    format!("{}{rest}", start.trim_end_matches(',')).replace("{}", "")
}
