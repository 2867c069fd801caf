//! What is logged of a policy.

use super::*;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What was logged.
#[derive(Clone, Default)]
struct Sheet(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sheet {
    type Writer = Sheet;

    fn make_writer(&'a self) -> Sheet {
        self.clone()
    }
}

/// The lines from info up that are made of facts about the policy, each so many seconds after the start.
fn lines(facts: impl IntoIterator<Item = (u64, PolicyFact)>) -> Vec<String> {
    let sheet = Sheet::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(sheet.clone())
        .with_ansi(false)
        .without_time()
        .with_max_level(LevelFilter::INFO)
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let (log, election) = (Log::new("web-0"), ElectionName::new("shop", "web"));
        for (second, fact) in facts {
            let at = Moment::at(Duration::from_secs(1000 + second));
            log.observe(Occurrence { election: &election, at, fact: &Fact::Policy(fact) });
        }
    });
    let text = String::from_utf8(sheet.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

/// How rarely is the rollout's rule.
#[test]
fn a_source_that_gives_nothing_is_a_line_and_so_is_its_end() {
    let why = "503 at 12:00:07, try later".to_owned();
    let away = PolicyFact::SourceUnavailable { why, times: 3 };
    let said = lines([(0, away), (9, PolicyFact::SourceAvailable { failures: 50 })]);
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said[0].starts_with("WARN") && said[0].contains("503 at 12:00:07, try later"));
    assert!(said[0].contains("times=3"), "{said:#?}");
    assert!(said[1].contains("works again") && said[1].contains("failures=50"), "{said:#?}");
}

/// It is tried again and again while the active policy fails.
#[test]
fn what_cannot_take_over_is_not_a_line_each_time() {
    let policy = hotseat_rollout::Policy { digest: "sha256:ab".to_owned(), settings: "".into() };
    let not_taken_over = |minute: u64| {
        let why = "no thread".to_owned();
        (minute * 60, PolicyFact::NotTakenOver { policy: policy.clone(), why })
    };
    let no_fallback = |minute: u64| {
        let refusal = Refusal { stage: "compile", why: "no memory".to_owned() };
        (minute * 60, PolicyFact::NoFallback(refusal))
    };
    let said = lines((0..100).map(not_taken_over));
    assert_eq!(said.len(), 7, "{said:#?}");
    assert!(said.iter().all(|line| line.starts_with("ERROR") && line.contains("no thread")));
    let said = lines((0..100).map(no_fallback));
    assert_eq!(said.len(), 7, "{said:#?}");
    assert!(said.iter().all(|line| line.starts_with("ERROR") && line.contains("no memory")));
}
