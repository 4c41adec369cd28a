#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::U256;
use fusebox::vm::Vm;
use fusebox_authority::types::Change;
use perp::{insurance, ledger};
use stylus_sdk::prelude::*;

/// The holding program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpHold {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpHold {
    /// Carries out what Governance has decided about the fund, for the carrying program only.
    pub fn decide(&mut self, words: Vec<U256>) -> Reply<()> {
        insurance::govern(self.vm(), &mut Vm::new(self.vm()), &Change::decode(&words)?)
    }

    /// Has the fund hold back what open incidents may cost; refuses who enters while one may still bring something back.
    pub fn secure(&mut self, entering: bool) -> Reply<()> {
        insurance::secure(&mut Vm::new(self.vm()), entering)
    }

    /// What losses have left in a market: see [`ledger::losses`].
    pub fn losses(&self, market: u32) -> Vec<U256> {
        ledger::losses(&Vm::new(self.vm()), market)
    }
}
