#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::U256;
use fusebox::{token, vm::Vm};
use fusebox_core::panel::{Class, Scope};
use perp::{logic, program, shell, storage, types::HOUSE};
use stylus_sdk::{prelude::*, ArbResult};

/// The pool program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpPool {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpPool {
    /// Pulls collateral and credits what arrived.
    pub fn deposit(&mut self, amount: U256) -> Reply<U256> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        HOUSE.check(&host, Scope::PROTOCOL, Class::Inflow)?;
        let asked = logic::amount(amount)?;
        let (token, _) = storage::token(&host);
        let arrived = token::pull(vm, token, vm.msg_sender(), asked)?;
        shell::credit(&mut host, vm.msg_sender(), arrived)?;
        Ok(arrived)
    }

    /// Pays out free collateral, at a pace: needs no price. 0 if it left, the number of a ticket, or all ones if the
    /// limiter tripped and nothing moved.
    pub fn withdraw(&mut self, amount: U256) -> Reply<U256> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        let amount = logic::amount(amount)?;
        let ticket = shell::debit(vm, &mut host, amount)?;
        if ticket.is_zero() {
            let (token, _) = storage::token(&host);
            token::push(vm, token, vm.msg_sender(), amount)?;
        }
        Ok(ticket)
    }

    /// Adds free collateral to a position: needs no price.
    pub fn top_up(&mut self, market: u32, amount: U256) -> Reply<()> {
        shell::top_up(self.vm(), &mut Vm::new(self.vm()), market, amount)
    }

    /// Anything else is the risk program's, or another's behind it.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        program::delegate(self.vm(), program::RISK, input)
    }
}
