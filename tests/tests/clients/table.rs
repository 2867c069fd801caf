//! The table of cases.

use std::fs;
use std::path::Path;
use std::time::Duration;

use hotseat_tests::scene::SOON;
use hotseat_tests::wait::until;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::probe::{Probe, State};
use super::stand_in::StandIn;

/// How far the wall clock, by which tests compare processes, may be off the clock of a client.
const CLOCKS_DIFFER: u64 = 100_000;
/// How long a client leaves it at a watch that has failed.
const REST: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Table {
    beliefs: Vec<Beliefs>,
    talks: Vec<Talk>,
}

#[derive(Deserialize)]
struct Beliefs {
    name: String,
    hold: u64,
    r#final: bool,
    steps: Vec<(String, Vec<String>, bool)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Talk {
    name: String,
    hold: u64,
    #[serde(default)]
    begins: String,
    #[serde(default)]
    deaf: u64,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Step {
    Leader {
        leader: Map<String, Value>,
    },
    Raw {
        raw: String,
        #[serde(default)]
        then: String,
        #[serde(default)]
        repeat: usize,
        #[serde(default)]
        after: String,
    },
    Hush {
        #[serde(rename = "hush")]
        _hush: bool,
    },
    Half {
        #[serde(rename = "half")]
        _half: bool,
    },
    Gone {
        #[serde(rename = "gone")]
        _gone: bool,
    },
    Kill {
        #[serde(rename = "kill")]
        _kill: bool,
    },
    Watch {
        watch: String,
    },
    Event {
        event: Map<String, Value>,
    },
    Expect {
        expect: Vec<String>,
    },
    Ask {
        ask: State,
    },
    Until {
        until: State,
    },
    Asked {
        asked: u64,
    },
    Watched {
        watched: u64,
    },
    Watches {
        watches: u64,
    },
    Rests {
        #[serde(rename = "rests")]
        _rests: bool,
    },
    Released {
        released: Vec<u64>,
    },
    Do {
        r#do: String,
        is: String,
        #[serde(default)]
        put: Option<(String, String)>,
    },
}

fn table() -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients/cases.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

pub fn beliefs_are_as_the_table_has_them(language: &str) {
    for case in table().beliefs {
        let mut probe = Probe::belief(language, case.hold, case.r#final);
        for (call, changes, leads) in case.steps {
            let expected = json!({"event": "belief", "changes": changes, "leads": leads});
            assert_eq!(probe.call(&call), expected, "{language}: {}: {call}", case.name);
        }
    }
}

pub fn talks_are_as_the_table_has_them(language: &str) {
    for case in table().talks {
        eprintln!("{language}: {}", case.name);
        let begins = if case.begins.is_empty() { "works" } else { &case.begins };
        let mut sidecar = StandIn::start(begins);
        sidecar.script().deaf = case.deaf;
        let mut probe = Probe::client(language, &sidecar.url(), Duration::from_millis(case.hold));
        for step in case.steps {
            let shown = format!("{language}: {}: {step:?}", case.name);
            play(step, &mut sidecar, &mut probe, &shown);
        }
        let name = format!("{language}: {}", case.name);
        let (told, led) = probe.close();
        let of_close = |line: &String| line.starts_with("draining") || line.starts_with("lost");
        assert!(told.iter().all(of_close) && told.len() <= 2, "{name}: {told:?}");
        // The promise: no belief from `hold` after the moment before the last question that was answered
        // with yes, and so none from `hold` after that question came.
        let latest = sidecar.script().led + case.hold * 1000 + CLOCKS_DIFFER;
        for (from, to) in led {
            assert!(from <= to + CLOCKS_DIFFER && to <= latest, "{name}: {from} to {to}, {latest}");
        }
    }
}

fn play(step: Step, sidecar: &mut StandIn, probe: &mut Probe, shown: &str) {
    match step {
        Step::Leader { leader } => sidecar.say(&leader),
        Step::Raw { raw, then, repeat, after } => {
            let repeated = if then.is_empty() { &raw } else { &then };
            sidecar.say_raw((raw.clone() + &repeated.repeat(repeat) + &after).into_bytes());
        }
        Step::Hush { .. } => sidecar.hush(),
        Step::Half { .. } => sidecar.say_half(),
        Step::Gone { .. } => sidecar.go(),
        Step::Kill { .. } => probe.kill_and_start_anew(),
        Step::Watch { watch } => sidecar.watch(&watch),
        Step::Event { event } => sidecar.event(&event),
        Step::Expect { expect } => {
            for expected in expect {
                assert_eq!(probe.told(), expected, "{shown}");
            }
        }
        Step::Ask { ask } => assert_eq!(probe.ask(), ask, "{shown}"),
        Step::Until { until: expected } => until(shown, SOON, || match probe.ask() {
            state if state == expected => Ok(()),
            state => Err(state),
        }),
        Step::Asked { asked } => {
            let wanted = sidecar.script().asked + asked;
            counts(shown, wanted, || sidecar.script().asked);
        }
        Step::Watched { watched } => counts(shown, watched, || sidecar.script().watched),
        Step::Watches { watches } => assert_eq!(sidecar.script().watched, watches, "{shown}"),
        Step::Rests { .. } => rests(sidecar, shown),
        Step::Released { released } => until(shown, SOON, || match &sidecar.script().released {
            heard if *heard == released => Ok(()),
            heard => Err(heard.clone()),
        }),
        Step::Do { r#do: call, is, put } => {
            assert_eq!(probe.call(&call)["event"], json!(is), "{shown}");
            if let Some(put) = put {
                assert_eq!(sidecar.script().put.last(), Some(&put), "{shown}");
            }
        }
    }
}

/// There were no more watches than the client's pauses between them leave time for.
#[track_caller]
fn rests(sidecar: &StandIn, shown: &str) {
    let watches = sidecar.script().watched;
    // A timer may be early by some milliseconds.
    let pauses = (sidecar.age() + Duration::from_millis(50)).as_millis() / REST.as_millis();
    assert!(watches >= 1 && u128::from(watches) <= 1 + pauses, "{shown}: {watches} watches");
}

#[track_caller]
fn counts(shown: &str, wanted: u64, mut counted: impl FnMut() -> u64) {
    until(shown, SOON, || match counted() {
        count if count >= wanted => Ok(()),
        count => Err(count),
    });
}
