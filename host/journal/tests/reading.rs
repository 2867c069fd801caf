//! A line that is damaged is not taken for one that is only new, and the next line is read all the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use hotseat_core::config::Timing;
use hotseat_core::event::{Account, AskId, Instead, Judged};
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::{
    Action, Cause, Decision, Input, Observation, Signal, Source, Value, Verdict,
};
use hotseat_journal::{Body, Decided, Encoder, LONGEST_LINE, Problem, Reader, Record, Swap};

fn swap(number: u64) -> Record {
    let swap = Swap { stage: "active".to_owned(), ..Swap::default() };
    let time = "2026-01-02T03:04:05.006Z".to_owned();
    Record { number, election: "shop/web".to_owned(), time, at_ms: 9, body: Body::Swap(swap) }
}

fn decision(number: u64, settings: &str) -> Record {
    let timing = Timing::client_go().pace();
    let observation = Observation {
        election: "web".to_owned(),
        namespace: "shop".to_owned(),
        identity: "web-0".to_owned(),
        uptime: 4_000,
        causes: [Cause::Timer, Cause::Overruled].into_iter().collect(),
        ..Observation::default()
    };
    let settings = settings.to_owned();
    let input = Input { settings, memory: vec![1, 2, 255], entropy: 10, timing, observation };
    let decision = Decision {
        action: Action::Resign(None),
        wake_after: 500,
        lease_duration: None,
        reason: "tired".to_owned(),
        publish: vec![("a".to_owned(), Value::Number(f64::NAN))],
        memory: Vec::new(),
        extra: Vec::new(),
    };
    let answer = Some(Ok(Judged { decision, verdict: Verdict::Overruled("no".to_owned()) }));
    let account = Account { ask: Some(AskId(3)), input, answer, instead: None };
    let decided = Decided { policy: Some("sha256:ab".to_owned()), account };
    let body = Body::Decision(Box::new(decided));
    Record { body, ..swap(number) }
}

fn line(record: &Record) -> String {
    Encoder::default().line(record).unwrap()
}

/// The numbers of the records, and each error as it is shown.
fn read(text: &[u8]) -> (Vec<u64>, Vec<String>) {
    let (mut numbers, mut errors) = (Vec::new(), Vec::new());
    for line in Reader::new(text) {
        match line {
            Ok((_, record)) => numbers.push(record.number),
            Err(error) => errors.push(error.to_string()),
        }
    }
    (numbers, errors)
}

#[test]
fn a_decision_is_one_line_that_people_can_read() {
    let expected = concat!(
        r#"{"v":3,"kind":"decision","n":1,"election":"shop/web","time":"2026-01-02T03:04:05.006Z","at_ms":9,"#,
        r#""policy":"sha256:ab","ask":3,"settings":"{}","input":{"memory":"AQL/","#,
        r#""entropy":"000000000000000a","timing":{"lease_duration_ms":15000,"#,
        r#""renew_deadline_ms":10000,"retry_period_ms":2000,"shortest_lease_ms":15000,"#,
        r#""longest_lease_ms":15000},"observation":{"election":"web","namespace":"shop","#,
        r#""identity":"web-0","uptime_ms":4000,"seats":0,"causes":["timer","overruled"],"#,
        r#""attempts":{"last":"none","failures":0}}},"answer":{"decided":"#,
        r#"{"decision":{"action":{"resign":null},"wake_after_ms":500,"reason":"tired","#,
        r#""publish":[{"key":"a","value":{"number":"NaN"}}]},"verdict":{"overruled":"no"}}}}"#,
        "\n"
    );
    assert_eq!(line(&decision(1, "{}")), expected);
}

/// What decided in the policy's place is the name of the field. `rule` was there before the others,
/// so that earlier journals read as they did.
#[test]
fn a_decision_in_the_policys_place_says_who_made_it() {
    for (by, field) in
        [(OnFailure::Standard, "rule"), (OnFailure::Hold, "hold"), (OnFailure::Resign, "resign")]
    {
        let Record { body: Body::Decision(mut decided), number, time, at_ms, election } =
            decision(1, "{}")
        else {
            panic!("no decision");
        };
        let Some(Ok(judged)) = decided.account.answer.take() else { panic!("no answer") };
        decided.account.instead = Some(Instead { by, judged });
        let written =
            line(&Record { body: Body::Decision(decided.clone()), number, time, at_ms, election });
        assert!(written.contains(&format!("\"{field}\":{{\"decision\":")), "{written}");
        let read = Reader::new(written.as_bytes()).next().unwrap().unwrap().1;
        let Body::Decision(read) = read.body else { panic!("no decision") };
        assert_eq!(read.account.instead.unwrap().by, by);
    }
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    let text = line(&swap(1)).replace("\"n\":1", "\"n\":1,\"colour\":{\"of\":[1]}");
    assert_eq!(read(text.as_bytes()), (vec![1], vec![]));
}

#[test]
fn a_record_of_the_first_version_is_read_and_names_no_election() {
    let text = line(&swap(1)).replace("\"v\":3", "\"v\":1");
    let text = text.replace("\"election\":\"shop/web\",", "");
    let mut records = Reader::new(text.as_bytes());
    let (_, record) = records.next().unwrap().unwrap();
    assert_eq!(record, Record { election: String::new(), ..swap(1) });
}

/// As this program wrote them before facts had sources.
#[test]
fn a_question_of_the_second_version_has_one_cause_and_signals_without_a_source() {
    let observation = concat!(
        r#""observation":{"identity":"web-0","uptime_ms":4000,"cause":"signal-changed","#,
        r#""attempts":{"last":"none","failures":0},"signals":["#,
        r#"{"key":"app.lag","value":{"number":5.0},"age_ms":7},"#,
        r#"{"key":"node.name","value":{"text":"n1"},"age_ms":6},"#,
        r#"{"key":"pod.ready","value":{"flag":false},"age_ms":9},"#,
        r#"{"key":"probe.web","value":{"flag":true},"age_ms":8}],"#,
        r#""roster":[{"identity":"web-1","age_ms":3,"signals":["#,
        r#"{"key":"app.lag","value":{"number":2.0},"age_ms":4}]}]}"#
    );
    let written = line(&decision(1, "{}")).replace("\"v\":3", "\"v\":2");
    let (before, rest) = written.split_once("\"observation\":").unwrap();
    let (_, after) = rest.split_once("}},").unwrap();
    let text = format!("{before}{observation}}},{after}");
    assert!(text.starts_with("{\"v\":2,"), "{text}");
    let (_, record) = Reader::new(text.as_bytes()).next().unwrap().unwrap();
    let Body::Decision(decided) = record.body else { panic!("no decision") };
    let seen = decided.account.input.observation;
    assert!(seen.causes.iter().eq([Cause::SignalChanged]));
    let signal = |key: &str, source, value, age| Signal {
        key: key.to_owned(),
        source,
        value,
        age,
        unchanged_for: age,
    };
    let lag = signal("app.lag", Source::Application, Value::Number(5.0), 7);
    let node = signal("node.name", Source::Node, Value::Text("n1".to_owned()), 6);
    let pod = signal("pod.ready", Source::Pod, Value::Flag(false), 9);
    let probe = signal("probe.web", Source::Probe, Value::Flag(true), 8);
    assert_eq!(seen.signals, [lag, node, pod, probe]);
    let theirs = signal("app.lag", Source::Application, Value::Number(2.0), 4);
    let other = seen.roster.first().unwrap();
    assert_eq!((other.identity.as_str(), other.age, &other.signals), ("web-1", 3, &vec![theirs]));
    // Of a record of today nothing is guessed.
    let text = text.replace("\"v\":2", "\"v\":3");
    let (_, record) = Reader::new(text.as_bytes()).next().unwrap().unwrap();
    let Body::Decision(decided) = record.body else { panic!("no decision") };
    let probe = decided.account.input.observation.signals.last().cloned().unwrap();
    assert_ne!(probe.source, Source::Probe);
}

#[test]
fn another_version_and_another_kind_are_no_damage() {
    let text = [
        line(&swap(1)),
        line(&swap(2)).replace("\"v\":3", "\"v\":4"),
        line(&swap(3)).replace("\"swap\"", "\"nap\\n\""),
        "{\"v\":1}\n".to_owned(),
        line(&swap(5)),
    ];
    let (numbers, errors) = read(text.concat().as_bytes());
    assert_eq!(numbers, [1, 5]);
    assert_eq!(
        errors,
        [
            "line 2: is a record of version 4, and this program reads versions 1 to 3: use the hotseat \
             that wrote it, or a later one",
            "line 3: is a record of the kind `nap `, which this program does not know",
            "line 4: is a record of the kind ``, which this program does not know",
        ]
    );
}

#[test]
fn damage_is_reported_with_its_line_and_place() {
    let good = line(&swap(1));
    let text = [
        good.clone().into_bytes(),
        b"not json\n".to_vec(),
        b"\n  \n".to_vec(),
        b"\xff\xfe\n".to_vec(),
        line(&decision(2, "")).replace("\"timer\"", "\"whim\"").into_bytes(),
        line(&decision(2, "")).replace("AQL/", "A!").into_bytes(),
        b"{\"kind\":\"swap\"}\n".to_vec(),
        good.into_bytes(),
    ];
    let (numbers, errors) = read(&text.concat());
    assert_eq!(numbers, [1, 1]);
    let begins = |line: u64| format!("line {line}: is damaged or no record of a journal: ");
    let words = ["expected ident at byte 2", "utf-8", "`whim`", "symbol", "missing field `v`"];
    assert_eq!(errors.len(), words.len(), "{errors:#?}");
    for ((error, line), word) in errors.iter().zip([2, 5, 6, 7, 8]).zip(words) {
        assert!(error.starts_with(&begins(line)) && error.contains(word), "{error}");
    }
}

#[test]
fn a_last_line_that_is_cut_off_is_reported_as_such() {
    let whole = line(&decision(2, "{}"));
    for cut in [1, 20, whole.len() - 2] {
        let text = line(&swap(1)) + &whole[..cut];
        let lines: Vec<_> = Reader::new(text.as_bytes()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].as_ref().unwrap_err().problem, Problem::CutOff, "{cut}");
    }
    // Only its end is missing.
    assert_eq!(read(whole.trim_end().as_bytes()), (vec![2], vec![]));
}

#[test]
fn a_line_without_end_is_reported_and_passed_over() {
    let long = "x".repeat(3 * LONGEST_LINE);
    let text = format!("{long}\n{}{long}", line(&swap(4)));
    let (numbers, errors) = read(text.as_bytes());
    assert_eq!(numbers, [4]);
    let told = "is longer than 1048576 bytes: it is not a record of a journal";
    assert_eq!(errors, [format!("line 1: {told}"), format!("line 3: {told}")]);
}

#[test]
fn a_record_that_is_too_long_for_a_line_is_not_written() {
    assert_eq!(Encoder::default().line(&decision(1, &"x".repeat(LONGEST_LINE))), None);
}

#[test]
fn long_settings_stand_where_they_change() {
    let (long, other) = ("x".repeat(600), "y".repeat(600));
    let all = [&long, "{}", &long, &other, &other, &long, ""];
    let mut encoder = Encoder::default();
    let records: Vec<Record> = all.iter().map(|settings| decision(1, settings)).collect();
    let lines: Vec<String> = records.iter().map(|record| encoder.line(record).unwrap()).collect();
    let above: Vec<bool> = lines.iter().map(|line| line.contains("settings_above")).collect();
    assert_eq!(above, [false, false, true, false, true, false, false]);
    let text = lines.concat();
    let settings = |(_, record): (u64, Record)| match record.body {
        Body::Decision(decided) => decided.account.input.settings,
        other => panic!("{other:?}"),
    };
    let read: Vec<String> =
        Reader::new(text.as_bytes()).map(|line| settings(line.unwrap())).collect();
    assert_eq!(read, all);
    // Out of their text they are missed.
    let (numbers, errors) = read_lines(&lines[2..]);
    assert_eq!(numbers.len(), 4);
    assert_eq!(
        errors,
        ["line 1: has its settings in an earlier line that is not here: give the whole journal"]
    );
}

fn read_lines(lines: &[String]) -> (Vec<u64>, Vec<String>) {
    read(lines.concat().as_bytes())
}
