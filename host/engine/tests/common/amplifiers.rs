//! Policies of few bytes, or of bytes that all look alike, that cost whoever loads them much more.

use std::fmt::Write as _;

use wasm_encoder::{
    Component, ComponentInstanceSection, ComponentSection, ComponentSectionId, RawSection,
};
use wasmtime::wasmparser::{Parser, Payload};

use super::{CONTRACT, UnexpectedType};

/// What a component or a module begins with, in bytes.
const HEADER: usize = 8;
const MODULE: &[u8; HEADER] = b"\0asm\x01\0\0\0";

/// A proper policy with `nested` beside it, of which it makes so many instances.
fn beside(nested: &[u8], instances: usize) -> Vec<u8> {
    let mut whole = UnexpectedType::default().build();
    let index = components(&whole);
    let id = ComponentSectionId::Component.into();
    RawSection { id, data: nested }.append_to_component(&mut whole);
    let mut made = ComponentInstanceSection::new();
    for _ in 0..instances {
        made.instantiate::<[(&str, _, _); 0], _>(index, []);
    }
    made.append_to_component(&mut whole);
    whole
}

/// How many components are defined in this one, not in those in it.
fn components(bytes: &[u8]) -> u32 {
    let (mut depth, mut count) = (0, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentSection { .. } if depth == 1 => count += 1,
            _ => {}
        }
    }
    count
}

/// A component of a module and so many instances of it.
fn instances_of(module: &[u8], instances: u32) -> Vec<u8> {
    let mut whole = Component::HEADER.to_vec();
    let id = ComponentSectionId::CoreModule.into();
    RawSection { id, data: module }.append_to_component(&mut whole);
    if instances > 0 {
        // Of module 0, without arguments.
        section(2, instances, &[0, 0, 0], &mut whole);
    }
    whole
}

/// A component of so many modules.
fn modules(module: &[u8], count: usize) -> Vec<u8> {
    let one = &instances_of(module, 0)[HEADER..];
    [&Component::HEADER[..], &one.repeat(count)].concat()
}

/// A section of so many items that are all the same.
fn section(id: u8, count: u32, item: &[u8], into: &mut Vec<u8>) {
    let mut data = leb(count);
    data.extend(item.repeat(count as usize));
    RawSection { id, data: &data }.append_to_component(into);
}

/// A module of such sections.
fn module(sections: &[(u8, u32, &[u8])]) -> Vec<u8> {
    let mut whole = MODULE.to_vec();
    for (id, count, item) in sections {
        section(*id, *count, item, &mut whole);
    }
    whole
}

fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Behind its own size.
fn sized(bytes: &[u8]) -> Vec<u8> {
    [leb(u32::try_from(bytes.len()).unwrap()), bytes.to_vec()].concat()
}

const NO_TYPE: (u8, u32, &[u8]) = (1, 1, &[0x60, 0, 0]);
/// `i64`, variable, 0.
const GLOBAL: &[u8] = &[0x7e, 1, 0x42, 0, 0x0b];

/// One module of so many globals, and so many instances of it.
pub fn globals(count: u32, instances: u32) -> Vec<u8> {
    beside(&instances_of(&module(&[(6, count, GLOBAL)]), instances), 1)
}

/// A component in a component, to that depth, each with so many instances of the next.
pub fn instances_of_instances(depth: usize, wide: usize) -> Vec<u8> {
    let made = "(instance (instantiate 0))".repeat(wide);
    let text = (0..depth).fold(String::new(), |inner, _| format!("(component {inner}) {made}"));
    beside(&wat::parse_str(format!("(component {text})")).unwrap(), 1)
}

/// Nothing but components in components.
pub fn depth(depth: usize) -> Vec<u8> {
    let mut nested = Component::HEADER.to_vec();
    for _ in 0..depth {
        let mut outer = Component::HEADER.to_vec();
        RawSection { id: ComponentSectionId::Component.into(), data: &nested }
            .append_to_component(&mut outer);
        nested = outer;
    }
    beside(&nested, 1)
}

/// So many functions, each with fifty thousand variables.
pub fn locals(functions: u32) -> Vec<u8> {
    let body = sized(&[1, 0xd0, 0x86, 3, 0x7e, 0x0b]);
    beside(&instances_of(&module(&[NO_TYPE, (3, functions, &[0]), (10, functions, &body)]), 1), 1)
}

/// So many empty functions.
pub fn functions(count: u32) -> Vec<u8> {
    let body = sized(&[0, 0x0b]);
    beside(&instances_of(&module(&[NO_TYPE, (3, count, &[0]), (10, count, &body)]), 1), 1)
}

/// A function that is one branch to so many places, which are one.
pub fn branches(count: u32) -> Vec<u8> {
    let mut body = vec![0, 0x02, 0x40, 0x41, 0, 0x0e];
    body.extend(leb(count));
    body.extend(vec![0; count as usize + 1]);
    body.extend([0x0b, 0x0b]);
    let module = module(&[NO_TYPE, (3, 1, &[0]), (10, 1, &sized(&body))]);
    beside(&instances_of(&module, 1), 1)
}

/// Blocks in blocks.
pub fn blocks(depth: usize) -> Vec<u8> {
    let body = [vec![0], [0x02, 0x40].repeat(depth), vec![0x0b; depth + 1]].concat();
    let module = module(&[NO_TYPE, (3, 1, &[0]), (10, 1, &sized(&body))]);
    beside(&instances_of(&module, 1), 1)
}

/// A segment of so many references to a function, each an expression.
pub fn elements(count: u32) -> Vec<u8> {
    let segment = [vec![5, 0x70], leb(count), [0xd2, 0, 0x0b].repeat(count as usize)].concat();
    let body = sized(&[0, 0x0b]);
    let module = module(&[NO_TYPE, (3, 1, &[0]), (9, 1, &segment), (10, 1, &body)]);
    beside(&instances_of(&module, 1), 1)
}

/// So many modules, each with a byte at the beginning and one at the end of 16 MiB.
pub fn data(count: usize) -> Vec<u8> {
    let text = "(module (memory 256) (data (i32.const 0) \"a\") (data (i32.const 16777215) \"z\"))";
    beside(&modules(&wat::parse_str(text).unwrap(), count), 1)
}

/// So many memories, tables or whatever else, each of the least size, in so many instances.
pub fn declared(what: &str, count: usize, instances: u32) -> Vec<u8> {
    let text = format!("(module {})", what.repeat(count));
    beside(&instances_of(&wat::parse_str(text).unwrap(), instances), 1)
}

/// A custom section of so many bytes.
pub fn custom(bytes: usize) -> Vec<u8> {
    let name = sized(b"name");
    let mut whole = UnexpectedType::default().build();
    RawSection { id: 0, data: &[name, vec![0x7f; bytes]].concat() }.append_to_component(&mut whole);
    whole
}

/// A policy that exports so many instances besides.
pub fn exports(count: u32) -> Vec<u8> {
    let mut data = leb(count);
    for number in 0..count {
        data.push(0);
        data.extend(sized(format!("e{number}").as_bytes()));
        // The first instance, without a type.
        data.extend([5, 0, 0]);
    }
    let mut whole = UnexpectedType::default().build();
    RawSection { id: 11, data: &data }.append_to_component(&mut whole);
    whole
}

/// Tuples of tuples: each level has ten times the values of the one before.
pub fn tuples(levels: usize) -> Vec<u8> {
    let mut text = "(type $t0 u8)".to_owned();
    for level in 0..levels {
        let inner = format!(" $t{level}").repeat(10);
        write!(text, "(type $t{} (tuple{inner}))", level + 1).unwrap();
    }
    let nested = format!("(component {text} (import \"f\" (func (param \"v\" $t{levels}))))");
    beside(&wat::parse_str(nested).unwrap(), 0)
}

/// A policy whose way to write to standard error has a type of its own.
pub fn odd_stderr() -> Vec<u8> {
    let name = "hotseat:diagnostics/stderr@1.0.0";
    let wit = CONTRACT.replace("world election {", &format!("world election {{ import {name};"))
        + "package hotseat:diagnostics@1.0.0 { interface stderr {
            write: func(bytes: tuple<string, list<u64>>); } }";
    let imports = format!("(import \"{name}\" \"write\" (func (param i32 i32 i32 i32)))");
    UnexpectedType { wit: &wit, imports: &imports, ..UnexpectedType::default() }.build()
}
