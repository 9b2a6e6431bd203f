//! `Memo`: verdicts that are known, by a digest of everything that they depend on. Bounded; the least recently used go first.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;

use crate::{Call, Retbuf};

/// `Call::digest`.
type Key = [u8; 32];

/// Verdicts only: a digest takes less time than the key of this table.
pub struct Memo(Option<Mutex<LruCache<Key, bool>>>);

impl Memo {
    /// entries: 0 for none.
    pub fn new(entries: usize) -> Self {
        Self(NonZeroUsize::new(entries).map(|n| Mutex::new(LruCache::new(n))))
    }

    pub fn get(&self, call: &Call<'_>) -> Option<Retbuf> {
        let known = self.with(call, |table, key| table.get(&key).copied())?;
        known.map(|verdict| Retbuf::new(&[u8::from(verdict)]))
    }

    pub fn put(&self, call: &Call<'_>, answer: &Retbuf) {
        if let Some(verdict) = answer.verdict() {
            self.with(call, |table, key| table.put(key, verdict));
        }
    }

    fn with<T>(&self, call: &Call<'_>, work: impl FnOnce(&mut LruCache<Key, bool>, Key) -> T) -> Option<T> {
        let table = self.0.as_ref().filter(|_| call.function.verifies())?;
        let key = call.digest();
        Some(work(&mut table.lock().unwrap_or_else(PoisonError::into_inner), key))
    }
}
