//! The fields of a cluster.

use super::*;

#[test]
fn server() {
    let of = |server: &str| access(&json!({"server": server}), &json!({}));
    for (server, expected) in [
        ("https://api:6443", "https://api:6443/"),
        ("https://api/prefix/", "https://api/prefix/"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("api", "http://api/"),
    ] {
        assert_eq!(of(server).unwrap().route.server.to_string(), expected);
    }
    let secure = json!({"server": "api:6443", "insecure-skip-tls-verify": true});
    assert_eq!(access(&secure, &json!({})).unwrap().route.server.scheme_str(), Some("https"));
    refused(of(""), &["server is not set", "https://HOST:PORT"]);
    refused(of("ftp://api"), &["server \"ftp://api\": the scheme \"ftp\" is not known"]);
    refused(of("https://a:b@api"), &["a name and a password in the address"]);
    refused(of("https://api?a=b"), &["has a query"]);
    refused(of("https://"), &["is not a URL"]);
}

#[test]
fn certificate_authority() {
    let both = json!({"certificate-authority": key("p256.crt"), "certificate-authority-data": base64("p256.crt")});
    refused(
        of_cluster(both),
        &["certificate-authority: it is given as", "certificate-authority-data too"],
    );
    for (field, value) in [
        ("certificate-authority", key("p256.crt")),
        ("certificate-authority-data", base64("p256.crt")),
    ] {
        let access = of_cluster(json!({field: value})).unwrap();
        assert_eq!(access.route.tls.roots.unwrap().len(), 1, "{field}");
        let both = json!({field: value, "insecure-skip-tls-verify": true});
        refused(of_cluster(both), &["insecure-skip-tls-verify: a certificate authority is given"]);
    }
    refused(
        of_cluster(json!({"certificate-authority": "/nonexistent"})),
        &["cluster \"c\": certificate-authority: /nonexistent: cannot be read (No such file"],
    );
    refused(
        of_cluster(json!({"certificate-authority": key("p256.key")})),
        &["p256.key: holds no certificate"],
    );
    refused(
        of_cluster(json!({"certificate-authority-data": "-----BEGIN"})),
        &["certificate-authority-data: is not base64"],
    );
}

#[test]
fn the_other_fields_of_a_cluster() {
    let access = of_cluster(json!({
        "insecure-skip-tls-verify": true, "tls-server-name": "kubernetes",
        "proxy-url": "socks5://proxy:1", "disable-compression": true,
    }))
    .unwrap();
    assert!(access.route.tls.insecure);
    assert_eq!(access.route.tls.server_name.as_deref(), Some("kubernetes"));
    let proxy = access.route.proxy.unwrap();
    assert!(proxy.kind == Kind::Socks5(None) && proxy.from.ends_with("cluster \"c\": proxy-url"));
    refused(
        of_cluster(json!({"tls-server-name": "a b"})),
        &["tls-server-name: \"a b\" is neither"],
    );
    refused(of_cluster(json!({"proxy-url": "ftp://p"})), &["proxy-url \"ftp://p\": the scheme"]);
    refused(of_cluster(json!({"proxy-url": "proxy:1"})), &["proxy-url \"proxy:1\": has no scheme"]);
}
