//! What people ask, as it stands on a lock object: annotations, and a Lease's `spec.preferredHolder`.

use crate::kind::LockKind;
use hotseat_core::policy::LONGEST_NAME;
use hotseat_core::request::{
    LONGEST_TRANSFER, Reply, Requests, SkipRequest, TRANSFER_WITHIN, TransferRequest,
};
use hotseat_text::one_line;
use kube::core::DynamicObject;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The annotation that asks for another leader: a [`TransferNote`] as JSON.
pub const TRANSFER: &str = "hotseat.dev/transfer";
/// The annotation that asks that the leader stays: a [`PauseNote`] as JSON, or any other text but
/// `false` and an empty one.
pub const PAUSE: &str = "hotseat.dev/pause";
/// The annotation that asks that no candidate waits with a policy for others: a [`SkipNote`] as JSON.
pub const SKIP: &str = "hotseat.dev/skip-turns";
/// The field of a Lease's `spec` by which a coordinator asks for another leader.
const PREFERRED: &str = "preferredHolder";
/// The longest text beside a name that is taken in, in bytes.
const LONGEST_TEXT: usize = 1024;
/// The longest digest that is taken in, in bytes.
const LONGEST_DIGEST: usize = 256;

/// A request for another leader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferNote {
    /// The candidate that shall lead.
    pub to: String,
    /// Who asks.
    #[serde(default)]
    pub by: String,
    /// Until when it holds by the clock of whoever asks: for people, and to tell two requests apart.
    #[serde(default)]
    pub until: String,
    /// How long it holds from the first sight of it. At most an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_seconds: Option<u64>,
    /// Why the leader does not carry it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// A pause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PauseNote {
    /// Who asked for it.
    pub by: String,
    /// Since when, by the clock of whoever asked.
    pub since: String,
}

/// A policy with which nobody has to wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkipNote {
    /// `sha256:` and the hex digest of the component.
    pub policy: String,
    /// The digest of its settings; empty where there are none.
    #[serde(default)]
    pub settings: String,
    /// Who asked for it.
    #[serde(default)]
    pub by: String,
    /// When, by the clock of whoever asked.
    #[serde(default)]
    pub since: String,
}

impl SkipNote {
    /// None where no policy has such a digest.
    fn request(self) -> Option<SkipRequest> {
        let SkipNote { policy, settings, by: _, since: _ } = self;
        let fits = !policy.is_empty() && policy.len().max(settings.len()) <= LONGEST_DIGEST;
        fits.then_some(SkipRequest { policy, settings })
    }
}

impl TransferNote {
    /// What the core makes of it; none where no candidate can have that name.
    fn request(self) -> Option<TransferRequest> {
        let TransferNote { to, by, until, within_seconds, refused } = self;
        let named = !to.is_empty() && to.len() <= LONGEST_NAME;
        let within = within_seconds.map_or(TRANSFER_WITHIN, Duration::from_secs);
        named.then(|| TransferRequest {
            by: match by.as_str() {
                "" => "somebody".to_owned(),
                by => one_line(by, LONGEST_NAME),
            },
            within: within.min(LONGEST_TRANSFER),
            until: one_line(&until, LONGEST_TEXT),
            refused: refused.map(|why| one_line(&why, LONGEST_TEXT)),
            to,
        })
    }
}

/// What an object asks. An annotation that is not as it has to be asks nothing.
pub(super) fn read(kind: LockKind, object: &DynamicObject) -> Requests {
    let preferred = match kind.is_annotated() {
        false => object.data["spec"][PREFERRED].as_str(),
        true => None,
    };
    let fits = |name: &&str| !name.is_empty() && name.len() <= LONGEST_NAME;
    Requests {
        transfer: transfer(object).and_then(TransferNote::request),
        preferred: preferred.filter(fits).map(str::to_owned),
        paused: pause(object).is_some(),
        skip: skip(object).and_then(SkipNote::request),
    }
}

/// The request for another leader, as it stands there.
pub(super) fn transfer(object: &DynamicObject) -> Option<TransferNote> {
    serde_json::from_str(annotation(object, TRANSFER)?).ok()
}

/// The pause, with what is known of it.
pub(super) fn pause(object: &DynamicObject) -> Option<PauseNote> {
    let text = annotation(object, PAUSE)?.trim();
    let is_asked = !text.is_empty() && text != "false";
    is_asked.then(|| serde_json::from_str(text).unwrap_or_default())
}

/// The policy with which nobody has to wait, as it stands there.
pub(super) fn skip(object: &DynamicObject) -> Option<SkipNote> {
    serde_json::from_str(annotation(object, SKIP)?).ok()
}

/// Answers the requests on an object that a write replaces.
pub(super) fn answer(kind: LockKind, object: &mut DynamicObject, reply: &Reply) {
    match reply {
        Reply::Leave => {}
        Reply::Remove => {
            if let Some(annotations) = &mut object.metadata.annotations {
                annotations.remove(TRANSFER);
            }
        }
        Reply::Refuse(why) => refuse(object, why),
        Reply::Unprefer => {
            if let Some(spec) = object.data["spec"].as_object_mut().filter(|_| !kind.is_annotated())
            {
                spec.remove(PREFERRED);
            }
        }
    }
}

/// Writes the reason beside the request, whatever else is in it.
fn refuse(object: &mut DynamicObject, why: &str) {
    let Some(text) = annotation(object, TRANSFER) else { return };
    let Ok(mut fields) = serde_json::from_str::<Map<String, Value>>(text) else { return };
    fields.insert("refused".to_owned(), json!(why));
    let annotations = object.metadata.annotations.get_or_insert_default();
    annotations.insert(TRANSFER.to_owned(), Value::Object(fields).to_string());
}

fn annotation<'a>(object: &'a DynamicObject, key: &str) -> Option<&'a str> {
    object.metadata.annotations.as_ref()?.get(key).map(String::as_str)
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
