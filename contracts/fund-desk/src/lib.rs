#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use fund::{abi::amount, storage, wiring};
use fusebox::vm::Vm;
use fusebox_core::panel::Class;
use fusebox_fund::{
    logic::{self, hold},
    shell,
    storage::{params, vault},
    types::{Params, State, MAX_AMOUNT},
};
use stylus_sdk::prelude::*;

/// The desk: it runs by delegatecall on the storage of [`fund`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct FundDesk {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl FundDesk {
    /// Fixes, a word each, the asset, the panel that may stop deposits and payouts (or zero), the parameters, and two
    /// words for each loss domain: who draws for it, and what it may draw. Once.
    pub fn initialise(&mut self, words: Vec<U256>) -> Reply<()> {
        wiring::initialise(self.vm(), &words)
    }

    /// Who draws for a domain says that an incident may cost more (0), that a loss is known (1), or that so much of
    /// either is over (2, 3).
    pub fn expose(&mut self, domain: U256, kind: U256, units: U256) -> Reply<()> {
        let mut host = Vm::new(self.vm());
        let domain = wiring::drawing(&host, domain)?;
        let params = params(&host)?;
        wiring::expose(&mut host, &params, domain, kind, amount(units)?)
    }

    /// The asset.
    pub fn asset(&self) -> Reply<Address> {
        Ok(storage::asset(&Vm::new(self.vm())))
    }

    /// The decimals of a share: three more than the asset's.
    pub fn decimals(&self) -> Reply<U256> {
        let (decimals, _) = storage::terms(&Vm::new(self.vm()));
        Ok(U256::from(decimals.saturating_add(3)))
    }

    /// All shares, those that nobody owns included.
    #[selector(name = "totalSupply")]
    pub fn total_supply(&self) -> Reply<U256> {
        Ok(U256::from(vault(&Vm::new(self.vm())).shares))
    }

    /// What those who are staked own together.
    #[selector(name = "totalAssets")]
    pub fn total_assets(&self) -> Reply<U256> {
        Ok(U256::from(vault(&Vm::new(self.vm())).assets))
    }

    /// An account's shares, the requested ones included.
    #[selector(name = "balanceOf")]
    pub fn balance_of(&self, owner: Address) -> Reply<U256> {
        Ok(U256::from(self.loaded(owner)?.1.account.shares))
    }

    /// The shares that assets buy, rounded down.
    #[selector(name = "convertToShares")]
    pub fn convert_to_shares(&self, assets: U256) -> Reply<U256> {
        let vault = vault(&Vm::new(self.vm()));
        Ok(U256::from(logic::shares_down(&vault, amount(assets)?)))
    }

    /// What shares are worth, rounded down.
    #[selector(name = "convertToAssets")]
    pub fn convert_to_assets(&self, shares: U256) -> Reply<U256> {
        let vault = vault(&Vm::new(self.vm()));
        Ok(U256::from(logic::assets_down(&vault, amount(shares)?)))
    }

    /// What may be deposited now.
    #[selector(name = "maxDeposit")]
    pub fn max_deposit(&self, receiver: Address) -> Reply<U256> {
        let (_, state) = self.loaded(receiver)?;
        let stopped = wiring::check(&Vm::new(self.vm()), Class::Inflow).is_err() || receiver.is_zero();
        if stopped || hold::exposure(&state.hold) != 0 {
            return Ok(U256::ZERO);
        }
        Ok(U256::from(MAX_AMOUNT.saturating_sub(state.vault.assets)))
    }

    /// The shares that a deposit buys now.
    #[selector(name = "previewDeposit")]
    pub fn preview_deposit(&self, assets: U256) -> Reply<U256> {
        self.convert_to_shares(assets)
    }

    /// The most shares that an account can redeem now: 0 outside its window.
    #[selector(name = "maxRedeem")]
    pub fn max_redeem(&self, owner: Address) -> Reply<U256> {
        Ok(U256::from(self.redeemable(owner)?.0))
    }

    /// What an account would be paid for them now.
    #[selector(name = "maxWithdraw")]
    pub fn max_withdraw(&self, owner: Address) -> Reply<U256> {
        Ok(U256::from(self.redeemable(owner)?.1))
    }

    /// What shares bring now, less what would be held back; a request that was worth less brings less.
    #[selector(name = "previewRedeem")]
    pub fn preview_redeem(&self, shares: U256) -> Reply<U256> {
        let State { vault, hold, .. } = self.loaded(Address::ZERO)?.1;
        let shares = amount(shares)?;
        let held = hold::share_up(&hold, &vault, shares);
        Ok(U256::from(logic::assets_down(&vault, shares).saturating_sub(held)))
    }

    /// The words of parameters, vault, hold and an account, as they are now, and what the account is owed of what had
    /// been held back.
    pub fn state(&self, owner: Address) -> Reply<Vec<U256>> {
        let (params, _) = self.loaded(owner)?;
        let host = Vm::new(self.vm());
        let mut state = shell::words(&host, &params, owner);
        state.push(U256::from(shell::owed(&host, &params, owner)));
        Ok(state)
    }

    /// Who draws for a domain, and the words of what it may draw.
    pub fn cover(&self, domain: U256) -> Reply<Vec<U256>> {
        Ok(storage::words(&Vm::new(self.vm()), domain))
    }
}

impl FundDesk {
    fn loaded(&self, owner: Address) -> Reply<(Params, State)> {
        let host = Vm::new(self.vm());
        let params = params(&host)?;
        Ok((params, shell::state(&host, &params, owner)))
    }

    fn redeemable(&self, owner: Address) -> Reply<(u128, u128)> {
        let host = Vm::new(self.vm());
        let (params, state) = self.loaded(owner)?;
        if wiring::check(&host, Class::ExitUnpriced).is_err() {
            return Ok((0, 0));
        }
        Ok(logic::redeemable(state, &params, self.vm().block_timestamp()))
    }
}
