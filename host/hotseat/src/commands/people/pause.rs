//! `hotseat pause` and `hotseat resume`.

use super::{Person, block_on, is_asked_of_a_hotseat, now};
use hotseat_election::ElectionName;
use hotseat_kubernetes::{Asking, Connection, Credentials, LockKind, PauseNote, Sight};
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
    /// A Hotseat has written the lock: other electors know nothing of a pause.
    pub hotseat: bool,
}

/// Asks that the leader stays, on each of these objects of an election. A pause that is there already
/// stays as it is.
///
/// # Errors
///
/// There is no lock, it cannot be read or written, or another elector holds it, which knows of no pause.
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
/// There is no lock, or it cannot be read or written.
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
        let mut seen = Vec::new();
        for kind in kinds {
            let person = Person::open(name, *kind, credentials.clone()).await?;
            let sight = person.look().await?;
            is_possible(&person, &sight, paused)?;
            seen.push((person, sight));
        }
        // Of two locks none is asked where one cannot be.
        let mut all = Vec::new();
        for (person, sight) in seen {
            all.push(set_on(&person, sight, paused).await?);
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
    let person = Person::with(connection, name, kind);
    let sight = person.look().await?;
    set_on(&person, sight, paused).await
}

/// A request that nobody reads would be left there for whoever comes later; taking one away is always
/// possible.
fn is_possible(person: &Person, sight: &Sight, paused: bool) -> anyhow::Result<()> {
    match paused {
        true => is_asked_of_a_hotseat(&person.name, sight),
        false => Ok(()),
    }
}

async fn set_on(person: &Person, sight: Sight, paused: bool) -> anyhow::Result<Paused> {
    let note = PauseNote { by: person.account().await, since: now() };
    let (before, holder) = (sight.pause(), sight.record.holder.clone());
    let hotseat = sight.record.mark.is_some() || sight.has_broken_mark();
    person
        .ask(sight, |sight| {
            is_possible(person, sight, paused)?;
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
    Ok(Paused { election: person.name.to_string(), paused, was, by, since, holder, hotseat })
}

impl Paused {
    /// For people.
    pub fn text(&self) -> String {
        let Paused { election, paused, was, by, since, holder, hotseat } = self;
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
        let unheard = match (paused, hotseat) {
            (true, false) => {
                "no Hotseat has written this lock yet, and another elector would know nothing of the pause: check the name\n"
            }
            _ => "",
        };
        match (paused, was) {
            (true, false) => format!(
                "{election} is paused: {leader} its process stops, its lease ends, or `hotseat resume` is called\n{unheard}"
            ),
            (true, true) => format!("{election} is paused already{asked}\n{unheard}"),
            (false, true) => {
                format!("{election} goes on: its policy may hand the seat over again\n")
            }
            (false, false) => format!("{election} is not paused\n"),
        }
    }
}
