#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use fusebox::vm::Vm;
use fusebox_fund::shell::ledger;
use perp::{insurance, program};
use stylus_sdk::{prelude::*, ArbResult};

/// The fund program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpFund {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpFund {
    /// Free collateral into shares of the fund, which pay for losses: the shares.
    pub fn stake(&mut self, amount: U256) -> Reply<U256> {
        insurance::stake(self.vm(), &mut Vm::new(self.vm()), amount)
    }

    /// The caller's shares wait to leave, in place of what was requested before: the most that they will bring.
    pub fn request_redeem(&mut self, shares: U256) -> Reply<U256> {
        insurance::request(&mut Vm::new(self.vm()), shares)
    }

    /// The caller's request is taken back.
    pub fn cancel_redeem(&mut self) -> Reply<()> {
        insurance::cancel(&mut Vm::new(self.vm()))
    }

    /// Requested shares into free collateral within their window, with what was held back before and is owed now: needs
    /// no price.
    pub fn redeem(&mut self, shares: U256) -> Reply<U256> {
        insurance::redeem(self.vm(), &mut Vm::new(self.vm()), shares)
    }

    /// Anyone has what was held back from an account, and is owed now, go to its free collateral.
    pub fn collect_held(&mut self, account: Address) -> Reply<U256> {
        insurance::collect(self.vm(), &mut Vm::new(self.vm()), account)
    }

    /// Anyone has an account's shares of the fund paid, once everything is divided at the end of the protocol.
    pub fn settle_stake(&mut self, account: Address) -> Reply<()> {
        insurance::close_out(self.vm(), &mut Vm::new(self.vm()), account)
    }

    /// The fund: parameters, what the stakers own, three words of what is open and held back, what a draw takes at most.
    pub fn fund_state(&self) -> Vec<U256> {
        insurance::state(&Vm::new(self.vm()))
    }

    /// A staker: three words as they are now, what the shares are worth, what of what was held back is owed.
    pub fn stake_of(&self, account: Address) -> Vec<U256> {
        insurance::stake_of(&Vm::new(self.vm()), account)
    }

    /// A loss domain's cover and ledger: two words and six.
    pub fn ledger(&self, domain: u32) -> Vec<U256> {
        ledger::state(&Vm::new(self.vm()), domain)
    }

    /// What an account's claim in an epoch of a domain's ledger may take now.
    pub fn due_of(&self, account: Address, domain: u32, epoch: u32) -> U256 {
        U256::from(ledger::due(&Vm::new(self.vm()), domain, account, epoch))
    }

    /// Anything else is the view program's.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        program::delegate(self.vm(), program::VIEW, input)
    }
}
