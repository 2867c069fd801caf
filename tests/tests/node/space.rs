//! A namespace of the node's cluster, and the pods in it.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hotseat_tests::process::get;
use hotseat_tests::wait::until;
use serde_json::Value;

/// How long anything may take here: the machine may be busy.
pub const SOON: Duration = Duration::from_secs(180);
/// What a container says in a namespace whose pods have to be restricted.
pub const RESTRICTED: &str = "securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, \
    capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}";
/// The port of every sidecar.
pub const PORT: u16 = 4040;

/// A namespace of one test. It is deleted with all that is in it when this is dropped.
pub struct Space {
    name: String,
}

/// A pod, as the API server had it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// Its name, which is its sidecar's identity.
    pub name: String,
    /// The whole object.
    pub object: Value,
}

impl Space {
    /// A new namespace; in a `restricted` one pods have to keep to the standard of that name.
    pub fn new(name: &str, restricted: bool) -> Self {
        let space = Self { name: format!("{name}-{}", std::process::id()) };
        run(&["create", "namespace", &space.name], "").unwrap();
        if restricted {
            let label = "pod-security.kubernetes.io/enforce=restricted";
            run(&["label", "namespace", &space.name, label], "").unwrap();
        }
        let account = ["-n", &space.name, "get", "serviceaccount", "default"];
        until("the account of pods", SOON, || run(&account, ""));
        space
    }

    /// The namespace that is always there; what is in it stays.
    pub fn default() -> Self {
        Self { name: "default".into() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kubectl prints in this namespace; it has to succeed.
    #[track_caller]
    pub fn kubectl(&self, args: &[&str]) -> String {
        self.try_kubectl(args).unwrap()
    }

    /// As [`kubectl`](Self::kubectl), with what kubectl says where it fails.
    pub fn try_kubectl(&self, args: &[&str]) -> Result<String, String> {
        run(&[&["-n", &self.name], args].concat(), "")
    }

    /// Applies these objects.
    #[track_caller]
    pub fn apply(&self, yaml: &str) {
        run(&["-n", &self.name, "apply", "-f", "-"], yaml).unwrap();
    }

    /// An object, such as `lease/shop`.
    #[track_caller]
    pub fn object(&self, name: &str) -> Value {
        serde_json::from_str(&self.kubectl(&["get", name, "-o", "json"])).unwrap()
    }

    /// When the term in `lease/shop` began, and who has it.
    pub fn term(&self) -> (String, String) {
        let lease = self.object("lease/shop");
        let text = |field: &str| lease["spec"][field].as_str().unwrap_or_default().to_owned();
        (text("acquireTime"), text("holderIdentity"))
    }

    /// The pods with these labels that nobody has asked to end.
    pub fn pods(&self, labels: &str) -> Vec<Pod> {
        let list = self.kubectl(&["get", "pods", "-l", labels, "-o", "json"]);
        let list: Value = serde_json::from_str(&list).unwrap();
        let all = list["items"].as_array().unwrap().iter();
        let there = all.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        there
            .map(|object| Pod {
                name: object["metadata"]["name"].as_str().unwrap().to_owned(),
                object: object.clone(),
            })
            .collect()
    }

    /// Waits until a Deployment is rolled out and nothing of it is left from before.
    #[track_caller]
    pub fn rolled_out(&self, deployment: &str, replicas: usize) {
        let name = format!("deployment/{deployment}");
        self.kubectl(&["rollout", "status", &name, "--timeout=180s"]);
        until("all pods, and no others", SOON, || {
            let list =
                self.kubectl(&["get", "pods", "-l", &format!("app={deployment}"), "-o=name"]);
            if list.lines().count() == replicas { Ok(()) } else { Err(list) }
        });
    }

    /// The one among the pods with these labels that says that it leads; it is not `not`.
    #[track_caller]
    pub fn leader(&self, labels: &str, not: Option<&str>) -> Pod {
        until("a leader", SOON, || {
            let pods = self.pods(labels);
            let leads = |pod: &&Pod| pod.get("/leader").is_ok_and(|answer| answer.0 == 200);
            match pods.iter().find(leads) {
                Some(pod) if Some(pod.name.as_str()) != not => Ok(pod.clone()),
                _ => Err(pods.into_iter().map(|pod| pod.name).collect::<Vec<_>>()),
            }
        })
    }

    /// Gives an account the Role that the program of the image says a sidecar with these flags needs.
    pub fn grant(&self, election: &str, account: &str, flags: &[&str]) {
        let (election, account) =
            (format!("--election={election}"), format!("--service-account={account}"));
        let namespace = format!("--election-namespace={}", self.name);
        let command = [&["rbac", &election, &account, &namespace], flags].concat();
        self.apply(&self.printed(&command));
    }

    /// What the program of the image prints in a pod, with these arguments.
    pub fn printed(&self, command: &[&str]) -> String {
        let image = image();
        self.apply(&format!(
            r#"
apiVersion: v1
kind: Pod
metadata: {{name: hotseat}}
spec:
  restartPolicy: Never
  containers:
  - name: hotseat
    image: "{image}"
    args: {command:?}
    {RESTRICTED}
"#
        ));
        let phase = until(
            "the program to end",
            SOON,
            || match self.object("pod/hotseat")["status"]["phase"].as_str() {
                Some(phase @ ("Succeeded" | "Failed")) => Ok(phase.to_owned()),
                other => Err(other.map(str::to_owned)),
            },
        );
        let printed = self.kubectl(&["logs", "hotseat"]);
        assert_eq!(phase, "Succeeded", "{command:?}: {printed}");
        self.kubectl(&["delete", "pod", "hotseat"]);
        printed
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        if self.name == "default" {
            return;
        }
        if std::thread::panicking() {
            // What a person would look at first.
            for what in [&["get", "pods", "-o", "wide"][..], &["get", "events"]] {
                eprintln!("{}", self.try_kubectl(what).unwrap_or_else(|error| error));
            }
        }
        let _ = run(&["delete", "namespace", &self.name, "--wait=false"], "");
    }
}

impl Pod {
    /// Its address, once it has one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.object["status"]["podIP"].as_str()?.parse().ok()
    }

    /// What its sidecar answers: status and body.
    pub fn get(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let ip = self.ip().ok_or_else(|| anyhow::anyhow!("{} has no address yet", self.name))?;
        let answer = get(SocketAddr::new(ip, PORT), path)?;
        Ok((answer.status, answer.text()))
    }

    /// The status of one of its containers, be it an init container or not.
    pub fn container(&self, name: &str) -> &Value {
        let lists = ["initContainerStatuses", "containerStatuses"];
        let mut all =
            lists.iter().filter_map(|list| self.object["status"][*list].as_array()).flatten();
        let found = all.find(|status| status["name"] == name);
        found.unwrap_or(&Value::Null)
    }

    /// The runtime's id of one of its containers.
    pub fn container_id(&self, name: &str) -> String {
        let id = self.container(name)["containerID"].as_str().unwrap();
        id.strip_prefix("containerd://").unwrap().to_owned()
    }
}

/// Sends SIGKILL to a container's first process, as a crash.
pub fn kill(container: &str) {
    runtime(&["tasks", "kill", "--signal", "SIGKILL", container]);
}

/// The first process of a container, by its id on the node.
pub fn process(container: &str) -> u32 {
    let tasks = runtime(&["tasks", "list"]);
    let line = tasks.lines().find(|line| line.starts_with(container)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// What containerd's own program prints.
pub fn runtime(args: &[&str]) -> String {
    output(Command::new("ctr").args(args), "").unwrap()
}

/// The image's name, as the manifests have it.
pub fn image() -> &'static str {
    concat!("hotseat:", env!("CARGO_PKG_VERSION"))
}

/// A file of the repository.
pub fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The node's folder, in which the logs are.
pub fn node() -> PathBuf {
    let folder = std::env::var_os("HOTSEAT_NODE");
    folder.expect("HOTSEAT_NODE is not set: run it by tests/setup/node.sh").into()
}

/// Where the node's cluster and its administrator are.
pub fn kubeconfig() -> PathBuf {
    node().join("keys/admin.kubeconfig")
}

/// What kubectl prints, with this standard input.
pub fn run(args: &[&str], input: &str) -> Result<String, String> {
    output(Command::new("kubectl").env("KUBECONFIG", kubeconfig()).args(args), input)
}

/// What a program prints, with this standard input; where it fails, with what it says.
pub fn output(command: &mut Command, input: &str) -> Result<String, String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    // A program that does not read it may close it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(said(&output.stdout)),
        false => Err(format!("{command:?}: {}{}", said(&output.stderr), said(&output.stdout))),
    }
}
