//! Rights that a person lacks, and the Role that gives them.

use hotseat_tests::cluster::{Cluster, Rights};
use hotseat_tests::process::Launch;
use hotseat_tests::scene::{Api, Candidates, ELECTION};
use serde_json::Value;

use super::{call, ran};

#[test]
fn what_a_person_may_not_is_said_with_the_role_that_gives_it() {
    let cluster = Cluster::shared();
    let api = Api::of(cluster, "people-rights", Rights::Full).unwrap();
    let crew = Candidates::start(&api, &["anna", "ben"]).unwrap();
    let before = crew.leader();
    let to = if before.name == "anna" { "ben" } else { "anna" };
    let account = |name: &str, rights| {
        cluster.create_candidate_account(api.namespace(), name, rights).unwrap()
    };
    let (nobody, onlooker) =
        (account("nobody", Rights::None), account("onlooker", Rights::ReadOnly));
    let by = |account: &std::path::Path, verb: &str, more: &[&str]| {
        let launch = call(Launch::hotseat().unwrap(), &api, verb, more);
        ran(launch.kubeconfig(account))
    };
    let transfer = ["--to", to, "--any-name"];
    let remedy =
        format!("hotseat rbac --for people --election {ELECTION} --namespace {}", api.namespace());
    for (verb, more) in
        [("transfer", &transfer[..]), ("pause", &[]), ("resume", &[]), ("status", &[])]
    {
        let (code, out, error) = by(&nobody, verb, more);
        assert_eq!((code, out.as_str()), (1, ""), "{verb}");
        let whose =
            format!(":nobody may not get leases {ELECTION} in namespace {}", api.namespace());
        assert!(error.contains(&whose), "{verb}: {error}");
        assert!(error.contains(&remedy), "{verb}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    for (verb, more) in [("transfer", &transfer[..]), ("pause", &[])] {
        let (code, _, error) = by(&onlooker, verb, more);
        assert_eq!(code, 1, "{verb}");
        assert!(error.contains(":onlooker may not update leases"), "{verb}: {error}");
    }
    let (code, out, error) = by(&onlooker, "status", &[]);
    assert_eq!(code, 0, "{error}");
    assert!(out.contains(&before.name), "{out}");
    let terms = "terms          the Events cannot be read: this account may not list events";
    assert!(out.contains(terms) && out.contains("hotseat rbac --for status"), "{out}");

    // The Role that the message names is what it takes.
    let rbac = ["rbac", "--for=people", "--service-account=nobody", "--output=json", "--election"];
    let rbac = Launch::hotseat().unwrap().args(rbac).args([ELECTION, "-n", api.namespace()]);
    let (code, list, error) = ran(rbac);
    assert_eq!(code, 0, "{error}");
    let list: Value = serde_json::from_str(&list).unwrap();
    for object in list["items"].as_array().unwrap() {
        let plural = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
        api.create(&format!("rbac.authorization.k8s.io/v1/{plural}"), object).unwrap();
    }
    let (code, out, error) = by(&nobody, "transfer", &transfer);
    assert_eq!(code, 0, "{out}{error}");
    assert_eq!(crew.leader_after(&before).name, to);
    crew.finish();
}
