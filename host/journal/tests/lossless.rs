//! What is recorded and what is read are equal, to the last bit.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use hotseat_core::event::{Account, AskId, Instead, Judged};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{
    Action, Attempts, Candidate, Cause, Causes, Claim, Decision, Failure, FailureKind, Input,
    LastDecision, Observation, Outcome, Pace, SeatView, Signal, Source, Transfer, Value, Verdict,
};
use hotseat_journal::{Body, Decided, Encoder, Reader, Record, Shadow, Swap};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Text with quotes, line ends and what else has to be escaped.
fn text() -> BoxedStrategy<String> {
    prop_oneof![any::<String>(), "[a-z.\"\\\\\n\u{2028}]{0,20}"].boxed()
}

fn value() -> BoxedStrategy<Value> {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE, 5e-324];
    prop_oneof![
        text().prop_map(Value::Text),
        any::<f64>().prop_map(Value::Number),
        any::<u64>().prop_map(|bits| Value::Number(f64::from_bits(bits))),
        any::<i32>().prop_map(|whole| Value::Number(whole.into())),
        select(odd.to_vec()).prop_map(Value::Number),
        any::<bool>().prop_map(Value::Flag),
        any::<i64>().prop_map(Value::Integer),
        select(vec![0, i64::MIN, i64::MAX, 1 << 53, -(1 << 53) - 1]).prop_map(Value::Integer),
        vec(text(), 0..3).prop_map(Value::Texts),
        text().prop_map(Value::Json),
    ]
    .boxed()
}

fn pairs() -> BoxedStrategy<Vec<(String, Value)>> {
    vec((text(), value()), 0..3).boxed()
}

fn signals() -> BoxedStrategy<Vec<Signal>> {
    let parts = (text(), select(Source::ALL.to_vec()), value(), any::<[u64; 2]>());
    let signal = parts.prop_map(|(key, source, value, [age, unchanged_for])| Signal {
        key,
        source,
        value,
        age,
        unchanged_for,
    });
    vec(signal, 0..4).boxed()
}

fn seat() -> BoxedStrategy<SeatView> {
    let transfer = (text(), text(), any::<u64>()).prop_map(|(to, by, remaining)| Transfer {
        to,
        by,
        remaining,
    });
    let names = (option::of(text()), option::of(text()), option::of(transfer));
    (names, any::<[u64; 5]>(), any::<bool>(), pairs())
        .prop_map(|((holder, successor, transfer), numbers, paused, extra)| {
            let [age, duration, free_in, transitions, held_for] = numbers;
            SeatView {
                holder,
                age,
                duration,
                free_in,
                transitions,
                held_for,
                successor,
                transfer,
                paused,
                extra,
            }
        })
        .boxed()
}

fn roster() -> BoxedStrategy<Vec<Candidate>> {
    let said = (option::of(any::<bool>()), option::of(text()), option::of(text()));
    let candidate = (text(), any::<u64>(), said, signals(), pairs()).prop_map(
        |(identity, age, (ready, zone, policy), signals, extra)| Candidate {
            identity,
            age,
            ready,
            zone,
            policy,
            signals,
            extra,
        },
    );
    vec(candidate, 0..3).boxed()
}

fn last_decision() -> BoxedStrategy<Option<LastDecision>> {
    let last = (action(), verdict()).prop_map(|(action, verdict)| LastDecision { action, verdict });
    option::of(last).boxed()
}

fn observation() -> BoxedStrategy<Observation> {
    let claim = any::<[u64; 2]>().prop_map(|[held_for, valid_for]| Claim { held_for, valid_for });
    let attempts = (select(Outcome::ALL.to_vec()), any::<u32>(), option::of(any::<u64>()))
        .prop_map(|(last, failures, since_success)| Attempts { last, failures, since_success });
    let causes = vec(select(Cause::ALL.to_vec()), 0..4);
    let me = ([text(), text(), text()], any::<u64>(), any::<u32>(), causes);
    let lock = (option::of(seat()), option::of(claim), attempts, last_decision());
    (me, lock, signals(), roster(), pairs())
        .prop_map(|(me, (seat, claim, attempts, last_decision), signals, roster, extra)| {
            let ([election, namespace, identity], uptime, seats, causes) = me;
            Observation {
                election,
                namespace,
                identity,
                uptime,
                seats,
                causes: causes.into_iter().collect::<Causes>(),
                seat,
                claim,
                attempts,
                last_decision,
                signals,
                roster,
                extra,
            }
        })
        .boxed()
}

fn input() -> BoxedStrategy<Input> {
    let pace = any::<[u64; 5]>().prop_map(
        |[lease_duration, renew_deadline, retry_period, shortest_lease, longest_lease]| Pace {
            lease_duration,
            renew_deadline,
            retry_period,
            shortest_lease,
            longest_lease,
        },
    );
    let settings = prop_oneof![Just(String::new()), text(), "x{500,600}"];
    (settings, vec(any::<u8>(), 0..80), any::<u64>(), pace, observation())
        .prop_map(|(settings, memory, entropy, timing, observation)| Input {
            settings,
            memory,
            entropy,
            timing,
            observation,
        })
        .boxed()
}

fn decision() -> BoxedStrategy<Decision> {
    let memory = vec(any::<u8>(), 0..80);
    let lease = option::of(any::<u64>());
    (action(), any::<u64>(), lease, text(), [pairs(), pairs()], memory)
        .prop_map(|(action, wake_after, lease_duration, reason, [publish, extra], memory)| {
            Decision { action, wake_after, lease_duration, reason, publish, memory, extra }
        })
        .boxed()
}

fn action() -> BoxedStrategy<Action> {
    prop_oneof![
        Just(Action::Wait),
        Just(Action::Campaign),
        Just(Action::Renew),
        option::of(text()).prop_map(Action::Resign),
    ]
    .boxed()
}

fn verdict() -> BoxedStrategy<Verdict> {
    prop_oneof![
        Just(Verdict::Nothing),
        Just(Verdict::CarriedOut),
        text().prop_map(Verdict::Overruled),
    ]
    .boxed()
}

fn failure() -> BoxedStrategy<Failure> {
    (select(FailureKind::ALL.to_vec()), text())
        .prop_map(|(kind, detail)| Failure { kind, detail })
        .boxed()
}

fn judged() -> BoxedStrategy<Judged> {
    (decision(), verdict()).prop_map(|(decision, verdict)| Judged { decision, verdict }).boxed()
}

fn body() -> BoxedStrategy<Body> {
    let account = (
        option::of(any::<u64>()),
        input(),
        option::of(prop_oneof![judged().prop_map(Ok), failure().prop_map(Err)]),
        option::of((select(OnFailure::ALL.to_vec()), judged())),
    );
    let account = account.prop_map(|(ask, input, answer, instead)| Account {
        ask: ask.map(AskId),
        input,
        answer,
        instead: instead.map(|(by, judged)| Instead { by, judged }),
    });
    let decided = (option::of(text()), account)
        .prop_map(|(policy, account)| Body::Decision(Box::new(Decided { policy, account })));
    let texts = (text(), text(), text(), text(), text());
    let swap =
        (texts, option::of(text())).prop_map(|((digest, name, version, source, stage), error)| {
            Body::Swap(Swap { digest, name, version, source, stage, error })
        });
    let answer = || prop_oneof![decision().prop_map(Ok), failure().prop_map(Err)];
    let shadow =
        (any::<u64>(), text(), answer(), answer()).prop_map(|(ask, policy, active, candidate)| {
            Body::Shadow(Box::new(Shadow { ask: AskId(ask), policy, active, candidate }))
        });
    prop_oneof![4 => decided, 1 => swap, 1 => shadow].boxed()
}

fn record() -> BoxedStrategy<Record> {
    (any::<u64>(), text(), text(), any::<u64>(), body())
        .prop_map(|(number, election, time, at_ms, body)| Record {
            number,
            election,
            time,
            at_ms,
            body,
        })
        .boxed()
}

/// Equal even where a number is none: `Debug` writes every field, and tells -0 from 0.
fn assert_same(read: &[Record], written: &[Record]) {
    assert_eq!(format!("{read:#?}"), format!("{written:#?}"));
}

proptest! {
    #[test]
    fn records_come_back_as_they_were(records in vec(record(), 1..6)) {
        let mut encoder = Encoder::default();
        let text: String = records.iter().map(|record| encoder.line(record).unwrap()).collect();
        prop_assert_eq!(text.lines().count(), records.len());
        let read: Result<Vec<_>, _> = Reader::new(text.as_bytes()).collect();
        let read: Vec<Record> = read.unwrap().into_iter().map(|(_, record)| record).collect();
        assert_same(&read, &records);
    }

    #[test]
    fn any_bytes_end_in_lines_and_errors(bytes in vec(any::<u8>(), 0..2000)) {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        prop_assert!(Reader::new(&bytes[..]).count() <= lines);
    }

    #[test]
    fn a_damaged_line_harms_no_other(record in record(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let line = |number| Encoder::default().line(&Record { number, ..record.clone() }).unwrap();
        let mut middle = line(2).into_bytes();
        let end = middle.len() - 1;
        middle[at.index(end)] = byte;
        let text = [line(1).into_bytes(), middle, line(3).into_bytes()].concat();
        let read: Vec<u64> =
            Reader::new(&text[..]).flatten().map(|(_, record)| record.number).collect();
        prop_assert_eq!(read.first(), Some(&1));
        prop_assert_eq!(read.last(), Some(&3));
    }
}
