//! What a module's shell may ask of the machine it runs on, and nothing more.
//!
//! The panel implements [`Host`] over the Stylus SDK; shell tests run on `Memory` (feature `testing`).

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};

/// The machine as a module sees it: reading takes `&self`, whatever leaves a trace takes `&mut self`.
pub trait Host {
    /// Seconds of the block's timestamp: never decreasing, may stand still, may jump.
    fn now(&self) -> u64;
    /// Who called the contract.
    fn caller(&self) -> Address;
    /// The contract itself.
    fn this(&self) -> Address;
    /// Gas left in this frame.
    fn gas_left(&self) -> u64;
    /// A storage word.
    fn load(&self, slot: U256) -> U256;
    /// Writes a storage word.
    fn store(&mut self, slot: U256, word: U256);
    /// Keccak-256.
    fn keccak(&self, bytes: &[u8]) -> B256;
    /// Emits a log with up to four topics.
    fn log(&mut self, topics: &[B256], data: &[u8]);
    /// Calls `to` without letting it write, with at most `gas`; at most `output.len()` bytes are copied.
    ///
    /// Returned bytes beyond `output` are not read, so a callee cannot make the caller pay for them.
    fn static_call(&self, to: Address, gas: u64, input: &[u8], output: &mut [u8]) -> Answer;
}

/// What came back from a static call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The callee did not revert and did not run out of gas.
    pub ok: bool,
    /// Bytes it returned, which may be more than were copied.
    pub len: usize,
}

/// Revert data: a selector and its words.
#[inline]
pub fn revert<const N: usize>(selector: [u8; 4], words: [U256; N]) -> Vec<u8> {
    encode(&selector, &words)
}

/// Emits an event whose unindexed fields are all static words.
#[inline]
pub fn emit<const N: usize>(host: &mut impl Host, topics: &[B256], words: [U256; N]) {
    host.log(topics, &encode(&[], &words));
}

/// A prefix and words, once in a program however many lengths it encodes.
#[inline(never)]
fn encode(prefix: &[u8], words: &[U256]) -> Vec<u8> {
    let mut data = Vec::with_capacity(prefix.len().saturating_add(words.len().saturating_mul(32)));
    data.extend_from_slice(prefix);
    words.iter().for_each(|word| data.extend_from_slice(&word.to_be_bytes::<32>()));
    data
}

/// An address as a word, for topics, revert data and keys.
pub fn word(address: Address) -> U256 {
    U256::from_be_bytes(address.into_word().0)
}

#[cfg(feature = "testing")]
pub use memory::{Callee, Log, Memory};

#[cfg(feature = "testing")]
mod memory {
    use super::{Answer, Host};
    use alloc::{boxed::Box, vec::Vec};
    use alloy_primitives::{keccak256, Address, B256, U256};
    use std::collections::BTreeMap;

    /// A contract that answers static calls: `(now, gas, input)` to an answer, `None` for a revert.
    pub type Callee = Box<dyn Fn(u64, u64, &[u8]) -> Option<Vec<u8>>>;

    /// A log: topics and data.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Log {
        /// Signature hash and indexed fields.
        pub topics: Vec<B256>,
        /// Encoded unindexed fields.
        pub data: Vec<u8>,
    }

    /// One contract's storage, logs and clock in memory, for shell tests.
    pub struct Memory {
        /// The clock.
        pub now: u64,
        /// The caller of what runs next.
        pub caller: Address,
        /// The contract.
        pub this: Address,
        /// What `gas_left` answers.
        pub gas: u64,
        /// Storage; absent is zero.
        pub words: BTreeMap<U256, U256>,
        /// Logs so far.
        pub logs: Vec<Log>,
        /// Contracts that answer static calls.
        pub callees: BTreeMap<Address, Callee>,
    }

    impl Default for Memory {
        fn default() -> Self {
            Self {
                now: 1_700_000_000,
                caller: Address::ZERO,
                this: Address::repeat_byte(0xfb),
                gas: 30_000_000,
                words: BTreeMap::new(),
                logs: Vec::new(),
                callees: BTreeMap::new(),
            }
        }
    }

    impl Memory {
        /// Runs `f` as `caller`; an error undoes storage and logs, as a revert does.
        pub fn call<T, E>(&mut self, caller: Address, f: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
            let (words, logs) = (self.words.clone(), self.logs.clone());
            self.caller = caller;
            let result = f(self);
            if result.is_err() {
                (self.words, self.logs) = (words, logs);
            }
            result
        }
    }

    impl Host for Memory {
        fn now(&self) -> u64 {
            self.now
        }
        fn caller(&self) -> Address {
            self.caller
        }
        fn this(&self) -> Address {
            self.this
        }
        fn gas_left(&self) -> u64 {
            self.gas
        }
        fn load(&self, slot: U256) -> U256 {
            self.words.get(&slot).copied().unwrap_or_default()
        }
        fn store(&mut self, slot: U256, word: U256) {
            self.words.insert(slot, word);
        }
        fn keccak(&self, bytes: &[u8]) -> B256 {
            keccak256(bytes)
        }
        fn log(&mut self, topics: &[B256], data: &[u8]) {
            self.logs.push(Log { topics: topics.to_vec(), data: data.to_vec() });
        }
        fn static_call(&self, to: Address, gas: u64, input: &[u8], output: &mut [u8]) -> Answer {
            let Some(callee) = self.callees.get(&to) else { return Answer { ok: true, len: 0 } };
            let Some(data) = callee(self.now, gas, input) else { return Answer { ok: false, len: 0 } };
            data.iter().zip(output.iter_mut()).for_each(|(from, to)| *to = *from);
            Answer { ok: true, len: data.len() }
        }
    }
}
