#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use fusebox::vm::Vm;
use perp::{division, settle};
use stylus_sdk::prelude::*;

/// The dividing program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpDivide {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpDivide {
    /// Divides what there is: of a market that ends alone once it is counted, with number 0 of everything.
    pub fn apportion(&mut self, market: u32) -> Reply<()> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        if market == 0 {
            return division::protocol(vm, &mut host);
        }
        division::market(vm, &mut host, market)
    }

    /// Takes out of the ledger of a market's domain what nobody will ever claim, once no position is left in it; a market
    /// in which there was nobody to count when it ended is divided first.
    pub fn forgive(&mut self, market: u32) -> Reply<()> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        if settle::is_at(&host, market, 4) {
            division::market(vm, &mut host, market)?;
        }
        division::forgive(&mut host, market);
        Ok(())
    }
}
