//! An election that stands still while the rest of the process goes on.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hotseat_tests::process::Hotseat;
use hotseat_tests::scene::{Api, Candidate, QUICK, SOON};
use hotseat_tests::wait::until;

/// Three retry periods of [`QUICK`].
const STUCK_AFTER: f64 = 1.5;
/// Far more than that on the busiest machine, far less than a minute.
const AT_MOST: f64 = 20.0;

/// Takes the thread of the id that it is given, as a debugger does (`PTRACE_SEIZE`,
/// `PTRACE_INTERRUPT`), waits until it stands still, says so, and lets it go when its input ends:
/// the kernel does that when a debugger ends. These are the numbers of x86-64; perl is in every
/// Debian, and Rust has no safe way to this.
const HOLD: &str = r#"
    my $thread = int shift;
    for my $request (0x4206, 0x4207) {
        die "ptrace: $!\n" if syscall(101, $request, $thread, 0, 0) != 0;
    }
    die "waitpid: $!\n" if waitpid($thread, 0x40000000) != $thread;
    syswrite(STDOUT, "held\n");
    sysread(STDIN, my $end, 1);
"#;

/// The main thread of a process, which stands still; the other threads go on.
struct Held(Child);

impl Held {
    fn new(process: &Hotseat) -> Held {
        let mut debugger = Command::new("perl")
            .args(["-e", HOLD, &process.pid().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(debugger.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let held = Held(debugger);
        assert_eq!(said, "held\n");
        held
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Waiting closes its input first, which is its sign to end.
        let _ = self.0.wait();
    }
}

#[test]
fn a_loop_that_stands_still_is_not_healthy() {
    let api = Api::embedded("stall").unwrap();
    let mut candidate = Candidate::start(&api, "anna", &QUICK).unwrap();
    candidate.process.wait_line("became leader", SOON);
    let ask = |path| {
        let answer = candidate.process.get(path).unwrap();
        (answer.status, answer.text())
    };
    until("health", SOON, || match ask("/healthz") {
        (200, _) => Ok(()),
        other => Err(other),
    });
    let held = Held::new(&candidate.process);
    let why = until("the end of health", SOON, || match ask("/healthz") {
        (503, why) => Ok(why),
        other => Err(other),
    });
    let silence = why.strip_prefix("the election is stuck: it gave no sign for ");
    let silence = silence.and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
    assert!(silence.is_some_and(|silence| (STUCK_AFTER..AT_MOST).contains(&silence)), "{why}");
    // Whoever asks is not misled, though nobody is left to say so.
    until("the end of belief", SOON, || match ask("/leader") {
        (503, _) => Ok(()),
        other => Err(other),
    });
    drop(held);
    until("health again", SOON, || match ask("/healthz") {
        (200, _) => Ok(()),
        other => Err(other),
    });
    candidate.end();
}

/// Nothing happens to it for longer than the limit, for the leader renews once in a minute.
#[test]
fn a_standby_to_whom_nothing_happens_is_healthy() {
    let api = Api::embedded("idle").unwrap();
    let slow = ["--lease-duration=300s", "--renew-deadline=290s", "--retry-period=60s"];
    let mut leader = Candidate::start(&api, "anna", &slow).unwrap();
    leader.process.wait_line("became leader", SOON);
    // The default is a retry period of two seconds.
    let mut standby = Candidate::start(&api, "ben", &[]).unwrap();
    standby.process.wait_line("anna is the leader", SOON);
    let begun = Instant::now();
    until("more than three retry periods", SOON, || {
        let answer = standby.process.get("/healthz").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        match begun.elapsed() {
            long if long > Duration::from_secs(7) => Ok(()),
            short => Err(short),
        }
    });
    standby.end();
    leader.end();
}
