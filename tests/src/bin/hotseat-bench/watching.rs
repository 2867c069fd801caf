//! A thousand clients of `/v1/watch`: how many are held, what they lose, what they take in memory.

use std::time::Duration;

use anyhow::Context;
use hotseat_tests::watchers::{Heard, Seat, Watchers};
use tokio::time::timeout;

use crate::arena::{Arena, Candidate, NAMESPACE};
use crate::stats::mib;
use crate::table::Row;

const NAME: &str = "watched";
const WATCHERS: usize = 1000;
const CHANGES: u32 = 1000;
/// A hundred changes a second.
const PACE: Duration = Duration::from_millis(10);
/// Who leads after the last change.
const LAST: &str = "the-last";
const GIVE_UP: Duration = Duration::from_secs(300);

/// The leader changes a hundred times a second for ten seconds, as the API server's watch tells a
/// standby, which tells those who watch it.
///
/// # Errors
///
/// A watcher is refused, or the last change does not come to all who are held.
pub(crate) fn rows(arena: &Arena) -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        timeout(GIVE_UP, measure(arena)).await.context("the last change is not heard of")?
    })
}

async fn measure(arena: &Arena) -> anyhow::Result<Vec<Row>> {
    let seat = Seat::create(arena.kubeconfig(), NAMESPACE, NAME).await?;
    let candidate = Candidate::settle(arena.launch(NAME, "watcher", "127.0.0.1:0")?)?;
    let resident = || Ok::<_, anyhow::Error>(candidate.process.memory()?.resident);
    let before = resident()?;
    let watchers = Watchers::gather(candidate.process.http_addr(), WATCHERS, LAST).await?;
    let held = Resident { before, now: resident()? };
    let took = seat.change(CHANGES, PACE, LAST).await?;
    let heard = watchers.heard().await;
    let after = Resident { before, now: resident()? };
    let memory = format!("{} MiB before, {held}, {after} after the changes", mib(before));
    let figure = format!("resident memory of a sidecar with {WATCHERS} watchers");
    Ok(vec![held_row(&heard, took), Row::printed(&figure, memory)])
}

/// Who heard the last change was held until then.
fn held_row(heard: &[anyhow::Result<Heard>], took: Duration) -> Row {
    let held: Vec<Heard> = heard.iter().filter_map(|one| one.as_ref().ok()).copied().collect();
    let sum = |what: fn(&Heard) -> u64| held.iter().map(what).sum::<u64>();
    let (missed, lost) = (sum(|one| one.missed), sum(|one| one.lost));
    let measured = format!(
        "{} of {} held; of {CHANGES} changes in {:.1} s for each, {missed} lost with a gap that says \
         so and {lost} without",
        held.len(),
        heard.len(),
        took.as_secs_f64(),
    );
    let figure = "watchers of /v1/watch held, and changes lost, at 100 a second for 10 s";
    let met = held.len() == WATCHERS && lost == 0;
    Row::barred(figure, measured, "all held, none lost without a gap", met)
}

/// Resident memory beside what it was before the watchers came, in bytes.
struct Resident {
    before: u64,
    now: u64,
}

impl std::fmt::Display for Resident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let each = self.now.saturating_sub(self.before) / WATCHERS as u64;
        write!(f, "{} with them ({:.1} KiB each)", mib(self.now), each as f64 / 1024.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(heard: &[anyhow::Result<Heard>]) -> String {
        let mut table = crate::table::Table::new(String::new(), "");
        table.take("", || Ok(vec![held_row(heard, Duration::from_secs(10))]));
        table.to_string()
    }

    #[test]
    fn nobody_may_be_cut_off_and_nothing_lost_untold() {
        let all = || (0..WATCHERS).map(|_| Ok(Heard { changes: 990, missed: 10, lost: 0 }));
        let mut heard: Vec<_> = all().collect();
        let text = line(&heard);
        assert!(text.contains("| met |") && text.contains("10000 lost with a gap"), "{text}");
        heard[0] = Ok(Heard { changes: 999, missed: 0, lost: 1 });
        assert!(line(&heard).contains("1 without | ") && line(&heard).contains("MISSED"));
        heard = all().collect();
        heard[7] = Err(anyhow::anyhow!("cut off"));
        let text = line(&heard);
        assert!(text.contains("999 of 1000 held") && text.contains("MISSED"), "{text}");
    }

    #[test]
    fn what_each_watcher_takes_is_said() {
        let resident = Resident { before: 1 << 20, now: (1 << 20) + 10240 * WATCHERS as u64 };
        assert_eq!(resident.to_string(), "10.77 with them (10.0 KiB each)");
    }
}
