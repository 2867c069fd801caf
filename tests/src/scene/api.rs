//! The API server of a scene: embedded in the test, or real.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use anyhow::{Context, anyhow};
use hotseat_apiserver::{Config, Server};
use http::{Method, Request};
use serde_json::Value;
use tokio::sync::oneshot;

use super::ELECTION;
use crate::cluster::{Cluster, Rights, block_on, client_for};
use crate::lifeline::ScratchDir;

/// An API server, a namespace of the scene's own in it, and a way in for candidates.
pub struct Api {
    namespace: String,
    kubeconfig: PathBuf,
    admin: PathBuf,
    embedded: Option<Embedded>,
    // Dropped last: the kubeconfig is in it.
    _folder: Option<ScratchDir>,
}

/// A server on a thread of its own; it ends with this value.
struct Embedded {
    server: Arc<Server>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Api {
    /// An embedded server for this scene alone.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn embedded(scene: &str) -> anyhow::Result<Self> {
        let embedded = Embedded::start()?;
        let folder = ScratchDir::new("hotseat-scene-")?;
        let kubeconfig = folder.path().join("kubeconfig");
        fs::write(&kubeconfig, embedded.server.kubeconfig())?;
        Ok(Self {
            namespace: namespace("e", scene),
            admin: kubeconfig.clone(),
            kubeconfig,
            embedded: Some(embedded),
            _folder: Some(folder),
        })
    }

    /// The shared real server, with an account that may do what Hotseat asks for.
    ///
    /// # Errors
    ///
    /// When the account cannot be made.
    pub fn real(scene: &str) -> anyhow::Result<Self> {
        Self::of(Cluster::shared(), scene, Rights::Full)
    }

    /// A real server, with an account named `candidate` of those rights.
    ///
    /// # Errors
    ///
    /// When the account cannot be made.
    pub fn of(cluster: &Cluster, scene: &str, rights: Rights) -> anyhow::Result<Self> {
        let namespace = namespace("r", scene);
        let kubeconfig = cluster.create_candidate_account(&namespace, "candidate", rights)?;
        let admin = cluster.admin_kubeconfig();
        Ok(Self { namespace, kubeconfig, admin, embedded: None, _folder: None })
    }

    /// The scene's namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What candidates get in `KUBECONFIG`.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The kubeconfig of a person who may do everything.
    #[must_use]
    pub fn admin(&self) -> &Path {
        &self.admin
    }

    /// The embedded server.
    ///
    /// # Panics
    ///
    /// When the server is a real one.
    #[must_use]
    #[track_caller]
    pub fn server(&self) -> &Server {
        match &self.embedded {
            Some(embedded) => &embedded.server,
            None => panic!("this scene is on a real API server"),
        }
    }

    /// Begins an outage of the embedded server: connections are reset and refused.
    ///
    /// # Errors
    ///
    /// When its port cannot be kept.
    pub fn pause(&self) -> anyhow::Result<()> {
        block_on(async || Ok(self.server().pause().await?))
    }

    /// Ends the outage.
    ///
    /// # Errors
    ///
    /// When its port was lost.
    pub fn resume(&self) -> anyhow::Result<()> {
        block_on(async || Ok(self.server().resume().await?))
    }

    /// A request as administrator; the status and the answer, whatever they are.
    ///
    /// # Errors
    ///
    /// When there is no answer in JSON.
    pub fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(u16, Value)> {
        let body = body.map(serde_json::to_vec).transpose()?.unwrap_or_default();
        block_on(async || {
            let client = client_for(&self.admin).await?;
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("content-type", "application/json")
                .body(body)?;
            match client.request::<Value>(request).await {
                Ok(value) => Ok((200, value)),
                Err(kube::Error::Api(status)) => Ok((status.code, serde_json::to_value(status)?)),
                Err(error) => Err(anyhow!(error).context(format!("no answer about {path}"))),
            }
        })
    }

    /// Makes an object, such as a Role. `collection` is the path behind the namespace's group, as in
    /// `rbac.authorization.k8s.io/v1/roles`, or `v1/serviceaccounts` for the core group.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn create(&self, collection: &str, object: &Value) -> anyhow::Result<()> {
        let (group, plural) = collection.rsplit_once('/').context("no group in the path")?;
        let root = if group == "v1" { "api" } else { "apis" };
        let path = format!("/{root}/{group}/namespaces/{}/{plural}", self.namespace);
        match self.ask(Method::POST, &path, Some(object))? {
            (200, _) => Ok(()),
            (code, answer) => Err(anyhow!("{path}: {code}: {answer}")),
        }
    }

    /// The Lease; none if there is none.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn lease(&self) -> anyhow::Result<Option<Value>> {
        match self.ask(Method::GET, &self.lease_path(), None)? {
            (200, lease) => Ok(Some(lease)),
            (404, _) => Ok(None),
            (code, answer) => Err(anyhow!("{code}: {answer}")),
        }
    }

    /// One field of the Lease's `spec`; null if it, or the Lease, is not there.
    ///
    /// # Errors
    ///
    /// As [`lease`](Self::lease).
    pub fn spec(&self, field: &str) -> anyhow::Result<Value> {
        Ok(self.lease()?.map_or(Value::Null, |mut lease| lease["spec"][field].take()))
    }

    /// Changes the Lease as a person with an editor would, and tries again if somebody else was
    /// faster.
    ///
    /// # Errors
    ///
    /// When there is no Lease or the server refuses.
    pub fn edit_lease(&self, change: impl Fn(&mut Value)) -> anyhow::Result<Value> {
        loop {
            let mut lease = self.lease()?.context("there is no Lease")?;
            change(&mut lease);
            match self.ask(Method::PUT, &self.lease_path(), Some(&lease))? {
                (200, lease) => return Ok(lease),
                (409, _) => {}
                (code, answer) => return Err(anyhow!("{code}: {answer}")),
            }
        }
    }

    /// Deletes the Lease.
    ///
    /// # Errors
    ///
    /// When there is none or the server refuses.
    pub fn delete_lease(&self) -> anyhow::Result<()> {
        match self.ask(Method::DELETE, &self.lease_path(), None)? {
            (200, _) => Ok(()),
            (code, answer) => Err(anyhow!("{code}: {answer}")),
        }
    }

    /// The notes of the Events on the Lease.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn events(&self) -> anyhow::Result<Vec<String>> {
        let path = format!("/api/v1/namespaces/{}/events", self.namespace);
        let (_, list) = self.ask(Method::GET, &path, None)?;
        let items = list["items"].as_array().context("no list of Events")?;
        let on_lease = items.iter().filter(|event| {
            event["involvedObject"]["kind"] == "Lease"
                && event["involvedObject"]["name"] == ELECTION
        });
        Ok(on_lease.filter_map(|event| event["message"].as_str().map(str::to_owned)).collect())
    }

    /// The end of the path of an object's status: the embedded server keeps it with the object.
    pub(super) fn of_status(&self) -> &'static str {
        if self.embedded.is_some() { "" } else { "/status" }
    }

    fn lease_path(&self) -> String {
        format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases/{ELECTION}", self.namespace)
    }
}

impl Embedded {
    fn start() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let thread = thread::Builder::new().name("apiserver".into()).spawn(move || {
            runtime.block_on(async {
                let address = ([127, 0, 0, 1], 0).into();
                let started = Server::start(address, Config::new()).await.map(Arc::new);
                // Held here, too, so that the server is dropped within its runtime or after it.
                let kept = started.as_ref().ok().cloned();
                let _ = tell.send(started);
                let _ = stopped.await;
                drop(kept);
            });
        })?;
        let server = told.recv().context("the embedded API server's thread has ended")??;
        Ok(Self { server, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A candidate reserves its name for the namespace on the whole machine, so two test runs at a time
/// must not have one namespace.
fn namespace(prefix: &str, scene: &str) -> String {
    let scene: String = scene.replace('_', "-").chars().take(48).collect();
    format!("{prefix}-{}-{}", scene.trim_matches('-'), std::process::id())
}
