//! From bytes to a policy that may decide, stage by stage.

use hotseat_core::policy::{Decision, Failure, Input};
use wasmtime::component::Linker;

use crate::bindings::ElectionPre;
use crate::compile::{CompiledComponent, Compiler};
use crate::component::{inspect, wrong_export, wrong_import};
use crate::descriptor::Descriptor;
use crate::error::{CompileError, LoadError, MigrateError};
use crate::handover::Inherited;
use crate::instance::{Linked, LoadedPolicy};
use crate::outline::broken;
use crate::runtime::Runtime;
use crate::sandbox::Spent;
use crate::settings::Limits;
use crate::source::Source;
use crate::supervise::apart;
use crate::text::{bytes, one_line};
use crate::wasi;

/// Loads policies.
#[derive(Clone)]
pub struct Loader {
    runtime: Runtime,
    compiler: Compiler,
    limits: Limits,
}

impl Loader {
    /// A loader whose policies run in `runtime`. `limits` bounds each call while loading, too. The
    /// compiler leaves the active policy the memory of a call.
    pub fn new(runtime: Runtime, compiler: Compiler, limits: Limits) -> Loader {
        let compiler = compiler.beside(limits.memory as u64);
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
        let most = self.limits.memory;
        if compiled.overhead() > most {
            // Before it is mapped: what the host knows of each instance takes memory, too.
            let what = format!("{} of memory for the instances of a call", bytes(most as u64));
            return Err(not_compiled(source, CompileError::OverLimit(what)));
        }
        let component = compiled.map(&self.runtime).map_err(|error| not_compiled(source, error))?;
        let mut linker = Linker::new(&self.runtime.engine);
        let pre = wasi::link(&mut linker)
            .and_then(|()| linker.instantiate_pre(&component))
            .map_err(|error| LoadError::Imports {
                label: label(),
                why: format!("cannot be linked: {}", one_line(&format!("{error:#}"))),
            })?;
        let pre = ElectionPre::new(pre).map_err(|error| LoadError::Exports {
            label: label(),
            why: wrong_export(&format_args!("{error:#}")),
        })?;
        let overhead = compiled.overhead();
        let linked = Linked { runtime: self.runtime.clone(), pre, overhead };
        self.describe(source, linked)
    }

    /// Stage describe, after a look at the exports' types, which show in an instance.
    pub(crate) fn describe(
        &self,
        source: &Source,
        linked: Linked,
    ) -> Result<LoadedPolicy, LoadError> {
        let label = || source.label().to_owned();
        let (asked, limits) = (linked.clone(), self.limits.clone());
        let said = apart(&self.runtime, source.digest(), &self.limits, move || {
            match asked.mismatch(&limits)? {
                Some(error) => Ok(Err(error)),
                None => Ok(Ok(asked.describe(&limits)?)),
            }
        });
        let described = match said {
            Ok(Ok(said)) => Descriptor::checked(said),
            Ok(Err(error)) => {
                let why = wrong_export(&format_args!("{error:#}"));
                return Err(LoadError::Exports { label: label(), why });
            }
            Err(failure) => Err(told(&failure)),
        };
        let descriptor = described
            .and_then(|descriptor| match descriptor.settings_schema.as_str() {
                "" => Ok(descriptor),
                schema => match self.compiler.check_schema(schema) {
                    Ok(()) => Ok(descriptor),
                    Err(error) => Err(error.to_string()),
                },
            })
            .map_err(|why| LoadError::Describe { label: label(), why })?;
        Ok(LoadedPolicy::new(linked, label(), source.digest().to_owned(), descriptor))
    }

    /// Stage settings: do they fit the policy's schema, and does the policy accept them? What it
    /// warns of, a line each.
    ///
    /// # Errors
    ///
    /// [`LoadError::Settings`] with what is wrong with them, and where.
    pub fn accept(&self, policy: &LoadedPolicy, settings: &str) -> Result<Vec<String>, LoadError> {
        let refused = |why: &str| {
            Err(LoadError::Settings { label: policy.label().to_owned(), why: one_line(why) })
        };
        let schema = policy.descriptor().settings_schema.as_str();
        // Whether it can do without any is for the policy to say.
        if !schema.is_empty() && !settings.trim().is_empty() {
            match self.compiler.judge(schema, settings) {
                Ok(issues) if issues.is_empty() => {}
                Ok(issues) => return refused(&issues.join("; ")),
                Err(error) => return refused(&error.to_string()),
            }
        }
        let (text, limits) = (settings.to_owned(), self.limits.clone());
        let asked = policy.clone();
        let answer = self.apart(policy, move || asked.validate(&text, &limits));
        let why = match answer {
            Ok(issues) => {
                let lines = |errors| {
                    let some = issues.iter().filter(move |issue| issue.is_error == errors);
                    some.map(|issue| issue.line.clone()).collect::<Vec<_>>()
                };
                match lines(true) {
                    errors if errors.is_empty() => return Ok(lines(false)),
                    errors => errors.join("; "),
                }
            }
            Err(failure) => format!("`validate`: {}", told(&failure)),
        };
        refused(&why)
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
        let (asked, before) = (policy.clone(), before.clone());
        let (memory, limits) = (memory.to_vec(), self.limits.clone());
        let answer = self.apart(policy, move || Ok(asked.inherit(&before, &memory, &limits)));
        answer
            .unwrap_or_else(|failure| Err(MigrateError::of(failure)))
            .map_err(|source| LoadError::Migrate { label: policy.label().to_owned(), source })
    }

    /// Stage dry-run: does the policy decide on `sample`? The decision is thrown away.
    ///
    /// # Errors
    ///
    /// [`LoadError::DryRun`] with how it failed.
    pub fn try_out(&self, policy: &LoadedPolicy, sample: &Input) -> Result<(), LoadError> {
        match self.decide(policy, sample) {
            Ok(_) => Ok(()),
            Err(failure) => {
                Err(LoadError::DryRun { label: policy.label().to_owned(), why: told(&failure) })
            }
        }
    }

    /// Asks the policy what to do, within the limits of this loader, on a thread that is left
    /// behind if the call does not come back.
    ///
    /// # Errors
    ///
    /// As [`LoadedPolicy::decide`]; and the call did not come back, or too many did not before.
    pub fn decide(
        &self,
        policy: &LoadedPolicy,
        input: &Input,
    ) -> Result<(Decision, Spent), Failure> {
        let (asked, input, limits) = (policy.clone(), input.clone(), self.limits.clone());
        self.apart(policy, move || asked.decide(&input, &limits))
    }

    /// What one call of a policy may use.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The runtime of its policies.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    fn apart<R: Send + 'static>(
        &self,
        policy: &LoadedPolicy,
        call: impl FnOnce() -> Result<R, Failure> + Send + 'static,
    ) -> Result<R, Failure> {
        apart(&self.runtime, policy.digest(), &self.limits, call)
    }
}

/// A failure in words for people.
fn told(failure: &Failure) -> String {
    format!("{}: {}", failure.kind.as_str(), failure.detail)
}

fn not_compiled(source: &Source, error: CompileError) -> LoadError {
    let label = source.label().to_owned();
    match error {
        CompileError::Invalid(why) => LoadError::Parse { label, why: broken(&why) },
        CompileError::Imports(why) => LoadError::Imports { label, why: wrong_import(&why) },
        source => LoadError::Compile { label, source },
    }
}
