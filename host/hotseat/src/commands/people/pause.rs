//! `hotseat pause` and `hotseat resume`.

use super::{Person, block_on, now};
use hotseat_election::ElectionName;
use hotseat_kubernetes::{Asking, Connection, Credentials, LockKind, PauseNote};
use hotseat_text::visible;
use serde::Serialize;

/// What came of asking for a pause, or for its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paused {
    /// The election, as namespace and name.
    pub election: String,
    /// The election is paused now.
    pub paused: bool,
    /// It was so before.
    pub was: bool,
    /// Who asked for the pause, if there is or was one that says so.
    pub by: Option<String>,
    /// Since when, by that one's clock.
    pub since: Option<String>,
    /// Who leads, by the lock.
    pub holder: Option<String>,
}

/// Asks that the leader stays, on each of these objects of an election. A pause that is there already
/// stays as it is.
///
/// # Errors
///
/// There is no lock, or it cannot be read or written.
pub fn pause(
    name: &ElectionName,
    kinds: &[LockKind],
    credentials: Credentials,
) -> anyhow::Result<Paused> {
    set(name, kinds, credentials, true)
}

/// Takes the request for a pause away from each of these objects.
///
/// # Errors
///
/// As [`pause`].
pub fn resume(
    name: &ElectionName,
    kinds: &[LockKind],
    credentials: Credentials,
) -> anyhow::Result<Paused> {
    set(name, kinds, credentials, false)
}

fn set(
    name: &ElectionName,
    kinds: &[LockKind],
    credentials: Credentials,
    paused: bool,
) -> anyhow::Result<Paused> {
    block_on(async {
        let mut all = Vec::new();
        for kind in kinds {
            let person = Person::open(name, *kind, credentials.clone()).await?;
            all.push(set_on(&person, paused).await?);
        }
        // Of two locks one may have been paused by itself: then something has changed.
        let was = match paused {
            true => all.iter().all(|one| one.was),
            false => all.iter().any(|one| one.was),
        };
        let first = all.into_iter().next();
        let first = first.ok_or_else(|| anyhow::anyhow!("{name}: no lock was named"))?;
        Ok(Paused { was, ..first })
    })
}

/// Asks that the leader stays, or that it need not any more, on this object of an election, over a
/// connection that is there.
///
/// # Errors
///
/// As [`pause`].
pub async fn set_pause(
    connection: Connection,
    name: &ElectionName,
    kind: LockKind,
    paused: bool,
) -> anyhow::Result<Paused> {
    set_on(&Person::with(connection, name, kind), paused).await
}

async fn set_on(person: &Person, paused: bool) -> anyhow::Result<Paused> {
    let sight = person.look().await?;
    let note = PauseNote { by: person.account().await, since: now() };
    let (before, holder) = (sight.pause(), sight.record.holder.clone());
    person
        .ask(sight, |sight| {
            Ok(match (sight.pause(), paused) {
                (None, true) => Some(Asking::Pause(note.clone())),
                (Some(_), false) => Some(Asking::Resume),
                _ => None,
            })
        })
        .await?;
    let was = before.is_some();
    let told = before.or_else(|| paused.then_some(note)).unwrap_or_default();
    let some = |text: String| (!text.is_empty()).then_some(text);
    let (by, since) = (some(told.by), some(told.since));
    Ok(Paused { election: person.name.to_string(), paused, was, by, since, holder })
}

impl Paused {
    /// For people.
    pub fn text(&self) -> String {
        let Paused { election, paused, was, by, since, holder } = self;
        let leader = match holder {
            Some(holder) => format!("{} stays the leader until", visible(holder)),
            None => "nobody leads; who takes the seat stays until".to_owned(),
        };
        let asked = match (by, since) {
            (Some(by), Some(since)) => {
                format!(", as {} asked at {}", visible(by), visible(since))
            }
            (Some(by), None) => format!(", as {} asked", visible(by)),
            _ => String::new(),
        };
        match (paused, was) {
            (true, false) => format!(
                "{election} is paused: {leader} its process stops, its lease ends, or `hotseat resume` is called\n"
            ),
            (true, true) => format!("{election} is paused already{asked}\n"),
            (false, true) => {
                format!("{election} goes on: its policy may hand the seat over again\n")
            }
            (false, false) => format!("{election} is not paused\n"),
        }
    }
}
