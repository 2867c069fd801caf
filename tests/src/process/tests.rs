use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

const SOON: Duration = Duration::from_secs(10);

fn shell(script: &str) -> Hotseat {
    Launch::program("sh").args(["-c", script]).start().unwrap()
}

#[test]
fn lines_come_with_their_stream_and_order() {
    let mut process = shell("echo one; echo two >&2; echo one again; exit 3");
    let first = process.wait_line("one", SOON);
    assert_eq!((first.text.as_str(), first.stream), ("one", Stream::Stdout));
    let second = process.wait_line_after(&first, "one", SOON);
    assert_eq!(second.text, "one again");
    assert_eq!(process.wait_exit(SOON).code(), Some(3));
    assert_eq!(process.output(Stream::Stderr), "two\n");
    assert!(first.at >= process.started());
}

#[test]
#[should_panic(expected = "for a line with \"three\" after the first 0; process")]
fn a_line_that_never_comes_ends_with_the_output() {
    shell("echo one").wait_line("three", Duration::from_secs(600));
}

#[test]
fn the_environment_of_the_test_is_kept_away() {
    // Cargo sets CARGO_MANIFEST_DIR, so the environment is inherited, but not what Hotseat heeds.
    let mut process = Launch::program("env").env("HOTSEAT_ID", "me").start().unwrap();
    process.wait_exit(SOON);
    let output = process.output(Stream::Stdout);
    assert!(output.contains("CARGO_MANIFEST_DIR="), "{output}");
    assert!(output.contains("\nHOTSEAT_ID=me\n"), "{output}");
    assert!(!output.contains("\nHOTSEAT_TEST_APISERVER="), "{output}");
}

#[test]
fn a_signal_reaches_the_program_itself() {
    let mut process =
        shell("trap 'echo asked; exit 7' TERM; echo ready; while :; do read -r _ </dev/zero; done");
    process.wait_line("ready", SOON);
    process.signal(Signal::KILL).unwrap();
    assert_eq!(process.wait_exit(SOON).code(), None);
    assert!(process.signal(Signal::TERM).is_err());
}

#[test]
fn the_address_is_read_from_the_log_and_asked() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let answering = thread::spawn(move || {
        let (mut connection, _) = server.accept().unwrap();
        let mut request = [0; 1024];
        let count = connection.read(&mut request).unwrap();
        connection.write_all(b"HTTP/1.1 503 no\r\ncontent-length: 4\r\n\r\nwait").unwrap();
        String::from_utf8(request[..count].to_vec()).unwrap()
    });
    let script = format!("echo 'INFO listening address={address} tls=false' >&2; sleep 600");
    let process = shell(&script);
    let response = process.get("/leader").unwrap();
    assert_eq!((response.status, response.text().as_str()), (503, "wait"));
    assert!(answering.join().unwrap().starts_with("GET /leader HTTP/1.1\r\n"));
    assert!(process.get("/leader").is_err(), "nobody listens any more");
}
