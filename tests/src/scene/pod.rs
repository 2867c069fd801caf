//! A pod whose kubelet is the test: the object on the API server, its status, and the file for the last
//! words of each instance of its container, as a kubelet lays it out and mounts it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use http::Method;
use rustix::process::geteuid;
use serde_json::{Value, json};

use super::{Api, Candidate};
use crate::lifeline::ScratchDir;
use crate::process::{Launch, hotseat_binary};

/// The name of the container that Hotseat is in.
const CONTAINER: &str = "hotseat";

/// A pod of a candidate.
pub struct Pod<'a> {
    api: &'a Api,
    name: String,
    uid: String,
    folder: ScratchDir,
    /// Instances of the container so far.
    instances: u32,
}

impl<'a> Pod<'a> {
    /// Makes the object.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn create(api: &'a Api, name: &str) -> anyhow::Result<Self> {
        let container = |name| json!({"name": name, "image": "none"});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"serviceAccountName": "candidate", "automountServiceAccountToken": false,
                     "containers": [container("app"), container(CONTAINER)]}});
        api.create("v1/pods", &pod)?;
        let mut pod = Pod {
            api,
            name: name.to_owned(),
            uid: String::new(),
            folder: ScratchDir::new("hotseat-pod-")?,
            instances: 0,
        };
        let object = pod.object()?.context("the pod is gone")?;
        pod.uid = object["metadata"]["uid"].as_str().context("it has no UID")?.to_owned();
        fs::write(pod.folder.path().join("log"), "")?;
        Ok(pod)
    }

    /// Starts the next instance of the container with these flags: Hotseat is the first process of a
    /// PID namespace, and finds the file for its last words where a kubelet mounts it.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(&mut self, flags: &[&str]) -> anyhow::Result<Candidate> {
        self.instances += 1;
        let words = self.last_words_file();
        fs::create_dir_all(words.parent().context("it is in a folder")?)?;
        fs::write(&words, "")?;
        let user: &[&str] = if geteuid().is_root() { &[] } else { &["--map-root-user"] };
        let apart = ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c"];
        let script = "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\"";
        let launch = Launch::program("unshare").args(user).args(apart).arg(script).arg("sh");
        let launch = launch.arg(&words).arg(self.folder.path().join("log")).arg(hotseat_binary()?);
        let launch = launch.env("POD_NAME", &self.name).env("POD_UID", &self.uid);
        Candidate::of(&self.name, Candidate::complete(launch, self.api, &self.name).args(flags))
    }

    /// What the instance that is there has laid down, as a kubelet reads it when that has ended.
    ///
    /// # Errors
    ///
    /// When it was not started.
    pub fn last_words(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.last_words_file())?)
    }

    fn last_words_file(&self) -> PathBuf {
        let instance = format!("{:08x}", self.instances);
        let path = format!("pods/{}/containers/{CONTAINER}/{instance}", self.uid);
        self.folder.path().join(path)
    }

    /// The object; none if it was deleted.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn object(&self) -> anyhow::Result<Option<Value>> {
        match self.api.ask(Method::GET, &self.path(), None)? {
            (200, pod) => Ok(Some(pod)),
            (404, _) => Ok(None),
            (code, answer) => anyhow::bail!("{code}: {answer}"),
        }
    }

    /// Reports that phase, and this state of Hotseat's container; the application runs.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn report(&self, phase: &str, state: &Value) -> anyhow::Result<()> {
        let container = |name: &str, state: &Value| {
            json!({"name": name, "image": "none", "imageID": "none", "ready": false,
                   "restartCount": 0, "containerID": format!("containerd://{name}"),
                   "state": state, "lastState": {}})
        };
        let runs = json!({"running": {"startedAt": "2026-11-26T00:00:00Z"}});
        let status = json!({"phase": phase,
            "containerStatuses": [container("app", &runs), container(CONTAINER, state)]});
        loop {
            let mut pod = self.object()?.context("the pod is gone")?;
            pod["status"] = status.clone();
            let path = self.path() + self.api.of_status();
            match self.api.ask(Method::PUT, &path, Some(&pod))? {
                (200, _) => return Ok(()),
                // Somebody labelled it meanwhile.
                (409, _) => {}
                (code, answer) => anyhow::bail!("{code}: {answer}"),
            }
        }
    }

    /// The state of a container whose instance has ended with these last words.
    #[must_use]
    pub fn ended(message: &str) -> Value {
        json!({"terminated": {"exitCode": 137, "reason": "Error", "message": message,
                              "containerID": format!("containerd://{CONTAINER}"),
                              "startedAt": "2026-11-26T00:00:00Z",
                              "finishedAt": "2026-11-26T00:01:00Z"}})
    }

    /// Deletes the object at once, as a garbage collector does.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn delete(&self) -> anyhow::Result<()> {
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0});
        let (code, answer) = self.api.ask(Method::DELETE, &self.path(), Some(&options))?;
        ensure!(code == 200, "{code}: {answer}");
        Ok(())
    }

    fn path(&self) -> String {
        format!("/api/v1/namespaces/{}/pods/{}", self.api.namespace(), self.name)
    }
}
