//! Ports of the system's choosing, and holding one while its server is away.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with, sockopt,
};

use crate::wait;

/// How long a socket that was closed may hold its port: a program that another thread is starting
/// has a copy of each descriptor between fork and exec.
const COPIES_ARE_GONE_WITHIN: Duration = Duration::from_secs(10);

/// `N` different free ports of 127.0.0.1. Another process may still take one before it is used.
pub(crate) fn free<const N: usize>() -> io::Result<[u16; N]> {
    // All are bound at once, so that no two are the same.
    let mut sockets = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        *port = socket.local_addr()?.port();
        sockets.push(socket);
    }
    drop(sockets);
    for port in ports {
        Held::new(port)?;
    }
    Ok(ports)
}

/// A port that refuses connections and that the system gives to nobody, until this is dropped.
///
/// Without it a client that keeps connecting to a dead server's port meets, sooner or later,
/// itself: the system may choose that same port for the client's end. A listener that was closed is no
/// such port: a program that another test is starting has a copy of it until it runs.
///
/// A server may be started on it meanwhile, if it sets `SO_REUSEADDR` as servers do.
#[derive(Debug)]
pub struct Held {
    socket: OwnedFd,
}

impl Held {
    /// Holds one of the system's choosing.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn any() -> io::Result<Self> {
        Self::new(0)
    }

    /// Holds that one, which may be of a server that ends at this moment.
    ///
    /// # Errors
    ///
    /// When it is somebody else's.
    pub fn new(port: u16) -> io::Result<Self> {
        let socket = socket_for_binding()?;
        // Connections of the server that had the port may linger.
        sockopt::set_socket_reuseaddr(&socket, true)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bound = wait::try_until(COPIES_ARE_GONE_WITHIN, || match bind(&socket, &address) {
            Err(Errno::ADDRINUSE) => Err(Errno::ADDRINUSE),
            bound_or_broken => Ok(bound_or_broken),
        });
        bound.flatten()?;
        Ok(Self { socket })
    }

    /// Where nobody answers.
    ///
    /// # Errors
    ///
    /// None that are known: when the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        Ok(getsockname(&self.socket)?.try_into()?)
    }
}

/// Closed on exec: a server that is started meanwhile would else hold the port for its whole life.
fn socket_for_binding() -> rustix::io::Result<OwnedFd> {
    socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::process::Command;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    fn bind_plainly(port: u16) -> rustix::io::Result<()> {
        bind(&socket_for_binding()?, &SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// What a test waits for would else be taken by another, or never be there.
    #[test]
    fn a_server_may_start_on_a_held_port() {
        let held = Held::any().unwrap();
        let server = TcpListener::bind(held.address().unwrap()).unwrap();
        TcpStream::connect(server.local_addr().unwrap()).unwrap();
    }

    #[test]
    fn a_held_port_refuses_and_is_free_afterwards() {
        let [port] = free().unwrap();
        let held = Held::new(port).unwrap();
        let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(bind_plainly(port), Err(Errno::ADDRINUSE));
        drop(held);
        assert_is_free(port);
    }

    /// Its copy in a program that another thread is starting is no reason to fail.
    #[test]
    fn a_port_whose_socket_is_just_being_closed_is_waited_for() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (begin, begun) = mpsc::channel();
        let closing = thread::spawn(move || {
            begun.recv().unwrap();
            // Long enough for the first attempt, which has to find it open.
            thread::sleep(Duration::from_millis(200));
            drop(listener);
        });
        assert_eq!(bind_plainly(port), Err(Errno::ADDRINUSE));
        begin.send(()).unwrap();
        Held::new(port).unwrap();
        closing.join().unwrap();
    }

    #[test]
    fn a_program_that_is_started_meanwhile_does_not_hold_the_port() {
        let [port] = free().unwrap();
        let held = Held::new(port).unwrap();
        // It lives until its standard input ends.
        let mut program =
            Command::new("cat").stdin(std::process::Stdio::piped()).spawn().expect("cat starts");
        drop(held);
        assert_is_free(port);
        drop(program.stdin.take());
        assert!(program.wait().unwrap().success());
    }

    #[track_caller]
    fn assert_is_free(port: u16) {
        wait::until("the port to be free", COPIES_ARE_GONE_WITHIN, || bind_plainly(port));
    }
}
