//! Listening, accepting and stopping.

use super::address::{self, BindError};
use super::connection;
use super::limits::Limits;
use super::routes::Site;
use super::slots::{Order, Slot, Slots};
use crate::metrics::Metrics;
use crate::state::State;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout};

/// How long to wait when accepting fails, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The HTTP server; see [`Server::bind`].
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Listens on `HOST:PORT` as Go understands it: an empty host is every address of the
    /// machine, port 0 is one of the system's choosing. Connections wait until
    /// [`Bound::serve`].
    ///
    /// # Errors
    ///
    /// The address is no address, does not resolve, is in use or may not be listened on.
    pub fn bind(address: &str) -> Result<Bound, BindError> {
        Server::bind_with(address, Limits::default())
    }

    /// [`Server::bind`] with other limits than the sidecar's.
    ///
    /// # Errors
    ///
    /// As [`Server::bind`].
    pub fn bind_with(address: &str, limits: Limits) -> Result<Bound, BindError> {
        let listener = address::listen(address)?;
        let local = listener
            .local_addr()
            .map_err(|cause| BindError::System { address: address.to_owned(), cause })?;
        Ok(Bound { listener, address: local, limits })
    }
}

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Bound {
    listener: std::net::TcpListener,
    address: SocketAddr,
    limits: Limits,
}

impl Bound {
    /// Where it listens, with the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers from now on, on a thread and a runtime of its own: however many requests come, they
    /// take none of the turns of the election's loop, which has a lease to renew in time.
    ///
    /// # Errors
    ///
    /// The system gave no thread or no runtime.
    pub fn serve(self, state: State, metrics: Metrics) -> io::Result<Running> {
        let Bound { listener, address, limits } = self;
        let (stop, stopped) = oneshot::channel();
        let (tell_started, started) = sync_channel(1);
        let (ending, ended) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("http".to_owned()).spawn(move || {
            // Dropped when the thread ends, however it ends.
            let _ending = ending;
            let (runtime, listener) = match start(listener) {
                Ok(parts) => parts,
                Err(error) => return drop(tell_started.send(Err(error))),
            };
            // Nobody waits for it if the sidecar is ending already.
            drop(tell_started.send(Ok(())));
            let site = Rc::new(Site::new(state, metrics));
            LocalSet::new().block_on(&runtime, run(listener, limits, site, stopped));
        })?;
        started.recv().map_err(io::Error::other)??;
        Ok(Running { address, stop: Some(stop), thread: Some(thread), ended: Some(ended) })
    }
}

fn start(listener: std::net::TcpListener) -> io::Result<(Runtime, TcpListener)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let context = runtime.enter();
    let listener = TcpListener::from_std(listener)?;
    drop(context);
    Ok((runtime, listener))
}

/// A server that answers. Dropping it stops it at once.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<Duration>>,
    thread: Option<JoinHandle<()>>,
    ended: Option<oneshot::Receiver<()>>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
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
    listener: TcpListener,
    limits: Limits,
    site: Rc<Site>,
    mut stopped: oneshot::Receiver<Duration>,
) {
    let slots = Rc::new(Slots::default());
    let mut tasks = JoinSet::new();
    let grace = loop {
        tokio::select! {
            biased;
            // An error means that nobody is left who could stop the server.
            grace = &mut stopped => break grace.unwrap_or_default(),
            Some(ended) = tasks.join_next() => note(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let place = Place::take(&slots, &site, limits.connections.max(1));
                    tasks.spawn_local(async move {
                        connection::serve(stream, &place.slot, &place.site, limits).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept an HTTP connection");
                    slots.evict();
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    };
    drop(listener);
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
