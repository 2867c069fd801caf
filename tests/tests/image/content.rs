//! What is in the image.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::pulled::{platforms, pulled, said, texts};

/// The most that may be fetched for one platform, in bytes.
const LARGEST: u64 = 10 << 20;

#[test]
fn the_index_has_each_platform_with_a_user_and_an_entry_point() {
    let index = pulled().index();
    let named = index["manifests"].as_array().unwrap().iter().map(|entry| {
        assert_eq!(entry["platform"]["os"], "linux");
        entry["platform"]["architecture"].as_str().unwrap()
    });
    assert_eq!(named.collect::<Vec<_>>(), platforms());
    assert!(pulled().digest().starts_with("sha256:"));
    for platform in &platforms() {
        let (manifest, config) = pulled().image(platform);
        assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
        assert_eq!(config["architecture"], **platform);
        let config = &config["config"];
        // A number, else `runAsNonRoot` cannot be checked.
        assert_eq!(config["User"], "65532:65532");
        assert_eq!(texts(&config["Entrypoint"]), ["/usr/bin/hotseat"]);
        assert!(config["ExposedPorts"]["4040/tcp"].is_object(), "{config}");
        assert_eq!(config["Labels"]["org.opencontainers.image.licenses"], "Apache-2.0");
    }
}

#[test]
fn no_platform_is_larger_than_ten_mebibytes() {
    for platform in &platforms() {
        let (manifest, _) = pulled().image(platform);
        let size = |part: &Value| part["size"].as_u64().unwrap();
        let bytes = size(&manifest["config"]) + size(&manifest["layers"][0]);
        assert!(bytes <= LARGEST, "{platform}: {bytes} bytes");
    }
}

/// Right down to owners and modes: no shell, nothing that anybody but root may write, no set-uid.
#[test]
fn there_is_nothing_but_the_program_policies_certificates_and_papers() {
    let expected = "\
drwxr-xr-x etc/
drwxr-xr-x etc/ssl/
drwxr-xr-x etc/ssl/certs/
-rw-r--r-- etc/ssl/certs/ca-certificates.crt
drwxr-xr-x licenses/
-rw-r--r-- licenses/ca-certificates.txt
-rw-r--r-- licenses/crates.txt
-rw-r--r-- licenses/glibc.txt
-rw-r--r-- licenses/hotseat.txt
-rw-r--r-- licenses/libgcc.txt
-rw-r--r-- licenses/policies.txt
-rw-r--r-- licenses/rust-standard-library.html
drwxr-xr-x policies/
-rw-r--r-- policies/app-heartbeat.wasm
-rw-r--r-- policies/rotate.wasm
drwxr-xr-x policies/rules/
-rw-r--r-- policies/rules/calm.yaml
-rw-r--r-- policies/rules/heartbeat.yaml
-rw-r--r-- policies/rules/lag.yaml
-rw-r--r-- policies/rules/night.yaml
-rw-r--r-- policies/rules/oldest-version.yaml
-rw-r--r-- policies/rules/priority-list.yaml
-rw-r--r-- policies/rules/priority.yaml
-rw-r--r-- policies/rules/ready.yaml
-rw-r--r-- policies/rules/rotation.yaml
-rw-r--r-- policies/rules/sticky.yaml
-rw-r--r-- policies/rules/zone.yaml
-rw-r--r-- policies/standard.wasm
-rw-r--r-- policies/steady.wasm
drwxr-xr-x usr/
drwxr-xr-x usr/bin/
-rwxr-xr-x usr/bin/hotseat
drwxr-xr-x usr/share/
drwxr-xr-x usr/share/sbom/
-rw-r--r-- usr/share/sbom/hotseat.cdx.json
";
    for platform in &platforms() {
        let (manifest, _) = pulled().image(platform);
        let layer = pulled().path(manifest["layers"][0]["digest"].as_str().unwrap());
        // However it is compressed: tar looks for itself.
        let list = ["--list", "--verbose", "--numeric-owner", "--file"];
        let listed = said("tar", &[&list[..], &[layer.to_str().unwrap()]].concat());
        let mut found = String::new();
        for line in listed.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words[1], "0/0", "{line}");
            found += &format!("{} {}\n", words[0], words[words.len() - 1]);
        }
        assert_eq!(found, expected, "{platform}");
    }
}

/// Who built the image may trust an authority of their own, such as a proxy's. Others need not.
#[test]
fn the_authorities_are_those_of_the_system_that_was_built_on_without_its_owners() {
    let mut files: Vec<_> =
        fs::read_dir("/usr/share/ca-certificates/mozilla").unwrap().map(|f| f.unwrap()).collect();
    files.sort_by_key(|file| file.file_name());
    let expected: Vec<u8> = files.iter().flat_map(|file| fs::read(file.path()).unwrap()).collect();
    assert!(files.len() > 100, "{} authorities", files.len());
    for platform in &platforms() {
        let path = pulled().root(platform).join("etc/ssl/certs/ca-certificates.crt");
        assert!(fs::read(path).unwrap() == expected, "{platform}: others");
    }
}

/// Name and version of each part in the image's list of what is in it, whose package URL begins so.
fn listed(platform: &str, kind: &str) -> BTreeSet<(String, String)> {
    let path = pulled().root(platform).join("usr/share/sbom/hotseat.cdx.json");
    let text = fs::read_to_string(path).unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&list["bomFormat"], &list["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    assert!(!text.contains("/tmp/"), "a folder of the machine that built it");
    let part = |part: &Value| {
        let text = |key: &str| part[key].as_str().unwrap().to_owned();
        (text("name"), text("version"))
    };
    let of_kind = |part: &&Value| part["purl"].as_str().unwrap().starts_with(kind);
    list["components"].as_array().unwrap().iter().filter(of_kind).map(part).collect()
}

fn crates(platform: &str) -> BTreeSet<(String, String)> {
    listed(platform, "pkg:cargo/")
}

/// Its faults become the image's, so a scanner has to know of it.
#[test]
fn the_list_has_the_glibc_of_debian_with_its_fixes_for_each_platform() {
    let installed = ["--show", "--showformat", "${Version}", "libc6-dev"];
    let version = said("dpkg-query", &installed).trim_end().to_owned();
    for platform in &platforms() {
        let found = listed(platform, "pkg:deb/debian/");
        assert!(found.contains(&("glibc".to_owned(), version.clone())), "{platform}: {found:?}");
    }
}

#[test]
fn the_list_of_crates_is_that_of_the_program_without_the_demonstration() {
    for platform in &platforms() {
        let found = crates(platform);
        let has = |name: &str| found.iter().any(|(found, _)| found == name);
        for name in ["wasmtime", "kube-client", "rustls", "ring", "hotseat-core"] {
            assert!(has(name), "{platform}: no {name} in {found:?}");
        }
        for name in ["hotseat-apiserver", "console", "hotseat-component", "proptest"] {
            assert!(!has(name), "{platform}: {name} is not in the program");
        }
    }
}

/// The name and the version of each crate in a list of licences.
fn licensed(platform: &str, file: &str) -> BTreeSet<(String, String)> {
    let path = pulled().root(platform).join("licenses").join(file);
    let text = fs::read_to_string(path).unwrap();
    let crates = text.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(' '));
    // The licences' own lines begin with blanks too.
    let crates = crates.filter(|(name, version)| {
        !name.is_empty() && !version.contains(' ') && version.split('.').count() > 2
    });
    crates.map(|(name, version)| (name.to_owned(), version.to_owned())).collect()
}

/// A fault of a crate in a policy is the image's too, though the program does not depend on it.
#[test]
fn the_list_of_crates_has_those_of_the_policies() {
    for platform in &platforms() {
        let found = crates(platform);
        let has = |name: &str| found.iter().any(|(found, _)| found == name);
        for name in ["standard", "rules", "app-heartbeat", "rotate", "steady"] {
            assert!(has(&format!("hotseat-policy-{name}")), "{platform}: no {name} in {found:?}");
        }
        assert!(has("hotseat-blindfold"), "{platform}: {found:?}");
        let policies = licensed(platform, "policies.txt");
        assert!(policies.iter().any(|(name, _)| name == "cel"), "{platform}: {policies:?}");
        let missing: Vec<_> = policies.difference(&found).collect();
        assert!(missing.is_empty(), "{platform}: not in the list: {missing:?}");
    }
}

/// As a runtime checks it, packed and unpacked.
#[test]
fn a_layer_is_compressed_by_zstd_and_is_what_its_digests_say() {
    for platform in &platforms() {
        let (manifest, config) = pulled().image(platform);
        let layer = &manifest["layers"][0];
        assert_eq!(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+zstd");
        let digest = layer["digest"].as_str().unwrap();
        let path = pulled().path(digest);
        let sum = |command: &str| {
            let sum = said("sh", &["-euc", command, "sh", path.to_str().unwrap()]);
            format!("sha256:{}", sum.split(' ').next().unwrap())
        };
        assert_eq!(sum("sha256sum <\"$1\""), digest, "{platform}");
        let unpacked = sum("zstd --decompress --stdout \"$1\" | sha256sum");
        assert_eq!(texts(&config["rootfs"]["diff_ids"]), [unpacked], "{platform}");
    }
}

#[test]
fn each_crate_has_its_licence() {
    for platform in &platforms() {
        let folder = pulled().root(platform).join("licenses");
        let mut named = licensed(platform, "crates.txt");
        named.append(&mut licensed(platform, "policies.txt"));
        for part in crates(platform) {
            let ours = part.0 == "hotseat" || part.0.starts_with("hotseat-");
            assert!(ours || named.contains(&part), "{part:?}");
        }
        for (file, words) in [
            ("hotseat.txt", "Apache License"),
            // Of the policy `rules`, which the program has in it.
            ("policies.txt", "  antlr4rust "),
            ("glibc.txt", "GNU Lesser General Public License"),
            ("libgcc.txt", "GCC RUNTIME LIBRARY EXCEPTION"),
            ("ca-certificates.txt", "Mozilla Public License"),
            ("rust-standard-library.html", "Copyright"),
        ] {
            let text = fs::read_to_string(folder.join(file)).unwrap();
            let (text, words) = (text.to_lowercase(), words.to_lowercase());
            assert!(text.contains(&words), "{platform}: {file}");
        }
    }
}
