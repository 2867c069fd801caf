//! From a core module to a component.

use wit_component::{ComponentEncoder, DecodedWasm};

use crate::BuildError;

/// Wraps a core module, which a policy's crate was compiled to, into a component.
///
/// # Errors
///
/// [`BuildError::Encode`] if the module does not carry the contract's types or exports, and
/// [`BuildError::Imports`] if anything would be left for the host to provide.
pub fn encode(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let component = encode_component(module)?;
    check_world(&component)?;
    Ok(component)
}

/// Wraps a core module into a component of whatever world it carries.
pub(crate) fn encode_component(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| BuildError::Encode(one_line(&format!("{error:#}"))))
}

/// Checks that the component exports the contract and imports nothing but somewhere to write.
fn check_world(component: &[u8]) -> Result<(), BuildError> {
    let imports = check_contract(component)?.into_iter();
    let imports: Vec<String> =
        imports.filter(|name| name != STDERR).map(|name| format!("`{name}`")).collect();
    if !imports.is_empty() {
        return Err(BuildError::Imports(imports.join(", ")));
    }
    Ok(())
}

/// Checks that the component exports the contract, and gives what it imports.
pub(crate) fn check_contract(component: &[u8]) -> Result<Vec<String>, BuildError> {
    let decoded = wit_component::decode(component)
        .map_err(|error| BuildError::Encode(one_line(&format!("{error:#}"))))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(BuildError::Encode("it is a package of types only".into()));
    };
    let world = &resolve.worlds[world];
    let name = |key| resolve.name_world_key(key);
    if !world.exports.keys().map(name).any(|name| is_contract(&name)) {
        return Err(BuildError::Encode(format!("it does not export `{CONTRACT}` version 1")));
    }
    Ok(world.imports.keys().map(name).collect())
}

/// The interface that every policy exports.
const CONTRACT: &str = "hotseat:policy/policy";

/// What every sidecar answers, of guest/rust/src/diagnostics.wit.
const STDERR: &str = "hotseat:diagnostics/stderr@1.0.0";

fn is_contract(export: &str) -> bool {
    export.strip_prefix(CONTRACT).is_some_and(|version| version.starts_with("@1."))
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The preamble of a core module, and nothing after it.
    const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn a_module_without_the_contract_is_refused() {
        let error = encode(EMPTY_MODULE).unwrap_err().to_string();
        assert!(error.starts_with("not an election policy: "), "{error}");
        assert!(error.ends_with("`hotseat_policy::export!`"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }

    #[test]
    fn bytes_that_are_not_wasm_are_refused() {
        let error = encode(b"#!/bin/sh\n").unwrap_err();
        assert!(matches!(error, BuildError::Encode(_)), "{error}");
    }

    #[test]
    fn only_the_first_major_version_is_the_contract() {
        assert!(is_contract("hotseat:policy/policy@1.0.0"));
        assert!(is_contract("hotseat:policy/policy@1.2.0"));
        assert!(!is_contract("hotseat:policy/policy@2.0.0"));
        assert!(!is_contract("hotseat:policy/policy"));
        assert!(!is_contract("hotseat:policy/other@1.0.0"));
    }
}
