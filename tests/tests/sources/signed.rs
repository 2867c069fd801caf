//! Keys and signatures by the program that people have.

use hotseat_sources::{
    Checked, Demands, Fetched, FileSource, PolicyKey, Publication, SettingsSource, SourceError,
    check, compose,
};
use hotseat_tests::process::{Launch, Stream};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A folder with a component, and two pairs of keys without a password.
pub struct Signer {
    folder: tempfile::TempDir,
}

impl Signer {
    pub fn new() -> Self {
        let signer = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(signer.path("policy.wasm"), "a component").unwrap();
        for name in ["one", "two"] {
            let (public, secret) = (signer.key(name), signer.path(name));
            minisign(&["-G", "-W", "-p", text(&public), "-s", text(&secret)]);
        }
        signer
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn key(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.pub"))
    }

    pub fn sign(&self, name: &str, more: &[&str]) {
        let (secret, file) = (self.path(name), self.path("policy.wasm"));
        let all = [&["-S", "-s", text(&secret), "-m", text(&file)], more].concat();
        minisign(&all);
    }

    fn fetched(&self) -> Fetched {
        FileSource { path: self.path("policy.wasm"), limit: 1000, signed: true }.read().unwrap()
    }

    fn demands(&self, key: &str) -> Demands {
        let key = PolicyKey::from_argument(text(&self.key(key))).unwrap();
        Demands { limit: 1000, pin: None, key: Some(key) }
    }

    fn check(&self, key: &str) -> Result<Checked, SourceError> {
        check(self.fetched(), &self.demands(key))
    }

    /// The component with the settings in `settings.json`.
    fn publication(&self) -> Result<Publication, SourceError> {
        let settings = SettingsSource::File(self.path("settings.json")).read()?;
        compose(self.fetched(), &settings, &self.demands("one"))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn minisign(args: &[&str]) {
    let mut process = Launch::program("minisign").args(args).start().unwrap();
    let status = process.wait_exit(Duration::from_secs(30));
    assert!(status.success(), "{status}; {process}{}", process.output(Stream::Stdout));
}

#[track_caller]
fn refused<T: std::fmt::Debug>(found: Result<T, SourceError>, words: &str) {
    let error = found.unwrap_err();
    assert_eq!(error.stage(), "signature");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn a_component_that_minisign_signed() {
    let signer = Signer::new();
    refused(signer.check("one"), "it is not signed");
    signer.sign("one", &["-t", "version 1.2 by the platform team"]);
    let checked = signer.check("one").unwrap();
    assert_eq!(checked.signed.as_deref(), Some("version 1.2 by the platform team"));
    refused(signer.check("two"), "it is signed with another key than RW");
    signer.sign("two", &[]);
    signer.check("two").unwrap();
}

#[test]
fn a_component_that_was_changed_afterwards() {
    let signer = Signer::new();
    signer.sign("one", &[]);
    fs::write(signer.path("policy.wasm"), "a component!").unwrap();
    refused(signer.check("one"), "is not one of these bytes");
}

#[test]
fn a_trusted_comment_that_was_changed_afterwards() {
    let signer = Signer::new();
    signer.sign("one", &["-t", "version 1"]);
    let path = signer.path("policy.wasm.minisig");
    let forged = fs::read_to_string(&path).unwrap().replace("version 1", "version 2");
    fs::write(&path, forged).unwrap();
    refused(signer.check("one"), "is not one of these bytes");
}

#[test]
fn a_signature_of_the_old_form() {
    let signer = Signer::new();
    signer.sign("one", &["-l"]);
    refused(signer.check("one"), "without -l");
}

/// The command in the refusal is one that a shell takes, and what it makes is taken.
#[test]
fn settings_that_were_signed_with_the_component() {
    let signer = Signer::new();
    signer.sign("one", &["-t", "version 1"]);
    fs::write(signer.path("settings.json"), "{\"minutes\": 60}\n").unwrap();
    let error = signer.publication().unwrap_err();
    assert_eq!(error.stage(), "signature");
    let said = error.to_string();
    let (_, command) = said.split_once("sign them with it by minisign ").expect(&said);
    let command = format!("exec minisign {command} -s '{}'", text(&signer.path("one")));
    let mut shell = Launch::program("sh").args(["-c", &command]).start().unwrap();
    assert!(shell.wait_exit(Duration::from_secs(30)).success(), "{command}; {shell}");
    assert_eq!(&*signer.publication().unwrap().settings, "{\"minutes\": 60}\n");
    // Other settings under that signature, and then none.
    fs::write(signer.path("settings.json"), "{}").unwrap();
    refused(signer.publication(), "its signature covers the settings sha256:");
    let none = SettingsSource::parse("").unwrap().read().unwrap();
    refused(compose(signer.fetched(), &none, &signer.demands("one")), "and there are none");
}

#[test]
fn a_key_is_a_file_or_its_line() {
    let signer = Signer::new();
    let file = fs::read_to_string(signer.key("one")).unwrap();
    let line = file.lines().last().unwrap();
    let key = PolicyKey::from_argument(line).unwrap();
    assert_eq!(key, PolicyKey::from_argument(text(&signer.key("one"))).unwrap());
    assert_eq!(key.to_string(), line);
    let secret = PolicyKey::from_argument(text(&signer.path("one"))).unwrap_err().to_string();
    assert!(secret.contains("it is a secret key"), "{secret}");
}
