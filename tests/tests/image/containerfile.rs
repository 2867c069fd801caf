//! The Containerfile, built by buildah. What its steps run takes long, and has just been run by `make image`:
//! they are stood in for by scripts that take the same arguments and leave what was made then.

use std::fs;
use std::path::Path;

use hotseat_tests::lifeline::ScratchDir;
use serde_json::Value;

use crate::pulled::{pulled, said};

/// Makes a base with a shell and tar, and a context with the Containerfile in `$1`, and builds it there. `$2` is
/// the checkout, `$3` the image's files as a tar file, `$4` a folder with them. Prints what the image says of
/// itself. All of buildah's own files are in `$1` too.
const BUILD: &str = r#"
    work=$1; context=$work/context; scripts=$context/deploy/image
    mkdir -p "$work/base/bin" "$scripts"
    for program in sh mkdir cp tar; do
        path=$(command -v "$program")
        cp -L "$path" "$work/base/bin/"
        for library in $(ldd "$path" | grep -o '/[^ ]*\.so[^ ]*'); do
            mkdir -p "$work/base${library%/*}" && cp -L "$library" "$work/base$library"
        done
    done
    cp "$2/deploy/image/Containerfile" "$scripts"
    cp "$3" "$context/made.tar"
    printf '%s\n' '#!/bin/sh' 'test $# = 1 && mkdir -p "$1"' >"$scripts/policies.sh"
    printf '%s\n' '#!/bin/sh' 'test "$*" = amd64 && echo /program' >"$scripts/compile.sh"
    printf '%s\n' '#!/bin/sh' 'test $# = 4 && test "$1 $2" = "amd64 /program" && test -d "$3" &&' \
        'cp made.tar "$4"' >"$scripts/layer.sh"
    chmod +x "$scripts"/*.sh

    engine() { buildah --storage-driver vfs --root "$work/store" --runroot "$work/run" "$@"; }
    base=$(engine from scratch)
    engine copy --quiet "$base" "$work/base" / >&2
    engine commit --quiet "$base" localhost/base >&2
    engine build --isolation chroot --pull-never --build-arg BASE=localhost/base --platform linux/amd64 \
        --file "$scripts/Containerfile" --tag localhost/hotseat "$context" >&2
    made=$(engine from --pull-never localhost/hotseat)
    root=$(engine mount "$made")
    for folder in etc/ssl licenses policies usr; do diff -r "$root/$folder" "$4/$folder" >&2; done
    engine umount "$made" >&2
    engine inspect --type image localhost/hotseat
"#;

#[test]
fn an_engine_makes_the_same_image_by_the_containerfile() {
    let folder = ScratchDir::new("hotseat-containerfile-").unwrap();
    let checkout = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let files = pulled().tar("amd64");
    assert!(fs::metadata(&files).unwrap().len() > 0);
    let root = pulled().root("amd64");
    let arguments: [&Path; 4] = [folder.path(), checkout.as_ref(), &files, &root];
    let arguments = arguments.map(|path| path.to_str().unwrap().to_owned());
    let shell = ["-euc", BUILD, "sh"].map(str::to_owned);
    let words: Vec<&str> = shell.iter().chain(&arguments).map(String::as_str).collect();
    let built: Value = serde_json::from_str(&said("sh", &words)).unwrap();
    let built = &built["OCIv1"]["config"];
    let (_, config) = pulled().image("amd64");
    for key in ["User", "Env", "Entrypoint", "ExposedPorts", "Cmd", "WorkingDir"] {
        assert_eq!(built[key], config["config"][key], "{key}: {built}");
    }
}
