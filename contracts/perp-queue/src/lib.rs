#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, B256, U256};
use fusebox::vm::Vm;
use fusebox_authority::{
    abi::{Authority, Changes},
    shell as authority,
    types::{change, Outcome, Tightening},
};
use perp::{
    program,
    table::{self, TABLE},
};
use stylus_sdk::{prelude::*, ArbResult};

/// The queue program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpQueue {}

#[public]
#[implements(Authority, Changes)]
impl PerpQueue {
    /// Anything else is the settlement program's, or the view program's behind it.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        program::delegate(self.vm(), program::SETTLE, input)
    }
}

#[public]
impl Authority for PerpQueue {
    fn grant_role(&mut self, account: Address, role: u8) -> Result<(), Vec<u8>> {
        Ok(authority::grant(&mut Vm::new(self.vm()), account, role)?)
    }

    fn revoke_role(&mut self, account: Address, role: u8) -> Result<(), Vec<u8>> {
        Ok(authority::revoke(&mut Vm::new(self.vm()), account, role)?)
    }

    fn roles_of(&self, account: Address) -> Result<U256, Vec<u8>> {
        Ok(authority::roles_of(&Vm::new(self.vm()), account))
    }
}

#[public]
impl Changes for PerpQueue {
    fn set(&mut self, scope: u32, id: u16, value: u128) -> Result<(), Vec<u8>> {
        let vm = self.vm();
        let approved = program::value(vm, scope, id)?;
        match authority::set(&mut Vm::new(vm), &TABLE, (scope, id), approved, value)? {
            Outcome::Apply => program::carry(vm, &change::parameter(scope, id, value)),
            _ => Ok(()),
        }
    }

    fn overlay(&mut self, scope: u32, id: u16, value: u128, secs: u64) -> Result<(), Vec<u8>> {
        let vm = self.vm();
        let approved = program::value(vm, scope, id)?;
        let mut host = Vm::new(vm);
        if secs == 0 {
            authority::clear_overlay(&mut host, &TABLE, (scope, id), approved)?;
        } else {
            authority::set_overlay(&mut host, &TABLE, (scope, id), approved, Tightening { value, secs })?;
        }
        program::mark(vm, scope, id)
    }

    fn propose(&mut self, words: Vec<U256>) -> Result<B256, Vec<u8>> {
        Ok(authority::propose(&mut Vm::new(self.vm()), &TABLE, &words)?)
    }

    fn execute(&mut self, words: Vec<U256>) -> Result<(), Vec<u8>> {
        let vm = self.vm();
        authority::execute(&mut Vm::new(vm), &TABLE, &words)?;
        program::carry(vm, &words)
    }

    fn cancel(&mut self, words: Vec<U256>) -> Result<(), Vec<u8>> {
        Ok(authority::cancel(&mut Vm::new(self.vm()), &words)?)
    }

    fn playbook(&mut self, batch: Vec<U256>) -> Result<(), Vec<u8>> {
        let vm = self.vm();
        let situation = table::situation(&Vm::new(vm), &batch)?;
        authority::run(&mut Vm::new(vm), &TABLE, &batch, &situation, &mut |_, change| {
            program::carry(vm, &table::words(change))
        })
    }

    fn retire(&mut self, hash: B256) -> Result<(), Vec<u8>> {
        Ok(authority::retire(&mut Vm::new(self.vm()), hash)?)
    }

    fn ready(&self, words: Vec<U256>) -> Result<Vec<U256>, Vec<u8>> {
        Ok(authority::ready(&Vm::new(self.vm()), &words))
    }
}
