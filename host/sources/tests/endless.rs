//! Registries whose answers have no end: what is taken of them is bounded, not only what is used.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use hotseat_sources::{Digest, Origin, PolicyRef, Registries};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// Far more than any bound here and what fits in the kernel's buffers.
const ENDLESS: usize = 64 << 20;
/// What may be under way when the client has had enough.
const TAKEN: usize = 16 << 20;
/// A pull that waits for the end of all that fails by this, and not by its bound.
const PATIENCE: Duration = Duration::from_secs(60);

/// A registry on loopback that answers by the path of the request, and without an end where the
/// answer is none. Tells how much of each endless answer was taken.
struct Flood {
    host: String,
    taken: UnboundedReceiver<usize>,
}

impl Flood {
    async fn start(answer: impl Fn(&str) -> Option<String> + Send + 'static) -> Flood {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let (told, taken) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 8192];
                let length = stream.read(&mut request).await.unwrap_or_default();
                match answer(&String::from_utf8_lossy(&request[..length])) {
                    Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                    None => told.send(flood(&mut stream).await).unwrap(),
                }
            }
        });
        Flood { host, taken }
    }

    /// Pulls the artifact with that manifest; gives the error.
    async fn pull(&mut self, manifest: &str) -> String {
        let digest = Digest::of(manifest.as_bytes());
        let policy = format!("oci://{}/policy@{digest}", self.host).parse::<PolicyRef>().unwrap();
        let Origin::Oci(reference) = policy.origin else { panic!("{policy:?}") };
        let registries = Registries { deadline: PATIENCE, ..Registries::default() };
        let error = registries.pull(&reference, 1 << 20).await.unwrap_err();
        let taken = timeout(PATIENCE, self.taken.recv()).await.expect("it still takes bytes");
        assert!(taken.unwrap() < TAKEN, "{taken:?} bytes were taken");
        error.to_string()
    }
}

/// A body in chunks, with no length told. Gives how much of it was taken.
async fn flood(stream: &mut TcpStream) -> usize {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut taken = 0;
    while taken < ENDLESS && stream.write_all(&chunk).await.is_ok() {
        taken += chunk.len();
    }
    taken
}

fn told(status: &str, header: &str, body: &str) -> Option<String> {
    let length = body.len();
    let ends = "Connection: close";
    Some(format!("HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\n{ends}\r\n\r\n{body}"))
}

#[tokio::test]
async fn a_manifest_without_end() {
    let mut registry = Flood::start(|_| None).await;
    let error = registry.pull("{}").await;
    assert!(error.contains("the manifest is larger than 256 KiB"), "{error}");
}

#[tokio::test]
async fn a_layer_without_end() {
    let blob = Digest::of(b"component");
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
        "config":{{"mediaType":"application/vnd.wasm.config.v0+json","digest":"{blob}","size":2}},
        "layers":[{{"mediaType":"application/wasm","digest":"{blob}","size":1000}}]}}"#
    );
    let body = manifest.clone();
    let answer = move |request: &str| match request.contains("/manifests/") {
        true => told("200 OK", "", &body),
        false => None,
    };
    let error = Flood::start(answer).await.pull(&manifest).await;
    assert!(error.contains("more came than the layer's 1000 bytes"), "{error}");
}

#[tokio::test]
async fn a_token_without_end() {
    let challenge = |request: &str| match request.contains(" /v2/") {
        true => {
            let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
            let realm = format!("WWW-Authenticate: Bearer realm=\"http://{host}/token\"\r\n");
            told("401 Unauthorized", &realm, "")
        }
        false => None,
    };
    let error = Flood::start(challenge).await.pull("{}").await;
    assert!(error.contains("the token is larger than 256 KiB"), "{error}");
}
