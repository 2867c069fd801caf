//! The policy engine of Hotseat: loads election policies, which are WebAssembly components, asks
//! them and holds them to their limits.
//!
//! A [`Source`] is bytes; a [`Loader`] makes a [`LoadedPolicy`] of it, which answers questions; a
//! [`PolicyWorker`] asks it on a thread of its own. Nothing that a component holds or does can
//! take more than the limits allow or bring down the process. Compiling happens in a child
//! process, for which the program must call [`compile_child_main`].
//!
//! ```no_run
//! use hotseat_engine::{Compiler, LARGEST_COMPONENT, Limits, Loader, Runtime, Source};
//!
//! # fn load(sample: &hotseat_core::policy::Input) -> Result<(), Box<dyn std::error::Error>> {
//! let compiler = Compiler::of_this_program(&["compile-policy"], Default::default());
//! let loader = Loader::new(Runtime::new()?, compiler, Limits::default());
//! let source = Source::new("policy.wasm", std::fs::read("policy.wasm")?, LARGEST_COMPONENT)?;
//! let policy = loader.load(&source, sample)?;
//! let (decision, spent) = loader.decide(&policy, sample).map_err(|f| f.detail)?;
//! println!("{:?} for {} units of fuel", decision.action, spent.fuel);
//! # Ok(())
//! # }
//! ```

// `forbid` would not let `compile.rs` map what the compiler wrote, the one place that needs it.
#![deny(unsafe_code)]

mod backstop;
mod bindings;
mod blindfold;
mod bounds;
mod builtin;
mod child;
mod compile;
mod compile_limits;
mod component;
mod compose;
#[cfg_attr(not(target_os = "linux"), path = "unconfined.rs")]
mod confine;
mod container;
mod descriptor;
mod error;
mod fits;
mod handover;
mod instance;
mod issue;
mod judging;
mod known_schemas;
mod left_behind;
mod load;
mod outline;
mod overhead;
#[cfg_attr(not(target_os = "linux"), path = "no_priority.rs")]
mod priority;
mod room;
mod runtime;
mod sample;
mod sandbox;
mod schema;
mod sealed;
mod settings;
mod source;
mod spent;
mod standard;
mod supervise;
mod text;
mod timer;
mod wasi;
mod worker;

pub use builtin::{BUILTINS, Builtin};
pub use child::compile_child_main;
pub use compile::{CompiledComponent, Compiler};
pub use compile_limits::CompileLimits;
pub use component::Surface;
pub use container::{Container, MemoryLeft};
pub use descriptor::Descriptor;
pub use error::{CompileError, LoadError, MigrateError};
pub use fits::Needed;
pub use handover::Inherited;
pub use instance::LoadedPolicy;
pub use left_behind::LeftBehind;
pub use load::Loader;
pub use runtime::Runtime;
pub use sample::sample;
pub use sandbox::Spent;
pub use settings::Limits;
pub use source::{LARGEST_COMPONENT, Source, digest};
pub use spent::CompileSpent;
pub use standard::{STANDARD, STANDARD_LABEL};
pub use worker::{Answer, PolicyWorker, Setup, Takeover, ThreadEnded, Unasked, WorkerEvent};
