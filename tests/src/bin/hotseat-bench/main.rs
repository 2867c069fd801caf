//! Measures Hotseat on this machine against a real API server and prints one table of figures,
//! their bars and whether they are met: `make bench`.
//!
//! The exit status is 0 also when a bar is missed, and 1 when a figure could not be measured.

#![forbid(unsafe_code)]

mod api_requests;
mod arena;
mod decide;
mod elections;
mod exploring;
mod follower;
mod load;
mod memory;
mod pieces;
mod probe;
mod raw;
mod serving;
mod startup;
mod stats;
mod swapping;
mod table;
mod takeover;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use hotseat_tests::cluster::{Cluster, Options};
use hotseat_tests::process::hotseat_binary;

use crate::arena::Arena;
use crate::memory::Pair;
use crate::table::{Row, Table};

const USAGE: &str = "usage: hotseat-bench [--quick | --hand-over]";
/// What is measured.
enum Wanted {
    /// All figures; the memory is read of processes of this age.
    All(Duration),
    /// The hand-over alone, to look into it.
    HandOver,
}
/// How old the processes are whose memory is read.
const MEMORY_AFTER: Duration = Duration::from_secs(300);
/// The same with `--quick`.
const MEMORY_AFTER_QUICK: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let wanted = match args[..] {
        // The policy engine starts this program to compile a policy.
        [decide::COMPILE_COMMAND, ..] => return hotseat_engine::compile_child_main(),
        [] => Wanted::All(MEMORY_AFTER),
        ["--quick"] => Wanted::All(MEMORY_AFTER_QUICK),
        ["--hand-over"] => Wanted::HandOver,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match measure(&wanted) {
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

/// Takes all figures. Two sidecars, whose memory is read at the end, stand idle beside the rest,
/// which is measured one after the other, so that no figure is taken under the load of another.
fn measure(wanted: &Wanted) -> anyhow::Result<Table> {
    let binary = hotseat_binary()?;
    let cluster = Cluster::start(Options::default())?;
    let mut table = Table::new(machine(), cluster.version());
    let arena = Arena::new(&cluster)?;
    let hand_over = || takeover::hand_over_rows(&cluster, &arena);
    let memory_after = match wanted {
        Wanted::All(memory_after) => *memory_after,
        Wanted::HandOver => {
            step(&mut table, "graceful hand-over", hand_over);
            return Ok(table);
        }
    };
    say("two sidecars for the memory figure start");
    let pair = Pair::start(&arena)?;
    table.take("decide, fresh instance, standard policy", decide::rows);
    for (guest, language) in [
        ("rust-wasip2", "Rust for wasm32-wasip2"),
        ("javascript", "JavaScript"),
        ("go", "Go"),
        ("python", "Python"),
    ] {
        let rows = || decide::language_rows(guest, language);
        step(&mut table, &format!("decisions of a policy in {language}"), rows);
    }
    step(&mut table, "states of an election explored", exploring::rows);
    step(&mut table, "elections in one process", || elections::rows(&arena));
    step(&mut table, "start to the first answer on 4040", || startup::rows(&arena));
    step(&mut table, "graceful hand-over", hand_over);
    step(&mut table, "crash", || takeover::crash_rows(&arena));
    step(&mut table, "GET /", || serving::rows(&arena));
    step(&mut table, "swaps of a policy", || swapping::rows(&arena));
    for (guest, language) in [("python", "Python"), ("javascript", "JavaScript")] {
        let rows = || swapping::large_rows(&arena, guest, language);
        step(&mut table, &format!("a policy in {language}"), rows);
    }
    say("the memory figure waits until its sidecars are old enough");
    wait_until(pair.started() + memory_after.max(Pair::YOUNGEST));
    step(&mut table, "API requests of a standby", || api_requests::rows(&cluster, &pair));
    step(&mut table, "resident memory", || memory::rows(&pair));
    table.take("stripped release binary", || {
        let size = std::fs::metadata(&binary)?.len();
        Ok(vec![Row::printed("stripped release binary", format!("{} MiB", stats::mib(size)))])
    });
    Ok(table)
}

fn step(table: &mut Table, name: &str, rows: impl FnOnce() -> anyhow::Result<Vec<Row>>) {
    say(name);
    // The harness panics where a test would fail; here the other figures are still wanted.
    let outcome = catch_unwind(AssertUnwindSafe(rows))
        .unwrap_or_else(|_| Err(anyhow::anyhow!("a panic, told above")));
    table.take(name, || outcome);
}

fn say(step: &str) {
    eprintln!("hotseat-bench: {step}");
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
