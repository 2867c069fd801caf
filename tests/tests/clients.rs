//! The clients of `clients/`, in five languages: one table of cases, `clients/cases.json`, and real
//! elections, run against all of them by the small program that each has for this, its probe.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "clients/cable.rs"]
mod cable;
#[path = "clients/elections.rs"]
mod elections;
#[path = "clients/examples.rs"]
mod examples;
#[path = "clients/probe.rs"]
mod probe;
#[path = "clients/stand_in.rs"]
mod stand_in;
#[path = "clients/table.rs"]
mod table;

/// A test of that name for each language.
macro_rules! for_all {
    ($($module:ident::$test:ident),* $(,)?) => {
        for_all! { @of go $($module::$test),* }
        for_all! { @of java $($module::$test),* }
        for_all! { @of node $($module::$test),* }
        for_all! { @of python $($module::$test),* }
        for_all! { @of rust $($module::$test),* }
    };
    (@of $language:ident $($module:ident::$test:ident),*) => {
        mod $language {
            $(#[test]
            fn $test() {
                crate::$module::$test(stringify!($language));
            })*
        }
    };
}

for_all![
    table::beliefs_are_as_the_table_has_them,
    table::talks_are_as_the_table_has_them,
    elections::a_killed_sidecar,
    elections::a_frozen_sidecar,
    elections::a_frozen_application,
    elections::a_killed_application,
    elections::a_cut_network,
    elections::a_hand_over,
    examples::the_example_works,
    examples::the_example_leads_in_the_demonstration,
];
