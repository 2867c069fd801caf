//! How fast all states of an election are gone through, with the core as it was built here.

use std::time::Duration;

use hotseat_explorer::catalogue;

use crate::table::Row;

/// More than that time is enough for.
const STATES: usize = 40_000_000;

/// States a second, of the first settings of `make exhaustive`, by two threads, in so long that the
/// beginning does not count.
///
/// # Errors
///
/// A state breaks a property: the core is wrong.
pub(crate) fn rows(time: Duration) -> anyhow::Result<Vec<Row>> {
    let table = catalogue::explore(&catalogue::quick(), time, STATES, |_| {});
    if let Some(broken) = table.broken.first() {
        anyhow::bail!("{broken}");
    }
    let states: usize = table.reports.iter().map(|report| report.states).sum();
    let seconds = table.reports.iter().map(|report| report.time).sum::<Duration>().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = states as f64 / seconds;
    Ok(vec![Row::printed(
        "states of an election explored, a second and thread",
        format!("{each:.0} ({states} in all)"),
    )])
}
