//! Waste of what a host has to limit.

use std::hint::black_box;

/// Never ends, and uses fuel like any code.
pub(crate) fn time_and_fuel() -> ! {
    let mut turns: u64 = 0;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Never ends; one instruction fills a mebibyte, so that time passes while little fuel is used.
pub(crate) fn time() -> ! {
    let mut block = vec![0_u8; 1 << 20];
    loop {
        for byte in 0..=u8::MAX {
            black_box(&mut block).fill(byte);
        }
    }
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

/// Divides over and over: few instructions for the time they take.
pub(crate) fn some_fuel(entropy: u64) {
    const DIVISIONS: u64 = 3_000_000;
    let mut value = entropy | 1;
    for turn in 0..DIVISIONS {
        value = ((u64::MAX - turn) / (value | 1)).wrapping_add(turn);
    }
    black_box(value);
}
