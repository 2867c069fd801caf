//! A way to the API server that can be cut: what a network does to one candidate alone.

use std::fs;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context;

use super::Api;
use crate::lifeline::ScratchDir;

/// Forwards connections to the scene's API server until it is cut. Nothing is answered from then
/// on, until it is connected again: connections are ended, and new ones at once.
pub struct PartitionedCandidate {
    kubeconfig: PathBuf,
    address: SocketAddr,
    line: Arc<Line>,
    _folder: ScratchDir,
}

#[derive(Default)]
struct Line {
    cut: AtomicBool,
    /// Nobody needs it any more.
    over: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
}

impl PartitionedCandidate {
    /// One for this scene's server, with a kubeconfig of its own.
    ///
    /// # Errors
    ///
    /// When the scene's kubeconfig has no address in it, or no port is to be had.
    pub fn to(api: &Api) -> anyhow::Result<Self> {
        let text = fs::read_to_string(api.kubeconfig())?;
        let (before, rest) = text.split_once("://").context("the kubeconfig has no address")?;
        let end = rest.find(|c: char| c.is_whitespace() || c == '"' || c == '/');
        let (server, after) = rest.split_at(end.unwrap_or(rest.len()));
        let server: SocketAddr = server.parse().with_context(|| format!("server {server}"))?;
        let listener = TcpListener::bind((server.ip(), 0))?;
        let address = listener.local_addr()?;
        let folder = ScratchDir::new("hotseat-tether-")?;
        let kubeconfig = folder.path().join("kubeconfig");
        fs::write(&kubeconfig, format!("{before}://{address}{after}"))?;
        let line = Arc::new(Line::default());
        let accepted = Arc::clone(&line);
        thread::Builder::new().name("tether".to_owned()).spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepted.over.load(Ordering::SeqCst) {
                    return;
                }
                if !accepted.cut.load(Ordering::SeqCst) {
                    // A server that is gone is the candidate's affair.
                    let _ = accepted.join(client, server);
                }
            }
        })?;
        Ok(Self { kubeconfig, address, line, _folder: folder })
    }

    /// What its candidate gets in `KUBECONFIG`.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Cuts it, with all connections that there are.
    pub fn cut(&self) {
        self.line.cut.store(true, Ordering::SeqCst);
        for stream in self.line.streams.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets new connections through again.
    pub fn reconnect(&self) {
        self.line.cut.store(false, Ordering::SeqCst);
    }
}

impl Drop for PartitionedCandidate {
    fn drop(&mut self) {
        self.cut();
        self.line.over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts, so that it ends and its port closes.
        let _ = TcpStream::connect(self.address);
    }
}

impl Line {
    /// Joins two connections, in both directions.
    fn join(&self, client: TcpStream, server: SocketAddr) -> io::Result<()> {
        let server = TcpStream::connect(server)?;
        let copies = [
            (client.try_clone()?, server.try_clone()?),
            (server.try_clone()?, client.try_clone()?),
        ];
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.extend([client, server]);
        if self.cut.load(Ordering::SeqCst) {
            // It was cut meanwhile, and did not see these.
            streams.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        }
        for (mut from, mut to) in copies {
            thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
        }
        Ok(())
    }
}
