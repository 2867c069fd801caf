//! The charts: what they render, what their schemas refuse, and their README.

use std::fmt::Write as _;

use hotseat_tests::kubetools::{deploy, helm};

use super::{compare, read};

/// One way to render the chart of the application.
pub(super) struct Case<'a> {
    /// What its recorded rendering is called.
    pub(super) name: &'static str,
    /// The version of Kubernetes.
    pub(super) kubernetes: &'static str,
    /// Values, as `--set` takes them.
    pub(super) values: &'a [&'a str],
    /// The sidecar's flags that decide over its rights, besides the election's name.
    pub(super) flags: &'a [&'a str],
}

/// With no value at all, in the form for old clusters, and with nearly every value.
pub(super) const CASES: [Case<'static>; 8] = [
    Case { name: "native", kubernetes: "1.36.0", values: &[], flags: &[] },
    Case { name: "before-1.29", kubernetes: "1.28.9", values: &[], flags: &[] },
    Case {
        name: "policy",
        kubernetes: "1.36.0",
        values: &[
            "hotseat.policy=configmap:shop-policy/policy.wasm.gz",
            "hotseat.policySettings.minutes=60",
            "hotseat.image.repository=registry.example/hotseat",
            "hotseat.image.tag=0.2.0",
            "hotseat.resources.limits.memory=512Mi",
        ],
        flags: &["--policy=configmap:shop-policy/policy.wasm.gz"],
    },
    Case {
        name: "rules",
        kubernetes: "1.36.0",
        values: &[
            "hotseat.policy=builtin:rules",
            "hotseat.policySettings=configmap:shop-rules/rules.yaml",
        ],
        flags: &["--policy=builtin:rules", "--policy-settings=configmap:shop-rules/rules.yaml"],
    },
    Case {
        name: "pods",
        kubernetes: "1.36.0",
        values: &[
            "hotseat.watchPods=true",
            "hotseat.reactionTime=4s",
            "hotseat.labelLeader=hotseat.dev/role=leader",
            "hotseat.podDeletionCost=100",
            "hotseat.leaseOwner=deployment/shop",
        ],
        flags: &[
            "--watch-pods",
            "--label-leader=hotseat.dev/role=leader",
            "--pod-deletion-cost=100",
            "--lease-owner=deployment/shop",
        ],
    },
    Case {
        name: "two-locks",
        kubernetes: "1.36.0",
        values: &["hotseat.lock=endpointsleases", "hotseat.podDeletionCost=7"],
        flags: &["--lock=endpointsleases", "--pod-deletion-cost=7"],
    },
    Case {
        name: "roster",
        kubernetes: "1.36.0",
        values: &["hotseat.rolloutSoak=2m", "hotseat.facts={node}"],
        flags: &["--rollout-soak=2m", "--facts=node"],
    },
    Case {
        name: "everything",
        kubernetes: "1.36.0",
        values: &[
            "replicas=5",
            "hotseat.election=till",
            "hotseat.electionNamespace=locks",
            "hotseat.policy=configmap:platform/rules",
            "hotseat.image.digest=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "hotseat.leaseDuration=30s",
            "hotseat.renewDeadline=20s",
            "hotseat.retryPeriod=4s",
            "hotseat.reactionTime=5s",
            "hotseat.port=4050",
            "hotseat.httpDetail=pod-network",
            "hotseat.logFormat=json",
            "hotseat.serviceAccount=till-pods",
            "hotseat.rbac.name=till-sidecar",
            "hotseat.roster=true",
            "hotseat.facts={pod,node,time,seats}",
            "hotseat.extraArgs={--probe=web=http://127.0.0.1:8080/healthz}",
            "hotseat.extraEnv[0].name=HTTPS_PROXY",
            "hotseat.extraEnv[0].value=",
            "volumes[0].name=keys",
            "volumes[0].configMap.name=keys",
            "hotseat.volumeMounts[0].name=keys",
            "hotseat.volumeMounts[0].mountPath=/keys",
        ],
        flags: &[
            "--election=till",
            "--election-namespace=locks",
            "--policy=configmap:platform/rules",
            "--roster",
            "--facts=pod,node,time,seats",
        ],
    },
];

/// What Helm makes of the chart for a release `shop` in that namespace.
pub(super) fn render(case: &Case<'_>, namespace: &str) -> anyhow::Result<String> {
    let chart = deploy().join("chart/shop");
    let chart = chart.to_string_lossy();
    let mut args = vec!["template", "shop", &*chart, "--namespace", namespace];
    args.extend(["--kube-version", case.kubernetes]);
    for value in case.values {
        args.extend(["--set", value]);
    }
    helm(&args)
}

#[test]
fn the_charts_render_as_recorded() {
    for case in &CASES {
        let rendered = render(case, "web").unwrap();
        compare(&format!("chart/tests/{}.yaml", case.name), &rendered);
    }
}

#[test]
fn helm_lint_finds_nothing() {
    for chart in ["chart/shop", "chart/hotseat"] {
        let said = helm(&["lint", "--strict", &deploy().join(chart).to_string_lossy()]).unwrap();
        assert!(said.contains("0 chart(s) failed"), "{said}");
        for sign in ["[WARNING]", "[ERROR]"] {
            assert!(!said.contains(sign), "{said}");
        }
    }
}

#[test]
fn a_package_of_the_chart_has_the_library_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (to, chart) = (folder.path().to_string_lossy(), deploy().join("chart/shop"));
    helm(&["package", &chart.to_string_lossy(), "--destination", &to]).unwrap();
    let package = folder.path().join("shop-0.1.0.tgz");
    let rendered = helm(&["template", "shop", &package.to_string_lossy()]).unwrap();
    assert!(rendered.contains("--election=shop"), "{rendered}");
}

#[test]
fn values_that_make_no_sense_are_refused_by_name() {
    let cases: [(&'static [&'static str; 1], &str); 21] = [
        (&["replicas=0"], "replicas"),
        (&["replica=3"], "replica"),
        (&["hotseat.elections=shop"], "elections"),
        (&["hotseat.election=Shop"], "election"),
        (&["hotseat.policy=shop-policy"], "policy"),
        (&["hotseat.policy=oci://registry.example/p:v1"], "policy"),
        (&["hotseat.leaseDuration=15"], "leaseDuration"),
        (&["hotseat.lock=lease"], "lock"),
        (&["hotseat.leaseOwner=pod/shop"], "leaseOwner"),
        (&["hotseat.watchPods=perhaps"], "watchPods"),
        (&["hotseat.labelLeader=leader"], "labelLeader"),
        (&["hotseat.podDeletionCost=dear"], "podDeletionCost"),
        (&["hotseat.roster=perhaps"], "roster"),
        (&["hotseat.facts={podd}"], "facts"),
        (&["hotseat.rolloutSoak=2"], "rolloutSoak"),
        (&["hotseat.nativeSidecar=perhaps"], "nativeSidecar"),
        (&["hotseat.image.digest=sha256:12"], "digest"),
        (&["hotseat.image.pullPolicy=Sometimes"], "pullPolicy"),
        (&["hotseat.extraArgs={shop}"], "extraArgs"),
        (&["hotseat.port=0"], "port"),
        (&["hotseat.logFormat=xml"], "logFormat"),
    ];
    for (values, names) in cases {
        let case = Case { name: "", kubernetes: "1.36.0", values, flags: &[] };
        let said = render(&case, "web").expect_err(values[0]).to_string();
        assert!(said.contains(names), "{values:?}: {said}");
    }
}

#[test]
fn the_form_for_old_clusters_gives_no_more_grace_than_the_seat() {
    let old = |values| Case { name: "", kubernetes: "1.28.9", values, flags: &[] };
    let rendered = render(&old(&["hotseat.reactionTime=9s"]), "web").unwrap();
    assert!(rendered.contains("terminationGracePeriodSeconds: 10"), "{rendered}");
    let rendered = render(&old(&["terminationGracePeriodSeconds=3"]), "web").unwrap();
    assert!(rendered.contains("terminationGracePeriodSeconds: 3"), "{rendered}");
    let said = render(&old(&["hotseat.reactionTime=1m"]), "web").unwrap_err().to_string();
    assert!(said.contains("give whole seconds, such as 4s"), "{said}");
}

#[test]
fn the_charts_have_the_version_of_the_program() {
    let version = env!("CARGO_PKG_VERSION");
    for chart in ["hotseat", "shop"] {
        let text = read(&deploy().join("chart").join(chart).join("Chart.yaml"));
        assert!(text.contains(&format!("\nappVersion: {version}\n")), "{chart}: {text}");
        assert!(text.contains(&format!("\nversion: {version}\n")), "{chart}: {text}");
    }
    let rendered = render(&CASES[0], "web").unwrap();
    assert!(rendered.contains(&format!("image: \"hotseat:{version}\"")), "{rendered}");
}

#[test]
fn the_readme_has_every_value() {
    let readme = deploy().join("chart/README.md");
    let mut text = read(&readme);
    for chart in ["shop", "hotseat"] {
        let values = read(&deploy().join("chart").join(chart).join("values.yaml"));
        text = with_table(&text, chart, &table(&values));
    }
    compare("chart/README.md", &text);
}

/// The text with another table between the marks of that chart.
fn with_table(text: &str, chart: &str, table: &str) -> String {
    let begin = format!("<!-- values of {chart}, from its values.yaml -->\n");
    let (before, rest) = text.split_once(&begin).expect("a mark where the table begins");
    let (_, after) = rest.split_once("<!-- end -->\n").expect("a mark where the table ends");
    format!("{before}{begin}\n{table}\n<!-- end -->\n{after}")
}

/// A table of values: each has a comment that begins with `# --` in the line before it.
fn table(values: &str) -> String {
    let mut table = "| value | default | meaning |\n|---|---|---|\n".to_owned();
    let mut path: Vec<&str> = Vec::new();
    let mut meaning: Option<&str> = None;
    for line in values.lines() {
        let text = line.trim_start();
        let depth = (line.len() - text.len()) / 2;
        if let Some(comment) = text.strip_prefix("# -- ") {
            meaning = Some(comment);
        } else if let Some((key, default)) = text.split_once(':') {
            path.truncate(depth);
            path.push(key);
            if let Some(meaning) = meaning.take() {
                let default = match default.trim() {
                    "" => "see values.yaml".to_owned(),
                    default => format!("`{default}`"),
                };
                let meaning = meaning.replace('|', "\\|").replace('<', "&lt;");
                let _ = writeln!(table, "| `{}` | {default} | {meaning} |", path.join("."));
            }
        }
    }
    table
}
