//! The application says that it acts for a term no more: its drain is over before its time.

use super::*;

const DRAIN: Duration = Duration::from_secs(4);

fn leader() -> Stage {
    let mut stage = Stage::with(Config { drain: DRAIN, ..config() });
    stage.lead();
    stage.pass(millis(700));
    stage
}

fn token(stage: &Stage) -> Token {
    stage.view.term.as_ref().expect("it leads").token
}

fn let_go(stage: &mut Stage, token: Token, rest: Duration) {
    stage.tell(Event::LetGo { token, rest, reason: "its command has ended".to_owned() });
}

#[test]
fn the_seat_is_released_as_soon_as_the_application_has_let_go() {
    let mut stage = leader();
    let term = token(&stage);
    stage.tell(Event::Stop);
    stage.pass(millis(600));
    assert_eq!(stage.writes(), [], "the drain goes on");
    let_go(&mut stage, term, Duration::ZERO);
    assert_eq!(stage.one_write().purpose, Purpose::Release);
}

/// The rest of its drain keeps neither a process from its end nor a candidate from the next seat.
#[test]
fn once_the_seat_is_released_nothing_waits_for_the_rest_of_the_drain() {
    let drain = Duration::from_secs(300);
    for stops in [true, false] {
        let mut stage = Stage::with(Config { drain, ..config() });
        stage.lead();
        stage.pass(millis(700));
        let term = token(&stage);
        if stops {
            stage.tell(Event::Stop);
            stage.pass(millis(600));
        }
        let_go(&mut stage, term, Duration::ZERO);
        let release = stage.one_write();
        assert_eq!(release.purpose, Purpose::Release);
        stage.succeeds(&release, 12);
        stage.pass(Duration::from_secs(17));
        assert_eq!(stage.effects.contains(&Effect::Finished), stops);
        if !stops {
            assert_eq!(stage.one_write().purpose, Purpose::Acquire);
        }
    }
}

/// What was let go of is a term, and no other may be released because of it.
#[test]
fn letting_go_of_an_earlier_term_shortens_no_drain() {
    let mut stage = leader();
    let earlier = token(&stage);
    let_go(&mut stage, earlier, Duration::ZERO);
    let release = stage.one_write();
    stage.succeeds(&release, 12);
    stage.pass(Duration::from_secs(17));
    let acquire = stage.one_write();
    stage.succeeds(&acquire, 13);
    assert!(token(&stage) > earlier && earlier > Token(0));
    let_go(&mut stage, earlier, Duration::ZERO);
    assert!(stage.leads(), "the present term is not over");
    stage.pass(millis(700));
    stage.writes();
    stage.tell(Event::Stop);
    stage.pass(DRAIN);
    assert_eq!(stage.writes(), []);
    // 4 s / (1 - 1 %).
    stage.pass(millis(41));
    assert_eq!(stage.one_write().purpose, Purpose::Release);
}

#[test]
fn a_leader_without_an_application_resigns_at_once_and_rests() {
    let mut stage = leader();
    let term = token(&stage);
    let_go(&mut stage, term, Duration::from_secs(60));
    assert!(!stage.view.leads(stage.now));
    let resigned = |notice: &Notice| matches!(notice, Notice::SteppedDown(StepDownReason::Resigned(why)) if why == "its command has ended");
    assert_eq!(stage.told(resigned), 1);
    let release = stage.one_write();
    assert_eq!(release.purpose, Purpose::Release);
    stage.succeeds(&release, 12);
    stage.pass(Duration::from_secs(59));
    assert_eq!(stage.writes(), [], "it campaigned within the minute in which it rests");
    stage.pass(Duration::from_secs(3));
    assert_eq!(stage.one_write().purpose, Purpose::Acquire);
}

/// A short rest does not shorten the one after each resignation.
#[test]
fn a_lease_is_rested_at_least() {
    let mut stage = leader();
    let term = token(&stage);
    let_go(&mut stage, term, millis(1));
    let release = stage.one_write();
    stage.succeeds(&release, 12);
    stage.pass(Duration::from_secs(14));
    assert_eq!(stage.writes(), []);
}

/// It said so before: a stop needs no drain then, and a wrapper may have said both in any order.
#[test]
fn what_was_let_go_of_before_is_not_drained() {
    let mut stage = leader();
    let term = token(&stage);
    stage.answers = false;
    let_go(&mut stage, term, Duration::ZERO);
    stage.tell(Event::Stop);
    stage.pass(millis(600));
    assert_eq!(stage.one_write().purpose, Purpose::Release);
}
