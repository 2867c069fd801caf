//! From the roster to the election.

use super::Listed;
use crate::status::Status;
use hotseat_core::event::Event;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Between two messages to the election: what changes meanwhile goes together.
const PACE: Duration = Duration::from_millis(20);

/// Tells the election the other candidates whenever they change, while a policy wants to know of them;
/// none once no policy does any more. Runs until nobody listens.
pub(crate) async fn relay(status: Status, events: Sender<Event>) {
    let (mut rosters, mut policies) = (status.rosters(), status.policies());
    let mut told: Vec<Listed> = Vec::new();
    loop {
        // Seen before they are read, so that what changes meanwhile is looked at again.
        let roster = rosters.borrow_and_update().clone();
        let wanted = policies.borrow_and_update().needs(super::ROSTER);
        let others = if wanted { &roster.others[..] } else { &[] };
        if others != told {
            told = others.to_vec();
            let all = told.iter().map(Listed::published).collect();
            if events.send(Event::Roster(all)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = rosters.changed() => if changed.is_err() { return },
            changed = policies.changed() => if changed.is_err() { return },
            () = events.closed() => return,
        }
        tokio::time::sleep(PACE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::*;
    use crate::clock;
    use crate::name::ElectionName;
    use hotseat_core::time::Moment;
    use hotseat_rollout::{About, Active, Policy};
    use tokio::sync::mpsc::{Receiver, channel};
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(20);

    fn needs(status: &Status, needs: &[&str]) {
        let needs = needs.iter().map(|need| (*need).to_owned()).collect();
        let active = Active {
            policy: Policy { digest: String::new(), settings: "".into() },
            about: About { needs, ..About::default() },
            source: String::new(),
            since: Moment::ZERO,
            memory_lost: None,
            pause_micros: 0,
            broken: false,
        };
        status.change_policy(|report| report.rollout.active = Some(active));
    }

    fn list(status: &Status, names: &[&str]) {
        let listed = |name: &&str| {
            let entry = Entry { identity: (*name).to_owned(), ..Entry::default() };
            Listed { entry, at: clock::now(), since: Vec::new() }
        };
        let others: Vec<Listed> = names.iter().map(listed).collect();
        status.change_roster(|roster| roster.others = others);
    }

    async fn next(events: &mut Receiver<Event>) -> Vec<String> {
        match timeout(SOON, events.recv()).await.unwrap().unwrap() {
            Event::Roster(all) => all.into_iter().map(|one| one.identity).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_policy_that_does_not_ask_for_the_roster_is_told_nothing_of_it() {
        let name = ElectionName::new("shop", "web");
        let status = Status::new(name, "web-0", clock::now(), Duration::from_secs(2));
        let (sender, mut events) = channel(4);
        let task = tokio::spawn(relay(status.clone(), sender));
        needs(&status, &["zone"]);
        list(&status, &["a"]);
        // What is told first is what was there when a policy came that wants it.
        tokio::time::sleep(PACE * 3).await;
        needs(&status, &["roster"]);
        assert_eq!(next(&mut events).await, ["a"]);
        list(&status, &["a", "b"]);
        assert_eq!(next(&mut events).await, ["a", "b"]);
        needs(&status, &[]);
        assert_eq!(next(&mut events).await, [""; 0]);
        drop(events);
        timeout(SOON, task).await.unwrap().unwrap();
    }
}
