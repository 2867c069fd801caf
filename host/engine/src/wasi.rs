//! WASI for policies whose toolchain cannot do without: the host's side of it.
//!
//! WASI itself is answered by `guest/blindfold`, a component that is composed with the policy, so
//! that all of it is under the policy's own limits. The host answers that component three
//! functions, whose types are fixed here: no value of a type that a policy declares is ever made
//! outside its sandbox. See docs/decisions/0005. A policy that needs no WASI says what it has to say
//! by [`STDERR`], which is answered by the host alone (docs/decisions/0017).

use std::sync::LazyLock;

use wasmtime::component::{Linker, WasmList};
use wasmtime::{Result, StoreContextMut};

use crate::blindfold::KEPT;
use crate::outline::outline;
use crate::sandbox::Sandbox;

/// The component that answers WASI, built from `guest/blindfold`.
pub(crate) const BLINDFOLD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/blindfold.wasm"));
/// What it imports. No policy may.
pub(crate) const HOST: &str = "hotseat:blindfold/host@1.0.0";
/// What a policy may import beside WASI, or without it: somewhere to write. Nothing comes back, so
/// its answers are none the less a function of its questions.
pub(crate) const STDERR: &str = "hotseat:diagnostics/stderr@1.0.0";

/// The interfaces that the blindfold exports, by their whole names.
static INTERFACES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    // The tests would see it if the component that was built with this crate could not be read.
    outline(BLINDFOLD).map(|outline| outline.instances().collect()).unwrap_or_default()
});

/// The whole name of the interface that answers an import, if one does. All of 0.2 is one line in
/// which nothing is changed, only added: `wasi:io/poll@0.2.0` is answered by that of 0.2.12.
pub(crate) fn answering(import: &str) -> Option<&'static str> {
    let wanted = without_patch(import)?;
    INTERFACES.iter().copied().find(|interface| without_patch(interface) == Some(wanted))
}

/// `wasi:io/poll` of `wasi:io/poll@0.2.6`; none of another version, drafts of 0.2 among them.
fn without_patch(name: &str) -> Option<&str> {
    let (interface, version) = name.split_once('@')?;
    let patch = version.strip_prefix("0.2.")?;
    patch.bytes().all(|digit| digit.is_ascii_digit()).then_some(interface)
}

/// Links what the blindfold imports. It is called from WebAssembly, which looks at the clock itself
/// as it enters a function; each function here looks, too, so that no sequence of calls outlives
/// the call's deadline whoever makes it.
pub(crate) fn link(linker: &mut Linker<Sandbox>) -> Result<()> {
    type Context<'a> = StoreContextMut<'a, Sandbox>;
    let mut host = linker.instance(HOST)?;
    host.func_wrap("uptime", |store: Context<'_>, ()| {
        store.data().in_time()?;
        Ok((store.data().blindfold.uptime(),))
    })?;
    host.func_wrap("entropy", |store: Context<'_>, ()| {
        store.data().in_time()?;
        Ok((store.data().blindfold.entropy(),))
    })?;
    host.func_wrap("say", |mut store: Context<'_>, (text,): (WasmList<u8>,)| {
        store.data().in_time()?;
        // The list is still in the guest's memory, whatever its length; only its end is copied, and
        // more than is kept, so that what is missing shows.
        let text = text.as_le_slice(&store);
        let end = text[text.len().saturating_sub(2 * KEPT)..].to_vec();
        store.data_mut().blindfold.hear(&end);
        Ok(())
    })?;
    // A number rather than a list: a component that passes nothing but numbers needs neither a
    // second module nor a table for it, so that a policy which never fails pays nothing.
    linker.instance(STDERR)?.func_wrap("write", |mut store: Context<'_>, (bytes,): (u64,)| {
        store.data().in_time()?;
        let bytes = bytes.to_le_bytes();
        // Text in UTF-8 has no byte of 0 but for the character of that number.
        let text: Vec<u8> = bytes.into_iter().filter(|byte| *byte != 0).collect();
        store.data_mut().blindfold.hear(&text);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use wasmtime::component::Component;
    use wasmtime::{Engine, Store, Trap};

    use super::*;
    use crate::room::Room;
    use crate::settings::{Limits, config};

    #[test]
    fn the_blindfold_asks_the_host_alone_and_answers_by_name_and_line() {
        assert_eq!(outline(BLINDFOLD).unwrap().imports, [HOST]);
        assert_eq!(INTERFACES.len(), 27);
        assert_eq!(answering("wasi:io/poll@0.2.0"), Some("wasi:io/poll@0.2.12"));
        assert_eq!(answering("wasi:io/poll@0.2.99"), Some("wasi:io/poll@0.2.12"));
        for other in ["wasi:io/poll", "wasi:io/poll@0.3.0", "wasi:io/poll@0.2.0-rc1", HOST] {
            assert_eq!(answering(other), None, "{other}");
        }
    }

    /// A component that calls each of the host's functions, as directly as a component can.
    fn caller(engine: &Engine) -> Component {
        let text = format!(
            r#"(component
              (import "{HOST}" (instance $host
                (export "uptime" (func (result u64)))
                (export "entropy" (func (result u64)))
                (export "say" (func (param "text" (list u8))))))
              (import "{STDERR}" (instance $stderr (export "write" (func (param "bytes" u64)))))
              (core module $memory (memory (export "memory") 1))
              (core instance $memory (instantiate $memory))
              (core func $uptime (canon lower (func $host "uptime")))
              (core func $entropy (canon lower (func $host "entropy")))
              (core func $say (canon lower (func $host "say") (memory (core memory $memory "memory"))))
              (core func $write (canon lower (func $stderr "write")))
              (core module $caller
                (import "host" "uptime" (func $uptime (result i64)))
                (import "host" "entropy" (func $entropy (result i64)))
                (import "host" "say" (func $say (param i32 i32)))
                (import "host" "write" (func $write (param i64)))
                (func (export "uptime") (drop (call $uptime)))
                (func (export "entropy") (drop (call $entropy)))
                (func (export "say") (call $say (i32.const 0) (i32.const 60000)))
                (func (export "write") (call $write (i64.const 1))))
              (core instance $caller (instantiate $caller (with "host" (instance
                (export "uptime" (func $uptime)) (export "entropy" (func $entropy))
                (export "say" (func $say)) (export "write" (func $write))))))
              (func (export "uptime") (canon lift (core func $caller "uptime")))
              (func (export "entropy") (canon lift (core func $caller "entropy")))
              (func (export "say") (canon lift (core func $caller "say")))
              (func (export "write") (canon lift (core func $caller "write"))))"#
        );
        Component::new(engine, wat::parse_str(text).unwrap()).unwrap()
    }

    /// The epoch stands still here: nothing but the functions themselves looks at the clock.
    #[test]
    fn no_function_of_the_host_is_answered_after_the_deadline() {
        let engine = Engine::new(&config(true, Room::Ample)).unwrap();
        let component = caller(&engine);
        let mut linker = Linker::new(&engine);
        link(&mut linker).unwrap();
        let limits = Limits::default();
        let now = Instant::now();
        for function in ["uptime", "entropy", "say", "write"] {
            let call = |deadline| {
                let mut store = Store::new(&engine, Sandbox::new(&limits, deadline, None));
                store.set_fuel(limits.fuel).unwrap();
                store.set_epoch_deadline(1);
                let instance = linker.instantiate(&mut store, &component).unwrap();
                let called = instance.get_typed_func::<(), ()>(&mut store, function).unwrap();
                called.call(&mut store, ())
            };
            assert!(call(now + limits.wall * 1_000_000).is_ok(), "{function}");
            let error = call(now).unwrap_err();
            assert_eq!(
                error.downcast_ref::<Trap>(),
                Some(&Trap::Interrupt),
                "{function}: {error:?}"
            );
        }
    }
}
