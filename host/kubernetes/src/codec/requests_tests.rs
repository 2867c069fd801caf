//! What people ask, on each kind of lock.

use super::*;

const KINDS: [LockKind; 3] = [LockKind::Leases, LockKind::Endpoints, LockKind::ConfigMaps];

fn object(kind: LockKind, annotations: &[(&str, &str)]) -> DynamicObject {
    let mut object = DynamicObject::new("shop", &kind.api_resource());
    let annotations = annotations.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
    object.metadata.annotations = Some(annotations.collect());
    object.data = json!({"spec": {"preferredHolder": "web-2", "strategy": "example.com/x"}});
    object
}

#[test]
fn a_transfer_is_read_and_has_bounds() {
    for kind in KINDS {
        let text = r#"{"to":"web-1","by":"ann\nb","until":"soon","withinSeconds":99999,"more":1}"#;
        let transfer = read(kind, &object(kind, &[(TRANSFER, text)])).transfer.unwrap();
        assert_eq!((transfer.to.as_str(), transfer.until.as_str()), ("web-1", "soon"));
        assert!(!transfer.by.contains('\n'), "{transfer:?}");
        assert_eq!((transfer.within, transfer.refused), (LONGEST_TRANSFER, None));
        let bare = read(kind, &object(kind, &[(TRANSFER, r#"{"to":"b"}"#)])).transfer.unwrap();
        assert_eq!((bare.within, bare.by.as_str()), (TRANSFER_WITHIN, "somebody"));
        let long = format!(r#"{{"to":"{}"}}"#, "x".repeat(LONGEST_NAME + 1));
        for text in ["", "web-1", "{}", r#"{"to":""}"#, r#"{"to":1}"#, "[]", long.as_str()] {
            let requests = read(kind, &object(kind, &[(TRANSFER, text)]));
            assert_eq!(requests.transfer, None, "{text}");
        }
    }
}

#[test]
fn a_pause_is_any_text_but_no() {
    for kind in KINDS {
        for (text, paused) in [
            ("true", true),
            (r#"{"by":"ann","since":"now"}"#, true),
            ("until monday", true),
            ("false", false),
            (" ", false),
        ] {
            assert_eq!(read(kind, &object(kind, &[(PAUSE, text)])).paused, paused, "{text}");
        }
        assert!(!read(kind, &object(kind, &[("hotseat.dev/paused", "true")])).paused);
    }
}

#[test]
fn what_is_skipped_is_one_policy_with_its_settings() {
    for kind in KINDS {
        let skip = |text: &str| read(kind, &object(kind, &[(SKIP, text)])).skip;
        let asked = skip(r#"{"policy":"sha256:aa","settings":"sha256:bb","by":"ann"}"#).unwrap();
        assert_eq!((asked.policy.as_str(), asked.settings.as_str()), ("sha256:aa", "sha256:bb"));
        assert_eq!(skip(r#"{"policy":"sha256:aa"}"#).unwrap().settings, "");
        let long = format!(r#"{{"policy":"{}"}}"#, "x".repeat(LONGEST_DIGEST + 1));
        for text in ["", "true", "sha256:aa", "{}", r#"{"policy":""}"#, "[]", long.as_str()] {
            assert_eq!(skip(text), None, "{text}");
        }
    }
}

#[test]
fn a_preferred_holder_is_a_leases() {
    for kind in KINDS {
        let preferred = read(kind, &object(kind, &[])).preferred;
        assert_eq!(preferred.is_some(), kind == LockKind::Leases, "{kind}");
    }
}

#[test]
fn an_answer_changes_what_it_is_about_and_nothing_else() {
    let text = r#"{"to":"web-1","by":"ann","more":{"of":"it"}}"#;
    for kind in KINDS {
        let asked = || object(kind, &[(TRANSFER, text), (PAUSE, "true"), ("team", "x")]);
        let answered = |reply: Reply| {
            let mut object = asked();
            answer(kind, &mut object, &reply);
            object
        };
        assert_eq!(answered(Reply::Leave), asked());
        let removed = answered(Reply::Remove);
        assert_eq!(removed.metadata.annotations.as_ref().unwrap().len(), 2);
        assert_eq!((transfer(&removed), pause(&removed).is_some()), (None, true));
        let refused = answered(Reply::Refuse("it is paused".to_owned()));
        let note = transfer(&refused).unwrap();
        assert_eq!((note.to.as_str(), note.refused.as_deref()), ("web-1", Some("it is paused")));
        assert!(refused.metadata.annotations.unwrap()[TRANSFER].contains(r#""more":{"of":"it"}"#));
        let unpreferred = answered(Reply::Unprefer);
        let is_lease = kind == LockKind::Leases;
        assert_eq!(unpreferred.data["spec"]["preferredHolder"].is_null(), is_lease);
        assert_eq!(unpreferred.data["spec"]["strategy"], json!("example.com/x"));
    }
}
