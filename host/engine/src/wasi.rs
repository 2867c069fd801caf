//! WASI for guests whose toolchain cannot do without: deaf, blind and mute.
//!
//! There are no files, no sockets, no environment and no arguments; what is written is thrown
//! away; the clocks stand at the candidate's uptime and the random numbers come from the question's
//! entropy, so that equal questions have equal answers. Nothing waits: whatever could be waited for
//! is ready. An interface is linked only when the component imports it.
//!
//! Answers are made from the types that the component itself declares, so one piece of code serves
//! every version of WASI 0.2. The library made for WASI is meant to give a guest the world, and
//! would have to be kept from it: see docs/decisions/0005.

use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};
use wasmtime::component::{Component, Linker, LinkerInstance, Resource, ResourceType, Val};
use wasmtime::{Result, StoreContextMut, bail};

use crate::sandbox::Sandbox;

/// The packages of WASI that are answered.
const PACKAGES: [&str; 7] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:http/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];
/// What a stream takes at once, in bytes.
const STREAM_ROOM: u64 = 1 << 20;
/// The most random bytes that are given at once.
const MOST_RANDOM: u64 = 64 << 10;
/// One millisecond, which is how finely the clocks are set, in nanoseconds.
const TICK: u64 = 1_000_000;

/// Is that an import which is answered?
pub(crate) fn answers(import: &str) -> bool {
    PACKAGES.iter().any(|package| import.starts_with(package))
}

/// What a guest may find out: nothing but this.
#[derive(Default)]
pub(crate) struct Blindfold {
    /// Milliseconds for which the candidate runs.
    pub(crate) uptime: u64,
    /// The question's entropy; 0 where there is no question.
    pub(crate) entropy: u64,
}

impl Blindfold {
    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn draw(&mut self) -> u64 {
        self.entropy = self.entropy.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.entropy;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

/// Something of the host's that a guest has a handle of. There is nothing behind it.
struct Nothing;

/// Links what the component imports of WASI.
pub(crate) fn link(linker: &mut Linker<Sandbox>, component: &Component) -> Result<()> {
    let engine = linker.engine().clone();
    for (interface, import) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(instance) = import.ty else { continue };
        if !answers(interface) {
            continue;
        }
        let mut linked = linker.instance(interface)?;
        for (name, export) in instance.exports(&engine) {
            match export.ty {
                ComponentItem::Resource(_) => {
                    linked.resource(name, ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
                }
                ComponentItem::ComponentFunc(_) => link_function(&mut linked, interface, name)?,
                _ => {}
            }
        }
    }
    Ok(())
}

fn link_function(
    linked: &mut LinkerInstance<'_, Sandbox>,
    interface: &str,
    name: &str,
) -> Result<()> {
    let bare = interface.split('@').next().unwrap_or(interface).to_owned();
    let function = name.to_owned();
    linked.func_new(name, move |mut store, ty, params, results| {
        if let Some(result) = results.first_mut() {
            *result = match particular(&mut store, &bare, &function, params)? {
                Some(answer) => answer,
                None => usual(&mut store, &function, &ty)?,
            };
        } else if function == "exit" || function == "exit-with-code" {
            bail!("the policy called {bare}.{function}: a policy answers and does not exit");
        }
        params.iter().try_for_each(|param| give_back(&mut store, param))
    })
}

/// Handles that a call was given are the host's to drop.
fn give_back(store: &mut StoreContextMut<'_, Sandbox>, param: &Val) -> Result<()> {
    match param {
        Val::Resource(handle) => handle.resource_drop(&mut *store),
        Val::List(inner) | Val::Tuple(inner) => {
            inner.iter().try_for_each(|value| give_back(store, value))
        }
        Val::Option(Some(inner)) => give_back(store, inner),
        Val::Record(fields) => fields.iter().try_for_each(|(_, value)| give_back(store, value)),
        Val::Variant(_, Some(inner)) => give_back(store, inner),
        Val::Result(Ok(Some(inner)) | Err(Some(inner))) => give_back(store, inner),
        _ => Ok(()),
    }
}

/// Clocks, chance and streams: what has an answer of its own.
fn particular(
    store: &mut StoreContextMut<'_, Sandbox>,
    interface: &str,
    function: &str,
    params: &[Val],
) -> Result<Option<Val>> {
    let blindfold = &mut store.data_mut().blindfold;
    let answer = match (interface, function) {
        // Never 0, which Go's runtime takes for a broken clock: it would not even start.
        ("wasi:clocks/monotonic-clock", "now") => {
            Val::U64(blindfold.uptime.saturating_mul(TICK).max(1))
        }
        ("wasi:clocks/monotonic-clock", "resolution") => Val::U64(TICK),
        ("wasi:clocks/wall-clock", "now") => datetime(blindfold.uptime),
        ("wasi:clocks/wall-clock", "resolution") => datetime(1),
        (_, "get-random-u64" | "get-insecure-random-u64") => Val::U64(blindfold.draw()),
        (_, "insecure-seed") => {
            Val::Tuple(vec![Val::U64(blindfold.draw()), Val::U64(blindfold.draw())])
        }
        (_, "get-random-bytes" | "get-insecure-random-bytes") => {
            let Some(Val::U64(wanted)) = params.first() else { return Ok(None) };
            if *wanted > MOST_RANDOM {
                bail!(
                    "the policy asks for {wanted} random bytes at once: ask for {MOST_RANDOM} at most"
                );
            }
            Val::List((0..*wanted).map(|_| Val::U8(blindfold.draw().to_le_bytes()[0])).collect())
        }
        ("wasi:io/poll", "poll") => {
            let Some(Val::List(waited)) = params.first() else { return Ok(None) };
            let ready = (0..).zip(waited).map(|(index, _)| Val::U32(index));
            Val::List(ready.collect())
        }
        (_, "[method]pollable.ready") => Val::Bool(true),
        (_, "[method]output-stream.check-write") => {
            Val::Result(Ok(Some(Box::new(Val::U64(STREAM_ROOM)))))
        }
        (_, name) if name.starts_with("[method]input-stream.") && !name.ends_with("subscribe") => {
            // There is no more to read, and never was.
            let closed = Val::Variant("closed".to_owned(), None);
            Val::Result(Err(Some(Box::new(closed))))
        }
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

fn datetime(millis: u64) -> Val {
    let nanoseconds = u32::try_from(millis % 1000).unwrap_or_default() * 1_000_000;
    Val::Record(vec![
        ("seconds".to_owned(), Val::U64(millis / 1000)),
        ("nanoseconds".to_owned(), Val::U32(nanoseconds)),
    ])
}

/// Success with nothing in it; a refusal of what would give the guest something of the world.
fn usual(
    store: &mut StoreContextMut<'_, Sandbox>,
    function: &str,
    ty: &ComponentFunc,
) -> Result<Val> {
    let Some(result) = ty.results().next() else { bail!("{function} has no result") };
    if let Type::Result(either) = &result {
        let gives_a_handle = either.ok().is_some_and(|ok| has_handle(&ok));
        if gives_a_handle {
            let refusal = either.err().map(|error| refusal(store, &error)).transpose()?;
            return Ok(Val::Result(Err(refusal.map(Box::new))));
        }
    }
    nothing(store, &result)
}

fn has_handle(ty: &Type) -> bool {
    match ty {
        Type::Own(_) | Type::Borrow(_) => true,
        Type::Tuple(tuple) => tuple.types().any(|ty| has_handle(&ty)),
        _ => false,
    }
}

/// The error that says no, or the first that there is.
fn refusal(store: &mut StoreContextMut<'_, Sandbox>, ty: &Type) -> Result<Val> {
    const NO: [&str; 4] = ["access-denied", "access", "not-permitted", "HTTP-request-denied"];
    match ty {
        Type::Enum(choices) => {
            let no = choices.names().find(|name| NO.contains(name));
            let name = no.or_else(|| choices.names().next()).unwrap_or_default();
            Ok(Val::Enum(name.to_owned()))
        }
        Type::Variant(choices) if choices.cases().any(|case| NO.contains(&case.name)) => {
            let no = choices.cases().find(|case| NO.contains(&case.name) && case.ty.is_none());
            match no {
                Some(case) => Ok(Val::Variant(case.name.to_owned(), None)),
                None => nothing(store, ty),
            }
        }
        other => nothing(store, other),
    }
}

/// The emptiest value of a type.
fn nothing(store: &mut StoreContextMut<'_, Sandbox>, ty: &Type) -> Result<Val> {
    Ok(match ty {
        Type::Bool => Val::Bool(false),
        Type::S8 => Val::S8(0),
        Type::U8 => Val::U8(0),
        Type::S16 => Val::S16(0),
        Type::U16 => Val::U16(0),
        Type::S32 => Val::S32(0),
        Type::U32 => Val::U32(0),
        Type::S64 => Val::S64(0),
        Type::U64 => Val::U64(0),
        Type::Float32 => Val::Float32(0.0),
        Type::Float64 => Val::Float64(0.0),
        Type::Char => Val::Char(' '),
        Type::String => Val::String(String::new()),
        Type::List(_) => Val::List(Vec::new()),
        Type::Record(record) => {
            let fields = record.fields();
            let fields =
                fields.map(|field| Ok((field.name.to_owned(), nothing(store, &field.ty)?)));
            Val::Record(fields.collect::<Result<_>>()?)
        }
        Type::Tuple(tuple) => {
            Val::Tuple(tuple.types().map(|ty| nothing(store, &ty)).collect::<Result<_>>()?)
        }
        Type::Variant(choices) => {
            let plain = choices.cases().find(|case| case.ty.is_none());
            let Some(case) = plain.or_else(|| choices.cases().next()) else {
                bail!("a variant without cases")
            };
            let inner = case.ty.as_ref().map(|ty| nothing(store, ty)).transpose()?;
            Val::Variant(case.name.to_owned(), inner.map(Box::new))
        }
        Type::Enum(choices) => Val::Enum(choices.names().next().unwrap_or_default().to_owned()),
        Type::Option(_) => Val::Option(None),
        Type::Result(either) => {
            let inner = either.ok().map(|ty| nothing(store, &ty)).transpose()?;
            Val::Result(Ok(inner.map(Box::new)))
        }
        Type::Flags(_) => Val::Flags(Vec::new()),
        Type::Own(_) => {
            let handle = Resource::<Nothing>::new_own(0);
            Val::Resource(handle.try_into_resource_any(&mut *store)?)
        }
        other => bail!("a policy cannot have a value of the type {other:?}"),
    })
}
