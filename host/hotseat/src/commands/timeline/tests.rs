//! Journals as candidates would write them, and what is made of them.

use super::story::{End, Story};
use super::*;
use hotseat_core::config::Timing;
use hotseat_core::event::{Account, AskId, Judged};
use hotseat_core::policy::{
    Action, Cause, Claim, Decision, Failure, FailureKind, Input, Observation, SeatView, Verdict,
};
use hotseat_journal::{Body, Decided, Encoder, Record, Swap};
use jiff::Timestamp;
use std::fs;
use std::slice::from_ref;
use tempfile::TempDir;

/// Where all times of day in these tests begin.
const NOON: i64 = 1_767_355_200_000;

/// The journal of one candidate, whose machine's boot-time clock began at some moment.
struct Writer {
    identity: &'static str,
    /// Milliseconds that the boot-time clock showed at noon.
    booted: u64,
    /// Milliseconds by which the time of day is wrong.
    wrong: i64,
    records: Vec<Record>,
}

impl Writer {
    fn new(identity: &'static str, booted: u64) -> Writer {
        Writer { identity, booted, wrong: 0, records: Vec::new() }
    }

    /// A record at so many milliseconds after noon.
    fn record(&mut self, at: u64, body: Body) -> &mut Writer {
        let wall = NOON + self.wrong + i64::try_from(at).unwrap();
        let time = format!("{:.3}", Timestamp::from_millisecond(wall).unwrap());
        let (number, at_ms) = (self.records.len() as u64 + 1, self.booted + at);
        self.records.push(Record { number, election: "web/shop".to_owned(), time, at_ms, body });
        self
    }

    fn decide(&mut self, at: u64, change: impl FnOnce(&mut Account)) -> &mut Writer {
        let mut account = waiting(self.identity);
        change(&mut account);
        let policy = Some("sha256:ab".to_owned());
        self.record(at, Body::Decision(Box::new(Decided { policy, account })))
    }

    /// It leads since a moment, and believes for ten seconds more.
    fn leads(&mut self, at: u64, since: u64) -> &mut Writer {
        self.decide(at, |account| claim(account, at - since))
    }

    fn stands_by(&mut self, at: u64) -> &mut Writer {
        self.decide(at, |_| {})
    }

    fn file(&self, folder: &TempDir, name: &str) -> String {
        let mut encoder = Encoder::default();
        let lines: String = self.records.iter().map(|it| encoder.line(it).unwrap()).collect();
        let path = folder.path().join(name);
        fs::write(&path, lines).unwrap();
        path.display().to_string()
    }
}

fn claim(account: &mut Account, held_for: u64) {
    account.input.observation.claim = Some(Claim { held_for, valid_for: 10_000 });
}

fn resign(account: &mut Account, held_for: u64, reason: &str) {
    claim(account, held_for);
    if let Some(Ok(judged)) = &mut account.answer {
        judged.decision.action = Action::Resign(None);
        judged.decision.reason = reason.to_owned();
        judged.verdict = Verdict::CarriedOut;
    }
}

fn waiting(identity: &str) -> Account {
    let timing = Timing::client_go().pace();
    let observation = Observation {
        election: "shop".to_owned(),
        namespace: "web".to_owned(),
        identity: identity.to_owned(),
        uptime: 4_000,
        causes: Cause::Timer.into(),
        ..Observation::default()
    };
    let input =
        Input { settings: String::new(), memory: Vec::new(), entropy: 1, timing, observation };
    let decision = Decision {
        action: Action::Wait,
        wake_after: 500,
        lease_duration: None,
        reason: String::new(),
        publish: Vec::new(),
        memory: Vec::new(),
        extra: Vec::new(),
    };
    let answer = Some(Ok(Judged { decision, verdict: Verdict::Nothing }));
    Account { ask: Some(AskId(1)), input, answer, instead: None }
}

fn seat(holder: &str, held_for: u64, free_in: u64) -> Option<SeatView> {
    Some(SeatView {
        holder: Some(holder.to_owned()),
        duration: 15_000,
        free_in,
        transitions: 1,
        held_for,
        ..SeatView::default()
    })
}

/// What these journals say of their one election.
fn story(files: &[String]) -> Story {
    let mut all = timeline(files).unwrap();
    assert_eq!((all.stories.len(), &all.notes), (1, &Vec::new()));
    all.stories.remove(0)
}

/// The terms of a candidate, each from, to and why, in milliseconds after noon.
fn terms(story: &Story, name: &str) -> Vec<(i64, i64, End)> {
    let candidate = story.candidates.iter().find(|candidate| candidate.name == name).unwrap();
    let terms = candidate.terms.iter();
    terms.map(|it| (it.span.from - NOON, it.span.to - NOON, it.why.clone())).collect()
}

#[test]
fn a_hand_over_is_found_between_two_machines() {
    let folder = tempfile::tempdir().unwrap();
    let mut anna = Writer::new("anna", 5_000_000);
    anna.leads(2_000, 1_000).leads(4_000, 1_000);
    anna.decide(6_000, |account| resign(account, 5_000, "lag"));
    anna.stands_by(6_010).stands_by(9_000);
    let mut ben = Writer::new("ben", 77);
    ben.stands_by(2_500).leads(6_040, 6_030).leads(9_000, 6_030);
    let story = story(&[anna.file(&folder, "anna"), ben.file(&folder, "ben")]);
    assert_eq!(terms(&story, "anna"), [(1_000, 6_000, End::Resigned("lag".to_owned()))]);
    assert_eq!(terms(&story, "ben"), [(6_030, 9_000, End::Open)]);
    let [handover] = &*story.handovers else { panic!("{:?}", story.handovers) };
    assert_eq!((&*handover.from, &*handover.to, handover.gap), ("anna", "ben", 30));
    let counts = Counts::of(&story);
    assert_eq!((counts.gaps, counts.gap_ms, counts.overlap_ms), (1, 30, 0));
    assert_eq!((counts.led_ms, counts.handovers), (7_970, 1));
    assert_eq!(counts.terms, [("open", 1), ("resigned", 1)].into());
    assert!(counts.text().contains("anna: 1 terms, 5.0 s; 5 decisions"), "{}", counts.text());
}

fn then_stands_by(writer: &mut Writer, at: u64) {
    writer.stands_by(at);
}

#[test]
fn each_way_to_end_is_distinguished_from_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let of = |write: &dyn Fn(&mut Writer)| {
        let mut anna = Writer::new("anna", 0);
        anna.leads(2_000, 1_000);
        write(&mut anna);
        // The election goes on for others.
        let mut ben = Writer::new("ben", 0);
        ben.stands_by(90_000);
        let files = [anna.file(&folder, "anna"), ben.file(&folder, "ben")];
        let mut terms = terms(&story(&files), "anna");
        assert_eq!(terms.len(), 1, "{terms:?}");
        terms.remove(0)
    };
    assert_eq!(of(&|_| {}), (1_000, 12_000, End::Silent));
    assert_eq!(of(&|anna| then_stands_by(anna, 30_000)), (1_000, 12_000, End::Lapsed));
    assert_eq!(of(&|anna| then_stands_by(anna, 3_000)), (1_000, 3_000, End::Lost));
    let stopping = |anna: &mut Writer| {
        anna.decide(4_000, |account| {
            // As the standard policy answers it.
            resign(account, 3_000, "stopping");
            account.input.observation.causes = Cause::Stopping.into();
        });
    };
    assert_eq!(of(&stopping), (1_000, 4_000, End::Stopped));
    let transferred = |anna: &mut Writer| {
        anna.decide(4_000, |account| {
            claim(account, 3_000);
            account.input.observation.causes = Cause::Transfer.into();
        });
        anna.stands_by(4_005);
    };
    assert_eq!(of(&transferred), (1_000, 4_005, End::Transferred));
    // Another process of the same pod begins to number its records anew.
    let killed = |anna: &mut Writer| {
        anna.stands_by(5_000);
        if let Some(last) = anna.records.last_mut() {
            last.number = 1;
        }
    };
    assert_eq!(of(&killed), (1_000, 5_000, End::Silent));
}

#[test]
fn a_term_that_resumes_overlaps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut anna = Writer::new("anna", 0);
    anna.leads(2_000, 1_000).stands_by(30_000);
    anna.leads(31_000, 1_000).leads(31_500, 1_000).stands_by(32_000);
    let story = story(&[anna.file(&folder, "anna")]);
    let resumed = [(1_000, 12_000, End::Lapsed), (31_000, 32_000, End::Lost)];
    assert_eq!(terms(&story, "anna"), resumed);
    assert!(story.overlaps.is_empty());
}

#[test]
fn a_time_of_day_that_is_set_moves_nothing_within_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let mut anna = Writer::new("anna", 1_000);
    anna.leads(2_000, 1_000).leads(4_000, 1_000).leads(6_000, 1_000);
    anna.wrong = -3_600_000;
    anna.leads(8_000, 1_000).stands_by(8_500);
    let story = story(&[anna.file(&folder, "anna")]);
    assert_eq!(terms(&story, "anna"), [(1_000, 8_500, End::Lost)]);
}

#[test]
fn a_machine_that_was_booted_anew_begins_its_clock_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut anna = Writer::new("anna", 900_000);
    anna.leads(2_000, 1_000);
    // The clock shows 500 ms, 60 s after noon.
    anna.stands_by(60_000);
    if let Some(last) = anna.records.last_mut() {
        last.at_ms = 500;
    }
    let story = story(&[anna.file(&folder, "anna")]);
    assert_eq!(terms(&story, "anna"), [(1_000, 12_000, End::Silent)]);
    assert_eq!(story.to - NOON, 60_000);
}

#[test]
fn a_journal_in_two_files_is_one_candidate() {
    let folder = tempfile::tempdir().unwrap();
    let mut older = Writer::new("anna", 1_000);
    older.leads(2_000, 1_000).leads(4_000, 1_000);
    let mut newer = Writer::new("anna", 1_000);
    newer.records = older.records.split_off(1);
    newer.leads(6_000, 1_000).leads(8_000, 1_000);
    // In whatever order they are given.
    let story = story(&[newer.file(&folder, "j"), older.file(&folder, "j.1")]);
    assert_eq!(story.candidates.len(), 1);
    assert_eq!(terms(&story, "anna"), [(1_000, 8_000, End::Open)]);
}

#[test]
fn whoever_has_no_journal_is_shown_as_others_saw_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut ben = Writer::new("ben", 0);
    for at in [5_000, 7_000] {
        ben.decide(at, |account| account.input.observation.seat = seat("anna", at - 1_000, 9_000));
    }
    ben.stands_by(12_000).leads(16_000, 16_000);
    let story = story(&[ben.file(&folder, "ben")]);
    assert_eq!(terms(&story, "anna"), [(1_000, 12_000, End::Unknown)]);
    assert!(!story.candidates[1].own_word && story.candidates[0].own_word);
    assert!(picture::html(&[story], 0).contains("(anna)"));
}

#[test]
fn swaps_refusals_failures_and_the_guard_s_word_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    let mut anna = Writer::new("anna", 0);
    let swap = |stage: &str, error: Option<&str>| {
        let (stage, error) = (stage.to_owned(), error.map(str::to_owned));
        Body::Swap(Swap { name: "p".to_owned(), stage, error, ..Swap::default() })
    };
    // Before the first decision: it is the file's candidate's all the same.
    anna.record(500, swap("active", None)).leads(2_000, 1_000);
    anna.record(2_500, swap("compile", Some("no room")));
    anna.record(2_600, swap("restored", None));
    anna.decide(3_000, |account| {
        let detail = "unreachable executed".to_owned();
        account.answer = Some(Err(Failure { kind: FailureKind::Trapped, detail }));
    });
    anna.decide(4_000, |account| {
        if let Some(Ok(judged)) = &mut account.answer {
            judged.decision.action = Action::Campaign;
            judged.verdict = Verdict::Overruled("the seat is not free".to_owned());
        }
    });
    let story = story(&[anna.file(&folder, "anna")]);
    let counts = Counts::of(&story);
    let of = &counts.candidates[0];
    assert_eq!((of.swaps, of.refusals, of.failures, of.overruled), (2, 1, 1, 1), "{of:?}");
    let page = picture::html(&[story], 0);
    for words in [
        "refused at the stage compile: no room",
        "the last good policy came back",
        "the policy failed, trapped: unreachable executed",
        "the guard overruled campaign: the seat is not free",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
}

#[test]
fn nothing_of_a_stranger_s_is_markup() {
    let folder = tempfile::tempdir().unwrap();
    let evil = "\"><script>alert(1)</script>\u{202e}";
    let mut anna = Writer::new(evil, 0);
    anna.leads(2_000, 1_000).decide(3_000, |account| resign(account, 2_000, "<b>'&\n"));
    anna.decide(4_000, |account| {
        let detail = "</title></svg><img src=x>".to_owned();
        account.answer = Some(Err(Failure { kind: FailureKind::Refused, detail }));
    });
    let page = timeline(&[anna.file(&folder, "anna")]).unwrap().html();
    for markup in ["<script", "<b>", "<img", "\u{202e}", "'&"] {
        assert!(!page.contains(markup), "{markup:?} in {page}");
    }
    assert!(page.contains("&quot;&gt;&lt;script&gt;") && page.contains("&lt;b&gt;&#39;&amp;"));
    assert!(!page.contains("http://") && !page.contains("https://"), "nothing from elsewhere");
}

#[test]
fn what_is_no_journal_is_named_with_its_file_line_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere").display().to_string();
    let error = format!("{:#}", timeline(from_ref(&missing)).unwrap_err());
    assert!(error.starts_with(&format!("{missing}: cannot be read")), "{error}");

    let path = folder.path().join("notes.txt");
    fs::write(&path, "hello\n").unwrap();
    let name = path.display().to_string();
    let error = format!("{:#}", timeline(from_ref(&name)).unwrap_err());
    assert!(error.contains(&format!("{name}: line 1: is damaged or no record")), "{error}");
    assert!(error.contains("give journals that hotseat --journal wrote"), "{error}");

    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    assert!(timeline(&[empty.display().to_string()]).is_err());

    let mut anna = Writer::new("anna", 0);
    anna.leads(2_000, 1_000).leads(4_000, 1_000);
    anna.records[1].time = "yesterday".to_owned();
    let file = anna.file(&folder, "anna");
    let text = fs::read_to_string(&file).unwrap() + "{\"v\":99}\n";
    fs::write(&file, text).unwrap();
    let read = timeline(from_ref(&file)).unwrap();
    assert_eq!(read.skipped, 2);
    assert_eq!(read.notes[0], format!("{file}: line 2: its time is no time of day"));
    assert!(read.notes[1].starts_with(&format!("{file}: line 3: is a record of version 99")));
    assert!(read.html().contains("2 lines of the journals were no records"));
}

#[test]
fn two_elections_are_two_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let mut anna = Writer::new("anna", 0);
    anna.leads(2_000, 1_000).leads(4_000, 1_000);
    anna.records[1].election = "web/cart".to_owned();
    let all = timeline(&[anna.file(&folder, "anna")]).unwrap();
    let names: Vec<String> = all.counts().into_iter().map(|counts| counts.election).collect();
    assert_eq!(names, ["web/cart", "web/shop"]);
    assert_eq!(all.html().matches("<svg").count(), 2);
}
