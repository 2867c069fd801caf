//! From a core module that imports WASI's first preview, as compilers for Go and C leave one, to a
//! component.

use wasi_preview1_component_adapter_provider as adapter;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::BuildError;
use crate::encode::{check_contract, one_line};
use crate::merge::merge;

/// The file's name in messages about the contract.
const FILE: &str = "policy.wit";

/// Makes a component of a core module, and checks that it is a policy. It imports WASI 0.2, as far
/// as the module imports WASI's first preview.
///
/// Given the contract as WIT, its types are put into the module before. Else it has them already,
/// as Rust's bindings leave them.
///
/// # Errors
///
/// [`BuildError::Contract`] if the WIT is not one world, and [`BuildError::Encode`] if the module does not
/// export what the contract has.
pub fn wrap(module: &[u8], contract: Option<&str>) -> Result<Vec<u8>, BuildError> {
    let component = match contract {
        None => adapt(module)?,
        Some(wit) => {
            let mut module = module.to_owned();
            embed(&mut module, wit)?;
            adapt(&module)?
        }
    };
    check_contract(&component)?;
    Ok(component)
}

/// The same module with few data segments: Go's linker leaves more of them than a compiler can take.
///
/// # Errors
///
/// [`BuildError::Segments`] if it is not a module, or its code could see the difference.
pub fn merge_segments(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    merge(module).map_err(|why| BuildError::Segments(one_line(&why)))
}

/// Puts the contract's types into a module.
fn embed(module: &mut Vec<u8>, wit: &str) -> Result<(), BuildError> {
    let contract =
        |error: &dyn std::fmt::Display| BuildError::Contract(one_line(&format!("{error:#}")));
    let mut resolve = Resolve::default();
    let package = resolve.push_str(FILE, wit).map_err(|error| contract(&error))?;
    let world = resolve.select_world(&[package], None).map_err(|error| contract(&error))?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| contract(&error))
}

/// Makes a component of a module that has the contract's types, with the adapter to WASI 0.2 in it.
fn adapt(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let name = adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    ComponentEncoder::default()
        .validate(true)
        // The adapter's stack: the module's own allocator does not work before Go's runtime does.
        .realloc_via_memory_grow(true)
        .module(module)
        .and_then(|it| it.adapter(name, adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER))
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| BuildError::Encode(one_line(&format!("{error:#}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &[u8] = b"\0asm\x01\0\0\0";
    const CONTRACT: &str = include_str!("../../../wit/policy.wit");

    #[test]
    fn a_module_without_the_contracts_exports_is_refused() {
        for contract in [None, Some(CONTRACT)] {
            let error = wrap(MODULE, contract).unwrap_err();
            assert!(matches!(error, BuildError::Encode(_)), "{error}");
        }
    }

    #[test]
    fn what_is_no_contract_is_named() {
        let error = wrap(MODULE, Some("package a:b; interface c {}")).unwrap_err();
        assert!(matches!(error, BuildError::Contract(_)), "{error}");
        let error = wrap(MODULE, Some("world")).unwrap_err().to_string();
        assert!(error.starts_with("the contract") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn what_is_no_module_is_refused() {
        let error = merge_segments(b"#!/bin/sh\n").unwrap_err();
        assert!(matches!(error, BuildError::Segments(_)), "{error}");
        let error = wrap(b"#!/bin/sh\n", Some(CONTRACT)).unwrap_err();
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}
