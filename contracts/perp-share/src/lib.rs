#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::U256;
use fusebox::{token, vm::Vm};
use perp::{limits, pool, program, storage};
use stylus_sdk::{prelude::*, ArbResult};

/// The share program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpShare {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpShare {
    /// Free collateral into the pool.
    pub fn provide(&mut self, amount: U256) -> Reply<U256> {
        pool::provide(self.vm(), &mut Vm::new(self.vm()), amount)
    }

    /// Pool shares back into free collateral: what came of it, and the number of a ticket if they have to wait.
    pub fn remove(&mut self, shares: U256) -> Reply<(U256, U256)> {
        pool::remove(self.vm(), &mut Vm::new(self.vm()), shares)
    }

    /// Anyone has ready tickets paid to their owners; bit `i` of the answer is set if ticket `i` could not be.
    ///
    /// Collateral is sent; shares become free collateral at what they are worth now.
    pub fn claim_tickets(&mut self, ids: Vec<u128>) -> Reply<u64> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        let (payments, failed) = limits::claim(vm, &mut host, &ids)?;
        let (token, _) = storage::token(&host);
        for payment in payments.iter().filter(|payment| !limits::is_liquidity(payment)) {
            token::push(vm, token, payment.to, payment.amount)?;
        }
        Ok(failed)
    }

    /// Anything else is the limit program's, or another's behind it.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        program::delegate(self.vm(), program::LIMIT, input)
    }
}
