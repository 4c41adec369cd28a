#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]

extern crate alloc;

pub mod abi;
pub mod error;
pub mod logic;
pub mod shell;
pub mod storage;
pub mod token;
pub mod types;

use types::HOUSE;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use fusebox::vm::Vm;
use fusebox_core::panel::{Class, Scope};
use stylus_sdk::{call::RawCall, prelude::*, stylus_core::Host, ArbResult};

/// The hot program: what traders, providers, liquidators and keepers call. Everything else is in the cold program,
/// which runs on the same storage for any selector that is not here.
#[storage]
#[cfg_attr(all(feature = "entry", target_arch = "wasm32"), entrypoint)]
pub struct Perp {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl Perp {
    /// Sets the cold program and hands the rest of the construction to it.
    #[constructor]
    pub fn constructor(&mut self, cold: Address, initialisation: Vec<u8>) -> Reply<()> {
        storage::store_cold(&mut Vm::new(self.vm()), cold);
        delegate(self.vm(), cold, &initialisation).map(drop)
    }

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

    /// Pays out free collateral: needs no price.
    pub fn withdraw(&mut self, amount: U256) -> Reply<()> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        let amount = shell::debit(&mut host, amount)?;
        let (token, _) = storage::token(&host);
        token::push(vm, token, vm.msg_sender(), amount)
    }

    /// Opens a position; `limitPrice` is the worst price accepted, 0 for any.
    pub fn open(&mut self, market: u32, is_long: bool, size: U256, margin: U256, limit_price: U256) -> Reply<()> {
        let ask = shell::Ask { is_long, size, margin };
        shell::increase(&mut Vm::new(self.vm()), market, false, ask, limit_price)
    }

    /// Increases a position.
    pub fn increase(&mut self, market: u32, size: U256, margin: U256, limit_price: U256) -> Reply<()> {
        let ask = shell::Ask { is_long: false, size, margin };
        shell::increase(&mut Vm::new(self.vm()), market, true, ask, limit_price)
    }

    /// Reduces a position.
    pub fn reduce(&mut self, market: u32, size: U256, limit_price: U256) -> Reply<()> {
        shell::reduce(&mut Vm::new(self.vm()), market, Some(size), limit_price)
    }

    /// Closes a position and frees its margin.
    pub fn close(&mut self, market: u32, limit_price: U256) -> Reply<()> {
        shell::reduce(&mut Vm::new(self.vm()), market, None, limit_price)
    }

    /// Adds free collateral to a position: needs no price.
    pub fn top_up(&mut self, market: u32, amount: U256) -> Reply<()> {
        shell::top_up(&mut Vm::new(self.vm()), market, amount)
    }

    /// Liquidates: 0 done; 1 refused by a condition that has been recorded, and nothing moved.
    pub fn liquidate(&mut self, market: u32, account: Address) -> Reply<u8> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        let Err(refusal) = shell::liquidate(&mut host, market, account)? else { return Ok(0) };
        // A keeper's call is where memory is due: the condition is recorded, or the refusal stands.
        let tier = poke(vm, market).filter(|tier| *tier > 0).ok_or_else(|| Vec::from(refusal))?;
        shell::refused(&mut host, market, account, tier);
        Ok(1)
    }

    /// Free collateral into the pool.
    pub fn provide(&mut self, amount: U256) -> Reply<U256> {
        shell::provide(&mut Vm::new(self.vm()), amount)
    }

    /// Pool shares back into free collateral.
    pub fn remove(&mut self, shares: U256) -> Reply<U256> {
        shell::remove(&mut Vm::new(self.vm()), shares)
    }

    /// Whether a class of action passes now by what is remembered: the tier it would run under.
    pub fn check(&self, market: u32, class: u8) -> Reply<u8> {
        let class = abi::class(class)?;
        Ok(HOUSE.check(&Vm::new(self.vm()), Scope::new(market), class)?.tier.code())
    }

    /// Anything else is the cold program's.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        let vm = self.vm();
        delegate(vm, storage::cold(&Vm::new(vm)), input)
    }
}

/// Runs the cold program on this storage.
fn delegate(vm: &impl Host, cold: Address, input: &[u8]) -> ArbResult {
    vm.flush_cache(true);
    // SAFETY: the storage cache was flushed and cleared; the cold program is Governance's and shares this layout.
    unsafe { RawCall::new_delegate(vm).call(cold, input) }
}

/// Pokes through the cold program: the tier that is now remembered.
fn poke(vm: &impl Host, market: u32) -> Option<u8> {
    let input = abi::pokeCall { market }.abi_encode();
    delegate(vm, storage::cold(&Vm::new(vm)), &input).ok()?.last().copied()
}
