//! From bytes to a policy that may decide, stage by stage.

use hotseat_core::policy::Input;
use wasmtime::component::Linker;

use crate::bindings::ElectionPre;
use crate::compile::{CompileError, CompiledComponent, Compiler};
use crate::component::{broken, inspect, wrong_export, wrong_import};
use crate::error::LoadError;
use crate::handover::Inherited;
use crate::instance::{Linked, LoadedPolicy};
use crate::runtime::Runtime;
use crate::settings::Limits;
use crate::source::Source;
use crate::text::one_line;
use crate::wasi;

/// Loads policies.
#[derive(Clone)]
pub struct Loader {
    runtime: Runtime,
    compiler: Compiler,
    limits: Limits,
}

impl Loader {
    /// A loader whose policies run in `runtime`. `limits` bounds each call while loading, too.
    pub fn new(runtime: Runtime, compiler: Compiler, limits: Limits) -> Loader {
        Loader { runtime, compiler, limits }
    }

    /// All stages in their order: parse, imports, exports, compile, describe, settings, and a
    /// trial decision on `sample`. Blocks for as long as the compiler takes.
    ///
    /// # Errors
    ///
    /// The first stage that fails. Nothing that runs meanwhile is touched by it.
    pub fn load(&self, source: &Source, sample: &Input) -> Result<LoadedPolicy, LoadError> {
        let policy = self.prepare(source)?;
        self.accept(&policy, &sample.settings)?;
        self.try_out(&policy, sample)?;
        Ok(policy)
    }

    /// The stages that look at the component alone: parse, imports, exports, compile, describe.
    ///
    /// # Errors
    ///
    /// The first stage that fails.
    pub fn prepare(&self, source: &Source) -> Result<LoadedPolicy, LoadError> {
        let compiled = self.compile(source)?;
        self.link(source, &compiled)
    }

    /// The stages parse, imports, exports and compile.
    ///
    /// # Errors
    ///
    /// The first stage that fails.
    pub fn compile(&self, source: &Source) -> Result<CompiledComponent, LoadError> {
        inspect(source)?;
        self.compiler.compile(source.bytes()).map_err(|error| not_compiled(source, error))
    }

    /// The stages behind [`compile`](Self::compile) that look at the component alone: its exports'
    /// types, and describe. `compiled` is what the component of `source` was compiled to.
    ///
    /// # Errors
    ///
    /// The first stage that fails.
    pub fn link(
        &self,
        source: &Source,
        compiled: &CompiledComponent,
    ) -> Result<LoadedPolicy, LoadError> {
        let label = || source.label().to_owned();
        let component = compiled.map(&self.runtime).map_err(|error| not_compiled(source, error))?;
        let mut linker = Linker::new(&self.runtime.engine);
        let pre = wasi::link(&mut linker)
            .and_then(|()| linker.instantiate_pre(&component))
            .map_err(|error| LoadError::Imports {
                label: label(),
                why: format!("cannot be linked: {}", one_line(&format!("{error:#}"))),
            })?;
        let mismatch = |error: wasmtime::Error| LoadError::Exports {
            label: label(),
            why: wrong_export(&format_args!("{error:#}")),
        };
        let linked =
            Linked { runtime: self.runtime.clone(), pre: ElectionPre::new(pre).map_err(mismatch)? };
        if let Some(error) = linked.mismatch(&self.limits) {
            return Err(mismatch(error));
        }
        let descriptor = linked
            .describe(&self.limits)
            .map_err(|why| LoadError::Describe { label: label(), why })?;
        let digest = source.digest().to_owned();
        Ok(LoadedPolicy::new(linked, label(), digest, descriptor))
    }

    /// Stage settings: does the policy accept them?
    ///
    /// # Errors
    ///
    /// [`LoadError::Settings`] with what the policy says about them.
    pub fn accept(&self, policy: &LoadedPolicy, settings: &str) -> Result<(), LoadError> {
        let why = match policy.validate(settings, &self.limits) {
            Ok(issues) if issues.is_empty() => return Ok(()),
            Ok(issues) => issues.join("; "),
            Err(failure) => format!("`validate`: {}: {}", failure.kind.as_str(), failure.detail),
        };
        Err(LoadError::Settings { label: policy.label().to_owned(), why: one_line(&why) })
    }

    /// Stage migrate: makes the memory of the active policy over, as a trial.
    ///
    /// # Errors
    ///
    /// [`LoadError::Migrate`] if `migrate` breaks down. A memory that it does not know is no
    /// error: the policy begins with an empty one.
    pub fn inherit(
        &self,
        policy: &LoadedPolicy,
        before: &LoadedPolicy,
        memory: &[u8],
    ) -> Result<Inherited, LoadError> {
        policy
            .inherit(before, memory, &self.limits)
            .map_err(|source| LoadError::Migrate { label: policy.label().to_owned(), source })
    }

    /// Stage dry-run: does the policy decide on `sample`? The decision is thrown away.
    ///
    /// # Errors
    ///
    /// [`LoadError::DryRun`] with how it failed.
    pub fn try_out(&self, policy: &LoadedPolicy, sample: &Input) -> Result<(), LoadError> {
        match policy.decide(sample, &self.limits) {
            Ok(_) => Ok(()),
            Err(failure) => Err(LoadError::DryRun {
                label: policy.label().to_owned(),
                why: format!("{}: {}", failure.kind.as_str(), failure.detail),
            }),
        }
    }
}

fn not_compiled(source: &Source, error: CompileError) -> LoadError {
    let label = source.label().to_owned();
    match error {
        CompileError::Invalid(why) => LoadError::Parse { label, why: broken(&why) },
        CompileError::Imports(why) => LoadError::Imports { label, why: wrong_import(&why) },
        source => LoadError::Compile { label, source },
    }
}
