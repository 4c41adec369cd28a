//! The storage cache of one program frame: reads are remembered, writes wait for a flush.

use std::collections::hash_map::Entry;
use std::collections::HashMap;

use alloy_primitives::B256;

/// A slot as the frame sees it.
#[derive(Clone, Copy, Debug)]
struct Slot {
    value: B256,
    /// What the state holds, where that is known.
    known: Option<B256>,
}

/// The cache.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    slots: HashMap<B256, Slot>,
    /// Slots in the order in which they were first seen, so that a flush is the same on every run.
    order: Vec<B256>,
    reads: u64,
    writes: u64,
}

impl Slots {
    /// Gas of one more read.
    pub(crate) fn read_gas(&mut self) -> u64 {
        self.reads += 1;
        match self.reads {
            0..=32 => 0,
            33..=128 => 2,
            _ => 10,
        }
    }

    /// Gas of one more write.
    pub(crate) fn write_gas(&mut self) -> u64 {
        self.writes += 1;
        match self.writes {
            0..=8 => 0,
            9..=64 => 7,
            _ => 10,
        }
    }

    /// The value, where the cache has it.
    pub(crate) fn get(&self, key: B256) -> Option<B256> {
        self.slots.get(&key).map(|slot| slot.value)
    }

    /// Remembers what the state holds.
    pub(crate) fn learn(&mut self, key: B256, value: B256) {
        self.put(key, Slot { value, known: Some(value) });
    }

    /// Takes a write; without a read before it the slot counts as changed whatever its value.
    pub(crate) fn write(&mut self, key: B256, value: B256) {
        let known = self.slots.get(&key).and_then(|slot| slot.known);
        self.put(key, Slot { value, known });
    }

    /// Hands over what was changed; with `clear` everything is forgotten.
    pub(crate) fn flush(&mut self, clear: bool) -> Vec<(B256, B256)> {
        let mut changed = Vec::new();
        for key in &self.order {
            if let Some(slot) = self.slots.get_mut(key) {
                if slot.known != Some(slot.value) {
                    slot.known = Some(slot.value);
                    changed.push((*key, slot.value));
                }
            }
        }
        if clear {
            self.slots.clear();
            self.order.clear();
        }
        changed
    }

    fn put(&mut self, key: B256, slot: Slot) {
        match self.slots.entry(key) {
            Entry::Occupied(mut entry) => {
                entry.insert(slot);
            }
            Entry::Vacant(entry) => {
                entry.insert(slot);
                self.order.push(key);
            }
        }
    }
}
