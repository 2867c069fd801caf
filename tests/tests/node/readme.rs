//! README, as something to be done by a person who works in a namespace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hotseat_tests::lifeline::ScratchDir;
use serde_json::{Value, json};

use super::space::{Space, file, kubeconfig, output};

/// The block of README with these words in it.
pub fn block(words: &str) -> String {
    let readme = file("README.md");
    // Every other piece is inside of a block, behind the name of its language.
    let mut blocks = readme.split("```").skip(1).step_by(2);
    let block = blocks.find(|block| block.contains(words));
    let block = block.unwrap_or_else(|| panic!("README has no block with {words:?}"));
    block.split_once('\n').unwrap().1.to_owned()
}

/// The commands of that block.
pub fn commands(words: &str) -> Vec<String> {
    let block = block(words);
    let commands = block.lines().filter_map(|line| line.strip_prefix("$ "));
    commands.map(str::to_owned).collect()
}

/// Somebody whose kubeconfig has the namespace in it, as README's commands expect.
pub struct Person {
    folder: ScratchDir,
}

impl Person {
    /// The node's administrator.
    pub fn administrator(space: &Space) -> Self {
        let view = ["config", "view", "--raw", "--flatten", "-o=json"];
        Self::with(space, serde_json::from_str(&space.kubectl(&view)).unwrap())
    }

    /// Who has that service account's rights, and no others.
    pub fn account(space: &Space, account: &str) -> Self {
        let mut config = Self::administrator(space).config();
        let token = space.kubectl(&["create", "token", account]);
        config["users"][0]["user"] = json!({"token": token.trim()});
        Self::with(space, config)
    }

    fn with(space: &Space, mut config: Value) -> Self {
        config["contexts"][0]["context"]["namespace"] = json!(space.name());
        let folder = ScratchDir::new("hotseat-node-person-").unwrap();
        fs::write(folder.path().join("kubeconfig"), config.to_string()).unwrap();
        Self { folder }
    }

    fn config(&self) -> Value {
        serde_json::from_slice(&fs::read(self.kubeconfig()).unwrap()).unwrap()
    }

    /// What `KUBECONFIG` names.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// A folder in which nothing else is than what this person puts there.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What that line prints in a shell in that folder; it has to succeed.
    #[track_caller]
    pub fn types(&self, folder: &Path, line: &str) -> String {
        let mut shell = Command::new("sh");
        shell.env("KUBECONFIG", self.kubeconfig()).args(["-ec", line]).current_dir(folder);
        output(&mut shell, "").unwrap()
    }
}

/// The folder in which README is.
pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn a_person_works_in_the_namespace() {
    let space = Space::new("person", false);
    let person = Person::administrator(&space);
    let line = "kubectl config view --minify -o=jsonpath={..namespace}";
    assert_eq!(person.types(person.folder(), line), space.name());
    assert_ne!(person.kubeconfig(), kubeconfig());
}
