//! Elections by the old locks, and the way from them to the Lease and back: candidates of the 0.4
//! image, of old client-go and Hotseats in one fleet, on a real API server.
//!
//! `HOTSEAT_KILLS=N` ends that many members in each test of the way, `HOTSEAT_SEED=N` chooses them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "migration/objects.rs"]
mod objects;

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::scene::{Api, Fleet, Kind, SOON};
use hotseat_tests::wait::until;

const IMAGE: Kind = Kind::Image;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

/// A way of three members through these kinds, one member at a time at each step, with members that
/// end at random in each mixture. `apart`: the steps after which candidates of the old lock alone
/// must be gone for a lease, before any of the new lock alone may begin.
fn travels(scene: &str, steps: &[[Kind; 3]], apart: usize) {
    let seed = number("HOTSEAT_SEED", u64::from(std::process::id()));
    let api = Api::of(Cluster::shared(), scene, Rights::EveryLock).unwrap();
    let mixtures = 1 + 3 * (steps.len() as u64 - 1);
    let kills = number("HOTSEAT_KILLS", mixtures).div_ceil(mixtures) as u32;
    let mut fleet = Fleet::start(&api, &steps[0], seed).unwrap();
    fleet.churn(kills).unwrap();
    for (number, step) in steps.iter().enumerate().skip(1) {
        if number == apart {
            fleet.rest();
        }
        for (index, kind) in step.iter().enumerate() {
            fleet.replace(index, *kind).unwrap();
            fleet.churn(kills).unwrap();
            fleet.leader();
        }
    }
    let told = format!("seed {seed}: {} ended, led {:?}", fleet.ended, fleet.led);
    println!("{scene}: {told}");
    let overlaps = fleet.finish().unwrap();
    assert!(overlaps.is_empty(), "{told}: {overlaps:#?}");
}

#[test]
fn a_fleet_of_the_image_moves_to_the_lease() {
    let old = Kind::Hotseat("endpoints");
    let both = Kind::Hotseat("endpointsleases");
    let steps = [
        [IMAGE, Kind::ClientGo("endpoints"), old],
        [both; 3],
        [Kind::ClientGo("leases"), Kind::Hotseat("leases"), Kind::Hotseat("leases")],
    ];
    travels("image-to-lease", &steps, 2);
}

#[test]
fn a_fleet_moves_back_from_the_lease_to_the_image() {
    let both = Kind::Hotseat("endpointsleases");
    let steps = [
        [Kind::ClientGo("leases"), Kind::Hotseat("leases"), Kind::Hotseat("leases")],
        [both; 3],
        [IMAGE, Kind::ClientGo("endpoints"), Kind::Hotseat("endpoints")],
    ];
    travels("lease-to-image", &steps, 2);
}

#[test]
fn a_fleet_moves_from_a_config_map_to_the_lease() {
    let both = Kind::Hotseat("configmapsleases");
    let steps = [
        [Kind::ClientGo("configmaps"), Kind::Hotseat("configmaps"), both],
        [both; 3],
        [Kind::Hotseat("leases"); 3],
    ];
    travels("configmap-to-lease", &steps, 2);
}

#[test]
fn a_fleet_moves_back_from_the_lease_to_a_config_map() {
    let both = Kind::Hotseat("configmapsleases");
    let steps = [
        [Kind::ClientGo("leases"), Kind::Hotseat("leases"), both],
        [both; 3],
        [Kind::ClientGo("configmaps"), Kind::Hotseat("configmaps"), Kind::Hotseat("configmaps")],
    ];
    travels("lease-to-configmap", &steps, 2);
}

/// Why the way has a step between, and that an overlap is noticed.
#[test]
fn without_the_step_between_two_lead() {
    let api = Api::of(Cluster::shared(), "no-step-between", Rights::EveryLock).unwrap();
    let kinds = [Kind::ClientGo("endpoints"), Kind::Hotseat("leases")];
    let fleet = Fleet::start(&api, &kinds, 1).unwrap();
    until("both to lead", SOON, || match fleet.leaders() {
        leaders if leaders.len() == 2 => Ok(()),
        leaders => Err(leaders),
    });
    fleet.rest();
    let overlaps = fleet.finish().unwrap();
    assert!(!overlaps.is_empty());
}
