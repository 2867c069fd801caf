//! Listening, accepting and stopping.

use super::accept::Acceptor;
use super::access::Access;
use super::address::{self, BindError};
use super::backend::Backend;
use super::connection;
use super::limits::Limits;
use super::routes::Site;
use super::slots::{Order, Slot, Slots};
use hotseat_election::Status;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

/// The HTTP server; see [`Server::bind`].
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Listens on `HOST:PORT` as Go understands it: an empty host, `0.0.0.0` and `[::]` are every
    /// address of the machine, IPv4 and IPv6, and port 0 is one of the system's choosing.
    /// `localhost` is both loopback addresses, and another name all that it resolves to.
    /// Connections wait until [`Bound::serve`].
    ///
    /// # Errors
    ///
    /// The address is not an address, does not resolve, is in use or may not be listened on.
    pub fn bind(address: &str) -> Result<Bound, BindError> {
        Server::bind_with(address, Limits::default())
    }

    /// [`Server::bind`] with other limits than the sidecar's.
    ///
    /// # Errors
    ///
    /// As [`Server::bind`].
    pub fn bind_with(address: &str, limits: Limits) -> Result<Bound, BindError> {
        let listeners = address::listen(address)?;
        let failed = |cause| BindError::System { address: address.to_owned(), cause };
        let local = listeners.iter().map(std::net::TcpListener::local_addr);
        let addresses = local.collect::<io::Result<Vec<SocketAddr>>>().map_err(failed)?;
        Ok(Bound { listeners, addresses, limits, access: Access::default(), controls: None })
    }
}

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Bound {
    listeners: Vec<std::net::TcpListener>,
    addresses: Vec<SocketAddr>,
    limits: Limits,
    access: Access,
    controls: Option<String>,
}

impl Bound {
    /// Where it listens, with the port that the system chose: one address, or one of each family.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Shows details to others than this pod alone.
    #[must_use]
    pub fn with_access(self, access: Access) -> Bound {
        Bound { access, ..self }
    }

    /// Has the page for people link to another one, on which this process is steered: that of a
    /// demonstration.
    #[must_use]
    pub fn with_controls(self, controls: Option<String>) -> Bound {
        Bound { controls, ..self }
    }

    /// Answers from now on, on a thread and a runtime of its own: however many requests come, they
    /// take none of the turns of the election's loop, which has a lease to renew in time.
    ///
    /// # Errors
    ///
    /// The system gave no thread or no runtime.
    pub fn serve(self, status: Status, backend: Arc<dyn Backend>) -> io::Result<Running> {
        let Bound { listeners, addresses, limits, access, controls } = self;
        let (stop, stopped) = oneshot::channel();
        let (tell_started, started) = sync_channel(1);
        let (ending, ended) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("http".to_owned()).spawn(move || {
            // Dropped when the thread ends, however it ends.
            let _ending = ending;
            let (runtime, listeners) = match start(listeners) {
                Ok(parts) => parts,
                Err(error) => return drop(tell_started.send(Err(error))),
            };
            // Nobody waits for it if the sidecar is ending already.
            drop(tell_started.send(Ok(())));
            let site = Rc::new(Site::new(access, status, backend, controls.as_deref()));
            LocalSet::new().block_on(&runtime, run(listeners, limits, site, stopped));
        })?;
        started.recv().map_err(io::Error::other)??;
        Ok(Running { addresses, stop: Some(stop), thread: Some(thread), ended: Some(ended) })
    }
}

fn start(listeners: Vec<std::net::TcpListener>) -> io::Result<(Runtime, Vec<TcpListener>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let context = runtime.enter();
    let listeners = listeners.into_iter().map(TcpListener::from_std).collect::<io::Result<_>>()?;
    drop(context);
    Ok((runtime, listeners))
}

/// A server that answers. Dropping it stops it at once.
#[derive(Debug)]
pub struct Running {
    addresses: Vec<SocketAddr>,
    stop: Option<oneshot::Sender<Duration>>,
    thread: Option<JoinHandle<()>>,
    ended: Option<oneshot::Receiver<()>>,
}

impl Running {
    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Waits for the end of the server. Asked for again it waits for ever.
    pub fn ended(&mut self) -> impl Future<Output = ()> + Send + use<> {
        let ended = self.ended.take();
        async move {
            match ended {
                // Nothing is ever sent: the sender is dropped.
                Some(ended) => drop(ended.await),
                None => std::future::pending().await,
            }
        }
    }

    /// Accepts no more connections, lets requests under way finish within `grace`, and waits for
    /// that. Idle connections are closed at once.
    pub fn stop(mut self, grace: Duration) {
        self.end(grace);
    }

    fn end(&mut self, grace: Duration) {
        if let Some(stop) = self.stop.take() {
            // The thread is gone already if nobody listens.
            let _ = stop.send(grace);
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the HTTP thread ended by a panic");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

async fn run(
    listeners: Vec<TcpListener>,
    limits: Limits,
    site: Rc<Site>,
    mut stopped: oneshot::Receiver<Duration>,
) {
    let slots = Rc::new(Slots::default());
    let mut tasks = JoinSet::new();
    let mut acceptor = Acceptor::new(listeners);
    let grace = loop {
        tokio::select! {
            biased;
            // An error means that nobody is left who could stop the server.
            grace = &mut stopped => break grace.unwrap_or_default(),
            Some(ended) = tasks.join_next() => note(ended),
            accepted = acceptor.next() => match accepted {
                Some(stream) => {
                    let place = Place::take(&slots, &site, limits.connections.max(1));
                    tasks.spawn_local(async move {
                        let Place { slot, slots, site } = &place;
                        connection::serve(stream, slot, slots, site, limits).await;
                    });
                }
                // One that waits for its client may hold what is missing.
                None => slots.evict(),
            },
        }
    };
    drop(acceptor);
    slots.tell_all(Order::Finish);
    let all_ended = async {
        while let Some(ended) = tasks.join_next().await {
            note(ended);
        }
    };
    if timeout(grace, all_ended).await.is_err() {
        tracing::debug!(open = slots.taken(), "HTTP connections were cut off");
    }
}

/// A connection's place, given back when its task ends, however it ends.
struct Place {
    slot: Rc<Slot>,
    slots: Rc<Slots>,
    site: Rc<Site>,
}

impl Place {
    fn take(slots: &Rc<Slots>, site: &Rc<Site>, most: usize) -> Place {
        let slot = slots.take(most);
        site.connections(slots.taken());
        Place { slot, slots: Rc::clone(slots), site: Rc::clone(site) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.slots.leave(&self.slot);
        self.site.connections(self.slots.taken());
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "an HTTP connection failed");
    }
}
