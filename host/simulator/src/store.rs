//! A model of the API server's compare-and-swap on one object.

use hotseat_core::event::{Base, LockError, Purpose, Write};
use hotseat_core::lock::{Lock, Record, Token, Version};
use hotseat_core::policy::Outcome;
use std::collections::VecDeque;
use std::time::Duration;

/// The lock as the API server stores it.
#[derive(Clone, Debug, Default)]
pub struct Store {
    record: Option<Record>,
    version: u64,
    objects: u64,
    edits: u64,
    /// What was there before, newest last: what a hand or a backup may put back.
    history: VecDeque<Record>,
}

/// How many records are kept for being put back.
const KEPT: usize = 12;

impl Store {
    /// The lock as a consistent read gives it.
    pub fn read(&self) -> Lock {
        match &self.record {
            Some(record) => Lock::Present(record.clone()),
            // A list tells the version of the whole store, a read by name nothing.
            None => Lock::Absent(None),
        }
    }

    /// The lock as a watch tells it, with the version of its end.
    pub fn last_event(&self) -> Lock {
        match &self.record {
            Some(record) => Lock::Present(record.clone()),
            None => Lock::Absent(Some(Version(self.version.to_string()))),
        }
    }

    /// Carries out a write as the API server does.
    ///
    /// # Errors
    ///
    /// A conflict, if the lock is not what the write was based on.
    pub fn write(&mut self, write: &Write) -> Result<Record, LockError> {
        let conflict = |detail: &str| LockError {
            outcome: Outcome::Conflict,
            retry_after: None,
            of_content: false,
            detail: detail.to_owned(),
        };
        let uid = match (&write.base, &self.record) {
            (Base::Create, None) => {
                self.objects += 1;
                format!("uid-{}", self.objects)
            }
            (Base::Replace(version), Some(old)) if *version == old.version => old.uid.clone(),
            (Base::Create, Some(_)) => return Err(conflict("already exists")),
            (Base::Replace(_), None) => return Err(conflict("not found")),
            (Base::Replace(_), Some(_)) => return Err(conflict("the object has been modified")),
        };
        self.version += 1;
        self.edits += 1;
        let before = self.record.as_ref().filter(|old| old.uid == uid);
        let mut requests = before.map(|old| old.requests.clone()).unwrap_or_default();
        write.reply.apply(&mut requests);
        let record = Record {
            version: Version(self.version.to_string()),
            uid,
            holder: write.holder.clone(),
            duration: Some(Duration::from_secs(write.duration.as_millis().div_ceil(1000) as u64)),
            transitions: write.transitions,
            // The wall clocks are the world's.
            token: write.token.at(0),
            mark: Some(write.mark.clone()),
            released: write.purpose == Purpose::Release,
            times: format!("written {}", self.edits),
            successor: write.successor.clone(),
            requests,
        };
        self.record = Some(record.clone());
        self.history.push_back(record.clone());
        if self.history.len() > KEPT {
            self.history.pop_front();
        }
        Ok(record)
    }

    /// The records that were written before, oldest first.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &Record> {
        self.history.iter()
    }

    /// A backup of the store is restored, with the record of that time in it under the version that
    /// it had. The store counts on from `version`. Watches do not survive it.
    pub fn restore(&mut self, record: Record, version: u64) {
        self.version = version;
        self.record = Some(record);
    }

    /// The version of the last change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// A person deletes the lock. False if there was none.
    pub fn delete(&mut self) -> bool {
        self.version += 1;
        self.record.take().is_some()
    }

    /// A person empties the holder, and nothing else. False if there was no lock.
    pub fn clear_holder(&mut self) -> bool {
        self.edit(|record| {
            record.holder = None;
            record.mark = None;
        })
    }

    /// A person edits a label: a new version, the same content.
    pub fn relabel(&mut self) -> bool {
        self.edit(|_| {})
    }

    /// Another elector or a person writes what it likes.
    pub fn edit(&mut self, change: impl FnOnce(&mut Record)) -> bool {
        let Some(record) = &mut self.record else {
            return false;
        };
        self.version += 1;
        record.version = Version(self.version.to_string());
        change(record);
        true
    }

    /// The token of the last term that a Hotseat began, as the object tells it.
    pub fn token(&self) -> Token {
        self.record.as_ref().map_or(Token::default(), |record| record.token)
    }

    /// Puts a record there, as another elector does or a hand that saved it; the version and the
    /// UID are the store's.
    pub fn put(&mut self, record: Record) {
        if self.record.is_none() {
            self.objects += 1;
        }
        self.version += 1;
        self.record = Some(Record {
            version: Version(self.version.to_string()),
            uid: format!("uid-{}", self.objects),
            ..record
        });
    }
}
