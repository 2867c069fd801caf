//! What people ask of an election, with their own credentials and from anywhere: who leads, that
//! another leads, and that the leader stays.
//!
//! All of it stands on the lock, as annotations that each candidate sees by the watch that it has
//! anyway. So nothing new has to be reached, and what a person may ask is what the API server lets it
//! write. The leader carries it out, or says there why not.

mod fleet;
mod pause;
mod show;
mod skip;
mod terms;
mod transfer;

pub use pause::{Paused, pause, resume, set_pause};
pub use show::show;
pub use skip::{Skipped, skip};
pub use transfer::{Transfer, Transferred, ask_for_transfer, transfer};

use anyhow::{anyhow, bail};
use hotseat_election::{ElectionName, Facts, Right, clock};
use hotseat_kubernetes::{Asking, Connection, Credentials, Inspector, LockKind, NotWritten, Sight};
use hotseat_text::visible;
use jiff::Timestamp;
use std::time::Duration;

/// The user agent in the API server's audit log.
const AGENT: &str = concat!("hotseat/", env!("CARGO_PKG_VERSION"), " (people)");
/// How often a change is tried upon a lock that others write meanwhile. A leader writes every retry
/// period, so that two in a row are rare.
const TRIES: usize = 8;

/// The lock of an election, for a person.
struct Person {
    name: ElectionName,
    kind: LockKind,
    connection: Connection,
    inspector: Inspector,
}

impl Person {
    async fn open(
        name: &ElectionName,
        kind: LockKind,
        credentials: Credentials,
    ) -> anyhow::Result<Person> {
        Ok(Person::with(Connection::open(credentials, AGENT).await?, name, kind))
    }

    fn with(connection: Connection, name: &ElectionName, kind: LockKind) -> Person {
        let facts = Facts::new(name.clone(), clock::now);
        let inspector = Inspector::new(connection.clone(), facts, kind);
        Person { name: name.clone(), kind, connection, inspector }
    }

    /// The lock as it is now.
    async fn look(&self) -> anyhow::Result<Sight> {
        let (name, kind) = (&self.name, self.kind.kind());
        match self.inspector.look().await {
            Ok(Some(sight)) => Ok(sight),
            Ok(None) => bail!(
                "{name}: there is no such {kind}, so nobody has led yet: check the name, --namespace and --lock"
            ),
            Err(error) => {
                let rights = self.inspector.rights_to_look();
                Err(self.explained(&format!("the {kind} cannot be read: {error}"), &rights).await)
            }
        }
    }

    /// Asks for something: what `wanted` makes of the lock as it is; none: there is nothing to ask.
    /// Tried again where somebody writes the lock meanwhile.
    async fn ask(
        &self,
        mut sight: Sight,
        wanted: impl Fn(&Sight) -> anyhow::Result<Option<Asking>>,
    ) -> anyhow::Result<Option<Sight>> {
        for _ in 0..TRIES {
            let Some(asking) = wanted(&sight)? else { return Ok(None) };
            match self.inspector.ask_for(&sight, &asking).await {
                Ok(sight) => return Ok(Some(sight)),
                Err(NotWritten::Changed(_)) => sight = self.look().await?,
                Err(NotWritten::Other(error)) => {
                    let kind = self.kind.kind();
                    let rights = self.inspector.rights_to_ask();
                    let error = format!("the {kind} cannot be written: {error}");
                    return Err(self.explained(&error, &rights).await);
                }
            }
        }
        bail!(
            "{}: somebody wrote the lock each time between its reading and the request, {TRIES} times: try again",
            self.name
        )
    }

    /// What went wrong, with the Role that the account lacks if that is why.
    async fn explained(&self, error: &str, rights: &[Right]) -> anyhow::Error {
        let name = &self.name;
        let missing = self.inspector.missing(rights).await.unwrap_or_default();
        if missing.is_empty() {
            return anyhow!("{name}: {error}");
        }
        let verbs: Vec<&str> = missing.iter().map(|right| right.verb).collect();
        let who = self.inspector.account().await.unwrap_or_else(|| "this account".to_owned());
        anyhow!(
            "{name}: {error}: {who} may not {} {} {} in namespace {}: {}",
            verbs.join(" and "),
            self.kind.resource(),
            name.name(),
            name.namespace(),
            role_for_people(name),
        )
    }

    /// Who asks, as others read it: by the API server's word, or else by this machine's.
    async fn account(&self) -> String {
        match self.inspector.account().await {
            Some(name) => name,
            None => std::env::var("USER")
                .ok()
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "somebody".to_owned()),
        }
    }
}

/// Whoever holds the lock knows of what people ask there, as far as the lock says: nobody does who is
/// still to come.
///
/// # Errors
///
/// Another elector wrote it last.
fn is_asked_of_a_hotseat(name: &ElectionName, sight: &Sight) -> anyhow::Result<()> {
    match &sight.record.holder {
        Some(holder) if sight.record.mark.is_none() => bail!(
            "{name}: {} leads, and what it wrote is not a Hotseat's: another elector knows nothing of requests on the lock: check the name, --namespace and --lock, or ask again once a Hotseat leads",
            visible(holder)
        ),
        _ => Ok(()),
    }
}

/// What to do where the rights to ask something of an election are missing.
pub fn role_for_people(name: &ElectionName) -> String {
    format!(
        "have somebody bind that account to the Role that `hotseat rbac --for people --election {} --namespace {}` prints",
        name.name(),
        name.namespace(),
    )
}

/// This machine's wall clock, in whole seconds: for people.
fn now() -> String {
    format!("{:.0}", Timestamp::now())
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // A credential plugin that hangs holds nothing up.
    runtime.shutdown_background();
    done
}

/// For people.
fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
