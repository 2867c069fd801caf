//! Go, by its own compiler, whose module becomes a component here.

use std::path::Path;
use std::process::Command;

use super::made::{Made, left, wrap};
use crate::error::{BuildError, Missing};
use crate::tool::{in_path, output, run};

/// What the bindings are written for.
const OLDEST: (u32, u32) = (1, 25);
const REMEDY: &str =
    "install it by your system's packages or from go.dev/dl, and put its folder bin first in PATH";

pub(super) fn build(folder: &Path, target: &Path) -> Result<Made, BuildError> {
    let tool = format!("Go {}.{} or later", OLDEST.0, OLDEST.1);
    let go = in_path("go").ok_or_else(|| Missing {
        tool: tool.clone(),
        places: "PATH".to_owned(),
        remedy: REMEDY.to_owned(),
    })?;
    // Asked in the folder: a newer one may be fetched, as go.mod wants it.
    let found = output(Command::new(&go).current_dir(folder).args(["env", "GOVERSION"]));
    let found = found.unwrap_or_else(|| "one that does not take go.mod".to_owned());
    if version(&found).is_none_or(|it| it < OLDEST) {
        return Err(BuildError::TooOld { tool, found, remedy: REMEDY.to_owned() });
    }
    let module = target.join("go.wasm");
    let mut command = Command::new(go);
    command
        .current_dir(folder)
        .envs([("GOOS", "wasip1"), ("GOARCH", "wasm")])
        // The bindings reach into Go's runtime, which its linker has to let them.
        .args([
            "build",
            "-trimpath",
            "-buildmode=c-shared",
            "-ldflags=-checklinkname=0 -s -w",
            "-o",
        ])
        .arg(&module)
        .arg(".");
    run("go build", &mut command)?;
    let module = hotseat_component::merge_segments(&left(&module)?)?;
    Ok((wrap(folder, &module)?, found))
}

/// The version that `go env GOVERSION` tells, such as `go1.26.8`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix("go")?.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(version("go1.26.8"), Some((1, 26)));
        assert_eq!(version("go1.25rc1"), Some((1, 25)));
        for text in ["", "1.26", "go", "devel go1.27-abcdef"] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
