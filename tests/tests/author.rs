//! The author's hour: what the pages in `docs/authors` say is done here, command by command, in a folder
//! outside of any checkout, in each language, and what the page about questions says.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

#[path = "author/page.rs"]
mod page;
#[path = "author/refusals.rs"]
mod refusals;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use hotseat_author::Language;
use hotseat_tests::guests;
use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::process::hotseat_binary;
use page::Page;

#[test]
fn rules() {
    follow("rules", &["hotseat policy run", "hotseat policy check"]);
}

#[test]
fn rust() {
    follow("rust", &["cargo test", "hotseat policy build", "hotseat policy run"]);
}

#[test]
fn python() {
    follow("python", &["hotseat policy build", "hotseat policy run", "hotseat policy check"]);
}

#[test]
fn javascript() {
    follow("javascript", &["hotseat policy build", "hotseat policy run", "hotseat policy check"]);
}

#[test]
fn go() {
    follow("go", &["hotseat policy build", "hotseat policy run", "hotseat policy check"]);
}

#[test]
fn c() {
    follow("c", &["hotseat policy build", "hotseat policy run", "hotseat policy check"]);
}

/// The bindings in the templates are those of the contract.
#[test]
fn the_bindings_are_what_the_contract_gives() {
    let script = repository().join("guest/setup/bindings.sh");
    let status = Command::new(script).arg("--check").status().unwrap();
    assert!(status.success(), "{status}: see its messages above");
}

/// The page about questions of one's own, which asks them of rules, where nothing has to be built.
#[test]
fn questions() {
    let asked = ["hotseat policy run", "echo '{from: leader, signals: "];
    follow_page("docs/scenes.md", Language::Rules, &asked);
}

/// Does what a language's page says; `wanted` has to be among it.
fn follow(name: &str, wanted: &[&str]) {
    follow_page(&format!("docs/authors/{name}.md"), name.parse().unwrap(), wanted);
}

fn follow_page(path: &str, language: Language, wanted: &[&str]) {
    let place = Place::new(language);
    let page = Page::read(&repository().join(path));
    let done = page.follow(&place);
    for command in wanted {
        assert!(done.iter().any(|it| it.starts_with(command)), "{command} is not in {done:?}");
    }
}

fn repository() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

/// A folder outside of any workspace, with the program in `PATH`.
struct Place {
    language: Language,
    folder: ScratchDir,
}

impl Place {
    fn new(language: Language) -> Place {
        let folder = ScratchDir::new("hotseat-author-").unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        symlink(hotseat_binary().unwrap(), folder.path().join("bin/hotseat")).unwrap();
        Place { language, folder }
    }

    /// Where the author works.
    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A shell's command there, with nothing of the cargo that runs this test.
    fn shell(&self, folder: &Path, command: &str) -> Command {
        let mut shell = Command::new("sh");
        let path = std::env::var("PATH").unwrap();
        let own = self.folder.path().join("bin");
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            let of_cargo = name.starts_with("CARGO") && name != "CARGO_HOME";
            if of_cargo || name.starts_with("RUSTC") || name == "RUSTFLAGS" {
                shell.env_remove(&*name);
            }
        }
        shell
            .args(["-c", command])
            .current_dir(folder)
            .env("PATH", format!("{}:{path}", own.display()))
            // What the lock file of the template names is there, since the workspace has the same.
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_INCREMENTAL", "0")
            // The machine has other tests to run.
            .env("HOTSEAT_POLICY_TIME", "400ms")
            .env_remove("WASI_SDK_PATH");
        shell
    }

    /// Stands for the command that installs the language's tools: they were installed by the same one,
    /// once for all tests.
    fn install_tools(&self, folder: &Path) {
        let tools = guests::tools(self.language.as_str()).unwrap();
        match self.language {
            Language::JavaScript => {
                symlink(tools.join("node_modules"), folder.join("node_modules")).unwrap();
            }
            _ => symlink(tools, folder.join(".venv")).unwrap(),
        }
    }
}
