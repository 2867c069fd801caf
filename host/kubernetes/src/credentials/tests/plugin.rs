//! The fields under `exec`, and what programs answer.

use super::*;

fn exec(fields: Value) -> Value {
    let mut exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/true",
        "interactiveMode": "Never",
    });
    exec.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"exec": exec})
}

#[test]
fn exec_fields() {
    assert_eq!(header(&of_user(exec(json!({}))).unwrap()), "plugin");
    for (fields, words) in [
        (json!({"command": ""}), "exec: command is not set"),
        (json!({"apiVersion": ""}), "exec: apiVersion \"\": is not"),
        (
            json!({"apiVersion": "client.authentication.k8s.io/v1alpha1"}),
            "v1alpha1\": is not client.authentication.k8s.io/v1 or v1beta1",
        ),
        (json!({"interactiveMode": "Always"}), "nobody can answer a sidecar"),
        (json!({"interactiveMode": null}), "interactiveMode is not set"),
        (json!({"env": [{"value": "a"}]}), "env: a variable without a name"),
    ] {
        refused(of_user(exec(fields)), &["user \"u\": exec", words]);
    }
    let beta =
        json!({"apiVersion": "client.authentication.k8s.io/v1beta1", "interactiveMode": null});
    assert_eq!(header(&of_user(exec(beta)).unwrap()), "plugin");
    // A token or a certificate goes before it, as for kubectl.
    let mut user = exec(json!({}));
    user["token"] = json!("t");
    assert_eq!(header(&of_user(user).unwrap()), "Bearer t");
    let mut user = exec(json!({}));
    user["client-certificate"] = json!(key("p256.crt"));
    user["client-key"] = json!(key("p256.key"));
    assert_eq!(header(&of_user(user).unwrap()), "nothing");
}

#[test]
fn exec_install_hint() {
    let user = exec(json!({"command": "no-such-plugin", "installHint": "get it\n"}));
    let Login::Plugin(plugin) = of_user(user).unwrap().login else { panic!("no plugin") };
    let path = Some("/usr/bin:/bin".into());
    let error =
        plugin.find(&Environment { path, ..Environment::default() }).unwrap_err().to_string();
    assert!(error.ends_with("exec: no-such-plugin: there is no such program: get it"), "{error}");
}

fn run(folder: &Folder, cluster: &Value, script: &str, fields: Value) -> anyhow::Result<Granted> {
    let script = folder.put("plugin", script);
    let mut user = exec(json!({"command": "/bin/sh", "args": [script, "one", "two"]}));
    user["exec"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let access = of_files(&[folder.config("config", cluster, &user)])?;
    let Login::Plugin(plugin) = access.login else { panic!("no plugin") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(plugin.run())
}

/// A plugin that says what it was given, as its token.
const ECHO: &str = r#"
info=$(printf %s "$KUBERNETES_EXEC_INFO" | base64 -w0)
printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s.%s.%s.%s"}}' "$1" "$2" "$OWN" "$info"
"#;

#[test]
fn exec_args_env_and_cluster_info() {
    use base64::Engine;
    let folder = Folder::new();
    let cluster = json!({
        "server": "https://api:6443", "certificate-authority": key("p256.crt"),
        "tls-server-name": "kubernetes", "proxy-url": "http://proxy:1", "disable-compression": true,
        "extensions": [
            {"name": "other", "extension": 1},
            {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "us"}},
        ],
    });
    let fields = json!({"env": [{"name": "OWN", "value": "v"}], "provideClusterInfo": true});
    let granted = run(&folder, &cluster, ECHO, fields).unwrap();
    let header = granted.header.unwrap();
    let parts: Vec<&str> = header.to_str().unwrap().split('.').collect();
    assert_eq!(parts[..3], ["Bearer one", "two", "v"]);
    let info = base64::engine::general_purpose::STANDARD.decode(parts[3]).unwrap();
    let info: Value = serde_json::from_slice(&info).unwrap();
    assert_eq!(
        info,
        json!({
            "kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
            "spec": {"interactive": false, "cluster": {
                "server": "https://api:6443", "certificate-authority-data": base64("p256.crt"),
                "tls-server-name": "kubernetes", "proxy-url": "http://proxy:1",
                "disable-compression": true, "config": {"audience": "us"},
            }},
        })
    );
    let granted = run(&folder, &cluster, ECHO, json!({})).unwrap();
    let header = granted.header.unwrap();
    let info = header.to_str().unwrap().rsplit('.').next().unwrap();
    let info = base64::engine::general_purpose::STANDARD.decode(info).unwrap();
    let info: Value = serde_json::from_slice(&info).unwrap();
    assert_eq!(info["spec"], json!({"interactive": false}));
}

#[test]
fn exec_answers() {
    let folder = Folder::new();
    let cluster = json!({"server": "https://api:6443"});
    let version = "client.authentication.k8s.io/v1";
    let answer = |status: Value| {
        let answer = json!({"kind": "ExecCredential", "apiVersion": version, "status": status});
        format!("cat <<'END'\n{answer}\nEND")
    };
    let pem = |name: &str| fs::read_to_string(key(name)).unwrap();
    let certificate = json!({
        "clientCertificateData": pem("p256.crt"), "clientKeyData": pem("p256.key"),
        "expirationTimestamp": "2030-01-01T00:00:00Z",
    });
    let granted = run(&folder, &cluster, &answer(certificate), json!({})).unwrap();
    assert!(granted.identity.is_some() && granted.header.is_none() && granted.expires.is_some());
    for (script, words) in [
        ("echo 'no access' >&2; exit 3".to_owned(), &["exit status: 3", "it says: no access"][..]),
        ("echo hello".to_owned(), &["its answer is not an ExecCredential"]),
        ("echo '{\"kind\":\"Pod\"}'".to_owned(), &["of the kind \"Pod\""]),
        (
            answer(json!({})).replace(version, "client.authentication.k8s.io/v1beta1"),
            &["it answers in \"client.authentication.k8s.io/v1beta1\"", "the same apiVersion"],
        ),
        (answer(Value::Null), &["has no status"]),
        (answer(json!({})), &["neither a token nor a certificate"]),
        (
            answer(json!({"token": "t", "clientCertificateData": "x"})),
            &["a certificate or a key, but not both"],
        ),
        (answer(json!({"token": "a\nb"})), &["its answer's token: holds characters"]),
        (answer(json!({"token": "t", "expirationTimestamp": "soon"})), &["is not a time"]),
        (
            answer(
                json!({"clientCertificateData": pem("p521.crt"), "clientKeyData": pem("p521.key")}),
            ),
            &["its answer's clientKeyData: the key is ECDSA on P-521"],
        ),
        ("head -c 2000000 /dev/zero".to_owned(), &["longer than 1048576 bytes"]),
    ] {
        let error = run(&folder, &cluster, &script, json!({})).err().unwrap();
        let error = format!("{error:#}");
        assert!(error.contains("user \"u\": exec: /bin/sh: "), "{error}");
        for word in words {
            assert!(error.contains(word), "no {word:?} in {error}");
        }
    }
}
