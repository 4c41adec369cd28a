#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;
use fusebox::{journal, token, vm::Vm};
use fusebox_authority::{self as authority, types::Role};
use fusebox_breaker as breaker;
use fusebox_core::{
    host::{revert, word},
    panel::Scope,
};
use fusebox_market::storage as risk;
use perp::{abi, limits, program, storage, types::HOUSE};
use stylus_sdk::prelude::*;

/// The view program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpView {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpView {
    /// Once, from the hot program's constructor: the collateral, who governs, who may act in an incident, who may pause
    /// and for how long, and what may leave in a day whatever the pool holds.
    pub fn initialise(
        &mut self,
        collateral: Address,
        governance: Address,
        council: Address,
        pauser: Address,
        pause_secs: u32,
        floor: u128,
    ) -> Reply<()> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        if !storage::token(&host).0.is_zero() {
            return Err(revert(abi::AlreadyInitialised::SELECTOR, []));
        }
        for (argument, address) in (0u8..).zip([collateral, governance, council, pauser]) {
            if address.is_zero() {
                return Err(revert(abi::ZeroAddress::SELECTOR, [U256::from(argument)]));
            }
        }
        let decimals = token::decimals(vm, collateral)?;
        let decimals = u8::try_from(decimals)
            .ok()
            .filter(|decimals| *decimals <= 18)
            .ok_or_else(|| revert(abi::DecimalsOutOfBounds::SELECTOR, [decimals, U256::from(18)]))?;
        storage::store_token(&mut host, collateral, decimals).map_err(abi::overflow)?;
        HOUSE.init(&mut host, governance)?;
        limits::establish(vm, floor)?;
        authority::shell::install(&mut host, council, Role::Council).map_err(fusebox::Error::from)?;
        Ok(HOUSE.set_guardian(&mut host, pauser, Scope::PROTOCOL, pause_secs)?)
    }

    /// Governance's word on an incident: 1 confirmed, 2 false positive.
    pub fn label(&mut self, incident: u32, label: u8) -> Reply<()> {
        let mut host = Vm::new(self.vm());
        authority::shell::require(&host, Role::Governance)?;
        Ok(journal::label(&mut host, incident, label)?)
    }

    /// An incident: scope, tier, cause, label, first anomaly, detected, contained, resolved, end by the clock, opener,
    /// loss, cover.
    pub fn incident(&self, id: u32) -> Reply<Vec<U256>> {
        let i = journal::read(&Vm::new(self.vm()), id)?;
        Ok(vec![
            U256::from(i.scope.number()),
            U256::from(i.tier.code()),
            U256::from(i.cause),
            U256::from(i.label),
            U256::from(i.anomaly),
            U256::from(i.detected),
            U256::from(i.contained),
            U256::from(i.resolved),
            U256::from(i.ends),
            word(i.opened_by),
            U256::from(i.loss),
            U256::from(i.cover),
        ])
    }

    /// The panel: markets listed, incidents, the head of the journal's chain, then every panel word.
    pub fn panel(&self) -> Vec<U256> {
        fusebox::panel_state(&Vm::new(self.vm()))
    }

    /// A market's breaker: its words, as they are stored.
    pub fn breaker_state(&self, market: u32) -> Vec<U256> {
        breaker::shell::state(&Vm::new(self.vm()), Scope::new(market))
    }

    /// A market of the protocol: its three words of parameters, its policy, long size and entry, short size and entry.
    pub fn market(&self, market: u32) -> Vec<U256> {
        let host = Vm::new(self.vm());
        let ([_, caps, closing], interest) = (risk::words(&host, market), storage::interest(&host, market));
        let [a, b, c, d] = [interest.long.size, interest.long.entry, interest.short.size, interest.short.entry];
        let policy = storage::policy_word(&host, market);
        let terms = risk::pack_terms(&storage::terms(&host, market)); // as a Steward has tightened them
        vec![terms, caps, closing, policy, U256::from(a), U256::from(b), U256::from(c), U256::from(d)]
    }

    /// Whether a class of action passes now by what is remembered: the tier it would run under.
    pub fn check(&self, market: u32, class: u8) -> Reply<u8> {
        let class = abi::class(class)?;
        Ok(HOUSE.check(&Vm::new(self.vm()), Scope::new(market), class)?.tier.code())
    }

    /// A position: long, size, margin, entry notional.
    pub fn position(&self, account: Address, market: u32) -> Reply<(bool, U256, U256, U256)> {
        let p = storage::position(&Vm::new(self.vm()), account, market).map_err(abi::overflow)?;
        Ok((p.is_long, U256::from(p.size), U256::from(p.margin), U256::from(p.entry)))
    }

    /// An account: free collateral and shares of the pool.
    pub fn account(&self, account: Address) -> (U256, U256) {
        let a = storage::account(&Vm::new(self.vm()), account);
        (U256::from(a.free), U256::from(a.shares))
    }

    /// The pool: assets, shares, bad debt so far, profits it could not pay so far.
    pub fn pool(&self) -> (U256, U256, U256, U256) {
        let p = storage::pool(&Vm::new(self.vm()));
        (U256::from(p.assets), U256::from(p.shares), U256::from(p.bad_debt), U256::from(p.unpaid))
    }

    /// A market's price now for a class of action, its tier, and whether the grace after a pause holds.
    pub fn price(&self, market: u32, class: u8) -> Reply<(U256, u8, bool)> {
        let priced = program::priced(self.vm(), market, abi::class(class)?)?;
        Ok((U256::from(priced.rate.price), priced.tier.code(), priced.grace))
    }
}
