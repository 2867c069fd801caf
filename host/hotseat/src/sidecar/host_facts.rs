//! The time of day as facts for the policy, at the grain of a minute. A policy has no clock, so that its
//! answers depend on its question alone; what it gets here is in the question, and in the journal.

use hotseat_core::policy::{Source, Value};
use hotseat_election::clock;
use hotseat_election::signals::{Key, Report, Store};
use jiff::civil::Weekday;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The facts, by key and value.
type Pairs = [(&'static str, Value); 2];

/// Reports the time of day, in UTC, each minute.
pub async fn tell(store: Store) {
    loop {
        let (said, next) = at(Timestamp::now());
        for (key, value) in said {
            let report = Report { value, at: clock::now(), ttl: None };
            // The host's own signals always find room, and its keys are keys.
            if let Ok(key) = Key::new(Source::Host, key) {
                let _ = store.report(key, report);
            }
        }
        tokio::time::sleep(next).await;
    }
}

/// What is said at that moment, and after how long it changes.
fn at(now: Timestamp) -> (Pairs, Duration) {
    let time = Offset::UTC.to_datetime(now);
    let text = format!("{:02}:{:02}", time.hour(), time.minute());
    let said = [
        ("host.time-of-day", Value::Text(text)),
        ("host.weekday", Value::Text(day(time.weekday()).to_owned())),
    ];
    let gone = SignedDuration::from_secs(time.second().into())
        + SignedDuration::from_nanos(time.subsec_nanosecond().into());
    let left = SignedDuration::from_mins(1) - gone;
    (said, left.unsigned_abs())
}

fn day(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minute_and_the_day_are_those_of_utc_and_change_when_they_do() {
        for (moment, time, day, left) in [
            ("2026-11-26T04:05:00Z", "04:05", "thursday", 60_000),
            ("2026-11-26T23:59:59.250Z", "23:59", "thursday", 750),
            ("2026-11-27T00:00:00+02:00", "22:00", "thursday", 60_000),
            ("2027-01-03T12:00:30Z", "12:00", "sunday", 30_000),
        ] {
            let (said, next) = at(moment.parse().unwrap());
            let texts = said.map(|(key, value)| match value {
                Value::Text(text) => (key, text),
                other => panic!("{other:?}"),
            });
            let expected =
                [("host.time-of-day", time.to_owned()), ("host.weekday", day.to_owned())];
            assert_eq!((texts, next), (expected, Duration::from_millis(left)), "{moment}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_reported_again_each_minute() {
        let store = Store::default();
        let mut changes = store.changes();
        let telling = tokio::spawn(tell(store.clone()));
        for _ in 0..3 {
            changes.changed().await.unwrap();
            let all = store.all(clock::now());
            let keys: Vec<_> = all.iter().map(|held| held.key.as_str()).collect();
            assert_eq!(keys.last(), Some(&"host.weekday"), "{keys:?}");
            assert_eq!(all[0].key.source(), Source::Host);
            // Past what is left of the minute.
            tokio::time::sleep(Duration::from_secs(61)).await;
        }
        telling.abort();
    }
}
