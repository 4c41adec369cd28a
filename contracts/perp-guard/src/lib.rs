#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;
use fusebox::vm::Vm;
use fusebox_authority::{
    self as authority,
    types::{Act, Role},
};
use fusebox_core::{host::revert, panel::Scope};
use fusebox_guardian::{self as guardian, abi::Guardian};
use perp::{abi::MustWait, program, types::HOUSE};
use stylus_sdk::{prelude::*, ArbResult};

/// The guard program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpGuard {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
#[implements(Guardian)]
impl PerpGuard {
    /// Anything else is the share program's, or another's behind it.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        program::delegate(self.vm(), program::SHARE, input)
    }
}

/// Governance is asked for, and refused with the role that is missing.
fn governed(host: &impl fusebox_core::host::Host) -> Reply<()> {
    Ok(authority::shell::require(host, Role::Governance)?)
}

#[public]
impl Guardian for PerpGuard {
    fn pause(&mut self, scopes: Vec<u32>, classes: u8, reason: u16) -> Result<u64, Vec<u8>> {
        Ok(HOUSE.pause(&mut Vm::new(self.vm()), &scopes, classes, reason)?)
    }

    fn extend(&mut self, scope: u32, until: u64) -> Result<(), Vec<u8>> {
        Ok(HOUSE.extend(&mut Vm::new(self.vm()), Scope::new(scope), until)?)
    }

    fn unpause(&mut self, scope: u32) -> Result<(), Vec<u8>> {
        Ok(HOUSE.unpause(&mut Vm::new(self.vm()), Scope::new(scope))?)
    }

    fn heartbeat(&mut self) -> Result<(), Vec<u8>> {
        Ok(HOUSE.heartbeat(&mut Vm::new(self.vm()))?)
    }

    fn set_guardian(&mut self, guardian: Address, scope: u32, max_duration: u32) -> Result<(), Vec<u8>> {
        let mut host = Vm::new(self.vm());
        governed(&host)?;
        let scope = Scope::new(scope);
        // Power that is given, and the loss of a scope's last guardian, wait in the queue.
        if max_duration != 0 || guardian::shell::is_last(&host, guardian, scope) {
            return Err(revert(MustWait::SELECTOR, [U256::from(Act::Guardian.code())]));
        }
        Ok(HOUSE.set_guardian(&mut host, guardian, scope, 0)?)
    }

    fn pause_state(&self, scope: u32) -> Result<Vec<U256>, Vec<u8>> {
        Ok(guardian::shell::pause_state(&Vm::new(self.vm()), &HOUSE.guardian, Scope::new(scope)))
    }
}
