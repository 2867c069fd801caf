//! C, by a compiler that brings a C library for WebAssembly: zig, or clang of wasi-sdk. Its module
//! becomes a component here.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::made::{Made, file, left, wrap};
use crate::Language;
use crate::error::{BuildError, Missing};
use crate::tool::{in_path, is_program, run};

/// zig reserves 16 MiB for the stack otherwise, half of what a policy may use.
const STACK: &str = "-Wl,-z,stack-size=262144";

/// A compiler, with the arguments that make it one for WebAssembly.
struct Compiler {
    name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
}

pub(super) fn build(folder: &Path, target: &Path) -> Result<Made, BuildError> {
    let compiler = find(folder)?;
    let module = target.join("c.wasm");
    let mut command = Command::new(compiler.program);
    command
        .current_dir(folder)
        .args(compiler.arguments)
        // A module that is called from outside and has no `main`.
        .args(["-mexec-model=reactor", "-Os", "-s", "-Wall", STACK, "-o"])
        .arg(&module)
        .args(sources(folder)?);
    run(compiler.name, &mut command)?;
    Ok((wrap(folder, &left(&module)?)?, compiler.name.to_owned()))
}

fn find(folder: &Path) -> Result<Compiler, BuildError> {
    if let Some(sdk) = env::var_os("WASI_SDK_PATH").filter(|it| !it.is_empty()) {
        let program = Path::new(&sdk).join("bin/clang");
        if !is_program(&program) {
            return Err(BuildError::Missing(Missing {
                tool: "clang of wasi-sdk".to_owned(),
                places: format!("WASI_SDK_PATH, {}", Path::new(&sdk).display()),
                remedy: "have the variable name wasi-sdk's folder, or unset it".to_owned(),
            }));
        }
        let arguments = &["--target=wasm32-wasip1"];
        return Ok(Compiler { name: "clang", program, arguments });
    }
    // The package of Python's registry calls its program otherwise.
    let own = folder.join(".venv/bin/python-zig");
    let own = Some(own).filter(|it| is_program(it));
    let program = own.or_else(|| in_path("zig")).or_else(|| in_path("python-zig"));
    let program = program.ok_or_else(|| Missing {
        tool: "a C compiler for WebAssembly, such as zig 0.17.1,".to_owned(),
        places: "WASI_SDK_PATH, the folder's .venv and PATH".to_owned(),
        remedy: format!("run `{}` there", Language::C.tools()),
    })?;
    Ok(Compiler { name: "zig cc", program, arguments: &["cc", "-target", "wasm32-wasi"] })
}

/// All C files of the folder itself.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(file(folder))? {
        let path = entry.map_err(file(folder))?.path();
        if path.extension() == Some(OsStr::new("c")) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
