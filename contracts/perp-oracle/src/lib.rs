#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::U256;
use fusebox::{types::WOUND_DOWN, vm::Vm, Refusal};
use fusebox_breaker as breaker;
use fusebox_core::{
    host::Host,
    panel::{Class, Scope, Tier, SIGNAL},
};
use perp::{abi, program, shell, types::HOUSE};
use stylus_sdk::prelude::*;

/// The oracle program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpOracle {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpOracle {
    /// A price for a class of action, with the panel's word and every condition evaluated now: price, tier, grace, and
    /// for new risk what volatility asks of its margin, in basis points.
    pub fn priced(&self, market: u32, class: u8) -> Reply<(U256, u8, bool, u16)> {
        let (host, scope) = (Vm::new(self.vm()), Scope::new(market));
        if class == program::DOOR {
            return door(&host, scope);
        }
        if class == program::WORTH {
            return worth(&host, scope);
        }
        let class = abi::class(class)?;
        let priced = HOUSE.priced(&host, scope, class)?;
        let volatility_bps = if class == Class::Increase { shell::volatility(&host, market) } else { 0 };
        Ok((U256::from(priced.price), priced.tier.code(), priced.grace, volatility_bps))
    }
}

/// A price for what a position is worth: as for a liquidation, or else a reduction, whatever stops those.
fn worth(host: &impl Host, scope: Scope) -> Reply<(U256, u8, bool, u16)> {
    let grace = HOUSE.check(host, scope, Class::Liquidate).is_ok_and(|passed| passed.grace);
    let quote = breaker::shell::quote(host, scope, None)?;
    let price = quote.price_for(Class::Liquidate).or_else(|_| quote.price_for(Class::Reduce))?;
    Ok((U256::from(price), Tier::Normal.code(), grace, 0))
}

/// A price for the pool's door: as for new risk, but that a wind-down alone does not refuse it.
fn door(host: &impl Host, scope: Scope) -> Reply<(U256, u8, bool, u16)> {
    match HOUSE.check(host, scope, Class::Increase) {
        Err(Refusal::Stopped { sources: SIGNAL, until: WOUND_DOWN, .. }) => {}
        outcome => drop(outcome?),
    }
    let quote = breaker::shell::quote(host, scope, None)?;
    Ok((U256::from(quote.price_for(Class::Increase)?), Tier::Normal.code(), false, 0))
}
