//! A control group with a limit of memory, as a container has one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;

const VERSION_1: &str = "/sys/fs/cgroup/memory";
const VERSION_2: &str = "/sys/fs/cgroup";

/// A group without processes; removed on drop, once those that were put into it have ended.
#[derive(Debug)]
pub struct Group {
    path: PathBuf,
    /// The file in which its kills are counted.
    events: &'static str,
}

impl Group {
    /// Makes a group with that limit in bytes, which swapped memory counts towards too.
    ///
    /// # Errors
    ///
    /// When the system lets nobody make one here: that takes root, and a mount that is writable.
    pub fn new(limit: u64) -> anyhow::Result<Group> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hotseat-{}-{number}", std::process::id());
        let (top, files, events) = match Path::new(VERSION_2).join("cgroup.controllers").exists() {
            true => (VERSION_2, ["memory.max", "memory.swap.max"], "memory.events"),
            false => (
                VERSION_1,
                ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"],
                "memory.oom_control",
            ),
        };
        let path = Path::new(top).join(name);
        fs::create_dir(&path).with_context(|| {
            let path = path.display();
            format!("no control group {path}: run as root, where {top} can be written to")
        })?;
        let group = Group { path, events };
        let [memory, swap] = files;
        group.write(memory, limit)?;
        // Version 2 limits swap beside memory, version 1 both together; a kernel without it has
        // no such file.
        let swapped = if top == VERSION_2 { 0 } else { limit };
        if group.path.join(swap).exists() {
            group.write(swap, swapped)?;
        }
        Ok(group)
    }

    /// The file to which a process is written that is to be in the group.
    #[must_use]
    pub fn processes(&self) -> PathBuf {
        self.path.join("cgroup.procs")
    }

    /// How many processes the kernel has killed in it for want of memory. With the settings of a
    /// kubelet each is the end of the whole container.
    ///
    /// # Errors
    ///
    /// When the kernel does not tell.
    pub fn kills(&self) -> anyhow::Result<u64> {
        let text = fs::read_to_string(self.path.join(self.events))?;
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        Ok(count.context("no count of kills")?.parse()?)
    }

    fn write(&self, file: &str, value: u64) -> anyhow::Result<()> {
        let path = self.path.join(file);
        fs::write(&path, value.to_string()).with_context(|| path.display().to_string())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // With a process in it that has yet to end it stays, empty soon, until the next boot.
        let _ = fs::remove_dir(&self.path);
    }
}
