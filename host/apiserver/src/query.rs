//! Query parameters of a request.

use std::time::Duration;

use crate::resource::{Resource, Verb};
use crate::selector::Selector;
use crate::status::Status;

/// The parameters that this server reads; others are ignored, as a real server does.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub watch: bool,
    pub dry_run: bool,
    pub fields: String,
    pub labels: String,
    pub version: String,
    /// How many objects of a list at most; zero for all.
    pub limit: usize,
    /// With what a list is gone on with; empty at its beginning.
    pub more: String,
    pub bookmarks: bool,
    pub initial_events: Option<bool>,
    pub timeout: Option<Duration>,
    pub include_object: String,
}

impl Query {
    /// Reads the part of the URL after the question mark.
    pub(crate) fn parse(text: &str) -> Result<Query, Status> {
        let mut query = Query::default();
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            match key.as_ref() {
                "watch" => query.watch = flag(&value),
                "allowWatchBookmarks" => query.bookmarks = flag(&value),
                "sendInitialEvents" => query.initial_events = Some(flag(&value)),
                "fieldSelector" => query.fields = value.into_owned(),
                "labelSelector" => query.labels = value.into_owned(),
                "resourceVersion" => query.version = value.into_owned(),
                "includeObject" => query.include_object = value.into_owned(),
                "limit" => query.limit = limit(&value)?,
                "continue" => query.more = value.into_owned(),
                "timeoutSeconds" => query.timeout = seconds(&value)?,
                "dryRun" if value == "All" => query.dry_run = true,
                "dryRun" => {
                    return Err(Status::bad_request(format!(
                        "dryRun: Unsupported value: {value:?}: supported values: \"All\""
                    )));
                }
                _ => {}
            }
        }
        Ok(query)
    }

    pub(crate) fn selector(&self, resource: &Resource) -> Result<Selector, Status> {
        Selector::parse(resource, &self.fields, &self.labels)
    }

    /// The resourceVersion asked for; 0 if none. A real server takes care only of lists.
    pub(crate) fn version_number(&self, verb: Verb) -> Result<u64, Status> {
        let text = self.version.as_str();
        if text.is_empty() {
            return Ok(0);
        }
        text.parse().map_err(|_| {
            let why = format!(
                "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: \
                 invalid syntax"
            );
            if verb == Verb::List {
                Status::bad_request(format!("invalid resource version: {why}"))
            } else {
                Status::unclassified(why)
            }
        })
    }
}

/// Everything but a spelled-out no counts as yes, also a parameter without a value.
fn flag(value: &str) -> bool {
    !matches!(value, "false" | "0" | "f" | "F" | "False" | "FALSE")
}

fn limit(value: &str) -> Result<usize, Status> {
    let limit: i64 = value.parse().map_err(|_| {
        Status::bad_request(format!("strconv.ParseInt: parsing {value:?}: invalid syntax"))
    })?;
    // A real server takes what is below zero for no limit.
    Ok(usize::try_from(limit).unwrap_or(0))
}

fn seconds(value: &str) -> Result<Option<Duration>, Status> {
    let seconds: u32 = value.parse().map_err(|_| {
        Status::bad_request(format!("strconv.ParseInt: parsing {value:?}: invalid syntax"))
    })?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds.into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::LEASES;

    #[test]
    fn parameters() {
        let text = "watch=true&fieldSelector=metadata.name%3Dx&timeoutSeconds=5&limit=500";
        let query = Query::parse(text).unwrap();
        assert!(query.watch && !query.bookmarks && !query.dry_run);
        assert_eq!((query.limit, query.more.as_str()), (500, ""));
        assert_eq!(query.selector(&LEASES).unwrap().name(), Some("x"));
        assert_eq!(query.timeout, Some(Duration::from_secs(5)));
        assert!(!Query::parse("watch=0").unwrap().watch);
        assert_eq!(Query::parse("timeoutSeconds=soon").unwrap_err().code, 400);
        assert_eq!(Query::parse("limit=many").unwrap_err().code, 400);
        let query = Query::parse("limit=-1&continue=a%3Db").unwrap();
        assert_eq!((query.limit, query.more.as_str()), (0, "a=b"));
        assert_eq!(Query::parse("dryRun=Some").unwrap_err().code, 400);
        let query = Query::parse("resourceVersion=x").unwrap();
        assert_eq!(query.version_number(Verb::List).unwrap_err().code, 400);
    }
}
