//! The journal's file, what an empty value must not switch off, large heads, and probes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::thread;

use hotseat_tests::process::{Launch, Stream};
use hotseat_tests::scene::{Api, Candidate, SOON};
use hotseat_tests::wait::until;

#[test]
fn the_journal_s_file_is_for_its_user_alone() {
    let api = Api::embedded("journal").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let flag = format!("--journal={}", path.display());
    let candidate = Candidate::start(&api, "writer", &[&flag]).unwrap();
    until("a record", SOON, || match fs::metadata(&path) {
        Ok(found) if found.len() > 0 => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    drop(candidate);

    let (victim, link) = (folder.path().join("victim"), folder.path().join("link"));
    fs::write(&victim, "untouched").unwrap();
    symlink(&victim, &link).unwrap();
    let flag = format!("--journal={}", link.display());
    let mut candidate = Candidate::start(&api, "misled", &[&flag]).unwrap();
    assert_eq!(candidate.process.wait_exit(SOON).code(), Some(1), "{}", candidate.process);
    let said = candidate.log();
    let line = format!("--journal: {}: is a symbolic link, which is not followed", link.display());
    assert!(said.lines().count() == 1 && said.contains(&line), "{said}");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
}

/// A variable that a secret was to fill, and that is empty.
#[test]
fn an_empty_value_switches_nothing_off() {
    for (flag, variable, status, words) in [
        ("--policy-key", "HOTSEAT_POLICY_KEY", 1, "--policy-key is empty, and unsigned policies"),
        ("--registry-credentials", "HOTSEAT_REGISTRY_CREDENTIALS", 2, "a value is required for"),
        ("--registry-ca", "HOTSEAT_REGISTRY_CA", 2, "a value is required for"),
        ("--journal", "HOTSEAT_JOURNAL", 2, "a value is required for"),
    ] {
        for by_variable in [false, true] {
            let launch = Launch::hotseat().unwrap();
            let launch = launch.args(["--election=refused", "--http=", "--policy=file:/p.wasm"]);
            let launch = match by_variable {
                true => launch.env(variable, ""),
                false => launch.arg(format!("{flag}=")),
            };
            let mut process = launch.start().unwrap();
            assert_eq!(process.wait_exit(SOON).code(), Some(status), "{flag}: {process}");
            let said = process.output(Stream::Stderr);
            assert_eq!(said.lines().count(), 1, "{said}");
            assert!(said.contains(words) && said.contains(flag), "{said}");
        }
    }
    // A pin that is empty, too.
    let launch = Launch::hotseat().unwrap().args(["--election=refused", "--http="]);
    let mut process = launch.arg("--policy=file:/p.wasm#sha256=").start().unwrap();
    assert_eq!(process.wait_exit(SOON).code(), Some(1), "{process}");
    let mut process = Launch::hotseat()
        .unwrap()
        .args(["policy", "push", "/p.wasm", "oci://127.0.0.1:1/a", "--policy-key="])
        .start()
        .unwrap();
    assert_eq!(process.wait_exit(SOON).code(), Some(1), "{process}");
    let said = process.output(Stream::Stderr);
    assert!(said.starts_with("hotseat: --policy-key is empty"), "{said}");
}

/// One request with these headers; the status.
fn status(address: SocketAddr, headers: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let request =
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer[9..12].parse().unwrap()
}

#[test]
fn large_cookies_on_localhost() {
    let api = Api::embedded("cookies").unwrap();
    let candidate = Candidate::start(&api, "crumbs", &[]).unwrap();
    let address = candidate.process.http_addr();
    assert_eq!(status(address, &format!("Cookie: a={}\r\n", "x".repeat(20_000))), 200);
    let many: String = (0..120).map(|number| format!("X-{number}: 1\r\n")).collect();
    assert_eq!(status(address, &many), 200);
}

/// Every place taken by half a request of half a mebibyte: far more than a container has.
#[test]
fn a_crowd_with_large_heads_costs_little_memory() {
    const MOST_MEMORY: u64 = 48 << 20;
    let api = Api::embedded("heads").unwrap();
    let candidate = Candidate::start(&api, "crowded", &[]).unwrap();
    let address = candidate.process.http_addr();
    let before = candidate.process.memory().unwrap().anonymous;
    let half = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(512 << 10));
    let crowd: Vec<TcpStream> = (0..250)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_write_timeout(Some(SOON)).unwrap();
            // It may be cut off while it sends.
            let _ = stream.write_all(half.as_bytes());
            stream
        })
        .collect();
    let memory = candidate.process.memory().unwrap().anonymous.saturating_sub(before);
    assert!(memory < MOST_MEMORY, "{memory} bytes more for {} halves", crowd.len());
    assert_eq!(status(address, ""), 200);
}

/// An application that answers its probe by interim answers without end.
#[test]
fn a_probe_that_is_flooded_takes_nothing_of_the_election() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    thread::spawn(move || {
        // Ends with the test's process.
        for stream in listener.incoming().flatten() {
            thread::spawn(move || flood(stream));
        }
    });
    let api = Api::embedded("probe-flood").unwrap();
    let probe = format!("--probe=web=http://{target}/,interval=50ms,timeout=60s,rise=1,fall=1");
    let candidate = Candidate::start(&api, "flooded", &[&probe]).unwrap();
    let process = &candidate.process;
    // Long before its time is over, and by a thread of its own.
    let line = process.wait_line("the probe's target is down", SOON);
    assert!(line.text.contains("too many bytes came"), "{line}");
    let tasks = fs::read_dir(format!("/proc/{}/task", process.pid())).unwrap();
    let names = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")).unwrap());
    let names: Vec<String> = names.map(|name| name.trim().to_owned()).collect();
    assert!(names.iter().any(|name| name == "probes"), "{names:?}");
}

fn flood(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 1024]);
    let interim = "HTTP/1.1 102 Processing\r\n\r\n".repeat(100);
    while stream.write_all(interim.as_bytes()).is_ok() {}
}
