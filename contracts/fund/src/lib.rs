#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

pub mod abi;
pub mod storage;
pub mod wiring;

use abi::amount;
use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;
use fusebox::{token, vm::Vm};
use fusebox_core::{
    host::{revert, word},
    panel::Class,
};
use fusebox_fund::{shell, storage::params};
use stylus_sdk::{prelude::*, ArbResult};

/// Insurance: assets in, shares out, what is staked pays for losses.
#[storage]
#[cfg_attr(all(feature = "entry", target_arch = "wasm32"), entrypoint)]
pub struct Fund {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl Fund {
    /// Sets the desk, the first word, and hands it the rest of the construction.
    #[constructor]
    pub fn constructor(&mut self, words: Vec<U256>) -> Reply<()> {
        wiring::construct(self.vm(), &words)
    }

    /// Pulls assets from the caller; what arrived buys shares for `receiver`.
    pub fn deposit(&mut self, assets: U256, receiver: Address) -> Reply<U256> {
        let mut host = Vm::new(self.vm());
        wiring::check(&host, Class::Inflow)?;
        if receiver.is_zero() {
            return Err(revert(abi::ZeroAddress::SELECTOR, [U256::ONE]));
        }
        let arrived = self.pull(assets)?;
        let params = params(&host)?;
        Ok(U256::from(shell::stake(&mut host, &params, receiver, arrived)?))
    }

    /// The caller's shares wait to leave: the most they will bring.
    pub fn request(&mut self, shares: U256) -> Reply<U256> {
        let mut host = Vm::new(self.vm());
        let params = params(&host)?;
        Ok(U256::from(shell::request(&mut host, &params, amount(shares)?)?.value))
    }

    /// The caller takes the request back.
    pub fn cancel(&mut self) -> Reply<()> {
        let mut host = Vm::new(self.vm());
        let params = params(&host)?;
        Ok(shell::cancel(&mut host, &params)?)
    }

    /// Pays for requested shares of the caller within their window; `owner` is the caller.
    pub fn redeem(&mut self, shares: U256, receiver: Address, owner: Address) -> Reply<U256> {
        let mut host = Vm::new(self.vm());
        wiring::check(&host, Class::ExitUnpriced)?;
        let who = self.vm().msg_sender();
        if who != owner {
            return Err(revert(abi::NotOwner::SELECTOR, [word(who), word(owner)]));
        }
        let params = params(&host)?;
        let paid = shell::redeem(&mut host, &params, receiver, amount(shares)?)?;
        self.push(receiver, paid)
    }

    /// Anyone has an account paid what had been held back from it and is owed now.
    pub fn claim(&mut self, owner: Address) -> Reply<U256> {
        let mut host = Vm::new(self.vm());
        wiring::check(&host, Class::ExitUnpriced)?;
        let params = params(&host)?;
        let paid = shell::collect(&mut host, &params, owner);
        self.push(owner, paid)
    }

    /// Who draws for a domain reports a loss: what the fund pays of it, to `to`.
    pub fn draw(&mut self, domain: U256, need: U256, to: Address) -> Reply<U256> {
        let mut host = Vm::new(self.vm());
        let domain = wiring::drawing(&host, domain)?;
        let params = params(&host)?;
        let paid = wiring::draw(&mut host, &params, domain, amount(need)?)?;
        self.push(to, paid)
    }

    /// Pulls assets from the caller, for those who are staked.
    pub fn recapitalise(&mut self, assets: U256) -> Reply<U256> {
        let arrived = self.pull(assets)?;
        shell::credit(&mut Vm::new(self.vm()), arrived)?;
        Ok(U256::from(arrived))
    }

    /// Anything else is the desk's: what is open, and views.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        wiring::delegate(self.vm(), input)
    }
}

impl Fund {
    fn pull(&self, assets: U256) -> Reply<u128> {
        let (vm, asked) = (self.vm(), amount(assets)?);
        amount(token::pull(vm, storage::asset(&Vm::new(vm)), vm.msg_sender(), asked)?)
    }

    fn push(&self, to: Address, paid: u128) -> Reply<U256> {
        if paid != 0 {
            token::push(self.vm(), storage::asset(&Vm::new(self.vm())), to, paid)?;
        }
        Ok(U256::from(paid))
    }
}
