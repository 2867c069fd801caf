//! Where this process runs, as far as its end can be proved by what a kubelet reports (I15).
//!
//! A kubelet gives each instance of a container a file of its own for its last words, by the path
//! `pods/UID/containers/NAME/INSTANCE`, and mounts it into that instance alone. `/proc/self/mountinfo`
//! shows the path from the inside: it tells the pod and the container without anybody's word for it.
//! What this process writes there comes back in the report of that instance's end, and of no other's.
//!
//! It is the end of this process only if the container cannot end without it. That is so for the first
//! process of a PID namespace: the kernel ends all others with it, and a container's end is the first
//! process's. In a PID namespace that containers share another process is the first, so there nothing
//! is written, and the end of the whole pod alone counts.

use hotseat_core::lock::Home;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What says where this process runs.
const MOUNTS: &str = "/proc/self/mountinfo";
/// The id of the first process of a PID namespace, within it.
const FIRST: u32 = 1;

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// Goes into the lock with each write.
    pub home: Home,
    /// Where the last words go; none where they would prove nothing, for the reason that comes with it.
    pub last_words: Result<LastWords, String>,
}

/// The termination log of this process's container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWords {
    path: PathBuf,
}

/// Looks for it. `pod` is the name to be looked for by others; `uid` is what the manifest says of the
/// pod's UID, if it says something. `nonce` is this process's, `reaction` how long its application acts
/// after its end.
///
/// # Errors
///
/// Why the end of this process cannot be proved.
pub fn find(
    pod: &str,
    uid: Option<&str>,
    nonce: &str,
    reaction: Duration,
) -> Result<Found, String> {
    let mounts = std::fs::read_to_string(MOUNTS).map_err(|error| format!("{MOUNTS}: {error}"))?;
    let mut found = find_in(&mounts, pod, uid, nonce, std::process::id())?;
    // In whole milliseconds, as it stands in the lock; never less.
    let millis = u64::try_from(reaction.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    found.home.reaction = Duration::from_millis(millis);
    Ok(found)
}

fn find_in(
    mounts: &str,
    pod: &str,
    uid: Option<&str>,
    nonce: &str,
    process: u32,
) -> Result<Found, String> {
    let log = TerminationLog::of(mounts)?;
    if let Some(said) = uid.filter(|said| *said != log.uid) {
        return Err(format!(
            "POD_UID is {said}, and the kubelet mounted a file of the pod {}",
            log.uid
        ));
    }
    let is_first = process == FIRST;
    let last_words = match is_first {
        true => LastWords::begin(&log.path, nonce),
        false => Err("this process is not the first of its container, or containers share their \
                      processes: its container may end without it"
            .to_owned()),
    };
    let container = last_words.is_ok().then_some(log.container);
    let home = Home { pod: pod.to_owned(), uid: log.uid, container, reaction: Duration::ZERO };
    Ok(Found { home, last_words })
}

impl LastWords {
    /// Lays the nonce down: whoever reads it in the report of an end knows whose end it is.
    fn begin(path: &Path, nonce: &str) -> Result<LastWords, String> {
        let words = LastWords { path: path.to_owned() };
        words.add(&hotseat_kubernetes::last_words(nonce)).map(|()| words)
    }

    /// Adds what people should read of this container's end.
    ///
    /// # Errors
    ///
    /// It could not be written, in one line.
    pub fn add(&self, line: &str) -> Result<(), String> {
        let added = OpenOptions::new()
            .append(true)
            .open(&self.path)
            .and_then(|mut file| writeln!(file, "{line}"));
        added.map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// The file that the kubelet made for the last words of this instance of this container.
#[derive(Debug, PartialEq, Eq)]
struct TerminationLog {
    uid: String,
    container: String,
    /// Where it is mounted.
    path: PathBuf,
}

impl TerminationLog {
    /// The one that is mounted. Of two, somebody has mounted what is not this container's.
    fn of(mounts: &str) -> Result<TerminationLog, String> {
        let mut found = mounts.lines().filter_map(TerminationLog::of_mount);
        match (found.next(), found.next()) {
            (Some(log), None) => Ok(log),
            (None, _) => {
                Err(format!("{MOUNTS} shows no termination log of a kubelet's: this is not a pod"))
            }
            (Some(_), Some(_)) => Err(format!("{MOUNTS} shows several termination logs")),
        }
    }

    /// A line: an id, its parent's, the device, the path within the file system, where it is mounted.
    fn of_mount(line: &str) -> Option<TerminationLog> {
        let mut fields = line.split(' ').skip(3);
        let (root, path) = (fields.next()?, fields.next()?);
        let mut parts = root.rsplit('/');
        let (instance, container) = (parts.next()?, parts.next()?);
        let (containers, uid, pods) = (parts.next()?, parts.next()?, parts.next()?);
        let is_one = containers == "containers" && pods == "pods";
        let all = [instance, container, uid];
        (is_one && all.iter().all(|part| !part.is_empty())).then(|| TerminationLog {
            uid: uid.to_owned(),
            container: container.to_owned(),
            path: PathBuf::from(unescaped(path)),
        })
    }
}

/// The kernel writes spaces, tabs, line ends and backslashes as three octal digits.
fn unescaped(field: &str) -> String {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.iter().fold(field.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "9e1c0c5e-0000-4000-8000-000000000001";

    /// As containerd and a kubelet leave it, with the log mounted there.
    fn mounts(path: &str) -> String {
        format!(
            "1085 942 0:131 / / ro,relatime master:293 - overlay overlay rw,lowerdir=/a:/b\n\
             1086 1085 0:133 / /proc rw,nosuid - proc proc rw\n\
             1090 1085 8:1 /var/lib/kubelet/pods/{UID}/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw\n\
             1091 1085 8:1 /var/lib/kubelet/pods/{UID}/containers/hotseat/0a1b2c3d {path} rw - ext4 /dev/sda1 rw\n\
             1092 1085 8:1 /var/lib/containerd/sandboxes/5e5e/hostname /etc/hostname ro - ext4 /dev/sda1 rw\n\
             1093 1085 0:120 / /var/run/secrets/kubernetes.io/serviceaccount ro - tmpfs tmpfs rw\n"
        )
    }

    fn in_a_folder(process: u32) -> (Found, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("termination log");
        std::fs::write(&path, "").unwrap();
        let escaped = path.display().to_string().replace(' ', "\\040");
        let found = find_in(&mounts(&escaped), "web-0", Some(UID), "abc", process).unwrap();
        if let Ok(words) = &found.last_words {
            words.add("error: out of luck").unwrap();
        }
        (found, std::fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn the_first_process_of_a_container_knows_it_and_leaves_word() {
        let (found, written) = in_a_folder(FIRST);
        assert_eq!((found.home.pod.as_str(), found.home.uid.as_str()), ("web-0", UID));
        assert_eq!(found.home.container.as_deref(), Some("hotseat"));
        assert_eq!(written, "hotseat-process=abc;\nerror: out of luck\n");
    }

    #[test]
    fn another_process_knows_its_pod_alone() {
        let (found, written) = in_a_folder(7);
        assert_eq!((found.home.uid.as_str(), found.home.container), (UID, None));
        assert!(found.last_words.unwrap_err().contains("may end without it"));
        assert_eq!(written, "");
    }

    /// The kubelet made no such file here, or it is not to be written.
    #[test]
    fn a_log_that_cannot_be_written_proves_nothing() {
        let found = find_in(&mounts("/does/not/exist"), "web-0", None, "abc", FIRST).unwrap();
        assert_eq!(found.home.container, None);
        assert!(found.last_words.unwrap_err().starts_with("/does/not/exist: No such file"));
    }

    #[test]
    fn what_is_not_beyond_doubt_is_no_home() {
        let refused = |mounts: &str, uid| find_in(mounts, "web-0", uid, "abc", FIRST).unwrap_err();
        let why = refused(&mounts("/dev/termination-log"), Some("another"));
        assert!(why.starts_with("POD_UID is another, and the kubelet"), "{why}");
        assert!(refused("", None).contains("no termination log"));
        let other_mounts = mounts("/x").replace("/containers/", "/volumes/");
        assert!(refused(&other_mounts, None).contains("this is not a pod"));
        let twice = mounts("/dev/termination-log") + &mounts("/host/log");
        assert!(refused(&twice, None).contains("several termination logs"));
        for root in
            ["/pods//containers/hotseat/1", "/pods/u/containers//1", "/pods/u/containers/a/"]
        {
            let line = format!("1 2 8:1 {root} /x rw - ext4 /dev/sda1 rw");
            assert!(refused(&line, None).contains("no termination log"), "{root}");
        }
    }

    /// This test runs in no pod, or it would not have been built there.
    #[test]
    fn this_machine_is_read() {
        let found = find("web-0", None, "abc", Duration::ZERO);
        assert!(found.is_err() || found.unwrap().home.container.is_none());
    }
}
