//! The admission fence, on a real API server, and on two over one etcd.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use hotseat_tests::cluster::{Another, Cluster, Kind, Options, Rights, client_for};
use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::process::{Launch, Signal};
use hotseat_tests::scene::{Api, Candidate, ELECTION, QUICK, SOON};
use hotseat_tests::wait::until;
use http::{Method, Request};
use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use serde_json::{Value, json};

use super::ran;

/// The format of a server-side apply.
const APPLY: &str = "application/apply-patch+yaml";
/// The account of [`Api::of`].
const ACCOUNT: &str = "candidate";

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A request with a body in that format; the answer, or the API server's refusal.
fn send(
    kubeconfig: &Path,
    method: Method,
    path: &str,
    format: &str,
    body: &str,
) -> Result<Value, Value> {
    block_on(async {
        let client = client_for(kubeconfig).await.unwrap();
        let request = Request::builder().method(method).uri(path).header("content-type", format);
        match client.request::<Value>(request.body(body.as_bytes().to_vec()).unwrap()).await {
            Ok(value) => Ok(value),
            Err(kube::Error::Api(status)) => Err(serde_json::to_value(status).unwrap()),
            Err(error) => panic!("{path}: {error}"),
        }
    })
}

/// What an object would become by a patch, as the API server says, which checks every field.
pub fn dry_run(cluster: &Cluster, path: &str, patch: &str) -> Result<Value, Value> {
    let path = format!("{path}?dryRun=All&fieldManager=test&fieldValidation=Strict");
    let admin = cluster.admin_kubeconfig();
    send(&admin, Method::PATCH, &path, APPLY, patch)
}

/// Makes the policies and bindings of a manifest.
fn apply(cluster: &Cluster, manifest: &str) {
    for document in manifest.split("---\n") {
        let kind = if document.contains("kind: ValidatingAdmissionPolicyBinding") {
            "validatingadmissionpolicybindings"
        } else {
            "validatingadmissionpolicies"
        };
        let path = format!("/apis/admissionregistration.k8s.io/v1/{kind}?fieldValidation=Strict");
        let admin = cluster.admin_kubeconfig();
        let made = send(&admin, Method::POST, &path, "application/yaml", document);
        made.unwrap_or_else(|error| panic!("{error}\n{document}"));
    }
}

/// A pod, which no kubelet runs, and a kubeconfig with a token that is bound to it.
struct Pod {
    name: String,
    uid: String,
    token: String,
    folder: ScratchDir,
}

impl Pod {
    fn make(cluster: &Cluster, api: &Api, name: &str) -> Pod {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {
                "serviceAccountName": ACCOUNT,
                "containers": [{"name": "shop", "image": "example/shop:1"}],
            },
        });
        api.create("v1/pods", &pod).unwrap();
        let path = format!("/api/v1/namespaces/{}/pods/{name}", api.namespace());
        let (_, made) = api.ask(Method::GET, &path, None).unwrap();
        let uid = made["metadata"]["uid"].as_str().unwrap().to_owned();
        let token = block_on(bound_token(cluster, api.namespace(), name, &uid));
        let folder = ScratchDir::new("hotseat-pod-").unwrap();
        Pod { name: name.to_owned(), uid, token, folder }
    }

    /// Its way to a server.
    fn kubeconfig(&self, cluster: &Cluster, url: &str) -> PathBuf {
        let path = self.folder.path().join(url.rsplit(':').next().unwrap());
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "pod",
            "clusters": [{"name": "pod", "cluster": {"server": url,
                "certificate-authority": cluster.pki_file("ca.crt")}}],
            "users": [{"name": "pod", "user": {"token": self.token}}],
            "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod"}}],
        });
        std::fs::write(&path, config.to_string()).unwrap();
        path
    }

    /// Starts a sidecar as in this pod.
    fn sidecar(&self, api: &Api) -> Candidate {
        let uid = self.uid.clone();
        let change = |launch: Launch| launch.env("POD_UID", uid);
        Candidate::start_with(api, &self.name, &QUICK, change).unwrap()
    }
}

async fn bound_token(cluster: &Cluster, namespace: &str, pod: &str, uid: &str) -> String {
    let client = cluster.client().await.unwrap();
    let accounts: kube::Api<ServiceAccount> = kube::Api::namespaced(client, namespace);
    let request = TokenRequest {
        spec: Some(TokenRequestSpec {
            bound_object_ref: Some(BoundObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("Pod".to_owned()),
                name: Some(pod.to_owned()),
                uid: Some(uid.to_owned()),
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    let answer = accounts.create_token_request(ACCOUNT, &PostParams::default(), &request).await;
    answer.unwrap().status.unwrap().token.unwrap()
}

/// A scene on a real server with what its fence is about: ConfigMaps that the account may write.
struct Fenced<'a> {
    cluster: &'a Cluster,
    api: Api,
}

impl<'a> Fenced<'a> {
    fn prepare(cluster: &'a Cluster, scene: &str, more: &[&str]) -> Fenced<'a> {
        let api = Api::of(cluster, scene, Rights::Full).unwrap();
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "writer"},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "update", "patch"]}],
        });
        api.create("rbac.authorization.k8s.io/v1/roles", &role).unwrap();
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "writer"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "writer"},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT}],
        });
        api.create("rbac.authorization.k8s.io/v1/rolebindings", &binding).unwrap();
        let words = ["fence", "admission", "--election", ELECTION, "-n", api.namespace()];
        let own = ["--service-account", ACCOUNT, "--resources", "configmaps"];
        let words = [&words[..], &own, more].concat();
        let (code, manifest, error) = ran(Launch::hotseat().unwrap().args(words));
        assert_eq!(code, 0, "{error}");
        apply(cluster, &manifest);
        Fenced { cluster, api }
    }

    /// The path and the body of a write.
    fn request(&self, pod: &Pod) -> (String, String) {
        let namespace = self.api.namespace();
        let query = "fieldManager=test&force=true";
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "shop", "labels": {"app": "shop"}}, "data": {"by": pod.name},
        });
        (format!("/api/v1/namespaces/{namespace}/configmaps/shop?{query}"), map.to_string())
    }

    /// A write of a pod at a server: done, or refused by the fence with these words.
    fn write(&self, pod: &Pod, url: &str) -> Result<(), String> {
        let (path, map) = self.request(pod);
        let kubeconfig = pod.kubeconfig(self.cluster, url);
        match send(&kubeconfig, Method::PATCH, &path, APPLY, &map) {
            Ok(_) => Ok(()),
            Err(status) => Err(status["message"].as_str().unwrap_or_default().to_owned()),
        }
    }

    fn wait_written(&self, pod: &Pod, url: &str) {
        until("a write", SOON, || self.write(pod, url));
    }

    fn wait_refused(&self, pod: &Pod, url: &str, words: &str) {
        until("a refusal", SOON, || match self.write(pod, url) {
            Err(why) if why.contains(words) => Ok(()),
            other => Err(other),
        });
    }
}

/// What an older API server says of the manifests.
fn is_refused(cluster: &Cluster) {
    let path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
    let refused = send(&cluster.admin_kubeconfig(), Method::POST, path, "application/yaml", "{}");
    assert_eq!(refused.unwrap_err()["code"], 404);
}

/// The kind is of Kubernetes 1.30.
fn has_fences(cluster: &Cluster) -> bool {
    cluster.kind() == Kind::Newest
}

#[test]
fn the_api_server_lets_the_leader_write_and_nobody_else() {
    let cluster = Cluster::shared();
    if !has_fences(cluster) {
        return is_refused(cluster);
    }
    let scene = Fenced::prepare(cluster, "admission", &[]);
    let [anna, ben] = ["anna", "ben"].map(|name| Pod::make(cluster, &scene.api, name));
    let url = cluster.url();
    // Without a Lease nobody leads.
    scene.wait_refused(&anna, &url, "");
    let mut first = anna.sidecar(&scene.api);
    first.process.wait_line("became leader", SOON);
    let second = ben.sidecar(&scene.api);
    second.process.wait_line("anna is the leader", SOON);
    scene.wait_written(&anna, &url);
    scene.wait_refused(&ben, &url, "ben is not it");

    // A hand-over turns it round, and the sidecars themselves are not fenced.
    first.process.signal(Signal::TERM).unwrap();
    second.process.wait_line("became leader", SOON);
    scene.wait_written(&ben, &url);
    scene.wait_refused(&anna, &url, "anna is not it");
    // Who has the account's token without a pod is refused, too.
    let path = format!("/api/v1/namespaces/{}/configmaps", scene.api.namespace());
    let map = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}"#;
    let refused =
        send(scene.api.kubeconfig(), Method::POST, &path, "application/json", map).unwrap_err();
    assert_eq!(refused["code"], 403, "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("the token names no pod"), "{refused}");
    // And who is somebody else is not.
    let admin = cluster.admin_kubeconfig();
    send(&admin, Method::POST, &path, "application/json", map).unwrap();
}

/// A pod of a StatefulSet has the name of the one before it.
#[test]
fn a_pod_of_the_same_name_is_not_the_leader() {
    let cluster = Cluster::shared();
    if !has_fences(cluster) {
        return is_refused(cluster);
    }
    let scene = Fenced::prepare(cluster, "admission-name", &[]);
    let url = cluster.url();
    let before = Pod::make(cluster, &scene.api, "anna");
    let sidecar = before.sidecar(&scene.api);
    sidecar.process.wait_line("became leader", SOON);
    scene.wait_written(&before, &url);
    let path =
        format!("/api/v1/namespaces/{}/pods/anna?gracePeriodSeconds=0", scene.api.namespace());
    assert_eq!(scene.api.ask(Method::DELETE, &path, None).unwrap().0, 200);
    let after = Pod::make(cluster, &scene.api, "anna");
    assert_ne!(before.uid, after.uid);
    scene.wait_refused(&after, &url, "is POD_UID in the environment of its sidecar?");
}

#[test]
fn labels_narrow_what_is_fenced() {
    let cluster = Cluster::shared();
    if !has_fences(cluster) {
        return is_refused(cluster);
    }
    let scene = Fenced::prepare(cluster, "admission-labels", &["--match-labels=app=shop,tier=a"]);
    let anna = Pod::make(cluster, &scene.api, "anna");
    // Its ConfigMap has the label app=shop alone.
    scene.wait_written(&anna, &cluster.url());
}

/// Writes of a pod at a server, one after the other, until they are refused for good.
struct Writer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(Instant, bool)>>,
}

impl Writer {
    fn start(scene: &Fenced<'_>, pod: &Pod, url: &str) -> Writer {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, kubeconfig) = (Arc::clone(&stop), pod.kubeconfig(scene.cluster, url));
        let (path, map) = scene.request(pod);
        let write = async move {
            let client = client_for(&kubeconfig).await.unwrap();
            let mut sent = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let request = Request::patch(&path).header("content-type", APPLY);
                let request = request.body(map.clone().into_bytes()).unwrap();
                let begun = Instant::now();
                let answer = client.request::<Value>(request).await;
                assert!(matches!(answer, Ok(_) | Err(kube::Error::Api(_))), "{answer:?}");
                sent.push((begun, answer.is_ok()));
            }
            sent
        };
        Writer { stop, thread: thread::spawn(move || block_on(write)) }
    }

    /// Ends it; when each request was sent, and whether it passed.
    fn finish(self) -> Vec<(Instant, bool)> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Each API server follows the Lease by a watch of its own. How far they are behind is printed: from
/// the moment at which the new leader says that it leads to the last write of the old one that passes.
#[test]
fn the_fence_of_another_api_server_follows() {
    let cluster = &Cluster::start(Options::default()).unwrap();
    if !has_fences(cluster) {
        return is_refused(cluster);
    }
    let other: Another = cluster.another_apiserver().unwrap();
    let scene = Fenced::prepare(cluster, "admission-two", &[]);
    let pods = ["anna", "ben"].map(|name| Pod::make(cluster, &scene.api, name));
    let urls = [cluster.url(), other.url()];
    let mut lags = Vec::new();
    let mut leader = pods[0].sidecar(&scene.api);
    leader.process.wait_line("became leader", SOON);
    // A hand-over empties the Lease before another takes it; where a sidecar was killed, its application
    // goes on to write until then.
    for (turn, signal) in [Signal::TERM, Signal::KILL].into_iter().cycle().take(4).enumerate() {
        let (old, new) = (&pods[turn % 2], &pods[(turn + 1) % 2]);
        for url in &urls {
            scene.wait_written(old, url);
            scene.wait_refused(new, url, "is not it");
        }
        let next = new.sidecar(&scene.api);
        next.process.wait_line(&format!("{} is the leader", old.name), SOON);
        let writers = urls.each_ref().map(|url| Writer::start(&scene, old, url));
        leader.process.signal(signal).unwrap();
        let took = next.process.wait_line("became leader", SOON).at;
        for url in &urls {
            scene.wait_refused(old, url, "is not it");
            scene.wait_written(new, url);
        }
        for sent in writers.map(Writer::finish) {
            // What was refused once is refused from then on.
            let refused = sent.iter().position(|(_, passed)| !passed).expect("all passed");
            assert!(sent[refused..].iter().all(|(_, passed)| !passed), "{sent:?}");
            let last = sent[..refused].last().map(|(at, _)| at.saturating_duration_since(took));
            lags.push((signal, last.unwrap_or_default()));
        }
        leader = next;
    }
    eprintln!("the last write of the old leader after the new one's first moment: {lags:?}");
}
