//! `hotseat transfer`: asks for another leader, and follows what becomes of it.

use super::fleet::{Member, on_roster};
use super::{Person, block_on, is_asked_of_a_hotseat, seconds};
use anyhow::{Context as _, anyhow, bail};
use hotseat_core::policy::LONGEST_NAME;
use hotseat_election::ElectionName;
use hotseat_kubernetes::{Asking, Connection, Credentials, LockKind, PodIs, Sight, TransferNote};
use hotseat_text::visible;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::time::{Duration, Instant};

/// How long between two looks at the lock at first, since most transfers are done within a second.
const SHORT_PAUSE: Duration = Duration::from_millis(30);
/// For how long.
const AT_FIRST: Duration = Duration::from_secs(2);
/// How long between two looks later.
const LONG_PAUSE: Duration = Duration::from_millis(200);
/// How long between two looks at the roster, of which entries change every few seconds at most.
const ROSTER_PAUSE: Duration = Duration::from_secs(1);

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The candidate that shall lead: its pod's name, or its `--id`.
    pub to: String,
    /// How long the request holds, in whole seconds, from one to 3,600.
    pub within: Duration,
    /// There need be no pod of that name: the candidate has a name of its own.
    pub any_name: bool,
}

/// A transfer that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transferred {
    /// The election, as namespace and name.
    pub election: String,
    /// Who led before.
    pub from: String,
    /// Who leads now.
    pub to: String,
    /// Who asked.
    pub by: String,
    /// From the request to the first look at which the new leader held the lock, in milliseconds.
    pub took_ms: u64,
    /// The new leader's fencing token.
    pub token: u64,
}

impl Transferred {
    /// For people: the last of the lines.
    pub fn text(&self) -> String {
        let took = seconds(Duration::from_millis(self.took_ms));
        format!("{} leads, {took} after it was asked for\n", visible(&self.to))
    }
}

/// Asks the leader to hand over, and waits until the one that is named leads. `tell` gets a line for
/// each step.
///
/// # Errors
///
/// It is not possible, or was not done in time; the message says why, and who leads.
pub fn transfer(
    name: &ElectionName,
    kind: LockKind,
    credentials: Credentials,
    wanted: &Transfer,
    tell: impl Fn(&str),
) -> anyhow::Result<Transferred> {
    block_on(async {
        let person = Person::open(name, kind, credentials).await?;
        let begun = Instant::now();
        let Asked { from, note, sight: asked, roster } = ask(&person, wanted).await?;
        tell(&told(&from, wanted));
        let warm_up = WarmUp { is_on: !roster.is_empty(), waits: false, next: Instant::now() };
        let mut course =
            Course { person: &person, note: &note, from, released: false, warm_up, tell };
        course.hear(&roster);
        match course.follow(&asked, begun + wanted.within).await {
            Ok(sight) => Ok(Transferred {
                election: name.to_string(),
                from: course.from,
                to: note.to.clone(),
                by: note.by.clone(),
                took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
                token: sight.record.token.0,
            }),
            Err(error) => {
                // Nobody shall carry out later what is reported as failed now.
                course.take_back().await;
                Err(error)
            }
        }
    })
}

/// Asks the leader to hand over, over a connection that is there, and does not wait for what becomes of it:
/// that stands on the lock. Gives what was asked, in a line.
///
/// # Errors
///
/// It is not possible; the message says why, and who leads.
pub async fn ask_for_transfer(
    connection: Connection,
    name: &ElectionName,
    kind: LockKind,
    wanted: &Transfer,
) -> anyhow::Result<String> {
    let asked = ask(&Person::with(connection, name, kind), wanted).await?;
    Ok(told(&asked.from, wanted))
}

/// A request that stands on the lock.
struct Asked {
    /// Who led.
    from: String,
    note: TransferNote,
    /// The lock with it.
    sight: Sight,
    /// Who is on the roster; nobody where the leader is not.
    roster: Vec<Member>,
}

async fn ask(person: &Person, wanted: &Transfer) -> anyhow::Result<Asked> {
    let sight = person.look().await?;
    let from = leader(&person.name, &sight, wanted)?;
    is_candidate(person, wanted).await?;
    let roster = on_roster(&person.name, person.members().await, &from, &wanted.to)?;
    let note = note(person, wanted).await?;
    // Whatever has changed by a second try, too, is looked at before anything is asked for.
    let asking = |sight: &Sight| {
        leader(&person.name, sight, wanted)?;
        Ok(Some(Asking::Transfer(note.clone())))
    };
    let sight = person.ask(sight, asking).await?.context("nothing was asked for")?;
    Ok(Asked { from, note, sight, roster })
}

fn told(from: &str, wanted: &Transfer) -> String {
    let (from, to, within) = (visible(from), visible(&wanted.to), seconds(wanted.within));
    format!("asked {from} to hand over to {to} within {within}")
}

/// Who is to hand over, if anybody can.
fn leader(name: &ElectionName, sight: &Sight, wanted: &Transfer) -> anyhow::Result<String> {
    let to = visible(&wanted.to);
    if let Some(pause) = sight.pause() {
        let by = match pause.by.as_str() {
            "" => String::new(),
            by => format!(" by {}", visible(by)),
        };
        bail!("{name}: the election is paused{by}: let it go on with `hotseat resume` first");
    }
    let Some(holder) = sight.record.holder.clone() else {
        bail!(
            "{name}: nobody leads, so nobody can hand over to {to}: see `hotseat doctor` if that lasts"
        );
    };
    if holder == wanted.to {
        bail!("{name}: {to} leads already");
    }
    is_asked_of_a_hotseat(name, sight)?;
    Ok(holder)
}

/// Candidates are called by their pods unless they have an --id.
async fn is_candidate(person: &Person, wanted: &Transfer) -> anyhow::Result<()> {
    let (to, namespace) = (visible(&wanted.to), person.name.namespace());
    if wanted.to.is_empty() || wanted.to.len() > LONGEST_NAME {
        bail!("--to {to}: a candidate's name has from 1 to {LONGEST_NAME} bytes");
    }
    if wanted.any_name {
        return Ok(());
    }
    match person.inspector.pod(&wanted.to).await {
        PodIs::There => Ok(()),
        PodIs::Ending => bail!("--to {to}: that pod is being deleted: name another one"),
        PodIs::Missing => bail!(
            "--to {to}: there is no pod of that name in namespace {namespace}: name a pod, or give --any-name if the candidates have names of their own, by --id"
        ),
        // It is not a right that asking needs.
        PodIs::Unknown(reason) => {
            tracing::debug!(%reason, "whether there is such a pod is not known");
            Ok(())
        }
    }
}

async fn note(person: &Person, wanted: &Transfer) -> anyhow::Result<TransferNote> {
    let within = SignedDuration::try_from(wanted.within)?;
    let until = Timestamp::now().checked_add(within)?;
    Ok(TransferNote {
        to: wanted.to.clone(),
        by: person.account().await,
        // Two requests of one second are two.
        until: format!("{until:.3}"),
        within_seconds: Some(wanted.within.as_secs()),
        refused: None,
    })
}

/// What is said of the time in which a leader waits for its successor to be ready.
struct WarmUp {
    /// The leader is on the roster, and goes by it.
    is_on: bool,
    /// It was said that the leader waits.
    waits: bool,
    /// The roster is looked at again then.
    next: Instant,
}

/// A request on its way.
struct Course<'a, T> {
    person: &'a Person,
    note: &'a TransferNote,
    /// Who led when it was made.
    from: String,
    /// Its end was printed.
    released: bool,
    warm_up: WarmUp,
    tell: T,
}

impl<T: Fn(&str)> Course<'_, T> {
    /// Looks at the lock until the one that is named has it, or it is clear that it will not.
    async fn follow(&mut self, asked: &Sight, until: Instant) -> anyhow::Result<Sight> {
        let (begun, mut last) = (Instant::now(), asked.record.clone());
        loop {
            if Instant::now() >= until {
                return Err(self.too_late(last.holder.as_deref()));
            }
            let pause = if begun.elapsed() < AT_FIRST { SHORT_PAUSE } else { LONG_PAUSE };
            tokio::time::sleep(pause).await;
            let sight = match self.person.inspector.look().await {
                Ok(Some(sight)) => sight,
                Ok(None) => bail!("{}: the lock was deleted meanwhile", self.person.name),
                // It may be back before the time is over.
                Err(reason) => {
                    tracing::debug!(%reason, "the lock could not be looked at");
                    continue;
                }
            };
            if sight.record.holder.as_ref() == Some(&self.note.to) {
                self.resigned();
                return Ok(sight);
            }
            self.look_at(&sight)?;
            last = sight.record;
            if self.warm_up.is_on && Instant::now() >= self.warm_up.next {
                self.warm_up.next = Instant::now() + ROSTER_PAUSE;
                if let Ok(members) = self.person.members().await {
                    self.hear(&members);
                }
            }
        }
    }

    /// What the roster says of whoever shall lead: a leader that waits for it says nothing on the lock.
    fn hear(&mut self, roster: &[Member]) {
        let Some(member) = roster.iter().find(|it| it.identity == self.note.to) else { return };
        let waits = member.ready == Some(false) && !self.released;
        if waits == std::mem::replace(&mut self.warm_up.waits, waits) {
            return;
        }
        let (from, to) = (visible(&self.from), visible(&self.note.to));
        match waits {
            true => (self.tell)(&format!(
                "{to} is not ready: {from} leads on until it is, for its --warm-up at most"
            )),
            false if self.released => {}
            false => (self.tell)(&format!("{to} is ready")),
        }
    }

    /// What this look says of the request.
    fn look_at(&mut self, sight: &Sight) -> anyhow::Result<()> {
        let (name, to) = (&self.person.name, visible(&self.note.to));
        let record = &sight.record;
        match sight.transfer() {
            Some(TransferNote { refused: Some(why), .. }) if self.is_mine(sight) => {
                let holder = record.holder.as_deref().unwrap_or("the leader");
                bail!("{name}: {} does not hand over to {to}: {}", visible(holder), visible(&why));
            }
            Some(_) if self.is_mine(sight) => Ok(()),
            Some(other) => bail!(
                "{name}: {} has asked for {} to lead instead",
                visible(&other.by),
                visible(&other.to)
            ),
            None => match &record.holder {
                None => {
                    self.resigned();
                    Ok(())
                }
                Some(holder) if self.released || *holder != self.from => {
                    self.resigned();
                    bail!(
                        "{name}: {} leads: {to} did not take the seat that was left to it: is it alive, ready, and would its policy have it lead? See its log",
                        visible(holder)
                    )
                }
                Some(holder) => bail!(
                    "{name}: somebody has taken the request back, or its time was over: {} still leads",
                    visible(holder)
                ),
            },
        }
    }

    fn is_mine(&self, sight: &Sight) -> bool {
        let same = |note: TransferNote| TransferNote { refused: None, ..note } == *self.note;
        sight.transfer().is_some_and(same)
    }

    /// Tells once that the leader has resigned.
    fn resigned(&mut self) {
        if !std::mem::replace(&mut self.released, true) {
            let from = visible(&self.from);
            (self.tell)(&format!("{from} resigned in favour of {}", visible(&self.note.to)));
        }
    }

    fn too_late(&self, holder: Option<&str>) -> anyhow::Error {
        let (name, to) = (&self.person.name, visible(&self.note.to));
        let within = self.note.within_seconds.unwrap_or_default();
        match (self.released, holder) {
            (true, _) => anyhow!(
                "{name}: {} resigned, but {to} did not take the seat within {within} s: is it alive? Others may take it now",
                visible(&self.from)
            ),
            (false, Some(holder)) => anyhow!(
                "{name}: {} did not hand over to {to} within {within} s: is its process alive and a Hotseat of this version? See its log",
                visible(holder)
            ),
            (false, None) => anyhow!("{name}: nobody led within {within} s, so nobody handed over"),
        }
    }

    /// Takes the request away, if it still stands there. Whatever comes of it: it ends by itself, too.
    async fn take_back(&self) {
        let Ok(Some(sight)) = self.person.inspector.look().await else { return };
        let mine = |sight: &Sight| Ok(self.is_mine(sight).then_some(Asking::NoTransfer));
        if let Err(error) = self.person.ask(sight, mine).await {
            tracing::debug!("the request could not be taken back: {error:#}");
        }
    }
}
