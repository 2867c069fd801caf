//! From the start of the process to the first answer on 4040.

use std::time::Duration;

use anyhow::bail;
use hotseat_tests::ports::Held;

use crate::arena::Arena;
use crate::probe::Probe;
use crate::stats::{Times, ms};
use crate::table::Row;

const STARTS: usize = 20;
const BAR: Duration = Duration::from_millis(150);
const GIVE_UP: Duration = Duration::from_secs(10);
/// Time between two tries to connect.
const PACE: Duration = Duration::from_micros(500);

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
    let process = arena.launch("startup", "starter", &address.to_string())?.start()?;
    let began = process.started();
    loop {
        // The time includes the two small programs that tie the child's life to this process.
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
