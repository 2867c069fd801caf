//! From the roster to the election.

use super::Listed;
use crate::status::Status;
use hotseat_core::event::Event;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Between two messages to the election: what changes meanwhile goes together.
const PACE: Duration = Duration::from_millis(20);

/// Tells the election the other candidates whenever they change, while the roster is kept; none once it
/// is not any more. A policy that does not ask for it is given none of it all the same: the engine takes
/// it out of the question. Runs until nobody listens.
pub(crate) async fn relay(status: Status, events: Sender<Event>) {
    let mut rosters = status.rosters();
    let mut told: Vec<Listed> = Vec::new();
    loop {
        // Seen before they are read, so that what changes meanwhile is looked at again.
        let roster = rosters.borrow_and_update().clone();
        if roster.others != told {
            told.clone_from(&roster.others);
            let all = told.iter().map(Listed::published).collect();
            if events.send(Event::Roster(all)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = rosters.changed() => if changed.is_err() { return },
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
    use hotseat_core::elector::SUCCESSOR;
    use hotseat_core::policy::Value;
    use tokio::sync::mpsc::{Receiver, channel};
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(20);

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
    async fn the_election_gets_the_roster_while_it_is_kept() {
        let name = ElectionName::new("shop", "web");
        let status = Status::new(name, "web-0", clock::now(), Duration::from_secs(2));
        let (sender, mut events) = channel(4);
        let task = tokio::spawn(relay(status.clone(), sender));
        for names in [&["a"][..], &["a", "b"]] {
            list(&status, names);
            assert_eq!(next(&mut events).await, names);
        }
        status.change_roster(|roster| *roster = Default::default());
        assert_eq!(next(&mut events).await, [""; 0]);
        drop(events);
        timeout(SOON, task).await.unwrap().unwrap();
    }

    #[test]
    fn whom_a_leader_hands_over_to_reaches_the_others() {
        let entry = Entry { successor: Some("web-1".to_owned()), ..Entry::default() };
        let listed = Listed { entry, at: clock::now(), since: Vec::new() };
        let successor = (SUCCESSOR.to_owned(), Value::Text("web-1".to_owned()));
        assert_eq!(listed.published().extra, [successor]);
    }
}
