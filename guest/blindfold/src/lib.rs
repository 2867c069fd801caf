//! WASI 0.2 without a world behind it. Hotseat composes this component with a policy that imports
//! WASI, so that what such a policy asks for is done with the policy's own fuel, memory and time,
//! and the host itself answers three functions whose types are fixed here.
//!
//! A policy is deaf and blind: it finds no file, no socket, no environment and no argument; clocks
//! stand at the candidate's uptime; chance comes from the question's entropy, so that equal
//! questions have equal answers. Nothing waits, since whatever could be waited for is ready. It is
//! not mute: the end of what it writes reaches the host, for whoever looks for the reason when it
//! fails.

#![no_std]
#![deny(unsafe_code)]

extern crate alloc;

// The SDK's own heap. This crate cannot depend on the SDK, whose bindings would make a policy of it.
#[cfg(target_arch = "wasm32")]
#[path = "../../rust/src/arena.rs"]
mod arena;
mod chance;
mod clocks;
mod command;
mod denied;
mod streams;

/// The world, in Rust.
#[allow(unsafe_code, missing_docs, reason = "generated; WASI's files document each item")]
#[allow(clippy::tabs_in_doc_comments, reason = "WASI's files have them")]
mod bindings {
    // With `stubs`, the generator writes for each resource a type `Stub` whose methods give up, and
    // exports that type as the whole component by `export!`. Only the methods are wanted, for
    // resources of which no handle is ever given out; this takes the place of that `export!`.
    macro_rules! export {
        ($stub:ty) => {};
    }

    wit_bindgen::generate!({
        path: "wit",
        world: "blindfold",
        generate_all,
        stubs,
        export_macro_name: "export_blindfold",
    });

    #[cfg(target_arch = "wasm32")]
    use super::Blindfold;
    #[cfg(target_arch = "wasm32")]
    export_blindfold!(Blindfold);
}

/// What answers each interface.
pub struct Blindfold;

#[cfg(all(target_arch = "wasm32", not(test)))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
