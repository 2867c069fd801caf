//! Where the policy and its settings come from, as a port of the election.

use anyhow::bail;
use hotseat_election::{Component, Facts, Future, PolicySource, Publication, Sourced};
use hotseat_engine::{LARGEST_COMPONENT, STANDARD, STANDARD_LABEL};
use hotseat_kubernetes::{Connection, Seen, watch_config_map};
use hotseat_rollout::Refusal;
use hotseat_sources::{
    self as sources, ConfigMapRef, ConfigMapSight, Demands, Fetched, Origin, PolicyKey, PolicyRef,
    Registries, SettingsSource, Terms, follow_builtin, follow_config_map, follow_file, follow_oci,
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
            policy: PolicyRef { origin: Origin::Builtin, pin: None },
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

    async fn find(self, tell: Sender<sources::Sourced>) {
        let terms = self.options.terms();
        match self.options.policy.origin.clone() {
            Origin::Builtin => follow_builtin(builtin(), terms, tell).await,
            Origin::File(path) => follow_file(path, terms, tell).await,
            Origin::Oci(artifact) => {
                follow_oci(artifact, self.options.registries.clone(), terms, tell).await;
            }
            Origin::ConfigMap(map) => {
                let (namespace, name) = self.config_map(&map);
                let (namespace, name) = (namespace.to_owned(), name.to_owned());
                let (seen, sights) = channel(1);
                let (passed, passed_on) = channel(1);
                let (connection, facts) = (self.connection, self.facts);
                tokio::join!(
                    watch_config_map(connection, facts, namespace, name, seen),
                    pass_on(sights, passed),
                    follow_config_map(map, passed_on, terms, tell),
                );
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

/// The standard policy as a source has it.
pub(crate) fn builtin() -> Fetched {
    Fetched {
        label: STANDARD_LABEL.to_owned(),
        file: STANDARD_LABEL.to_owned(),
        bytes: STANDARD.to_vec(),
        signature: None,
    }
}

/// Hands what is seen of the ConfigMap on, in the words of its reader.
async fn pass_on(mut sights: Receiver<Seen>, to: Sender<ConfigMapSight>) {
    while let Some(seen) = sights.recv().await {
        let sight = match seen {
            Seen::Entries(entries) => ConfigMapSight::Entries(entries),
            Seen::Absent => ConfigMapSight::Absent,
            Seen::Trouble(why) => ConfigMapSight::Unreadable(why),
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
