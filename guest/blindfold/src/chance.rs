//! Random numbers that are the same for the same question.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::Blindfold;
use crate::bindings::exports::wasi::random::{insecure, insecure_seed, random};
use crate::bindings::hotseat::blindfold::host;

/// What SplitMix64 adds to its state before each number.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The state of SplitMix64 (Steele, Lea and Flood, 2014), from the question's entropy on.
static STATE: AtomicU64 = AtomicU64::new(0);
static BEGUN: AtomicBool = AtomicBool::new(false);

fn draw() -> u64 {
    // Asked for by the first draw and not before: a policy may draw while it is instantiated, and
    // one that never draws pays for no call of the host.
    let before = match BEGUN.swap(true, Ordering::Relaxed) {
        true => STATE.load(Ordering::Relaxed),
        false => host::entropy(),
    };
    let state = before.wrapping_add(STEP);
    STATE.store(state, Ordering::Relaxed);
    scramble(state)
}

fn scramble(state: u64) -> u64 {
    let mut bits = state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Any number of bytes: each costs the policy fuel, and memory in this component.
fn bytes(length: u64) -> Vec<u8> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let drawn = draw().to_le_bytes();
        let missing = length - bytes.len();
        bytes.extend_from_slice(&drawn[..missing.min(drawn.len())]);
    }
    bytes
}

impl random::Guest for Blindfold {
    fn get_random_bytes(length: u64) -> Vec<u8> {
        bytes(length)
    }

    fn get_random_u64() -> u64 {
        draw()
    }
}

impl insecure::Guest for Blindfold {
    fn get_insecure_random_bytes(length: u64) -> Vec<u8> {
        bytes(length)
    }

    fn get_insecure_random_u64() -> u64 {
        draw()
    }
}

impl insecure_seed::Guest for Blindfold {
    fn insecure_seed() -> (u64, u64) {
        (draw(), draw())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of SplitMix64 from the state 0, as its authors' own program prints them.
    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let numbers = [1, 2, 3].map(|draws| scramble(STEP.wrapping_mul(draws)));
        assert_eq!(numbers, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
    }
}
