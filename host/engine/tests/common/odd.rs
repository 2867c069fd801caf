//! A maker of odd components, from WebAssembly text.

use std::fmt::Write as _;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub const CONTRACT: &str = include_str!("../../../../wit/policy.wit");
/// The newest version of WASI 0.2 that is answered, by the number behind 0.2.
pub const WASI: u32 = 12;

/// The parts of a policy written in WebAssembly text. The defaults make a proper policy named
/// `odd` that waits for a second, without settings.
pub struct UnexpectedType<'a> {
    /// The world, as WIT.
    pub wit: &'a str,
    /// Interfaces of WASI that the world imports besides, such as `wasi:io/poll`, and the number
    /// behind 0.2 of their version.
    pub wasi: (&'a [&'a str], u32),
    /// The interface that the functions below belong to.
    pub interface: &'a str,
    /// Pages of memory, or what else follows `memory (export "memory")`.
    pub memory: &'a str,
    /// The bodies of the functions; each returns the address of its answer.
    pub describe: &'a str,
    pub validate: &'a str,
    pub decide: &'a str,
    pub migrate: &'a str,
    /// Imports of the module.
    pub imports: &'a str,
    /// More fields of the module.
    pub extra: &'a str,
}

/// The address of the answer of `decide`; its layout is in [`ANSWER`].
pub const DECIDE: &str = "(i32.const 2048)";
/// Stores a proper answer: wait, ask again after a second. The reason's address and length are at
/// 2096 and 2100, those of the memory at 2112 and 2116, the wake-up at 2072, lease at 2080.
pub const ANSWER: &str = "(i64.store (i32.const 2072) (i64.const 1000))";

impl Default for UnexpectedType<'_> {
    fn default() -> Self {
        UnexpectedType {
            wit: CONTRACT,
            wasi: (&[], WASI),
            interface: "hotseat:policy/policy@1.0.0",
            memory: "2",
            describe: "(i32.const 1024)",
            validate: "(i32.const 1100)",
            decide: "(i64.store (i32.const 2072) (i64.const 1000)) (i32.const 2048)",
            migrate: "(i32.const 1200)",
            imports: "",
            extra: "",
        }
    }
}

impl UnexpectedType<'_> {
    /// The component.
    pub fn build(&self) -> Vec<u8> {
        let (interfaces, patch) = self.wasi;
        let (mut resolve, mut wit) = (Resolve::default(), self.wit.to_owned());
        if !interfaces.is_empty() {
            resolve = wasi(patch);
            let imports: String = interfaces
                .iter()
                .map(|interface| format!("import {interface}@0.2.{patch};"))
                .collect();
            wit = wit.replace("world election {", &format!("world election {{ {imports}"));
        }
        encode(&self.module(), resolve, &wit)
    }

    fn module(&self) -> Vec<u8> {
        let UnexpectedType {
            interface,
            memory,
            describe,
            validate,
            decide,
            migrate,
            imports,
            extra,
            ..
        } = self;
        // name "odd", version "1", summary "s", memory-schema 1, settings-schema "", no needs, no on-failure.
        let descriptor = record(&[(900, 3), (903, 1), (904, 1)]) + &words(&[1, 0, 0, 0, 0, 0]);
        let text = format!(
            r#"(module
  {imports}
  (memory (export "memory") {memory})
  (data (i32.const 900) "odd1s")
  (data (i32.const 1024) "{descriptor}")
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $next)
    (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 7))
      (i32.const -8))))
  (func (export "{interface}#describe") (result i32) {describe})
  (func (export "{interface}#validate") (param i32 i32) (result i32) {validate})
  (func (export "{interface}#decide") (param i32) (result i32) {decide})
  (func (export "{interface}#migrate") (param i32 i32 i32 i32 i32) (result i32) {migrate})
  {extra})"#
        );
        wat::parse_str(text).unwrap()
    }
}

/// WASI's own WIT, as it was in version 0.2.`patch`.
fn wasi(patch: u32) -> Resolve {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/blindfold/wit/deps");
    let mut resolve = Resolve::default();
    // Each after those that it uses.
    for package in ["io", "clocks", "random", "filesystem", "sockets", "cli"] {
        let file = folder.join(package).with_extension("wit");
        let text = std::fs::read_to_string(&file).unwrap();
        // What was added since 0.2.0 may be missing in an older one; that makes no difference to what
        // a component takes of the rest.
        let text = text.replace(&format!("@0.2.{WASI}"), &format!("@0.2.{patch}"));
        let text = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("@since"))
            .collect::<Vec<_>>()
            .join("\n");
        resolve.push_str(&file, &text).unwrap();
    }
    resolve
}

/// Makes a component of the world `election` in `wit` from a core module.
pub fn component(module: &[u8], wit: &str) -> Vec<u8> {
    encode(module, Resolve::default(), wit)
}

fn encode(module: &[u8], mut resolve: Resolve, wit: &str) -> Vec<u8> {
    let mut module = module.to_vec();
    let package = resolve.push_str("policy.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("election")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).unwrap();
    encoder.encode().unwrap()
}

/// Strings as a record holds them: address and length.
fn record(strings: &[(u32, u32)]) -> String {
    strings.iter().map(|(address, length)| words(&[*address, *length])).collect()
}

/// Little-endian words as WebAssembly text wants them in a data segment.
fn words(words: &[u32]) -> String {
    let mut text = String::new();
    for byte in words.iter().flat_map(|word| word.to_le_bytes()) {
        write!(text, "\\{byte:02x}").unwrap();
    }
    text
}
