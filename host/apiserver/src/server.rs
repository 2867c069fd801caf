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
        let listener = bind(address)?.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            store: Store::new(config.history),
            faults: Faults::new(),
            access: Access::default(),
            requests: Counter::default(),
            config,
        });
        let (orders, inbox) = mpsc::channel(4);
        let cut = watch::Sender::new(0);
        let front = Front {
            address,
            shared: shared.clone(),
            cut: cut.clone(),
            connections: JoinSet::new(),
        };
        let task = tokio::spawn(front.run(listener, inbox));
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
    Open(TcpListener),
    Reserved(TcpSocket),
}

impl Front {
    async fn run(mut self, listener: TcpListener, mut orders: mpsc::Receiver<Order>) {
        let room = Arc::new(Semaphore::new(self.shared.config.connections));
        let mut port = Some(Port::Open(listener));
        loop {
            let accepted = async {
                match &port {
                    Some(Port::Open(listener)) => listener.accept().await,
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
                        Some(Order::Resume(reply)) => (reply, resume(&mut port)),
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
        if let Some(Port::Reserved(_)) = port {
            return Ok(());
        }
        // The listener must be gone before the port can be bound again.
        *port = None;
        let socket = bind(self.address)?;
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

fn resume(port: &mut Option<Port>) -> io::Result<()> {
    match port.take() {
        Some(Port::Reserved(socket)) => {
            // Old connections of this port must not stand in the way.
            socket.set_reuseaddr(true)?;
            *port = Some(Port::Open(socket.listen(BACKLOG)?));
            Ok(())
        }
        Some(open) => {
            *port = Some(open);
            Ok(())
        }
        None => Err(io::Error::other("the port was lost when the outage began")),
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_kubeconfig_names_the_server_and_its_token() {
        let server = Server::start(([127, 0, 0, 1], 0).into(), Config::new()).await.unwrap();
        assert!(server.kubeconfig().contains(&server.url()));
        assert!(!server.kubeconfig().contains("token"));
        server.access().require_tokens(["s3cret\""]);
        assert!(server.kubeconfig().contains(r#"token: "s3cret\"""#));
    }
}
