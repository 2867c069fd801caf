//! How probes are written: `web=http://127.0.0.1:8080/healthz,interval=2s,timeout=1s,rise=2,fall=3`; the
//! one that says whether the application is ready, without a name.

use hotseat_core::policy::Source;
use hotseat_election::roster::READY;
use hotseat_election::signals::Key;
use hotseat_text::parse_duration;
use http::Uri;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// The most probes of one sidecar.
pub const MOST_PROBES: usize = 16;
const INTERVAL: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(1);
const RISE: u32 = 2;
const FALL: u32 = 3;
/// Bounds of `interval` and `timeout`.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(3600);
/// The largest `rise` and `fall`.
const LONGEST_ROW: u32 = 100;
const HTTP_PORT: u16 = 80;

/// A probe as the operator wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The signal that tells the findings, `probe.NAME`, or `ready`.
    pub key: Key,
    /// What is reported until the target was up or down often enough; none: nothing.
    pub at_first: Option<bool>,
    /// What is probed.
    pub target: Target,
    /// From the start of one attempt to the start of the next, 50 ms to an hour; 2 s.
    pub interval: Duration,
    /// How long an attempt may take as a whole, 50 ms to an hour; 1 s.
    pub timeout: Duration,
    /// Good findings in a row until the target is up, 1 to 100; 2.
    pub rise: u32,
    /// Bad findings in a row until the target is down, 1 to 100; 3.
    pub fall: u32,
}

/// What is probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name or an address, the latter without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path and query of a GET that has to be answered with 2xx or 3xx; none if a connection
    /// is all that is asked for.
    pub path: Option<String>,
}

/// What is wrong with a probe, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}: {why}")]
pub struct SpecError {
    text: String,
    why: String,
}

/// Reads probes, separated by commas as their options are: a part whose value has `://` in it
/// begins a probe, and what follows it belongs to that.
///
/// # Errors
///
/// The first part that is wrong, why, and what would be right.
pub fn parse(text: &str) -> Result<Vec<Probe>, SpecError> {
    let mut probes: Vec<Probe> = Vec::new();
    // An empty variable in a manifest means that there is none.
    if text.trim().is_empty() {
        return Ok(probes);
    }
    for part in text.split(',').map(str::trim) {
        let fail = |why: String| SpecError { text: part.escape_debug().to_string(), why };
        let Some((name, value)) = part.split_once('=') else {
            return Err(fail(format!("no probe: {EXAMPLE}")));
        };
        if value.contains("://") {
            probes.push(begin(name, value).map_err(fail)?);
        } else if let Some(probe) = probes.last_mut() {
            probe.set(name, value).map_err(fail)?;
        } else {
            return Err(fail(format!("not a URL: {EXAMPLE}")));
        }
    }
    Ok(probes)
}

/// Reads the probe that says whether the application is ready to lead. Its target is in this pod, where
/// alone an application can be asked about itself; and it is not ready before it has said so.
///
/// # Errors
///
/// What is wrong, and what would be right.
pub fn parse_ready(text: &str) -> Result<Probe, SpecError> {
    let fail = |why: String| SpecError { text: text.escape_debug().to_string(), why };
    let begins = ["http://", "tcp://"].iter().any(|scheme| text.starts_with(scheme));
    let mut probes = match begins {
        true => parse(&format!("{READY}={text}"))?,
        false => return Err(fail(READY_EXAMPLE.to_owned())),
    };
    let (Some(mut probe), None) = (probes.pop(), probes.pop()) else {
        return Err(fail(format!("one probe says it: {READY_EXAMPLE}")));
    };
    let is_here = probe.target.host == "localhost"
        || probe.target.host.parse().is_ok_and(|host: IpAddr| host.is_loopback());
    if !is_here {
        return Err(fail(format!(
            "{} is not this pod: give 127.0.0.1, [::1] or localhost, and use --probe for what is elsewhere",
            probe.target.host
        )));
    }
    probe.key = Key::new(Source::Probe, READY).map_err(|error| fail(error.to_string()))?;
    probe.at_first = Some(false);
    Ok(probe)
}

const READY_EXAMPLE: &str = "give http://127.0.0.1:PORT/PATH or tcp://127.0.0.1:PORT, optionally followed by options, as in http://127.0.0.1:8080/ready,interval=2s,timeout=1s,rise=2,fall=3";

const EXAMPLE: &str = "give NAME=http://HOST:PORT/PATH or NAME=tcp://HOST:PORT, optionally followed by options, as in web=http://127.0.0.1:8080/healthz,interval=2s,timeout=1s,rise=2,fall=3";

fn begin(name: &str, url: &str) -> Result<Probe, String> {
    // It is a label in the metrics, and a word in the log.
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut words = name.split(['.', '-']);
    if !words.all(|word| !word.is_empty() && word.chars().all(letter)) {
        return Err(format!(
            "no name of a probe: give lower-case words of letters and digits, joined by single dots and dashes: {EXAMPLE}"
        ));
    }
    let key =
        Key::new(Source::Probe, &format!("probe.{name}")).map_err(|error| error.to_string())?;
    let target = target(url)?;
    let at_first = None;
    Ok(Probe {
        key,
        at_first,
        target,
        interval: INTERVAL,
        timeout: TIMEOUT,
        rise: RISE,
        fall: FALL,
    })
}

fn target(url: &str) -> Result<Target, String> {
    let uri: Uri = url.parse().map_err(|error| format!("not a URL ({error}): {EXAMPLE}"))?;
    let host = uri.host().unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if host.is_empty() || authority.contains('@') {
        return Err(format!("a host is needed, and no user: {EXAMPLE}"));
    }
    // `http` takes a port that is too large for none.
    let has_port = authority.len() > host.len();
    if has_port && uri.port_u16().is_none_or(|port| port == 0) {
        return Err("the port must be a number from 1 to 65535".to_owned());
    }
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let (port, path) = match (uri.scheme_str(), uri.port_u16()) {
        (Some("http"), port) => {
            let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
            (port.unwrap_or(HTTP_PORT), Some(path))
        }
        (Some("tcp"), Some(port)) if path.is_empty() || path == "/" => (port, None),
        (Some("tcp"), Some(_)) => return Err("tcp has no path: leave it out".to_owned()),
        (Some("tcp"), None) => return Err("tcp has no port of its own: give one".to_owned()),
        (Some("https"), _) => {
            return Err("https is not probed: give the plain http port, or tcp://HOST:PORT for whether it listens".to_owned());
        }
        _ => return Err(format!("unknown scheme: {EXAMPLE}")),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(Target { host, port, path })
}

impl Probe {
    fn set(&mut self, option: &str, value: &str) -> Result<(), String> {
        match option {
            "interval" => self.interval = duration(value)?,
            "timeout" => self.timeout = duration(value)?,
            "rise" => self.rise = row(value)?,
            "fall" => self.fall = row(value)?,
            _ => {
                return Err("unknown option: there are interval, timeout, rise and fall".to_owned());
            }
        }
        Ok(())
    }
}

fn duration(value: &str) -> Result<Duration, String> {
    let duration = parse_duration(value)?;
    if (SHORTEST..=LONGEST).contains(&duration) {
        return Ok(duration);
    }
    Err("give a duration from 50ms to 1h".to_owned())
}

fn row(value: &str) -> Result<u32, String> {
    let row = value.parse().ok().filter(|row| (1..=LONGEST_ROW).contains(row));
    row.ok_or_else(|| format!("give a number from 1 to {LONGEST_ROW}"))
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Probe {
        let mut probes = parse(text).unwrap();
        assert_eq!(probes.len(), 1, "{text}");
        probes.remove(0)
    }

    #[test]
    fn a_probe_is_a_name_a_url_and_options() {
        let probe = one("web=http://127.0.0.1:8080/healthz?full=1");
        assert_eq!(probe.key.as_str(), "probe.web");
        assert_eq!(probe.target.to_string(), "127.0.0.1:8080");
        assert_eq!(probe.target.path.as_deref(), Some("/healthz?full=1"));
        assert_eq!((probe.interval, probe.timeout), (INTERVAL, TIMEOUT));
        assert_eq!((probe.rise, probe.fall), (2, 3));

        let probe = one("db-main=tcp://[::1]:5432,interval=500ms,timeout=1m,rise=1,fall=100");
        assert_eq!((probe.target.host.as_str(), probe.target.port), ("::1", 5432));
        assert_eq!((probe.target.path, probe.rise, probe.fall), (None, 1, 100));
        assert_eq!(probe.interval, Duration::from_millis(500));
        assert_eq!(probe.timeout, Duration::from_secs(60));

        let probe = one("web=http://web");
        assert_eq!(probe.target.to_string(), "web:80");
        assert_eq!(probe.target.path.as_deref(), Some("/"));
    }

    #[test]
    fn readiness_is_asked_in_this_pod_alone_and_begins_as_no() {
        for (text, target) in [
            ("http://127.0.0.1:8080/ready,rise=1", "127.0.0.1:8080"),
            ("http://localhost/", "localhost:80"),
            ("tcp://[::1]:5432", "[::1]:5432"),
        ] {
            let probe = parse_ready(text).unwrap();
            assert_eq!((probe.key.as_str(), probe.key.source()), (READY, Source::Probe));
            assert_eq!((probe.at_first, probe.target.to_string().as_str()), (Some(false), target));
        }
        assert_eq!(parse_ready("http://127.0.0.1/,rise=1").unwrap().rise, 1);
        for (text, words) in [
            ("", "give http://127.0.0.1:PORT/PATH"),
            ("web=http://127.0.0.1/", "give http://127.0.0.1:PORT/PATH"),
            ("https://127.0.0.1/", "give http://127.0.0.1:PORT/PATH"),
            ("http://127.0.0.1/,b=tcp://127.0.0.1:1", "one probe says it"),
            ("http://web.shop/ready", "web.shop is not this pod: give 127.0.0.1"),
            ("http://10.0.0.1/ready", "10.0.0.1 is not this pod"),
            ("http://127.0.0.1/,fall=0", "fall=0: give a number from 1 to 100"),
        ] {
            let error = parse_ready(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error:?}");
        }
    }

    #[test]
    fn several_stand_in_a_row_as_in_the_environment() {
        let probes = parse("a=tcp://h:1,fall=1, b=http://h/x=y,rise=9").unwrap();
        let told: Vec<_> = probes.iter().map(|p| (p.key.as_str(), p.rise, p.fall)).collect();
        assert_eq!(told, [("probe.a", 2, 1), ("probe.b", 9, 3)]);
        assert_eq!(probes[1].target.path.as_deref(), Some("/x=y"));
        assert_eq!(parse(" "), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_probe_is_refused_with_the_remedy() {
        for (text, words) in [
            (",", "no probe: give NAME=http://"),
            ("web", "web: no probe"),
            ("interval=2s", "interval=2s: not a URL"),
            ("Web=tcp://h:1", "lower-case words"),
            ("=tcp://h:1", "lower-case words"),
            ("web=https://h/", "https is not probed: give the plain http port, or tcp://"),
            ("web=ftp://h/", "unknown scheme"),
            ("web=tcp://h", "give one"),
            ("web=tcp://h:1/x", "tcp has no path"),
            ("web=http://u:p@h/", "no user"),
            ("web=http://:80/", "a host is needed"),
            ("web=http://h:0/", "from 1 to 65535"),
            ("web=http://h:99999/", "65535"),
            ("web=http://h,interval=1ms", "interval=1ms: give a duration from 50ms to 1h"),
            ("web=http://h,timeout=soon", "write it as 15s"),
            ("web=http://h,rise=0", "rise=0: give a number from 1 to 100"),
            ("web=http://h,fall=-1", "from 1 to 100"),
            ("web=http://h,falls=1", "there are interval, timeout, rise and fall"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error:?}");
        }
    }
}
