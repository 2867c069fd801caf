//! What each verb does to the store.

use std::sync::Arc;

use serde_json::Value;

use crate::answer::Form;
use crate::decode;
use crate::key::Key;
use crate::meta;
use crate::pages::Page;
use crate::patch;
use crate::query::Query;
use crate::resource::{Resource, Verb};
use crate::route::Objects;
use crate::status::{Cause, Status};
use crate::store::Store;
use crate::table;

const MODIFIED: &str = "the object has been modified; please apply your changes to the latest \
                        version and try again";
const PATCHES: &str = "application/merge-patch+json, application/strategic-merge-patch+json";

/// A request with its body, ready to be applied.
#[derive(Debug)]
pub(crate) struct Request {
    pub verb: Verb,
    pub target: Objects,
    pub query: Query,
    pub form: Form,
    /// The media type of the body, without parameters.
    pub media: String,
    pub body: Vec<u8>,
}

/// Applies the request; the answer is a code and an object.
pub(crate) fn apply(store: &Store, request: &Request) -> Result<(u16, Value), Status> {
    match request.verb {
        Verb::Get => get(store, request),
        Verb::List | Verb::Watch => list(store, request),
        Verb::Create => create(store, request),
        Verb::Update => update(store, request),
        Verb::Patch => change(store, request),
        Verb::Delete => delete(store, request),
    }
}

fn get(store: &Store, request: &Request) -> Result<(u16, Value), Status> {
    let Objects { resource, namespace, name } = &request.target;
    not_from_the_future(store, request)?;
    let object =
        store.get(resource, namespace, name).ok_or_else(|| Status::not_found(resource, name))?;
    Ok((200, show(request, &object)))
}

fn list(store: &Store, request: &Request) -> Result<(u16, Value), Status> {
    let Objects { resource, namespace, .. } = &request.target;
    let selector = request.query.selector(resource)?;
    not_from_the_future(store, request)?;
    let Page { objects, version, more } = match request.query.more.as_str() {
        "" => {
            let (mut objects, version) = store.snapshot(resource, namespace);
            objects.retain(|object| selector.matches(object));
            store.pages().begin((objects, version), request.query.limit)
        }
        more => store.pages().go_on(more, request.query.limit)?,
    };
    let version = version.to_string();
    let mut list = match request.form {
        Form::Table => {
            let include = &request.query.include_object;
            table::of(resource, objects.iter().map(Arc::as_ref), &version, include, true)
        }
        _ => serde_json::json!({
            "kind": format!("{}List", resource.kind),
            "apiVersion": resource.api_version(),
            "metadata": {"resourceVersion": version},
            "items": objects.iter().map(item).collect::<Vec<_>>(),
        }),
    };
    if let Some((more, left)) = more {
        list["metadata"]["continue"] = more.into();
        // Of a list that is narrowed by a selector a real server does not know how many are left.
        if request.query.labels.is_empty() && request.query.fields.is_empty() {
            list["metadata"]["remainingItemCount"] = left.into();
        }
    }
    Ok((200, list))
}

/// The items of a list carry no kind of their own.
fn item(object: &Arc<Value>) -> Value {
    let mut item = Value::clone(object);
    if let Some(fields) = item.as_object_mut() {
        fields.remove("kind");
        fields.remove("apiVersion");
    }
    item
}

fn create(store: &Store, request: &Request) -> Result<(u16, Value), Status> {
    let Objects { resource, namespace, .. } = &request.target;
    let mut object = body(request)?;
    decode::object(resource, &mut object)?;
    meta::settle_namespace(&mut object, namespace)?;
    if !meta::field(&object, "resourceVersion").is_empty() {
        let message = "resourceVersion should not be set on objects to be created";
        return Err(Status::unclassified(message));
    }
    let object = store.create(resource, object, request.query.dry_run)?;
    Ok((201, show(request, &object)))
}

fn update(store: &Store, request: &Request) -> Result<(u16, Value), Status> {
    let Objects { resource, namespace, name } = &request.target;
    let mut object = body(request)?;
    decode::object(resource, &mut object)?;
    meta::settle_namespace(&mut object, namespace)?;
    check_name(name, &object)?;
    let key = Key::new(resource, namespace, name);
    let dry = request.query.dry_run;
    let (object, created) = store.update(resource, key, dry, |old| {
        let old = old.unwrap_or(&Value::Null);
        check_uid(resource, namespace, name, &object, old)?;
        if old.is_null() {
            // A real server ignores the version here: a PUT makes a missing lease anew.
            if !resource.create_on_update {
                return Err(Status::not_found(resource, name));
            }
            return Ok(object);
        }
        check_version(resource, name, &object, old)?;
        Ok(object)
    })?;
    Ok((if created { 201 } else { 200 }, show(request, &object)))
}

fn change(store: &Store, request: &Request) -> Result<(u16, Value), Status> {
    let Objects { resource, namespace, name } = &request.target;
    let unsupported = || Status::unsupported_media_type(PATCHES);
    let patch = match request.media.as_str() {
        "application/merge-patch+json" => patch_of(request)?,
        "application/strategic-merge-patch+json" => {
            let plain = Some(patch_of(request)?).filter(patch::is_plain);
            plain.ok_or_else(unsupported)?
        }
        _ => return Err(unsupported()),
    };
    let key = Key::new(resource, namespace, name);
    let dry = request.query.dry_run;
    let (object, _) = store.update(resource, key, dry, |old| {
        let old = old.ok_or_else(|| Status::not_found(resource, name))?;
        let mut object = old.clone();
        patch::merge(&mut object, &patch);
        decode::patched(resource, name, &mut object)?;
        check_name(name, &object)?;
        meta::settle_namespace(&mut object, namespace)?;
        let uid = meta::field(&object, "uid");
        if uid != meta::field(old, "uid") {
            let cause = Cause::invalid("metadata.uid", uid, "field is immutable");
            return Err(Status::invalid(resource, name, &[cause.clone(), cause]));
        }
        if patch["metadata"].get("resourceVersion").is_some() {
            check_version(resource, name, &object, old)?;
        }
        Ok(object)
    })?;
    Ok((200, show(request, &object)))
}

fn delete(store: &Store, request: &Request) -> Result<(u16, Value), Status> {
    let Objects { resource, namespace, name } = &request.target;
    let options = if request.body.is_empty() { Value::Null } else { body_of(request)? };
    let wanted = &options["preconditions"];
    let key = Key::new(resource, namespace, name);
    let old = store.delete(resource, key, request.query.dry_run, |old| {
        let conflict = |what: &str, field: &str, perhaps: &str| {
            let there = meta::field(old, field);
            let given = wanted[field].as_str().filter(|given| *given != there)?;
            let why = format!(
                "the {what} in the precondition ({given}) does not match the {what} in record \
                 ({there}). The object might have been {perhaps}"
            );
            Some(Status::precondition(resource, name, &why))
        };
        conflict("UID", "uid", "deleted and then recreated")
            .or_else(|| conflict("ResourceVersion", "resourceVersion", "modified"))
            .map_or(Ok(()), Err)
    })?;
    let mut details = serde_json::json!({
        "name": name, "kind": resource.plural, "uid": meta::field(&old, "uid"),
    });
    if !resource.group.is_empty() {
        details["group"] = resource.group.into();
    }
    let done = serde_json::json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    });
    Ok((200, done))
}

fn check_name(name: &str, object: &Value) -> Result<(), Status> {
    let given = meta::field(object, "name");
    if given == name {
        return Ok(());
    }
    Err(Status::bad_request(format!(
        "the name of the object ({given}) does not match the name on the URL ({name})"
    )))
}

/// The compare of compare-and-swap.
fn check_version(
    resource: &Resource,
    name: &str,
    object: &Value,
    old: &Value,
) -> Result<(), Status> {
    let given = meta::field(object, "resourceVersion");
    match given {
        "" | "0" if resource.unconditional_update => Ok(()),
        "" | "0" => Err(Status::version_missing(resource, name)),
        _ if given == meta::field(old, "resourceVersion") => Ok(()),
        _ if given.parse::<u64>().is_err() => {
            let message = format!("strconv.ParseUint: parsing {given:?}: invalid syntax");
            Err(Status::unclassified(message))
        }
        _ => Err(Status::conflict(resource, name, MODIFIED)),
    }
}

/// A uid in an update is a precondition, also against a missing object.
fn check_uid(
    resource: &Resource,
    namespace: &str,
    name: &str,
    object: &Value,
    old: &Value,
) -> Result<(), Status> {
    let (given, there) = (meta::field(object, "uid"), meta::field(old, "uid"));
    if given.is_empty() || given == there {
        return Ok(());
    }
    if old.is_null() && !resource.create_on_update {
        return Err(Status::not_found(resource, name));
    }
    let plural = resource.plural;
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{plural}/{namespace}/{name}, \
         ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: \
         {given}, UID in object meta: {there}"
    );
    Err(Status::conflict(resource, name, &why))
}

/// A version that this store has not reached cannot be read.
fn not_from_the_future(store: &Store, request: &Request) -> Result<(), Status> {
    let wanted = request.query.version_number(request.verb)?;
    let current = store.version();
    if wanted <= current {
        return Ok(());
    }
    let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
    let cause = serde_json::json!({
        "reason": "ResourceVersionTooLarge", "message": "Too large resource version",
    });
    let mut status = Status::new(504, "Timeout", message).with_retry_after(1);
    status.details = Some(serde_json::json!({"causes": [cause]}));
    Err(status)
}

fn show(request: &Request, object: &Value) -> Value {
    if request.form == Form::Table {
        let version = meta::field(object, "resourceVersion");
        let include = &request.query.include_object;
        table::of(request.target.resource, [object], version, include, true)
    } else {
        object.clone()
    }
}

/// The object in the body of a create or an update.
fn body(request: &Request) -> Result<Value, Status> {
    check_json(&request.media)?;
    let object = body_of(request)?;
    if !object.is_object() {
        return Err(unrecognized(request, "the body is not a JSON object"));
    }
    Ok(object)
}

/// Refuses a body that says to be something else than JSON.
pub(crate) fn check_json(media: &str) -> Result<(), Status> {
    if matches!(media, "" | "application/json") {
        return Ok(());
    }
    Err(Status::unsupported_media_type("application/json"))
}

fn body_of(request: &Request) -> Result<Value, Status> {
    serde_json::from_slice(&request.body).map_err(|error| {
        let error = parse_error(&error);
        unrecognized(request, &format!("couldn't get version/kind; json parse error: {error}"))
    })
}

fn patch_of(request: &Request) -> Result<Value, Status> {
    let wrong = |why: &str| Status::bad_request(format!("error decoding patch: {why}"));
    let patch: Value =
        serde_json::from_slice(&request.body).map_err(|error| wrong(&parse_error(&error)))?;
    if patch.is_object() { Ok(patch) } else { Err(wrong("it is not a JSON object")) }
}

fn parse_error(error: &serde_json::Error) -> String {
    if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() }
}

fn unrecognized(request: &Request, why: &str) -> Status {
    let text = String::from_utf8_lossy(&request.body);
    let start: String = match text.chars().take(30).collect() {
        empty if request.body.is_empty() => format!("{empty}<empty>"),
        start => start,
    };
    let kind = request.target.resource.kind;
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): {why} ({start})"
    ))
}
