//! What a policy says of itself.

use crate::bindings::wit;
use hotseat_core::on_failure::OnFailure;
use hotseat_core::policy::LONGEST_KEY;

/// The most facts that a policy may need.
const MOST_NEEDS: usize = 64;

/// What a policy says of itself, within the bounds of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its name; from 1 to 64 bytes without control characters.
    pub name: String,
    /// Its version; at most 64 bytes without control characters.
    pub version: String,
    /// One line of what it does; at most 1,024 bytes.
    pub summary: String,
    /// Changes when the bytes of its memory change their meaning.
    pub memory_schema: u32,
    /// JSON Schema of its settings, or empty; at most 64 KiB.
    pub settings_schema: String,
    /// The facts that it cannot do without: at most 64, each of 1 to 317 bytes without control
    /// characters.
    pub needs: Vec<String>,
    /// What decides in its place where it fails: `Hold` if it does not say.
    pub on_failure: OnFailure,
}

/// The fact that is the other candidates.
pub(crate) const ROSTER: &str = "roster";

impl Descriptor {
    /// Whether it says that it needs that fact.
    pub fn needs(&self, fact: &str) -> bool {
        self.needs.iter().any(|need| need == fact)
    }

    /// Checks the bounds; the error says which is broken.
    pub(crate) fn checked(said: wit::Descriptor) -> Result<Descriptor, String> {
        let wit::Descriptor {
            name,
            version,
            summary,
            memory_schema,
            settings_schema,
            needs,
            on_failure,
        } = said;
        let on_failure = on_failure.map_or(OnFailure::default(), OnFailure::from);
        if name.is_empty() {
            return Err("the name is empty: give the policy one".into());
        }
        for (what, text, most) in
            [("name", &name, 64), ("version", &version, 64), ("summary", &summary, 1024)]
        {
            if text.len() > most {
                return Err(too_long(what, text, most));
            }
            if text.contains(char::is_control) {
                return Err(format!("the {what} has a control character: leave it out"));
            }
        }
        if settings_schema.len() > 64 << 10 {
            return Err(too_long("settings-schema", &settings_schema, 64 << 10));
        }
        if needs.len() > MOST_NEEDS {
            let count = needs.len();
            return Err(format!("needs has {count} entries, at most {MOST_NEEDS} are allowed"));
        }
        for need in &needs {
            if need.is_empty() || need.len() > LONGEST_KEY || need.contains(char::is_control) {
                return Err(format!(
                    "an entry of needs is not from 1 to {LONGEST_KEY} bytes without control characters: give the keys of facts"
                ));
            }
        }
        Ok(Descriptor { name, version, summary, memory_schema, settings_schema, needs, on_failure })
    }
}

fn too_long(what: &str, text: &str, most: usize) -> String {
    format!("the {what} has {} bytes, at most {most} are allowed: shorten it", text.len())
}
