//! What the instances of a component take of the engine's own memory: the tables by which their code
//! finds its globals, functions and memories.
//!
//! Five bytes of a module declare a global, and each of its instances has sixteen for it, outside of all
//! that a policy can see. So it is reckoned when a component is compiled, and counts towards the
//! memory of each call.

use wasmtime::wasmparser::{
    BinaryReaderError, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Encoding, Instance, Parser, Payload,
};

/// Bytes for each thing that a module imports or declares, which is at least what wasmtime has for any.
const THING: u64 = 32;
/// Bytes for each instance besides, and for each function between a component and its modules.
const INSTANCE: u64 = 512;

/// Why what a component takes is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unknown {
    /// It makes an instance of something that is not defined in it.
    #[error(
        "an instance is made of a {0} that is imported or another instance's export, so that what it \
         takes is not known: define the {0} where it is used"
    )]
    Foreign(&'static str),
    /// It cannot be read.
    #[error(transparent)]
    Broken(#[from] BinaryReaderError),
}

/// What an instance takes, in bytes; none if its definition is not at hand.
type Taken = Option<u64>;

/// A module or a component that is being read.
#[derive(Default)]
struct Scope {
    is_component: bool,
    taken: u64,
    modules: Vec<Taken>,
    components: Vec<Taken>,
}

/// What an instance of a valid component takes, in bytes.
///
/// # Errors
///
/// It makes an instance of something whose definition is not at hand.
pub(crate) fn overhead(component: &[u8]) -> Result<u64, Unknown> {
    // The innermost is the last.
    let mut scopes: Vec<Scope> = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        if let Payload::Version { encoding, .. } = payload {
            let is_component = encoding == Encoding::Component;
            scopes.push(Scope { is_component, ..Scope::default() });
        } else if let Payload::End(_) = payload {
            let ended = scopes.pop().unwrap_or_default();
            match scopes.last_mut() {
                Some(outer) => outer.define(&ended),
                None => return Ok(ended.taken),
            }
        } else if let Payload::ComponentAliasSection(aliases) = payload {
            for alias in aliases {
                alias_of(&alias?, &mut scopes);
            }
        } else if let Some(scope) = scopes.last_mut() {
            scope.read(payload)?;
        }
    }
    Ok(0)
}

/// Another name for a module or a component.
fn alias_of(alias: &ComponentAlias<'_>, scopes: &mut [Scope]) {
    let (kind, found) = match *alias {
        ComponentAlias::InstanceExport { kind, .. } => (kind, None),
        ComponentAlias::Outer { kind, count, index } => {
            let outer = scopes.iter().rev().nth(count as usize);
            match kind {
                ComponentOuterAliasKind::CoreModule => {
                    (ComponentExternalKind::Module, outer.and_then(|it| known(&it.modules, index)))
                }
                ComponentOuterAliasKind::Component => (
                    ComponentExternalKind::Component,
                    outer.and_then(|it| known(&it.components, index)),
                ),
                ComponentOuterAliasKind::CoreType | ComponentOuterAliasKind::Type => return,
            }
        }
        ComponentAlias::CoreInstanceExport { .. } => return,
    };
    if let Some(scope) = scopes.last_mut() {
        scope.name(kind, found);
    }
}

impl Scope {
    /// What was nested in it has ended.
    fn define(&mut self, nested: &Scope) {
        let into = if nested.is_component { &mut self.components } else { &mut self.modules };
        into.push(Some(nested.taken));
    }

    /// A module or a component has one more name.
    fn name(&mut self, kind: ComponentExternalKind, what: Taken) {
        match kind {
            ComponentExternalKind::Module => self.modules.push(what),
            ComponentExternalKind::Component => self.components.push(what),
            _ => {}
        }
    }

    fn read(&mut self, payload: Payload<'_>) -> Result<(), Unknown> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    import?;
                    self.take(THING);
                }
            }
            Payload::FunctionSection(section) => self.take_each(section.count(), THING),
            Payload::TableSection(section) => self.take_each(section.count(), THING),
            Payload::MemorySection(section) => self.take_each(section.count(), THING),
            Payload::TagSection(section) => self.take_each(section.count(), THING),
            Payload::GlobalSection(section) => self.take_each(section.count(), THING),
            Payload::ElementSection(section) => self.take_each(section.count(), THING),
            Payload::DataSection(section) => self.take_each(section.count(), THING),
            Payload::ComponentCanonicalSection(section) => {
                self.take_each(section.count(), INSTANCE);
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    let Instance::Instantiate { module_index, .. } = instance? else { continue };
                    let taken = known(&self.modules, module_index);
                    self.take(taken.ok_or(Unknown::Foreign("module"))?.saturating_add(INSTANCE));
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    let ComponentInstance::Instantiate { component_index, .. } = instance? else {
                        continue;
                    };
                    let taken = known(&self.components, component_index);
                    self.take(taken.ok_or(Unknown::Foreign("component"))?.saturating_add(INSTANCE));
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    match import?.ty {
                        ComponentTypeRef::Module(_) => self.modules.push(None),
                        ComponentTypeRef::Component(_) => self.components.push(None),
                        _ => {}
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    let what = match export.kind {
                        ComponentExternalKind::Module => known(&self.modules, export.index),
                        _ => known(&self.components, export.index),
                    };
                    self.name(export.kind, what);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn take(&mut self, amount: u64) {
        self.taken = self.taken.saturating_add(amount);
    }

    fn take_each(&mut self, count: u32, amount: u64) {
        self.take(u64::from(count) * amount);
    }
}

fn known(space: &[Taken], index: u32) -> Taken {
    space.get(index as usize).copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn of(text: &str) -> Result<u64, String> {
        let bytes = wat::parse_str(text).unwrap();
        overhead(&bytes).map_err(|error| error.to_string())
    }

    const MODULE: &str =
        "(core module $m (import \"a\" \"b\" (func)) (global i32 (i32.const 0)) (func))";

    #[test]
    fn a_module_counts_once_for_each_instance() {
        let one = 3 * THING + INSTANCE;
        let made =
            "(core instance (instantiate $m (with \"a\" (instance (export \"b\" (func $f))))))";
        let lower = "(import \"f\" (func $i)) (core func $f (canon lower (func $i)))";
        for count in [0, 1, 7] {
            let text = format!("(component {lower} {MODULE} {})", made.repeat(count));
            assert_eq!(of(&text), Ok(INSTANCE + one * count as u64));
        }
    }

    /// The third power of ten, in a few bytes.
    #[test]
    fn instances_of_instances_multiply() {
        let ten = |name: &str| format!("(instance (instantiate ${name}))").repeat(10);
        let text = format!(
            "(component (component $a (component $b (component $c) {}) {}) {})",
            ten("c"),
            ten("b"),
            ten("a")
        );
        assert_eq!(of(&text), Ok(1110 * INSTANCE));
    }

    /// By another name, from outside, or as an export.
    #[test]
    fn a_definition_has_many_names() {
        let module = "(core module $m (global i32 (i32.const 0)))";
        let made = "(core instance (instantiate $m))";
        let one = THING + INSTANCE;
        let nested = format!(
            "(component {module} (component $c (alias outer 1 $m (core module $m)) {made})
               (component $d (alias outer 1 $c (component $c)) (instance (instantiate $c)))
               (instance (instantiate $d)) (instance (instantiate $c)))"
        );
        assert_eq!(of(&nested), Ok(2 * one + 3 * INSTANCE));
        let exported = format!(
            "(component {module} (export $again \"again\" (core module $m))
               (core instance (instantiate $again)))"
        );
        assert_eq!(of(&exported), Ok(one));
    }

    #[test]
    fn of_what_is_not_defined_here_nothing_is_known() {
        let module = "an instance is made of a module that is imported or another instance's export, \
            so that what it takes is not known: define the module where it is used";
        let component = module.replace("module", "component");
        for (text, expected) in [
            ("(import \"m\" (core module $m)) (core instance (instantiate $m))", module),
            ("(import \"c\" (component $c)) (instance (instantiate $c))", component.as_str()),
            (
                "(component $c (core module $m) (export \"m\" (core module $m)))
                 (instance $i (instantiate $c)) (alias export $i \"m\" (core module $m))
                 (core instance (instantiate $m))",
                module,
            ),
        ] {
            assert_eq!(of(&format!("(component {text})")), Err(expected.to_owned()));
        }
    }
}
