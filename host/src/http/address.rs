//! The address to listen on, as Go's `net.Listen` understands it.

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType, sockopt};
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;
/// The kernel's buffer for each direction of a connection, in bytes. The kernel would let it grow
/// to megabytes for a client that does not read, and bills that to the sidecar's memory limit.
const SOCKET_BUFFER: usize = 64 * 1024;

/// Why the server cannot listen. One line that names the address, the reason and the mend.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// It is no address.
    #[error("--http {address}: {reason}: give HOST:PORT, such as 0.0.0.0:4040 or :4040")]
    Syntax {
        /// As it was given.
        address: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The host name means nothing.
    #[error("--http {address}: the host name does not resolve ({cause}): give an IP address")]
    Unresolved {
        /// As it was given.
        address: String,
        /// As the resolver says.
        cause: Error,
    },
    /// Somebody else listens there.
    #[error(
        "--http {address}: the address is in use by another process: free the port or give another"
    )]
    InUse {
        /// As it was given.
        address: String,
    },
    /// No interface has the address.
    #[error("--http {address}: no interface here has this address: give one of its own or :PORT")]
    NotHere {
        /// As it was given.
        address: String,
    },
    /// The process may not listen there.
    #[error("--http {address}: not allowed to listen there: give a port from 1024 up")]
    Denied {
        /// As it was given.
        address: String,
    },
    /// The system refused for another reason.
    #[error("--http {address}: cannot listen: {cause}")]
    System {
        /// As it was given.
        address: String,
        /// As the system says.
        cause: Error,
    },
}

/// Listens on `HOST:PORT`; an empty host is every address of the machine, both families if the
/// machine has both. The listener does not block.
pub(super) fn listen(address: &str) -> Result<TcpListener, BindError> {
    let (host, port) = split(address)?;
    if host.is_empty() {
        let every = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        return match listen_on(every) {
            // A kernel without IPv6.
            Err(cause) if is_missing_family(&cause) => {
                listen_on(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
            }
            result => result,
        }
        .map_err(|cause| explain(address, cause));
    }
    let mut last = Error::new(ErrorKind::NotFound, "no address");
    for candidate in resolve(address, host, port)? {
        match listen_on(candidate) {
            Ok(listener) => return Ok(listener),
            Err(cause) => last = cause,
        }
    }
    Err(explain(address, last))
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

/// The addresses of a host, IPv4 first as in Go: a client that is told `localhost` tries
/// 127.0.0.1 sooner or later, but not always ::1.
fn resolve(address: &str, host: &str, port: u16) -> Result<Vec<SocketAddr>, BindError> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::from((ip, port))]);
    }
    let found = (host, port).to_socket_addrs();
    let mut found: Vec<SocketAddr> = found
        .map_err(|cause| BindError::Unresolved { address: address.to_owned(), cause })?
        .collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    Ok(found)
}

fn listen_on(address: SocketAddr) -> Result<TcpListener, Error> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
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

fn is_missing_family(cause: &Error) -> bool {
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
        let mend = "give HOST:PORT, such as 0.0.0.0:4040 or :4040";
        assert_eq!(refused("4040"), format!("--http 4040: it has no port: {mend}"));
        assert_eq!(
            refused("x:http"),
            format!("--http x:http: the port must be a number from 0 to 65535: {mend}")
        );
        assert_eq!(
            refused("::1:4040"),
            format!("--http ::1:4040: an IPv6 address must stand in brackets: {mend}")
        );
        assert_eq!(refused("[::1:4040"), format!("--http [::1:4040: it has [ without ]: {mend}"));
    }

    #[test]
    fn ipv4_comes_first() {
        let found = resolve("localhost:1", "localhost", 1).expect("localhost resolves");
        assert!(found[0].is_ipv4(), "{found:?}");
    }
}
