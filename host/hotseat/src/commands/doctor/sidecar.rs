//! The sidecar of this pod, if there is one.

use super::Check;
use crate::commands::status::asked;
use hotseat_election::ElectionName;
use hotseat_http::LeaderAnswer;

const NAME: &str = "sidecar";

pub(super) fn check(address: &str, election: &ElectionName) -> Check {
    let answer: Result<LeaderAnswer, _> = asked(address, async |line| line.get("/v1/leader").await);
    let leader = match answer {
        Ok(leader) => leader,
        Err(error) => {
            return Check::note(NAME, format!("none answers here, looking without it: {error:#}"));
        }
    };
    let lock = format!("{}/{}", leader.lock.namespace, leader.lock.name);
    let check = if lock != election.to_string() {
        Check::failed(NAME, format!("the one at {address} takes part in {lock}, not in {election}"))
            .with_remedy("give its election by --election and --election-namespace")
    } else if leader.observed_ms.is_none() {
        Check::failed(NAME, format!("{} has not read the lock yet", leader.identity))
            .with_remedy("what follows says why: look for `api`, `rights` and `lock`")
    } else {
        let role = match (leader.leads, leader.name.as_str()) {
            (true, _) => "leads".to_owned(),
            (false, "") => "stands by, and nobody is known to lead".to_owned(),
            (false, name) => format!("stands by, and {name} leads"),
        };
        Check::ok(NAME, format!("{} {role}", leader.identity))
    };
    check
        .with("identity", leader.identity)
        .with("leads", leader.leads)
        .with("leader", leader.name)
        .with("observed_ms", leader.observed_ms)
}
