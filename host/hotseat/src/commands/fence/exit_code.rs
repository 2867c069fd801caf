//! `hotseat fence exit-code`: the lines of a pod by which the kubelet stops an application that has not
//! let go of a term.

use std::time::Duration;

/// What the lines are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The workload's kind, such as `Deployment`.
    pub kind: String,
    /// The workload's name.
    pub workload: String,
    /// The sidecar's container.
    pub sidecar: String,
    /// The application's container; only the way for older clusters names it.
    pub application: String,
    /// The status with which the sidecar ends.
    pub status: u8,
    /// The reaction time S.
    pub reaction: Duration,
    /// How much of it the application has.
    pub after: Duration,
    /// The way for clusters before Kubernetes 1.36.
    pub older: bool,
}

/// A patch of the workload, for `kubectl patch --patch-file` or kustomize.
pub fn manifest(settings: &Settings) -> String {
    match settings.older {
        true => older(settings),
        false => newest(settings),
    }
}

fn newest(settings: &Settings) -> String {
    let Settings { kind, workload, sidecar, status, reaction, after, .. } = settings;
    let (reaction, after) = (go(*reaction), go(*after));
    format!(
        "\
# The sidecar ends with status {status} if the application has not said, {after} after the end of a term,
# that it has let go of it (PUT localhost:4040/v1/released?token=N), and the kubelet then kills and
# restarts all containers of the pod: without a grace, and with the same volumes and address. That has
# to be done within the reaction time of {reaction}. An application that never says so is restarted after
# each term. Kubernetes 1.36 and later, or 1.35 with the feature gate RestartAllContainersOnContainerExits.
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {workload}}}
spec:
  template:
    spec:
      initContainers:
      - name: {sidecar}
        restartPolicy: Always
        restartPolicyRules:
        - action: RestartAllContainers
          exitCodes: {{operator: In, values: [{status}]}}
        env:
        - {{name: HOTSEAT_FENCE_EXIT_CODE, value: \"{status}\"}}
        - {{name: HOTSEAT_FENCE_AFTER, value: {after}}}
        - {{name: HOTSEAT_REACTION_TIME, value: {reaction}}}
"
    )
}

fn older(settings: &Settings) -> String {
    let Settings { kind, workload, sidecar, application, reaction, after, .. } = settings;
    let (reaction, after) = (go(*reaction), go(*after));
    format!(
        "\
# The application is restarted if it has not said, {after} after the end of a term, that it has let go of
# it (PUT localhost:4040/v1/released?token=N). This is weaker than the rule of Kubernetes 1.36: the kubelet
# asks once a second at most, a kubelet that is cut off or busy asks later, and it sends SIGTERM first.
# All of that has to be done within the reaction time of {reaction}, or the fence comes too late. It takes
# the place of a liveness probe that the application has.
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {workload}}}
spec:
  template:
    spec:
      initContainers:
      - name: {sidecar}
        env:
        - {{name: HOTSEAT_REACTION_TIME, value: {reaction}}}
      containers:
      - name: {application}
        livenessProbe:
          httpGet: {{path: \"/v1/released?after={after}\", port: 4040}}
          periodSeconds: 1
          failureThreshold: 1
          terminationGracePeriodSeconds: 1
"
    )
}

/// A duration as the flags take it.
fn go(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}
