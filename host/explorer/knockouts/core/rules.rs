// The rules that can be knocked out, one by one: an expression of the core's, which must be there
// exactly once, and what takes its place. Read by the build script and by the tests.

/// A rule of the core's.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The invariant that it keeps.
    pub invariant: &'static str,
    /// What is broken, in words.
    pub what: &'static str,
    /// Where it is, within `host/core/src`.
    pub file: &'static str,
    /// The expression.
    pub code: &'static str,
    /// What takes its place.
    pub broken: &'static str,
    /// A setting in which that is found.
    pub setting: &'static str,
    /// After about so many states.
    pub states: usize,
}

/// All of them.
pub const RULES: &[Rule] = &[
    Rule {
        invariant: "I1",
        what: "belief goes on after the lease",
        file: "elector/write.rs",
        code: "timing.deadline_for(draft.lease)",
        broken: "draft.lease * 2",
        setting: "tokens=0 live=0 lost-reads=0",
        states: 77_000,
    },
    Rule {
        invariant: "I7",
        what: "a record without times counts as never held",
        file: "seat.rs",
        code: "now + duration.max(wait.longest_lease)",
        broken: "now + if record.times.is_empty() { Duration::ZERO } else { wait.longest_lease }",
        setting: "null-spec",
        states: 1_700,
    },
    Rule {
        invariant: "I7",
        what: "an edited duration shortens the wait",
        file: "seat.rs",
        code: "duration.max(wait.longest_lease)",
        broken: "duration",
        setting: "short",
        states: 17_500,
    },
    Rule {
        invariant: "I7",
        what: "client-go's release over a Hotseat's record counts as one",
        file: "promise.rs",
        code: "before.mark.is_none() && before.holder.is_some() && before.uid == record.uid",
        broken: "before.holder.is_some() && before.uid == record.uid",
        setting: "client-go-release tokens=0 live=0",
        states: 176_000,
    },
    Rule {
        invariant: "I7",
        what: "a record that is put back counts as written now",
        file: "promise.rs",
        code: "*base == before.version",
        broken: "true",
        setting: "put-back resign met tokens=0 live=0 lost-reads=0 lost-writes=0",
        states: 900_000,
    },
    Rule {
        invariant: "I7",
        what: "the same content after a gap begins no new wait",
        file: "seat.rs",
        code: "observed != Observed::Gap || old.version == new.version",
        broken: "true",
        setting: "put-back met tokens=0 live=0 lost-reads=0 lost-writes=0",
        states: 107_000,
    },
    Rule {
        invariant: "I8",
        what: "any record of the dead process before counts as its last",
        file: "promise.rs",
        code: "record.version == last.version && record.uid == last.uid",
        broken: "record.uid == last.uid",
        setting: "put-back crash resign met tokens=0 live=0 lost-reads=0 lost-writes=0",
        states: 1_050_000,
    },
    Rule {
        invariant: "I9",
        what: "a new term has the token of the one before",
        file: "elector/outer.rs",
        code: "self.seat.token().max(self.floor).next()",
        broken: "self.seat.token()",
        setting: "live=0",
        states: 115_000,
    },
    Rule {
        invariant: "I11",
        what: "a policy takes an unexpired seat",
        file: "guard.rs",
        code: "facts.now < at",
        broken: "false",
        setting: "tokens=0 live=0",
        states: 400,
    },
    Rule {
        invariant: "I14",
        what: "an own record under another version is renewed",
        file: "claim.rs",
        code: "self.version.as_ref() == Some(&record.version)",
        broken: "true",
        setting: "put-back met tokens=0 live=0 lost-reads=0 lost-writes=0",
        states: 330_000,
    },
    Rule {
        invariant: "I14",
        what: "an own record under another version is adopted at any time",
        file: "claim.rs",
        code: "next || alone",
        broken: "true",
        setting: "put-back met tokens=0 live=0 lost-reads=0 lost-writes=0",
        states: 330_000,
    },
    Rule {
        invariant: "I14",
        what: "a write that is found after its deadline continues the term",
        file: "claim.rs",
        code: "now >= until || self.released",
        broken: "false && self.released",
        setting: "put-back met tokens=0 live=0 lost-reads=0",
        states: 2_000_000,
    },
    Rule {
        invariant: "I15",
        what: "the end of any process frees the seat",
        file: "promise.rs",
        code: "writer == dead",
        broken: "true",
        setting: "crash deaths met tokens=0 live=0 lost-reads=0 lost-writes=0",
        states: 72_000,
    },
    Rule {
        invariant: "I15",
        what: "the seat of a dead process is taken while its application acts",
        file: "elector/observe.rs",
        code: "timing.stretch(reaction)",
        broken: "reaction * 0",
        setting: "crash deaths reaction=1 met tokens=0 live=0 lost-reads=0 lost-writes=0",
        states: 74_000,
    },
    Rule {
        invariant: "I11",
        what: "a policy resigns while the election is paused",
        file: "guard.rs",
        code: "facts.paused",
        broken: "false",
        setting: "pause resign met tokens=0 live=0 lost-reads=0 lost-writes=0",
        states: 10_000,
    },
    Rule {
        invariant: "I9",
        what: "the largest token that was seen is forgotten with the mark",
        file: "seat.rs",
        code: "self.token.max(record.token)",
        broken: "record.token",
        setting: "unmark clock=0 live=0 lost-reads=0 lost-writes=0",
        states: 8_000,
    },
    Rule {
        invariant: "I8",
        what: "what the dead process created counts as its last write",
        file: "promise.rs",
        code: "mark.base.is_some()",
        broken: "true",
        setting: "delete crash met tokens=0 live=0 lost-reads=0 lost-writes=0 promises=0",
        states: 180_000,
    },
];
