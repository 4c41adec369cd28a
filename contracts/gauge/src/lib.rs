#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::Address;
use fusebox::{vm::Vm, House};
use fusebox_core::panel::{Class, Scope};
use stylus_sdk::prelude::*;

/// One circuit, one guardian, and the same action with and without the check.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct Gauge {}

type Reply<T> = Result<T, Vec<u8>>;

const HOUSE: House = House::DEFAULT;

#[public]
impl Gauge {
    /// Lists market 1 and appoints a guardian of the protocol and of the market, whose pauses last a day.
    #[constructor]
    pub fn constructor(&mut self, guardian: Address) -> Reply<()> {
        let mut host = Vm::new(self.vm());
        HOUSE.init(&mut host, guardian)?;
        HOUSE.list(&mut host, None)?;
        for scope in [Scope::PROTOCOL, Scope::new(1)] {
            HOUSE.set_guardian(&mut host, guardian, scope, 86_400)?;
        }
        Ok(())
    }

    /// The action without a check.
    pub fn plain(&self, market: u32) -> Reply<u32> {
        Ok(market)
    }

    /// The same action behind the panel.
    pub fn checked(&self, market: u32) -> Reply<u32> {
        HOUSE.check(&Vm::new(self.vm()), Scope::new(market), Class::Increase)?;
        Ok(market)
    }

    /// Stops classes of action for the guardian's own duration: what failed, one bit a scope.
    pub fn pause(&mut self, scopes: Vec<u32>, classes: u8, reason: u16) -> Reply<u64> {
        Ok(HOUSE.pause(&mut Vm::new(self.vm()), &scopes, classes, reason)?)
    }
}
