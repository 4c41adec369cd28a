//! Executing transactions that pay for themselves, and calls made as one.

use alloy_primitives::{Address, B256, U256};
use revm::state::EvmState;

use super::run::{report, Ran};
use super::Chain;
use crate::arbos::STATE;
use crate::exec::{Call, Creation, Executor};
use crate::outcome::CallKind;
use crate::trace::Tracer;
use crate::transaction::{Executed, Overrides, Rejection, Tracing, Transaction};

impl Chain {
    /// Executes a transaction. Nonce and fee stay even where it reverts; the fee goes to the coinbase.
    ///
    /// As on Arbitrum one gas costs the base fee whatever the transaction offers on top. Transactions without a fee
    /// run as well: it is for the caller to allow them.
    ///
    /// Errors: a [`Rejection`] where it cannot be part of a block; nothing has changed then.
    pub fn execute(&mut self, tx: &Transaction, tracing: Tracing) -> Result<Executed, Rejection> {
        self.check_code(tx)?;
        let (executed, ran) = self.attempt(tx, tracing)?;
        self.world_mut().commit(ran.state);
        if self.block_cache.is_some() {
            self.block_cache = Some(ran.recent);
        }
        Ok(executed)
    }

    /// Executes a transaction and forgets what it did. The sender may have code.
    ///
    /// Errors: as [`Chain::execute`].
    pub fn simulate(&self, tx: &Transaction, tracing: Tracing) -> Result<Executed, Rejection> {
        Ok(self.attempt(tx, tracing)?.0)
    }

    /// Whether a transaction could be executed now.
    ///
    /// Errors: as [`Chain::execute`].
    pub fn check(&self, tx: &Transaction) -> Result<(), Rejection> {
        self.check_code(tx)?;
        tx.check(self.block.basefee, self.block.gas_limit)?;
        tx.check_sender(self.nonce(tx.from), self.balance(tx.from))
    }

    /// A copy of the chain in which accounts are not what they are.
    pub fn with_overrides(&self, overrides: &Overrides) -> Self {
        let mut chain = self.clone();
        for (&address, other) in overrides {
            if let Some(code) = &other.code {
                chain.world_mut().set_code(address, code.clone());
            }
            let account = chain.world_mut().account_mut(address);
            account.balance = other.balance.unwrap_or(account.balance);
            account.nonce = other.nonce.unwrap_or(account.nonce);
            if other.state.is_some() {
                account.storage.clear();
            }
            for (slot, word) in other.state.iter().flatten().chain(&other.state_diff) {
                chain.world_mut().set_storage(address, (*slot).into(), (*word).into());
            }
        }
        chain
    }

    fn check_code(&self, tx: &Transaction) -> Result<(), Rejection> {
        if tx.impersonated || self.code(tx.from).is_empty() {
            return Ok(());
        }
        Err(Rejection::SenderHasCode { sender: tx.from })
    }

    fn attempt(&self, tx: &Transaction, tracing: Tracing) -> Result<(Executed, Ran), Rejection> {
        tx.check(self.block.basefee, self.block.gas_limit)?;
        tx.check_sender(self.nonce(tx.from), self.balance(tx.from))?;
        let price = tx.max_fee_per_gas.map_or(0, |_| u128::from(self.block.basefee));
        let mut exec = self.executor(tx.from, tx.from, price);
        if tracing != Tracing::Off {
            exec.tracer = Some(Box::new(Tracer::new(tracing == Tracing::Hostio)));
        }
        exec.warm_list(&tx.access_list);
        exec.take_balance(tx.from, U256::from(price) * U256::from(tx.gas));

        let intrinsic = tx.intrinsic_gas();
        let gas = tx.gas - intrinsic; // checked above
        let (created, ended) = start(&mut exec, tx, gas);
        let created = created.filter(|_| ended.kind.is_success());
        let used = tx.gas - ended.gas_left;
        let refunded = (ended.refund.max(0) as u64).min(used / 5);
        let gas_used = used - refunded;
        exec.give_balance(tx.from, U256::from(price) * U256::from(tx.gas - gas_used));
        exec.give_balance(self.block.beneficiary, U256::from(price) * U256::from(gas_used));

        let trace = exec.tracer.take().and_then(|tracer| tracer.finish()).map(|mut root| {
            root.gas = tx.gas;
            root.gas_used = gas_used;
            root
        });
        let ran = report(exec, ended, gas);
        let outcome = ran.outcome.clone();
        let touched = touched(&ran.state);
        Ok((Executed { outcome, gas_used, refunded, effective_gas_price: price, created, touched, trace }, ran))
    }
}

/// What a transaction has looked at; not what ArbOS keeps for itself.
fn touched(state: &EvmState) -> Vec<(Address, Vec<B256>)> {
    let accounts = state.iter().filter(|(address, _)| **address != STATE);
    let mut touched: Vec<_> = accounts
        .map(|(address, account)| {
            let mut slots: Vec<B256> = account.storage.keys().map(|slot| B256::from(*slot)).collect();
            slots.sort_unstable();
            (*address, slots)
        })
        .collect();
    touched.sort_unstable();
    touched
}

/// Runs the first frame.
fn start(exec: &mut Executor, tx: &Transaction, gas: u64) -> (Option<Address>, crate::exec::Ended) {
    let Some(to) = tx.to else {
        let creation = Creation { creator: tx.from, value: tx.value, code: tx.input.clone(), salt: None, gas };
        let (address, ended) = exec.create(creation);
        return (Some(address), ended);
    };
    exec.bump_nonce(tx.from);
    exec.warm(to);
    let ended = exec.call(Call {
        kind: CallKind::Call,
        caller: tx.from,
        target: to,
        code: to,
        value: tx.value,
        input: tx.input.clone(),
        gas,
        is_static: false,
    });
    (None, ended)
}
