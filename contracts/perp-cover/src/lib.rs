#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use fusebox::vm::Vm;
use perp::cover::{self, Bankrupt};
use stylus_sdk::prelude::*;

/// The covering program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpCover {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpCover {
    /// The waterfall: what a position lost beyond its margin.
    #[allow(clippy::too_many_arguments)] // words, as they come
    pub fn bear(
        &mut self,
        market: u32,
        is_long: bool,
        size: u128,
        margin: u128,
        entry: u128,
        loss: u128,
        bad_debt: u128,
        price: u128,
    ) -> Reply<()> {
        let from = Bankrupt { is_long, size, margin, entry, loss, bad_debt, price };
        cover::bear(self.vm(), &mut Vm::new(self.vm()), market, &from)
    }
}
