//! Children and folders that do not outlive the process that made them, however it ends.
//!
//! Statics are never dropped and a killed test runs no code at all, so the kernel does the work:
//! a child gets SIGKILL when its parent dies, and a folder is removed by a small shell that waits
//! for its standard input to close.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, id};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Sender};
use std::thread;

use anyhow::Context;

/// A command for `program` that is killed when this process ends; start it with [`spawn`].
///
/// It gets a process group of its own, so that Ctrl-C reaches it only through its parent's death.
#[must_use]
pub fn command(program: impl AsRef<OsStr>) -> Command {
    // `setpriv` sets the parent-death signal. The shell looks whether the parent died before that,
    // for then no signal would come. `env` sees to it that a signal which is ignored here, as under
    // `nohup`, is not ignored there. All end in exec: the child's id is the program's.
    let mut command = Command::new("env");
    command
        .args(["--default-signal", "setpriv", "--pdeathsig", "KILL", "--", "sh", "-c"])
        .arg(r#"test "$PPID" = "$0" || exit 1; exec "$@""#)
        .arg(id().to_string())
        .arg(program)
        .process_group(0);
    command
}

/// Starts a command made by [`command`].
///
/// # Errors
///
/// As [`Command::spawn`]. A program that does not exist shows as exit status 127.
pub fn spawn(command: Command) -> io::Result<Child> {
    let (answer, answered) = mpsc::channel();
    let gone = |_| io::Error::other("the thread that starts children has ended");
    match keeper() {
        Ok(keeper) => keeper
            .send((command, answer))
            .map_err(|_| io::Error::other("the thread that starts children has ended"))?,
        Err(error) => return Err(io::Error::other(error.as_str())),
    }
    answered.recv().map_err(gone)?
}

type Order = (Command, Sender<io::Result<Child>>);

/// The thread that starts all children. The kernel counts a parent as dead when the *thread* that
/// started the child ends, and test threads come and go.
fn keeper() -> &'static Result<Sender<Order>, String> {
    static KEEPER: OnceLock<Result<Sender<Order>, String>> = OnceLock::new();
    KEEPER.get_or_init(|| {
        let (orders, received) = mpsc::channel::<Order>();
        thread::Builder::new()
            .name("children".into())
            .spawn(move || {
                for (mut command, answer) in received {
                    // Who asked may have gone; then the child, unheard of, must go too.
                    if let Err(unsent) = answer.send(command.spawn())
                        && let Ok(mut child) = unsent.0
                    {
                        let _ = child.kill();
                        let _ = child.wait();
                    }
                }
            })
            .map(|_| orders)
            .map_err(|error| format!("cannot start a thread: {error}"))
    })
}

/// A new folder in the system's temporary folder, removed on drop or when this process dies.
#[derive(Debug)]
pub struct ScratchDir {
    path: PathBuf,
    remover: Child,
}

impl ScratchDir {
    /// Makes a folder whose name begins with `prefix`.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or `sh` cannot be started.
    pub fn new(prefix: &str) -> anyhow::Result<Self> {
        let path = tempfile::Builder::new()
            .prefix(prefix)
            .tempdir()
            .context("cannot make a temporary folder")?
            .keep();
        // A server that is just being killed may still write for a moment, hence the tries.
        let script = r#"read -r _; n=0
            until rm -rf -- "$1" || [ $n -ge 100 ]; do n=$((n+1)); sleep 0.1; done"#;
        let remover = Command::new("sh")
            .args(["-c", script, "remover"])
            .arg(&path)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start sh")?;
        Ok(Self { path, remover })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        // Waiting closes the remover's standard input first, which is its sign to begin.
        let _ = self.remover.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::wait;

    #[test]
    fn a_scratch_folder_goes_with_its_owner() {
        let folder = ScratchDir::new("hotseat-lifeline-").unwrap();
        let path = folder.path().to_owned();
        fs::write(path.join("file"), "x").unwrap();
        drop(folder);
        assert!(!path.exists(), "{path:?} is left");
    }

    #[test]
    fn a_child_outlives_the_thread_that_asked_for_it() {
        let mut child = thread::spawn(|| {
            let mut sleep = command("sleep");
            sleep.arg("600");
            spawn(sleep).unwrap()
        })
        .join()
        .unwrap();
        // `sleep` has replaced setpriv and sh by then, so the thread is long gone.
        let comm = format!("/proc/{}/comm", child.id());
        wait::until("the child to run sleep", Duration::from_secs(5), || {
            let name = fs::read_to_string(&comm).unwrap();
            if name == "sleep\n" { Ok(()) } else { Err(name) }
        });
        assert_eq!(child.try_wait().unwrap(), None);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_killed_parent_takes_its_children_and_folders_along() {
        // A copy of this test binary plays the parent: it runs the test below, which never ends.
        if std::env::var_os(VICTIM).is_some() {
            play_victim();
        }
        let notes = ScratchDir::new("hotseat-lifeline-").unwrap();
        let note = notes.path().join("note");
        let mut parent = command(std::env::current_exe().unwrap());
        parent
            .args([
                "--exact",
                "lifeline::tests::a_killed_parent_takes_its_children_and_folders_along",
            ])
            .env(VICTIM, &note)
            .stdout(Stdio::null());
        let mut parent = spawn(parent).unwrap();
        let said =
            wait::until("the parent's note", Duration::from_secs(20), || match fs::read_to_string(
                &note,
            ) {
                Ok(text) if text.ends_with('\n') => Ok(text),
                other => Err(other),
            });
        let (child, folder) = said.trim().split_once(' ').unwrap();
        assert!(Path::new(folder).exists());
        parent.kill().unwrap();
        parent.wait().unwrap();
        wait::until("child and folder to go", Duration::from_secs(10), || {
            // Whoever inherits the dead child may leave its remains, in state Z.
            let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            let runs = !stat.is_empty() && !stat.contains(") Z ");
            let left = (runs, Path::new(folder).exists());
            if left == (false, false) { Ok(()) } else { Err(left) }
        });
    }

    const VICTIM: &str = "HOTSEAT_TESTS_VICTIM_NOTE";

    #[expect(clippy::zombie_processes, reason = "this process is killed before its child ends")]
    fn play_victim() -> ! {
        let note = PathBuf::from(std::env::var_os(VICTIM).unwrap());
        let folder = ScratchDir::new("hotseat-victim-").unwrap();
        let mut sleep = command("sleep");
        sleep.arg("600");
        let child = spawn(sleep).unwrap();
        fs::write(note, format!("{} {}\n", child.id(), folder.path().display())).unwrap();
        loop {
            thread::park();
        }
    }
}
