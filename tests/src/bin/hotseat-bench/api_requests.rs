//! What a standby asks of the API server when nothing happens, by the server's audit log.

use std::time::Duration;

use anyhow::bail;
use hotseat_tests::cluster::{Caller, Cluster};
use jiff::Timestamp;

use crate::memory::Pair;
use crate::table::Row;

const MINUTE: Duration = Duration::from_secs(60);

/// The busiest of the whole minutes that the pair has behind it, without its first seconds.
pub(crate) fn rows(cluster: &Cluster, pair: &Pair) -> anyhow::Result<Vec<Row>> {
    let now = Timestamp::now();
    let agent = format!("({})", pair.standby_id());
    let records = cluster.requests(pair.settled(), Caller::UserAgent(&agent))?;
    // Any request since its start proves that this is how the log names it.
    if cluster.requests(Timestamp::UNIX_EPOCH, Caller::UserAgent(&agent))?.is_empty() {
        bail!("the audit log knows no client {agent}");
    }
    let mut worst = (0, 0);
    let mut minutes = 0;
    let mut end = now;
    while end - MINUTE >= pair.settled() {
        let begin = end - MINUTE;
        let minute = records.iter().filter(|record| (begin..end).contains(&record.received));
        let watches = minute.clone().filter(|record| record.verb == "watch").count();
        worst = worst.max((minute.count() - watches, watches));
        minutes += 1;
        end = begin;
    }
    if minutes == 0 {
        bail!("the pair was not there for a quiet minute");
    }
    let (others, watches) = worst;
    let measured = format!(
        "{watches} new watches and {others} others in the busiest of {minutes} minutes, \
         {} requests in all of them",
        records.len()
    );
    let figure = "API requests of a standby in a quiet minute";
    Ok(vec![Row::barred(
        figure,
        measured,
        "the watch and 1 more",
        others + watches.saturating_sub(1) <= 1,
    )])
}
