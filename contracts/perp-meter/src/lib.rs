#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::U256;
use fusebox::vm::Vm;
use fusebox_limiter::shell as limiter;
use perp::{limits, types::HOUSE};
use stylus_sdk::prelude::*;

/// The metering program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpMeter {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpMeter {
    /// What becomes of a request that does not fit its bucket: a ticket's number, or all ones for a trip.
    pub fn overflow(&mut self, bucket: u32, amount: u128) -> Reply<U256> {
        limits::overflow(&mut Vm::new(self.vm()), bucket, amount)
    }

    /// Gives a bucket a config, by its word.
    pub fn configure(&mut self, bucket: u32, config: U256) -> Reply<()> {
        limits::configure(&mut Vm::new(self.vm()), bucket, config)
    }

    /// A Steward's overlay of a bucket: what it leaves of the capacity in basis points, and until when.
    pub fn overlaid(&mut self, bucket: u32, factor_bps: u16, until: u64) -> Reply<()> {
        Ok(limiter::overlay(&mut Vm::new(self.vm()), &HOUSE.limiter, bucket, factor_bps, until)?)
    }
}
