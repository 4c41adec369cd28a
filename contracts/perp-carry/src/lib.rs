#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox::vm::Vm;
use fusebox_authority::{
    shell as authority,
    types::{Act, Change},
};
use fusebox_core::{
    host::{emit, revert, word, Host},
    panel::Scope,
};
use perp::{abi, limits, program, storage, table, types::HOUSE};
use stylus_sdk::prelude::*;

/// The carrying program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpCarry {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpCarry {
    /// Carries out a change that may happen now; who may ask has been settled.
    pub fn carry(&mut self, words: Vec<U256>) -> Reply<()> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        let change = Change::decode(&words)?;
        let scope = Scope::new(change.scope);
        match (change.act, change.args) {
            (Act::Parameter, _) => {
                let previous = table::value(&host, change.scope, change.id)?;
                table::write(vm, &mut host, change.scope, change.id, change.value())?;
                authority::note(&mut host, (change.scope, change.id), previous, change.value());
                if change.id == table::LIMIT_SHARE {
                    table::mark(vm, &mut host, change.scope, change.id)?;
                }
            }
            (Act::Guardian, _) => HOUSE.set_guardian(&mut host, change.account(), scope, change.secs())?,
            (Act::Upgrade, [to]) => replace(&mut host, change.id, *to)?,
            (Act::Escrow, [id, to]) => limits::escrow(&mut host, *id, address(*to))?,
            (Act::Protocol, words) if change.id == 0 => {
                let market = program::list(vm, words)?;
                table::establish(&mut host, market, words.get(3).copied().unwrap_or_default())?;
                program::enlist(vm, market)?;
                limits::open(vm, &host, market)?;
            }
            (Act::Protocol, _) => program::decide(vm, change.id, &words)?,
            (Act::Grant | Act::Revoke | Act::Playbook, _) => (), // the queue's own
            (act, _) => return Err(revert(abi::MustWait::SELECTOR, [U256::from(act.code())])),
        }
        Ok(())
    }

    /// The approved value of a parameter.
    pub fn value(&self, scope: u32, id: u16) -> Reply<U256> {
        Ok(U256::from(table::value(&Vm::new(self.vm()), scope, id)?))
    }

    /// Tells the module of a parameter that its overlay has changed.
    pub fn mark(&mut self, scope: u32, id: u16) -> Reply<()> {
        table::mark(self.vm(), &mut Vm::new(self.vm()), scope, id)
    }
}

/// Replaces a program: the storage stays, and with it every pause.
fn replace(host: &mut impl Host, number: u16, to: U256) -> Reply<()> {
    let number = u64::from(number);
    if !(program::POOL..=program::LAST).contains(&number) {
        return Err(revert(abi::UnknownProgram::SELECTOR, [number, program::LAST].map(U256::from)));
    }
    let (previous, next) = (storage::program(host, number), address(to));
    if next.is_zero() {
        return Err(revert(abi::ZeroAddress::SELECTOR, [U256::from(number)]));
    }
    storage::store_program(host, number, next);
    emit(host, &[abi::ProgramSet::SIGNATURE_HASH, U256::from(number).into()], [word(previous), word(next)]);
    Ok(())
}

fn address(word: U256) -> Address {
    Address::from_word(word.into())
}
