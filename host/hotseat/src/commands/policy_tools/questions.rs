//! The questions that a policy is tried on.

use hotseat_core::config::Timing;
use hotseat_core::policy::{
    Action, Attempts, Candidate, Cause, Claim, Input, LastDecision, Observation, Outcome, SeatView,
    Signal, Source, Transfer, Value, Verdict,
};

/// The name of the candidate in the questions.
const SELF: &str = "web-0";
/// Another candidate's.
const OTHER: &str = "web-1";

/// A question: its name in a scene, what it is about, and how to make it with settings.
type Question = (&'static str, &'static str, fn(&str) -> Input);

const QUESTIONS: [Question; 4] = [
    ("standby", "a standby that sees a leader", |it| standby(it, Some(OTHER), 12_000)),
    ("vacant", "a standby that sees a free seat", |it| standby(it, None, 0)),
    ("leader", "a leader whose renewal is due", |it| leader(it, Cause::Timer)),
    ("stopping", "a leader that is to stop", |it| leader(it, Cause::Stopping)),
];

/// The questions and what each is about, with client-go's timing.
pub(super) fn questions(settings: &str) -> [(&'static str, Input); 4] {
    QUESTIONS.map(|(_, about, make)| (about, make(settings)))
}

/// The names of the questions in a scene.
pub(super) fn states() -> [&'static str; 4] {
    QUESTIONS.map(|(name, ..)| name)
}

/// The question of that name, without settings, and what it is about.
pub(super) fn question(state: &str) -> Option<(&'static str, Input)> {
    let (_, about, make) = QUESTIONS.into_iter().find(|(name, ..)| *name == state)?;
    Some((about, make("")))
}

/// A question that has everything: a seat, a claim, a signal, and a candidate with one. From it is
/// taken what a person leaves out.
pub(super) fn whole() -> Input {
    let mut input = leader("", Cause::Timer);
    let signal = Signal {
        key: "app.example".to_owned(),
        source: Source::Application,
        value: Value::Flag(true),
        age: 0,
        unchanged_for: 0,
    };
    let extra = vec![("example".to_owned(), Value::Flag(true))];
    let candidate = Candidate {
        identity: OTHER.to_owned(),
        age: 1_000,
        ready: None,
        zone: None,
        policy: None,
        signals: vec![signal.clone()],
        extra: extra.clone(),
    };
    if let Some(seat) = &mut input.observation.seat {
        let (to, by) = (OTHER.to_owned(), "somebody".to_owned());
        seat.transfer = Some(Transfer { to, by, remaining: 30_000 });
        seat.extra.clone_from(&extra);
    }
    let verdict = Verdict::CarriedOut;
    input.observation.last_decision = Some(LastDecision { action: Action::Renew, verdict });
    input.observation.signals = vec![signal];
    input.observation.roster = vec![candidate];
    input.observation.extra = extra;
    input
}

fn standby(settings: &str, holder: Option<&str>, free_in: u64) -> Input {
    let seat = seat(holder, free_in);
    ask(settings, Cause::SeatChanged, seat, None, Attempts::default())
}

fn leader(settings: &str, cause: Cause) -> Input {
    let claim = Claim { held_for: 62_000, valid_for: 8_000 };
    let valid_for = if cause == Cause::Stopping { 0 } else { claim.valid_for };
    let attempts = Attempts { last: Outcome::Written, failures: 0, since_success: Some(2_000) };
    let claim = Claim { valid_for, ..claim };
    ask(settings, cause, seat(Some(SELF), 0), Some(claim), attempts)
}

fn seat(holder: Option<&str>, free_in: u64) -> SeatView {
    SeatView {
        holder: holder.map(str::to_owned),
        age: 2_000,
        duration: 15_000,
        free_in,
        transitions: 7,
        held_for: if holder.is_some() { 62_000 } else { 0 },
        successor: None,
        transfer: None,
        paused: false,
        extra: Vec::new(),
    }
}

fn ask(
    settings: &str,
    cause: Cause,
    seat: SeatView,
    claim: Option<Claim>,
    attempts: Attempts,
) -> Input {
    Input {
        settings: settings.to_owned(),
        memory: Vec::new(),
        entropy: 0x5eed_5eed_5eed_5eed,
        timing: Timing::client_go().pace(),
        observation: Observation {
            election: "web".to_owned(),
            namespace: "shop".to_owned(),
            identity: SELF.to_owned(),
            uptime: 65_000,
            seats: u32::from(claim.is_some()),
            causes: cause.into(),
            seat: Some(seat),
            claim,
            attempts,
            last_decision: None,
            signals: Vec::new(),
            roster: Vec::new(),
            extra: Vec::new(),
        },
    }
}
