//! The roster, kept beside an election.

use crate::sidecar::own_pod::OwnPod;
use hotseat_election::{Facts, Status};
use hotseat_kubernetes::{Connection, Hints, Place, RosterKeeper, RosterPod, RosterWanted};

/// The features of the roster, as `hotseat rbac` knows them.
pub const FEATURE: &str = "roster";
const HINTS: Hints =
    Hints { rights: "the Role that it takes is what `hotseat rbac --roster` prints" };

/// Keeps the roster of an election while a policy asks for it, or for what is wanted. Must be called inside the
/// runtime that serves the election.
pub(crate) fn keep(
    connection: &Connection,
    facts: &Facts,
    status: &Status,
    pod: &OwnPod,
    wanted: RosterWanted,
) -> RosterKeeper {
    let place = Place {
        election: status.election().clone(),
        identity: status.view().identity.clone(),
        pod: Some(RosterPod {
            namespace: pod.namespace().to_owned(),
            name: pod.name().to_owned(),
            uid: pod.uid().map(str::to_owned),
        }),
    };
    let (connection, facts, status) = (connection.clone(), facts.clone(), status.clone());
    let version = env!("CARGO_PKG_VERSION");
    RosterKeeper::start(connection, facts, status, place, version, wanted, HINTS)
}
