#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::Address;
use fusebox::vm::Vm;
use perp::{pool, program};
use stylus_sdk::{prelude::*, ArbResult};

/// The risk program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpRisk {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpRisk {
    /// Liquidates: 0 done; 1 refused by a condition that has been recorded, and nothing moved.
    pub fn liquidate(&mut self, market: u32, account: Address) -> Reply<u8> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        let Err(refusal) = pool::liquidate(vm, &mut host, market, account)? else { return Ok(0) };
        // A keeper's call is where memory is due: the condition is recorded, or the refusal stands.
        let tier = program::poke(vm, market).filter(|tier| *tier > 0).ok_or(refusal)?;
        pool::refused(&mut host, market, account, tier);
        Ok(1)
    }

    /// Anything else is the guard program's, or another's behind it; never the oracle's or the keeper's.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        program::delegate(self.vm(), program::GUARD, input)
    }
}
