//! Label and field selectors.

use serde_json::Value;

use crate::resource::{EVENTS, NAMESPACES, PODS, Resource};
use crate::status::Status;

/// What a list or a watch is narrowed to. The default selects everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    fields: Vec<FieldTerm>,
    labels: Vec<LabelTerm>,
}

#[derive(Clone, Debug)]
struct FieldTerm {
    label: String,
    value: String,
    equal: bool,
}

#[derive(Clone, Debug)]
enum LabelTerm {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl Selector {
    /// Parses both texts; an empty one selects everything.
    pub(crate) fn parse(
        resource: &Resource,
        fields: &str,
        labels: &str,
    ) -> Result<Selector, Status> {
        let fields: Vec<FieldTerm> =
            split(fields).map(field_term).collect::<Result<_, _>>().map_err(Status::bad_request)?;
        for term in &fields {
            check_label(resource, &term.label)?;
        }
        let labels = split(labels)
            .map(label_term)
            .collect::<Result<_, String>>()
            .map_err(|why| Status::bad_request(format!("unable to parse requirement: {why}")))?;
        Ok(Selector { fields, labels })
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.fields.iter().all(|t| (field_value(object, &t.label) == t.value) == t.equal)
            && self.labels.iter().all(|t| t.matches(object))
    }

    /// The one name that the selector asks for, if it does.
    pub(crate) fn name(&self) -> Option<&str> {
        self.fields.iter().find(|t| t.equal && t.label == "metadata.name").map(|t| t.value.as_str())
    }
}

impl LabelTerm {
    fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| object["metadata"]["labels"][key].as_str();
        match self {
            LabelTerm::In(key, values) => {
                label(key).is_some_and(|v| values.iter().any(|wanted| wanted == v))
            }
            LabelTerm::NotIn(key, values) => {
                label(key).is_none_or(|v| values.iter().all(|unwanted| unwanted != v))
            }
            LabelTerm::Exists(key) => label(key).is_some(),
            LabelTerm::Missing(key) => label(key).is_none(),
        }
    }
}

/// The terms between the commas that are not in parentheses.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    text.split(move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|term| !term.is_empty())
}

fn field_term(term: &str) -> Result<FieldTerm, String> {
    let (label, value, equal) = if let Some((label, value)) = term.split_once("!=") {
        (label, value, false)
    } else if let Some((label, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        (label, value, true)
    } else {
        return Err(format!("invalid selector: '{term}'; can't understand '{term}'"));
    };
    Ok(FieldTerm { label: label.to_owned(), value: value.to_owned(), equal })
}

fn label_term(term: &str) -> Result<LabelTerm, String> {
    let key = |text: &str| {
        let key = text.trim();
        let fine = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if key.is_empty() || !key.chars().all(fine) {
            return Err(format!("{text:?} is not a label key in {term:?}"));
        }
        Ok(key.to_owned())
    };
    if let Some(rest) = term.strip_prefix('!') {
        return Ok(LabelTerm::Missing(key(rest)?));
    }
    if let Some((name, value)) = term.split_once("!=") {
        return Ok(LabelTerm::NotIn(key(name)?, vec![value.trim().to_owned()]));
    }
    if let Some((name, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Ok(LabelTerm::In(key(name)?, vec![value.trim().to_owned()]));
    }
    if let Some((left, set)) = term.split_once('(') {
        let set =
            set.strip_suffix(')').ok_or_else(|| format!("no closing parenthesis in {term:?}"))?;
        let values = set.split(',').map(|v| v.trim().to_owned()).collect();
        let left = left.trim();
        return if let Some(name) = left.strip_suffix(" notin") {
            Ok(LabelTerm::NotIn(key(name)?, values))
        } else if let Some(name) = left.strip_suffix(" in") {
            Ok(LabelTerm::In(key(name)?, values))
        } else {
            Err(format!("neither \"in\" nor \"notin\" in {term:?}"))
        };
    }
    Ok(LabelTerm::Exists(key(term)?))
}

fn check_label(resource: &Resource, label: &str) -> Result<(), Status> {
    let more: &[&str] = if resource == &EVENTS {
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ]
    } else if resource == &PODS {
        &["spec.nodeName", "spec.serviceAccountName", "status.phase", "status.podIP"]
    } else if resource == &NAMESPACES {
        &["status.phase"]
    } else {
        &[]
    };
    if ["metadata.name", "metadata.namespace"].contains(&label) || more.contains(&label) {
        return Ok(());
    }
    Err(Status::bad_request(if more.is_empty() {
        format!(
            "\"{label}\" is not a known field selector: only \"metadata.name\", \
             \"metadata.namespace\""
        )
    } else {
        format!("field label not supported: {label}")
    }))
}

fn field_value<'a>(object: &'a Value, label: &str) -> &'a str {
    let text = |value: &'a Value| value.as_str().unwrap_or("");
    if label == "source" {
        return match text(&object["source"]["component"]) {
            "" => text(&object["reportingComponent"]),
            component => component,
        };
    }
    text(label.split('.').fold(object, |value, part| &value[part]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::LEASES;

    fn labels(text: &str) -> Result<Selector, Status> {
        Selector::parse(&LEASES, "", text)
    }

    #[test]
    fn label_terms() {
        let object = json!({"metadata": {"labels": {"app": "web", "tier": "front"}}});
        for yes in [
            "",
            "app=web",
            "app==web",
            "app!=db",
            "app",
            "!gone",
            "gone!=x",
            "app in (db, web)",
            "app notin (db),tier=front",
            "app=web,tier=front",
        ] {
            assert!(labels(yes).unwrap().matches(&object), "{yes}");
        }
        for no in ["app=db", "app!=web", "gone", "!app", "app in (db)", "app=web,tier=back"] {
            assert!(!labels(no).unwrap().matches(&object), "{no}");
        }
        for bad in ["app in (x", "a b", "!", "app within (x)", "=x"] {
            assert_eq!(labels(bad).unwrap_err().code, 400, "{bad}");
        }
    }

    #[test]
    fn field_terms() {
        let object = json!({"metadata": {"name": "x", "namespace": "le"}});
        let select = |text| Selector::parse(&LEASES, text, "");
        let both = select("metadata.name=x,metadata.namespace=le").unwrap();
        assert!(both.matches(&object));
        assert_eq!(both.name(), Some("x"));
        assert!(!select("metadata.name!=x").unwrap().matches(&object));
        assert!(select("nonsense").is_err());
        assert_eq!(
            select("spec.holderIdentity=a").unwrap_err().message,
            "\"spec.holderIdentity\" is not a known field selector: only \"metadata.name\", \
             \"metadata.namespace\""
        );
    }

    #[test]
    fn events_are_found_by_what_they_are_about() {
        let event = json!({"involvedObject": {"name": "x"}, "source": {"component": "c"}});
        let select = |text| Selector::parse(&EVENTS, text, "").unwrap();
        assert!(select("involvedObject.name=x,source=c").matches(&event));
        assert!(!select("involvedObject.name=x,type=Warning").matches(&event));
    }
}
