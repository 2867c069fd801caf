//! When a policy has failed too often.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use hotseat_core::failures::{DEFAULT_SHARE, Failures, MOST_IN_A_ROW, REMEMBERED};

/// A policy that decides (`.`) and fails (`x`); gives at which of them it became too much.
fn too_many(failures: &mut Failures, played: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for (index, what) in played.chars().enumerate() {
        match what {
            'x' if failures.failed() => found.push(index),
            'x' => {}
            _ => failures.decided(),
        }
    }
    found
}

#[test]
fn three_in_a_row_are_too_many_each_time() {
    let mut failures = Failures::new(DEFAULT_SHARE);
    assert_eq!(too_many(&mut failures, "xx.xxx..xxxxx.xx"), [5, 10]);
    assert_eq!((failures.in_a_row(), failures.of_last_hundred()), (2, 12));
    assert_eq!(too_many(&mut failures, "x"), [0]);
    assert_eq!(failures.in_a_row(), MOST_IN_A_ROW);
}

#[test]
fn more_than_the_share_of_the_last_hundred_is_too_many() {
    // The failure after the share is one too many, however few decisions there were.
    for share in [0, 1, 20, 33] {
        let mut failures = Failures::new(share);
        let found = too_many(&mut failures, &"x..".repeat(50));
        // Every third of a hundred is at most 34.
        assert_eq!(found, [usize::from(share) * 3], "share {share}");
    }
    // The row that never ends is said once, and has been said when the share is passed.
    assert_eq!(too_many(&mut Failures::new(20), &"x".repeat(500)), [2]);
    let mut failures = Failures::new(34);
    assert_eq!(too_many(&mut failures, &"x..".repeat(500)), []);
    // No share is above all: a row of them counts alone.
    let mut failures = Failures::new(100);
    assert_eq!(too_many(&mut failures, &"xx.".repeat(500)), []);
    assert_eq!(too_many(&mut failures, "xxx"), [2]);
}

#[test]
fn what_is_longer_ago_than_a_hundred_decisions_is_forgotten() {
    let mut failures = Failures::new(20);
    too_many(&mut failures, &"x.".repeat(20));
    assert_eq!(failures.of_last_hundred(), 20);
    let rest = REMEMBERED as usize - 40;
    too_many(&mut failures, &".".repeat(rest));
    assert_eq!(failures.of_last_hundred(), 20);
    too_many(&mut failures, "..");
    assert_eq!(failures.of_last_hundred(), 19);
    too_many(&mut failures, &".".repeat(38));
    assert_eq!(failures.of_last_hundred(), 0);
    // And a value equals one that never saw any of it.
    assert_eq!(failures, Failures::new(20));
}

#[test]
fn the_share_is_reported_again_after_it_was_halved() {
    let mut failures = Failures::new(20);
    let every_fourth = too_many(&mut failures, &"x...".repeat(100));
    assert_eq!(every_fourth, [80], "a quarter goes on failing");
    assert_eq!(too_many(&mut failures, &".".repeat(56)), []);
    assert_eq!(failures.of_last_hundred(), 11);
    let mut more = failures;
    assert_eq!(too_many(&mut more, &"x.".repeat(25)), [], "it has not been halved");
    assert_eq!(too_many(&mut failures, "...."), []);
    assert_eq!(failures.of_last_hundred(), 10);
    assert_eq!(too_many(&mut failures, &"x.".repeat(25)).len(), 1);
}

#[test]
fn another_policy_begins_with_nothing() {
    let mut failures = Failures::new(0);
    assert_eq!(too_many(&mut failures, "xx"), [0]);
    failures.forget();
    assert_eq!(failures, Failures::new(0));
    assert_eq!(too_many(&mut failures, "x"), [0]);
}
