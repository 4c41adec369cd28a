//! The Stylus machine as the modules see it: [`fusebox_core::host::Host`] over the SDK's host.

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use fusebox_core::host::{Answer, Host};
use stylus_sdk::{call::RawCall, stylus_core::Host as StylusHost};

/// The SDK's host, lent to the modules for the length of one call.
pub struct Vm<'a, H>(&'a H);

impl<'a, H: StylusHost> Vm<'a, H> {
    /// Wraps `self.vm()` of a contract.
    pub const fn new(host: &'a H) -> Self {
        Self(host)
    }
}

impl<H: StylusHost> Host for Vm<'_, H> {
    #[inline]
    fn now(&self) -> u64 {
        self.0.block_timestamp()
    }
    #[inline]
    fn caller(&self) -> Address {
        self.0.msg_sender()
    }
    #[inline]
    fn this(&self) -> Address {
        self.0.contract_address()
    }
    #[inline]
    fn gas_left(&self) -> u64 {
        self.0.evm_gas_left()
    }
    #[inline]
    fn load(&self, slot: U256) -> U256 {
        U256::from_be_bytes(self.0.storage_load_bytes32(slot).0)
    }
    #[inline]
    fn store(&mut self, slot: U256, word: U256) {
        // SAFETY: slots are elements or entries below the ERC-7201 root of one module, which alone writes them.
        unsafe { self.0.storage_cache_bytes32(slot, B256::new(word.to_be_bytes())) }
    }
    #[inline]
    fn keccak(&self, bytes: &[u8]) -> B256 {
        self.0.native_keccak256(bytes)
    }
    #[inline(never)]
    fn log(&mut self, topics: &[B256], data: &[u8]) {
        let mut entry = Vec::with_capacity(topics.len().saturating_mul(32).saturating_add(data.len()));
        topics.iter().for_each(|topic| entry.extend_from_slice(topic.as_slice()));
        entry.extend_from_slice(data);
        self.0.emit_log(&entry, topics.len());
    }
    #[inline(never)]
    fn static_call(&self, to: Address, gas: u64, input: &[u8], output: &mut [u8]) -> Answer {
        // A callee that looks back must see what was written so far, not what was there before.
        self.0.flush_cache(false);
        // SAFETY: the call cannot write, and the cache was flushed.
        let result = unsafe { RawCall::new_static(self.0).gas(gas).limit_return_data(0, output.len()).call(to, input) };
        let (ok, data) = match &result {
            Ok(data) => (true, data),
            Err(data) => (false, data),
        };
        output.iter_mut().zip(data).for_each(|(to, from)| *to = *from);
        Answer { ok, len: self.0.return_data_size() }
    }
}
