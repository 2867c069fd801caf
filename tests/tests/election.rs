//! Elections between real processes: one suite of scenes, on the embedded API server and on a real
//! one, and the scenes that only one of the two can play.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "election/account.rs"]
mod account;
#[path = "election/again.rs"]
mod again;
#[path = "election/behind.rs"]
mod behind;
#[path = "election/death.rs"]
mod death;
#[path = "election/end.rs"]
mod end;
#[path = "election/facts.rs"]
mod facts;
#[path = "election/forged.rs"]
mod forged;
#[path = "election/hand.rs"]
mod hand;
#[path = "election/label.rs"]
mod label;
#[path = "election/logs.rs"]
mod logs;
#[path = "election/names.rs"]
mod names;
#[path = "election/needs.rs"]
mod needs;
#[path = "election/outage.rs"]
mod outage;
#[path = "election/pause.rs"]
mod pause;
#[path = "election/restored.rs"]
mod restored;
#[path = "election/roster.rs"]
mod roster;
#[path = "election/stall.rs"]
mod stall;
#[path = "election/start.rs"]
mod start;
#[path = "election/warm_up.rs"]
mod warm_up;
#[path = "election/watchers.rs"]
mod watchers;

use hotseat_tests::on_both;

on_both![
    start::three_start_and_one_leads,
    start::a_name_that_is_in_use_is_refused,
    start::no_boot_id,
    end::a_leader_that_is_asked_to_end_hands_over,
    end::a_killed_leaders_seat_stays_empty_for_the_lease,
    again::a_killed_leader_that_starts_again_takes_its_seat_back,
    again::a_killed_leaders_seat_that_a_hand_wrote_to_is_waited_out,
    pause::a_stopped_leader_wakes_believing_nothing,
    behind::a_spec_that_is_nulled_behind_a_leader_is_waited_out,
    behind::a_duration_that_is_shortened_behind_a_leader_is_waited_out,
    behind::a_holder_that_is_nulled_behind_a_leader_is_waited_out,
    behind::another_electors_release_over_a_leaders_record_is_waited_out,
    behind::an_old_record_that_is_put_back_is_waited_out,
    behind::the_token_grows_though_the_object_forgets_it,
    hand::a_deleted_lease_begins_another_term,
    hand::a_lease_deleted_behind_a_stopped_leader_is_put_back,
    hand::a_cleared_holder_begins_another_term,
    hand::an_edit_beside_the_seat_changes_nothing_and_survives,
    hand::a_leader_whose_mark_alone_is_removed_leads_on_in_a_new_term,
    hand::a_leader_whose_renew_time_alone_is_edited_leads_on_in_a_new_term,
    hand::transitions_at_their_limit_end_no_election,
    death::a_dead_leaders_seat_is_taken_when_its_kubelet_says_so,
    death::a_pod_that_is_gone_is_no_dead_leader,
    label::the_leaders_pod_bears_the_label,
    label::another_pod_of_the_name_is_not_labelled,
    logs::log_reader_gone,
    logs::log_on_a_full_disk,
    logs::log_that_nobody_reads,
    names::a_name_from_outside_forges_no_line,
    forged::a_request_from_outside_forges_no_line,
    forged::what_stands_on_a_lease_forges_no_line,
];

/// A moment as it stands in a Lease.
fn moment(field: &serde_json::Value) -> jiff::Timestamp {
    field.as_str().unwrap_or_default().parse().unwrap_or_else(|error| panic!("{field}: {error}"))
}
