//! A proxy between a client and a registry that spoils what passes.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// What happens to what a registry answers.
#[derive(Clone, Copy, Debug)]
pub enum Spoil {
    /// It comes byte for byte, with a pause before each.
    Slow(Duration),
    /// The connection is closed after this many bytes.
    Cut(usize),
    /// Nothing comes, and the connection stays open.
    Silent,
}

/// It ends when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    task: AbortHandle,
}

impl Proxy {
    pub async fn start(registry: SocketAddr, spoil: Spoil) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut all = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                all.spawn(pass(client, registry, spoil));
            }
        });
        Self { address, task: task.abort_handle() }
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(client: TcpStream, registry: SocketAddr, spoil: Spoil) -> std::io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_registry, mut to_registry) = TcpStream::connect(registry).await?.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_registry).await });
    let mut passed = 0;
    let mut byte = [0];
    loop {
        match spoil {
            Spoil::Silent => std::future::pending().await,
            Spoil::Slow(pause) => sleep(pause).await,
            Spoil::Cut(after) if passed == after => return Ok(()),
            Spoil::Cut(_) => {}
        }
        if from_registry.read(&mut byte).await? == 0 {
            return Ok(());
        }
        to_client.write_all(&byte).await?;
        passed += 1;
    }
}
