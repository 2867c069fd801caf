//! One candidate: a process of this same program, started, harmed and started again.

use super::orphan;
use anyhow::Context;
use hotseat_core::config::Timing;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, io};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Tells a candidate where the page is, so that it can link to it.
const CONTROLS: &str = "HOTSEAT_DEMO_CONTROLS";

/// What all candidates have in common.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// The name of the lock, in the namespace `default`.
    pub election: String,
    /// The way to the API server.
    pub kubeconfig: PathBuf,
    /// The policy's source, as the program takes it.
    pub policy: String,
    /// Its settings, as the program takes them; may be empty.
    pub settings: String,
    /// The timing.
    pub timing: Timing,
    /// Where the demonstration is steered, if it is.
    pub controls: Option<String>,
}

/// What is done to a running candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// SIGKILL.
    Kill,
    /// SIGTERM.
    Leave,
}

/// A candidate's process has ended.
#[derive(Debug)]
pub struct Exit {
    /// Which candidate, from 0.
    pub candidate: usize,
    /// How it ended.
    pub status: io::Result<ExitStatus>,
}

/// A candidate, running or not.
#[derive(Debug)]
pub struct Candidate {
    /// Which one, from 0.
    pub index: usize,
    /// Its name in the election.
    pub name: &'static str,
    port: u16,
    address: watch::Sender<Option<SocketAddr>>,
    tail: Tail,
    running: Option<(mpsc::Sender<Order>, JoinHandle<()>)>,
}

impl Candidate {
    /// A candidate that is not running. Port 0 is the system's choice, anew for each start.
    pub fn new(index: usize, name: &'static str, port: u16) -> Candidate {
        let address = watch::Sender::new(None);
        Candidate { index, name, port, address, tail: Tail::default(), running: None }
    }

    /// Starts its process. `exits` hears when it ends.
    ///
    /// # Errors
    ///
    /// If the program cannot be started.
    pub fn start(&mut self, launch: &Launch, exits: &mpsc::Sender<Exit>) -> anyhow::Result<()> {
        let mut child = command(launch, self.name, self.port).spawn().with_context(|| {
            format!("{}: cannot be started as candidate {}", launch.program.display(), self.name)
        })?;
        self.tail.clear();
        let known = (self.port != 0).then(|| SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)));
        self.address.send_replace(known);
        if let Some(output) = child.stdout.take() {
            tokio::spawn(listen(output, self.tail.clone(), None));
        }
        if let Some(output) = child.stderr.take() {
            let found = (self.port == 0).then(|| self.address.clone());
            tokio::spawn(listen(output, self.tail.clone(), found));
        }
        let (orders, inbox) = mpsc::channel(4);
        let (index, exits) = (self.index, exits.clone());
        let task = tokio::spawn(async move {
            let status = supervise(child, inbox).await;
            // At the end of the demonstration nobody listens any more.
            let _ = exits.send(Exit { candidate: index, status }).await;
        });
        self.running = Some((orders, task));
        Ok(())
    }

    /// Tells the process to end, one way or the other; nothing if it is not running.
    pub fn order(&self, order: Order) {
        if let Some((orders, _)) = &self.running {
            // Full or closed: it has heard often enough, or it has ended.
            let _ = orders.try_send(order);
        }
    }

    /// Its process has ended.
    pub fn ended(&mut self) {
        self.running = None;
        self.address.send_replace(None);
    }

    /// Kills the process and waits until it is gone.
    pub async fn finish(&mut self) {
        self.order(Order::Kill);
        if let Some((_, task)) = self.running.take() {
            // It fails only with the whole demonstration.
            let _ = task.await;
        }
    }

    /// Where it answers, now and later.
    pub fn address(&self) -> watch::Receiver<Option<SocketAddr>> {
        self.address.subscribe()
    }

    /// The last lines that it wrote.
    pub fn tail(&self) -> Vec<String> {
        self.tail.read()
    }
}

/// The page that the demonstration which started this process has for steering it.
pub fn controls_of_parent() -> Option<String> {
    let address = env::var(CONTROLS).ok()?;
    // Nothing but what a demonstration gives becomes a link.
    address.starts_with("http://127.0.0.1:").then_some(address)
}

fn command(launch: &Launch, name: &str, port: u16) -> Command {
    let Timing { lease_duration, renew_deadline, retry_period, .. } = launch.timing;
    let mut command = Command::new(&launch.program);
    command
        .arg(format!("--election={}", launch.election))
        .arg("--election-namespace=default")
        .arg(format!("--id={name}"))
        .arg(format!("--http=127.0.0.1:{port}"))
        .arg(format!("--lease-duration={}ms", lease_duration.as_millis()))
        .arg(format!("--renew-deadline={}ms", renew_deadline.as_millis()))
        .arg(format!("--retry-period={}ms", retry_period.as_millis()))
        .arg(format!("--policy={}", launch.policy))
        .arg(format!("--policy-settings={}", launch.settings))
        // For the page: candidates that no policy asks for it do not know of each other.
        .arg("--roster")
        .arg("--log-format=text")
        // Flags, proxies and clusters that the user's environment names are not for the show.
        .env_clear()
        .env("KUBECONFIG", &launch.kubeconfig)
        .env("NO_COLOR", "1")
        .env(orphan::PARENT, std::process::id().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, or ctrl-c would reach it too.
        .process_group(0)
        .kill_on_drop(true);
    if let Some(controls) = &launch.controls {
        command.env(CONTROLS, controls);
    }
    for name in ["HOME", "TMPDIR", "LD_LIBRARY_PATH", "RUST_BACKTRACE"] {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Whoever holds the child carries the orders out, so that a signal can never go to another
/// process that got the id of one that has ended.
async fn supervise(mut child: Child, mut orders: mpsc::Receiver<Order>) -> io::Result<ExitStatus> {
    loop {
        let order = tokio::select! {
            status = child.wait() => return status,
            Some(order) = orders.recv() => order,
        };
        match order {
            Order::Kill => child.start_kill()?,
            Order::Leave => {
                let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
                if let Some(id) = id {
                    kill_process(id, Signal::TERM)?;
                }
            }
        }
    }
}

/// Keeps the lines of one output, and finds in them where the candidate answers.
async fn listen(
    output: impl AsyncRead + Unpin,
    tail: Tail,
    found: Option<watch::Sender<Option<SocketAddr>>>,
) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let (Some(found), Some(address)) = (&found, listening_at(&line)) {
            found.send_replace(Some(address));
        }
        tail.add(&line);
    }
}

/// The address in a line of a log that says where the candidate listens.
fn listening_at(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening")?;
    let (_, address) = rest.split_once("address=")?;
    address.split_whitespace().next()?.parse().ok()
}

/// The last lines of a candidate's output.
#[derive(Clone, Debug, Default)]
struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    const LINES: usize = 12;
    const CHARACTERS: usize = 300;

    fn add(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == Tail::LINES {
            lines.pop_front();
        }
        lines.push_back(line.chars().take(Tail::CHARACTERS).collect());
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn read(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_the_log() {
        let line = "2026-11-22T08:36:17Z  INFO listening address=127.0.0.1:40123 more=1";
        assert_eq!(listening_at(line), Some(SocketAddr::from(([127, 0, 0, 1], 40123))));
        assert_eq!(listening_at("INFO campaigning server=http://127.0.0.1:1"), None);
        assert_eq!(listening_at("INFO listening address=nowhere"), None);
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let tail = Tail::default();
        for line in 0..100 {
            tail.add(&format!("{line} {}", "x".repeat(1000)));
        }
        let kept = tail.read();
        assert_eq!(kept.len(), Tail::LINES);
        assert!(kept[0].starts_with("88 "));
        assert_eq!(kept[0].len(), Tail::CHARACTERS);
    }

    fn launch(program: &str) -> Launch {
        let seconds = std::time::Duration::from_secs;
        Launch {
            program: PathBuf::from(program),
            election: "demo".to_owned(),
            kubeconfig: PathBuf::from("/nowhere"),
            policy: "file:/nowhere.wasm".to_owned(),
            settings: String::new(),
            timing: Timing::new(seconds(4), seconds(2), seconds(1)),
            controls: None,
        }
    }

    #[tokio::test]
    async fn a_program_that_is_missing_is_named() {
        let mut candidate = Candidate::new(0, "anna", 0);
        let (exits, _inbox) = mpsc::channel(1);
        let error = candidate.start(&launch("/no/hotseat"), &exits).unwrap_err();
        assert!(format!("{error:#}").starts_with("/no/hotseat: cannot be started"), "{error:#}");
    }

    #[tokio::test]
    async fn an_end_is_reported_with_what_was_said() {
        // It knows none of these flags, says so and fails.
        let mut candidate = Candidate::new(2, "cleo", 0);
        let (exits, mut inbox) = mpsc::channel(1);
        candidate.start(&launch("/bin/ls"), &exits).unwrap();
        let exit = inbox.recv().await.unwrap();
        assert_eq!(exit.candidate, 2);
        assert!(!exit.status.unwrap().success());
        // The pipe may be read a little later than the process is reaped.
        let read = async {
            while candidate.tail().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), read).await.unwrap();
        assert!(candidate.tail()[0].contains("ls"), "{:?}", candidate.tail());
    }
}
