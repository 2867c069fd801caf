//! Who this process is: its name, and its incarnation among all that ever had the name (I8).

use crate::note::Note;
use anyhow::{Context, bail};
use hotseat_core::lock::Incarnation;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

/// An incarnation, and the proof that no other process of its site has the name.
#[derive(Debug)]
pub struct Identity {
    /// The name in the lock.
    pub name: String,
    /// This process.
    pub incarnation: Incarnation,
    /// The note of its last write, and of that of the process before it.
    pub note: Note,
    /// Held for as long as the process lives; the kernel lets go of it when the process dies,
    /// however it dies.
    _exclusive: UnixListener,
}

impl Identity {
    /// Takes the name for this process, in this election and on this site.
    ///
    /// The site is the pod's network namespace, and the pod's UID if it is known. An abstract
    /// socket in that namespace proves that no other process there uses the name: whoever had it
    /// before is dead, and its last record may be taken over at once (see [`Note`]).
    ///
    /// # Errors
    ///
    /// Another live process of the site uses the name in this election.
    pub fn take(name: &str, namespace: &str, election: &str) -> anyhow::Result<Identity> {
        let socket = format!("hotseat/{namespace}/{election}/{name}");
        // An abstract address has 107 bytes at most; a long one is told apart by its digest.
        let socket = match socket.len() {
            0..=100 => socket,
            _ => format!("hotseat/{}", hotseat_engine::digest(socket.as_bytes())),
        };
        let address = SocketAddr::from_abstract_name(&socket).context("no abstract address")?;
        let exclusive = match UnixListener::bind_addr(&address) {
            Ok(listener) => listener,
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
                "--id {name}: another process here already campaigns for {namespace}/{election} under this name: give each its own --id"
            ),
            Err(error) => return Err(error).context("the name cannot be reserved"),
        };
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce).context("no random bytes")?;
        let incarnation =
            Incarnation { site: site()?, nonce: format!("{:016x}", u64::from_ne_bytes(nonce)) };
        let note = Note::beside(&socket, &incarnation);
        Ok(Identity { name: name.to_owned(), incarnation, note, _exclusive: exclusive })
    }
}

/// The place whose processes share the abstract socket names: a network namespace of one boot, and
/// the pod in it.
fn site() -> anyhow::Result<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .context("/proc/sys/kernel/random/boot_id: the boot cannot be told")?;
    let network = std::fs::read_link(Path::new("/proc/self/ns/net"))
        .context("/proc/self/ns/net: the network namespace cannot be told")?;
    let network: String = network.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    let pod = std::env::var("POD_UID").unwrap_or_default();
    Ok([boot.trim(), &network, pod.trim()].join("."))
}

/// The host's name, the last resort for a candidate's name.
pub fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_once_for_each_election() {
        let election = format!("e{}", std::process::id());
        let first = Identity::take("a", "default", &election).unwrap();
        let error = Identity::take("a", "default", &election).unwrap_err().to_string();
        assert!(error.contains("already campaigns"), "{error}");
        let other = Identity::take("b", "default", &election).unwrap();
        assert_eq!(first.incarnation.site, other.incarnation.site);
        assert_ne!(first.incarnation.nonce, other.incarnation.nonce);
        drop(first);
        Identity::take("a", "default", &election).unwrap();
    }
}
