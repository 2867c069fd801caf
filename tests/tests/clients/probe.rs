//! The probe of a client: a process that does what it is asked, and says what happens.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use hotseat_tests::lifeline;
use hotseat_tests::process::Signal;
use hotseat_tests::scene::SOON;
use hotseat_tests::wait::until;
use rustix::process::{Pid, kill_process};
use serde_json::Value;

/// A running probe; it is killed on drop.
pub struct Probe {
    name: String,
    arguments: Vec<String>,
    child: Child,
    input: Option<ChildStdin>,
    heard: Arc<Mutex<Heard>>,
}

/// What it said and nobody took yet.
#[derive(Debug, Default)]
struct Heard {
    told: VecDeque<String>,
    replies: VecDeque<Value>,
    led: Vec<(u64, u64)>,
}

/// What a client says of itself when it is asked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct State {
    pub leads: bool,
    pub token: u64,
    pub name: String,
}

/// How to run what `tests/setup/clients.sh` names.
pub fn command(name: &str) -> Vec<String> {
    static COMMANDS: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();
    let commands = COMMANDS.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("setup/clients.sh");
        let output = Command::new(script).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "tests/setup/clients.sh failed: see above");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(|line| line.split(' ').map(str::to_owned));
        lines.map(|mut words| (words.next().unwrap(), words.collect())).collect()
    });
    commands[name].clone()
}

/// Starts a program that dies with this one, with its input and output at hand.
pub fn start(command: &[String], arguments: &[&str]) -> Child {
    let mut started = lifeline::command(&command[0]);
    started.args(&command[1..]).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    lifeline::spawn(started).unwrap()
}

impl Probe {
    /// A client of that language, of the sidecar at that address, which hears what happens.
    pub fn client(language: &str, url: &str, hold: Duration) -> Probe {
        let hold = hold.as_millis().to_string();
        let probe = Probe::start(language, &[url, &hold, "callbacks"]);
        assert_eq!(probe.reply()["event"], "started");
        probe
    }

    /// Kills a client's process, and starts another one with the same arguments. What the first one said
    /// and nobody took is forgotten.
    #[track_caller]
    pub fn kill_and_start_anew(&mut self) {
        self.kill();
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let successor = Probe::start(&self.name, &arguments);
        assert_eq!(successor.reply()["event"], "started");
        *self = successor;
    }

    /// Kills it by SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()), "{}", self.name);
    }

    /// The belief of a client, in virtual time.
    pub fn belief(language: &str, hold: u64, is_final: bool) -> Probe {
        let losing = if is_final { "final" } else { "not-final" };
        Probe::start(language, &["belief", &hold.to_string(), losing])
    }

    fn start(language: &str, arguments: &[&str]) -> Probe {
        let mut child = start(&command(language), arguments);
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let heard = Arc::new(Mutex::new(Heard::default()));
        let hears = Arc::clone(&heard);
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let said: Value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                lock(&hears).take(said);
            }
        });
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Probe { name: language.to_owned(), arguments, child, input, heard }
    }

    /// Says something to it, and does not wait for what it replies.
    pub fn send(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it was not closed");
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }

    /// What it replies.
    #[track_caller]
    pub fn reply(&self) -> Value {
        until(&format!("a reply of the probe in {}", self.name), SOON, || {
            lock(&self.heard).replies.pop_front().ok_or(())
        })
    }

    /// Says something to it, and gives what it replies.
    #[track_caller]
    pub fn call(&mut self, line: &str) -> Value {
        self.send(line);
        self.reply()
    }

    /// What the client says of itself.
    #[track_caller]
    pub fn ask(&mut self) -> State {
        serde_json::from_value(self.call("ask")).unwrap()
    }

    /// The next thing that the client told its application.
    #[track_caller]
    pub fn told(&self) -> String {
        until(&format!("the client in {} to tell something", self.name), SOON, || {
            let mut heard = lock(&self.heard);
            heard.told.pop_front().ok_or_else(|| format!("{heard:?}"))
        })
    }

    /// The token of the term whose beginning is reported next.
    #[track_caller]
    pub fn elected(&self) -> u64 {
        let told = self.told();
        let token = told.strip_prefix("elected ").and_then(|token| token.parse().ok());
        token.unwrap_or_else(|| panic!("{}: {told}, and not elected", self.name))
    }

    /// The end of that term is reported, and nothing else; with a drain before it, or without.
    #[track_caller]
    pub fn lost(&self, token: u64) {
        let mut told = self.told();
        if told == format!("draining {token}") {
            told = self.told();
        }
        assert_eq!(told, format!("lost {token}"), "{}", self.name);
    }

    /// Freezes it, lets it go on, or kills it.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Has it close its client and end. What it told meanwhile, and when the client was seen to lead, from
    /// and to in microseconds of the wall clock.
    #[track_caller]
    pub fn close(&mut self) -> (Vec<String>, Vec<(u64, u64)>) {
        drop(self.input.take());
        assert_eq!(self.reply()["event"], "closed", "{}", self.name);
        let status = until("its end", SOON, || self.child.try_wait().unwrap().ok_or(()));
        assert!(status.success(), "{}: {status}", self.name);
        let mut heard = lock(&self.heard);
        (heard.told.drain(..).collect(), heard.led.clone())
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Heard {
    fn take(&mut self, said: Value) {
        match said["event"].as_str() {
            Some(event @ ("elected" | "draining" | "lost")) => {
                self.told.push_back(format!("{event} {}", said["token"]));
            }
            Some("led") => {
                let time = |name: &str| said[name].as_u64().unwrap();
                self.led.push((time("from"), time("to")));
            }
            _ => self.replies.push_back(said),
        }
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}
