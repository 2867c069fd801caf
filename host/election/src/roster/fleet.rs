//! From the roster to the rollout: how far the other candidates are with a policy.

use super::{Listed, Roster};
use crate::clock;
use crate::status::Status;
use hotseat_rollout::{Fingerprint, Fleet, Objection, Peer};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Between two looks: what changes meanwhile goes together. Nothing here is urgent.
const PACE: Duration = Duration::from_millis(100);
/// The longest reason of another candidate's that is taken in, in bytes.
const LONGEST_REASON: usize = 200;

/// Tells the rollout of the other candidates whenever what matters of them changes. Runs until nobody
/// listens.
pub(crate) async fn relay_fleet(status: Status, to: Sender<Fleet>) {
    let (mut rosters, mut views) = (status.rosters(), status.views());
    let mut told = None;
    loop {
        // Seen before they are read, so that what changes meanwhile is looked at again.
        let roster = rosters.borrow_and_update().clone();
        let view = views.borrow_and_update().clone();
        let now = clock::now();
        let fleet = fleet(&roster, view.leader(now));
        if told.as_ref() != Some(&fleet) {
            told = Some(fleet.clone());
            if to.send(fleet).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = rosters.changed() => if changed.is_err() { return },
            changed = views.changed() => if changed.is_err() { return },
            // A lease that ends changes nothing but the answer.
            () = until_it_ends(view.remaining(now)) => {}
            () = to.closed() => return,
        }
        tokio::time::sleep(PACE).await;
    }
}

async fn until_it_ends(remaining: Duration) {
    match remaining {
        Duration::ZERO => std::future::pending().await,
        _ => tokio::time::sleep(remaining).await,
    }
}

fn fleet(roster: &Roster, leader: &str) -> Fleet {
    Fleet {
        known: roster.seen && roster.not_followed.is_none(),
        leader: Some(leader).filter(|leader| !leader.is_empty()).map(str::to_owned),
        peers: roster.others.iter().map(peer).collect(),
    }
}

fn peer(listed: &Listed) -> Peer {
    let entry = &listed.entry;
    let policy = entry.policy.as_ref();
    let objection = policy.and_then(|policy| policy.objection.as_ref());
    Peer {
        name: entry.identity.clone(),
        runs: policy.map(|policy| Fingerprint {
            policy: policy.digest.clone(),
            settings: policy.settings.clone(),
        }),
        heard: listed.at,
        // It becomes a part of this candidate's own words.
        objection: objection.map(|Objection { to, why }| Objection {
            to: to.clone(),
            why: hotseat_text::one_line(why, LONGEST_REASON),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, PolicyEntry};
    use super::*;
    use crate::name::ElectionName;
    use hotseat_core::view::{SeenHolder, View};
    use tokio::sync::mpsc::{Receiver, channel};
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(20);

    fn listed(name: &str, state: &str) -> Listed {
        let to = Fingerprint { policy: "sha256:new".to_owned(), settings: String::new() };
        let why = "refused it at settings: no\nway".to_owned();
        let policy = PolicyEntry {
            digest: "sha256:old".to_owned(),
            state: state.to_owned(),
            objection: Some(Objection { to, why }),
            ..PolicyEntry::default()
        };
        let entry = Entry { identity: name.to_owned(), policy: Some(policy), ..Entry::default() };
        Listed { entry, at: clock::now(), since: Vec::new() }
    }

    fn led_by(name: &str, holds: Duration) -> View {
        let now = clock::now();
        let seen = SeenHolder {
            holder: Some(name.to_owned()),
            foreign: true,
            transitions: 1,
            since: now,
            heard: now,
            until: now + holds,
        };
        View { identity: "web-0".to_owned(), seen: Some(seen), ..View::default() }
    }

    async fn next(fleets: &mut Receiver<Fleet>) -> Fleet {
        timeout(SOON, fleets.recv()).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn what_changes_of_the_others_is_passed_on_and_that_nobody_leads_any_more() {
        let name = ElectionName::new("shop", "web");
        let status = Status::new(name, "web-0", clock::now(), Duration::from_secs(2));
        let (sender, mut fleets) = channel(4);
        let task = tokio::spawn(relay_fleet(status.clone(), sender));
        assert_eq!(next(&mut fleets).await, Fleet::default(), "nothing was seen yet");
        status.change_roster(|roster| {
            roster.seen = true;
            roster.others = vec![listed("web-1", "active")];
        });
        let seen = next(&mut fleets).await;
        assert!(seen.known && seen.leader.is_none());
        let peer = &seen.peers[0];
        let runs = Fingerprint { policy: "sha256:old".to_owned(), settings: String::new() };
        assert_eq!((peer.name.as_str(), &peer.runs), ("web-1", &Some(runs)));
        let why = &peer.objection.as_ref().unwrap().why;
        assert_eq!(why, "refused it at settings: no way");
        // What is the same to the rollout is not sent: the next is the leader.
        status.change_roster(|roster| {
            let policy = roster.others[0].entry.policy.as_mut();
            policy.unwrap().state = "restored".to_owned();
        });
        status.show(led_by("web-1", Duration::from_secs(3)));
        assert_eq!(next(&mut fleets).await.leader.as_deref(), Some("web-1"));
        assert_eq!(next(&mut fleets).await.leader, None, "its lease has ended");
        status.change_roster(|roster| roster.not_followed = Some("denied".to_owned()));
        let unknown = next(&mut fleets).await;
        assert_eq!((unknown.known, unknown.peers), (false, seen.peers));
        drop(fleets);
        timeout(SOON, task).await.unwrap().unwrap();
    }
}
