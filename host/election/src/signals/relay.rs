//! From the store to the election.

use super::Store;
use crate::clock::{self, Alarm};
use hotseat_core::event::{Event, Reported};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Between two messages to the election. However often signals are reported, its loop hears of
/// them at this pace; what comes meanwhile goes together.
const PACE: Duration = Duration::from_millis(20);

/// Tells the election all signals whenever one was reported, was taken back or ceased to hold.
/// Runs until nobody listens.
///
/// # Errors
///
/// The system has no timer.
pub async fn relay(store: Store, events: Sender<Event>) -> std::io::Result<()> {
    // Ages and ttls count on the boot-time clock, and so does the alarm.
    let alarm = Alarm::new()?;
    let mut changes = store.changes();
    // What was reported before this began.
    changes.mark_changed();
    loop {
        alarm.set(store.forget(clock::now()))?;
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return Ok(()) },
            rung = alarm.ring() => rung?,
        }
        // What is forgotten here is sent from here. What is reported from now on is sent after it, too.
        store.forget(clock::now());
        changes.mark_unchanged();
        let all = store.all(clock::now());
        let all = all.into_iter().map(|held| Reported {
            key: held.key.as_str().to_owned(),
            source: held.key.source(),
            value: held.report.value,
            at: held.report.at,
            since: held.since,
        });
        if events.send(Event::Signals(all.collect())).await.is_err() {
            return Ok(());
        }
        tokio::time::sleep(PACE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Key, Report};
    use super::*;
    use hotseat_core::policy::{Source, Value};
    use tokio::sync::mpsc::{Receiver, channel};
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(20);

    fn report(store: &Store, key: &str, number: f64, ttl: Option<Duration>) {
        let report = Report { value: Value::Number(number), at: clock::now(), ttl };
        store.report(Key::new(Source::Application, key).unwrap(), report).unwrap();
    }

    async fn next(events: &mut Receiver<Event>) -> Vec<(String, Value)> {
        match timeout(SOON, events.recv()).await.unwrap().unwrap() {
            Event::Signals(all) => all.into_iter().map(|said| (said.key, said.value)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_report_and_the_end_of_its_ttl_are_passed_on() {
        let store = Store::default();
        let (sender, mut events) = channel(4);
        let task = tokio::spawn(relay(store.clone(), sender));
        report(&store, "app.lag", 7.0, Some(Duration::from_secs(3)));
        assert_eq!(next(&mut events).await, [("app.lag".to_owned(), Value::Number(7.0))]);
        assert_eq!(next(&mut events).await, []);
        drop(events);
        report(&store, "app.lag", 8.0, None);
        timeout(SOON, task).await.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_is_reported_at_a_time_goes_together() {
        let store = Store::default();
        let (sender, mut events) = channel(4);
        let task = tokio::spawn(relay(store.clone(), sender));
        // The task has no turn before this one waits.
        for number in 0..1000 {
            report(&store, "app.lag", f64::from(number), None);
        }
        assert_eq!(next(&mut events).await, [("app.lag".to_owned(), Value::Number(999.0))]);
        report(&store, "app.b", 0.0, None);
        assert_eq!(next(&mut events).await.len(), 2);
        task.abort();
    }
}
