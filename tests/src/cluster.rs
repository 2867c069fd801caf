//! A real Kubernetes API server: etcd and kube-apiserver with TLS, RBAC, service-account tokens and
//! an audit log, on loopback, on ports of the system's choosing, with data in a temporary folder.
//!
//! Methods block unless they are `async`; they may be called from an async test all the same.

mod accounts;
mod audit;
mod kubeconfig;
pub(crate) mod pki;
pub(crate) mod plan;
mod restore;
mod server;

use std::fs;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use anyhow::{Context, bail};
use jiff::Timestamp;
use rustix::process::Signal;

pub use self::accounts::{Rights, account_user};
pub use self::audit::{AuditRecord, Caller};
pub use self::kubeconfig::client_for;
pub use self::plan::Kind;
use self::plan::Plan;
pub use self::restore::Revisions;
use self::server::Server;
use crate::lifeline::ScratchDir;
use crate::ports::Held;

/// How often to try other ports when another process took one of ours.
const PORT_TRIES: u32 = 5;

/// What to start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Which Kubernetes; `None` is what [`Kind::from_env`] says.
    pub kind: Option<Kind>,
    /// Whether etcd waits for the disk. Without it a crash of the whole machine loses data, a
    /// crash of etcd does not.
    pub fsync: bool,
    /// Further flags of the API server.
    pub flags: &'static [&'static str],
}

/// A running API server with its store. Both end when this is dropped or this process dies.
pub struct Cluster {
    apiserver: Mutex<Program>,
    etcd: Mutex<Program>,
    plan: Plan,
    ca_pem: String,
    version: String,
    // Dropped last: the programs write in it.
    _folder: ScratchDir,
}

/// Another API server over the etcd of a cluster. It ends when this is dropped or this process dies.
pub struct Another {
    _server: Server,
    plan: Plan,
}

impl Another {
    /// Where it listens, as `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.plan.url()
    }

    /// The kubeconfig of a user who may do everything.
    #[must_use]
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.plan.kubeconfig()
    }
}

enum Program {
    Runs(Server),
    /// Its port is kept for it.
    Down(#[expect(dead_code, reason = "held for its drop")] Held),
    /// It could not be killed, or not be started again.
    Lost,
}

impl Cluster {
    /// Starts a server, and returns when it is ready. The programs are built on the first call on
    /// a machine, which takes minutes; afterwards a start takes about 3 s.
    ///
    /// # Errors
    ///
    /// When the programs cannot be built or do not become ready; with their last words.
    pub fn start(options: Options) -> anyhow::Result<Self> {
        let kind = options.kind.map_or_else(Kind::from_env, Ok)?;
        let folder = ScratchDir::new("hotseat-cluster-")?;
        let mut plan = Plan::write(folder.path(), kind, options.fsync)?;
        plan.flags = options.flags;
        let (etcd, apiserver) = start_programs(&mut plan)?;
        let version = block_on(async || {
            let client = client_for(&plan.kubeconfig()).await?;
            Ok(client.apiserver_version().await?.git_version)
        })
        .context("cannot read the API server's version")?;
        let ca_pem = fs::read_to_string(plan.ca_file())?;
        Ok(Self {
            apiserver: Mutex::new(Program::Runs(apiserver)),
            etcd: Mutex::new(Program::Runs(etcd)),
            plan,
            ca_pem,
            version,
            _folder: folder,
        })
    }

    /// The one server of this test binary, started by the first caller. Each test takes a
    /// namespace of its own in it. A test that kills the server starts its own instead.
    ///
    /// # Panics
    ///
    /// When it cannot be started, in each test that asks.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
        let start = || Self::start(Options::default()).map_err(|error| format!("{error:#}"));
        match SHARED.get_or_init(start) {
            Ok(cluster) => cluster,
            Err(error) => panic!("no API server: {error}"),
        }
    }

    /// Which Kubernetes runs.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.plan.kind()
    }

    /// The server's own version, such as `v1.36.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The kubeconfig of a user who may do everything.
    #[must_use]
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.plan.kubeconfig()
    }

    /// Where the server listens, as `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.plan.url()
    }

    /// The certificate of the authority that signed the server's.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A file of the cluster's keys and certificates: `ca.crt`, `server.{crt,key}`, which is for
    /// 127.0.0.1, localhost and `kubernetes.default.svc`, or `admin.{crt,key}`.
    #[must_use]
    pub fn pki_file(&self, name: &str) -> PathBuf {
        self.plan.folder().join("pki").join(name)
    }

    /// Starts another API server over the same etcd, and returns when it is ready.
    ///
    /// # Errors
    ///
    /// When it does not become ready; with its last words.
    pub fn another_apiserver(&self) -> anyhow::Result<Another> {
        for _ in 0..PORT_TRIES {
            let plan = self.plan.beside()?;
            let mut server = Server::start(plan.apiserver())?;
            match plan.wait_ready(|| server.alive()) {
                Ok(()) => return Ok(Another { _server: server, plan }),
                Err(_) if server.lost_its_port() => {}
                Err(error) => return Err(error),
            }
        }
        bail!("other processes took the chosen ports of 127.0.0.1, {PORT_TRIES} times in a row")
    }

    /// A client that may do everything, for the tokio runtime that this is called in.
    ///
    /// # Errors
    ///
    /// As [`client_for`].
    pub async fn client(&self) -> anyhow::Result<kube::Client> {
        client_for(&self.admin_kubeconfig()).await
    }

    /// The requests received at `since` or later that `caller` made, oldest first. Leases,
    /// endpoints, config maps, events and self subject access reviews are logged, nothing else. A
    /// record may come a moment after the answer.
    ///
    /// # Errors
    ///
    /// When the audit log cannot be read.
    pub fn requests(
        &self,
        since: Timestamp,
        caller: Caller<'_>,
    ) -> anyhow::Result<Vec<AuditRecord>> {
        audit::read(&self.plan.audit_log(), since, caller)
    }

    /// Ends the API server by SIGKILL, as a crash would. Its port refuses connections until
    /// [`restart_apiserver`](Self::restart_apiserver).
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn kill_apiserver(&self) -> anyhow::Result<()> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, Program::Lost) {
            Program::Runs(server) => {
                server.kill().context("cannot kill the API server")?;
                let held = Held::new(self.plan.apiserver_port()).context("cannot keep its port")?;
                *state = Program::Down(held);
                Ok(())
            }
            other => {
                *state = other;
                bail!("the API server does not run")
            }
        }
    }

    /// Starts the API server again after [`kill_apiserver`](Self::kill_apiserver), on the same port
    /// and with the same data; returns when it is ready.
    ///
    /// # Errors
    ///
    /// When it runs already, or does not become ready.
    pub fn restart_apiserver(&self) -> anyhow::Result<()> {
        let mut state = self.state();
        if matches!(*state, Program::Runs(_)) {
            bail!("the API server runs already");
        }
        // Its port is held until it listens there itself.
        let mut server = Server::start(self.plan.apiserver())?;
        self.plan.wait_ready(|| server.alive())?;
        *state = Program::Runs(server);
        Ok(())
    }

    /// Freezes the API server by SIGSTOP: connections stay open and nothing is answered.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn stop_apiserver(&self) -> anyhow::Result<()> {
        self.signal_apiserver(Signal::STOP)
    }

    /// Lets a frozen API server go on, by SIGCONT.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn cont_apiserver(&self) -> anyhow::Result<()> {
        self.signal_apiserver(Signal::CONT)
    }

    fn signal_apiserver(&self, signal: Signal) -> anyhow::Result<()> {
        match &*self.state() {
            Program::Runs(server) => server.signal(signal).context("cannot signal the API server"),
            _ => bail!("the API server does not run"),
        }
    }

    fn state(&self) -> MutexGuard<'_, Program> {
        // A panic elsewhere leaves the state as true as it was.
        self.apiserver.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn etcd(&self) -> MutexGuard<'_, Program> {
        self.etcd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts etcd and the API server and waits until both are ready.
fn start_programs(plan: &mut Plan) -> anyhow::Result<(Server, Server)> {
    for _ in 0..PORT_TRIES {
        let mut etcd = Server::start(plan.etcd())?;
        let mut apiserver = Server::start(plan.apiserver())?;
        let ready = plan.wait_ready(|| etcd.alive().and_then(|()| apiserver.alive()));
        match ready {
            Ok(()) => return Ok((etcd, apiserver)),
            Err(_) if etcd.lost_its_port() || apiserver.lost_its_port() => {
                drop((etcd, apiserver));
                plan.start_over()?;
            }
            Err(error) => return Err(error),
        }
    }
    bail!("other processes took the chosen ports of 127.0.0.1, {PORT_TRIES} times in a row")
}

/// Runs a future to its end on a thread of its own, since the caller may be in a runtime already.
pub(crate) fn block_on<T: Send>(
    task: impl AsyncFnOnce() -> anyhow::Result<T> + Send,
) -> anyhow::Result<T> {
    let run = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot make a tokio runtime")?
            .block_on(task())
    };
    thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|panic| resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_that_another_process_took_is_replaced() {
        let folder = ScratchDir::new("hotseat-cluster-").unwrap();
        let mut plan = Plan::write(folder.path(), Kind::from_env().unwrap(), false).unwrap();
        let _thief = loop {
            match TcpListener::bind(("127.0.0.1", plan.apiserver_port())) {
                Ok(thief) => break thief,
                // Another process was faster.
                Err(_) => plan.start_over().unwrap(),
            }
        };
        let taken = plan.apiserver_port();
        let _programs = start_programs(&mut plan).unwrap();
        assert_ne!(plan.apiserver_port(), taken);
    }

    #[test]
    fn a_program_that_ends_is_reported_with_its_last_words() {
        let folder = ScratchDir::new("hotseat-cluster-").unwrap();
        let mut plan = Plan::write(folder.path(), Kind::from_env().unwrap(), false).unwrap();
        fs::write(folder.path().join("audit.yaml"), "kind: Nonsense").unwrap();
        let error = start_programs(&mut plan).map(drop).unwrap_err().to_string();
        assert!(error.contains("kube-apiserver ended with exit status: 1"), "{error}");
        assert!(error.contains("Nonsense"), "{error}");
    }
}
