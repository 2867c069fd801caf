//! Ports of the system's choosing, and holding one while its server is away.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, SocketType, bind, socket, sockopt};

/// `N` different free ports of 127.0.0.1. Another process may still take one before it is used.
pub(super) fn free<const N: usize>() -> io::Result<[u16; N]> {
    // All are bound at once, so that no two are the same.
    let mut sockets = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        *port = socket.local_addr()?.port();
        sockets.push(socket);
    }
    Ok(ports)
}

/// A port that refuses connections and that the system gives to nobody, until this is dropped.
///
/// Without it a client that keeps connecting to a dead server's port meets, sooner or later,
/// itself: the system may choose that same port for the client's end.
#[derive(Debug)]
pub(crate) struct Held {
    _socket: OwnedFd,
}

impl Held {
    pub(crate) fn new(port: u16) -> io::Result<Self> {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        // Connections of the server that had the port may linger.
        sockopt::set_socket_reuseaddr(&socket, true)?;
        bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        Ok(Self { _socket: socket })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn bind_plainly(port: u16) -> rustix::io::Result<()> {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    #[test]
    fn a_held_port_refuses_and_is_free_afterwards() {
        let [port] = free().unwrap();
        let held = Held::new(port).unwrap();
        let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(bind_plainly(port), Err(rustix::io::Errno::ADDRINUSE));
        drop(held);
        assert_eq!(bind_plainly(port), Ok(()));
    }
}
