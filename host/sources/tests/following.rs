//! Real files that change in every way that people and Kubernetes change them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use hotseat_sources::{
    Demands, PolicyKey, Publication, SettingsSource, SourceError, Sourced, Terms, follow_file,
};
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A poll that no test waits for: what comes sooner came by a hint.
const NEVER: Duration = Duration::from_secs(3600);
/// A poll that is the only way to see a change where hints say nothing.
const OFTEN: Duration = Duration::from_millis(20);
/// Many polls of [`OFTEN`], and several times what two looks are apart.
const A_WHILE: Duration = Duration::from_millis(400);
/// How long an update may take on a machine under load.
const SOON: Duration = Duration::from_secs(20);

/// A key whose secret half nobody has.
const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

struct Followed {
    folder: tempfile::TempDir,
    sourced: mpsc::Receiver<Sourced>,
}

impl Followed {
    /// Follows `policy.wasm` in a new folder that `prepare` has filled.
    fn new(poll: Duration, prepare: impl FnOnce(&Path)) -> Followed {
        Followed::with("policy.wasm", "", poll, prepare)
    }

    /// Follows `name` in it, with these settings, of which `@` and a name are a file in it.
    fn with(name: &str, settings: &str, poll: Duration, prepare: impl FnOnce(&Path)) -> Followed {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let settings = match settings.strip_prefix('@') {
            Some(name) => SettingsSource::File(folder.path().join(name)),
            None => SettingsSource::parse(settings).unwrap(),
        };
        let (tell, sourced) = mpsc::channel(1);
        let terms = Terms { settings, ..terms(poll) };
        tokio::spawn(follow_file(folder.path().join(name), terms, None, tell));
        Followed { folder, sourced }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn next(&mut self) -> Sourced {
        timeout(SOON, self.sourced.recv()).await.expect("nothing came").unwrap()
    }

    async fn found(&mut self) -> Publication {
        match self.next().await {
            Sourced::Found(publication) => publication,
            other => panic!("{other:?}"),
        }
    }

    /// The next publication has this component.
    async fn content(&mut self, wanted: &str) {
        let found = self.found().await;
        assert_eq!(String::from_utf8(found.bytes).unwrap(), wanted);
    }

    async fn refusal(&mut self) -> SourceError {
        match self.next().await {
            Sourced::Refused(error) => error,
            other => panic!("{other:?}"),
        }
    }

    async fn unavailable(&mut self) -> String {
        match self.next().await {
            Sourced::Unavailable(why) => why,
            other => panic!("{other:?}"),
        }
    }

    /// Nothing comes for a while.
    async fn quiet(&mut self) {
        let came = timeout(A_WHILE, self.sourced.recv()).await;
        assert!(came.is_err(), "{came:?}");
    }
}

fn terms(poll: Duration) -> Terms {
    let demands = Demands { limit: 1000, pin: None, key: None };
    Terms { demands, settings: SettingsSource::parse("").unwrap(), poll }
}

/// A file that is written and renamed, as careful programs do it.
fn replace(path: &Path, content: &str) {
    let draft = path.with_extension("draft");
    fs::write(&draft, content).unwrap();
    fs::rename(draft, path).unwrap();
}

#[tokio::test]
async fn what_is_there_at_first_is_reported_once() {
    let mut followed = Followed::new(OFTEN, |folder| replace(&folder.join("policy.wasm"), "one"));
    followed.content("one").await;
    followed.quiet().await;
    // Neither the same content in a new file nor a new time is news.
    replace(&followed.path("policy.wasm"), "one");
    let file = fs::File::options().append(true).open(followed.path("policy.wasm")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    drop(file);
    followed.quiet().await;
    replace(&followed.path("policy.wasm"), "two");
    followed.content("two").await;
}

#[tokio::test]
async fn an_overwrite_is_seen_by_its_hint() {
    let mut followed = Followed::new(NEVER, |folder| replace(&folder.join("policy.wasm"), "one"));
    followed.content("one").await;
    for content in ["two", "three", "four"] {
        fs::write(followed.path("policy.wasm"), content).unwrap();
        followed.content(content).await;
    }
}

#[tokio::test]
async fn a_rename_over_it_is_seen_by_its_hint() {
    let mut followed = Followed::new(NEVER, |folder| replace(&folder.join("policy.wasm"), "one"));
    followed.content("one").await;
    for content in ["two", "three", "four"] {
        replace(&followed.path("policy.wasm"), content);
        followed.content(content).await;
    }
}

#[tokio::test]
async fn a_half_written_file_is_not_taken() {
    let mut followed = Followed::new(OFTEN, |_| ());
    followed.unavailable().await;
    let mut file = fs::File::create(followed.path("policy.wasm")).unwrap();
    file.write_all(b"one ").unwrap();
    followed.quiet().await;
    file.write_all(b"whole").unwrap();
    drop(file);
    followed.content("one whole").await;
}

#[tokio::test]
async fn a_writer_that_never_closes_is_not_waited_for() {
    let mut followed = Followed::new(OFTEN, |_| ());
    followed.unavailable().await;
    let mut file = fs::File::create(followed.path("policy.wasm")).unwrap();
    file.write_all(b"open").unwrap();
    followed.content("open").await;
    drop(file);
    followed.quiet().await;
}

/// Makes the folder look as the kubelet makes a volume: files are links through `..data`.
fn volume(folder: &Path, version: &str, content: &str) {
    let data = folder.join(format!("..2026_{version}"));
    fs::create_dir(&data).unwrap();
    fs::write(data.join("policy.wasm"), content).unwrap();
    let draft = folder.join("..data_tmp");
    symlink(data.file_name().unwrap(), &draft).unwrap();
    fs::rename(draft, folder.join("..data")).unwrap();
}

#[tokio::test]
async fn the_symlink_swap_of_a_volume_is_seen_by_its_hint() {
    let mut followed = Followed::new(NEVER, |folder| {
        volume(folder, "1", "one");
        symlink("..data/policy.wasm", folder.join("policy.wasm")).unwrap();
    });
    followed.content("one").await;
    for (version, content) in [("2", "two"), ("3", "three")] {
        volume(followed.folder.path(), version, content);
        followed.content(content).await;
    }
    fs::remove_dir_all(followed.path("..2026_1")).unwrap();
}

#[tokio::test]
async fn a_change_behind_a_link_is_seen_by_the_poll() {
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("target");
    replace(&target, "one");
    let mut followed =
        Followed::new(OFTEN, |folder| symlink(&target, folder.join("policy.wasm")).unwrap());
    followed.content("one").await;
    replace(&target, "two");
    followed.content("two").await;
    fs::write(&target, "three").unwrap();
    followed.content("three").await;
}

#[tokio::test]
async fn deletion_and_return_are_reported() {
    let mut followed = Followed::new(NEVER, |folder| replace(&folder.join("policy.wasm"), "one"));
    followed.content("one").await;
    fs::remove_file(followed.path("policy.wasm")).unwrap();
    let why = followed.unavailable().await;
    assert!(why.contains("policy.wasm: cannot be read: No such file"), "{why}");
    // The same content is news after a failure: it is well again.
    fs::write(followed.path("policy.wasm"), "one").unwrap();
    followed.content("one").await;
}

#[tokio::test]
async fn a_quick_deletion_and_return_is_not_reported() {
    let mut followed = Followed::new(NEVER, |folder| replace(&folder.join("policy.wasm"), "one"));
    followed.content("one").await;
    followed.quiet().await;
    fs::remove_file(followed.path("policy.wasm")).unwrap();
    // Long enough for one look, and shorter than two are apart.
    let early = timeout(Duration::from_millis(20), followed.sourced.recv()).await;
    assert!(early.is_err(), "{early:?}");
    fs::write(followed.path("policy.wasm"), "two").unwrap();
    followed.content("two").await;
}

#[tokio::test]
async fn a_missing_folder_may_come_and_go_later() {
    let mut followed = Followed::with("mount/policy.wasm", "", OFTEN, |_| ());
    followed.unavailable().await;
    for content in ["one", "two"] {
        fs::create_dir(followed.path("mount")).unwrap();
        fs::write(followed.path("mount/policy.wasm"), content).unwrap();
        followed.content(content).await;
        fs::rename(followed.path("mount"), followed.path(content)).unwrap();
        followed.unavailable().await;
    }
    // In the folder that is now watched anew, hints work: no poll would be as fast as this many.
    fs::create_dir(followed.path("mount")).unwrap();
    fs::write(followed.path("mount/policy.wasm"), "three").unwrap();
    followed.content("three").await;
}

#[tokio::test]
async fn too_large_is_reported_once_and_smaller_is_taken() {
    let mut followed = Followed::new(OFTEN, |folder| replace(&folder.join("policy.wasm"), "one"));
    followed.content("one").await;
    replace(&followed.path("policy.wasm"), &"x".repeat(1001));
    assert_eq!(followed.refusal().await.stage(), "size");
    replace(&followed.path("policy.wasm"), &"y".repeat(1002));
    followed.quiet().await;
    replace(&followed.path("policy.wasm"), &"z".repeat(1000));
    followed.content(&"z".repeat(1000)).await;
}

#[tokio::test]
async fn settings_are_followed_with_the_component() {
    let mut followed = Followed::with("policy.wasm", "@far/settings.json", NEVER, |folder| {
        replace(&folder.join("policy.wasm"), "one");
        fs::create_dir(folder.join("far")).unwrap();
        replace(&folder.join("far/settings.json"), "1");
    });
    assert_eq!(&*followed.found().await.settings, "1");
    // Each alone, and in another folder than the component.
    replace(&followed.path("far/settings.json"), "2");
    let found = followed.found().await;
    assert_eq!((found.bytes.as_slice(), &*found.settings), (&b"one"[..], "2"));
    fs::write(followed.path("policy.wasm"), "two").unwrap();
    let found = followed.found().await;
    assert_eq!((found.bytes.as_slice(), &*found.settings), (&b"two"[..], "2"));
    // Both, one after the other, are one publication.
    fs::write(followed.path("far/settings.json"), "3").unwrap();
    replace(&followed.path("policy.wasm"), "three");
    let found = followed.found().await;
    assert_eq!((found.bytes.as_slice(), &*found.settings), (&b"three"[..], "3"));
    // A part that is wrong keeps the whole away.
    replace(&followed.path("policy.wasm"), "four");
    replace(&followed.path("far/settings.json"), "{");
    let error = followed.refusal().await;
    assert_eq!(error.stage(), "settings");
    assert!(error.to_string().contains("far/settings.json: not JSON"), "{error}");
    fs::remove_file(followed.path("far/settings.json")).unwrap();
    let why = followed.unavailable().await;
    assert!(why.contains("far/settings.json: cannot be read: No such file"), "{why}");
    replace(&followed.path("far/settings.json"), "4");
    let found = followed.found().await;
    assert_eq!((found.bytes.as_slice(), &*found.settings), (&b"four"[..], "4"));
}

#[tokio::test]
async fn a_signature_is_looked_for_where_a_key_is_demanded() {
    let folder = tempfile::tempdir().unwrap();
    replace(&folder.path().join("policy.wasm"), "one");
    let (tell, mut sourced) = mpsc::channel(1);
    let demands = Demands { key: Some(PolicyKey::parse(KEY).unwrap()), ..terms(NEVER).demands };
    let terms = Terms { demands, ..terms(NEVER) };
    tokio::spawn(follow_file(folder.path().join("policy.wasm"), terms, None, tell));
    for (signature, words) in [(None, "it is not signed"), (Some("text"), "is not minisign's")] {
        if let Some(text) = signature {
            replace(&folder.path().join("policy.wasm.minisig"), text);
        }
        let came = timeout(SOON, sourced.recv()).await.expect("nothing came");
        let Some(Sourced::Refused(error)) = came else { panic!("{came:?}") };
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn it_ends_with_its_receiver() {
    let folder = tempfile::tempdir().unwrap();
    replace(&folder.path().join("policy.wasm"), "one");
    let (tell, mut sourced) = mpsc::channel(1);
    let task =
        tokio::spawn(follow_file(folder.path().join("policy.wasm"), terms(NEVER), None, tell));
    timeout(SOON, sourced.recv()).await.expect("nothing came").unwrap();
    drop(sourced);
    timeout(SOON, task).await.expect("it goes on").unwrap();
}
