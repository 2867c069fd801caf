//! What may go wrong, each within a budget: edits of the lock, and what happens to processes and
//! clocks. What a network does costs nothing: any message may be late or never come.

use crate::store::{Name, Reported, Store};

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// `{"spec":null}`.
    NullSpec,
    /// The holder is emptied.
    NullHolder,
    /// The duration is taken away.
    NullDuration,
    /// Both times are taken away.
    NullTimes,
    /// The transitions are taken away.
    NullTransitions,
    /// The annotation with the mark is taken away.
    Unmark,
    /// The duration becomes one second.
    Short,
    /// The holder is emptied and the duration becomes one second.
    EmptyAndShort,
    /// The duration becomes twice the longest.
    Long,
    /// The renew time is edited.
    Redate,
    /// The object is deleted.
    Delete,
    /// Any earlier record is put back, under a new version.
    PutBack,
    /// The object is deleted and put back by force, as it is or as it was earlier: another object. Also where
    /// there is none.
    Replace,
    /// Any earlier state of the whole store is put back: versions count on from there.
    Restore,
    /// An ex-leader of client-go empties the record, whoever holds it.
    ClientGoRelease,
    /// An elector of another kind writes itself into the record.
    Foreign,
    /// A label is edited: a new version of the same record.
    Relabel,
    /// Somebody asks that the leader stays, or no longer does.
    Pause,
    /// Somebody asks that any candidate leads.
    Transfer,
    /// A coordinator does.
    Prefer,
    /// A process dies, and another begins at the same place under the same name.
    Crash,
    /// A process dies, and another begins at another place under the same name.
    Move,
    /// A process is asked to stop.
    Stop,
    /// A create is carried out twice.
    Twice,
    /// The policy resigns.
    Resign,
    /// The policy resigns in favour of another candidate.
    Preempt,
    /// A clock shows one tick too few.
    Slow,
    /// A clock shows one tick too many.
    Fast,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 28] = [
        Fault::NullSpec,
        Fault::NullHolder,
        Fault::NullDuration,
        Fault::NullTimes,
        Fault::NullTransitions,
        Fault::Unmark,
        Fault::Short,
        Fault::EmptyAndShort,
        Fault::Long,
        Fault::Redate,
        Fault::Delete,
        Fault::PutBack,
        Fault::Replace,
        Fault::Restore,
        Fault::ClientGoRelease,
        Fault::Foreign,
        Fault::Relabel,
        Fault::Pause,
        Fault::Transfer,
        Fault::Prefer,
        Fault::Crash,
        Fault::Move,
        Fault::Stop,
        Fault::Twice,
        Fault::Resign,
        Fault::Preempt,
        Fault::Slow,
        Fault::Fast,
    ];

    /// The edits that a hand makes in one go, without looking back.
    pub const EDITS: [Fault; 13] = [
        Fault::NullSpec,
        Fault::NullHolder,
        Fault::NullDuration,
        Fault::NullTimes,
        Fault::NullTransitions,
        Fault::Unmark,
        Fault::Short,
        Fault::EmptyAndShort,
        Fault::Long,
        Fault::Redate,
        Fault::ClientGoRelease,
        Fault::Foreign,
        Fault::Relabel,
    ];

    /// Those after which the lock may tell of a smaller token than there was.
    pub const LOSE_TOKENS: [Fault; 5] =
        [Fault::Unmark, Fault::Delete, Fault::PutBack, Fault::Replace, Fault::Restore];

    /// What the policy may answer so often besides the rest.
    pub const ANSWERS: [Fault; 2] = [Fault::Resign, Fault::Preempt];

    /// The word for the command line and for people.
    pub fn word(self) -> &'static str {
        match self {
            Fault::NullSpec => "null-spec",
            Fault::NullHolder => "null-holder",
            Fault::NullDuration => "null-duration",
            Fault::NullTimes => "null-times",
            Fault::NullTransitions => "null-transitions",
            Fault::Unmark => "unmark",
            Fault::Short => "short",
            Fault::EmptyAndShort => "empty-and-short",
            Fault::Long => "long",
            Fault::Redate => "redate",
            Fault::Delete => "delete",
            Fault::PutBack => "put-back",
            Fault::Replace => "replace",
            Fault::Restore => "restore",
            Fault::ClientGoRelease => "client-go-release",
            Fault::Foreign => "foreign",
            Fault::Relabel => "relabel",
            Fault::Pause => "pause",
            Fault::Transfer => "transfer",
            Fault::Prefer => "prefer",
            Fault::Crash => "crash",
            Fault::Move => "move",
            Fault::Stop => "stop",
            Fault::Twice => "twice",
            Fault::Resign => "resign",
            Fault::Preempt => "preempt",
            Fault::Slow => "slow",
            Fault::Fast => "fast",
        }
    }

    /// The fault with this word.
    pub fn named(word: &str) -> Option<Fault> {
        Self::ALL.into_iter().find(|fault| fault.word() == word)
    }
}

/// How often each fault may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget([u8; Fault::ALL.len()]);

impl Budget {
    /// Each of these once; one that is named twice, twice.
    pub fn of(faults: &[Fault]) -> Self {
        let mut budget = Budget::default();
        for fault in faults {
            budget.0[*fault as usize] += 1;
        }
        budget
    }

    /// Whether it may happen yet.
    pub fn has(&self, fault: Fault) -> bool {
        self.0[fault as usize] > 0
    }

    /// How often it may happen yet.
    pub fn count(&self, fault: Fault) -> u8 {
        self.0[fault as usize]
    }

    /// It happened.
    pub fn spend(&mut self, fault: Fault) {
        let left = &mut self.0[fault as usize];
        *left = left.saturating_sub(1);
    }

    /// What is left, each as often as it may happen.
    pub fn left(&self) -> impl Iterator<Item = Fault> + '_ {
        Fault::ALL.into_iter().filter(|fault| self.has(*fault))
    }
}

/// Somebody asks that this candidate leads: by an annotation or as a coordinator. False if that stands
/// there already, or there is no lock.
pub fn ask_for(store: &mut Store, fault: Fault, to: Name) -> bool {
    let Some(mut object) = store.object else {
        return false;
    };
    let before = object;
    let asked = &mut object.asked;
    match fault {
        Fault::Transfer => (asked.transfer, asked.refused) = (Some(to), false),
        Fault::Prefer => asked.preferred = Some(to),
        _ => {}
    }
    if object == before {
        return false;
    }
    store.put(object);
    true
}

/// Carries one of [`Fault::EDITS`], or a pause, out; `lease` is the longest of the election, in seconds. False
/// if there is nothing to edit.
pub fn edit(store: &mut Store, fault: Fault, lease: u16) -> bool {
    let Some(mut object) = store.object else {
        return false;
    };
    let before = object;
    let said = &mut object.said;
    match fault {
        Fault::NullSpec => *said = Reported::default(),
        Fault::NullHolder => said.holder = None,
        Fault::NullDuration => said.duration = None,
        Fault::NullTimes => (said.acquired, said.renewed) = (0, 0),
        Fault::NullTransitions => said.transitions = false,
        Fault::Unmark => object.stamp = None,
        Fault::Short => said.duration = Some(1),
        Fault::EmptyAndShort => (said.holder, said.duration) = (None, Some(1)),
        Fault::Long => said.duration = Some(lease * 2),
        Fault::Redate => said.renewed = store.moment(),
        Fault::ClientGoRelease => {
            let now = store.moment();
            (said.holder, said.duration) = (None, Some(1));
            (said.acquired, said.renewed) = (now, now);
        }
        Fault::Foreign => {
            let now = store.moment();
            (said.holder, said.duration) = (Some(Name::FOREIGN), Some(lease));
            (said.acquired, said.renewed) = (now, now);
        }
        Fault::Pause => object.asked.paused = !object.asked.paused,
        _ => {}
    }
    if object == before && fault != Fault::Relabel {
        return false;
    }
    store.put(object);
    true
}
