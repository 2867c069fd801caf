//! Who this process is: its name, and its incarnation among all that ever had the name (I8).

use crate::sidecar::note::Note;
use anyhow::{Context, bail};
use hotseat_core::lock::Incarnation;
use std::fmt::Display;
use std::os::unix::net::UnixListener;
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
    /// Takes the name for this process, in this election of the API server at `server`, and on this
    /// site.
    ///
    /// The site is the pod's network namespace, the pod's UID if it is known, and the server. An
    /// abstract socket in that namespace, named for the same server, proves that no other process
    /// there uses the name: whoever had it before is dead, and its last record may be taken over at
    /// once (see [`Note`]). Two processes that reach one cluster by two addresses are of two sites,
    /// so neither takes the other for dead.
    ///
    /// Where the system does not tell its boot or the namespace, the site is this process's alone:
    /// nothing is proved then, and the next process waits for the lease to run out.
    ///
    /// # Errors
    ///
    /// Another live process of the site uses the name in this election.
    pub fn take(
        name: &str,
        server: &str,
        namespace: &str,
        election: &str,
    ) -> anyhow::Result<Identity> {
        // An address may hold a password.
        let server = short_digest(server);
        let socket = format!("hotseat/{server}/{namespace}/{election}/{name}");
        // An abstract address has 107 bytes at most; a long one is replaced by its digest.
        let socket = match socket.len() {
            0..=100 => socket,
            _ => format!("hotseat/{}", hotseat_engine::digest(socket.as_bytes())),
        };
        let exclusive = match listen(&socket) {
            Ok(listener) => listener,
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
                "--id {name}: another process here already campaigns for {namespace}/{election} under this name: give each its own --id"
            ),
            Err(error) => return Err(error).context("the name cannot be reserved"),
        };
        let nonce = random()?;
        let site = match site(Path::new("/proc")) {
            Ok(site) => format!("{site}.{server}"),
            Err(reason) => {
                tracing::warn!(
                    %reason,
                    "after a restart the seat is not taken over at once: its lease has to run out"
                );
                format!("alone.{}", random()?)
            }
        };
        let incarnation = Incarnation { site, nonce, home: None };
        let note = Note::beside(&socket, &incarnation);
        Ok(Identity { name: name.to_owned(), incarnation, note, _exclusive: exclusive })
    }
}

/// Takes an abstract name, which nobody else can take until this process ends.
#[cfg(target_os = "linux")]
fn listen(socket: &str) -> std::io::Result<UnixListener> {
    use std::os::linux::net::SocketAddrExt;

    let address = std::os::unix::net::SocketAddr::from_abstract_name(socket)?;
    UnixListener::bind_addr(&address)
}

/// Only Linux has abstract names.
#[cfg(not(target_os = "linux"))]
fn listen(_socket: &str) -> std::io::Result<UnixListener> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// The place whose processes share the abstract socket names: a network namespace of one boot, and
/// the pod in it. The error says what is missing; gVisor, for one, tells no boot.
fn site(proc: &Path) -> Result<String, String> {
    let missing = |path: &Path, what, why: &dyn Display| {
        Err(format!("{}: {what} is not known ({why})", path.display()))
    };
    let path = proc.join("sys/kernel/random/boot_id");
    let boot = match std::fs::read_to_string(&path) {
        Ok(boot) => boot.trim().to_owned(),
        Err(error) => return missing(&path, "the boot", &error),
    };
    // A place-holder is the same on every machine and after every boot.
    if !boot.contains(|c: char| c.is_ascii_hexdigit() && c != '0') {
        return missing(&path, "the boot", &"it has no id in it");
    }
    let path = proc.join("self/ns/net");
    let network = match std::fs::read_link(&path) {
        Ok(network) => network.to_string_lossy().chars().filter(char::is_ascii_digit).collect(),
        Err(error) => return missing(&path, "the network namespace", &error),
    };
    let pod = std::env::var("POD_UID").unwrap_or_default();
    Ok([boot, network, pod.trim().to_owned()].join("."))
}

/// 16 hexadecimal digits.
fn short_digest(text: &str) -> String {
    let mut digest = hotseat_text::Digest::of(text.as_bytes()).hex();
    digest.truncate(16);
    digest
}

/// 16 hexadecimal digits by chance.
fn random() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).context("no random bytes")?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

/// The host's name, the last resort for a candidate's name.
pub fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "https://10.0.0.1:6443/";

    #[test]
    fn a_name_is_taken_once_for_each_election() {
        let election = format!("e{}", std::process::id());
        let first = Identity::take("a", SERVER, "default", &election).unwrap();
        let error = Identity::take("a", SERVER, "default", &election).unwrap_err().to_string();
        assert!(error.contains("already campaigns"), "{error}");
        let other = Identity::take("b", SERVER, "default", &election).unwrap();
        assert_eq!(first.incarnation.site, other.incarnation.site);
        assert_ne!(first.incarnation.nonce, other.incarnation.nonce);
        drop(first);
        Identity::take("a", SERVER, "default", &election).unwrap();
    }

    #[test]
    fn the_same_name_on_another_server_is_of_another_site() {
        let election = format!("s{}", std::process::id());
        let first = Identity::take("a", SERVER, "default", &election).unwrap();
        let elsewhere = "https://10.0.0.2:6443/";
        let second = Identity::take("a", elsewhere, "default", &election).unwrap();
        // Not of one site: neither may take the other's record for a dead process's.
        assert_ne!(first.incarnation.site, second.incarnation.site);
    }

    #[test]
    fn a_boot_without_an_id_makes_no_site() {
        let proc = tempfile::tempdir().unwrap();
        let path = proc.path().join("sys/kernel/random/boot_id");
        let told = |proc: &Path| site(proc).unwrap_err();
        assert!(told(proc.path()).contains("boot_id: the boot is not known (No such file"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        for place_holder in ["", "\n", "00000000-0000-0000-0000-000000000000\n"] {
            std::fs::write(&path, place_holder).unwrap();
            assert!(told(proc.path()).ends_with("it has no id in it)"), "{place_holder:?}");
        }
        std::fs::write(&path, "3f1e2a90-0000-4000-8000-000000000000\n").unwrap();
        let reason = told(proc.path());
        assert!(reason.contains("/self/ns/net: the network namespace is not known"), "{reason}");
        std::fs::create_dir_all(proc.path().join("self/ns")).unwrap();
        let link = proc.path().join("self/ns/net");
        std::os::unix::fs::symlink("net:[4026531840]", link).unwrap();
        let site = site(proc.path()).unwrap();
        assert!(site.starts_with("3f1e2a90-0000-4000-8000-000000000000.4026531840."), "{site}");
    }
}
