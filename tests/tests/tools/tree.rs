//! Nothing of a command outlives its candidate, whoever is killed, and nothing is left unreaped.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use hotseat_tests::process::{Hotseat, Launch, Signal, hotseat_binary};
use hotseat_tests::scene::{Api, Candidate, PATIENT, QUICK, SOON};
use hotseat_tests::wait::until;
use rustix::process::{Pid, kill_process};

use super::run::{arguments, pid_in, start, wait_dead};

/// A command with a child in a session of its own, which no signal to its group reaches.
const FAMILY: &str = r#"setsid sh -c 'echo "<child> $$"; while :; do sleep 0.05; done' &
echo "<runs> $$"; while :; do sleep 0.05; done"#;

fn family(process: &Hotseat) -> [u32; 2] {
    ["<runs>", "<child>"].map(|word| pid_in(&process.wait_line(word, SOON).text))
}

/// The parent of a process, and its state.
fn parent(pid: u32) -> Option<(u32, char)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.clone().nth(1)?.parse().ok()?, fields.next()?.chars().next()?))
}

#[test]
fn a_killed_candidate_takes_its_command_and_all_below_it_along() {
    let api = Api::embedded("run-killed").unwrap();
    let mut anna = start(&api, "anna", &QUICK, FAMILY);
    let pids = family(&anna.process);
    anna.kill().unwrap();
    for pid in pids {
        wait_dead(pid, &anna.process);
    }
}

#[test]
fn what_the_command_leaves_behind_is_killed_before_the_release() {
    let api = Api::embedded("run-left").unwrap();
    let mut anna = start(&api, "anna", &QUICK, FAMILY);
    let pids = family(&anna.process);
    anna.end();
    // Its exit came after theirs.
    assert!(pids.into_iter().all(|pid| parent(pid).is_none_or(|(_, state)| state == 'Z')));
}

/// What watches over the command is killed: the kernel ends the command, and the candidate the rest,
/// and gives the seat up.
#[test]
fn a_killed_keeper_takes_the_command_along() {
    let api = Api::embedded("run-keeper").unwrap();
    let mut anna = start(&api, "anna", &PATIENT, FAMILY);
    let pids = family(&anna.process);
    let (keeper, _) = parent(pids[0]).unwrap();
    assert_ne!(keeper, anna.process.pid());
    kill_process(Pid::from_raw(keeper.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
    assert_eq!(anna.process.wait_exit(SOON).code(), Some(137), "{}", anna.process);
    for pid in pids {
        wait_dead(pid, &anna.process);
    }
    assert_eq!(api.spec("holderIdentity").unwrap(), "");
}

/// As the first process of a container it is given orphans that are none of its command, such as those
/// of `kubectl exec`.
#[test]
fn as_the_first_process_it_reaps_orphans() {
    let api = Api::embedded("run-first").unwrap();
    let script = "echo '<runs>'; while :; do sleep 0.05; done";
    let apart = Launch::program("unshare")
        .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
        .arg(hotseat_binary().unwrap())
        .args(arguments(&api, "anna", &QUICK, script))
        .kubeconfig(api.kubeconfig());
    let anna = Candidate::of("anna", apart).unwrap();
    anna.process.wait_line("<runs>", SOON);
    let first = until("the first process", SOON, || {
        let path = format!("/proc/{0}/task/{0}/children", anna.process.pid());
        let children = fs::read_to_string(&path).unwrap_or_default();
        children.trim().parse::<u32>().map_err(|error| format!("{children:?}: {error}"))
    });
    let made = Command::new("nsenter")
        .args(["--target", &first.to_string(), "--pid", "--mount", "sh", "-c"])
        .arg("for i in 1 2 3; do setsid sh -c 'sleep 0.1 & sleep 0.1 &' & done")
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    until("all orphans to be reaped", SOON, || {
        let of_first = |pid: u32| parent(pid).is_some_and(|(of, _)| of == first);
        let left: Vec<String> = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| of_first(*pid))
            .map(|pid| {
                let name = fs::read_to_string(Path::new(&format!("/proc/{pid}/comm")));
                format!("{pid} {}", name.unwrap_or_default().trim())
            })
            .collect();
        // The keeper is left.
        if left.len() == 1 { Ok(()) } else { Err(format!("{left:?} {}", anna.process)) }
    });
}
