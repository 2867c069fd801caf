//! What is rotated on disk counts here, for every connection, and without a restart.

use super::*;
use hotseat_engine::digest;
use hotseat_tests::cluster::client_for;
use hotseat_tests::guests::standard_marked;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::PostParams;

/// Makes the ConfigMap, or puts another policy into it, as somebody with a token of its own.
fn apply(api: &Api, admin: &Path, component: &[u8]) {
    let mut map = ConfigMap::default();
    map.metadata.name = Some("policy".to_owned());
    let policy = ("policy.wasm".to_owned(), ByteString(component.to_vec()));
    map.binary_data = Some([policy].into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = client_for(admin).await.unwrap();
        let maps: kube::Api<ConfigMap> = kube::Api::namespaced(client, api.namespace());
        let params = PostParams::default();
        match maps.get_opt("policy").await.unwrap() {
            None => maps.create(&params, &map).await.unwrap(),
            Some(_) => maps.replace("policy", &params, &map).await.unwrap(),
        };
    });
}

#[track_caller]
fn has_policy(candidate: &Candidate, component: &[u8]) {
    let wanted = digest(component);
    until("the policy to be active", SOON, || {
        let report = candidate.json("/v1/policy").unwrap();
        match report["active"]["digest"] == wanted.as_str() {
            true => Ok(()),
            false => Err((report, candidate.log())),
        }
    });
}

#[test]
fn configmap_watch_after_token_rotation() {
    let api = Api::embedded("map-rotation").unwrap();
    let access = api.server().access();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let admin = folder.path().join("admin");
    let server = json!({"server": api.server().url()});
    put_kubeconfig(&path, &server, &json!({"token": "t1"}));
    put_kubeconfig(&admin, &server, &json!({"token": "admin"}));
    access.require_tokens(["t1", "admin"]);
    apply(&api, &admin, &standard_marked(1));
    // It leads before the ConfigMap was read.
    let meanwhile = "--on-policy-failure=standard";
    let flags = [&PATIENT[..], &["--policy=configmap:policy", meanwhile]].concat();
    let mut candidate =
        Candidate::start_with(&api, "anna", &flags, |launch| launch.kubeconfig(&path)).unwrap();
    let first = leads(&candidate);
    has_policy(&candidate, &standard_marked(1));

    // The file first, the server next, as whoever rotates tokens does; then every watch is cut.
    put_kubeconfig(&path, &server, &json!({"token": "t2"}));
    access.require_tokens(["t2", "admin"]);
    api.server().close_connections();
    apply(&api, &admin, &standard_marked(2));
    has_policy(&candidate, &standard_marked(2));
    let now = leads(&candidate);
    assert_eq!(now["token"], first["token"], "{}", candidate.log());
    candidate.end();
}

#[test]
fn an_authority_that_was_rotated() {
    let cluster = Cluster::shared();
    let api = Api::of(cluster, "ca-rotation", Rights::Full).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (path, ca) = (folder.path().join("kubeconfig"), folder.path().join("ca.crt"));
    let other = rcgen::generate_simple_self_signed(vec!["other".to_owned()]).unwrap();
    put(&ca, other.cert.pem());
    let server = json!({"server": cluster.url(), "certificate-authority": ca});
    put_kubeconfig(&path, &server, &json!({"tokenFile": account(&api)}));
    let mut candidate = start(&api, &path, "anna");
    candidate.process.wait_line("not of the configured CA", SOON);
    put(&ca, cluster.ca_pem());
    leads(&candidate);
    candidate.end();
}

#[test]
fn a_client_certificate_that_was_rotated() {
    let cluster = Cluster::shared();
    let api = Api::of(cluster, "certificate-rotation", Rights::Full).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let other = rcgen::generate_simple_self_signed(vec!["other".to_owned()]).unwrap();
    put(&file("crt"), other.cert.pem());
    put(&file("key"), other.signing_key.serialize_pem());
    let user = json!({"client-certificate": file("crt"), "client-key": file("key")});
    put_kubeconfig(&file("kubeconfig"), &real(), &user);
    let mut candidate = start(&api, file("kubeconfig"), "anna");
    candidate.process.wait_line("401 Unauthorized", SOON);
    // The certificate first: for a moment the two do not belong together.
    put(&file("crt"), fs::read(cluster.pki_file("admin.crt")).unwrap());
    candidate.process.wait_line("the key is not that of the certificate", SOON);
    put(&file("key"), fs::read(cluster.pki_file("admin.key")).unwrap());
    leads(&candidate);
    candidate.end();
}

#[test]
fn a_kubeconfig_that_is_broken_for_a_while_stays_in_use_as_it_was() {
    let api = Api::embedded("broken-for-a-while").unwrap();
    let access = api.server().access();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    let server = json!({"server": api.server().url()});
    put_kubeconfig(&path, &server, &json!({"token": "t1"}));
    access.require_tokens(["t1"]);
    let mut candidate = start(&api, &path, "anna");
    let first = leads(&candidate);
    put(&path, "clusters: [oh");
    // One request is refused, so the file is read.
    refuse_one_renewal(&api);
    candidate.process.wait_line("the credentials cannot be read again", SOON);
    goes_on(&api, &candidate, &first);
    put_kubeconfig(&path, &server, &json!({"token": "t2"}));
    access.require_tokens(["t2"]);
    candidate.process.wait_line("the credentials can be read again", SOON);
    assert_eq!(leads(&candidate)["token"], first["token"], "{}", candidate.log());
    candidate.end();
}
