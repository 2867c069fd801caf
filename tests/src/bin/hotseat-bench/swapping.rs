//! How long a change of a policy's file takes to be active, what it holds up, and what it costs.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use hotseat_engine::{STANDARD, digest};
use hotseat_tests::guests::{self, publish, standard_marked};
use hotseat_tests::lifeline::ScratchDir;
use serde_json::Value;

use crate::arena::{Arena, Candidate};
use crate::stats::{Times, mib, ms, us};
use crate::table::Row;

const SWAPS: u32 = 50;
const BAR_P50: Duration = Duration::from_millis(100);
const BAR_MAX: Duration = Duration::from_millis(400);
const BAR_PAUSE: Duration = Duration::from_millis(1);
const BAR_COMPILING: u64 = 1 << 20;
const BAR_LARGE: u64 = 40 << 20;
const GIVE_UP: Duration = Duration::from_secs(120);
/// Time between two looks at `/v1/policy`.
const PACE: Duration = Duration::from_millis(1);

/// Swaps a leader's policy by its file, with the default poll of 2 s.
pub(crate) fn rows(arena: &Arena) -> anyhow::Result<Vec<Row>> {
    let folder = ScratchDir::new("hotseat-bench-")?;
    let mut stage = Stage::new(arena, &folder, "swapping")?;
    let mut times = Vec::new();
    let (mut pause, mut growth) = (Duration::ZERO, 0);
    for swap in 1..=SWAPS {
        let seen = stage.swap(&standard_marked(swap))?;
        times.push(seen.took);
        pause = pause.max(seen.pause);
        growth = growth.max(seen.growth);
    }
    let times = Times::new(times);
    let (p50, max) = (times.percentile(50), times.max());
    Ok(vec![
        Row::barred(
            "change of a policy's file to active, poll interval 2 s",
            format!("p50 {}, max {} of {SWAPS}", ms(p50), ms(max)),
            "p50 at most 100 ms, max at most 400 ms and the poll interval",
            p50 <= BAR_P50 && max <= BAR_MAX + Duration::from_secs(2),
        ),
        Row::barred(
            "pause between two decisions by a swap",
            format!("max {} of {SWAPS}", us(pause)),
            "at most 1 ms",
            pause <= BAR_PAUSE,
        ),
        Row::barred(
            "resident memory during a compile, growth of the sidecar",
            format!("max {} MiB of {SWAPS}", mib(growth)),
            "at most 1 MiB",
            growth <= BAR_COMPILING,
        ),
    ])
}

/// Swaps a policy in another language in, with its interpreter: one of `tests/guests`.
pub(crate) fn large_rows(arena: &Arena, guest: &str, language: &str) -> anyhow::Result<Vec<Row>> {
    let component = guests::language(guest)?;
    let bytes = fs::read(&component).with_context(|| component.display().to_string())?;
    let folder = ScratchDir::new("hotseat-bench-")?;
    let mut stage = Stage::new(arena, &folder, guest)?;
    let seen = stage.swap(&bytes)?;
    let after = stage.resident()?;
    let name = format!("a policy in {language} of {} MiB", mib(bytes.len() as u64));
    Ok(vec![
        Row::printed(
            &format!("{name}: compile, and a decision"),
            format!("{}, {}", ms(seen.compile), us(seen.decide)),
        ),
        Row::barred(
            &format!("{name}: resident memory of the sidecar after"),
            format!("{} MiB", mib(after)),
            "at most 40 MiB",
            after <= BAR_LARGE,
        ),
    ])
}

/// What was seen of a swap.
struct Seen {
    took: Duration,
    pause: Duration,
    compile: Duration,
    decide: Duration,
    growth: u64,
}

struct Stage {
    candidate: Candidate,
    file: PathBuf,
}

impl Stage {
    fn new(arena: &Arena, folder: &ScratchDir, election: &str) -> anyhow::Result<Stage> {
        let file = folder.path().join("policy.wasm");
        publish(&file, STANDARD)?;
        let policy = format!("file:{}", file.display());
        let launch = arena.launch(election, "swapper", "127.0.0.1:0")?.args(["--policy", &policy]);
        Ok(Stage { candidate: Candidate::settle(launch)?, file })
    }

    fn swap(&mut self, bytes: &[u8]) -> anyhow::Result<Seen> {
        let wanted = digest(bytes);
        let before = self.resident()?;
        let mut growth = 0;
        let began = Instant::now();
        publish(&self.file, bytes)?;
        loop {
            let report: Value =
                serde_json::from_slice(&self.candidate.process.get("/v1/policy")?.body)?;
            growth = growth.max(self.resident()?.saturating_sub(before));
            let number = |field: &str| report[field].as_u64().unwrap_or_default();
            if report["active"]["digest"] == wanted.as_str() && number("decide_us") > 0 {
                return Ok(Seen {
                    took: began.elapsed(),
                    pause: Duration::from_micros(number("swap_pause_us")),
                    compile: Duration::from_millis(number("compile_ms")),
                    decide: Duration::from_micros(number("decide_us")),
                    growth,
                });
            }
            if began.elapsed() > GIVE_UP {
                bail!("no swap within {GIVE_UP:?}: {report}");
            }
            std::thread::sleep(PACE);
        }
    }

    fn resident(&self) -> anyhow::Result<u64> {
        Ok(self.candidate.process.memory()?.resident)
    }
}
