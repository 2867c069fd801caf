//! Where the policy and its settings come from: the first publication, and each one after it.

use super::follow::follow;
use super::{Policies, Proposal, standard};
use crate::kubernetes::{Connection, watch_config_map};
use crate::metrics::Metrics;
use anyhow::{Context, anyhow, bail};
use hotseat_engine::{LARGEST_COMPONENT, STANDARD, STANDARD_LABEL, Source};
use hotseat_sources::{
    Demands, Fetched, Origin, PolicyKey, PolicyRef, Publication, Registries, SettingsSource,
    Sourced, Terms, follow_builtin, follow_config_map, follow_file, follow_oci,
};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};

/// Publications that wait for the swap that is under way.
const WAITING: usize = 8;

/// What the operator wants of policies.
#[derive(Clone, Debug)]
pub struct Wish {
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

impl Wish {
    fn terms(&self) -> Terms {
        let demands =
            Demands { limit: LARGEST_COMPONENT, pin: self.policy.pin, key: self.key.clone() };
        Terms { demands, settings: self.settings.clone(), poll: self.poll }
    }
}

impl Policies {
    /// Loads what can be loaded at once, and follows the wish from then on, until the runtime ends.
    ///
    /// A file of the operator's own has to load, or the process is to end: it was asked for. The
    /// standard policy, and one that comes through a network, is loaded beside the running
    /// election, in which the built-in rule and then the standard policy decide meanwhile.
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
        let terms = wish.terms();
        let (tell, mut sourced) = channel(WAITING);
        // The standard policy, without the settings of one that is still to come.
        let mut first = Proposal { source: None, settings: Arc::from("") };
        match wish.policy.origin.clone() {
            Origin::Builtin => {
                let standard = standard().context("--policy")?;
                if let Some(pin) = wish.policy.pin
                    && pin.to_string() != standard.digest()
                {
                    bail!(
                        "--policy {label}: the builtin policy is {}: pin that, or leave the pin out",
                        standard.digest()
                    );
                }
                let settings = wish.settings.read().and_then(|settings| settings.text());
                first.settings = settings.context("--policy-settings")?;
                tokio::spawn(follow_builtin(builtin(), terms, tell));
            }
            Origin::File(path) => {
                tokio::spawn(follow_file(path, terms, tell));
                first = self.load_first(&mut sourced).await?;
            }
            Origin::ConfigMap(map) => {
                let namespace = map.namespace().unwrap_or(namespace).to_owned();
                let (seen, sights) = channel(1);
                let name = map.name().to_owned();
                tokio::spawn(watch_config_map(connection, metrics, namespace, name, seen));
                tokio::spawn(follow_config_map(map, sights, terms, tell));
            }
            Origin::Oci(artifact) => {
                tokio::spawn(follow_oci(artifact, wish.registries.clone(), terms, tell));
            }
        }
        tokio::spawn(follow(self.clone(), first, sourced));
        Ok(())
    }

    /// The operator's own file, before the election begins.
    async fn load_first(&self, sourced: &mut Receiver<Sourced>) -> anyhow::Result<Proposal> {
        let publication = match sourced.recv().await {
            Some(Sourced::Found(publication)) => publication,
            Some(Sourced::Refused(error)) => return Err(error).context("--policy"),
            Some(Sourced::Unavailable(why)) => bail!("--policy: {why}"),
            None => bail!("--policy: looking at the file was cut off"),
        };
        let proposal = proposal(publication);
        let (tell, loaded) = tokio::sync::oneshot::channel();
        let (policies, wanted) = (self.clone(), proposal.clone());
        // A thread of its own, since compiling blocks and tokio would keep a pool for it.
        std::thread::Builder::new().name("policy-swap".to_owned()).spawn(move || {
            let swapped = policies.swap(&wanted, &AtomicBool::new(false));
            // Nothing more is compiled for a process that is about to end.
            let goes_on = swapped.is_ok();
            let _ = tell.send(swapped);
            if goes_on {
                policies.load_fallback();
            }
        })?;
        let swapped = loaded.await.map_err(|_| anyhow!("loading the policy panicked"))?;
        swapped.context("--policy")?;
        Ok(proposal)
    }
}

/// What a publication proposes to the engine.
pub(crate) fn proposal(publication: Publication) -> Proposal {
    let Publication { label, bytes, digest, settings, signed } = publication;
    if let Some(signed) = &signed {
        tracing::debug!(comment = %signed.comment, source = %label, "the policy's signature is right");
    }
    let source = match label.as_str() {
        // It is at hand already.
        STANDARD_LABEL => None,
        _ => Some(Arc::new(Source::checked(label, digest.to_string(), bytes))),
    };
    Proposal { source, settings }
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
