//! README's three commands, from an image in a registry to three replicas and a leader.

use std::env;
use std::process::Command;

use hotseat_tests::process::Launch;
use hotseat_tests::wait::until;

use super::belief::{Belief, PACE};
use super::readme::{Person, checkout, commands};
use super::space::{SOON, Space, output};

const LABELS: &str = "app.kubernetes.io/instance=shop";

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
    let team = format!("127.0.0.1:{port}/team");
    let tagged = format!("{team}/hotseat:{}", env!("CARGO_PKG_VERSION"));
    output(Command::new(crane).args(["push", &layout, &tagged]), "").unwrap();

    let space = Space::new("chart", true);
    let person = Person::administrator(&space);
    let types = |line: &str| person.types(&checkout(), line);
    // Word for word, but for the registry, which is each team's own.
    let three = commands("helm install shop");
    assert_eq!(three.len(), 3, "{three:?}");
    let said: Vec<String> =
        three.iter().map(|line| types(&line.replace("REGISTRY", &team))).collect();
    let [notes, _, lease] = &said[..] else { unreachable!("as many as commands") };
    // The rollout is complete when all have read the lock; then the Lease names one of them.
    let leader = space.leader(LABELS, None).name;
    assert_eq!(space.pods(LABELS).len(), 3);
    assert!(lease.contains("shop"), "{lease}");
    let now = types(&three[2]);
    assert!(now.contains(&leader), "{now}");
    let belief = Belief::watch(&space, LABELS, PACE);

    // The application asks for itself, and says so.
    until("the application to know", SOON, || {
        let log = space.kubectl(&["logs", &leader]);
        if log.lines().last() == Some("I lead") { Ok(()) } else { Err(log) }
    });
    // What helm tells people to do next.
    let next: Vec<&str> =
        notes.lines().map(str::trim).filter(|line| line.starts_with("kubectl ")).collect();
    assert_eq!(next.len(), 3, "{notes}");
    for line in next {
        types(line);
    }
    space.leader(LABELS, Some(&leader));
    belief.end().assert_no_overlap();
    types("helm uninstall shop");
}
