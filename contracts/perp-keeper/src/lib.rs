#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::U256;
use fusebox::vm::Vm;
use fusebox_core::panel::Scope;
use perp::types::HOUSE;
use stylus_sdk::prelude::*;

/// The keeper program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpKeeper {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpKeeper {
    /// The breaker's half of a poke, for the watch program only, as one word: the tier at 0, contained at 8, valid feeds at 16, then
    /// from 64 on, 64 bits each, the first sign, and an outage of the sequencer.
    pub fn record(&mut self, market: u32) -> Reply<U256> {
        let seen = HOUSE.record(&mut Vm::new(self.vm()), Scope::new(market))?;
        let low = u64::from(seen.tier.code()) | u64::from(seen.contained) << 8 | u64::from(seen.feeds) << 16;
        Ok(U256::from_limbs([low, seen.anomaly, seen.outage.0, seen.outage.1]))
    }
}
