//! How fast all states of an election are gone through, with the core as it was built here.

use std::time::Duration;

use hotseat_explorer::catalogue;
use hotseat_explorer::explore::explore;

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
    let settings = catalogue::all().into_iter().map(|words| (words, STATES));
    let table = explore(&settings.collect::<Vec<_>>(), time, |_| {});
    if let Some(broken) = table.broken.first() {
        anyhow::bail!("{broken}");
    }
    let reports = || table.rows.iter().map(|(_, report)| report);
    let states: usize = reports().map(|report| report.states).sum();
    let seconds = reports().map(|report| report.time).sum::<Duration>().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = states as f64 / seconds;
    Ok(vec![Row::printed(
        "states of an election explored, a second and thread",
        format!("{each:.0} ({states} in all)"),
    )])
}
