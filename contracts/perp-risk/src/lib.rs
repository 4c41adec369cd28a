#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, feature = "export-abi")), no_main)]
#![cfg_attr(not(any(test, feature = "export-abi")), no_std)]
#![cfg_attr(any(target_arch = "wasm32", feature = "export-abi"), allow(missing_docs))] // what the SDK's macros write

extern crate alloc;

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use fusebox::vm::Vm;
use fusebox_core::host::word;
use perp::{abi, cross, pool, program};
use stylus_sdk::{prelude::*, ArbResult};

/// The risk program: it runs by delegatecall on the storage of [`perp`], and holds nothing of its own.
#[storage]
#[cfg_attr(target_arch = "wasm32", entrypoint)]
pub struct PerpRisk {}

type Reply<T> = Result<T, Vec<u8>>;

#[public]
impl PerpRisk {
    /// Liquidates: 0 done; 1 refused by a condition that has been recorded, and nothing moved.
    pub fn liquidate(&mut self, market: u32, account: Address) -> Reply<u8> {
        let vm = self.vm();
        let mut host = Vm::new(vm);
        let Err(refusal) = pool::liquidate(vm, &mut host, market, account)? else { return Ok(0) };
        // A keeper's call is where memory is due: the condition is recorded, or the refusal stands.
        let tier = program::poke(vm, market).filter(|tier| *tier > 0).ok_or(refusal)?;
        pool::refused(&mut host, market, account, tier);
        Ok(1)
    }

    /// Anyone has a side closed at mark as far as its profit is above its share of the pool.
    pub fn deleverage(&mut self, market: u32) -> Reply<()> {
        program::tell(self.vm(), program::SIDE, abi::unwindCall::SELECTOR, [U256::from(market)])
    }

    /// Anyone settles a position that was deleveraged; one that was not stays as it is, and one of a market that is being
    /// settled waits for its count.
    pub fn settle(&mut self, market: u32, account: Address) -> Reply<()> {
        perp::settle::untouched(&Vm::new(self.vm()), market)?;
        program::touch(self.vm(), market, account, (0, 0)).map(drop)
    }

    /// Pays back what the loss domain of a market owes, from free collateral; what is more goes to the fund.
    pub fn repay(&mut self, market: u32, amount: u128) -> Reply<()> {
        let words = [U256::from(market), word(self.vm().msg_sender()), U256::from(amount)];
        program::tell(self.vm(), program::SIDE, abi::mendCall::SELECTOR, words)
    }

    /// Anyone has what rounding left of a domain's haircuts pay back what the domain owes, and, where no position is left in
    /// it, what nobody can claim any more written off.
    pub fn release_residue(&mut self, market: u32) -> Reply<()> {
        program::tell(self.vm(), program::DIVIDE, abi::forgiveCall::SELECTOR, [U256::from(market)])?;
        program::pay(self.vm(), market, 0)
    }

    /// Anyone has an account take what its claim in an epoch was repaid.
    pub fn take_claim(&mut self, market: u32, account: Address, epoch: u32) -> Reply<()> {
        let words = [U256::from(market), word(account), U256::from(epoch)];
        program::tell(self.vm(), program::TOUCH, abi::claimCall::SELECTOR, words)
    }

    /// The caller chooses cross margin in a loss domain, or leaves it.
    pub fn cross_margin(&mut self, domain: u8, on: bool) -> Reply<()> {
        let vm = self.vm();
        let why = if on { cross::CHOOSE } else { cross::LEAVE };
        program::cross(vm, domain.into(), vm.msg_sender(), why, 0).map(drop)
    }

    /// An account in a loss domain, in a word: what its positions there have, or owe, together 112, what they need 112, how
    /// many there are 8, how many of them have no price 8, 1 if they owe, 1 if it has cross margin there.
    pub fn cross_state(&self, account: Address, domain: u8) -> Reply<U256> {
        let words = [U256::from(domain), word(account), U256::from(cross::STATE), U256::ZERO];
        let answer = program::ask(self.vm(), program::CROSS, abi::touchCall::SELECTOR, words)?;
        Ok(answer.first().copied().unwrap_or_default())
    }

    /// What losses have left in a market: the words of the holding program.
    pub fn losses(&self, market: u32) -> Reply<Vec<U256>> {
        let words = program::ask(self.vm(), program::HOLD, abi::lossesCall::SELECTOR, [U256::from(market)])?;
        Ok(words.into_iter().skip(2).collect())
    }

    /// Anything else is the guard program's, or another's behind it; never the oracle's or the keeper's.
    #[fallback]
    pub fn fallback(&mut self, input: &[u8]) -> ArbResult {
        program::delegate(self.vm(), program::GUARD, input)
    }
}
