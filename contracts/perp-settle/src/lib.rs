#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use fusebox::{token, vm::Vm};
use fusebox_core::panel::Scope;
use perp::{logic, program, settle, storage};
use stylus_sdk::{prelude::*, ArbResult};

/// The settlement program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpSettle {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpSettle {
    /// Anyone proposes what the record has of an hour (modulo 32; from 32 on the breaker's reference) as a market's price.
    pub fn propose_price(&mut self, market: u32, hour: u64) -> Reply<()> {
        settle::propose(&mut Vm::new(self.vm()), market, hour)
    }

    /// Anyone shows an hour that is better founded than the price that stands: by more feeds, or later.
    pub fn challenge_price(&mut self, market: u32, hour: u64) -> Reply<()> {
        settle::challenge(&mut Vm::new(self.vm()), market, hour)
    }

    /// Anyone has an account settled: 0 its position was counted and its principal is free, 1 its profit was paid.
    pub fn settle_account(&mut self, account: Address, market: u32) -> Reply<u8> {
        let vm = self.vm();
        settle::account(vm, &mut Vm::new(vm), account, market)
    }

    /// Anyone has an account's shares paid, once the pool is divided.
    pub fn settle_shares(&mut self, account: Address) -> Reply<()> {
        let vm = self.vm();
        settle::shares(vm, &mut Vm::new(vm), account)
    }

    /// Divides pool and fund, when the protocol ends as a whole and every position is counted.
    pub fn divide(&mut self) -> Reply<()> {
        settle::close(self.vm())
    }

    /// Brings money back while an incident is open, what arrives being counted: the bounty, which is free at once.
    pub fn give_back(&mut self, incident: u32, amount: U256) -> Reply<U256> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        let asked = logic::amount(amount)?;
        settle::returnable(&host, incident)?;
        let (token, _) = storage::token(&host);
        let arrived = token::pull(vm, token, vm.msg_sender(), asked)?;
        settle::give_back(vm, &mut host, incident, arrived)
    }

    /// What Governance has decided about a scope: 0 open, 2 wound down or 4 being settled; since when; settled from when on.
    pub fn decision(&self, scope: u32) -> Vec<U256> {
        fusebox::decision_state(&Vm::new(self.vm()), Scope::new(scope))
    }

    /// How a market ends: the settlement's word, its winners' word, what they have not taken, then the record, hour by hour.
    pub fn settlement(&self, market: u32) -> Vec<U256> {
        settle::state(&Vm::new(self.vm()), market)
    }

    /// What an account has won in a market that settles, and was not paid.
    pub fn claim_of(&self, account: Address, market: u32) -> Reply<U256> {
        settle::claim(&Vm::new(self.vm()), account, market)
    }

    /// The latest terms of a return: number, rate in basis points, cap, hash of the text; what an incident lost and got back.
    pub fn harbour(&self, incident: u32) -> Vec<U256> {
        settle::harbour(&Vm::new(self.vm()), incident)
    }

    /// Anything else is the fund program's, or the view program's behind it.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        program::delegate(self.vm(), program::FUND, input)
    }
}
