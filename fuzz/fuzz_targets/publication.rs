//! Settings, a signature and a component that somebody published, with a byte of 0 between each two: they
//! are refused at a stage, in one line, or are one publication whose settings are JSON.

#![no_main]

use hotseat_sources::{Demands, Fetched, PolicyKey, Settings, compose};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// The most bytes of a component.
const LIMIT: u64 = 1 << 20;

static KEY: LazyLock<PolicyKey> = LazyLock::new(|| {
    let key = "RWRYGyfXimcJO0idEOE/iCWS7f9pVnBX41lMDVtNZgBl5VaK82pXaeDj";
    PolicyKey::parse(key).expect("it is a key")
});

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default().to_vec();
    let settings = Settings::Outside { from: "configmap:p/settings.json".into(), bytes: part() };
    let signature = String::from_utf8_lossy(&part()).into_owned();
    let signature = Some(signature).filter(|text| !text.is_empty());
    let fetched =
        Fetched { label: "configmap:p".into(), file: "p.wasm".into(), bytes: part(), signature };
    for key in [None, Some(KEY.clone())] {
        let demands = Demands { limit: LIMIT, pin: None, key };
        match compose(fetched.clone(), &settings, &demands) {
            Ok(found) => {
                assert!(found.bytes.len() as u64 <= LIMIT);
                assert_eq!(found.signed.is_some(), demands.key.is_some());
                if !found.settings.is_empty() {
                    let parsed: Result<serde_json::Value, _> =
                        serde_json::from_str(&found.settings);
                    assert!(parsed.is_ok(), "{}", found.settings);
                }
            }
            Err(error) => {
                let line = error.to_string();
                assert!(!line.contains('\n') && line.len() < 8192, "{line:?}");
            }
        }
    }
});
