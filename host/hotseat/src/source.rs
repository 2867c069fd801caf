//! Where the policy and its settings come from: the first publication, and each change.

use anyhow::bail;
use hotseat_election::{Component, Facts, Future, PolicySource, Publication, Right, Sourced};
use hotseat_engine::{LARGEST_COMPONENT, STANDARD_LABEL};
use hotseat_kubernetes::{Connection, Seen, config_map_rights, watch_config_map};
use hotseat_rollout::Refusal;
use hotseat_sources::{
    ConfigMapRef, Demands, Fetched, FileSource, Origin, PolicyKey, PolicyRef, Registries,
    SourceError, Update, check, follow_file, follow_oci, from_config_map,
};
use serde::de::IgnoredAny;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// The largest settings of a policy, in bytes.
pub const LARGEST_SETTINGS: u64 = 256 * 1024;
/// The key of a ConfigMap that has a policy's settings.
pub const SETTINGS_KEY: &str = "settings.json";

/// What the operator wants of policies.
#[derive(Clone, Debug)]
pub struct PolicyOptions {
    /// Where the policy comes from.
    pub policy: PolicyRef,
    /// Its settings.
    pub settings: PolicySettings,
    /// The key that policies must be signed with.
    pub key: Option<PolicyKey>,
    /// How often files are looked at.
    pub poll: Duration,
    /// How registries are reached.
    pub registries: Registries,
}

/// The settings. A ConfigMap's key `settings.json` goes before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySettings {
    /// JSON or empty, as at the start.
    text: Arc<str>,
    /// The file that they are from, followed.
    file: Option<PathBuf>,
}

impl PolicySettings {
    /// Settings as an argument gives them: JSON, nothing, or `@` and a file with either in it.
    ///
    /// # Errors
    ///
    /// They cannot be read, are too large, or no JSON; in one line.
    pub fn from_argument(argument: &str) -> Result<PolicySettings, String> {
        let Some(path) = argument.strip_prefix('@') else {
            return Ok(PolicySettings { text: json(argument.as_bytes())?, file: None });
        };
        let path = PathBuf::from(path);
        let fetched = settings_file(path.clone()).read().map_err(|error| error.to_string())?;
        Ok(PolicySettings { text: json(&fetched.bytes)?, file: Some(path) })
    }
}

/// The source that the operator asks for.
pub struct Source {
    label: String,
    options: PolicyOptions,
    namespace: String,
    connection: Connection,
    facts: Facts,
}

impl Source {
    /// The source of an election in that namespace.
    ///
    /// # Errors
    ///
    /// The built-in policy is pinned to another digest.
    pub fn new(
        options: PolicyOptions,
        namespace: &str,
        connection: Connection,
        facts: Facts,
    ) -> anyhow::Result<Source> {
        let label = options.policy.to_string();
        if let (Origin::Builtin, Some(pin)) = (&options.policy.origin, options.policy.pin) {
            let digest = crate::engine::standard_digest();
            if pin.to_string() != digest {
                bail!("the builtin policy is {digest}: pin that, or leave the pin out");
            }
        }
        Ok(Source { label, options, namespace: namespace.to_owned(), connection, facts })
    }

    /// Whether it has to give a policy that loads at the start: it is a file of the operator's own.
    pub fn first_must_load(&self) -> bool {
        matches!(self.options.policy.origin, Origin::File(_))
    }

    /// Whether it is the standard policy, which the built-in rule can stand in for.
    pub fn is_builtin(&self) -> bool {
        self.options.policy.origin == Origin::Builtin
    }

    fn config_map<'a>(&'a self, map: &'a ConfigMapRef) -> (&'a str, &'a str) {
        (map.namespace().unwrap_or(&self.namespace), map.name())
    }
}

impl PolicySource for Source {
    fn follow(self: Box<Self>, to: Sender<Sourced>) -> Future<()> {
        let PolicySettings { text: settings, file } = self.options.settings.clone();
        let (tell, parts) = channel(1);
        Box::pin(async move {
            let gathering = gather(self.label.clone(), parts, settings.clone(), to);
            let poll = self.options.poll;
            let following = follow_component(*self, settings, tell.clone());
            let follow_settings = async {
                match file {
                    Some(path) => follow_settings(settings_file(path), poll, tell).await,
                    None => drop(tell),
                }
            };
            tokio::join!(gathering, following, follow_settings);
        })
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn rights(&self) -> Vec<Right> {
        match &self.options.policy.origin {
            Origin::ConfigMap(map) => {
                let (namespace, name) = self.config_map(map);
                config_map_rights(namespace, name)
            }
            _ => Vec::new(),
        }
    }
}

/// What a part of a source tells.
enum Part {
    /// Other bytes, checked, and the settings that came with them.
    Component { source: String, component: Component, settings: Option<Arc<str>> },
    /// Other settings, JSON or empty.
    Settings(Arc<str>),
    /// Something that must not be loaded.
    Refused(SourceError),
    /// Nothing for now, in one line why.
    Unavailable(String),
}

/// Makes publications of the parts.
async fn gather(
    label: String,
    mut parts: Receiver<Part>,
    mut settings: Arc<str>,
    to: Sender<Sourced>,
) {
    let mut present: Option<(String, Component)> = None;
    while let Some(part) = parts.recv().await {
        let sourced = match part {
            Part::Component { source, component, settings: with } => {
                if let Some(with) = with {
                    settings = with;
                }
                // Only the first to tell of it holds its bytes: they can be many.
                present = Some((source.clone(), Component { bytes: None, ..component.clone() }));
                Sourced::Found(Publication { source, component, settings: settings.clone() })
            }
            Part::Settings(other) => {
                settings = other;
                let Some((source, component)) = present.clone() else { continue };
                Sourced::Found(Publication { source, component, settings: settings.clone() })
            }
            Part::Refused(error) => Sourced::Refused {
                source: label.clone(),
                refusal: Refusal { stage: error.stage(), why: error.to_string() },
            },
            Part::Unavailable(why) => Sourced::Unavailable(why),
        };
        if to.send(sourced).await.is_err() {
            return;
        }
    }
}

async fn follow_component(source: Source, settings: Arc<str>, tell: Sender<Part>) {
    let PolicyOptions { policy, key, poll, registries, .. } = source.options.clone();
    let demands = Demands { limit: LARGEST_COMPONENT, pin: policy.pin, key: key.clone() };
    let checker = Checker { demands, tell };
    match policy.origin {
        Origin::Builtin => {
            let digest = crate::engine::standard_digest();
            let component = Component { digest, bytes: None };
            let source = STANDARD_LABEL.to_owned();
            checker.send(Part::Component { source, component, settings: None }).await;
        }
        Origin::File(path) => {
            let file = FileSource { path, limit: LARGEST_COMPONENT, signed: key.is_some() };
            let (updates, mut changed) = channel(1);
            let following = follow_file(file, poll, updates);
            let telling = async {
                while let Some(update) = changed.recv().await {
                    checker.tell(update).await;
                }
            };
            tokio::join!(following, telling);
        }
        Origin::ConfigMap(map) => {
            let (namespace, name) = source.config_map(&map);
            let (seen, sights) = channel(1);
            let (connection, facts) = (source.connection.clone(), source.facts.clone());
            let watching =
                watch_config_map(connection, facts, namespace.to_owned(), name.to_owned(), seen);
            tokio::join!(watching, checker.follow_config_map(&map, settings, sights));
        }
        Origin::Oci(artifact) => {
            let (updates, mut changed) = channel(1);
            let following = follow_oci(artifact, LARGEST_COMPONENT, registries, updates);
            let telling = async {
                while let Some(update) = changed.recv().await {
                    checker.tell(update).await;
                }
            };
            tokio::join!(following, telling);
        }
    }
}

/// Where what a source gives is checked, and told on.
struct Checker {
    demands: Demands,
    tell: Sender<Part>,
}

impl Checker {
    fn part(&self, fetched: Fetched, settings: Option<Arc<str>>) -> Part {
        match check(fetched, &self.demands) {
            Ok(checked) => {
                if let Some(comment) = &checked.signed {
                    tracing::debug!(%comment, source = %checked.label, "the policy's signature is right");
                }
                let digest = checked.digest.to_string();
                let component = Component { digest, bytes: Some(checked.bytes.into()) };
                Part::Component { source: checked.label, component, settings }
            }
            Err(error) => Part::Refused(error),
        }
    }

    async fn tell(&self, update: Update) {
        let part = match update {
            Update::Fetched(fetched) => self.part(fetched, None),
            Update::Failed(error @ SourceError::Read { .. }) => {
                Part::Unavailable(error.to_string())
            }
            // It was had, and is not what was asked for.
            Update::Failed(error) => Part::Refused(error),
        };
        self.send(part).await;
    }

    async fn send(&self, part: Part) {
        // The election has ended if nobody takes it.
        let _ = self.tell.send(part).await;
    }

    /// `fallback` are the settings where the ConfigMap has none.
    async fn follow_config_map(
        &self,
        map: &ConfigMapRef,
        fallback: Arc<str>,
        mut sights: Receiver<Seen>,
    ) {
        let label = format!("configmap:{}", map.name());
        while let Some(seen) = sights.recv().await {
            let part = match seen {
                Seen::Entries(entries) => {
                    let settings = match entries.get(SETTINGS_KEY) {
                        Some(bytes) => json(bytes),
                        None => Ok(fallback.clone()),
                    };
                    let entries =
                        entries.iter().map(|(key, bytes)| (key.as_str(), bytes.as_slice()));
                    match (settings, from_config_map(map, &entries.collect())) {
                        (Ok(settings), Ok(fetched)) => self.part(fetched, Some(settings)),
                        (Err(why), _) => {
                            Part::Unavailable(format!("{label}/{SETTINGS_KEY}: {why}"))
                        }
                        (_, Err(error @ SourceError::Read { .. })) => {
                            Part::Unavailable(error.to_string())
                        }
                        (_, Err(error)) => Part::Refused(error),
                    }
                }
                Seen::Absent => Part::Unavailable(format!(
                    "{label}: there is no such ConfigMap: create it, or name another source"
                )),
                Seen::Trouble(why) => Part::Unavailable(format!("{label}: {why}")),
            };
            self.send(part).await;
        }
    }
}

async fn follow_settings(file: FileSource, poll: Duration, tell: Sender<Part>) {
    let (updates, mut changed) = channel(1);
    let following = follow_file(file, poll, updates);
    let telling = async {
        while let Some(update) = changed.recv().await {
            let settings = match update {
                Update::Fetched(fetched) => json(&fetched.bytes),
                Update::Failed(error) => Err(error.to_string()),
            };
            let part = match settings {
                Ok(settings) => Part::Settings(settings),
                Err(why) => Part::Unavailable(format!("the policy's settings: {why}")),
            };
            if tell.send(part).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(following, telling);
}

fn settings_file(path: PathBuf) -> FileSource {
    FileSource { path, limit: LARGEST_SETTINGS, signed: false }
}

/// Settings: JSON, or nothing.
fn json(bytes: &[u8]) -> Result<Arc<str>, String> {
    if bytes.len() as u64 > LARGEST_SETTINGS {
        return Err(format!("{} bytes, at most {LARGEST_SETTINGS} are taken", bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "not JSON (not even text): give JSON")?;
    if !text.trim().is_empty()
        && let Err(error) = serde_json::from_str::<IgnoredAny>(text)
    {
        return Err(format!("not JSON ({error}): give JSON, or @FILE with JSON in it"));
    }
    Ok(Arc::from(text))
}
