//! The settings that are explored by default.

use crate::hands::Fault;

/// What is explored besides each fault by itself, the quickest first: all by two candidates, then
/// pairs of faults, and three candidates.
const MORE: &[&str] = &[
    "any",
    "any put-back",
    "any delete crash",
    "any null-spec stop",
    "any client-go-release met led prompt tokens=0 lost-reads=0 lost-writes=0",
    "reaction=1 timing=4/2/1",
    "any lease=4 longest=4",
    "slow fast timing=5/3/1 rho=250000",
    "writes=2",
    "history=2 late",
    "relists",
    "null-holder null-duration",
    "null-holder short",
    "crash put-back",
    "crash deaths",
    "crash deaths reaction=1 timing=4/2/1",
    "move deaths",
    "crash put-back deaths",
    "candidates=3 crash deaths",
    "crash delete",
    "move put-back",
    "restore crash",
    "client-go-release unmark",
    "foreign client-go-release",
    "replace put-back",
    "replace delete",
    "replace crash",
    "resign put-back",
    "preempt prefer",
    "stop put-back",
    "pause=2 resign",
    "pause transfer",
    "transfer crash",
    "transfer put-back",
    "prefer stop",
    "transfer reaction=1 timing=4/2/1",
    "candidates=3",
    "candidates=3 any",
    "candidates=3 null-spec",
    "candidates=3 put-back",
    "candidates=3 crash",
    "candidates=3 met led prompt tokens=0 lost-reads=0 lost-writes=0",
    "candidates=3 put-back met led prompt tokens=0 lost-reads=0 lost-writes=0",
];

/// Settings without a fault, or with one that ends in itself: the first four close within seconds on a machine
/// with nothing else to do, and leave their time to the rest.
const QUIET: &[&str] = &[
    "prompt tokens=0 lost-reads=0 lost-writes=0",
    "tokens=0 lost-reads=0 lost-writes=0",
    "met led prompt tokens=0 lost-reads=0 lost-writes=0",
    "stop met led prompt tokens=0 lost-reads=0 lost-writes=0",
    "promises=0 tokens=0",
    "",
];

/// All settings by their words: none, each fault once, and more.
pub fn all() -> Vec<String> {
    // A clock that is off needs timing with room for it.
    let off = |fault: &Fault| matches!(fault, Fault::Slow | Fault::Fast);
    let faults = Fault::ALL.into_iter().filter(|fault| !off(fault)).map(|f| f.word().to_owned());
    let owned = |words: &&str| (*words).to_owned();
    QUIET.iter().map(owned).chain(faults).chain(MORE.iter().map(owned)).collect()
}

/// A setting of `make test`: how far its search goes depends on no machine.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The setting.
    pub words: String,
    /// The search ends when it has met so many states, a layer's part more or less.
    pub states: usize,
    /// By then it has met all states that are at most so many steps away from the beginning.
    pub depth: usize,
}

/// Where the search of a setting of [`quick`] ends by default, in states.
const STATES: usize = 150_000;

/// What nothing is lost in, only late, gets deeper.
const CALM: &str = "tokens=0 lost-reads=0 lost-writes=0";
/// A setting, the states at which its search ends, and the depth to which it has met all of them.
type Row = (&'static str, usize, usize);
/// Reads are late, and creates arrive twice, where nobody leads yet.
const EARLY: &[Row] = &[("", STATES, 17), ("late", STATES, 13), ("twice delete met", STATES, 11)];
/// These begin with a leader.
const LED: &[Row] = &[
    ("null-spec short", STATES, 10),
    ("client-go-release", STATES, 13),
    ("put-back crash", STATES, 11),
    ("put-back resign", STATES, 11),
    ("delete crash", STATES, 11),
    ("pause resign", STATES, 11),
    ("transfer prefer stop", STATES, 8),
    ("replace put-back", STATES, 10),
];
/// Here answers come at once as well, so that what is rare or wide gets somewhere.
const PROMPT: &[Row] = &[
    ("any lease=4 longest=4", STATES, 10),
    ("any put-back", STATES, 10),
    ("any null-spec crash", STATES, 9),
    ("put-back resign", 300_000, 13),
    ("put-back crash resign", 250_000, 11),
    ("crash deaths reaction=1", 50_000, 11),
    ("slow fast timing=5/3/1 rho=250000", STATES, 12),
    ("foreign client-go-release", STATES, 11),
    ("preempt prefer transfer", STATES, 8),
    ("null-holder null-duration null-times null-transitions", STATES, 8),
    ("unmark long redate relabel move", STATES, 8),
];
/// And these as they stand.
const WIDE: &[Row] = &[
    ("restore met led prompt lost-reads=0 lost-writes=0", STATES, 13),
    // A step deeper a token comes twice, since the clock stands still: tests/exhaustive.rs shows it.
    ("unmark clock=0 led prompt lost-reads=0 lost-writes=0", 50_000, 11),
    ("put-back met led prompt tokens=0 promises=0 lost-reads=0", 600_000, 15),
    ("put-back restore met led", STATES, 10),
    ("delete", STATES, 10),
    ("candidates=3 empty-and-short", STATES, 8),
    ("crash deaths met led", STATES, 10),
];

/// Some, each as far as stated, and each fault in some. Most begin with a leader, and nothing is lost, so that
/// they get deeper: each rule that `host/explorer/knockouts` switches off is missed in one of them.
pub fn quick() -> Vec<Stage> {
    let groups = [
        (EARLY, format!(" {CALM}")),
        (LED, format!(" met led {CALM}")),
        (PROMPT, format!(" met led prompt {CALM}")),
        (WIDE, String::new()),
    ];
    let stages = groups.iter().flat_map(|(rows, rest)| {
        rows.iter().map(move |&(words, states, depth)| Stage {
            words: format!("{words}{rest}").trim().to_owned(),
            states,
            depth,
        })
    });
    stages.collect()
}
