//! What the API server was asked, by its audit log.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use serde::Deserialize;

/// What is logged: everything that a candidate does. Other requests are left out.
pub(super) const POLICY: &str = r#"apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    resources:
      - {group: coordination.k8s.io, resources: [leases]}
      - {group: "", resources: [endpoints, configmaps, events]}
      - {group: events.k8s.io, resources: [events]}
      - {group: authorization.k8s.io, resources: [selfsubjectaccessreviews]}
  - level: None
"#;

/// One request that the API server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// `get`, `list`, `watch`, `create`, `update`, `patch` or `delete`.
    pub verb: String,
    /// The resource's plural name, such as `leases`.
    pub resource: String,
    /// The object's namespace, empty if it has none.
    pub namespace: String,
    /// The object's name, empty for `list` and often for `create`. A watch of one object by field
    /// selector carries that object's name.
    pub name: String,
    /// Who asked, such as `system:serviceaccount:ns:name` (see [`super::account_user`]).
    pub user: String,
    /// The client's `User-Agent` header.
    pub user_agent: String,
    /// The answer's HTTP status.
    pub code: u16,
    /// When the request came.
    pub received: Timestamp,
    /// When it was answered; for a watch, when its answer began.
    pub stage_timestamp: Timestamp,
}

/// Whose requests to look at.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// Everybody's, the server's own among them.
    Anyone,
    /// Those of this user, exactly.
    User(&'a str),
    /// Those of clients whose `User-Agent` contains this.
    UserAgent(&'a str),
}

impl Caller<'_> {
    fn made(self, record: &AuditRecord) -> bool {
        match self {
            Self::Anyone => true,
            Self::User(user) => record.user == user,
            Self::UserAgent(part) => record.user_agent.contains(part),
        }
    }
}

/// The requests in the log at `path` received at `since` or later, oldest first.
pub(super) fn read(
    path: &Path,
    since: Timestamp,
    caller: Caller<'_>,
) -> anyhow::Result<Vec<AuditRecord>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        // The server makes the file with the first record.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let mut records =
        parse(&text).with_context(|| format!("{} is not an audit log", path.display()))?;
    records.retain(|record| record.received >= since && caller.made(record));
    Ok(records)
}

fn parse(text: &str) -> anyhow::Result<Vec<AuditRecord>> {
    let mut seen = std::collections::HashSet::new();
    let mut records = Vec::new();
    for line in text.split_inclusive('\n') {
        if !line.ends_with('\n') {
            break; // still being written
        }
        let entry: Entry =
            serde_json::from_str(line).with_context(|| format!("bad record {line:?}"))?;
        // A watch is logged when it begins and when it ends; it is one request all the same.
        if seen.insert(entry.audit_id.clone()) {
            records.push(entry.try_into()?);
        }
    }
    records.sort_by_key(|record: &AuditRecord| record.received);
    Ok(records)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "auditID")]
    audit_id: String,
    verb: String,
    user: User,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    object_ref: ObjectRef,
    #[serde(default)]
    response_status: ResponseStatus,
    request_received_timestamp: String,
    stage_timestamp: String,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize, Default)]
struct ObjectRef {
    #[serde(default)]
    resource: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize, Default)]
struct ResponseStatus {
    #[serde(default)]
    code: u16,
}

impl TryFrom<Entry> for AuditRecord {
    type Error = anyhow::Error;

    fn try_from(entry: Entry) -> Result<Self, Self::Error> {
        Ok(Self {
            verb: entry.verb,
            resource: entry.object_ref.resource,
            namespace: entry.object_ref.namespace,
            name: entry.object_ref.name,
            user: entry.user.username,
            user_agent: entry.user_agent,
            code: entry.response_status.code,
            received: entry.request_received_timestamp.parse()?,
            stage_timestamp: entry.stage_timestamp.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WATCH: &str = r#"{"kind":"Event","auditID":"1","stage":"STAGE","verb":"watch","user":{"username":"u"},"userAgent":"hotseat/1","objectRef":{"resource":"leases","namespace":"ns","name":"l"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-01-01T00:00:00.000001Z","stageTimestamp":"2026-01-01T00:00:00.000002Z"}"#;

    #[test]
    fn a_watch_that_began_and_ended_counts_once() {
        let text = format!("{}\n{}\n", WATCH.replace("STAGE", "ResponseStarted"), WATCH);
        let records = parse(&text).unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!((records[0].name.as_str(), records[0].code), ("l", 200));
    }

    #[test]
    fn a_line_still_being_written_is_left_for_later() {
        assert_eq!(parse(&format!("{WATCH}\n{}", &WATCH[..40])).unwrap().len(), 1);
    }

    #[test]
    fn anything_else_is_an_error() {
        assert!(parse("hello\n").unwrap_err().to_string().contains("hello"));
    }
}
