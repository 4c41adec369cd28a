#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;
use fusebox::vm::Vm;
use fusebox_core::{host::revert, panel::Scope};
use fusebox_limiter::{
    shell as limiter,
    storage::bucket as bucket_of,
    types::{Slot, TicketId},
};
use perp::{abi, limits, program, settle, types::HOUSE};
use stylus_sdk::{prelude::*, ArbResult};

/// The limit program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpLimit {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpLimit {
    /// The Council holds a ticket until a time, once, within an incident of the protocol.
    pub fn hold_ticket(&mut self, id: u128, until: u64) -> Reply<()> {
        let mut host = Vm::new(self.vm());
        HOUSE.acting(&host, Scope::PROTOCOL)?;
        Ok(limiter::hold(&mut host, &HOUSE.limiter, TicketId(id), until)?)
    }

    /// Its owner takes a ticket back: what it was for is its own again, and does not queue again within a window.
    pub fn cancel_ticket(&mut self, id: u128) -> Reply<()> {
        limits::cancel(&mut Vm::new(self.vm()), id)
    }

    /// Anyone lets a bucket's capacity follow what the protocol accounts for: not down once all of it is divided, when what is
    /// in the pool falls with every payment and who is due last would wait for the floor.
    pub fn rebase(&mut self, bucket: u32) -> Reply<()> {
        if !limits::exists(bucket) {
            return Err(revert(abi::UnknownBucket::SELECTOR, [bucket, limits::liquidations(8)].map(U256::from)));
        }
        let mut host = Vm::new(self.vm());
        let capacity = |host: &Vm<'_, _>| bucket_of(host, Slot::main(bucket)).capacity;
        let (before, liquidity) = (capacity(&host), limits::liquidity(&host, bucket));
        limiter::rebase(&mut host, &HOUSE.limiter, bucket, liquidity)?;
        if capacity(&host) < before {
            settle::undivided(&host)?;
        }
        Ok(())
    }

    /// A ticket: its word, the end of its hold, and the second it is ready.
    pub fn ticket(&self, id: u128) -> Vec<U256> {
        limiter::ticket(&Vm::new(self.vm()), TicketId(id))
    }

    /// What would become of a request: 0 paid now, 1 a ticket, 2 a trip; and the second at which it would be paid.
    pub fn when(&self, bucket: u32, account: Address, amount: u128) -> Reply<Vec<U256>> {
        let (mode, at) = limiter::when(&Vm::new(self.vm()), &HOUSE.limiter, bucket, account, amount)?;
        Ok(vec![U256::from(mode), U256::from(at)])
    }

    /// A bucket: its words, and what may leave now by each lane.
    pub fn bucket_state(&self, bucket: u32) -> Vec<U256> {
        limiter::state(&Vm::new(self.vm()), &HOUSE.limiter, bucket)
    }

    /// Anything else is the watch program's, or another's behind it.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        program::delegate(self.vm(), program::WATCH, input)
    }
}
