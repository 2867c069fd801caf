//! Measures Hotseat on this machine against a real API server and prints one table of figures,
//! their bars and whether they are met: `make bench`.
//!
//! The exit status is 0 also when a bar is missed, and 1 when a figure could not be measured.

#![forbid(unsafe_code)]

mod api_requests;
mod arena;
mod beside;
mod decide;
mod elections;
mod exploring;
mod follower;
mod load;
mod memory;
mod pieces;
mod probe;
mod raw;
mod roster;
mod run;
mod serving;
mod startup;
mod stats;
mod swapping;
mod table;
mod takeover;
mod transfer;
mod watching;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use hotseat_tests::cluster::{Cluster, Options, Rights};
use hotseat_tests::process::hotseat_binary;

use crate::arena::Arena;
use crate::memory::Pair;
use crate::run::{Run, say};
use crate::table::{Row, Table};

const USAGE: &str = "usage: hotseat-bench [--quick] [--only WORDS]";

/// What is measured.
struct Wanted {
    extent: Extent,
    /// The steps with these words in their names alone, to look into them; none: all.
    only: Option<String>,
}

/// How much is measured of what takes long.
struct Extent {
    /// How old the processes are whose memory is read.
    memory_after: Duration,
    /// How often a leader is killed, which takes a lease each time.
    crashes: usize,
    /// How long states of an election are explored.
    exploring: Duration,
}

/// As it is by itself.
const WHOLE: Extent = Extent {
    memory_after: Duration::from_secs(300),
    crashes: 4,
    exploring: Duration::from_secs(20),
};
/// With `--quick`.
const QUICK: Extent = Extent {
    memory_after: Duration::from_secs(60),
    crashes: 2,
    exploring: Duration::from_secs(10),
};

/// The steps for which two sidecars stand idle beside the others.
const REQUESTS: &str = "API requests of a standby";
const MEMORY: &str = "resident memory";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    // The policy engine starts this program to compile a policy.
    if let [decide::COMPILE_COMMAND, ..] = args[..] {
        return hotseat_engine::compile_child_main();
    }
    let Some(wanted) = Wanted::of(&args) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match measure(wanted) {
        Ok(table) => {
            println!("{table}");
            if table.complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("hotseat-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Wanted {
    /// None if the arguments make no sense.
    fn of(args: &[&str]) -> Option<Wanted> {
        let (extent, rest) = match args {
            ["--quick", rest @ ..] => (QUICK, rest),
            rest => (WHOLE, rest),
        };
        match rest {
            [] => Some(Wanted { extent, only: None }),
            ["--only", words @ ..] if !words.is_empty() => {
                Some(Wanted { extent, only: Some(words.join(" ")) })
            }
            _ => None,
        }
    }
}

/// Takes all figures. Two sidecars, whose memory is read at the end, stand idle beside the rest,
/// which is measured one after the other, so that no figure is taken under the load of another.
fn measure(Wanted { extent, only }: Wanted) -> anyhow::Result<Table> {
    let binary = hotseat_binary()?;
    let cluster = Cluster::start(Options::default())?;
    let arena = Arena::new(&cluster, "candidate", Rights::Full)?;
    let publisher = Arena::new(&cluster, "publisher", Rights::Roster)?;
    let mut run = Run::new(Table::new(machine(), cluster.version()), only);
    let pair = run.wants_any(&[REQUESTS, MEMORY]).then(|| {
        say("two sidecars for the memory figure start");
        Pair::start(&arena)
    });
    let pair = pair.transpose()?;
    run.step("decisions of the standard policy", decide::rows);
    run.step("decisions of the policy rules", decide::rules_rows);
    for (guest, language) in [
        ("rust-wasip2", "Rust for wasm32-wasip2"),
        ("javascript", "JavaScript"),
        ("go", "Go"),
        ("python", "Python"),
    ] {
        let rows = || decide::language_rows(guest, language);
        run.step(&format!("decisions of a policy in {language}"), rows);
    }
    run.step("states of an election explored", || exploring::rows(extent.exploring));
    run.step("elections in one process", || elections::rows(&arena));
    run.step("start to the first answer on 4040", || startup::rows(&arena));
    run.step("graceful hand-over", || takeover::hand_over_rows(&cluster, &arena, &publisher));
    run.step("crash", || takeover::crash_rows(&arena, extent.crashes));
    run.step("rosters", || roster::rows(&cluster, &publisher));
    run.step("GET /", || serving::rows(&arena));
    run.step("watchers", || watching::rows(&arena));
    run.step("swaps of a policy", || swapping::rows(&arena));
    for (guest, language) in [("python", "Python"), ("javascript", "JavaScript")] {
        let rows = || swapping::large_rows(&arena, guest, language);
        run.step(&format!("a policy in {language}"), rows);
    }
    if let Some(pair) = pair {
        say("the memory figure waits until its sidecars are old enough");
        wait_until(pair.started() + extent.memory_after.max(Pair::YOUNGEST));
        run.step(REQUESTS, || api_requests::rows(&cluster, &pair));
        run.step(MEMORY, || memory::rows(&pair));
    }
    run.step("stripped release binary", || {
        let size = std::fs::metadata(&binary)?.len();
        Ok(vec![Row::printed("stripped release binary", format!("{} MiB", stats::mib(size)))])
    });
    run.end()
}

fn wait_until(moment: Instant) {
    std::thread::sleep(moment.saturating_duration_since(Instant::now()));
}

/// The processor and how many, for the head of the table.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|line| line.split_once(':'))
        .map_or("unknown processor", |(_, model)| model.trim());
    format!("{cores} cores of {model}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_say_how_much_and_which() {
        let of =
            |args: &[&str]| Wanted::of(args).map(|wanted| (wanted.extent.crashes, wanted.only));
        assert_eq!(of(&[]), Some((WHOLE.crashes, None)));
        assert_eq!(of(&["--quick"]), Some((QUICK.crashes, None)));
        assert_eq!(of(&["--only", "GET", "/"]), Some((WHOLE.crashes, Some("GET /".to_owned()))));
        let both = of(&["--quick", "--only", "crash"]);
        assert_eq!(both, Some((QUICK.crashes, Some("crash".to_owned()))));
        for wrong in [&["--hand-over"][..], &["--only"], &["--quick", "x"], &["--only=x"]] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }
}
