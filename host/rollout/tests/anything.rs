//! Whatever happens, in whatever order: random lives of a rollout, checked after each step.

mod common;

use common::{STANDARD, World, config, policy, print, refusal};
use hotseat_core::time::Moment;
use hotseat_rollout::{
    Allowance, Config, Event, Fleet, Gate, JobId, Objection, Passed, Peer, Policy, ShadowPeriod,
    StageEnd, Turns,
};
use proptest::prelude::*;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Action {
    Found(usize),
    Refused(usize),
    Unavailable(usize),
    /// Answers what is asked for, if anything is.
    Pass,
    Refuse,
    TookOver,
    NotTakenOver,
    Answer {
        differs: bool,
        resigns: bool,
    },
    ShadowFailed,
    /// Answers to what was not asked, or not any more.
    Stray(u64, u8),
    Failed,
    LeftBehind(usize),
    Woke,
    Wait(u64),
    /// What is said of other candidates, be it true or not.
    Fleet {
        known: bool,
        leader: usize,
        /// Name, policy, and what is refused, each by its number.
        peers: Vec<(usize, usize, usize)>,
        /// They were heard of now.
        heard: bool,
    },
    Skip(usize),
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "nobody"];

fn policies() -> Vec<Policy> {
    let standard = |settings: &str| Policy { digest: STANDARD.into(), settings: settings.into() };
    vec![
        policy("a", ""),
        policy("a", "1"),
        policy("b", ""),
        policy("hold", ""),
        policy("hold", "1"),
        standard(""),
        standard("1"),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (0..7usize).prop_map(Action::Found),
        1 => (0..2usize).prop_map(Action::Refused),
        1 => (0..2usize).prop_map(Action::Unavailable),
        12 => Just(Action::Pass),
        2 => Just(Action::Refuse),
        5 => Just(Action::TookOver),
        1 => Just(Action::NotTakenOver),
        5 => any::<(bool, bool)>().prop_map(|(differs, resigns)| {
            Action::Answer { differs, resigns: differs && resigns }
        }),
        1 => Just(Action::ShadowFailed),
        2 => (0..40u64, 0..5u8).prop_map(|(job, kind)| Action::Stray(job, kind)),
        3 => Just(Action::Failed),
        1 => (0..7usize).prop_map(Action::LeftBehind),
        2 => Just(Action::Woke),
        2 => (1..40u64).prop_map(Action::Wait),
        1 => (100..400u64).prop_map(Action::Wait),
        4 => fleet(),
        1 => (0..7usize).prop_map(Action::Skip),
    ]
}

fn fleet() -> impl Strategy<Value = Action> {
    // Numbers above those of the policies stand for none.
    let peer = (0..5usize, 0..8usize, 0..14usize);
    let peers = proptest::collection::vec(peer, 0..5);
    (any::<(bool, bool)>(), 0..6usize, peers)
        .prop_map(|((known, heard), leader, peers)| Action::Fleet { known, leader, peers, heard })
}

fn any_config() -> impl Strategy<Value = Config> {
    let shadow = prop_oneof![
        Just(None),
        (0..4u32).prop_map(|decisions| Some(ShadowPeriod::Decisions(decisions))),
        (0..60u64).prop_map(|secs| Some(ShadowPeriod::Time(Duration::from_secs(secs)))),
    ];
    let allowance = prop_oneof![
        (0..3u32).prop_map(Allowance::Count),
        (0..=100u8).prop_map(Allowance::Percent),
    ];
    let turns = (0..60u64, 0..3u32).prop_map(|(secs, at_once)| Turns {
        name: "b".to_owned(),
        soak: Duration::from_secs(secs),
        at_once,
    });
    let turns = prop_oneof![Just(None), turns.prop_map(Some)];
    (shadow, allowance, any::<bool>(), turns).prop_map(
        |(shadow, differences, may_resign, turns)| Config {
            shadow,
            gate: Gate { differences, may_resign },
            turns,
            ..config()
        },
    )
}

fn apply(world: &mut World, action: &Action) {
    match *action {
        Action::Found(index) => drop(world.found(&policies()[index])),
        Action::Refused(index) => {
            let refusal = refusal(["digest", "signature"][index]);
            world.event(Event::Refused { source: "file:a".into(), refusal });
        }
        Action::Unavailable(index) => {
            world.event(Event::Unavailable(format!("why {index}")));
        }
        Action::Pass if world.run.is_some() => drop(world.pass()),
        Action::Refuse if world.run.is_some() => drop(world.refuse("settings")),
        Action::TookOver if world.takeover.is_some() => drop(world.take_over()),
        Action::NotTakenOver if world.takeover.is_some() => drop(world.not_taken_over()),
        Action::Answer { differs, resigns } if world.shadow.is_some() => {
            world.answer(differs, resigns);
        }
        Action::ShadowFailed => {
            if let Some((job, _)) = world.shadow {
                world.event(Event::ShadowFailed { job, why: "trap".into() });
            }
        }
        Action::Stray(job, kind) => stray(world, JobId(job), kind),
        Action::Failed => drop(world.event(Event::Failed)),
        Action::LeftBehind(index) => {
            let digest = policies()[index].digest.clone();
            world.event(Event::LeftBehind { digest });
        }
        Action::Woke => drop(world.event(Event::Woke)),
        Action::Wait(secs) => world.wait(Duration::from_secs(secs)),
        Action::Skip(index) => drop(world.event(Event::Skip(print(&policies()[index])))),
        Action::Fleet { known, leader, ref peers, heard } => {
            let heard = if heard { world.now } else { Moment::ZERO };
            let print = |index: usize| policies().get(index).map(print);
            let peer = |&(name, runs, refused): &(usize, usize, usize)| Peer {
                name: NAMES[name].to_owned(),
                runs: print(runs),
                objection: print(refused).map(|to| Objection { to, why: "refused it".to_owned() }),
                heard,
            };
            let leader = NAMES.get(leader).map(|name| (*name).to_owned());
            world.fleet(Fleet { known, leader, peers: peers.iter().map(peer).collect() });
        }
        Action::Pass
        | Action::Refuse
        | Action::TookOver
        | Action::NotTakenOver
        | Action::Answer { .. } => {}
    }
}

/// An answer to a job that does not run, which changes nothing.
fn stray(world: &mut World, job: JobId, kind: u8) {
    // What is due by the clock, such as the end of a trial or another attempt at a takeover, comes
    // with any event: it is not the stray one's doing.
    world.event(Event::Woke);
    let runs = [
        world.run.as_ref().map(|run| run.0),
        world.shadow.as_ref().map(|shadow| shadow.0),
        world.takeover.as_ref().map(|takeover| takeover.0),
    ];
    if runs.contains(&Some(job)) {
        return;
    }
    let event = match kind {
        0 => Event::StageEnded { job, end: StageEnd::Passed(Passed::Fit) },
        1 => Event::StageEnded { job, end: StageEnd::Refused(refusal("compile")) },
        2 => Event::TookOver { job, memory_lost: None, pause_micros: 0 },
        3 => Event::NotTakenOver { job, why: "late".into() },
        _ => Event::ShadowFailed { job, why: "late".into() },
    };
    let (before, rollout) = (world.report(), world.rollout.clone());
    assert_eq!(world.event(event), []);
    assert_eq!((world.report(), &world.rollout), (before, &rollout));
}

/// What a random life showed once: another attempt at a takeover that is due by the clock.
#[test]
fn a_stray_answer_is_not_what_a_due_attempt_comes_from() {
    use Action::{Failed, Found, NotTakenOver, Pass, Stray, TookOver, Wait};
    let mut world = World::new(config());
    for action in [
        Found(0),
        Pass,
        Pass,
        Pass,
        Pass,
        TookOver,
        Pass,
        Failed,
        NotTakenOver,
        Wait(10),
        Stray(0, 0),
    ] {
        apply(&mut world, &action);
        world.clone().check_progress();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_there_is_a_way_on(
        config in any_config(),
        actions in proptest::collection::vec(action(), 1..120),
    ) {
        let mut world = World::new(config);
        for action in &actions {
            apply(&mut world, action);
            world.clone().check_progress();
        }
    }
}
