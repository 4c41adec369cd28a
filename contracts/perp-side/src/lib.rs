#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use fusebox::vm::Vm;
use fusebox_core::panel::Tier;
use fusebox_market::{shell as risk, types::Weather};
use perp::{ledger, program, settle, side, storage, types::Rate};
use stylus_sdk::prelude::*;

/// The side program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpSide {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpSide {
    /// Closes at mark what a side has gained above its share of the pool.
    pub fn unwind(&mut self, market: u32) -> Reply<()> {
        side::unwind(self.vm(), &mut Vm::new(self.vm()), market)
    }

    /// Closes as much of a side as covers what is open of a loss, at `price`: what that will cover.
    pub fn cover(&mut self, market: u32, is_long: bool, price: u128, open: u128, bankruptcy: u128) -> Reply<U256> {
        let mut host = Vm::new(self.vm());
        let rate = Rate { price, scale: storage::scale(&host) };
        Ok(U256::from(side::close(&mut host, market, is_long, rate, open, bankruptcy)?))
    }

    /// What the profits of a market's domain come to, this market's at `price`: what a haircut can find.
    pub fn winnings(&self, market: u32, price: u128) -> Reply<U256> {
        let host = Vm::new(self.vm());
        let rate = Rate { price, scale: storage::scale(&host) };
        Ok(U256::from(side::winnings(self.vm(), &host, market, rate)?))
    }

    /// Writes a market's margin down as it stands in this weather.
    pub fn observe(&mut self, market: u32, tier: u8, volatility_bps: u16) {
        let tier = Tier::from_code(tier).unwrap_or(Tier::Halted);
        risk::observe(&mut Vm::new(self.vm()), market, Weather { tier, volatility_bps });
    }

    /// An account pays back what a market's domain owes; with no amount, what rounding left alone does.
    pub fn mend(&mut self, market: u32, account: Address, amount: u128) -> Reply<()> {
        if amount > 0 {
            settle::undivided(&Vm::new(self.vm()))?;
            ledger::give(&mut Vm::new(self.vm()), account, amount)?;
        }
        program::pay(self.vm(), market, amount)
    }
}
