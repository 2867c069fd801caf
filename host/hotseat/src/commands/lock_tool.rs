//! `hotseat lock`: the lock for people, and emptying it on the day when a hand is needed.

use anyhow::{anyhow, bail};
use hotseat_election::{ElectionName, Facts, clock};
use hotseat_kubernetes::{Connection, Credentials, Inspector, LockKind, NotWritten, Sight};
use hotseat_text::visible;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// The user agent in the API server's audit log.
const AGENT: &str = concat!("hotseat/", env!("CARGO_PKG_VERSION"), " (lock)");

/// What a person says to show that the right lock is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// The holder's name, which has to be the one in the lock.
    Holder(String),
    /// Whoever it is.
    Yes,
}

/// Reads the lock of an election and says what is in it, in words or as one JSON object.
///
/// # Errors
///
/// There is no such lock, or it cannot be read.
pub fn show(
    name: &ElectionName,
    kind: LockKind,
    credentials: Credentials,
    as_json: bool,
) -> anyhow::Result<String> {
    block_on(async {
        let sight = look(&inspector(name, kind, credentials).await?, name, kind).await?;
        Ok(match as_json {
            true => format!("{}\n", document(&sight)),
            false => describe(name, &sight),
        })
    })
}

/// What came of emptying a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cleared {
    /// The holder that was taken out.
    pub holder: String,
    /// The version of the lock that was replaced.
    pub replaced: String,
    /// The version that it has now.
    pub version: String,
    /// What follows, in lines for people.
    pub follows: Vec<String>,
}

/// Takes the holder out of the lock by a compare-and-swap on what was read: nothing happens if anybody
/// wrote it meanwhile, or if it is not at `version`, where one is given.
///
/// # Errors
///
/// It is not what was meant, has no holder, or cannot be written; the message says what is there.
pub fn clear(
    name: &ElectionName,
    kind: LockKind,
    credentials: Credentials,
    confirmation: Option<&Confirmation>,
    version: Option<&str>,
) -> anyhow::Result<Cleared> {
    block_on(async {
        let inspector = inspector(name, kind, credentials).await?;
        let sight = look(&inspector, name, kind).await?;
        let Some(holder) = sight.record.holder.clone() else {
            bail!("{name}: the lock has no holder: there is nothing to take out");
        };
        let shown = visible(&holder).into_owned();
        match confirmation {
            None => bail!(
                "{name}: this would take {shown} out of the lock, which it renewed {}: look at it with `hotseat lock show`, and give --holder {shown}, or --yes for whoever it is",
                ago(sight.renewed())
            ),
            Some(Confirmation::Holder(meant)) if *meant != holder => bail!(
                "--holder {}: the holder of {name} is {shown}: look at it with `hotseat lock show` first",
                visible(meant)
            ),
            Some(_) => {}
        }
        let replaced = sight.record.version.0.clone();
        if let Some(meant) = version.filter(|meant| *meant != replaced) {
            bail!(
                "--version {}: {name} is at version {replaced}: look at it with `hotseat lock show` again",
                visible(meant)
            );
        }
        match inspector.clear(&sight).await {
            Ok(version) => {
                let follows = what_follows(&sight);
                Ok(Cleared { holder, replaced, version, follows })
            }
            Err(NotWritten::Changed(_)) => bail!(
                "{name}: somebody wrote the lock after it was read, so its holder is alive or has changed, and nothing was done: look at it with `hotseat lock show`, and try again"
            ),
            Err(NotWritten::Other(error)) => Err(anyhow!("{name}: {error}")),
        }
    })
}

impl Cleared {
    /// For people.
    pub fn text(&self) -> String {
        let Cleared { holder, replaced, version, follows } = self;
        let mut text = format!(
            "{} is taken out of the lock: version {} was replaced by {}\n",
            visible(holder),
            visible(replaced),
            visible(version)
        );
        for line in follows {
            let _ = writeln!(text, "- {line}");
        }
        text
    }
}

/// Who waits for how long (I7).
fn what_follows(sight: &Sight) -> Vec<String> {
    let holder = visible(sight.record.holder.as_deref().unwrap_or_default()).into_owned();
    let lease = sight.record.duration.unwrap_or_default();
    vec![
        format!(
            "{holder}, if it is alive, sees this and stops leading; its application goes on for its reaction time"
        ),
        format!(
            "each Hotseat candidate, {holder} too, waits for its --longest-lease, {lease:?} or more, from when it sees this: an edit by hand proves to nobody that {holder} has given up"
        ),
        format!(
            "other electors, such as client-go's, take an empty seat at once, while {holder} may act until its renew deadline: stop it first where they take part"
        ),
        "the fencing token goes on growing".to_owned(),
    ]
}

/// What `show` gives to programs.
pub(crate) fn document(sight: &Sight) -> Value {
    let record = &sight.record;
    json!({
        "holder": record.holder,
        "lease_seconds": record.duration.map(|lease| lease.as_secs()),
        "acquired": sight.acquired().map(|at| at.to_string()),
        "renewed": sight.renewed().map(|at| at.to_string()),
        "transitions": record.transitions,
        "token": record.token.0,
        "mark": record.mark.as_ref().map(|mark| json!({
            "site": mark.incarnation.site,
            "nonce": mark.incarnation.nonce,
            "serial": mark.serial,
        })),
        "written_by": author(sight).0,
        "released": record.released,
        "successor": record.successor,
        "paused": record.requests.paused,
        "version": record.version.0,
        "uid": record.uid,
        "object": sight.object(),
    })
}

/// Who wrote it last, for programs and for people.
fn author(sight: &Sight) -> (&'static str, &'static str) {
    match (&sight.record.mark, sight.has_broken_mark()) {
        (Some(_), _) => ("hotseat", "a Hotseat, and nobody since"),
        (None, true) => {
            ("other-after-hotseat", "a Hotseat, and somebody else since: its mark does not hold")
        }
        (None, false) => ("other", "another elector or a hand: it has no mark of a Hotseat"),
    }
}

/// A line for each fact, for people. Ages are by this machine's clock and the writer's, and no rule of
/// an election compares those.
fn describe(name: &ElectionName, sight: &Sight) -> String {
    let record = &sight.record;
    let lease = record.duration.unwrap_or_default();
    let holder = record.holder.clone().unwrap_or_else(|| match record.released {
        true => "none: it was released".to_owned(),
        false => "none".to_owned(),
    });
    let mut lines = vec![
        ("lock", format!("{name}, version {}, uid {}", record.version, record.uid)),
        ("holder", holder),
        ("renewed", format!("{}, for {lease:?}", ago(sight.renewed()))),
        ("acquired", ago(sight.acquired())),
        ("transitions", record.transitions.to_string()),
        ("fencing token", record.token.to_string()),
        ("written by", author(sight).1.to_owned()),
    ];
    if let Some(mark) = &record.mark {
        let incarnation = &mark.incarnation;
        lines.push(("process", format!("{incarnation}, its write number {}", mark.serial)));
    }
    if let Some(successor) = &record.successor {
        lines.push(("successor", successor.clone()));
    }
    if record.requests.paused {
        lines.push(("paused", "nobody is to move".to_owned()));
    }
    let mut text = String::new();
    for (what, answer) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{what:<14} {}", visible(&answer));
    }
    text
}

/// An age for people.
pub(crate) fn ago(at: Option<Timestamp>) -> String {
    let Some(at) = at else { return "never".to_owned() };
    match Duration::try_from(Timestamp::now().duration_since(at)) {
        Ok(age) => format!("{:.1} s ago, at {at}", age.as_secs_f64()),
        Err(_) => format!("at {at}, which is in the future by this machine's clock"),
    }
}

async fn inspector(
    name: &ElectionName,
    kind: LockKind,
    credentials: Credentials,
) -> anyhow::Result<Inspector> {
    let connection = Connection::open(credentials, AGENT).await?;
    Ok(Inspector::new(connection, Facts::new(name.clone(), clock::now), kind))
}

async fn look(inspector: &Inspector, name: &ElectionName, kind: LockKind) -> anyhow::Result<Sight> {
    match inspector.look().await {
        Ok(Some(sight)) => Ok(sight),
        Ok(None) => {
            bail!(
                "{name}: there is no such {}: check the name, --namespace and --lock",
                kind.kind()
            )
        }
        Err(error) => Err(anyhow!("{name}: the {} cannot be read: {error}", kind.kind())),
    }
}

pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // A credential plugin that hangs holds nothing up.
    runtime.shutdown_background();
    done
}
