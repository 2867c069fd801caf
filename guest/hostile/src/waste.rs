//! Waste of what a host has to limit.

use std::hint::black_box;

/// Never ends, and uses fuel like any code.
pub(crate) fn time_and_fuel() -> ! {
    let mut turns: u64 = 0;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Never ends; a turn is few instructions, most of whose time the host spends, on growing memory by
/// nothing. Fuel says little about that, while it counts each byte of a large copy or fill.
pub(crate) fn time() -> ! {
    loop {
        black_box(grow_by_nothing());
    }
}

#[cfg(target_arch = "wasm32")]
fn grow_by_nothing() -> usize {
    core::arch::wasm32::memory_grow::<0>(0)
}

/// Where the crate is tested there is no such memory, and nobody calls this.
#[cfg(not(target_arch = "wasm32"))]
fn grow_by_nothing() -> usize {
    0
}

/// Takes a mebibyte at a time and keeps it.
pub(crate) fn memory() -> ! {
    let mut kept = Vec::new();
    loop {
        kept.push(vec![1_u8; 1 << 20]);
        black_box(&kept);
    }
}

/// Calls itself with something to do after each return, so that no call replaces another.
pub(crate) fn stack() -> ! {
    fn deeper(depth: u64, end: u64) -> u64 {
        let frame = black_box([depth; 8]);
        if depth == end {
            return frame[0];
        }
        deeper(depth + 1, end).wrapping_add(frame[0])
    }
    panic!("the stack did not end, {}", deeper(0, black_box(u64::MAX)));
}

/// Draws roots over and over, each from the one before: few instructions for the time they take.
pub(crate) fn some_fuel(entropy: u64) {
    const TURNS: u32 = 260_000;
    let mut value = f64::from_bits(entropy >> 12).max(2.0);
    for _ in 0..TURNS {
        // Eight in a row, so that the loop's own instructions count little.
        value = (value * 1.5 + 2.0).sqrt();
        value = (value * 1.5 + 3.0).sqrt();
        value = (value * 1.5 + 5.0).sqrt();
        value = (value * 1.5 + 7.0).sqrt();
        value = (value * 1.5 + 11.0).sqrt();
        value = (value * 1.5 + 13.0).sqrt();
        value = (value * 1.5 + 17.0).sqrt();
        value = (value * 1.5 + 19.0).sqrt();
    }
    black_box(value);
}
