//! The settings that are explored by default.

use crate::hands::Fault;
use crate::setting::Setting;

/// Small ones.
pub fn quick() -> Vec<Setting> {
    vec![Setting::new(3, 2, &[]), Setting::new(3, 2, &[Fault::Crash])]
}
