//! What the container has left of its memory, by the control groups of the kernel.
//!
//! Where a container uses more than it may, the kernel kills, and with the settings of a current
//! kubelet (`memory.oom.group`) it kills all of the container: the compiler takes the leader with
//! it, and the next start finds the same policy. So what is left is known before a compiler starts.

use std::fs;
use std::path::{Path, PathBuf};

use crate::left_behind::MOST_AT_A_TIME;

/// A limit that says that there is none: version 1 writes the largest multiple of a page.
const NO_LIMIT: u64 = 1 << 60;
/// The share of the limit that is kept for what else the container does meanwhile: the election,
/// page tables, requests. The eighth part, within these bounds in bytes.
const LEAST_RESERVE: u64 = 4 << 20;
const MOST_RESERVE: u64 = 32 << 20;
/// What the sidecar takes without a policy and a compiler, in bytes, with something to spare.
const SIDECAR: u64 = 16 << 20;
/// Calls of policies that may hold memory at a time: the active policy's, one in shadow or on
/// trial, and those that were left behind.
const CALLS: u64 = 2 + MOST_AT_A_TIME as u64;

/// A container, as far as its limit of memory goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// The control groups of this process are found below this folder.
    Found(PathBuf),
    /// One with this limit in bytes, in which a sidecar runs.
    Assumed(u64),
}

/// What is left under the tightest limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLeft {
    /// The limit, in bytes.
    pub limit: u64,
    /// What may still be used of it, in bytes, with a reserve taken off for the others in the
    /// container.
    pub left: u64,
}

impl Container {
    /// The one that this process runs in.
    pub fn of_this_process() -> Container {
        Container::below("/")
    }

    /// As `/proc` and `/sys` under another folder say, for tests.
    pub fn below(root: impl Into<PathBuf>) -> Container {
        Container(Kind::Found(root.into()))
    }

    /// One that a sidecar would run in, with this limit in bytes.
    pub fn of(limit: u64) -> Container {
        Container(Kind::Assumed(limit))
    }

    /// What is left at this moment, under the tightest limit of the group and all above it that can
    /// be seen; none if there is no limit, or none that can be read.
    pub fn memory_left(&self) -> Option<MemoryLeft> {
        let root = match &self.0 {
            Kind::Found(root) => root,
            Kind::Assumed(limit) => return Some(MemoryLeft::of(*limit, SIDECAR)),
        };
        let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
        let mounts = fs::read_to_string(root.join("proc/self/mountinfo")).ok()?;
        let hierarchies = mounts.lines().filter_map(|line| Hierarchy::of(line, &groups, root));
        hierarchies.flat_map(Hierarchy::limits).min_by_key(|limit| limit.left)
    }

    /// What each call of a policy may use of memory, in bytes, so that all that may run at a time
    /// leave the sidecar what it needs; none if there is no limit.
    pub(crate) fn policy_share(&self) -> Option<u64> {
        let MemoryLeft { limit, .. } = self.memory_left()?;
        Some(MemoryLeft::of(limit, SIDECAR).left / CALLS)
    }
}

impl MemoryLeft {
    fn of(limit: u64, used: u64) -> MemoryLeft {
        let reserve = (limit / 8).clamp(LEAST_RESERVE, MOST_RESERVE);
        MemoryLeft { limit, left: limit.saturating_sub(used).saturating_sub(reserve) }
    }
}

impl Hierarchy {
    /// The hierarchy that a line of `mountinfo` mounts, if it is one with limits of memory.
    fn of(line: &str, groups: &str, files: &Path) -> Option<Hierarchy> {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, point) = (unescaped(mount.next()?), unescaped(mount.next()?));
        let mut filesystem = filesystem.split(' ');
        let version = match filesystem.next()? {
            "cgroup2" => Version::Two,
            "cgroup" if filesystem.nth(1)?.split(',').any(|option| option == "memory") => {
                Version::One
            }
            _ => return None,
        };
        let group = groups.lines().find_map(|line| version.group_in(line))?;
        let top = files.join(point.trim_start_matches('/'));
        // In a container the mount may begin in the middle of the tree, and the group's path may
        // be written from the tree's own root or, in a namespace, from there.
        let inside = Path::new(group).strip_prefix(&root).ok();
        let inside = inside.or_else(|| Path::new(group).strip_prefix("/").ok());
        let own = inside.map(|path| top.join(path)).filter(|path| path.is_dir());
        Some(Hierarchy { version, own: own.unwrap_or_else(|| top.clone()), top })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    /// The path of this process's group, if the line of `/proc/self/cgroup` is of this version.
    fn group_in(self, line: &str) -> Option<&str> {
        let mut parts = line.splitn(3, ':');
        let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let is_own = match self {
            Version::One => controllers.split(',').any(|controller| controller == "memory"),
            Version::Two => number == "0" && controllers.is_empty(),
        };
        is_own.then_some(path)
    }
}

/// A mounted tree of groups, and where this process is in it.
struct Hierarchy {
    version: Version,
    top: PathBuf,
    own: PathBuf,
}

impl Hierarchy {
    /// What is left in each group from the own one up to the highest that can be seen.
    fn limits(self) -> Vec<MemoryLeft> {
        let Hierarchy { version, top, own } = self;
        own.ancestors()
            .take_while(|group| group.starts_with(&top))
            .filter_map(|group| left_in(group, version))
            .collect()
    }
}

/// What is left in one group; none if it has no limit.
fn left_in(group: &Path, version: Version) -> Option<MemoryLeft> {
    let read = |name: &str| fs::read_to_string(group.join(name)).ok();
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    let stat = read("memory.stat").unwrap_or_default();
    let in_stat = |name: &str| {
        let line = stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse::<u64>().ok())
    };
    let (limits, used, cache) = match version {
        // Under `memory.high` nobody is killed, but all of the group is slowed down, the election
        // too. `max` is not a number, and no limit.
        Version::Two => {
            let limits = [number("memory.max"), number("memory.high")];
            (limits, number("memory.current")?, in_stat("inactive_file"))
        }
        Version::One => {
            let limits = [number("memory.limit_in_bytes"), in_stat("hierarchical_memory_limit")];
            (limits, number("memory.usage_in_bytes")?, in_stat("total_inactive_file"))
        }
    };
    let limit = limits.into_iter().flatten().filter(|limit| *limit < NO_LIMIT).min()?;
    // The kernel takes back what files have left in memory and nobody looks at before it kills.
    let used = used.saturating_sub(cache.unwrap_or_default());
    Some(MemoryLeft::of(limit, used))
}

/// A path of `mountinfo`, in which spaces and their like are written as `\040`.
fn unescaped(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        path.push_str(before);
        let code = after.get(..3).and_then(|code| u8::from_str_radix(code, 8).ok());
        match code {
            Some(code) => {
                path.push(char::from(code));
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                path.push('\\');
                rest = after;
            }
        }
    }
    path + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// A machine's files, as far as they matter here.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new(groups: &str, mounts: &str) -> Machine {
            let machine = Machine(tempfile::tempdir().unwrap());
            machine.file("proc/self/cgroup", groups);
            machine.file("proc/self/mountinfo", mounts);
            machine
        }

        fn file(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn v2(&self, group: &str, limit: &str, current: u64, inactive: u64) {
            self.file(&format!("{group}/memory.max"), &format!("{limit}\n"));
            self.file(&format!("{group}/memory.high"), "max\n");
            self.file(&format!("{group}/memory.current"), &format!("{current}\n"));
            let stat = format!("anon 1\nfile 2\nactive_file 3\ninactive_file {inactive}\n");
            self.file(&format!("{group}/memory.stat"), &stat);
        }

        fn v1(&self, group: &str, limit: u64, usage: u64, inactive: u64, above: u64) {
            self.file(&format!("{group}/memory.limit_in_bytes"), &format!("{limit}\n"));
            self.file(&format!("{group}/memory.usage_in_bytes"), &format!("{usage}\n"));
            let stat = format!(
                "inactive_file 7\nhierarchical_memory_limit {above}\ntotal_inactive_file {inactive}\n"
            );
            self.file(&format!("{group}/memory.stat"), &stat);
        }

        fn left(&self) -> Option<MemoryLeft> {
            Container::below(self.0.path()).memory_left()
        }
    }

    fn mib(limit: u64, left: u64) -> Option<MemoryLeft> {
        Some(MemoryLeft { limit: limit * MIB, left: left * MIB })
    }

    /// As a container has it: its own group is all that is to be seen.
    fn in_a_container() -> Machine {
        Machine::new("0::/\n", "31 23 0:28 / /sys/fs/cgroup ro,relatime - cgroup2 cgroup rw\n")
    }

    #[test]
    fn version_2_in_a_container() {
        let machine = in_a_container();
        machine.v2("sys/fs/cgroup", &(256 * MIB).to_string(), 40 * MIB, 24 * MIB);
        // An eighth is kept.
        assert_eq!(machine.left(), mib(256, 256 - 16 - 32));
        machine.file("sys/fs/cgroup/memory.high", &(128 * MIB).to_string());
        assert_eq!(machine.left(), mib(128, 128 - 16 - 16));
    }

    #[test]
    fn without_a_limit_nothing_is_said() {
        let machine = in_a_container();
        assert_eq!(machine.left(), None, "no such files");
        machine.v2("sys/fs/cgroup", "max", 40 * MIB, 24 * MIB);
        assert_eq!(machine.left(), None);
        assert_eq!(Container::below("/nowhere").memory_left(), None);
        let machine = Machine::new("nonsense\n", "nonsense\n");
        assert_eq!(machine.left(), None);
    }

    #[test]
    fn more_in_use_than_allowed_is_nothing_left() {
        let machine = in_a_container();
        machine.v2("sys/fs/cgroup", &(64 * MIB).to_string(), 80 * MIB, 0);
        assert_eq!(machine.left(), mib(64, 0));
    }

    #[test]
    fn the_tightest_group_above_counts() {
        let group = "/kubepods.slice/pod1.slice/hotseat.scope";
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";
        let machine = Machine::new(&format!("0::{group}\n"), mounts);
        machine.v2(&format!("sys/fs/cgroup{group}"), "max", 10 * MIB, 0);
        let pod = "sys/fs/cgroup/kubepods.slice/pod1.slice";
        machine.v2(pod, &(512 * MIB).to_string(), 400 * MIB, 0);
        machine.v2("sys/fs/cgroup/kubepods.slice", &(800 * MIB).to_string(), 500 * MIB, 0);
        assert_eq!(machine.left(), mib(512, 512 - 400 - 32));
    }

    #[test]
    fn version_1_with_the_mount_in_the_middle_of_the_tree() {
        // As Docker gives it without a namespace of groups; beside it a tree without limits.
        let mounts = "\
            36 31 0:33 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
            37 31 0:34 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n\
            38 31 0:38 / /sys/fs/cgroup/unified ro - cgroup2 cgroup rw\n";
        let machine =
            Machine::new("4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/\n", mounts);
        machine.v1("sys/fs/cgroup/memory", 256 * MIB, 100 * MIB, 60 * MIB, 256 * MIB);
        assert_eq!(machine.left(), mib(256, 256 - 40 - 32));
        // The limit of a group above, which cannot be seen itself.
        machine.v1("sys/fs/cgroup/memory", NO_LIMIT * 7, 100 * MIB, 60 * MIB, 128 * MIB);
        assert_eq!(machine.left(), mib(128, 128 - 40 - 16));
        machine.v1("sys/fs/cgroup/memory", NO_LIMIT * 7, 100 * MIB, 60 * MIB, NO_LIMIT * 7);
        assert_eq!(machine.left(), None);
    }

    #[test]
    fn version_1_from_the_tree_s_root() {
        let mounts = "36 31 0:33 / /sys/fs/cgroup/my\\040groups rw - cgroup none rw,memory\n";
        let machine = Machine::new("4:cpu,memory:/a/b\n", mounts);
        machine.v1("sys/fs/cgroup/my groups/a/b", 64 * MIB, 8 * MIB, 0, 64 * MIB);
        assert_eq!(machine.left(), mib(64, 64 - 8 - 8));
    }

    #[test]
    fn each_call_has_its_share() {
        let share = |limit| Container::of(limit * MIB).policy_share().unwrap();
        assert_eq!(share(64), (64 - 16 - 8) * MIB / 6);
        assert_eq!(share(256), (256 - 16 - 32) * MIB / 6);
        assert_eq!(share(16), 0);
        // Of the limit and not of what is left of it just now.
        let machine = in_a_container();
        machine.v2("sys/fs/cgroup", &(64 * MIB).to_string(), 60 * MIB, 0);
        assert_eq!(Container::below(machine.0.path()).policy_share(), Some(share(64)));
        assert_eq!(Container::below("/nowhere").policy_share(), None);
    }

    #[test]
    fn this_machine_s_own_files_are_understood() {
        // Whatever its limits are.
        let left = Container::of_this_process().memory_left();
        assert!(left.is_none_or(|left| left.left <= left.limit), "{left:?}");
    }
}
