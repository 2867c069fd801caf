//! What the child that compiles gives up before it reads what it was given.
//!
//! A fault of the compiler must not be worth more to whoever wrote a component than the child: so
//! it has neither capabilities nor a way to get any, opens nothing, starts nothing, reaches nobody,
//! and maps no code. Each layer stands by itself, since a kernel or a pod's own profile may refuse
//! one; then the child does with the others, and says so.

use std::env::consts::ARCH;
use std::{fs, io};

use libc::{c_long, pid_t};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities, set_no_new_privs,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter_all_threads,
};

/// What the compiler needs of the kernel: memory, the files that are open already, locks, time,
/// chance for its maps, and an end.
const ALLOWED: [c_long; 25] = [
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_set_robust_list,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_exit,
];
/// How a process of several threads ends.
const EXIT_ALL: c_long = libc::SYS_exit_group;
/// The argument of `mmap` and `mprotect` that says what the memory is for.
const PROTECTION: u8 = 2;

/// Gives up what a thread has and its children inherit. To be called before there are other
/// threads. What could not be given up is in the list, in words for people.
pub(crate) fn give_up_rights() -> Vec<String> {
    let none = CapabilitySet::empty();
    let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
    // A kernel without ambient capabilities has none to clear.
    let _ = clear_ambient_capability_set();
    [
        ("no_new_privs", set_no_new_privs(true)),
        ("dropping capabilities", set_capabilities(None, none)),
    ]
    .into_iter()
    .filter_map(|(what, done)| Some(format!("{what}: {}", done.err()?)))
    .collect()
}

/// Bounds the address space and the part of it that may be written to, both in bytes.
///
/// # Errors
///
/// The system refuses.
pub(crate) fn limit_memory(memory: u64, writable: u64) -> io::Result<()> {
    setrlimit(Resource::As, at_most(memory))?;
    // The stack counts as a whole, though next to nothing of it is ever touched.
    setrlimit(Resource::Data, at_most(writable))?;
    Ok(())
}

/// Makes this process end with its parent, and before it where the container runs out of memory.
///
/// # Errors
///
/// The system refuses.
pub(crate) fn end_with_parent() -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // If the container runs out of memory, this process is to go, not the sidecar. Where the file
    // is not writable, the system's own choice must do.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    Ok(())
}

/// Gives up, for all threads, everything that the compiler does not need, for good. To be called on
/// the one thread that there is besides the main thread. What could not be given up is in the list.
pub(crate) fn give_up_the_world() -> Vec<String> {
    let mut kept = Vec::new();
    // No file, socket or pipe besides those that are open; no process. Root may start some all the
    // same, which the filter forbids.
    for (resource, what) in [(Resource::Nofile, "no files"), (Resource::Nproc, "no processes")] {
        if let Err(error) = setrlimit(resource, at_most(0)) {
            kept.push(format!("{what}: {error}"));
        }
    }
    let filtered = filter(&threads()).and_then(|filter| apply_filter_all_threads(&filter));
    if let Err(error) = filtered {
        kept.push(format!("system call filter: {error}"));
    }
    kept
}

fn at_most(limit: u64) -> Rlimit {
    Rlimit { current: Some(limit), maximum: Some(limit) }
}

/// Refuses every system call that is not needed. The compiler goes on after a refusal: where a
/// libc asks for more than others do, that is not worth its end.
fn filter(threads: &[pid_t]) -> seccompiler::Result<BpfProgram> {
    let mut rules: Vec<(c_long, Vec<SeccompRule>)> =
        ALLOWED.into_iter().chain([EXIT_ALL]).map(|call| (call, Vec::new())).collect();
    // New memory is for data: whatever gets to write in here cannot make code of it.
    let code = u64::from(libc::PROT_EXEC.unsigned_abs());
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let data = when(PROTECTION, SeccompCmpOp::MaskedEq(code), 0)?;
        rules.push((call, vec![data]));
    }
    // To abort: by musl and by glibc. Nobody else gets a signal from here.
    for call in [libc::SYS_tkill, libc::SYS_tgkill] {
        let own = threads.iter().map(|id| when(0, SeccompCmpOp::Eq, u64::from(id.unsigned_abs())));
        rules.push((call, own.collect::<Result<_, _>>()?));
    }
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let arch = TargetArch::try_from(ARCH)?;
    let filter =
        SeccompFilter::new(rules.into_iter().collect(), refused, SeccompAction::Allow, arch)?;
    Ok(filter.try_into()?)
}

fn when(argument: u8, is: SeccompCmpOp, value: u64) -> seccompiler::Result<SeccompRule> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, is, value)?;
    Ok(SeccompRule::new(vec![condition])?)
}

/// This process and this thread of it.
fn threads() -> [pid_t; 2] {
    let process = rustix::process::getpid().as_raw_nonzero().get();
    [process, rustix::thread::gettid().as_raw_nonzero().get()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::Pid;
    use std::fs::File;
    use std::net::{TcpListener, UdpSocket};
    use std::os::unix::net::UnixDatagram;
    use std::process::{Command, exit};
    use wasmtime::{Engine, Module};

    /// Which probe the process started below is to be.
    const PROBE: &str = "HOTSEAT_TEST_PROBE";

    /// Runs the probe below in a process of its own, and gives what it printed: what was kept, and
    /// what came of each way out.
    fn probe(kind: &str) -> Vec<String> {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "confine::tests::the_probe", "--nocapture", "--test-threads=1"])
            .env(PROBE, kind)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines: Vec<String> =
            text.lines().filter_map(|line| line.strip_prefix("probe: ")).map(Into::into).collect();
        assert_eq!(lines.pop().as_deref(), Some("end"), "{text}");
        lines
    }

    /// What came of every way out.
    fn all(end: [&str; 9]) -> Vec<String> {
        let ways = ["open", "create", "tcp", "udp", "unix", "start", "thread", "code", "signal"];
        ways.iter().zip(end).map(|(way, end)| format!("{way} {end}")).collect()
    }

    #[test]
    fn nothing_can_be_opened_started_or_reached() {
        assert_eq!(probe("free"), all(["ok"; 9]), "the probe shows nothing");
        assert_eq!(probe("confined"), all(["EPERM"; 9]));
    }

    /// A kernel, or a pod's own profile, without filters: there are the other layers.
    #[test]
    fn without_a_filter_there_are_the_limits() {
        let [kept, ends @ ..] = probe("no filter").try_into().unwrap_or_else(no_ten);
        assert_eq!(
            kept,
            "kept system call filter: Error calling `seccomp`: Operation not permitted (os error 1)"
        );
        // Root may start processes whatever the limit is.
        let ways = ["open", "create", "tcp", "udp", "unix"];
        assert_eq!(ends[..5], ways.map(|way| format!("{way} EMFILE")));
    }

    /// Where nothing at all may be given up, the child says so of each and compiles all the same.
    #[test]
    fn a_pod_that_allows_none_of_it_is_no_error() {
        let lines = probe("nothing");
        let kept: Vec<&str> =
            lines.iter().filter_map(|line| line.strip_prefix("kept ")?.split(':').next()).collect();
        let layers = [
            "no_new_privs",
            "dropping capabilities",
            "no files",
            "no processes",
            "system call filter",
        ];
        assert_eq!(kept, layers);
        assert_eq!(lines[kept.len()..], all(["ok"; 9]));
    }

    fn no_ten(lines: Vec<String>) -> [String; 10] {
        panic!("{lines:?}")
    }

    /// What the process does that the tests start; nothing when it is run beside them.
    #[test]
    fn the_probe() {
        let Ok(kind) = std::env::var(PROBE) else { return };
        // The harness has begun a line.
        println!();
        let parent = rustix::process::getppid().unwrap();
        match kind.as_str() {
            "no filter" => refuse(&[libc::SYS_seccomp]),
            "nothing" => refuse(&[
                libc::SYS_seccomp,
                libc::SYS_capset,
                libc::SYS_prctl,
                libc::SYS_setrlimit,
                libc::SYS_prlimit64,
            ]),
            _ => {}
        }
        if kind != "free" {
            let mut kept = give_up_rights();
            kept.extend(give_up_the_world());
            kept.iter().for_each(|line| println!("probe: kept {line}"));
        }
        ways_out(parent);
        println!("probe: end");
        // The harness would go on.
        exit(0);
    }

    fn ways_out(parent: Pid) {
        let file = std::env::temp_dir().join(format!("hotseat-probe-{}", std::process::id()));
        tell("open", File::open("/proc/self/status"));
        tell("create", File::create(&file));
        tell("tcp", TcpListener::bind("127.0.0.1:0"));
        tell("udp", UdpSocket::bind("127.0.0.1:0"));
        tell("unix", UnixDatagram::unbound());
        tell("start", Command::new("/bin/true").status());
        tell("thread", std::thread::Builder::new().spawn(|| ()).map(|thread| thread.join()));
        // To run a module is to make memory executable.
        let engine = Engine::new(&crate::settings::config(true, crate::room::Room::Ample)).unwrap();
        let module = Module::from_binary(
            &engine,
            b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b",
        );
        tell("code", module.map_err(|_| io::Error::from_raw_os_error(libc::EPERM)));
        tell("signal", rustix::process::test_kill_process(parent).map_err(Into::into));
        let _ = fs::remove_file(file);
    }

    fn tell<T>(way: &str, outcome: io::Result<T>) {
        let end = match outcome.map_err(|error| error.raw_os_error()) {
            Ok(_) => "ok".to_owned(),
            Err(Some(libc::EPERM)) => "EPERM".to_owned(),
            Err(Some(libc::EMFILE)) => "EMFILE".to_owned(),
            Err(other) => format!("{other:?}"),
        };
        println!("probe: {way} {end}");
    }

    /// Installs a filter that refuses these calls, as a pod's profile may.
    fn refuse(calls: &[c_long]) {
        let rules = calls.iter().map(|call| (*call, Vec::new())).collect();
        let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let arch = TargetArch::try_from(ARCH).unwrap();
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, arch).unwrap();
        apply_filter_all_threads(&BpfProgram::try_from(filter).unwrap()).unwrap();
    }
}
