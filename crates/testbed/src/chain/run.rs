//! Sending transactions and calling views.

use std::sync::Arc;

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use revm::state::EvmState;

use super::Chain;
use crate::exec::{Call, Creation, Ended, Executor, Start};
use crate::outcome::{CallKind, Outcome, OutcomeKind, Revert, Tx};
use crate::programs::Recent;
use crate::world::Reader;

/// What running a transaction leaves, committed or not.
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    pub(super) state: EvmState,
    pub(super) recent: Recent,
}

impl Chain {
    /// Sends a transaction: what it did stays if it succeeded.
    pub fn send(&mut self, tx: Tx) -> Outcome {
        let from = tx.from;
        let ran = self.run(tx);
        self.settle(from, ran)
    }

    /// Runs a transaction and forgets what it did.
    pub fn view(&self, tx: Tx) -> Outcome {
        self.run(tx).outcome
    }

    /// Calls a function and keeps what it did.
    pub fn call<C: SolCall>(&mut self, from: Address, to: Address, call: &C) -> Result<C::Return, Revert> {
        decode::<C>(self.send(Tx::new(from, to, call.abi_encode())))
    }

    /// Calls a function with wei and keeps what it did.
    pub fn call_with_value<C: SolCall>(
        &mut self,
        from: Address,
        to: Address,
        value: U256,
        call: &C,
    ) -> Result<C::Return, Revert> {
        decode::<C>(self.send(Tx::new(from, to, call.abi_encode()).value(value)))
    }

    /// Calls a function and forgets what it did.
    pub fn query<C: SolCall>(&self, from: Address, to: Address, call: &C) -> Result<C::Return, Revert> {
        decode::<C>(self.view(Tx::new(from, to, call.abi_encode())))
    }

    /// Runs creation code sent by an account.
    pub(super) fn run_creation(&mut self, from: Address, code: Bytes, value: U256) -> (Address, Outcome) {
        let mut exec = self.executor(from, from, self.gas_price);
        let (address, ended) = exec.create(Creation { creator: from, value, code, salt: None, gas: Tx::DEFAULT_GAS });
        let ran = report(exec, ended, Tx::DEFAULT_GAS);
        (address, self.settle(from, ran))
    }

    fn run(&self, tx: Tx) -> Ran {
        let mut exec = self.executor(tx.from, tx.origin.unwrap_or(tx.from), self.gas_price);
        exec.warm(tx.to);
        exec.reentrant = tx.reentrant;
        let ended = exec.call(Call {
            kind: CallKind::Call,
            caller: tx.from,
            target: tx.to,
            code: tx.to,
            value: tx.value,
            input: tx.calldata,
            gas: tx.gas,
            is_static: tx.is_static,
        });
        report(exec, ended, tx.gas)
    }

    pub(super) fn executor(&self, from: Address, origin: Address, gas_price: u128) -> Executor {
        let mut exec = Executor::new(Start {
            world: Reader::new(self.world.clone(), self.hashes.clone()),
            block: self.block.clone(),
            chain_id: self.chain_id,
            origin,
            gas_price,
            programs: self.programs.clone(),
            recent: self.block_cache.clone().unwrap_or_default(),
            mocks: self.mocks.clone(),
            rules: self.rules,
            arbos: self.arbos.clone(),
            arb_hashes: self.arb_hashes.clone(),
        });
        exec.warm(from);
        exec
    }

    /// Keeps what a transaction did if it succeeded; its sender's nonce moves in any case.
    fn settle(&mut self, from: Address, ran: Ran) -> Outcome {
        let nonce = self.nonce(from);
        let world = Arc::make_mut(&mut self.world);
        if ran.outcome.success {
            world.commit(ran.state);
        }
        world.account_mut(from).nonce = nonce + 1;
        if self.block_cache.is_some() {
            self.block_cache = Some(ran.recent);
        }
        ran.outcome
    }
}

pub(super) fn report(mut exec: Executor, ended: Ended, gas: u64) -> Ran {
    let success = ended.kind == OutcomeKind::Success;
    let logs = exec.take_logs();
    let trace = std::mem::take(&mut exec.trace);
    let outcome = Outcome {
        success,
        outcome: ended.kind,
        output: ended.output.to_vec(),
        logs,
        gas_used: gas - ended.gas_left,
        gas_init: trace.gas_init,
        refund: ended.refund.max(0) as u64,
        ink: trace.ink,
        hostio: trace.hostio,
        calls: trace.calls,
        pages_ever: exec.pages_ever,
        storage_reads: trace.reads,
        storage_writes: trace.writes,
        note: ended.note,
    };
    let recent = std::mem::take(&mut exec.recent);
    Ran { outcome, state: exec.finish(), recent }
}

fn decode<C: SolCall>(outcome: Outcome) -> Result<C::Return, Revert> {
    let outcome = outcome.into_result()?;
    C::abi_decode_returns(&outcome.output).map_err(|error| Revert {
        data: outcome.output,
        outcome: outcome.outcome,
        gas_used: outcome.gas_used,
        note: Some(format!("the output does not decode: {error}")),
    })
}
