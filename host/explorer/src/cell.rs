//! Electors as parts of many states: each distinct one is kept once, hashed once, and asked once what
//! an event makes of it.
//!
//! A search takes far more steps than there are distinct electors in distinct situations, so most
//! steps are looked up. What is looked up was computed by the real core, and the same event to the
//! same elector gives the same: an elector is a value.

use crate::finding::Happened;
use crate::names::{Held, Ranks};
use crate::setting::Setting;
use crate::store::Wire;
use hotseat_core::elector::Elector;
use hotseat_core::view::Term;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;

/// The most candidates that the search can take for one another.
pub const MOST: usize = 3;
/// All ways to call three candidates; the first two are those of two.
pub const ALL_PERMUTATIONS: [[u8; MOST]; 6] =
    [[0, 1, 2], [1, 0, 2], [0, 2, 1], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
/// So many electors are kept, with what came of them, before all of it is forgotten.
const MOST_CELLS: usize = 150_000;

/// A way to call the candidates.
pub type Permutation = [u8; MOST];

type Map<V> = HashMap<u64, V, foldhash::fast::FixedState>;

/// What an event makes of an elector.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The elector after it.
    pub cell: Rc<Cell>,
    /// It asked for a read.
    pub reads: bool,
    /// It sent this write.
    pub write: Option<Wire>,
    /// It has stopped.
    pub finished: bool,
    /// So often its policy gave each of [`crate::hands::Fault::ANSWERS`].
    pub answered: [u8; 2],
    /// What else its policy answered.
    pub said: Happened,
}

/// An elector between two events.
#[derive(Debug)]
pub struct Cell {
    /// The elector.
    pub elector: Elector,
    /// What stands in it that is only compared.
    pub held: Held,
    prints: [OnceCell<u64>; ALL_PERMUTATIONS.len()],
    outcomes: RefCell<Map<Rc<[Outcome]>>>,
    others: RefCell<Map<Rc<Cell>>>,
}

impl Cell {
    /// Its term, while it believes.
    pub fn believed(&self) -> Option<&Term> {
        self.elector.believed()
    }

    /// The hash of the elector, if the candidates were called by the permutation with this number.
    pub fn print(&self, permutation: usize) -> u64 {
        *self.prints[permutation].get_or_init(|| print(&self.elector, permutation))
    }

    /// What `event` makes of the elector: looked up, or else computed.
    pub fn outcomes(
        &self,
        event: impl Hash,
        compute: impl FnOnce(Elector) -> Vec<Outcome>,
    ) -> Rc<[Outcome]> {
        let key = key(event);
        if let Some(known) = self.outcomes.borrow().get(&key) {
            return Rc::clone(known);
        }
        let outcomes: Rc<[Outcome]> = compute(self.elector.clone()).into();
        self.outcomes.borrow_mut().insert(key, Rc::clone(&outcomes));
        outcomes
    }
}

fn print(elector: &Elector, permutation: usize) -> u64 {
    let mut hasher = Renamed::new(&ALL_PERMUTATIONS[permutation]);
    elector.hash(&mut hasher);
    hasher.finish()
}

fn key(what: impl Hash) -> u64 {
    foldhash::fast::FixedState::with_seed(7).hash_one(what)
}

/// What all steps of a search share: the setting, and the electors.
#[derive(Debug)]
pub struct Lab<'a> {
    /// What is explored.
    pub setting: &'a Setting,
    /// States keep their own names, for people to read.
    pub raw: bool,
    cells: RefCell<Map<Rc<Cell>>>,
}

impl<'a> Lab<'a> {
    /// One without electors.
    pub fn new(setting: &'a Setting) -> Self {
        Lab { setting, raw: false, cells: RefCell::default() }
    }

    /// One in which states keep the names that they were given.
    pub fn raw(setting: &'a Setting) -> Self {
        Lab { setting, raw: true, cells: RefCell::default() }
    }

    /// The cell of an elector.
    pub fn cell(&self, mut elector: Elector) -> Rc<Cell> {
        let print = print(&elector, 0);
        let mut cells = self.cells.borrow_mut();
        let cell = cells.entry(print).or_insert_with(|| {
            let held = Held::of(&mut elector);
            let prints: [OnceCell<u64>; ALL_PERMUTATIONS.len()] = Default::default();
            let _ = prints[0].set(print);
            let (outcomes, others) = (RefCell::default(), RefCell::default());
            Rc::new(Cell { elector, held, prints, outcomes, others })
        });
        Rc::clone(cell)
    }

    /// The cell of an elector that nothing happens to but this `change`, named by `what`.
    pub fn other(
        &self,
        cell: &Rc<Cell>,
        what: impl Hash,
        change: impl FnOnce(&mut Elector),
    ) -> Rc<Cell> {
        let key = key(what);
        if let Some(known) = cell.others.borrow().get(&key) {
            return Rc::clone(known);
        }
        let mut elector = cell.elector.clone();
        change(&mut elector);
        let other = self.cell(elector);
        cell.others.borrow_mut().insert(key, Rc::clone(&other));
        other
    }

    /// The cell with the names of `ranks`.
    pub fn renamed(&self, cell: &Rc<Cell>, ranks: &Ranks) -> Rc<Cell> {
        let (key, same) = ranks.names_for(&cell.held);
        if same {
            return Rc::clone(cell);
        }
        self.other(cell, ("names", key), |elector| elector.rename(&mut &*ranks))
    }

    /// Forgets electors, and what came of them, if there are too many. They refer to each other, so
    /// they do not go by themselves.
    pub fn tidy(&self) {
        let mut cells = self.cells.borrow_mut();
        if cells.len() > MOST_CELLS {
            for cell in cells.values() {
                cell.outcomes.take();
                cell.others.take();
            }
            cells.clear();
        }
    }
}

impl Drop for Lab<'_> {
    fn drop(&mut self) {
        for cell in self.cells.borrow().values() {
            cell.outcomes.take();
            cell.others.take();
        }
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
