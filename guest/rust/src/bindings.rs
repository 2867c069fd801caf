//! The contract as Rust types and traits, generated from `wit/policy.wit`.

#![allow(
    unsafe_code,
    missing_docs,
    reason = "generated: it moves values across the component's boundary, and documents what the \
              contract documents"
)]

wit_bindgen::generate!({
    path: ["wit", "src/diagnostics.wit"],
    world: "hotseat:sdk/policy",
    generate_all,
    additional_derives: [PartialEq],
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "hotseat_policy::bindings",
});
