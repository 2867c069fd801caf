//! What happens to an elector, and what it wants done.

mod notice;
mod order;

pub use notice::{Notice, StepDownReason};
pub(crate) use order::{Ranked, in_order};

use crate::lock::{Incarnation, Lock, Mark, Record, Token, Version};
use crate::on_failure::OnFailure;
pub use crate::policy::Verdict;
use crate::policy::{Decision, Failure, Input, Outcome, Source, Value};
use crate::request::Reply;
use crate::time::Moment;
use crate::view::View;
use std::time::Duration;

/// A question to the policy; answers to older questions are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AskId(pub u64);

/// All that can happen to an elector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The election begins. Comes first and once.
    Started,
    /// The moment of the last [`Effect::WakeAt`] has come. Coming early or twice does no harm.
    Timer,
    /// The lock was read, or a watch reported it.
    Observed {
        /// What was seen.
        lock: Lock,
        /// How.
        via: Via,
    },
    /// The read of the last [`Effect::Read`] ended without an answer.
    ReadFailed(LockError),
    /// The write of the last [`Effect::Write`] ended.
    WriteEnded {
        /// Which: the serial of its mark.
        serial: u64,
        /// The record as the server stored it, or why there is none.
        result: Result<Record, LockError>,
    },
    /// The policy answered.
    Decided {
        /// Which question.
        ask: AskId,
        /// The decision, or why there is none.
        answer: Result<Decision, Failure>,
    },
    /// A policy took over, the first or another one.
    Swapped {
        /// Its memory, converted from the one before it.
        memory: Vec<u8>,
        /// The operator's settings for it, JSON or empty.
        settings: String,
        /// What decides where it gives no usable decision.
        on_failure: OnFailure,
    },
    /// All facts that are known, in the order of their keys.
    Signals(Vec<Reported>),
    /// How many elections this process leads beside this one.
    SeatsElsewhere(u32),
    /// The other candidates as they published themselves, in the order of their names.
    Roster(Vec<Published>),
    /// Nothing of the application acts any more for the term with this token, or an earlier one, and
    /// nothing ever will: its drain is over. A leader whose term it is gives the seat up. Whoever says
    /// so answers for the application: a wrapper whose command has ended, or the application itself.
    LetGo {
        /// The token of the last term that is over for the application.
        token: Token,
        /// No campaign for so long at least, beside the rest after each resignation.
        rest: Duration,
        /// Why, in one line.
        reason: String,
    },
    /// That process is proved to have ended (I15). May come late, more than once, and for any process.
    Died(Incarnation),
    /// The process shall stop: give the seat up and finish.
    Stop,
}

/// A fact as it was last reported.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reported {
    /// What it is about.
    pub key: String,
    /// Who says so.
    pub source: Source,
    /// What it says.
    pub value: Value,
    /// When it was last reported.
    pub at: Moment,
    /// When it was first reported with this value, without a break since.
    pub since: Moment,
}

/// Another candidate as it last published itself. Advice: no rule of safety reads it (I17).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Published {
    /// Its name.
    pub identity: String,
    /// When its publication was last seen to change.
    pub at: Moment,
    /// Whether its application says that it is ready to lead; none if it says nothing.
    pub ready: Option<bool>,
    /// The zone of its node.
    pub zone: Option<String>,
    /// The digest of the policy that decides for it.
    pub policy: Option<String>,
    /// What its policy published.
    pub signals: Vec<Reported>,
    /// What a later host may add.
    pub extra: Vec<(String, Value)>,
}

/// How the lock came to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// A watch. It may lag behind and may repeat, but it leaves no version out: after the read with
    /// which it began, each version of the lock is reported in its order. The proofs of I7 rest on that.
    Watch,
    /// A consistent read that was asked for at this moment, by this elector or by the watch when
    /// it began.
    Read {
        /// When the request was sent.
        asked: Moment,
        /// Whether it answers the last [`Effect::Read`], or is one of a row of polls. If not, it
        /// is the beginning of a watch, and what came before it may have been missed.
        requested: bool,
    },
}

/// Why a request to the API server gave no record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockError {
    /// The kind, as the policy sees it; never `None` or `Written`.
    pub outcome: Outcome,
    /// Not before this long from now, if the server said so.
    pub retry_after: Option<Duration>,
    /// It is the content of the write that the server does not take: the same is refused again until
    /// the object changes.
    pub of_content: bool,
    /// One line for people.
    pub detail: String,
}

/// What the elector wants done. What comes of one step is in the order in which it is to be done, which
/// is that of the variants; what is of one kind comes in the order in which it was wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Ask the policy; answer with [`Event::Decided`].
    Ask {
        /// Names the question.
        ask: AskId,
        /// The argument of `decide`.
        input: Box<Input>,
    },
    /// What may be said of the election from now on.
    Show(Box<View>),
    /// Write the lock; answer with [`Event::WriteEnded`] by the deadline.
    Write(Write),
    /// Read the lock; answer with [`Event::Observed`] or [`Event::ReadFailed`] by the deadline.
    Read {
        /// When to give up. The elector reads again before that, but an answer counts until then.
        deadline: Moment,
    },
    /// The watch has missed a change: begin it anew.
    RestartWatch,
    /// Something that people want to know: a log line, a metric, an Event on the lock.
    Tell(Notice),
    /// A decision was made and judged: the whole of it, for the journal.
    Account(Box<Account>),
    /// The policy failed too often (I12, see [`crate::failures`]): bring the last good one back.
    RestorePolicy,
    /// Send [`Event::Timer`] at this moment. Replaces the one before.
    WakeAt(Moment),
    /// The elector has stopped; nothing comes after this.
    Finished,
}

/// One decision, from the question to what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// The question to the policy; none if there was no policy to ask.
    pub ask: Option<AskId>,
    /// What was asked. The memory in it is the policy's; who decides in its place has another.
    pub input: Input,
    /// The policy's answer; none if there was no policy to ask.
    pub answer: Option<Result<Judged, Failure>>,
    /// The decision that was made in the policy's place, where one had to be.
    pub instead: Option<Instead>,
}

/// A decision in the place of the policy's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instead {
    /// What made it; `Standard` is the built-in rule.
    pub by: OnFailure,
    /// What was decided, and what became of it.
    pub judged: Judged,
}

/// A decision, and what the guard did with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Judged {
    /// What was decided.
    pub decision: Decision,
    /// What became of it.
    pub verdict: Verdict,
}

/// A write to the lock: always a compare-and-swap or a create (I4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// Why.
    pub purpose: Purpose,
    /// Goes into the record, so that it is known again.
    pub mark: Mark,
    /// What must be there for the write to succeed.
    pub base: Base,
    /// Goes into the record; none gives the seat up.
    pub holder: Option<String>,
    /// Goes into the record.
    pub duration: Duration,
    /// Goes into the record.
    pub transitions: u64,
    /// Goes into the record (I9).
    pub token: Fencing,
    /// Goes into the record: who should follow.
    pub successor: Option<String>,
    /// What becomes of the requests of people that stand on the record.
    pub reply: Reply,
    /// When to give up waiting for the answer. The elector goes on without it before that, but an
    /// answer counts until then: to drop the request earlier would undo a write that is only slow.
    pub deadline: Moment,
}

/// Which fencing token a write leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fencing {
    /// This one, as it was.
    Keep(Token),
    /// A new one, this at least: belief begins or begins again. The shell raises it to the wall
    /// clock in milliseconds, so that it is larger than tokens which were lost with the object.
    New(Token),
}

impl Fencing {
    /// The token, by a wall clock in milliseconds since 1970.
    pub fn at(self, wall_clock: u64) -> Token {
        match self {
            Fencing::Keep(token) => token,
            Fencing::New(least) => least.max(Token(wall_clock)).min(Token::LARGEST),
        }
    }
}

/// Why a write is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// To begin a term: the acquire time is set anew.
    Acquire,
    /// To go on with a term.
    Renew,
    /// To end it.
    Release,
    /// To put a lock that has gone missing back, without a holder (I7).
    Reserve,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Purpose; 4] =
        [Purpose::Acquire, Purpose::Renew, Purpose::Release, Purpose::Reserve];

    /// The word for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Acquire => "acquire",
            Purpose::Renew => "renew",
            Purpose::Release => "release",
            Purpose::Reserve => "reserve",
        }
    }
}

/// The precondition of a write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// No such object.
    Create,
    /// The object at this version.
    Replace(Version),
}
