//! The address to listen on, as Go's `net.Listen` understands it.

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketType, sockopt};
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::OwnedFd;

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;
/// The kernel's buffer for each direction of a connection, in bytes. The kernel would let it grow
/// to megabytes for a client that does not read, and bills that to the sidecar's memory limit.
const SOCKET_BUFFER: usize = 64 * 1024;

/// Why the server cannot listen. One line that names the address, the reason and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// It is not an address.
    #[error("{address}: {reason}: give HOST:PORT, such as 0.0.0.0:4040 or :4040")]
    Syntax {
        /// As it was given.
        address: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The host name means nothing.
    #[error("{address}: the host name does not resolve ({cause}): give an IP address")]
    Unresolved {
        /// As it was given.
        address: String,
        /// As the resolver says.
        cause: Error,
    },
    /// Somebody else listens there.
    #[error("{address}: the address is in use by another process: free the port or give another")]
    InUse {
        /// As it was given.
        address: String,
    },
    /// No interface has the address.
    #[error("{address}: no interface here has this address: give one of its own or :PORT")]
    NotHere {
        /// As it was given.
        address: String,
    },
    /// The process may not listen there.
    #[error("{address}: not allowed to listen there: give a port from 1024 up")]
    Denied {
        /// As it was given.
        address: String,
    },
    /// The system refused for another reason.
    #[error("{address}: cannot listen: {cause}")]
    System {
        /// As it was given.
        address: String,
        /// As the system says.
        cause: Error,
    },
}

/// How often a port of the system's choosing may be taken at one of several addresses.
const MOST_TRIES: usize = 16;

/// Listens on `HOST:PORT`. An empty host, `0.0.0.0` and `[::]` are every address of the machine, of
/// both families, as in Go; `localhost` is both loopback addresses, and another name is all that it
/// resolves to. What this machine has not, such as IPv6 where that is switched off, is left out, as
/// long as something remains. The listeners do not block; there is at least one.
pub(super) fn listen(address: &str) -> Result<Vec<TcpListener>, BindError> {
    let (host, port) = split(address)?;
    let ip: Option<IpAddr> =
        if host.is_empty() { Some(Ipv6Addr::UNSPECIFIED.into()) } else { host.parse().ok() };
    match ip {
        Some(ip) if ip.is_unspecified() => listen_everywhere(port).map(|one| vec![one]),
        Some(ip) => listen_on(SocketAddr::from((ip, port))).map(|one| vec![one]),
        None => listen_on_all(&resolve(address, host, port)?),
    }
    .map_err(|cause| explain(address, cause))
}

fn listen_everywhere(port: u16) -> Result<TcpListener, Error> {
    match listen_on(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
        // A kernel without IPv6.
        Err(cause) if is_missing_here(&cause) => {
            listen_on(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
        }
        result => result,
    }
}

/// One listener for each address that this machine has, all on one port. An address that is there
/// but taken is an error: who asks for that name must not get to somebody else by chance.
fn listen_on_all(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, Error> {
    let mut tries = 0;
    'again: loop {
        tries += 1;
        let mut listeners: Vec<TcpListener> = Vec::new();
        let mut missing = Error::new(ErrorKind::NotFound, "no address");
        for &(mut address) in addresses {
            let chosen = listeners.first().map(TcpListener::local_addr).transpose()?;
            let any_port = address.port() == 0;
            if let (true, Some(chosen)) = (any_port, chosen) {
                address.set_port(chosen.port());
            }
            match listen_on(address) {
                Ok(listener) => listeners.push(listener),
                Err(cause) if is_missing_here(&cause) => missing = cause,
                Err(cause) if cause.kind() == ErrorKind::AddrInUse && any_port => {
                    if tries == MOST_TRIES {
                        return Err(cause);
                    }
                    continue 'again;
                }
                Err(cause) => return Err(cause),
            }
        }
        return if listeners.is_empty() { Err(missing) } else { Ok(listeners) };
    }
}

fn split(address: &str) -> Result<(&str, u16), BindError> {
    let syntax = |reason| BindError::Syntax { address: address.to_owned(), reason };
    let (host, port) = address.rsplit_once(':').ok_or_else(|| syntax("it has no port"))?;
    let port = port.parse().map_err(|_| syntax("the port must be a number from 0 to 65535"))?;
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or_else(|| syntax("it has [ without ]"))?;
        return Ok((inner, port));
    }
    if host.contains(':') {
        return Err(syntax("an IPv6 address must stand in brackets"));
    }
    Ok((host, port))
}

/// The addresses of a name, IPv4 first. `localhost` is what it must be by RFC 6761, whatever the
/// machine's files say: clients that know it by itself ask ::1 first.
fn resolve(address: &str, host: &str, port: u16) -> Result<Vec<SocketAddr>, BindError> {
    if host.eq_ignore_ascii_case("localhost") {
        let loopbacks: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return Ok(loopbacks.map(|ip| SocketAddr::from((ip, port))).into());
    }
    let found = (host, port).to_socket_addrs();
    let mut found: Vec<SocketAddr> = found
        .map_err(|cause| BindError::Unresolved { address: address.to_owned(), cause })?
        .collect();
    found.sort_by_key(|address| (address.is_ipv6(), address.ip()));
    found.dedup();
    Ok(found)
}

fn listen_on(address: SocketAddr) -> Result<TcpListener, Error> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let socket = socket(family)?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        sockopt::set_ipv6_v6only(&socket, false)?;
    }
    // Without it a restart would have to wait for the connections of the process before.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_send_buffer_size(&socket, SOCKET_BUFFER)?;
    sockopt::set_socket_recv_buffer_size(&socket, SOCKET_BUFFER)?;
    net::bind(&socket, &address)?;
    net::listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

/// A socket that no child inherits and nothing waits on.
#[cfg(target_os = "linux")]
fn socket(family: AddressFamily) -> Result<OwnedFd, Errno> {
    let flags = net::SocketFlags::CLOEXEC | net::SocketFlags::NONBLOCK;
    net::socket_with(family, SocketType::STREAM, flags, None)
}

/// The same in three steps, between which a child could be started.
#[cfg(not(target_os = "linux"))]
fn socket(family: AddressFamily) -> Result<OwnedFd, Errno> {
    let socket = net::socket(family, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

fn is_missing_here(cause: &Error) -> bool {
    let missing = [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL, Errno::PROTONOSUPPORT];
    cause.raw_os_error().is_some_and(|code| missing.iter().any(|e| e.raw_os_error() == code))
}

fn explain(address: &str, cause: Error) -> BindError {
    let address = address.to_owned();
    match cause.kind() {
        ErrorKind::AddrInUse => BindError::InUse { address },
        ErrorKind::AddrNotAvailable => BindError::NotHere { address },
        ErrorKind::PermissionDenied => BindError::Denied { address },
        _ => BindError::System { address, cause },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> String {
        split(address).expect_err("an error").to_string()
    }

    #[test]
    fn host_and_port_are_split_as_in_go() {
        assert_eq!(split(":4040").expect("valid"), ("", 4040));
        assert_eq!(split("localhost:0").expect("valid"), ("localhost", 0));
        assert_eq!(split("[::1]:4040").expect("valid"), ("::1", 4040));
    }

    #[test]
    fn what_is_no_address_is_refused_in_one_line() {
        let remedy = "give HOST:PORT, such as 0.0.0.0:4040 or :4040";
        assert_eq!(refused("4040"), format!("4040: it has no port: {remedy}"));
        assert_eq!(
            refused("x:http"),
            format!("x:http: the port must be a number from 0 to 65535: {remedy}")
        );
        assert_eq!(
            refused("::1:4040"),
            format!("::1:4040: an IPv6 address must stand in brackets: {remedy}")
        );
        assert_eq!(refused("[::1:4040"), format!("[::1:4040: it has [ without ]: {remedy}"));
    }

    #[test]
    fn localhost_is_both_loopbacks_and_ipv4_comes_first() {
        let found = resolve("LocalHost:1", "LocalHost", 1).expect("localhost resolves");
        let told: Vec<String> = found.iter().map(SocketAddr::to_string).collect();
        assert_eq!(told, ["127.0.0.1:1", "[::1]:1"]);
    }

    #[test]
    fn an_address_that_this_machine_has_not_is_left_out_and_one_that_is_taken_is_not() {
        let here = listen_on(([127, 0, 0, 1], 0).into()).expect("a port is free");
        let taken = here.local_addr().expect("an address");
        let foreign = SocketAddr::from(([192, 0, 2, 1], 0));
        let other = SocketAddr::from(([127, 0, 0, 2], 0));
        let found = listen_on_all(&[foreign, other]).expect("one of them is here");
        assert_eq!(found.len(), 1);
        assert!(is_missing_here(&listen_on_all(&[foreign]).expect_err("none is here")));
        let other = SocketAddr::from(([127, 0, 0, 2], taken.port()));
        let cause = listen_on_all(&[other, taken]).expect_err("one is taken");
        assert_eq!(cause.kind(), ErrorKind::AddrInUse);
    }

    #[test]
    fn a_port_of_the_system_s_choosing_is_one_for_all_addresses() {
        let all = [[127, 0, 0, 1], [127, 0, 0, 2], [127, 0, 0, 3]];
        let found = listen_on_all(&all.map(|ip| (ip, 0).into())).expect("ports are free");
        let ports: Vec<u16> =
            found.iter().map(|it| it.local_addr().expect("an address").port()).collect();
        assert!(ports.len() == 3 && ports.iter().all(|port| *port == ports[0]), "{ports:?}");
    }
}
