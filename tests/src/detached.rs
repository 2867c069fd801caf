//! A cluster that stays when the process that started it ends: what `hotseat-cluster` does.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

use crate::cluster::Kind;
use crate::cluster::plan::{Call, Plan};

/// How long a program may take to end by SIGTERM before SIGKILL.
const TERM_WITHIN: Duration = Duration::from_secs(10);

/// The cluster's place: `cluster` in [`cache_folder`].
pub struct Detached {
    folder: PathBuf,
    // Held for as long as this value is, so that two calls do not mix.
    _lock: File,
}

/// What [`Detached::up`] found or made.
#[derive(Debug, PartialEq, Eq)]
pub struct Up {
    /// The admin's kubeconfig.
    pub kubeconfig: PathBuf,
    /// Whether it ran before the call.
    pub ran_already: bool,
}

impl Detached {
    /// Takes the place for this process, and waits while another call has it.
    ///
    /// # Errors
    ///
    /// When the cache folder cannot be written.
    pub fn open() -> anyhow::Result<Self> {
        Self::open_in(&cache_folder())
    }

    fn open_in(cache: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(cache).with_context(|| format!("cannot make {}", cache.display()))?;
        // Absolute, since it becomes part of a kubeconfig.
        let cache = cache.canonicalize()?;
        let lock = File::create(cache.join("cluster.lock")).context("cannot make a lock file")?;
        lock.lock().context("cannot lock the cache folder")?;
        Ok(Self { folder: cache.join("cluster"), _lock: lock })
    }

    /// Starts a cluster unless it runs.
    ///
    /// # Errors
    ///
    /// When it cannot be started; then nothing is left running.
    pub fn up(&self, kind: Kind) -> anyhow::Result<Up> {
        let record = self.read()?;
        if let Some(record) = &record {
            if record.programs.iter().all(|program| program.find().is_some()) {
                return Ok(Up { kubeconfig: record.kubeconfig.clone(), ran_already: true });
            }
            // One of the two has died: what is left is of no use.
            self.down()?;
        }
        self.clear()?;
        // The admin's key is nobody else's business.
        DirBuilder::new()
            .mode(0o700)
            .create(&self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))?;
        let plan = Plan::write(&self.folder, kind, true)?;
        let mut record = Record { kubeconfig: plan.kubeconfig(), programs: vec![] };
        let ready = [plan.etcd(), plan.apiserver()]
            .iter()
            .try_for_each(|call| {
                record.programs.push(start(call)?);
                self.write(&record)
            })
            .and_then(|()| {
                plan.wait_ready(|| {
                    let dead = record.programs.iter().find(|program| program.find().is_none());
                    dead.map_or(Ok(()), |program| bail!("{} has ended", program.name))
                })
            });
        if let Err(error) = ready {
            for program in &record.programs {
                program.end()?;
            }
            let logs = self.folder.display();
            return Err(error.context(format!("the cluster did not start; its logs are in {logs}")));
        }
        Ok(Up { kubeconfig: record.kubeconfig, ran_already: false })
    }

    /// Ends the cluster and removes its data; `false` if none ran.
    ///
    /// # Errors
    ///
    /// When a program cannot be ended.
    pub fn down(&self) -> anyhow::Result<bool> {
        let Some(record) = self.read()? else {
            return Ok(false);
        };
        let mut ran = false;
        // The API server first: it needs etcd to end well.
        for program in record.programs.iter().rev() {
            ran |= program.end().with_context(|| format!("cannot end {}", program.name))?;
        }
        self.clear()?;
        Ok(ran)
    }

    fn record_file(&self) -> PathBuf {
        self.folder.join("running.json")
    }

    fn read(&self) -> anyhow::Result<Option<Record>> {
        let path = self.record_file();
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .with_context(|| format!("{} is damaged: remove it", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    fn write(&self, record: &Record) -> anyhow::Result<()> {
        let path = self.record_file();
        fs::write(&path, serde_json::to_vec(record)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn clear(&self) -> anyhow::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.folder.display()))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Record {
    kubeconfig: PathBuf,
    programs: Vec<Program>,
}

/// A process, known from a later one of the same id by when it started.
#[derive(Serialize, Deserialize)]
struct Program {
    name: String,
    pid: i32,
    /// Clock ticks between the machine's boot and the start.
    started: u64,
}

/// Starts a program in a session of its own, so that a closed terminal does not end it.
fn start(call: &Call) -> anyhow::Result<Program> {
    let mut command = Command::new("setsid");
    command.arg(&call.program);
    call.complete(&mut command)?;
    let child = command.spawn().context("cannot run setsid")?;
    let pid = Pid::from_child(&child).as_raw_nonzero().get();
    let name = call.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let started = start_time(pid).with_context(|| format!("{name} has ended at once"))?;
    Ok(Program { name, pid, started })
}

impl Program {
    /// A handle of the process, if it still runs.
    fn find(&self) -> Option<OwnedFd> {
        // The handle comes first: after it the id can no longer pass to another process unnoticed.
        let handle = pidfd_open(Pid::from_raw(self.pid)?, PidfdFlags::empty()).ok()?;
        (start_time(self.pid) == Some(self.started)).then_some(handle)
    }

    /// Ends the process, and waits for its end; `false` if it did not run.
    fn end(&self) -> anyhow::Result<bool> {
        let Some(handle) = self.find() else {
            return Ok(false);
        };
        for signal in [Signal::TERM, Signal::KILL] {
            pidfd_send_signal(&handle, signal)?;
            let limit = Timespec::try_from(TERM_WITHIN)?;
            // A process's handle becomes readable when it ends.
            if poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&limit))? > 0 {
                return Ok(true);
            }
        }
        bail!("process {} did not end by SIGKILL", self.pid)
    }
}

/// Field 22 of `/proc/PID/stat`; none if there is no such process, or only its remains.
fn start_time(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, the name in brackets, may hold spaces and brackets itself.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// Where things are kept from run to run: `$HOTSEAT_CACHE`, or `hotseat` in the user's cache. The
/// scripts in `tests/setup` and `guest/setup` say the same.
fn cache_folder() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let user = || folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    folder("HOTSEAT_CACHE")
        .or_else(|| Some(user()?.join("hotseat")))
        .unwrap_or_else(|| Path::new("/tmp/hotseat").to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::id;

    use super::*;
    use crate::lifeline::ScratchDir;

    #[test]
    fn a_process_id_in_other_hands_is_left_alone() {
        let pid = i32::try_from(id()).unwrap();
        let started = start_time(pid).unwrap();
        let me = |started| Program { name: "me".into(), pid, started };
        assert!(me(started).find().is_some());
        assert!(me(started + 1).find().is_none());
        assert!(!me(started + 1).end().unwrap());
    }

    #[test]
    fn down_without_up_says_so() {
        let cache = ScratchDir::new("hotseat-detached-").unwrap();
        assert!(!Detached::open_in(cache.path()).unwrap().down().unwrap());
    }

    #[test]
    fn a_damaged_record_is_named() {
        let cache = ScratchDir::new("hotseat-detached-").unwrap();
        let detached = Detached::open_in(cache.path()).unwrap();
        fs::create_dir_all(&detached.folder).unwrap();
        fs::write(detached.record_file(), "{").unwrap();
        let error = detached.down().unwrap_err();
        assert!(error.to_string().contains("running.json is damaged"), "{error:#}");
    }
}
