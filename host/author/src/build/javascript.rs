//! JavaScript, which componentize-qjs puts into the component with QuickJS.

use std::path::Path;
use std::process::Command;

use super::made::{Made, left};
use crate::Language;
use crate::error::{BuildError, Missing};
use crate::tool::{in_path, run};

/// The tool, in the version that the template's package names.
const TOOL: &str = "componentize-qjs";
const VERSION: &str = "0.4.5";

pub(super) fn build(folder: &Path, target: &Path) -> Result<Made, BuildError> {
    let node = in_path("node").ok_or_else(|| Missing {
        tool: "Node.js 18 or later".to_owned(),
        places: "PATH".to_owned(),
        remedy: "install it with npm, by your system's packages (`apt-get install nodejs npm`) or from nodejs.org".to_owned(),
    })?;
    // Not by the program in its folder bin, which Node.js 18 takes for a script.
    let program = folder.join("node_modules").join(TOOL).join("cli.mjs");
    if !program.is_file() {
        return Err(BuildError::Missing(Missing {
            tool: format!("{TOOL} {VERSION}"),
            places: "the folder's node_modules".to_owned(),
            remedy: format!("run `{}` there", Language::JavaScript.tools()),
        }));
    }
    let component = target.join("javascript.wasm");
    let mut command = Command::new(node);
    // The runtime that is not asynchronous: the contract's functions are not.
    command.current_dir(folder).arg(program).args(["--sync", "--wit", "wit"]);
    command.args(["--world", "election", "--js", "policy.js", "-o"]);
    run(TOOL, command.arg(&component))?;
    Ok((left(&component)?, TOOL.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::create;

    #[test]
    fn the_version_is_the_one_of_the_package() {
        let parent = tempfile::tempdir().unwrap();
        let folder = create(parent.path(), "calm", Language::JavaScript).unwrap();
        let text = std::fs::read_to_string(folder.join("package.json")).unwrap();
        assert!(text.contains(&format!("\"{TOOL}\": \"{VERSION}\"")), "{text}");
    }
}
