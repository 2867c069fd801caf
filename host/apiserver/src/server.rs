//! The server as its owner sees it: start, outage, end.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::access::Access;
use crate::config::Config;
use crate::connection;
use crate::faults::Faults;
use crate::requests::{Counter, Requests};
use crate::shared::Shared;
use crate::store::Store;

/// A running server. It ends when this value is dropped, or in good order by [`Server::shutdown`].
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    orders: mpsc::Sender<Order>,
    cut: watch::Sender<u64>,
    task: JoinHandle<()>,
}

enum Order {
    Pause(oneshot::Sender<io::Result<()>>),
    Resume(oneshot::Sender<io::Result<()>>),
    End,
}

/// Backlog of connections that wait to be accepted.
const BACKLOG: u32 = 1024;

impl Server {
    /// Listens on that address, with port 0 on a free port, and serves on the present tokio
    /// runtime.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn start(address: SocketAddr, config: Config) -> io::Result<Server> {
        let socket = bind(address)?;
        let address = socket.local_addr()?;
        let port = Port::open(socket, address)?;
        let (orders, inbox) = mpsc::channel(4);
        let front = Front::new(address, config);
        let (shared, cut) = (front.shared.clone(), front.cut.clone());
        let task = tokio::spawn(front.run(port, inbox));
        Ok(Server { address, shared, orders, cut, task })
    }

    /// Where it listens; the port stays the same through an outage.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://ADDRESS:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A kubeconfig for this server, as YAML, with the first token that it accepts, if any is
    /// required.
    pub fn kubeconfig(&self) -> String {
        let user = match self.shared.access.first_token() {
            // A JSON string is a YAML string too, whatever is in the token.
            Some(token) => format!("{{token: {}}}", serde_json::Value::from(token)),
            None => "{}".to_owned(),
        };
        format!(
            "apiVersion: v1\n\
             kind: Config\n\
             clusters:\n\
             - name: embedded\n  cluster: {{server: \"{}\"}}\n\
             users:\n\
             - name: embedded\n  user: {user}\n\
             contexts:\n\
             - name: embedded\n  context: {{cluster: embedded, user: embedded, namespace: default}}\n\
             current-context: embedded\n",
            self.url()
        )
    }

    /// The objects, to read and change as an administrator would.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// The requests so far.
    pub fn requests(&self) -> Requests {
        self.shared.requests.read()
    }

    /// The rules for faults.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Tokens and denials.
    pub fn access(&self) -> &Access {
        &self.shared.access
    }

    /// Resets all connections; new ones are accepted.
    pub fn close_connections(&self) {
        self.cut.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Begins an outage: all connections are reset and new ones refused. The port stays reserved
    /// and the objects stay as they are. Does nothing during an outage.
    ///
    /// # Errors
    /// If the port cannot be kept, or the server's runtime is gone.
    pub async fn pause(&self) -> io::Result<()> {
        self.order(Order::Pause).await
    }

    /// Ends an outage: listens on the same port again. Does nothing if there is none.
    ///
    /// # Errors
    /// If the port cannot be listened on, or the server's runtime is gone.
    pub async fn resume(&self) -> io::Result<()> {
        self.order(Order::Resume).await
    }

    /// Ends the server: all connections are reset, and the port is free when this returns.
    pub async fn shutdown(mut self) {
        // Either fails only if the task is over already, which is what is wanted.
        let _ = self.orders.send(Order::End).await;
        let _ = (&mut self.task).await;
    }

    async fn order(
        &self,
        make: impl FnOnce(oneshot::Sender<io::Result<()>>) -> Order,
    ) -> io::Result<()> {
        let gone = || io::Error::other("the embedded API server has ended");
        let (sender, receiver) = oneshot::channel();
        let sent = self.orders.send(make(sender)).await;
        sent.map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// The task that accepts connections and owns them.
struct Front {
    address: SocketAddr,
    shared: Arc<Shared>,
    cut: watch::Sender<u64>,
    connections: JoinSet<()>,
}

/// The port: open, or only reserved.
enum Port {
    /// With the socket that reserves it when the outage begins: between the end of one socket and the
    /// beginning of the next another process could be given the port. None where two sockets cannot
    /// be bound to one port, as on macOS.
    Open(TcpListener, Option<TcpSocket>),
    Reserved(TcpSocket),
}

impl Port {
    /// Listens by a socket that is bound to that address.
    fn open(socket: TcpSocket, address: SocketAddr) -> io::Result<Port> {
        // Before the first one listens: then no other may share its port any more.
        let spare = bind(address).ok();
        Ok(Port::Open(socket.listen(BACKLOG)?, spare))
    }
}

impl Front {
    fn new(address: SocketAddr, config: Config) -> Front {
        let shared = Arc::new(Shared {
            store: Store::new(config.history),
            faults: Faults::new(),
            access: Access::default(),
            requests: Counter::default(),
            config,
        });
        Front { address, shared, cut: watch::Sender::new(0), connections: JoinSet::new() }
    }

    async fn run(mut self, port: Port, mut orders: mpsc::Receiver<Order>) {
        let room = Arc::new(Semaphore::new(self.shared.config.connections));
        let mut port = Some(port);
        loop {
            let accepted = async {
                match &port {
                    Some(Port::Open(listener, _)) => listener.accept().await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                accepted = accepted => match accepted {
                    Ok((stream, _)) => {
                        // Without room the stream is dropped, which closes it.
                        if let Ok(place) = room.clone().try_acquire_owned() {
                            let served =
                                connection::serve(self.shared.clone(), stream, self.cut.subscribe());
                            self.connections.spawn(async move {
                                served.await;
                                drop(place);
                            });
                        }
                    }
                    // Such as too many open files: try again when some are closed.
                    Err(_) => sleep(Duration::from_millis(50)).await,
                },
                Some(_) = self.connections.join_next() => {}
                order = orders.recv() => {
                    let (reply, wanted) = match order {
                        None | Some(Order::End) => break,
                        Some(Order::Pause(reply)) => (reply, self.pause(&mut port).await),
                        Some(Order::Resume(reply)) => (reply, resume(&mut port, self.address)),
                    };
                    // Whoever asked may have lost patience.
                    let _ = reply.send(wanted);
                }
            }
        }
        drop(port);
        self.hang_up().await;
    }

    async fn pause(&mut self, port: &mut Option<Port>) -> io::Result<()> {
        let spare = match port.take() {
            Some(Port::Open(listener, spare)) => {
                // It is not enough to close it: a process that is being started has a copy until it
                // runs its program. Elsewhere than on Linux this is refused.
                let _ = rustix::net::shutdown(&listener, rustix::net::Shutdown::Both);
                spare
            }
            Some(Port::Reserved(socket)) => Some(socket),
            None => None,
        };
        let socket = spare.map_or_else(|| bind(self.address), Ok)?;
        // Another socket may share the port as long as both are willing to.
        socket.set_reuseaddr(false)?;
        *port = Some(Port::Reserved(socket));
        self.hang_up().await;
        Ok(())
    }

    async fn hang_up(&mut self) {
        self.cut.send_modify(|n| *n = n.wrapping_add(1));
        while self.connections.join_next().await.is_some() {}
    }
}

fn resume(port: &mut Option<Port>, address: SocketAddr) -> io::Result<()> {
    *port = match port.take() {
        Some(Port::Reserved(socket)) => {
            // Old connections of this port must not stand in the way.
            socket.set_reuseaddr(true)?;
            Some(Port::open(socket, address)?)
        }
        open @ Some(Port::Open(..)) => open,
        None => return Err(io::Error::other("the port was lost when the outage began")),
    };
    Ok(())
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use tokio::net::TcpStream;

    use super::*;

    /// As a process has it that another thread of this one is starting: all descriptors, until it
    /// runs its program.
    #[tokio::test]
    async fn an_outage_begins_whoever_has_a_copy_of_the_listener() {
        let socket = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let mut front = Front::new(address, Config::new());
        let port = Port::open(socket, address).unwrap();
        let Port::Open(listener, _) = &port else { unreachable!() };
        let copy = listener.as_fd().try_clone_to_owned().unwrap();
        let mut port = Some(port);
        for _ in 0..2 {
            front.pause(&mut port).await.unwrap();
            let refused = TcpStream::connect(address).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            assert_eq!(bind(address).unwrap_err().kind(), io::ErrorKind::AddrInUse);
            resume(&mut port, address).unwrap();
            TcpStream::connect(address).await.unwrap();
        }
        drop(copy);
    }

    #[tokio::test]
    async fn a_kubeconfig_names_the_server_and_its_token() {
        let server = Server::start(([127, 0, 0, 1], 0).into(), Config::new()).await.unwrap();
        assert!(server.kubeconfig().contains(&server.url()));
        assert!(!server.kubeconfig().contains("token"));
        server.access().require_tokens(["s3cret\""]);
        assert!(server.kubeconfig().contains(r#"token: "s3cret\"""#));
    }
}
