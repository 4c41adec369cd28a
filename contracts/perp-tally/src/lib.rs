#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::Address;
use fusebox::vm::Vm;
use perp::tally;
use stylus_sdk::prelude::*;

/// The tallying program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpTally {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpTally {
    /// Counts a position at the price that is fixed, for the settlement program only.
    pub fn count(&mut self, market: u32, account: Address) -> Reply<()> {
        let vm = self.vm();
        tally::count(vm, &mut Vm::new(vm), account, market)
    }
}
