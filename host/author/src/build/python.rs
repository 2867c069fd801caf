//! Python, which componentize-py puts into the component whole.

use std::path::Path;
use std::process::Command;

use super::made::{Made, left};
use crate::Language;
use crate::error::{BuildError, Missing};
use crate::tool::{in_path, is_program, run};

/// The tool, in the version that the template's requirements name.
const TOOL: &str = "componentize-py";
const VERSION: &str = "0.25.1";

pub(super) fn build(folder: &Path, target: &Path) -> Result<Made, BuildError> {
    let own = folder.join(".venv/bin").join(TOOL);
    let program = Some(own).filter(|it| is_program(it)).or_else(|| in_path(TOOL));
    let program = program.ok_or_else(|| Missing {
        tool: format!("{TOOL} {VERSION}"),
        places: "the folder's .venv and in PATH".to_owned(),
        remedy: format!("run `{}` there", Language::Python.tools()),
    })?;
    let component = target.join("python.wasm");
    let mut command = Command::new(program);
    command.current_dir(folder).args(["-d", "wit", "-w", "election", "componentize", "app", "-o"]);
    run(TOOL, command.arg(&component))?;
    Ok((left(&component)?, TOOL.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::create;

    #[test]
    fn the_version_is_the_one_of_the_requirements() {
        let parent = tempfile::tempdir().unwrap();
        let folder = create(parent.path(), "calm", Language::Python).unwrap();
        let text = std::fs::read_to_string(folder.join("requirements.txt")).unwrap();
        assert_eq!(text.trim(), format!("{TOOL}=={VERSION}"));
    }
}
