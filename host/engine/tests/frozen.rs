//! Components that were built against the contract when it was frozen, one by each toolchain whose
//! component is not too large to keep. Every later host has to load them, and to get a decision.
//!
//! They are never built anew: that they are old is what they are for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::io::Read as _;

use common::{input, limits, loader, source};
use flate2::read::GzDecoder;
use hotseat_core::policy::Input;

/// The components, what each calls itself, and its settings.
const FROZEN: [(&[u8], &str, &str); 5] = [
    (include_bytes!("frozen/rust.wasm.gz"), "standard", ""),
    (include_bytes!("frozen/rust-wasip2.wasm.gz"), "rust-wasip2", ""),
    (include_bytes!("frozen/javascript.wasm.gz"), "javascript", ""),
    (include_bytes!("frozen/go.wasm.gz"), "go", ""),
    (include_bytes!("frozen/c.wasm.gz"), "my-policy", r#"{"most_lag": 10}"#),
];

#[test]
fn what_was_built_when_the_contract_was_frozen_loads_and_decides() {
    for (packed, name, settings) in FROZEN {
        let input = Input { settings: settings.to_owned(), ..input() };
        let mut component = Vec::new();
        GzDecoder::new(packed).read_to_end(&mut component).unwrap();
        let policy = loader().load(&source(&component), &input).unwrap();
        assert_eq!(policy.descriptor().name, name);
        let decided = policy.decide(&input, &limits());
        let (decision, _) = decided.unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        assert!(!decision.reason.is_empty(), "{name}: {decision:?}");
    }
}
