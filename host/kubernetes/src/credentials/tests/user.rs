//! The fields of a user.

use super::*;

#[test]
fn token() {
    assert_eq!(header(&of_user(json!({"token": "t"})).unwrap()), "Bearer t");
    refused(of_user(json!({"token": "a\nb"})), &["user \"u\": token: holds characters"]);
}

#[test]
fn token_file_with_a_newline() {
    let folder = Folder::new();
    for (text, expected) in [("t", "Bearer t"), ("t\n", "Bearer t"), (" t\r\n\n", "Bearer t")] {
        let path = folder.put("token", text);
        assert_eq!(header(&of_user(json!({"tokenFile": path})).unwrap()), expected, "{text:?}");
        // The file is the newer one.
        let both = json!({"tokenFile": path, "token": "old"});
        assert_eq!(header(&of_user(both).unwrap()), expected);
    }
    let both = json!({"tokenFile": "/nonexistent", "token": "old"});
    assert_eq!(header(&of_user(both).unwrap()), "Bearer old");
    refused(
        of_user(json!({"tokenFile": "/nonexistent"})),
        &["user \"u\": tokenFile: /nonexistent: cannot be read (No such file"],
    );
    for (text, words) in [(" \n", "token: is empty"), ("a\nb\n", "such as a line break")] {
        refused(of_user(json!({"tokenFile": folder.put("token", text)})), &[words]);
    }
}

#[test]
fn username_and_password() {
    let both = json!({"username": "joe", "password": "pw"});
    assert_eq!(header(&of_user(both).unwrap()), "Basic am9lOnB3");
    assert_eq!(header(&of_user(json!({"username": "joe"})).unwrap()), "Basic am9lOg==");
    refused(of_user(json!({"password": "pw"})), &["password without a username"]);
    refused(of_user(json!({"username": "joe", "token": "t"})), &["a request can carry only one"]);
}

#[test]
fn client_certificate_and_key() {
    for user in [
        json!({"client-certificate": key("p256.crt"), "client-key": key("p256.key")}),
        json!({"client-certificate-data": base64("p256.crt"), "client-key-data": base64("p256.key")}),
    ] {
        let access = of_user(user).unwrap();
        assert!(access.route.tls.identity.is_some());
        // kube's TLS takes it.
        crate::transport::transport(&access.route, None, &HeaderValue::from_static("a")).unwrap();
    }
    // A key without a certificate says nothing, to kubectl either.
    let alone = json!({"client-key": key("p256.key"), "token": "t"});
    assert!(of_user(alone).unwrap().route.tls.identity.is_none());
    let both = |certificate: &str, private: &str| {
        of_user(json!({"client-certificate": key(certificate), "client-key": key(private)}))
    };
    refused(of_user(json!({"client-certificate": key("p256.crt")})), &["without a client-key"]);
    refused(both("p256.crt", "p256.crt"), &["client-key", "p256.crt: holds no private key"]);
    refused(both("p256.key", "p256.key"), &["client-certificate", "holds no certificate"]);
    refused(both("p256.crt", "encrypted.key"), &["encrypted.key: the key is encrypted"]);
    refused(both("p256.crt", "nonexistent"), &["nonexistent: cannot be read (No such file"]);
    let twice = json!({"client-certificate": key("p256.crt"), "client-certificate-data": "", "client-key": key("p256.key"), "client-key-data": base64("p256.key")});
    refused(of_user(twice), &["client-key: it is given as", "client-key-data too"]);
}

#[test]
fn client_key_p521() {
    let both = |name: &str| {
        let (certificate, private) = (format!("{name}.crt"), format!("{name}.key"));
        of_user(json!({"client-certificate": key(&certificate), "client-key": key(&private)}))
    };
    let kinds = "RSA of 2048 to 8192 bits, ECDSA on P-256 or P-384, or Ed25519";
    refused(both("p521"), &["client-key: /", "p521.key: the key is ECDSA on P-521", kinds]);
    refused(both("rsa1024"), &["client-key: /", "rsa1024.key: TLS here cannot use the key", kinds]);
}

#[test]
fn impersonation() {
    let access = of_user(json!({
        "token": "t", "as": "joe", "as-uid": "7", "as-groups": ["a", "b"],
        "as-user-extra": {"k": ["v"]},
    }))
    .unwrap();
    let whom = access.route.impersonation;
    assert_eq!((whom.user.as_deref(), whom.uid.as_deref()), (Some("joe"), Some("7")));
    assert_eq!((whom.groups.len(), whom.extra["k"].len()), (2, 1));
    for field in [
        json!({"as-uid": "7"}),
        json!({"as-groups": ["a"]}),
        json!({"as-user-extra": {"k": ["v"]}}),
    ] {
        refused(of_user(field), &["need a user to act as"]);
    }
    refused(of_user(json!({"as": "a\nb"})), &["as \"a\\nb\": holds characters"]);
}

#[test]
fn auth_provider() {
    let provider = json!({"auth-provider": {"name": "oidc", "config": {"id-token": "t"}}});
    refused(of_user(provider), &["auth-provider \"oidc\": is not supported", "exec", "tokenFile"]);
}
