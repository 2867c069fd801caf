//! Each field of a kubeconfig: taken as kubectl takes it, or refused by its name.
//! `docs/kubeconfig.md` has the same list, and what kubectl said to each.

mod cluster;
mod plugin;
mod user;

use super::files::Files;
use super::service_account::ServiceAccount;
use super::*;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys");

fn key(name: &str) -> String {
    format!("{KEYS}/{name}")
}

fn base64(name: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(fs::read(key(name)).unwrap())
}

/// A folder with files.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A kubeconfig of that cluster and user.
    fn config(&self, name: &str, cluster: &Value, user: &Value) -> PathBuf {
        let config = json!({
            "apiVersion": "v1", "kind": "Config",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        });
        self.put(name, config.to_string())
    }
}

fn of_files(paths: &[PathBuf]) -> anyhow::Result<Access> {
    Files::read(paths)?.choose()?.access(&Environment::default())
}

fn access(cluster: &Value, user: &Value) -> anyhow::Result<Access> {
    of_files(&[Folder::new().config("config", cluster, user)])
}

fn of_cluster(fields: Value) -> anyhow::Result<Access> {
    let mut cluster = json!({"server": "https://api:6443"});
    cluster.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    access(&cluster, &json!({"token": "t"}))
}

fn of_user(user: Value) -> anyhow::Result<Access> {
    access(&json!({"server": "https://api:6443"}), &user)
}

fn header(access: &Access) -> &str {
    match &access.login {
        Login::Header(value) => value.to_str().unwrap(),
        Login::Nothing => "nothing",
        Login::Plugin(_) => "plugin",
    }
}

#[track_caller]
fn refused(result: anyhow::Result<Access>, words: &[&str]) {
    let error = format!("{:#}", result.err().expect("it is refused"));
    assert!(error.starts_with("kubeconfig /"), "no file is named: {error}");
    for word in words {
        assert!(error.contains(word), "no {word:?} in {error}");
    }
}

#[test]
fn kubeconfig_list_with_a_missing_file() {
    let folder = Folder::new();
    let good = folder.config("good", &json!({"server": "http://a"}), &json!({}));
    let (missing, empty) = (folder.0.path().join("missing"), folder.put("empty", " \n"));
    of_files(&[missing.clone(), empty.clone(), good.clone()]).unwrap();
    for paths in [&[missing.clone(), empty.clone()][..], &[empty], &[missing]] {
        refused(of_files(paths), &["name another"]);
    }
    assert!(Files::read(&[]).err().unwrap().to_string().contains("names no file"));
    // One that is there and cannot be read is not passed over.
    refused(of_files(&[folder.0.path().to_owned(), good]), &["cannot be read (Is a directory"]);
}

#[test]
fn the_first_file_of_a_list_wins() {
    let folder = Folder::new();
    let only_context =
        folder.put("first", "current-context: x\nusers: [{name: u, user: {token: one}}]");
    let second = folder.config(
        "second",
        &json!({"server": "http://two"}),
        &json!({"token": "two", "as": "x"}),
    );
    let third = folder.config("third", &json!({"server": "http://three"}), &json!({}));
    let access = of_files(&[only_context, second, third]).unwrap();
    assert_eq!(access.route.server.host(), Some("two"));
    assert_eq!(header(&access), "Bearer one");
    // Nothing of the second file's user is mixed in.
    assert_eq!(access.route.impersonation, Impersonation::default());
}

#[test]
fn a_variable_of_nothing_but_separators_names_no_file() {
    let environment =
        |list: &str| Environment { kubeconfig: Some(list.into()), ..Environment::default() };
    let paths = environment("/a::/b:/a").kubeconfigs().unwrap();
    assert_eq!(paths, [Path::new("/a"), Path::new("/b")]);
    assert!(environment(":").kubeconfigs().unwrap().is_empty());
    assert!(Environment::default().kubeconfigs().is_none());
}

/// People's commands read the list as the connection does, and so as kubectl does.
#[test]
fn the_namespace_of_the_context_is_that_of_the_list() {
    let folder = Folder::new();
    let home = folder.0.path();
    let in_list = |paths: &[&Path]| {
        let list = Some(std::env::join_paths(paths).unwrap());
        namespace_in(&Environment { kubeconfig: list, ..Environment::default() })
    };
    let at_home = |service_host: Option<&str>| {
        let (home, service_host) = (Some(home.into()), service_host.map(str::to_owned));
        namespace_in(&Environment { home, service_host, ..Environment::default() })
    };
    let told = |namespace: anyhow::Result<Option<String>>| namespace.unwrap();
    assert_eq!(told(at_home(None)), None, "nobody names a kubeconfig, and there is none");

    let shop = "contexts: [{name: x, context: {cluster: c, namespace: shop}}]\ncurrent-context: x";
    let good = folder.put(".kube/config", shop);
    let (missing, empty) = (home.join("missing"), folder.put("empty", " \n"));
    let other = folder.put("other", shop.replace("shop", "other"));
    let chosen = folder.put("chosen", "current-context: y");
    let bare = folder.put("bare", "contexts: [{name: x, context: {cluster: c, namespace: ''}}]");
    assert_eq!(told(in_list(&[&missing, &empty, &good, &other])).as_deref(), Some("shop"));
    assert_eq!(told(in_list(&[&bare, &good])), None, "the first context of a name is taken whole");
    assert_eq!(told(in_list(&[&bare])), None, "no context is chosen");
    assert_eq!(told(at_home(None)).as_deref(), Some("shop"));
    assert_eq!(told(at_home(Some("10.0.0.1"))), None, "a pod's service account has no context");

    let broken = folder.put("broken", "contexts: [oh");
    for (list, words) in [
        (&[&*missing][..], "cannot be read (No such file"),
        (&[&*broken, &good], "correct the file"),
        (&[&*chosen, &good], "current-context \"y\": there is no such context in"),
        (&[home, &good], "cannot be read (Is a directory"),
    ] {
        let error = format!("{:#}", in_list(list).unwrap_err());
        assert!(error.starts_with("kubeconfig /") && error.contains(words), "{error}");
    }
}

#[test]
fn paths_are_relative_to_their_own_file() {
    let folder = Folder::new();
    folder.put("a/token", "t\n");
    folder.put("a/ca.crt", fs::read(key("p256.crt")).unwrap());
    let user = json!({"tokenFile": "token"});
    let path = folder.config(
        "a/config",
        &json!({"server": "https://a", "certificate-authority": "ca.crt"}),
        &user,
    );
    let access = of_files(&[path]).unwrap();
    assert_eq!(header(&access), "Bearer t");
    assert_eq!(access.route.tls.roots.unwrap().len(), 1);
}

#[test]
fn files_that_make_no_sense() {
    let folder = Folder::new();
    let cluster = "clusters: [{name: c, cluster: {server: 'http://a'}}]";
    let context = "contexts: [{name: x, context: {cluster: c, user: u}}]";
    for (text, words) in [
        ("clusters: [oh".to_owned(), &["correct the file"][..]),
        ("kind: Pod".to_owned(), &["kind is \"Pod\", not \"Config\""]),
        ("apiVersion: v2\nclusters: []".to_owned(), &["apiVersion is \"v2\""]),
        (format!("{cluster}\n{context}"), &["current-context is not set"]),
        (format!("{cluster}\n{context}\ncurrent-context: ''"), &["current-context is not set"]),
        (format!("{cluster}\ncurrent-context: x"), &["current-context \"x\": there is no such"]),
        (format!("{context}\ncurrent-context: x"), &["context \"x\": its cluster \"c\" is not in"]),
        (
            format!("{}\n{context}", cluster.replace("}]", "}, {name: c}]")),
            &["clusters: the name \"c\" is given twice"],
        ),
        (
            "contexts: [{name: x, context: {cluster: ''}}]\ncurrent-context: x".to_owned(),
            &["context \"x\": names no cluster"],
        ),
    ] {
        refused(of_files(&[folder.put("config", text)]), words);
    }
}

/// The parser shows a piece of the text that it does not understand; a secret may be in it.
#[test]
fn a_broken_file_gives_no_secret_away() {
    let folder = Folder::new();
    for text in [
        "users: [{name: u, user: {token: s3cret, username: [oh}}]",
        "users:\n- name: u\n  user:\n    token: s3cret\n    as-groups: 7\n",
        "users:\n- name: u\n  user:\n    token: {s3cret: 7}\n",
        "users:\n- name: u\n  user: s3cret\n",
    ] {
        let error = of_files(&[folder.put("config", text)]).err().unwrap();
        let error = format!("{error:#}");
        assert!(!error.contains("s3cret"), "{error}");
        assert!(error.contains("line"), "where it is is not said: {error}");
    }
}

#[test]
fn what_is_not_used_is_said() {
    let folder = Folder::new();
    let path = folder.put(
        "config",
        "clusters: [{name: c, cluster: {server: 'http://a', servr: b}}]\n\
         contexts: [{name: x, context: {cluster: c, user: nobody, namespace: shop}}]\n\
         current-context: x",
    );
    let access = of_files(&[path]).unwrap();
    // As for kubectl, a user that is not there is nobody.
    assert_eq!(header(&access), "nothing");
    let notes = access.notes.join("\n");
    for words in ["cluster \"c\": the field \"servr\" is unknown", "user \"nobody\" is not in"] {
        assert!(notes.contains(words), "no {words:?} in {notes}");
    }
    // Nearly every kubeconfig has a namespace: that it is not used is for the log at debug.
    assert!(!notes.contains("shop"), "{notes}");
}

#[test]
fn an_empty_field_is_as_good_as_none() {
    let empty = |fields: &[&str]| -> Value {
        let fields = fields.iter().map(|field| ((*field).to_owned(), json!("")));
        Value::Object(fields.collect())
    };
    let cluster = empty(&[
        "certificate-authority",
        "certificate-authority-data",
        "tls-server-name",
        "proxy-url",
    ]);
    assert!(of_cluster(cluster).unwrap().route.tls.roots.is_none());
    let user = empty(&[
        "token",
        "tokenFile",
        "username",
        "password",
        "client-certificate",
        "client-key",
        "client-certificate-data",
        "client-key-data",
        "as",
        "as-uid",
    ]);
    assert_eq!(header(&of_user(user).unwrap()), "nothing");
}

#[test]
fn the_pods_service_account() {
    let folder = Folder::new();
    folder.put("token", "t\n");
    let account = ServiceAccount { folder: folder.0.path().to_owned() };
    let environment = Environment {
        service_host: Some("fd00::1".to_owned()),
        service_port: Some("443".to_owned()),
        ..Environment::default()
    };
    let without = account.read(&environment).unwrap();
    assert_eq!(header(&without), "Bearer t");
    assert!(without.route.tls.roots.is_none() && without.notes[0].contains("ca.crt is missing"));
    folder.put("ca.crt", fs::read(key("p256.crt")).unwrap());
    let access = account.read(&environment).unwrap();
    assert_eq!(access.route.server.to_string(), "https://[fd00::1]:443/");
    assert_eq!(access.route.tls.roots.unwrap().len(), 1);
    // A token that was rotated is another one at the next reading.
    folder.put("token", "t2\n");
    assert_eq!(header(&account.read(&environment).unwrap()), "Bearer t2");

    folder.put("ca.crt", "hello");
    let broken = |environment: &Environment| {
        let error = account.read(environment).err().unwrap().to_string();
        assert!(error.starts_with("the service account of the pod cannot be used: "), "{error}");
        error
    };
    assert!(broken(&environment).contains("ca.crt: holds no certificate"));
    fs::remove_file(folder.0.path().join("token")).unwrap();
    assert!(broken(&environment).contains("token: cannot be read (No such file"));
    let error = broken(&Environment::default());
    assert!(error.contains("KUBERNETES_SERVICE_HOST"), "{error}");
    // Without its variables, the search goes on to the kubeconfig in the home folder.
    let home = Environment { home: Some("/nonexistent".into()), ..Environment::default() };
    let error = read(&Credentials::Search, &home).err().unwrap().to_string();
    assert!(error.starts_with("kubeconfig /nonexistent/.kube/config: cannot be read"), "{error}");
    assert!(read(&Credentials::Cluster, &home).is_err());
}
