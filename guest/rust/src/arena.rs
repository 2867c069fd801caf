//! A policy's heap. An instance answers one question and is thrown away, so nothing has to be
//! given back: the heap only grows, which costs less than any bookkeeping, and begins in the room
//! that is left of the last page of the policy's data, so that most answers need no more memory
//! from the host.

#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::ptr::{copy_nonoverlapping, null_mut};
use core::sync::atomic::{AtomicUsize, Ordering};

const PAGE: usize = 64 * 1024;

unsafe extern "C" {
    /// Where the linker ends the data; its address is what counts.
    static __heap_base: u8;
}

#[global_allocator]
static ARENA: Arena = Arena { top: AtomicUsize::new(0) };

struct Arena {
    /// The end of what is given out; 0 before the first.
    top: AtomicUsize,
}

impl Arena {
    fn top(&self) -> usize {
        match self.top.load(Ordering::Relaxed) {
            0 => (&raw const __heap_base) as usize,
            top => top,
        }
    }

    /// Ends what is given out at `end`, with memory behind it; false if there is none.
    fn reach(&self, end: usize) -> bool {
        let have = memory_size(0) * PAGE;
        if end > have && memory_grow(0, (end - have).div_ceil(PAGE)) == usize::MAX {
            return false;
        }
        self.top.store(end, Ordering::Relaxed);
        true
    }
}

// SAFETY: each allocation begins where the one before it ended, aligned, and ends within the
// memory; a module has one thread.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let aligned = self.top().checked_next_multiple_of(layout.align());
        let end = aligned.and_then(|start| start.checked_add(layout.size()));
        match (aligned, end) {
            (Some(start), Some(end)) if self.reach(end) => start as *mut u8,
            _ => null_mut(),
        }
    }

    /// Only the last one leaves room.
    unsafe fn dealloc(&self, given: *mut u8, layout: Layout) {
        if given as usize + layout.size() == self.top() {
            self.top.store(given as usize, Ordering::Relaxed);
        }
    }

    /// The last one grows and shrinks in place.
    unsafe fn realloc(&self, given: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = given as usize;
        if start + layout.size() == self.top() {
            return match start.checked_add(size) {
                Some(end) if self.reach(end) => given,
                _ => null_mut(),
            };
        }
        if size <= layout.size() {
            return given;
        }
        // SAFETY: the layout is valid but for its size, which the caller vouches for.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the size is not 0, since it is larger than another one.
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            // SAFETY: both have room for the smaller size, and the new one is behind the old one.
            unsafe { copy_nonoverlapping(given, moved, layout.size()) };
        }
        moved
    }
}
