//! The layout that was built, pushed to a registry and pulled back by its digest.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use hotseat_tests::lifeline::ScratchDir;
use hotseat_tests::process::{Hotseat, Launch, Stream};
use hotseat_tests::registry::{Options, Registry};
use hotseat_tests::wait;
use serde_json::Value;

/// How long anything may take here: the machine may be busy.
pub const SOON: Duration = Duration::from_secs(120);
/// What there has to be an image for.
pub fn platforms() -> Vec<String> {
    let names = from_env("HOTSEAT_IMAGE_PLATFORMS");
    names.to_str().unwrap().split_whitespace().map(str::to_owned).collect()
}

/// What came back from the registry. It stays for as long as this process.
pub struct Pulled {
    layout: PathBuf,
    digest: String,
    folder: ScratchDir,
}

/// The image, pushed and pulled once.
pub fn pulled() -> &'static Pulled {
    static PULLED: OnceLock<Pulled> = OnceLock::new();
    PULLED.get_or_init(|| {
        let built = from_env("HOTSEAT_IMAGE_LAYOUT");
        let index = json(&built.join("index.json"));
        let digest = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
        let registry = Registry::start(Options::default()).unwrap();
        let name = format!("{}/team/hotseat", registry.host());
        let tagged = format!("{name}:tried");
        crane(&["push", built.to_str().unwrap(), &tagged]);
        // What is signed is what the tag names.
        assert_eq!(crane(&["digest", &tagged]).trim_end(), digest);
        let folder = ScratchDir::new("hotseat-image-").unwrap();
        let layout = folder.path().join("layout");
        let reference = format!("{name}@{digest}");
        crane(&["pull", "--format=oci", &reference, layout.to_str().unwrap()]);
        // It takes every layer for gzip, so the layers are left to a test of ours.
        crane(&["validate", "--fast", "--remote", &reference]);
        for platform in platforms() {
            let tar = tar_in(&folder, &platform);
            let flag = format!("--platform=linux/{platform}");
            crane(&["export", &flag, &reference, tar.to_str().unwrap()]);
            unpack(&tar, &folder.path().join(platform));
        }
        Pulled { layout, digest, folder }
    })
}

impl Pulled {
    /// The digest of the index, as it was built.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The index of all platforms.
    pub fn index(&self) -> Value {
        self.blob(&self.digest)
    }

    /// The manifest and the configuration for a platform.
    pub fn image(&self, platform: &str) -> (Value, Value) {
        let index = self.index();
        let ours = |entry: &&Value| entry["platform"]["architecture"] == platform;
        let entry = index["manifests"].as_array().unwrap().iter().find(ours).unwrap();
        let manifest = self.blob(entry["digest"].as_str().unwrap());
        let config = self.blob(manifest["config"]["digest"].as_str().unwrap());
        (manifest, config)
    }

    /// Where the content of this digest is.
    pub fn path(&self, digest: &str) -> PathBuf {
        self.layout.join("blobs").join(digest.replace(':', "/"))
    }

    fn blob(&self, digest: &str) -> Value {
        json(&self.path(digest))
    }

    /// A folder with the files of that platform, and the mount points that a runtime makes.
    pub fn root(&self, platform: &str) -> PathBuf {
        self.folder.path().join(platform)
    }

    /// The files of that platform, in one file.
    pub fn tar(&self, platform: &str) -> PathBuf {
        tar_in(&self.folder, platform)
    }

    /// A call of the program as a runtime makes it for that platform: with the user, the entry point
    /// and the environment of the image, on a read-only root, without capabilities.
    pub fn call(&self, platform: &str) -> Launch {
        self.apart(Launch::program("unshare"), platform, "/dev/null".as_ref())
    }

    /// As [`call`](Self::call), in the network of that process, with a `resolv.conf`.
    pub fn call_in(&self, network: u32, platform: &str, resolver: &Path) -> Launch {
        let launch = Launch::program("nsenter").arg(format!("--net=/proc/{network}/ns/net"));
        self.apart(launch.arg("unshare"), platform, resolver)
    }

    fn apart(&self, launch: Launch, platform: &str, resolver: &Path) -> Launch {
        // The mounts are those of a runtime. The shell stays as the first process of a namespace, with
        // which all in it end: who becomes another user outlives the one that started it.
        let script = "root=$1 && mount --bind \"$root\" \"$root\" && \
            mount -t proc proc \"$root/proc\" && mount --rbind /dev \"$root/dev\" && \
            mount --bind \"$2\" \"$root/etc/resolv.conf\" && mount -o remount,bind,ro \"$root\" && \
            shift 2 && setpriv --no-new-privs -- \
            /usr/sbin/chroot --userspec=65532:65532 --groups= \"$root\" \"$@\"; exit $?";
        let apart = ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh"];
        let launch = launch.args(apart);
        self.with_config(platform, launch.arg(self.root(platform)).arg(resolver))
    }

    /// Adds the entry point and the environment of the image.
    fn with_config(&self, platform: &str, mut launch: Launch) -> Launch {
        let (_, config) = self.image(platform);
        for variable in texts(&config["config"]["Env"]) {
            let (name, value) = variable.split_once('=').unwrap();
            launch = launch.env(name, value);
        }
        launch.args(texts(&config["config"]["Entrypoint"]))
    }
}

/// The process of the program that a call has come to.
pub fn program_of(call: &Hotseat) -> u32 {
    wait::until("the program of the image", SOON, || {
        let mut pid = call.pid();
        loop {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            if name.trim_end() == "hotseat" {
                return Ok::<u32, String>(pid);
            }
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            let next = children.ok().and_then(|all| all.split(' ').next()?.parse().ok());
            pid = next.ok_or(name)?;
        }
    })
}

/// The strings of a list.
pub fn texts(list: &Value) -> Vec<String> {
    let text = |entry: &Value| entry.as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(text).collect()
}

fn tar_in(folder: &ScratchDir, platform: &str) -> PathBuf {
    folder.path().join(format!("{platform}.tar"))
}

fn unpack(tar: &Path, root: &Path) {
    fs::create_dir(root).unwrap();
    let (tar, into) = (tar.to_str().unwrap(), root.to_str().unwrap());
    said("tar", &["--extract", "--same-permissions", "--file", tar, "--directory", into]);
    for point in ["proc", "dev"] {
        fs::create_dir(root.join(point)).unwrap();
    }
    fs::write(root.join("etc/resolv.conf"), "").unwrap();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn crane(args: &[&str]) -> String {
    said(from_env("HOTSEAT_CRANE").to_str().unwrap(), args)
}

/// What a program that has to succeed prints.
pub fn said(program: &str, args: &[&str]) -> String {
    let mut process = Launch::program(program).args(args).start().unwrap();
    assert!(process.wait_exit(SOON).success(), "{process}");
    process.output(Stream::Stdout)
}

fn from_env(name: &str) -> PathBuf {
    let value = std::env::var_os(name);
    value.unwrap_or_else(|| panic!("{name} is not set: `make image-test` sets it")).into()
}
