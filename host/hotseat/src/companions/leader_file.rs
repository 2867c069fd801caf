//! `--leader-file`: who leads, as a file, for applications that watch one.
//!
//! A file cannot expire, so it says until when it holds, on the clock that goes on in suspend
//! (`CLOCK_BOOTTIME`), and of which boot. It is replaced by renaming, so that whoever opens it reads a
//! whole document; at each renewal, at each change of the leader, and when what it says has expired. It
//! is late by what the disk takes, and never true for longer than it says.

use anyhow::{Context as _, bail};
use hotseat_core::time::{Moment, millis};
use hotseat_core::view::View;
use hotseat_election::clock::{self, Alarm};
use hotseat_election::{Recurring, Status};
use serde::Serialize;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use tokio::sync::watch;

/// What the file has, as one JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Document<'a> {
    /// Who leads; empty if nobody is known to.
    name: &'a str,
    /// Whether this candidate leads.
    #[serde(rename = "self")]
    leads: bool,
    /// This candidate's own name.
    identity: &'a str,
    /// The fencing token; null unless it leads.
    token: Option<u64>,
    namespace: &'a str,
    election: &'a str,
    /// The file says nothing any more when `CLOCK_BOOTTIME` shows this or more; 0 if nobody leads.
    valid_until_boottime_ms: u64,
    /// The boot that this clock counts from, as `/proc/sys/kernel/random/boot_id` has it.
    boot_id: &'a str,
}

/// The file, and the election that it tells of.
pub(crate) struct LeaderFile {
    path: PathBuf,
    status: Status,
    over: watch::Receiver<bool>,
    boot: String,
    failing: Recurring,
}

impl LeaderFile {
    /// The file at that path, until `over` says so. What an earlier process left there is replaced at
    /// once by a file that says that nobody is known to lead.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(crate) fn begin(
        path: PathBuf,
        status: Status,
        over: watch::Receiver<bool>,
    ) -> anyhow::Result<LeaderFile> {
        if path.is_dir() {
            bail!("--leader-file {}: this is a folder: give a file in it", path.display());
        }
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let boot = boot.trim().to_owned();
        let file = LeaderFile { path, status, over, boot, failing: Recurring::default() };
        let view = file.status.view();
        file.write(&view, clock::now()).with_context(|| {
            format!(
                "--leader-file {}: cannot be written: give a file in a folder that this user may write to, such as an emptyDir",
                file.path.display()
            )
        })?;
        Ok(file)
    }

    /// Writes it at each change, and removes it in the end.
    ///
    /// # Errors
    ///
    /// The system gives no timer.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        let mut views = self.status.views();
        let alarm = Alarm::new()?;
        loop {
            let view = views.borrow_and_update().clone();
            let now = clock::now();
            let result = self.write(&view, now);
            self.report(result);
            let holds = view.remaining(now);
            alarm.set(if holds.is_zero() { Moment::NEVER } else { now + holds })?;
            tokio::select! {
                biased;
                changed = self.over.changed() => {
                    if changed.is_err() || *self.over.borrow() {
                        break;
                    }
                }
                changed = views.changed() => if changed.is_err() { break },
                rung = alarm.ring() => rung?,
            }
        }
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %self.path.display(), "the leader's file stays behind");
            }
            _ => {}
        }
        Ok(())
    }

    fn report(&mut self, result: io::Result<()>) {
        let path = self.path.display();
        let Err(error) = result else {
            if self.failing.worked().is_some() {
                tracing::info!(%path, "the leader's file is written again");
            }
            return;
        };
        if let Some(times) = self.failing.failed(clock::now(), &error.to_string()) {
            tracing::warn!(%error, times, %path, "the leader's file cannot be written: what it says holds until the moment in it");
        }
    }

    fn write(&self, view: &View, now: Moment) -> io::Result<()> {
        let name = view.leader(now);
        let leads = view.leads(now);
        let until = (!name.is_empty()).then(|| now + view.remaining(now));
        let document = Document {
            name,
            leads,
            identity: &view.identity,
            token: view.term.as_ref().filter(|_| leads).map(|term| term.token.0),
            namespace: self.status.election().namespace(),
            election: self.status.election().name(),
            valid_until_boottime_ms: until.map_or(0, |until| millis(until.since_origin())),
            boot_id: &self.boot,
        };
        let mut text = serde_json::to_vec(&document)?;
        text.push(b'\n');
        replace(&self.path, &text)
    }
}

/// Puts a whole file in place of another in one step; a symbolic link there is replaced and not
/// followed.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = path.with_file_name(name);
    // What an earlier try left.
    let _ = fs::remove_file(&fresh);
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(&fresh)
        .and_then(|mut file| file.write_all(text))
        .and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("leader.json"), folder.path().join("other"));
        fs::write(&other, "kept").unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        replace(&path, b"one").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(fs::read_to_string(&other).unwrap(), "kept");
        let open = fs::File::open(&path).unwrap();
        replace(&path, b"two and more").unwrap();
        assert_eq!(
            io::read_to_string(open).unwrap(),
            "one",
            "who has it open reads what was there"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
        assert!(replace(&folder.path().join("no/such"), b"x").is_err());
    }
}
