//! An elector as a part of many states: shared between them, hashed once.

use crate::names::Held;
use hotseat_core::elector::Elector;
use hotseat_core::view::Term;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

/// The most candidates that the search can take for one another.
pub const MOST: usize = 3;
/// All ways to call three candidates; the first two are those of two.
pub const ALL_PERMUTATIONS: [[u8; MOST]; 6] =
    [[0, 1, 2], [1, 0, 2], [0, 2, 1], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// A way to call the candidates.
pub type Permutation = [u8; MOST];

/// An elector between two events.
#[derive(Debug)]
pub struct Cell {
    /// The elector.
    pub elector: Elector,
    /// What stands in it that is only compared.
    pub held: Held,
    prints: [OnceLock<u64>; ALL_PERMUTATIONS.len()],
}

impl Cell {
    /// Nothing may be done to the elector from now on.
    pub fn new(mut elector: Elector) -> Self {
        let held = Held::of(&mut elector);
        Cell { elector, held, prints: Default::default() }
    }

    /// Its term, while it believes.
    pub fn believed(&self) -> Option<&Term> {
        self.elector.believed()
    }

    /// The hash of the elector, if the candidates were called by the permutation with this number.
    pub fn print(&self, permutation: usize) -> u64 {
        *self.prints[permutation].get_or_init(|| {
            let mut hasher = Renamed::new(&ALL_PERMUTATIONS[permutation]);
            self.elector.hash(&mut hasher);
            hasher.finish()
        })
    }
}

/// Hashes as if the candidates had other names. All candidates are alike, so a state in which two
/// have changed places is the same state. Names, and sites, which begin with a name, are the only
/// short texts that begin with a letter of a candidate; numbers do not come here as bytes.
#[derive(Clone)]
pub struct Renamed {
    inner: foldhash::fast::FoldHasher<'static>,
    names: Permutation,
}

impl Renamed {
    /// Begins a hash.
    pub fn new(names: &Permutation) -> Self {
        use std::hash::BuildHasher;
        let inner = foldhash::fast::FixedState::with_seed(4040).build_hasher();
        Renamed { inner, names: *names }
    }
}

impl Hasher for Renamed {
    fn write(&mut self, bytes: &[u8]) {
        match bytes {
            [name @ b'a'..=b'c', rest @ ..] if rest.len() < 2 => {
                self.inner.write_u8(b'a' + self.names[usize::from(name - b'a')]);
                self.inner.write(rest);
            }
            _ => self.inner.write(bytes),
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.inner.write_u8(number);
    }

    fn write_u16(&mut self, number: u16) {
        self.inner.write_u16(number);
    }

    fn write_u32(&mut self, number: u32) {
        self.inner.write_u32(number);
    }

    fn write_u64(&mut self, number: u64) {
        self.inner.write_u64(number);
    }

    fn write_u128(&mut self, number: u128) {
        self.inner.write_u128(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.inner.write_usize(number);
    }

    fn write_isize(&mut self, number: isize) {
        self.inner.write_usize(number.cast_unsigned());
    }

    fn finish(&self) -> u64 {
        self.inner.finish()
    }
}
