#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::U256;
use fusebox::vm::Vm;
use fusebox_core::panel::Scope;
use perp::{abi, types::HOUSE};
use stylus_sdk::prelude::*;

/// The oracle program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpOracle {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpOracle {
    /// A price for a class of action, with the panel's word and every condition evaluated now: price, tier, grace.
    pub fn priced(&self, market: u32, class: u8) -> Reply<(U256, u8, bool)> {
        let class = abi::class(class)?;
        let priced = HOUSE.priced(&Vm::new(self.vm()), Scope::new(market), class)?;
        Ok((U256::from(priced.price), priced.tier.code(), priced.grace))
    }
}
