//! The access self-check: which of the rights that are needed this account lacks.

use super::connection::Connection;
use super::exchange::{Channel, Lane};
use hotseat_core::event::Notice;
use hotseat_core::policy::Outcome;
use hotseat_election::clock;
use hotseat_election::{
    Fact, Facts, MissingRights, Observer, Occurrence, Recurring, Right, ServiceAccount,
};
use hotseat_rollout::Fact as PolicyFact;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Resource as _;
use kube::api::PostParams;
use kube::core::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long one review may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause between two checks, doubling while nothing changes.
const SHORTEST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Looks at the start, and whenever a request is denied, which rights the account lacks.
#[derive(Clone, Debug)]
pub struct RightsCheck(Arc<Notify>);

impl RightsCheck {
    /// Starts the task that looks. It ends with the runtime, or when `JoinHandle` is aborted.
    pub fn start(
        connection: Connection,
        facts: Facts,
        rights: Vec<Right>,
    ) -> (RightsCheck, JoinHandle<()>) {
        let wanted = Arc::new(Notify::new());
        wanted.notify_one();
        let channel = Channel::new(connection, Lane::Other, facts.clone());
        let checking = tokio::spawn(keep_checking(channel, facts, rights, wanted.clone()));
        (RightsCheck(wanted), checking)
    }
}

impl Observer for RightsCheck {
    fn observe(&self, occurrence: Occurrence<'_>) {
        match occurrence.fact {
            Fact::Elector(Notice::WriteFailed { error, .. } | Notice::ReadFailed(error))
                if error.outcome == Outcome::Denied =>
            {
                self.0.notify_one();
            }
            // It may be missing, or it may not be read: the check tells.
            Fact::Policy(PolicyFact::SourceUnavailable { .. }) => self.0.notify_one(),
            _ => {}
        }
    }
}

/// Says which rights are missing, whenever a check is `wanted`: what is missing is said once, until
/// something else is.
async fn keep_checking(channel: Channel, facts: Facts, rights: Vec<Right>, wanted: Arc<Notify>) {
    let (mut said, mut unknown) = (None, Recurring::default());
    let mut pause = SHORTEST_PAUSE;
    loop {
        wanted.notified().await;
        match check_access(&channel, &rights).await {
            Ok(missing) => {
                if unknown.worked().is_some() {
                    tracing::info!("the account's rights can be checked again");
                }
                let news = said.as_ref() != Some(&missing);
                pause = if news { SHORTEST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
                if news && missing.is_empty() {
                    facts.say(&Fact::RightsGiven);
                } else if news {
                    let account = whose(&channel).await;
                    let (needed, rights) = (rights.clone(), missing.clone());
                    let missing = MissingRights { rights, needed, account };
                    facts.say(&Fact::RightsMissing(Arc::new(missing)));
                }
                said = Some(missing);
            }
            Err(reason) => {
                pause = (pause * 2).min(LONGEST_PAUSE);
                match unknown.failed(clock::now(), &reason) {
                    Some(times) => {
                        tracing::warn!(%reason, times, "the account's rights could not be checked");
                    }
                    None => tracing::debug!(%reason, "the account's rights could not be checked"),
                }
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// Asks the API server which of these rights this account lacks. The error is the first review that
/// could not be had, in words.
pub(super) async fn check_access(
    channel: &Channel,
    rights: &[Right],
) -> Result<Vec<Right>, String> {
    let mut missing = Vec::new();
    for right in rights {
        if !may(channel, right).await? {
            missing.push(right.clone());
        }
    }
    Ok(missing)
}

/// Asks the API server whom it takes this account for. None where that is not a service account, or
/// where the server does not say, as before Kubernetes 1.28.
async fn whose(channel: &Channel) -> Option<ServiceAccount> {
    ServiceAccount::of_user(&user(channel).await?)
}

/// The name by which the API server knows this account; none where the server does not say.
pub(super) async fn user(channel: &Channel) -> Option<String> {
    let collection = Request::new(SelfSubjectReview::url_path(&(), None));
    let answer: Result<SelfSubjectReview, String> =
        review(channel, "self-review", collection, &SelfSubjectReview::default()).await;
    match answer {
        Ok(answer) => answer.status?.user_info?.username,
        Err(reason) => {
            tracing::debug!(%reason, "the server does not say whose the credentials are");
            None
        }
    }
}

async fn may(channel: &Channel, right: &Right) -> Result<bool, String> {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: Some(right.group.to_owned()),
                resource: Some(right.resource.to_owned()),
                verb: Some(right.verb.to_owned()),
                namespace: Some(right.namespace.clone()),
                name: right.name.clone(),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let collection = Request::new(SelfSubjectAccessReview::url_path(&(), None));
    let answer: SelfSubjectAccessReview =
        self::review(channel, "access-review", collection, &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

/// Has the API server fill a review in. `verb` is the word for the metrics.
async fn review<R: Serialize + DeserializeOwned>(
    channel: &Channel,
    verb: &'static str,
    collection: Request,
    question: &R,
) -> Result<R, String> {
    let bytes = serde_json::to_vec(question).map_err(|error| error.to_string())?;
    let request = collection.create(&PostParams::default(), bytes);
    let request = request.map_err(|error| error.to_string())?;
    let answer = channel.ask(verb, PATIENCE, request).await;
    answer.map_err(|failure| failure.error.detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotseat_apiserver::{Action, Config, Fault, Server, Status, Verb};
    use hotseat_election::ElectionName;

    /// I18: each denied write of an election asks for a check.
    #[tokio::test(start_paused = true)]
    async fn a_check_that_is_not_answered_is_made_at_a_pace_that_falls() {
        const REVIEWS: &str = "selfsubjectaccessreviews";
        let server = Server::start(([127, 0, 0, 1], 0).into(), Config::new()).await.unwrap();
        let error = Status::new(500, "InternalError", "the authorizer is in trouble");
        server.faults().add(Fault::any().resource(REVIEWS), Action::Status(error));
        let config = kube::Config::new(server.url().parse().unwrap());
        let client = kube::Client::try_from(config).unwrap();
        let facts = Facts::new(ElectionName::new("le", "seat"), clock::now);
        let channel = Channel::plain(client, facts.clone());
        let (wanted, rights) = (Arc::new(Notify::new()), crate::pod_watch_rights("le"));
        let checking = tokio::spawn(keep_checking(channel, facts, rights, wanted.clone()));
        for _ in 0..3600 {
            wanted.notify_one();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        checking.abort();
        let reviews = server.requests().of(Verb::Create, REVIEWS);
        assert!((2..12).contains(&reviews), "{reviews} reviews in an hour");
    }
}
