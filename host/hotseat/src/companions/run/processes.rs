//! Children of this process, those that it adopted included, by `/proc`.
//!
//! A subreaper is given the orphans of its descendants. Nothing tells it of them but `/proc` and a
//! wait for anybody, and a wait for anybody would take the ends of children that others wait for.

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};
use std::fs;

/// A child of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Child {
    pid: Pid,
    /// The id of its session; 0 if that began outside of this namespace of processes.
    session: i32,
}

/// Kills every child of this process.
pub(super) fn kill_all() {
    children().iter().for_each(|child| kill(child.pid));
}

/// Kills every child that is not of this process's own session: nothing that this program starts for
/// itself, but all that is left of the command, whose keeper has begun a session of its own.
pub(super) fn kill_adopted() {
    adopted().iter().for_each(|child| kill(child.pid));
}

/// Takes the ends of adopted children that have died, and says how many are left alive.
pub(super) fn reap_adopted(except: Option<Pid>) -> usize {
    let adopted = adopted();
    let others = adopted.iter().filter(|child| Some(child.pid) != except);
    others.filter(|child| matches!(waitpid(Some(child.pid), WaitOptions::NOHANG), Ok(None))).count()
}

fn kill(pid: Pid) {
    // A child's id is its own until it is waited for. One that belongs to another user by now, as a
    // program with set-user-ID, cannot be killed.
    if let Err(error) = kill_process(pid, Signal::KILL) {
        tracing::debug!(%error, pid = pid.as_raw_nonzero().get(), "a process cannot be killed");
    }
}

fn adopted() -> Vec<Child> {
    // Not by `getsid`, which rustix does not take where it gives 0.
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let Some([_, _, own]) = numbers(&stat) else { return Vec::new() };
    children().into_iter().filter(|child| child.session != own).collect()
}

/// None where `/proc` is not mounted.
fn children() -> Vec<Child> {
    let me = getpid().as_raw_nonzero().get();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = entries.filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        Some((pid, fs::read_to_string(entry.path().join("stat")).ok()?))
    });
    stats.filter_map(|(pid, stat)| child_of(me, pid, &stat)).collect()
}

/// A process by its `stat`, if that one is its parent.
fn child_of(parent: i32, pid: i32, stat: &str) -> Option<Child> {
    let [is_of, _, session] = numbers(stat)?;
    (is_of == parent).then_some(Child { pid: Pid::from_raw(pid)?, session })
}

/// The ids of a process's parent, group and session.
fn numbers(stat: &str) -> Option<[i32; 3]> {
    // The name in parentheses may have anything in it.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(1).map(|field| field.parse().ok());
    Some([fields.next()??, fields.next()??, fields.next()??])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_hides_nothing() {
        let stat = "12 (a) S 1 (b) S 7 11 10 0 -1 4194304";
        let child = Child { pid: Pid::from_raw(12).unwrap(), session: 10 };
        assert_eq!(child_of(7, 12, stat), Some(child));
        assert_eq!(child_of(1, 12, stat), None);
        assert_eq!(child_of(7, 12, "12 (a"), None);
    }

    #[test]
    fn own_children_are_found_and_are_not_adopted() {
        let mut sleeper = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let pid = Pid::from_child(&sleeper);
        assert!(children().iter().any(|child| child.pid == pid));
        assert!(adopted().iter().all(|child| child.pid != pid));
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    }
}
