//! Where a cluster's files are, which ports it has, and how its two programs are called.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use http::Request;
use serde_json::json;

use super::{audit, block_on, kubeconfig, pki};
use crate::ports;
use crate::setup;

/// How long a server may take until it is ready. It takes 3 s on an idle machine.
const READY_WITHIN: Duration = Duration::from_secs(400);
const READY_POLL: Duration = Duration::from_millis(20);

/// Which Kubernetes to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Kubernetes 1.36.
    Newest,
    /// Kubernetes 1.20.
    Oldest,
}

impl Kind {
    /// The kind that `HOTSEAT_TEST_APISERVER` names, and the newest if it is not set.
    ///
    /// # Errors
    ///
    /// When the variable is neither `newest` nor `oldest`.
    pub fn from_env() -> anyhow::Result<Self> {
        let name = std::env::var_os("HOTSEAT_TEST_APISERVER").unwrap_or_else(|| "newest".into());
        match name.to_str() {
            Some("newest") => Ok(Self::Newest),
            Some("oldest") => Ok(Self::Oldest),
            _ => bail!("HOTSEAT_TEST_APISERVER is {name:?}: say newest or oldest"),
        }
    }

    /// The folder with the programs of this kind, built if it has to be, and the kind that it
    /// holds: the oldest stands in for the newest where no recent Go is installed.
    fn programs(self) -> anyhow::Result<(PathBuf, Self)> {
        let folder = setup::run("apiserver.sh", &[&self.to_string()])?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        match name.split('-').next() {
            Some("newest") => Ok((folder, Self::Newest)),
            Some("oldest") => Ok((folder, Self::Oldest)),
            _ => {
                bail!("apiserver.sh {self} printed {folder:?}, which is not a folder of its cache")
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
        })
    }
}

/// One cluster: its folder with keys, configuration, data and logs, and its ports.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    folder: PathBuf,
    programs: PathBuf,
    kind: Kind,
    fsync: bool,
    ports: [u16; 3],
    /// Tells the files of one API server from those of another.
    mark: &'static str,
    /// Further flags of the API server.
    pub(crate) flags: &'static [&'static str],
}

/// A program with its arguments and the file that takes its output.
pub(crate) struct Call {
    pub(crate) program: PathBuf,
    args: Vec<OsString>,
    log: PathBuf,
}

impl Plan {
    /// Writes all files that the programs need into `folder` and chooses ports.
    pub(crate) fn write(folder: &Path, kind: Kind, fsync: bool) -> anyhow::Result<Self> {
        let (programs, kind) = kind.programs()?;
        pki::write(&folder.join("pki"))?;
        fs::write(folder.join("audit.yaml"), audit::POLICY).context("cannot write audit.yaml")?;
        let mut plan = Self {
            folder: folder.to_owned(),
            programs,
            kind,
            fsync,
            ports: [0; 3],
            mark: "",
            flags: &[],
        };
        plan.choose_ports()?;
        Ok(plan)
    }

    /// Forgets the data and logs of an attempt that failed, and takes other ports. To be called
    /// when nothing runs.
    pub(crate) fn start_over(&mut self) -> anyhow::Result<()> {
        for name in ["etcd", "etcd.log", "kube-apiserver.log", "audit.log"] {
            let path = self.folder.join(name);
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", path.display()));
                }
                _ => {}
            }
        }
        self.choose_ports()
    }

    fn choose_ports(&mut self) -> anyhow::Result<()> {
        self.ports = ports::free().context("cannot get a free port of 127.0.0.1")?;
        self.write_kubeconfig()
    }

    fn write_kubeconfig(&self) -> anyhow::Result<()> {
        let admin = json!({
            "client-certificate": self.folder.join("pki/admin.crt"),
            "client-key": self.folder.join("pki/admin.key"),
        });
        kubeconfig::write(&self.kubeconfig(), &self.url(), &self.ca_file(), "default", &admin)
    }

    /// The plan of another API server over the same etcd, on a port of its own.
    pub(crate) fn beside(&self) -> anyhow::Result<Self> {
        let mut plan = Self { mark: ".other", ..self.clone() };
        [plan.ports[2]] = ports::free().context("cannot get a free port of 127.0.0.1")?;
        plan.write_kubeconfig()?;
        Ok(plan)
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn apiserver_port(&self) -> u16 {
        self.ports[2]
    }

    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.apiserver_port())
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.join(format!("admin{}.kubeconfig", self.mark))
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.join("pki/ca.crt")
    }

    pub(crate) fn audit_log(&self) -> PathBuf {
        self.folder.join(format!("audit{}.log", self.mark))
    }

    /// Where etcd keeps its data.
    pub(crate) fn etcd_data(&self) -> PathBuf {
        self.folder.join("etcd")
    }

    /// Those of etcd, for clients and for its peers.
    pub(crate) fn etcd_ports(&self) -> [u16; 2] {
        [self.ports[0], self.ports[1]]
    }

    /// Where etcd listens, for clients and for its peers.
    pub(crate) fn etcd_urls(&self) -> [String; 2] {
        self.etcd_ports().map(|port| format!("http://127.0.0.1:{port}"))
    }

    pub(crate) fn etcd(&self) -> Call {
        let [client, peer] = self.etcd_urls();
        let mut args = vec![
            "--name=test".into(),
            flag("--data-dir", self.etcd_data()),
            flag("--listen-client-urls", &client),
            flag("--advertise-client-urls", &client),
            flag("--listen-peer-urls", &peer),
            flag("--initial-advertise-peer-urls", &peer),
            flag("--initial-cluster", format!("test={peer}")),
        ];
        if !self.fsync {
            args.push("--unsafe-no-fsync".into());
        }
        self.call("etcd", args)
    }

    pub(crate) fn apiserver(&self) -> Call {
        let pki = |name: &str| self.folder.join("pki").join(name);
        let mut args = vec![
            flag("--etcd-servers", &self.etcd_urls()[0]),
            "--bind-address=127.0.0.1".into(),
            "--advertise-address=127.0.0.1".into(),
            flag("--secure-port", self.apiserver_port().to_string()),
            // Nobody reaches this server as a Service, and a loopback endpoint is not valid.
            "--endpoint-reconciler-type=none".into(),
            "--service-cluster-ip-range=10.96.0.0/16".into(),
            flag("--tls-cert-file", pki("server.crt")),
            flag("--tls-private-key-file", pki("server.key")),
            flag("--client-ca-file", self.ca_file()),
            "--authorization-mode=RBAC".into(),
            "--service-account-issuer=https://kubernetes.default.svc".into(),
            flag("--service-account-key-file", pki("tokens.pub")),
            flag("--service-account-signing-key-file", pki("tokens.key")),
            flag("--audit-policy-file", self.folder.join("audit.yaml")),
            flag("--audit-log-path", self.audit_log()),
        ];
        args.extend(self.flags.iter().map(OsString::from));
        self.call("kube-apiserver", args)
    }

    fn call(&self, name: &str, args: Vec<OsString>) -> Call {
        Call {
            program: self.programs.join(name),
            args,
            log: self.folder.join(format!("{name}{}.log", self.mark)),
        }
    }

    /// Waits until `/readyz` answers 200; asks `alive` all the while and ends with its error.
    pub(crate) fn wait_ready(
        &self,
        mut alive: impl FnMut() -> anyhow::Result<()> + Send,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        block_on(async || {
            let client = kubeconfig::client_for(&self.kubeconfig()).await?;
            loop {
                alive()?;
                let request = Request::get("/readyz").body(vec![])?;
                let answer =
                    tokio::time::timeout(Duration::from_secs(2), client.request_text(request));
                let error = match answer.await {
                    Ok(Ok(_)) => return Ok(()),
                    Ok(Err(error)) => anyhow!(error),
                    Err(_) => anyhow!("no answer in 2 s"),
                };
                if Instant::now() >= deadline {
                    return Err(error.context(format!(
                        "the API server at {} was not ready in {READY_WITHIN:?}",
                        self.url()
                    )));
                }
                tokio::time::sleep(READY_POLL).await;
            }
        })
    }
}

impl Call {
    /// Adds arguments and redirections to `command`, which is to run this program.
    pub(crate) fn complete(&self, command: &mut Command) -> anyhow::Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("cannot write {}", self.log.display()))?;
        command.args(&self.args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(())
    }

    /// The last lines that the program wrote.
    pub(crate) fn last_words(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

fn flag(name: &str, value: impl Into<OsString>) -> OsString {
    let mut flag = OsString::from(name);
    flag.push("=");
    flag.push(value.into());
    flag
}
