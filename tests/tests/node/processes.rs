//! Candidates that are processes on the node and no pods, by the program of the image: what a hand-over in
//! pods is measured beside.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::process::{Hotseat, Launch, Signal, get};
use hotseat_tests::wait::until;

use super::space::{Pod, SOON, Space, kubeconfig, process};

/// What they are called, and on which ports they answer.
const CANDIDATES: [(&str, u16); 3] = [("one", 4141), ("two", 4142), ("three", 4143)];

/// Three candidates of an election of their own.
pub struct Processes {
    program: PathBuf,
    namespace: String,
    running: Vec<Hotseat>,
    // Last, so that it goes when they have ended.
    _folder: ScratchDir,
}

impl Processes {
    /// Starts them in that namespace, with the program that runs in the pod, and waits until they take part.
    pub fn start(space: &Space, pod: &Pod) -> Self {
        let folder = ScratchDir::new("hotseat-node-processes-").unwrap();
        let program = folder.path().join("hotseat");
        let pid = process(&pod.container_id("hotseat"));
        // The mode goes along, and the file runs as it does in the pod.
        fs::copy(format!("/proc/{pid}/exe"), &program).unwrap();
        let namespace = space.name().to_owned();
        let running = (0..CANDIDATES.len()).map(|at| run(&program, &namespace, at)).collect();
        let processes = Self { program, namespace, running, _folder: folder };
        processes.await_all();
        processes
    }

    /// Their names and addresses.
    pub fn addresses(&self) -> [(&'static str, SocketAddr); 3] {
        CANDIDATES.map(|(name, port)| (name, address(port)))
    }

    /// Asks the leader to end, and starts it anew when another leads.
    pub fn hand_over(&mut self) {
        let old = self.leader(None);
        self.running[old].signal(Signal::TERM).unwrap();
        let status = self.running[old].wait_exit(SOON);
        assert!(status.success(), "{}", self.running[old]);
        self.leader(Some(old));
        self.running[old] = run(&self.program, &self.namespace, old);
        self.await_all();
    }

    /// Which one says that it leads; it is not `not`.
    fn leader(&self, not: Option<usize>) -> usize {
        let leads = |(_, port): (&str, u16)| {
            get(address(port), "/leader").is_ok_and(|answer| answer.status == 200)
        };
        until("a leader among processes", SOON, || {
            let found = CANDIDATES.iter().position(|candidate| leads(*candidate));
            found.filter(|found| Some(*found) != not).ok_or(found)
        })
    }

    /// Waits until one leads, and all know of it and could lead.
    fn await_all(&self) {
        for (name, port) in CANDIDATES {
            until("a process that is ready", SOON, || {
                let ready = get(address(port), "/readyz").map(|answer| answer.status);
                let leader = get(address(port), "/").map(|answer| answer.text());
                match (ready, leader) {
                    (Ok(200), Ok(leader)) if leader != "{\"name\":\"\"}" => Ok(()),
                    other => Err((name, format!("{other:?}"))),
                }
            });
        }
    }
}

fn run(program: &Path, namespace: &str, at: usize) -> Hotseat {
    let (name, port) = CANDIDATES[at];
    let flags = [
        "--election=processes".to_owned(),
        format!("--election-namespace={namespace}"),
        format!("--id={name}"),
        format!("--http={}", address(port)),
    ];
    Launch::program(program).args(flags).kubeconfig(&kubeconfig()).start().unwrap()
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
