//! The pages of port 4040 as OpenAPI 3.1, made of the table of routes.
//!
//! Paths, methods and who is shown what come from the routes, documents from the types that are answered;
//! words, parameters and statuses stand in [`pages`]. A route without words is an error, and so are words
//! without a route.

mod pages;

use super::routes::{ROUTES, Route};
use pages::{Body, Content, Operation, PAGES, Page, Parameter, Place, Response};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

/// The types of errors' answers, and of others for people.
const TEXT: &str = "text/plain";

/// The description of all pages, of the program's version.
///
/// # Errors
///
/// The table of routes and the words for them do not fit together: which route, and what is missing.
pub fn openapi(version: &str) -> Result<Value, String> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.for_serialize().into_generator();
    let mut paths = Map::new();
    for route in &ROUTES {
        let page = PAGES.iter().find(|page| page.path == route.path);
        let page = page.ok_or_else(|| format!("{}: no words in openapi/pages.rs", route.path))?;
        paths.insert(template(page), item(route, page, &mut generator)?);
    }
    let left = PAGES.iter().find(|page| !ROUTES.iter().any(|route| route.path == page.path));
    if let Some(page) = left {
        return Err(format!("{}: no such route", page.path));
    }
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Hotseat",
            "version": version,
            "summary": "Who leads, for the application beside the sidecar",
            "description": "Port 4040 of a sidecar. Every answer is true for a moment only. It has no TLS and no authentication, and is meant for the pod.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://localhost:4040"}],
        "paths": paths,
        "components": {"schemas": generator.take_definitions(true)},
    }))
}

/// The path with the name of its parameter in it, if it has one.
fn template(page: &Page) -> String {
    let mut parameters = page.operations.iter().flat_map(|operation| operation.parameters);
    // Each operation of a page has the same one.
    match parameters.find(|parameter| parameter.place == Place::Path) {
        Some(Parameter { name, .. }) => format!("{}{{{name}}}", page.path),
        None => page.path.to_owned(),
    }
}

/// All operations of a page.
fn item(route: &Route, page: &Page, generator: &mut SchemaGenerator) -> Result<Value, String> {
    let mut item = Map::new();
    for method in route.methods.documented() {
        // HEAD is GET without what follows the headers; and a page that takes all does the same for all.
        let same = |operation: &&Operation| operation.method == *method;
        let as_get = |operation: &&Operation| operation.method == "get";
        let written = page.operations.iter().find(same);
        let found = match written {
            None if *method == "head" || route.methods.are_all_alike() => {
                page.operations.iter().find(as_get)
            }
            found => found,
        };
        let found = found.ok_or_else(|| format!("{}: no words for {method}", route.path))?;
        let id = match written {
            Some(_) => found.id.to_owned(),
            None => format!("{}By{}", found.id, capitalized(method)),
        };
        let operation = operation(route, found, &id, *method == "head", generator);
        item.insert((*method).to_owned(), operation);
    }
    let taken = |operation: &&Operation| !route.methods.documented().contains(&operation.method);
    match page.operations.iter().find(taken) {
        Some(other) => Err(format!("{}: it does not take {}", route.path, other.method)),
        None => Ok(Value::Object(item)),
    }
}

fn capitalized(method: &str) -> String {
    let (first, rest) = method.split_at(1.min(method.len()));
    first.to_ascii_uppercase() + rest
}

fn operation(
    route: &Route,
    operation: &Operation,
    id: &str,
    is_head: bool,
    generator: &mut SchemaGenerator,
) -> Value {
    let mut responses = Map::new();
    for answer in operation.answers {
        responses.insert(answer.status.to_string(), response(answer, is_head, generator));
    }
    if route.detail {
        let refused = Response {
            status: 403,
            what: "Whoever asks is not in this pod, or asked by a proxy or under another name",
            content: Content::Text,
        };
        responses.insert("403".to_owned(), response(&refused, is_head, generator));
    }
    let mut all = json!({
        "operationId": id,
        "summary": operation.summary,
        "responses": responses,
    });
    if !operation.parameters.is_empty() {
        all["parameters"] = operation.parameters.iter().map(parameter).collect();
    }
    if let Some(body) = &operation.body {
        all["requestBody"] = request_body(*body);
    }
    all
}

fn parameter(parameter: &Parameter) -> Value {
    let (place, required) = match parameter.place {
        Place::Path => ("path", true),
        Place::Query => ("query", false),
        Place::NeededQuery => ("query", true),
        Place::Header => ("header", false),
    };
    json!({
        "name": parameter.name,
        "in": place,
        "required": required,
        "description": parameter.what,
        "schema": (parameter.schema)(),
    })
}

fn response(answer: &Response, is_head: bool, generator: &mut SchemaGenerator) -> Value {
    let mut response = json!({"description": answer.what});
    if !is_head {
        response["content"] = content(answer.content, generator);
    }
    response
}

fn content(content: Content, generator: &mut SchemaGenerator) -> Value {
    let text = json!({"schema": {"type": "string"}});
    match content {
        Content::Text => json!({TEXT: text}),
        Content::Leader => json!({TEXT: {
            "schema": {"type": "string"},
            "example": "{\"name\":\"shop-0\"}",
        }}),
        Content::Document(schema) => json!({"application/json": {"schema": schema(generator)}}),
        Content::Lines => json!({"application/x-ndjson": text}),
        Content::Html => json!({"text/html": text}),
        Content::Events => json!({"text/event-stream": text}),
        Content::Metrics => json!({"application/openmetrics-text": text, TEXT: text}),
    }
}

fn request_body(body: Body) -> Value {
    match body {
        Body::Signal => json!({
            "description": "What it says; nothing at all is the empty text. A text of at most 1,024 bytes in UTF-8, or anything in JSON but null.",
            "required": false,
            "content": {
                TEXT: {"schema": {"type": "string", "maxLength": 1024}, "example": "0.25"},
                "application/json": {
                    "schema": {"type": ["string", "number", "boolean", "array", "object"]},
                    "example": 0.25,
                },
            },
        }),
        Body::Ready => json!({
            "description": "Whether it is ready to lead.",
            "required": true,
            "content": {
                TEXT: {"schema": {"type": "string", "enum": ["true", "false"]}},
                "application/json": {"schema": {"type": "boolean"}},
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_words_and_every_document_a_schema() {
        let all = openapi("1.2.3").expect("routes and words fit together");
        let paths = all["paths"].as_object().expect("paths");
        assert_eq!(paths.len(), ROUTES.len());
        assert!(paths.contains_key("/v1/signals/{key}"), "{paths:?}");
        let leader = &all["paths"]["/v1/leader"]["get"]["responses"]["200"]["content"];
        let named = &leader["application/json"]["schema"]["$ref"];
        assert_eq!(named, "#/components/schemas/LeaderAnswer");
        let schema = &all["components"]["schemas"]["LeaderAnswer"];
        let required = schema["required"].as_array().expect("what is always there");
        assert!(required.contains(&json!("token")), "null, and still there: {schema}");
        assert_eq!(schema["properties"]["self"]["type"], "boolean", "as it is written in JSON");
        let roster = &all["components"]["schemas"]["RosterCandidate"]["properties"];
        assert!(roster["zone"].is_object(), "the two kinds of candidate differ");
        assert_eq!(all["info"]["version"], "1.2.3");
    }

    #[test]
    fn operations_have_ids_of_their_own_and_details_their_refusal() {
        let all = openapi("1").expect("routes and words fit together");
        let mut ids = Vec::new();
        for (path, item) in all["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let id = operation["operationId"].as_str().expect("an id").to_owned();
                assert!(!ids.contains(&id), "{method} {path}: {id} is there twice");
                ids.push(id);
            }
        }
        let refused = |path: &str| all["paths"][path]["get"]["responses"]["403"].is_object();
        assert!(refused("/v1/policy") && !refused("/v1/leader"));
        assert!(all["paths"]["/"]["trace"].is_object() && all["paths"]["/"]["connect"].is_null());
    }
}
