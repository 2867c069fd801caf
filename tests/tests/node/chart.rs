//! README's three commands, from an image in a registry to three replicas and a leader.

use std::env;
use std::path::Path;
use std::process::Command;

use hotseat_tests::process::Launch;
use hotseat_tests::wait::until;

use super::belief::{Belief, PACE};
use super::space::{SOON, Space, kubeconfig, output};

const LABELS: &str = "app.kubernetes.io/instance=shop";

/// What helm prints, in the repository's folder.
fn helm(space: &Space, args: &[&str]) -> String {
    let mut command = Command::new("helm");
    command.env("KUBECONFIG", kubeconfig()).args(["-n", space.name()]).args(args);
    output(command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")), "").unwrap()
}

#[test]
fn readmes_three_commands_lead_to_three_replicas_and_a_leader() {
    let from_env = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let (crane, layout) = (from_env("HOTSEAT_CRANE"), from_env("HOTSEAT_IMAGE_LAYOUT"));
    let registry = Launch::program(&crane)
        .args(["registry", "serve", "--address=127.0.0.1:0"])
        .start()
        .unwrap();
    let port = registry.wait_line("serving on port ", SOON).text;
    let port = port.rsplit(' ').next().unwrap();
    let repository = format!("127.0.0.1:{port}/team/hotseat");
    let tagged = format!("{repository}:{}", env!("CARGO_PKG_VERSION"));
    output(Command::new(crane).args(["push", "--index", &layout, &tagged]), "").unwrap();

    let space = Space::new("chart", true);
    let image = format!("hotseat.image.repository={repository}");
    let notes = helm(&space, &["install", "shop", "deploy/chart/shop", "--set", &image]);
    space.kubectl(&["rollout", "status", "deployment/shop", "--timeout=180s"]);
    let leader = space.leader(LABELS, None).name;
    let lease = space.kubectl(&["get", "lease", "shop"]);
    assert!(lease.contains(&leader), "{lease}");
    let belief = Belief::watch(&space, LABELS, PACE);

    // The application asks for itself, and says so.
    until("the application to know", SOON, || {
        let log = space.kubectl(&["logs", &leader]);
        if log.lines().last() == Some("I lead") { Ok(()) } else { Err(log) }
    });
    // What helm tells people to do next.
    let commands: Vec<&str> =
        notes.lines().filter_map(|line| line.trim().strip_prefix("kubectl ")).collect();
    assert_eq!(commands.len(), 3, "{notes}");
    for command in commands {
        let line = format!("kubectl {command}");
        let mut shell = Command::new("sh");
        output(shell.env("KUBECONFIG", kubeconfig()).args(["-ec", &line]), "").unwrap();
    }
    space.leader(LABELS, Some(&leader));
    belief.end().assert_no_overlap();
    helm(&space, &["uninstall", "shop"]);
}
