//! A proxy such as stands between a client and a cluster: HTTP `CONNECT`, the same within TLS, or
//! SOCKS 5. It alone knows the names of what is behind it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What clients speak to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP `CONNECT` in the clear.
    Http,
    /// HTTP `CONNECT` within TLS.
    Https,
    /// SOCKS 5.
    Socks5,
}

/// Where a proxy leads, and whom it lets through.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What clients speak to it.
    pub speaks: Speaks,
    /// The one `host:port` that it knows, as clients name it.
    pub name: String,
    /// What is there.
    pub target: SocketAddr,
    /// The name and password that it asks for.
    pub login: Option<(String, String)>,
    /// For [`Speaks::Https`]: its certificates and key, as PEM.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// A running proxy on a port of the system's choosing; it ends with this value.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    rules: Rules,
    tls: Option<TlsAcceptor>,
    /// What was asked for, let through or not.
    asked: Mutex<Vec<String>>,
}

impl Proxy {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// When there is no port, or its identity is no good.
    pub fn start(rules: Rules) -> anyhow::Result<Self> {
        let tls = match &rules.identity {
            Some((certificates, key)) => Some(acceptor(certificates, key)?),
            None => None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { rules, tls, asked: Mutex::default() });
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = Arc::clone(&shared);
        let thread = thread::Builder::new().name("proxy".into()).spawn(move || {
            let serve = async {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(Arc::clone(&serving).serve(client));
                }
            };
            runtime.block_on(async {
                tokio::select! { () = serve => {} _ = stopped => {} }
            });
        })?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Its URL, with the name and password that it asks for.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = match self.shared.rules.speaks {
            Speaks::Http => "http",
            Speaks::Https => "https",
            Speaks::Socks5 => "socks5",
        };
        let login = self.shared.rules.login.as_ref();
        let login = login.map_or(String::new(), |(name, word)| format!("{name}:{word}@"));
        format!("{scheme}://{login}{}", self.address)
    }

    /// What was asked for so far, as clients named it.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, client: TcpStream) -> anyhow::Result<()> {
        match (self.rules.speaks, &self.tls) {
            (Speaks::Socks5, _) => self.socks(client).await,
            (_, None) => self.connect(client).await,
            (_, Some(tls)) => self.connect(tls.accept(client).await?).await,
        }
    }

    /// A `CONNECT`.
    async fn connect(&self, client: impl AsyncRead + AsyncWrite + Unpin) -> anyhow::Result<()> {
        let mut client = BufReader::new(client);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            ensure!(client.read_line(&mut line).await? > 0, "cut off");
            match line.trim() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let mut words = lines.first().context("no request")?.split(' ');
        ensure!(words.next() == Some("CONNECT"), "only CONNECT");
        let name = words.next().context("no target")?;
        let given = lines.iter().find_map(|line| {
            let (header, value) = line.split_once(": ")?;
            header.eq_ignore_ascii_case("proxy-authorization").then(|| value.to_owned())
        });
        let wanted = self.rules.login.as_ref().map(|(name, word)| {
            format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{word}")))
        });
        if wanted.is_some() && wanted != given {
            client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await?;
            bail!("not let through");
        }
        let Some(mut target) = self.dial(name).await? else {
            client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await?;
            bail!("unknown");
        };
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        tokio::io::copy_bidirectional(&mut client, &mut target).await?;
        Ok(())
    }

    /// SOCKS 5 with a name of the target, and with a password if one is asked for.
    async fn socks(&self, mut client: TcpStream) -> anyhow::Result<()> {
        let [version, count] = array(&mut client).await?;
        ensure!(version == 5, "not SOCKS 5");
        let methods = bytes(&mut client, count).await?;
        let wanted = if self.rules.login.is_some() { 2 } else { 0 };
        ensure!(methods.contains(&wanted), "no method in common");
        client.write_all(&[5, wanted]).await?;
        if let Some((name, word)) = &self.rules.login {
            let [_, length] = array(&mut client).await?;
            let given_name = bytes(&mut client, length).await?;
            let [length] = array(&mut client).await?;
            let given_word = bytes(&mut client, length).await?;
            let right = given_name == name.as_bytes() && given_word == word.as_bytes();
            client.write_all(&[1, u8::from(!right)]).await?;
            ensure!(right, "not let through");
        }
        let [_, command, _, kind, length] = array(&mut client).await?;
        ensure!(command == 1 && kind == 3, "only CONNECT to a name");
        let host = String::from_utf8(bytes(&mut client, length).await?)?;
        let port = u16::from_be_bytes(array(&mut client).await?);
        let target = self.dial(&format!("{host}:{port}")).await?;
        let code = if target.is_some() { 0 } else { 4 };
        client.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        let mut target = target.context("unknown")?;
        tokio::io::copy_bidirectional(&mut client, &mut target).await?;
        Ok(())
    }

    async fn dial(&self, name: &str) -> anyhow::Result<Option<TcpStream>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
        match name == self.rules.name {
            true => Ok(Some(TcpStream::connect(self.rules.target).await?)),
            false => Ok(None),
        }
    }
}

async fn array<const N: usize>(from: &mut TcpStream) -> anyhow::Result<[u8; N]> {
    let mut array = [0; N];
    from.read_exact(&mut array).await?;
    Ok(array)
}

async fn bytes(from: &mut TcpStream, length: u8) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::from(length)];
    from.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn acceptor(certificates: &[u8], key: &[u8]) -> anyhow::Result<TlsAcceptor> {
    let chain = CertificateDer::pem_slice_iter(certificates).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(key)?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
