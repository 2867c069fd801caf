//! New names for what is only compared: the how manieth it is among those that still matter.

use crate::store::{Name, Object, Process, Reported, Stamp, Wire, number};
use hotseat_core::canon::Names;
use hotseat_core::elector::Elector;
use hotseat_core::lock::{Incarnation, Token, Version};
use std::hash::{BuildHasher, Hasher};

/// Versions that still matter get multiples of this, so that there is room for those between.
const STEP: u64 = 16;

/// What stands in an elector.
#[derive(Clone, Debug, Default)]
pub struct Held {
    versions: Vec<u64>,
    bases: Vec<u64>,
    /// The times of the record that it saw last.
    pub(crate) times: Vec<(u32, u32)>,
    pub(crate) serials: Vec<(Process, u64)>,
    pub(crate) tokens: Vec<u64>,
    /// The version of the record that it saw last.
    pub(crate) seen: Option<u64>,
}

impl Held {
    /// Looks for all of it.
    pub fn of(elector: &mut Elector) -> Self {
        let mut held = Held::default();
        elector.rename(&mut held);
        held.seen = elector.sees().map(|record| number(&record.version.0));
        held
    }
}

/// Collects, and changes nothing.
impl Names for Held {
    fn version(&mut self, version: &mut Version) {
        self.versions.push(number(&version.0));
    }

    fn base(&mut self, version: &mut Version) {
        self.bases.push(number(&version.0));
    }

    fn token(&mut self, token: &mut Token) {
        self.tokens.push(token.0);
    }

    fn times(&mut self, times: &mut String) {
        self.times.extend(pair(times));
    }

    fn serial(&mut self, of: &Incarnation, serial: &mut u64) {
        self.serials.push((process(of), *serial));
    }
}

/// All that still matters, in order, before and after it got new names.
#[derive(Clone, Debug, Default)]
pub struct Ranks {
    versions: Vec<u64>,
    times: Vec<u32>,
    serials: Vec<(Process, u64)>,
    tokens: Vec<u64>,
}

impl Ranks {
    /// A version that somebody may yet see.
    pub fn add_version(&mut self, version: u64) {
        self.versions.push(version);
    }

    /// A serial of this process's.
    pub fn add_serial(&mut self, of: Process, serial: u64) {
        self.serials.push((of, serial));
    }

    /// A fencing token that others are compared with.
    pub fn add_token(&mut self, token: u64) {
        self.tokens.push(token);
    }

    /// An object that somebody may yet see.
    pub fn add(&mut self, object: &Object) {
        self.versions.push(object.version);
        self.times.extend([object.said.acquired, object.said.renewed]);
        if let Some(Stamp { writer, serial, base: _, token, said, .. }) = &object.stamp {
            self.times.extend([said.acquired, said.renewed]);
            self.serials.push((*writer, *serial));
            self.tokens.push(*token);
        }
    }

    /// A write that may yet land.
    pub fn add_wire(&mut self, wire: &Wire) {
        self.versions.extend(wire.base);
        self.serials.push((wire.writer, wire.serial));
        self.tokens.push(wire.token);
    }

    /// Puts them in order: they have names from now on.
    pub fn sort(&mut self) {
        let Ranks { versions, times, serials, tokens } = self;
        for numbers in [versions, tokens] {
            numbers.sort_unstable();
            numbers.dedup();
            numbers.retain(|number| *number != 0);
        }
        times.sort_unstable();
        times.dedup();
        times.retain(|time| *time != 0);
        serials.sort_unstable();
        serials.dedup();
        serials.retain(|(_, serial)| *serial != 0);
    }

    /// How many moments still matter.
    pub fn moments(&self) -> u32 {
        u32::try_from(self.times.len()).unwrap_or(u32::MAX)
    }

    /// A version's place. One that nobody can see any more only has a place between others.
    pub fn version(&self, version: u64) -> u64 {
        match self.versions.binary_search(&version) {
            _ if version == 0 => 0,
            Ok(index) => (index as u64 + 1) * STEP,
            Err(index) => index as u64 * STEP + STEP / 2,
        }
    }

    fn base(&self, version: u64) -> u64 {
        match self.versions.binary_search(&version) {
            Ok(index) => (index as u64 + 1) * STEP,
            // It equals none that there will be.
            Err(_) => 1,
        }
    }

    fn time(&self, time: u32) -> u32 {
        match self.times.binary_search(&time) {
            Ok(index) => u32::try_from(index + 1).unwrap_or(u32::MAX),
            Err(_) => 0,
        }
    }

    fn rank(&self, of: Process, serial: u64) -> u64 {
        if serial == 0 {
            return 0;
        }
        let first = self.serials.partition_point(|(process, _)| *process < of);
        let place = self.serials[first..].iter().position(|known| *known == (of, serial));
        place.map_or(0, |place| place as u64 + 1)
    }

    /// A token's place. All that there are have one; those that an elector is about to write are
    /// between them.
    pub fn token(&self, token: u64) -> u64 {
        self.tokens.binary_search(&token).map_or(0, |index| (index as u64 + 1) * STEP)
    }

    /// Renames what stands in an object.
    pub fn object(&self, object: &mut Object) {
        object.version = self.version(object.version);
        self.said(&mut object.said);
        if let Some(Stamp { writer, serial, base, token, said, .. }) = &mut object.stamp {
            *serial = self.rank(*writer, *serial);
            *base = base.map(|base| self.base(base));
            *token = self.token(*token);
            self.said(said);
        }
    }

    fn said(&self, said: &mut Reported) {
        said.acquired = self.time(said.acquired);
        said.renewed = self.time(said.renewed);
    }

    /// Renames what stands in a write.
    pub fn wire(&self, wire: &mut Wire) {
        wire.serial = self.rank(wire.writer, wire.serial);
        wire.base = wire.base.map(|base| self.base(base));
        wire.token = self.token(wire.token);
    }

    /// Renames what a process noted of its last write; none if that can never be seen again.
    pub fn note(&self, version: u64) -> Option<u64> {
        self.versions.binary_search(&version).ok().map(|index| (index as u64 + 1) * STEP)
    }

    /// Renames a serial.
    pub fn serial_of(&self, of: Process, serial: &mut u64) {
        *serial = self.rank(of, *serial);
    }

    /// The new names of what stands in an elector, in one number, and whether they are those that
    /// it has already.
    pub fn names_for(&self, held: &Held) -> (u64, bool) {
        let mut hasher = foldhash::fast::FixedState::with_seed(3).build_hasher();
        let mut same = true;
        for version in &held.versions {
            let name = self.version(*version);
            same &= name == *version;
            hasher.write_u64(name);
        }
        for version in &held.bases {
            let name = self.base(*version);
            same &= name == *version;
            hasher.write_u64(name);
        }
        for times in &held.times {
            let names = (self.time(times.0), self.time(times.1));
            same &= names == *times;
            hasher.write_u64(u64::from(names.0) << 32 | u64::from(names.1));
        }
        for (of, serial) in &held.serials {
            let name = self.rank(*of, *serial);
            same &= name == *serial;
            hasher.write_u64(name);
        }
        for token in &held.tokens {
            let name = self.token(*token);
            same &= name == *token;
            hasher.write_u64(name);
        }
        (hasher.finish(), same)
    }
}

/// Renames what stands in an elector.
impl Names for &Ranks {
    fn version(&mut self, version: &mut Version) {
        let place = Ranks::version(self, number(&version.0));
        version.0 = place.to_string();
    }

    fn base(&mut self, version: &mut Version) {
        let place = Ranks::base(self, number(&version.0));
        version.0 = place.to_string();
    }

    fn token(&mut self, token: &mut Token) {
        token.0 = Ranks::token(self, token.0);
    }

    fn times(&mut self, times: &mut String) {
        if let Some((acquired, renewed)) = pair(times) {
            *times = format!("{} {}", self.time(acquired), self.time(renewed));
        }
    }

    fn serial(&mut self, of: &Incarnation, serial: &mut u64) {
        *serial = self.rank(process(of), *serial);
    }
}

/// The times in a record, as [`Object::decode`] writes them; none if they are missing or forgotten.
fn pair(times: &str) -> Option<(u32, u32)> {
    let (acquired, renewed) = times.split_once(' ')?;
    Some((acquired.parse().ok()?, renewed.parse().ok()?))
}

/// The process, as [`Process::incarnation`] writes it.
fn process(incarnation: &Incarnation) -> Process {
    let Incarnation { site, nonce, home: _ } = incarnation;
    let name = site.bytes().next().unwrap_or(b'a').wrapping_sub(b'a');
    let site = site.get(1..).unwrap_or_default();
    let small = |text: &str| u8::try_from(number(text)).unwrap_or(u8::MAX);
    Process { name: Name(name), site: small(site), nonce: small(nonce) }
}
