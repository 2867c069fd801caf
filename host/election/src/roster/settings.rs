//! Settings as the roster has them.

use hotseat_text::Digest;

/// By what other candidates know settings: their digest, byte for byte; empty where there are none.
pub fn settings_digest(settings: &str) -> String {
    match settings.is_empty() {
        true => String::new(),
        false => Digest::of(settings.as_bytes()).to_string(),
    }
}
