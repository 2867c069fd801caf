//! A real OCI registry: Debian's `docker-registry` on loopback, on a port of the system's choosing,
//! with its blobs in a temporary folder where a test can damage them.

mod storage;
mod token;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use self::token::TokenServer;
use crate::cluster::pki;
use crate::lifeline::ScratchDir;
use crate::ports::Held;
use crate::process::{Hotseat, Launch, Line};

/// How long a start may take. It takes 0.1 s on an idle machine.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// The name that [`Login::Password`] and [`Login::Token`] ask for.
pub const NAME: &str = "hotseat";
/// The password that goes with it.
pub const PASSWORD: &str = "open: sesame";
/// The password by bcrypt, the only way in which the registry takes it.
const PASSWORD_HASH: &str = "$2b$04$zZxvGNyAsUiVOXhN5oOc5emg5sfyPs9Sj7ztM0CrDuZVplLYfJr0y";

/// Who may use a registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Login {
    /// Everybody.
    #[default]
    Nobody,
    /// Who gives [`NAME`] and [`PASSWORD`].
    Password,
    /// Who has a token by a server, at another port, that asks for [`NAME`] and [`PASSWORD`].
    Token {
        /// Whether that server speaks TLS, with the registry's certificate.
        tls: bool,
    },
}

/// How a registry is to be started.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Who may use it.
    pub login: Login,
    /// Whether it speaks TLS, with a certificate by an authority of its own.
    pub tls: bool,
}

/// A registry. It ends when this is dropped or this process dies.
pub struct Registry {
    process: Option<Hotseat>,
    /// Its port, while it is stopped.
    held: Option<Held>,
    address: SocketAddr,
    tls: bool,
    auth: Option<Value>,
    _tokens: Option<TokenServer>,
    folder: ScratchDir,
}

impl Registry {
    /// Starts a registry that holds nothing.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not start; with its last words.
    pub fn start(options: Options) -> anyhow::Result<Self> {
        let folder = ScratchDir::new("hotseat-registry-")?;
        pki::write(&folder.path().join("pki"))?;
        let login = format!("{NAME}:{PASSWORD_HASH}\n");
        fs::write(folder.path().join("htpasswd"), login).context("cannot write htpasswd")?;
        let tokens = match options.login {
            Login::Token { tls } => Some(TokenServer::start(&folder.path().join("pki"), tls)?),
            Login::Nobody | Login::Password => None,
        };
        let htpasswd = json!({"realm": "hotseat", "path": folder.path().join("htpasswd")});
        let auth = match options.login {
            Login::Nobody => None,
            Login::Password => Some(json!({"htpasswd": htpasswd})),
            Login::Token { .. } => tokens.as_ref().map(TokenServer::configuration),
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut registry = Self {
            process: None,
            held: None,
            address,
            tls: options.tls,
            auth,
            _tokens: tokens,
            folder,
        };
        registry.restart()?;
        Ok(registry)
    }

    /// `127.0.0.1:PORT`, as it stands in a reference.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Where it listens, or did.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of its authority.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("pki/ca.crt")
    }

    /// A docker `config.json` in which `host` has this name and password.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn docker_config(&self, host: &str, name: &str, password: &str) -> anyhow::Result<PathBuf> {
        let config = json!({"auths": {host: {"username": name, "password": password}}});
        let path = self.folder.path().join(format!("{name}.json"));
        fs::write(&path, config.to_string()).context("cannot write a docker config")?;
        Ok(path)
    }

    /// Kills it. Its blobs and its address stay its own.
    ///
    /// # Errors
    ///
    /// When the address cannot be held.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.process = None;
        if self.address.port() != 0 && self.held.is_none() {
            self.held = Some(Held::new(self.address.port()).context("cannot hold the port")?);
        }
        Ok(())
    }

    /// Starts it anew, where it was, with what it had.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.process = None;
        let config = self.folder.path().join("config.json");
        fs::write(&config, self.configuration().to_string())
            .context("cannot write the registry's configuration")?;
        let process = Launch::program("docker-registry").arg("serve").arg(&config).start()?;
        let line = process.wait_line("listening on ", READY_WITHIN);
        // Not before it listens there itself.
        self.held = None;
        let address = address(&line).with_context(|| format!("no address; {process}"))?;
        if self.address.port() != 0 && self.address != address {
            bail!("it listens on {address} and not on {}; {process}", self.address);
        }
        (self.process, self.address) = (Some(process), address);
        Ok(())
    }

    /// YAML, of which JSON is a part.
    fn configuration(&self) -> Value {
        let mut config = json!({
            "version": "0.1",
            "log": {"level": "info", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": self.folder.path().join("storage")}},
            "http": {"addr": self.address.to_string()},
        });
        if self.tls {
            let pki = self.folder.path().join("pki");
            config["http"]["tls"] =
                json!({"certificate": pki.join("server.crt"), "key": pki.join("server.key")});
        }
        if let Some(auth) = &self.auth {
            config["auth"] = auth.clone();
        }
        config
    }

    fn storage(&self) -> PathBuf {
        self.folder.path().join("storage/docker/registry/v2")
    }
}

fn address(line: &Line) -> Option<SocketAddr> {
    let (_, rest) = line.text.split_once("listening on ")?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
    rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
}
