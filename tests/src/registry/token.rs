//! A server that gives the tokens by which a registry knows whom it may serve, as the public ones
//! have it: the registry points at it, and trusts what it signs.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use super::{NAME, PASSWORD};

/// Who gives the tokens, and for whom.
const ISSUER: &str = "hotseat-tests";
const SERVICE: &str = "hotseat registry";
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives a token for whatever is asked to who gives name and password, and one for nothing to
/// everybody else. Ends when it is dropped.
pub(super) struct TokenServer {
    address: SocketAddr,
    scheme: &'static str,
    root: PathBuf,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TokenServer {
    /// Signs with the server's key in `pki`, and speaks TLS with it, if that is wanted.
    pub(super) fn start(pki: &Path, tls: bool) -> anyhow::Result<Self> {
        let read = |name: &str| fs::read_to_string(pki.join(name)).context("cannot read a key");
        let config = tls.then(|| tls_config(pki)).transpose()?;
        let scheme = if tls { "https" } else { "http" };
        let certificate = body(&read("server.crt")?);
        let key = STANDARD.decode(body(&read("server.key")?)).context("the key is broken")?;
        let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(signing, &key, &random).map_err(|e| anyhow!("{e}"))?;
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen")?;
        let address = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let thread = thread::Builder::new().name("tokens".into()).spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                // A client that goes away gets no token.
                let _ = stream.and_then(|stream| {
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    let Some(config) = &config else {
                        return serve(stream, &certificate, &key, &random);
                    };
                    let connection = ServerConnection::new(Arc::clone(config));
                    let connection = connection.map_err(std::io::Error::other)?;
                    let stream = StreamOwned::new(connection, stream);
                    serve(stream, &certificate, &key, &random)
                });
            }
        })?;
        Ok(Self { address, scheme, root: pki.join("ca.crt"), ended, thread: Some(thread) })
    }

    /// What the registry's configuration says of it.
    pub(super) fn configuration(&self) -> Value {
        json!({"token": {
            "realm": format!("{}://{}/token?for=tests", self.scheme, self.address),
            "service": SERVICE,
            "issuer": ISSUER,
            "rootcertbundle": self.root,
        }})
    }
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes it up.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    mut stream: impl Read + Write,
    certificate: &str,
    key: &EcdsaKeyPair,
    random: &SystemRandom,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut piece = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            length => request.extend_from_slice(&piece[..length]),
        }
    }
    let request = String::from_utf8_lossy(&request);
    let known = STANDARD.encode(format!("{NAME}:{PASSWORD}"));
    let known = request.contains(&format!("Basic {known}\r\n"));
    let path = request.split(' ').nth(1).unwrap_or_default();
    let scope = path.split(['?', '&']).find_map(|part| part.strip_prefix("scope="));
    let scope = scope.unwrap_or_default().replace("%3A", ":").replace("%2F", "/");
    let scope = scope.replace("%2C", ",");
    let access = match scope.split(':').collect::<Vec<_>>().as_slice() {
        [kind, name, actions] if known => {
            let actions: Vec<&str> = actions.split(',').collect();
            json!([{"type": kind, "name": name, "actions": actions}])
        }
        _ => json!([]),
    };
    let answer = json!({"token": token(certificate, key, random, &access)}).to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len())?;
    stream.flush()
}

/// What it shows who speaks TLS with it.
fn tls_config(pki: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(pki.join("server.crt"))?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(pki.join("server.key"))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

fn token(certificate: &str, key: &EcdsaKeyPair, random: &SystemRandom, access: &Value) -> String {
    let now = Timestamp::now().as_second();
    let head = json!({"typ": "JWT", "alg": "ES256", "x5c": [certificate]});
    let claims = json!({
        "iss": ISSUER, "sub": NAME, "aud": SERVICE, "jti": "1",
        "iat": now, "nbf": now - 60, "exp": now + 300, "access": access,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&head), part(&claims));
    // Without a signature the registry refuses it, which the test then shows.
    let signature = key.sign(random, signed.as_bytes());
    let signature = signature.map(|it| URL_SAFE_NO_PAD.encode(it)).unwrap_or_default();
    format!("{signed}.{signature}")
}

/// What is between the lines of a PEM file.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}
