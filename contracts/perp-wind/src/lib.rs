#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::U256;
use fusebox::vm::Vm;
use fusebox_authority::types::Change;
use perp::{limits, settle};
use stylus_sdk::prelude::*;

/// The winding program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpWind {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpWind {
    /// Carries out what Governance has decided about a scope, for the carrying program only.
    pub fn decide(&mut self, words: Vec<U256>) -> Reply<()> {
        settle::decide(&mut Vm::new(self.vm()), &Change::decode(&words)?)
    }

    /// The buckets of collateral and liquidity follow the incidents of the protocol and of every market.
    pub fn tighten(&mut self) -> Reply<()> {
        limits::follow(&mut Vm::new(self.vm()))
    }
}
