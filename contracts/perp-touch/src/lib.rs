#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use fusebox::vm::Vm;
use perp::{ledger, program, side};
use stylus_sdk::prelude::*;

/// The touching program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpTouch {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpTouch {
    /// Settles a position that was deleveraged; then, before a trade of a marked market (`why` is not 0), what losses ask of
    /// that: how much has been cut of profits.
    pub fn touch(&mut self, market: u32, account: Address, why: u8, size: U256) -> Reply<U256> {
        let vm = self.vm();
        side::touch(vm, &mut Vm::new(vm), market, account)?;
        Ok(if why == 0 { U256::ZERO } else { U256::from(program::levy(vm, market, account, why, size)?) })
    }

    /// An account takes what its claim was repaid.
    pub fn claim(&mut self, market: u32, account: Address, epoch: u32) -> Reply<U256> {
        Ok(U256::from(ledger::claim(&mut Vm::new(self.vm()), market, account, epoch)?))
    }
}
