//! Where the policy and its settings come from, as a port of the election.

use anyhow::{Context as _, anyhow, bail};
use hotseat_election::{Component, Facts, Future, PolicySource, Publication, Sourced};
use hotseat_engine::{Builtin, LARGEST_COMPONENT, STANDARD_LABEL};
use hotseat_kubernetes::{Connection, Seen, watch_config_map};
use hotseat_rollout::Refusal;
use hotseat_sources::{
    self as sources, ConfigMapRef, ConfigMapSight, Demands, Digest, Fetched, FileSource, Origin,
    PolicyKey, PolicyRef, Registries, SettingsSights, SettingsSource, SourceError, Terms,
    follow_builtin, follow_config_map, follow_file, follow_oci,
};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// What the operator wants of policies.
#[derive(Clone, Debug)]
pub struct PolicyOptions {
    /// Where the policy comes from.
    pub policy: PolicyRef,
    /// Where its settings come from.
    pub settings: SettingsSource,
    /// The key that policies must be signed with.
    pub key: Option<PolicyKey>,
    /// How often files are looked at.
    pub poll: Duration,
    /// How registries are reached.
    pub registries: Registries,
}

impl PolicyOptions {
    /// The standard policy without settings.
    pub fn builtin() -> PolicyOptions {
        PolicyOptions {
            policy: PolicyRef { origin: Origin::Builtin(None), pin: None },
            settings: SettingsSource::Inline("".into()),
            key: None,
            poll: Duration::from_secs(2),
            registries: Registries::default(),
        }
    }

    fn terms(&self) -> Terms {
        let demands =
            Demands { limit: LARGEST_COMPONENT, pin: self.policy.pin, key: self.key.clone() };
        Terms { demands, settings: self.settings.clone(), poll: self.poll }
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
    /// The program has no such policy, or the one that it has is pinned to another digest.
    pub fn new(
        options: PolicyOptions,
        namespace: &str,
        connection: Connection,
        facts: Facts,
    ) -> anyhow::Result<Source> {
        let label = options.policy.to_string();
        if let Origin::Builtin(name) = &options.policy.origin {
            let digest = Digest::of(&builtin(name.as_deref())?.bytes);
            if options.policy.pin.is_some_and(|pin| pin != digest) {
                bail!("the policy {label} is {digest}: pin that, or leave the pin out");
            }
        }
        Ok(Source { label, options, namespace: namespace.to_owned(), connection, facts })
    }

    /// Whether it has to give a policy that loads at the start: all of it is on this machine. The
    /// standard policy has the built-in rule to stand in for it.
    pub fn first_must_load(&self) -> bool {
        let local = self.options.policy.is_local() && !self.is_standard();
        local && self.options.settings.config_map().is_none()
    }

    /// Whether it is the standard policy, which the built-in rule can stand in for.
    pub fn is_standard(&self) -> bool {
        let Origin::Builtin(name) = &self.options.policy.origin else { return false };
        Builtin::find(name.as_deref()).is_some_and(|builtin| builtin.is_standard())
    }

    /// What is seen of a ConfigMap, and what sees to it.
    fn watch(
        &self,
        map: &ConfigMapRef,
    ) -> (Receiver<ConfigMapSight>, impl std::future::Future<Output = ()> + use<>) {
        let namespace = map.namespace().unwrap_or(&self.namespace).to_owned();
        let name = map.name().to_owned();
        let (seen, sights) = channel(1);
        let (passed, passed_on) = channel(1);
        let (connection, facts) = (self.connection.clone(), self.facts.clone());
        let watching = async move {
            let watch = watch_config_map(connection, facts, namespace, name, seen);
            tokio::join!(watch, pass_on(sights, passed));
        };
        (passed_on, watching)
    }

    async fn find(self, tell: Sender<sources::Sourced>) {
        match self.options.settings.config_map().cloned() {
            Some(map) => {
                let (sights, watching) = self.watch(&map);
                tokio::join!(watching, self.find_with(Some(sights), tell));
            }
            None => self.find_with(None, tell).await,
        }
    }

    async fn find_with(self, settings: SettingsSights, tell: Sender<sources::Sourced>) {
        let terms = self.options.terms();
        match self.options.policy.origin.clone() {
            Origin::Builtin(name) => match builtin(name.as_deref()) {
                Ok(component) => follow_builtin(component, terms, settings, tell).await,
                // It was there when the source was made.
                Err(error) => tracing::error!(%error, "the program's own policy"),
            },
            Origin::File(path) => follow_file(path, terms, settings, tell).await,
            Origin::Oci(artifact) => {
                let registries = self.options.registries.clone();
                follow_oci(artifact, registries, terms, settings, tell).await;
            }
            Origin::ConfigMap(map) => {
                let (sights, watching) = self.watch(&map);
                tokio::join!(watching, follow_config_map(map, sights, terms, settings, tell));
            }
        }
    }
}

impl PolicySource for Source {
    fn follow(self: Box<Self>, to: Sender<Sourced>) -> Future<()> {
        let (tell, mut found) = channel(1);
        let telling = async move {
            while let Some(sourced) = found.recv().await {
                if to.send(told(sourced)).await.is_err() {
                    return;
                }
            }
        };
        Box::pin(async move {
            tokio::join!(self.find(tell), telling);
        })
    }

    fn label(&self) -> &str {
        &self.label
    }
}

/// Whether the policy needs the roster, as far as that is known before it is loaded: of the program's
/// own it is.
pub(crate) fn needs_roster(policy: &PolicyRef) -> bool {
    let Origin::Builtin(name) = &policy.origin else { return false };
    Builtin::find(name.as_deref()).is_some_and(|builtin| builtin.needs_roster())
}

/// Why a source that a person names gave no component.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// Nothing outside can be asked.
    #[error("a registry cannot be asked: {0}")]
    Runtime(#[from] std::io::Error),
    /// The source has none, or it is too large.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The program does not have it, is damaged, or cannot ask for it.
    #[error(transparent)]
    Program(#[from] anyhow::Error),
}

impl FetchError {
    /// The stage that failed, as in metrics, logs and `/v1/policy`.
    pub(crate) fn stage(&self) -> &'static str {
        match self {
            FetchError::Source(error) => error.stage(),
            FetchError::Runtime(_) | FetchError::Program(_) => "read",
        }
    }
}

/// What a source has now, for a tool that looks at it once; with its signature, if one is wanted.
///
/// # Errors
///
/// It has none, or is in a cluster.
pub(crate) fn fetch(
    policy: &PolicyRef,
    signed: bool,
    registries: &Registries,
) -> Result<Fetched, FetchError> {
    let limit = LARGEST_COMPONENT;
    match &policy.origin {
        Origin::Builtin(name) => Ok(builtin(name.as_deref())?),
        Origin::File(path) => Ok(FileSource { path: path.clone(), limit, signed }.read()?),
        Origin::Oci(artifact) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Ok(runtime.block_on(registries.pull(artifact, limit))?)
        }
        Origin::ConfigMap(_) => {
            Err(anyhow!("{policy}: is in a cluster: give the component's file").into())
        }
    }
}

/// Whether the program has the policy, if it is to be one of its own.
///
/// # Errors
///
/// It has none of this name.
pub(crate) fn known(policy: &PolicyRef) -> anyhow::Result<()> {
    match &policy.origin {
        Origin::Builtin(name) if Builtin::find(name.as_deref()).is_none() => Err(no_such()),
        _ => Ok(()),
    }
}

fn no_such() -> anyhow::Error {
    anyhow!("the program has no such policy: give one of {}", Builtin::names())
}

/// A policy of the program as a source has it; the standard one where no name is given.
///
/// # Errors
///
/// The program has none of this name.
fn builtin(name: Option<&str>) -> anyhow::Result<Fetched> {
    let builtin = Builtin::find(name).ok_or_else(no_such)?;
    let label = builtin.label();
    let bytes = builtin.component().with_context(|| format!("{label}: this program is damaged"))?;
    Ok(Fetched { file: label.clone(), label, bytes, signature: None })
}

/// Hands what is seen of the ConfigMap on, in the words of its reader.
async fn pass_on(mut sights: Receiver<Seen>, to: Sender<ConfigMapSight>) {
    while let Some(seen) = sights.recv().await {
        let sight = match seen {
            Seen::Entries(entries) => ConfigMapSight::Entries(entries),
            Seen::Absent => ConfigMapSight::Absent,
            Seen::Failed(why) => ConfigMapSight::Unreadable(why),
        };
        if to.send(sight).await.is_err() {
            return;
        }
    }
}

/// What a source found, as the election takes it.
fn told(sourced: sources::Sourced) -> Sourced {
    match sourced {
        sources::Sourced::Found(publication) => {
            let sources::Publication { label, bytes, digest, settings, signed } = publication;
            if let Some(signed) = &signed {
                tracing::debug!(comment = %signed.comment, source = %label, "the policy's signature is right");
            }
            // The program has the bytes of its own policy.
            let bytes = (label != STANDARD_LABEL).then(|| bytes.into());
            let component = Component { digest: digest.to_string(), bytes };
            Sourced::Found(Publication { source: label, component, settings })
        }
        sources::Sourced::Refused(error) => {
            let refusal = Refusal { stage: error.stage(), why: error.to_string() };
            Sourced::Refused { source: error.label().to_owned(), refusal }
        }
        sources::Sourced::Unavailable(why) => Sourced::Unavailable(why),
    }
}
