//! Real files that change in every way that people and Kubernetes change them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

use hotseat_sources::{FileSource, SourceError, Update, follow_file};
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

struct Followed {
    folder: tempfile::TempDir,
    updates: mpsc::Receiver<Update>,
}

impl Followed {
    /// Follows `policy.wasm` in a new folder that `prepare` has filled.
    fn new(poll: Duration, prepare: impl FnOnce(&Path)) -> Followed {
        Followed::with("policy.wasm", poll, false, prepare)
    }

    fn with(name: &str, poll: Duration, signed: bool, prepare: impl FnOnce(&Path)) -> Followed {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let file = FileSource { path: folder.path().join(name), limit: 1000, signed };
        let (updates, receiver) = mpsc::channel(1);
        tokio::spawn(follow_file(file, poll, updates));
        Followed { folder, updates: receiver }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn update(&mut self) -> Update {
        timeout(SOON, self.updates.recv()).await.expect("no update came").unwrap()
    }

    /// The next update is this content; gives its signature.
    async fn content(&mut self, wanted: &str) -> Option<String> {
        match self.update().await {
            Update::Fetched(fetched) => {
                assert_eq!(String::from_utf8(fetched.bytes).unwrap(), wanted);
                fetched.signature
            }
            Update::Failed(error) => panic!("{error} instead of {wanted}"),
        }
    }

    async fn failure(&mut self) -> SourceError {
        match self.update().await {
            Update::Failed(error) => error,
            Update::Fetched(fetched) => panic!("{fetched:?} instead of a failure"),
        }
    }

    /// No update comes for a while.
    async fn quiet(&mut self) {
        let came = timeout(A_WHILE, self.updates.recv()).await;
        assert!(came.is_err(), "{came:?}");
    }
}

/// A file that is written and renamed, as careful programs do it.
fn replace(path: &Path, content: &str) {
    let draft = path.with_extension("draft");
    fs::write(&draft, content).unwrap();
    fs::rename(draft, path).unwrap();
}

#[tokio::test]
async fn what_is_there_at_first_is_told_once() {
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
    followed.failure().await;
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
    followed.failure().await;
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
async fn deletion_is_told_and_return_too() {
    let mut followed = Followed::new(NEVER, |folder| replace(&folder.join("policy.wasm"), "one"));
    followed.content("one").await;
    fs::remove_file(followed.path("policy.wasm")).unwrap();
    let error = followed.failure().await;
    assert_eq!(error.stage(), "read");
    assert!(error.to_string().contains("No such file"), "{error}");
    // The same content is news after a failure: it is well again.
    fs::write(followed.path("policy.wasm"), "one").unwrap();
    followed.content("one").await;
}

#[tokio::test]
async fn a_quick_deletion_and_return_is_not_told() {
    let mut followed = Followed::new(NEVER, |folder| replace(&folder.join("policy.wasm"), "one"));
    followed.content("one").await;
    followed.quiet().await;
    fs::remove_file(followed.path("policy.wasm")).unwrap();
    // Long enough for one look, and shorter than two are apart.
    let early = timeout(Duration::from_millis(20), followed.updates.recv()).await;
    assert!(early.is_err(), "{early:?}");
    fs::write(followed.path("policy.wasm"), "two").unwrap();
    followed.content("two").await;
}

#[tokio::test]
async fn a_missing_folder_may_come_and_go_later() {
    let mut followed = Followed::with("mount/policy.wasm", OFTEN, false, |_| ());
    followed.failure().await;
    for content in ["one", "two"] {
        fs::create_dir(followed.path("mount")).unwrap();
        fs::write(followed.path("mount/policy.wasm"), content).unwrap();
        followed.content(content).await;
        fs::rename(followed.path("mount"), followed.path(content)).unwrap();
        followed.failure().await;
    }
    // In the folder that is now watched anew, hints work: no poll would be as fast as this many.
    fs::create_dir(followed.path("mount")).unwrap();
    fs::write(followed.path("mount/policy.wasm"), "three").unwrap();
    followed.content("three").await;
}

#[tokio::test]
async fn too_large_is_told_once_and_smaller_is_taken() {
    let mut followed = Followed::new(OFTEN, |folder| replace(&folder.join("policy.wasm"), "one"));
    followed.content("one").await;
    replace(&followed.path("policy.wasm"), &"x".repeat(1001));
    assert_eq!(followed.failure().await.stage(), "size");
    replace(&followed.path("policy.wasm"), &"y".repeat(1002));
    followed.quiet().await;
    replace(&followed.path("policy.wasm"), &"z".repeat(1000));
    followed.content(&"z".repeat(1000)).await;
}

#[tokio::test]
async fn a_new_signature_is_news() {
    let mut followed = Followed::with("policy.wasm", NEVER, true, |folder| {
        replace(&folder.join("policy.wasm"), "one");
    });
    assert_eq!(followed.content("one").await, None);
    replace(&followed.path("policy.wasm.minisig"), "first");
    assert_eq!(followed.content("one").await.as_deref(), Some("first"));
    replace(&followed.path("policy.wasm.minisig"), "second");
    assert_eq!(followed.content("one").await.as_deref(), Some("second"));
    // Both at once are one update.
    replace(&followed.path("policy.wasm.minisig"), "third");
    replace(&followed.path("policy.wasm"), "two");
    assert_eq!(followed.content("two").await.as_deref(), Some("third"));
}

#[tokio::test]
async fn it_ends_with_its_receiver() {
    let folder = tempfile::tempdir().unwrap();
    replace(&folder.path().join("policy.wasm"), "one");
    let file = FileSource { path: folder.path().join("policy.wasm"), limit: 10, signed: false };
    let (updates, mut receiver) = mpsc::channel(1);
    let task = tokio::spawn(follow_file(file, NEVER, updates));
    timeout(SOON, receiver.recv()).await.expect("no update came").unwrap();
    drop(receiver);
    timeout(SOON, task).await.expect("it goes on").unwrap();
}
