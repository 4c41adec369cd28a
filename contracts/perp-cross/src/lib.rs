#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use fusebox::vm::Vm;
use perp::cross;
use stylus_sdk::prelude::*;

/// The crossing program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpCross {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpCross {
    /// Has the other positions of an account in a market's loss domain stand for the one in it: see [`cross::cross`].
    pub fn touch(&mut self, market: u32, account: Address, why: u8, size: U256) -> Reply<U256> {
        let (vm, size) = (self.vm(), u128::try_from(size).unwrap_or(u128::MAX));
        cross::cross(vm, &mut Vm::new(vm), market, account, why, size)
    }
}
