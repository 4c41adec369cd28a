#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use fusebox::vm::Vm;
use perp::ledger;
use stylus_sdk::prelude::*;

/// The ledger program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpLedger {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpLedger {
    /// What losses ask of a trade of a marked market: how much has been cut of profits.
    pub fn levy(&mut self, market: u32, account: Address, why: u8, size: U256) -> Reply<U256> {
        Ok(U256::from(ledger::levy(self.vm(), &mut Vm::new(self.vm()), market, account, why, size)?))
    }

    /// Cuts a profit between two points of the index: what the pool keeps, and what the ledger pays back at once.
    pub fn collect(
        &mut self,
        market: u32,
        account: Address,
        until: u128,
        since: u128,
        profit: u128,
    ) -> Reply<(U256, U256)> {
        let cut = ledger::collect(&mut Vm::new(self.vm()), market, account, until, since, profit)?;
        Ok((U256::from(cut.taken), U256::from(cut.repaid)))
    }

    /// Admits the claim of an account that was deleveraged.
    pub fn admit(&mut self, market: u32, account: Address, epoch: u32, cut: u128, borne: u128) -> Reply<()> {
        ledger::admit(&mut Vm::new(self.vm()), market, account, epoch, cut, borne)
    }

    /// What rounding left, and an amount that is nobody's, pay back what a market's domain owes.
    pub fn pay(&mut self, market: u32, amount: u128) -> Reply<()> {
        ledger::pay(&mut Vm::new(self.vm()), market, amount)
    }

    /// Marks the markets of a market's domain for as long as a trade has to look further.
    pub fn enlist(&mut self, market: u32) {
        ledger::enlist(&mut Vm::new(self.vm()), market);
    }
}
