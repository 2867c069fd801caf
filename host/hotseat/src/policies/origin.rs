//! Where the policy and its settings come from: the first of them, and each change.

use super::follow::{Change, First, follow};
use super::{Policies, Proposal, standard};
use crate::kubernetes::{Connection, Seen, watch_config_map};
use crate::metrics::Metrics;
use anyhow::{Context, anyhow, bail};
use hotseat_engine::{LARGEST_COMPONENT, Source};
use hotseat_sources::{
    Checked, ConfigMapRef, Demands, Fetched, FileSource, OciReference, Origin, PolicyKey,
    PolicyRef, Registries, SourceError, Update, check, follow_file, follow_oci, from_config_map,
};
use serde::de::IgnoredAny;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// The largest settings of a policy, in bytes.
pub const LARGEST_SETTINGS: u64 = 256 * 1024;
/// The key of a ConfigMap that has a policy's settings.
pub const SETTINGS_KEY: &str = "settings.json";
/// Changes that wait for the swap that is under way.
const WAITING: usize = 8;

/// What the operator wants of policies.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Whence the policy.
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

impl Wish {
    fn demands(&self) -> Demands {
        Demands { limit: LARGEST_COMPONENT, pin: self.policy.pin, key: self.key.clone() }
    }
}

impl PolicySettings {
    /// What `--policy-settings` takes: JSON, nothing, or `@` and a file with either in it.
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

impl Policies {
    /// Loads what can be loaded at once, and follows the wish from then on, until the runtime ends.
    ///
    /// A file of the operator's own has to load, or the process is to end: it was asked for. The
    /// standard policy, and one that comes through a network, is loaded beside the running
    /// election: see [`super::before_the_first`] for what decides meanwhile.
    ///
    /// # Errors
    ///
    /// The file does not do, or the pin; the message is one line.
    pub async fn begin(
        &self,
        wish: Wish,
        namespace: &str,
        connection: Connection,
        metrics: Metrics,
    ) -> anyhow::Result<()> {
        let label = wish.policy.to_string();
        self.show_source(&label);
        let PolicySettings { text: settings, file: settings_path } = wish.settings.clone();
        let (tell, changes) = channel(WAITING);
        let desk = Desk { demands: wish.demands(), tell: tell.clone() };
        let remote = matches!(wish.policy.origin, Origin::ConfigMap(_) | Origin::Oci(_));
        let mut first = First { settings: settings.clone(), source: None, remote };
        match wish.policy.origin.clone() {
            Origin::Builtin => {
                let pin = wish.policy.pin.map(|pin| pin.to_string());
                let standard = standard().context("--policy")?;
                if let Some(pin) = pin
                    && pin != standard.digest()
                {
                    bail!(
                        "--policy {label}: the builtin policy is {}: pin that, or leave the pin out",
                        standard.digest()
                    );
                }
            }
            Origin::File(path) => {
                let signed = wish.key.is_some();
                let file = FileSource { path, limit: LARGEST_COMPONENT, signed };
                let source = file.read().and_then(|fetched| desk.check(fetched));
                let source = Arc::new(source.context("--policy")?);
                self.load_first(Proposal { source: Some(source.clone()), settings }).await?;
                first.source = Some(source);
                tokio::spawn(desk.follow_file(file, wish.poll));
            }
            Origin::ConfigMap(map) => {
                let namespace = map.namespace().unwrap_or(namespace).to_owned();
                let (seen, sights) = channel(1);
                let name = map.name().to_owned();
                tokio::spawn(watch_config_map(connection, metrics, namespace, name, seen));
                tokio::spawn(desk.follow_config_map(map, settings, sights));
            }
            Origin::Oci(artifact) => {
                tokio::spawn(desk.follow_oci(wish.registries.clone(), artifact));
            }
        }
        if let Some(path) = settings_path {
            tokio::spawn(follow_settings(settings_file(path), wish.poll, tell));
        }
        tokio::spawn(follow(self.clone(), first, changes));
        Ok(())
    }

    /// The operator's own file, before the election begins.
    async fn load_first(&self, proposal: Proposal) -> anyhow::Result<()> {
        let (tell, loaded) = tokio::sync::oneshot::channel();
        let policies = self.clone();
        self.slot().must_load = true;
        // A thread of its own, since compiling blocks and tokio would keep a pool for it.
        std::thread::Builder::new().name("policy-swap".to_owned()).spawn(move || {
            let swapped = policies.swap(&proposal, &AtomicBool::new(false));
            // Nothing more is compiled for a process that is about to end.
            let goes_on = swapped.is_ok();
            policies.slot().must_load = false;
            let _ = tell.send(swapped);
            if goes_on {
                policies.load_fallback();
            }
        })?;
        let swapped = loaded.await.map_err(|_| anyhow!("loading the policy panicked"))?;
        swapped.context("--policy")
    }
}

/// What a source gave, for the engine.
pub(crate) fn loadable(checked: Checked) -> Source {
    Source::checked(checked.label, checked.digest.to_string(), checked.bytes)
}

/// Where what a source gives is checked, and told on.
struct Desk {
    demands: Demands,
    tell: Sender<Change>,
}

impl Desk {
    fn check(&self, fetched: Fetched) -> Result<Source, SourceError> {
        let checked = check(fetched, &self.demands)?;
        if let Some(comment) = &checked.signed {
            tracing::debug!(%comment, source = %checked.label, "the policy's signature is right");
        }
        Ok(loadable(checked))
    }

    async fn tell(&self, update: Update) {
        let change = match update {
            Update::Fetched(fetched) => match self.check(fetched) {
                Ok(source) => Change::Component(Arc::new(source)),
                Err(error) => Change::Refused(error),
            },
            Update::Failed(error @ SourceError::Read { .. }) => Change::Ailing(error.to_string()),
            // It was had, and is not what was asked for.
            Update::Failed(error) => Change::Refused(error),
        };
        // The process ends if nobody takes it.
        let _ = self.tell.send(change).await;
    }

    async fn follow_file(self, file: FileSource, poll: Duration) {
        let (updates, mut changed) = channel(1);
        tokio::spawn(follow_file(file, poll, updates));
        while let Some(update) = changed.recv().await {
            self.tell(update).await;
        }
    }

    async fn follow_oci(self, registries: Registries, artifact: OciReference) {
        let (updates, mut changed) = channel(1);
        tokio::spawn(follow_oci(artifact, LARGEST_COMPONENT, registries, updates));
        while let Some(update) = changed.recv().await {
            self.tell(update).await;
        }
    }

    /// `fallback` are the settings where the ConfigMap has none.
    async fn follow_config_map(
        self,
        map: ConfigMapRef,
        fallback: Arc<str>,
        mut sights: Receiver<Seen>,
    ) {
        let label = format!("configmap:{}", map.name());
        while let Some(seen) = sights.recv().await {
            let entries = match seen {
                Seen::Entries(entries) => entries,
                Seen::Absent => {
                    let why = format!(
                        "{label}: there is no such ConfigMap: create it, or correct --policy"
                    );
                    let _ = self.tell.send(Change::Ailing(why)).await;
                    continue;
                }
                Seen::Trouble(why) => {
                    let _ = self.tell.send(Change::Ailing(format!("{label}: {why}"))).await;
                    continue;
                }
            };
            let settings = match entries.get(SETTINGS_KEY) {
                Some(bytes) => json(bytes),
                None => Ok(fallback.clone()),
            };
            let settings = match settings {
                Ok(settings) => Change::Settings(settings),
                Err(why) => Change::Ailing(format!("{label}/{SETTINGS_KEY}: {why}")),
            };
            let usable = matches!(settings, Change::Settings(_));
            let _ = self.tell.send(settings).await;
            if !usable {
                continue;
            }
            let entries = entries.iter().map(|(key, bytes)| (key.as_str(), bytes.as_slice()));
            let update = match from_config_map(&map, &entries.collect()) {
                Ok(fetched) => Update::Fetched(fetched),
                Err(error) => Update::Failed(error),
            };
            self.tell(update).await;
        }
    }
}

async fn follow_settings(file: FileSource, poll: Duration, tell: Sender<Change>) {
    let (updates, mut changed) = channel(1);
    tokio::spawn(follow_file(file, poll, updates));
    while let Some(update) = changed.recv().await {
        let settings = match update {
            Update::Fetched(fetched) => json(&fetched.bytes),
            Update::Failed(error) => Err(error.to_string()),
        };
        let change = match settings {
            Ok(settings) => Change::Settings(settings),
            Err(why) => Change::Ailing(format!("--policy-settings: {why}")),
        };
        if tell.send(change).await.is_err() {
            return;
        }
    }
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
