//! The program for arm64, by an emulator of that processor.

use hotseat_tests::process::{Launch, Stream};
use serde_json::Value;

use crate::pulled::{SOON, pulled};

/// Has the kernel run programs for arm64 by the emulator, in a user namespace of its own, so that the
/// program may start itself as the compiler of policies. Kernels before 6.7 take that only from
/// the machine's root, who is then taken to have done so, as Debian's package does.
const EMULATED: &str = r#"
    magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    if mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc; then
        printf '%s' ":hotseat-arm64:M::$magic:$mask:/usr/bin/qemu-aarch64-static:F" \
            >/proc/sys/fs/binfmt_misc/register || exit 9
    fi
    root=$1; shift; exec /usr/sbin/chroot "$root" "$@""#;

fn emulated(args: &[&str]) -> (Option<i32>, String, String) {
    let mut process = Launch::program("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", EMULATED, "sh"])
        .arg(pulled().root("arm64"))
        .arg("/usr/bin/hotseat")
        .args(args)
        .start()
        .unwrap();
    let status = process.wait_exit(SOON).code();
    (status, process.output(Stream::Stdout), process.output(Stream::Stderr))
}

#[test]
fn it_says_its_version_and_that_no_sidecar_answers() {
    let (status, stdout, stderr) = emulated(&["--version"]);
    let version = concat!("hotseat ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!((status, stdout.as_str()), (Some(0), version), "{stderr}");
    let (status, _, stderr) = emulated(&["status", "--address=127.0.0.1:9"]);
    assert_eq!(status, Some(1), "{stderr}");
    assert!(stderr.contains("nothing answers (Connection refused"), "{stderr}");
}

#[test]
fn it_compiles_a_policy_and_asks_it() {
    let args = ["--settings", r#"{"minutes": 60}"#, "--output=json"];
    let args = [&["policy", "check", "/policies/rotate.wasm"][..], &args].concat();
    let (status, stdout, stderr) = emulated(&args);
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&report["ok"], &report["policy"]["name"]), (&true.into(), &"rotate".into()));
}
