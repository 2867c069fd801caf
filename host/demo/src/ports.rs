//! The ports of the candidates: checked before anybody is started.

use anyhow::{Context, bail};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

/// Makes sure that a candidate can listen on each of these ports of the loopback address. 0 is
/// the system's choice.
///
/// # Errors
///
/// Names the first port that is taken, is there twice, or must not be used.
pub fn check_free(ports: &[u16]) -> anyhow::Result<()> {
    let mut held = Vec::with_capacity(ports.len());
    for (index, &port) in ports.iter().enumerate() {
        if port != 0 && ports[..index].contains(&port) {
            bail!("port {port}: given to two candidates: give each its own");
        }
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => held.push(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
                "port {port}: in use by another process: end that one, or give the first of \
                 three free ports with --port"
            ),
            Err(error) => {
                return Err(error).with_context(|| format!("port {port}: cannot be listened on"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_taken_port_is_named_with_the_remedy() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = check_free(&[0, port, 0]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("port {port}: in use")), "{error}");
        assert!(error.contains("--port"), "{error}");
        drop(taken);
        // A program that a test beside this one is starting has a copy of the socket until it runs.
        let begin = Instant::now();
        while check_free(&[port, 0]).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(10), "port {port} is still in use");
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn one_port_is_not_for_two() {
        let error = check_free(&[65001, 65001]).unwrap_err().to_string();
        assert!(error.contains("two candidates"), "{error}");
    }

    #[test]
    fn the_system_may_choose_all() {
        check_free(&[0, 0, 0]).unwrap();
    }
}
