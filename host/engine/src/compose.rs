//! Makes one component of a policy that imports WASI and the component that answers it.
//!
//! Written by hand, in a few sections of the format, because the tools that compose components take
//! names for equal only if their versions are, or step over what does not fit; here either is an
//! error.

use std::ops::Range;

use wasm_encoder::{
    Alias, Component, ComponentAliasSection, ComponentExportKind, ComponentExportSection,
    ComponentImportSection, ComponentInstanceSection, ComponentSection, ComponentSectionId,
    ComponentTypeRef, ComponentTypeSection, ComponentValType, InstanceType, PrimitiveValType,
    RawSection,
};
use wasmtime::wasmparser::BinaryReaderError;

use crate::component::CONTRACT;
use crate::outline::{Outline, outline};
use crate::wasi::{BLINDFOLD, HOST, STDERR, answering};

/// What there is of each kind before the policy is instantiated, counted from 0.
const HOST_INSTANCE: u32 = 0;
const STDERR_INSTANCE: u32 = 1;
const BLINDFOLD_COMPONENT: u32 = 0;
const POLICY_COMPONENT: u32 = 1;
const BLINDFOLD_INSTANCE: u32 = 2;
const FIRST_ALIAS: u32 = 3;

/// A policy with the blindfold around it.
pub(crate) struct Composed {
    /// The whole component, which imports what the blindfold does and exports the contract.
    pub(crate) bytes: Vec<u8>,
    /// Where in it the policy's own bytes are.
    policy: Range<usize>,
}

/// Why a policy's bytes and the blindfold make no component.
pub(crate) enum Misfit {
    /// The policy itself is broken.
    Policy(String),
    /// What it imports is not what the blindfold answers.
    Imports(String),
}

/// Composes a policy that imports WASI; none if it imports nothing of it. Whether the types of both
/// fit is for the compiler to see.
///
/// # Errors
///
/// The policy cannot be read, or imports what is not answered.
pub(crate) fn compose(policy: &[u8]) -> Result<Option<Composed>, Misfit> {
    let outline = outline(policy).map_err(|error| Misfit::Policy(error.to_string()))?;
    if outline.imports.iter().all(|import| *import == STDERR) {
        return Ok(None);
    }
    let mut whole = Vec::with_capacity(policy.len() + BLINDFOLD.len() + (64 << 10));
    whole.extend(Component::HEADER);
    import_interfaces(&mut whole);
    component(BLINDFOLD, &mut whole);
    component(policy, &mut whole);
    let policy = whole.len() - policy.len()..whole.len();
    instantiate(&outline, &mut whole)?;
    Ok(Some(Composed { bytes: whole, policy }))
}

impl Composed {
    /// What is wrong, by the place where the compiler found it.
    pub(crate) fn misfit(&self, error: &BinaryReaderError) -> Misfit {
        match error.offset().checked_sub(self.policy.start) {
            // As it stands in the policy's own bytes.
            Some(offset) if offset < self.policy.len() => {
                Misfit::Policy(format!("{} (at offset {offset:#x})", error.message()))
            }
            _ => Misfit::Imports(error.message().to_owned()),
        }
    }
}

/// What the host answers, as types and imports of them: the interface `host` of
/// guest/blindfold/wit/world.wit for the blindfold, and that of guest/rust/src/diagnostics.wit for
/// the policy, whether it imports that or not.
fn import_interfaces(whole: &mut Vec<u8>) {
    let number = ComponentValType::Primitive(PrimitiveValType::U64);
    let none: [(&str, ComponentValType); 0] = [];
    let mut host = InstanceType::new();
    for name in ["uptime", "entropy"] {
        let function = host.type_count();
        host.ty().function().params(none).result(Some(number));
        host.export(name, ComponentTypeRef::Func(function));
    }
    let bytes = host.type_count();
    host.ty().defined_type().list(ComponentValType::Primitive(PrimitiveValType::U8));
    host.ty().function().params([("text", ComponentValType::Type(bytes))]).result(None);
    host.export("say", ComponentTypeRef::Func(bytes + 1));
    let mut stderr = InstanceType::new();
    stderr.ty().function().params([("bytes", number)]).result(None);
    stderr.export("write", ComponentTypeRef::Func(0));
    let mut types = ComponentTypeSection::new();
    types.instance(&host).instance(&stderr);
    types.append_to_component(whole);
    let mut imports = ComponentImportSection::new();
    for (of_type, name) in (0..).zip([HOST, STDERR]) {
        imports.import(name, ComponentTypeRef::Instance(of_type));
    }
    imports.append_to_component(whole);
}

fn component(bytes: &[u8], whole: &mut Vec<u8>) {
    let id = ComponentSectionId::Component.into();
    RawSection { id, data: bytes }.append_to_component(whole);
}

/// An instance of the blindfold, one of the policy on top of it, and the policy's contract as what
/// the whole exports.
fn instantiate(policy: &Outline<'_>, whole: &mut Vec<u8>) -> Result<(), Misfit> {
    const INSTANCE: ComponentExportKind = ComponentExportKind::Instance;
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate(BLINDFOLD_COMPONENT, [(HOST, INSTANCE, HOST_INSTANCE)]);
    instances.append_to_component(whole);

    let mut aliases = ComponentAliasSection::new();
    let mut arguments = Vec::with_capacity(policy.imports.len());
    for import in &policy.imports {
        let argument = match answering(import) {
            Some(name) => {
                let (kind, instance) = (INSTANCE, BLINDFOLD_INSTANCE);
                let index = FIRST_ALIAS + aliases.len();
                aliases.alias(Alias::InstanceExport { instance, kind, name });
                index
            }
            None if *import == STDERR => STDERR_INSTANCE,
            None => return Err(Misfit::Imports(format!("`{import}` is not answered"))),
        };
        arguments.push((*import, INSTANCE, argument));
    }
    let guest = FIRST_ALIAS + aliases.len();
    aliases.append_to_component(whole);
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate(POLICY_COMPONENT, arguments);
    instances.append_to_component(whole);

    let mut aliases = ComponentAliasSection::new();
    let mut exports = ComponentExportSection::new();
    let contract = policy.instances().filter(|name| name.starts_with(CONTRACT));
    // All aliases come first; then each export counts as an instance of its own.
    for (index, name) in (guest + 1..).zip(contract) {
        aliases.alias(Alias::InstanceExport { instance: guest, kind: INSTANCE, name });
        exports.export(name, INSTANCE, index, None);
    }
    aliases.append_to_component(whole);
    exports.append_to_component(whole);
    Ok(())
}
