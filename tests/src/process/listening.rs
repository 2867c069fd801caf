//! Where a process listens, by what the kernel says of its sockets.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, anyhow};

/// The state of a socket that listens, in `/proc/PID/net/tcp`.
const LISTENS: &str = "0A";

/// The first address of IPv4 on which the process listens.
pub(super) fn of(pid: u32) -> anyhow::Result<SocketAddr> {
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp"))?;
    for open in fs::read_dir(format!("/proc/{pid}/fd"))? {
        // It may have been closed since.
        let Ok(target) = fs::read_link(open?.path()) else { continue };
        let target = target.to_string_lossy();
        let inode = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        let Some(inode) = inode else { continue };
        if let Some(address) = table.lines().find_map(|line| listener(line, inode)) {
            return address;
        }
    }
    Err(anyhow!("process {pid} listens nowhere"))
}

/// The address in a line of the table, if it is of that socket and listens.
fn listener(line: &str, inode: &str) -> Option<anyhow::Result<SocketAddr>> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state) = (fields.get(1)?, fields.get(3)?);
    (*state == LISTENS && *fields.get(9)? == inode).then(|| parse(local))
}

/// `0100007F:0FC8` is 127.0.0.1:4040: the address as its four bytes lie in memory.
fn parse(text: &str) -> anyhow::Result<SocketAddr> {
    let (address, port) = text.split_once(':').context("no port")?;
    let address = Ipv4Addr::from(u32::from_str_radix(address, 16)?.to_ne_bytes());
    Ok((address, u16::from_str_radix(port, 16)?).into())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_kernel_tells_where_a_process_listens() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let own = listener.local_addr().unwrap();
        // Other tests of this process may listen, too.
        let found = of(std::process::id()).unwrap();
        assert_eq!(found.ip(), own.ip());
        assert_eq!(parse(&format!("0100007F:{:04X}", own.port())).unwrap(), own);
    }
}
