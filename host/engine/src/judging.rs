//! Has the compiler's child judge settings, and the schemas that policies have for them.

use std::io::{Read as _, Seek as _};
use std::time::Duration;

use crate::compile::Compiler;
use crate::compile_limits::CompileLimits;
use crate::error::CompileError;
use crate::schema::{TASK, framed};
use crate::source::digest;
use crate::text::one_line;

/// What judging settings by a schema may use.
fn limits() -> CompileLimits {
    CompileLimits {
        processor_seconds: 2,
        wall: Duration::from_secs(30),
        output: 64 << 10,
        ..CompileLimits::default()
    }
}

/// Why settings were not judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SchemaError {
    /// The schema is none.
    #[error("the settings' schema is not one: {0}")]
    Invalid(String),
    /// Judging by it takes more than is allowed, or there was no child to do it.
    #[error("settings cannot be checked against the policy's schema: {0}")]
    Unjudged(String),
}

impl Compiler {
    /// Whether a schema is one. A child looks at each schema once, for as long as few others come.
    ///
    /// # Errors
    ///
    /// It is not, or it takes too much to see that.
    pub(crate) fn check_schema(&self, schema: &str) -> Result<(), SchemaError> {
        let digest = digest(schema.as_bytes());
        if self.schemas.contains(&digest) {
            return Ok(());
        }
        self.judge(schema, "")?;
        self.schemas.add(digest);
        Ok(())
    }

    /// What is wrong with settings by that schema: lines, each with a JSON pointer in front of the
    /// reason.
    ///
    /// # Errors
    ///
    /// The schema is none, or judging by it takes too much.
    pub(crate) fn judge(&self, schema: &str, settings: &str) -> Result<Vec<String>, SchemaError> {
        let unjudged = |why: String| SchemaError::Unjudged(one_line(&why));
        let ran = self.with(limits()).run(TASK, &framed(schema, settings));
        let (mut output, _) = ran.map_err(|error| match error {
            CompileError::Invalid(why) => SchemaError::Invalid(why),
            CompileError::OverLimit(what) => {
                unjudged(format!("it takes more than {what}: make the schema simpler"))
            }
            error => unjudged(error.to_string()),
        })?;
        let mut text = String::new();
        output
            .rewind()
            .and_then(|()| output.read_to_string(&mut text))
            .map_err(|error| unjudged(error.to_string()))?;
        Ok(text.lines().map(one_line).collect())
    }
}
