//! Makes the table of all files that `hotseat policy new` writes, each with its content.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder of this repository, and where its files go; the name before the colon says to which
/// language they belong.
const FOLDERS: [(&str, &str, &str); 9] = [
    ("common", "guest/templates/common", ""),
    ("rules", "guest/templates/rules", ""),
    ("rust", "guest/templates/rust", ""),
    ("rust", "guest/rust", "sdk/rust"),
    ("rust", "guest/standard", "sdk/standard"),
    ("python", "guest/templates/python", ""),
    ("javascript", "guest/templates/javascript", ""),
    ("go", "guest/templates/go", ""),
    ("c", "guest/templates/c", ""),
];

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut table = String::from("&[\n");
    for (language, folder, into) in FOLDERS {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        for file in files(&folder)? {
            let name = Path::new(into).join(file.strip_prefix(&folder).unwrap_or(&file));
            table += &format!("    ({language:?}, {name:?}, include_bytes!({file:?})),\n");
        }
    }
    table += "]\n";
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("files.rs"), table)
}

/// All files below a folder, in the order of their names.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // Followed where it is a link, as the SDK's is to the contract.
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
