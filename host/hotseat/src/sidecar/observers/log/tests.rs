//! How often what goes wrong again and again is said.

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
            log.observe(Said { election: &election, at, fact: &Fact::Policy(fact) });
        }
    });
    let text = String::from_utf8(sheet.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

fn unavailable(reason: String) -> PolicyFact {
    PolicyFact::SourceUnavailable(reason)
}

#[test]
fn a_source_that_gives_another_reason_each_time_is_said_rarely() {
    let stamped = |second: u64| (second, unavailable(format!("503 at 12:00:{second}, try later")));
    let facts = (0..50).map(stamped).chain([(51, PolicyFact::SourceAvailable)]);
    let said = lines(facts);
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said[0].contains("503 at 12:00:0, try later"), "{said:#?}");
    assert!(said[1].contains("works again") && said[1].contains("failures=50"), "{said:#?}");

    let made_up = |n: u64| (n, unavailable("x".repeat(usize::try_from(n).unwrap())));
    let said = lines((0..50).map(made_up));
    assert!((2..10).contains(&said.len()), "{said:#?}");
}

#[test]
fn a_source_that_comes_and_goes_is_said_rarely() {
    let both =
        |second| [(second, unavailable("no".to_owned())), (second, PolicyFact::SourceAvailable)];
    let said = lines((0..600).flat_map(both));
    assert!((2..12).contains(&said.len()), "{said:#?}");
}
