//! From the start of the process to the first answer on 4040.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use hotseat_tests::ports::Held;
use hotseat_tests::process::hotseat_binary;

use crate::arena::Arena;
use crate::probe::Probe;
use crate::stats::{Times, ms};
use crate::table::Row;

const STARTS: usize = 20;
const BAR: Duration = Duration::from_millis(150);
const GIVE_UP: Duration = Duration::from_secs(10);
/// Time between two tries to connect.
const PACE: Duration = Duration::from_micros(500);
/// Time between two looks at what a process runs.
const LOOKS: Duration = Duration::from_micros(100);

/// Starts candidates one after the other; each is killed when it has answered.
pub(crate) fn rows(arena: &Arena) -> anyhow::Result<Vec<Row>> {
    let times = (0..STARTS).map(|_| once(arena)).collect::<anyhow::Result<_>>()?;
    let times = Times::new(times);
    let measured = format!("p50 {}, max {} of {STARTS}", ms(times.percentile(50)), ms(times.max()));
    let figure = "process start to first answer on 4040";
    Ok(vec![Row::barred(figure, measured, "max at most 150 ms", times.max() <= BAR)])
}

fn once(arena: &Arena) -> anyhow::Result<Duration> {
    let port = Held::any()?;
    let address = port.address()?;
    let program = hotseat_binary()?.canonicalize().context("HOTSEAT_BIN")?;
    let process = arena.launch("startup", "starter", &address.to_string())?.start()?;
    let began = became(process.pid(), &program)?;
    loop {
        if let Ok(mut probe) = Probe::connect(address) {
            probe.get("/")?;
            return Ok(began.elapsed());
        }
        if began.elapsed() > GIVE_UP {
            bail!("no answer at {address} in {GIVE_UP:?}; {process}");
        }
        std::thread::sleep(PACE);
    }
}

/// The last moment at which that process was seen not to be that program yet. It is others before: small
/// programs that tie its life to this process, which takes some milliseconds.
fn became(process: u32, program: &Path) -> anyhow::Result<Instant> {
    let first = Instant::now();
    let (mut before, link) = (first, format!("/proc/{process}/exe"));
    loop {
        let look = Instant::now();
        if std::fs::read_link(&link).context("the process has ended")? == program {
            return Ok(before);
        }
        if first.elapsed() > GIVE_UP {
            bail!("the process did not become {} in {GIVE_UP:?}", program.display());
        }
        before = look;
        std::thread::sleep(LOOKS);
    }
}
