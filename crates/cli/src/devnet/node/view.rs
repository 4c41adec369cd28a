//! Looking at the state of a block, and calling into it without leaving a trace.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, TxKind};
use alloy_rpc_types_eth::state::StateOverride;
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest};
use fusebox_testbed::{AccountOverride, Chain, Executed, Overrides, Tracing, Transaction};

use super::submit::next_nonce;
use super::Node;
use crate::devnet::error::Failure;
use crate::devnet::ledger::open;

/// How near to the least gas an estimate comes: one part in this many.
const PRECISION: u64 = 64;

/// The state that a request is answered from. A copy: nothing that runs on it is kept.
#[derive(Clone, Debug)]
pub struct View {
    /// The chain, in the block that the request names.
    pub chain: Chain,
}

impl View {
    /// Lets accounts and the block be what they are not.
    pub fn with(
        mut self,
        accounts: Option<StateOverride>,
        block: Option<Box<BlockOverrides>>,
    ) -> Result<Self, Failure> {
        if let Some(accounts) = accounts {
            self.chain = self.chain.with_overrides(&overrides(accounts)?);
        }
        let chain = &mut self.chain;
        let Some(block) = block else {
            return Ok(self);
        };
        if block.random.is_some() || block.difficulty.is_some() || block.block_hash.is_some() {
            return Err(Failure::unsupported(
                "blockOverrides: number, time, gasLimit, coinbase and baseFee can be set",
            ));
        }
        block.number.into_iter().for_each(|number| chain.set_block_number(number.saturating_to()));
        block.time.into_iter().for_each(|time| chain.set_timestamp(time));
        block.gas_limit.into_iter().for_each(|limit| chain.set_block_gas_limit(limit));
        block.coinbase.into_iter().for_each(|coinbase| chain.set_coinbase(coinbase));
        block.base_fee.into_iter().for_each(|fee| chain.set_basefee(fee.saturating_to()));
        Ok(self)
    }
}

impl Node {
    /// The number of a block that a request names; none for the block to come.
    pub fn resolve(&self, id: BlockId) -> Result<Option<u64>, Failure> {
        let ledger = self.ledger();
        let head = ledger.head().number();
        match id {
            BlockId::Hash(hash) => {
                let block = ledger.block_by_hash(hash.block_hash);
                block.map(|block| Some(block.number())).ok_or_else(|| Failure::refused("header not found"))
            }
            BlockId::Number(BlockNumberOrTag::Number(number)) if number > head => {
                Err(Failure::refused(format!("header not found: block {number} is not there yet, the last is {head}")))
            }
            BlockId::Number(BlockNumberOrTag::Number(number)) => Ok(Some(number)),
            BlockId::Number(BlockNumberOrTag::Earliest) => Ok(Some(0)),
            BlockId::Number(BlockNumberOrTag::Pending) => Ok(None),
            BlockId::Number(_) => Ok(Some(head)), // latest, safe, finalized: nothing here is ever taken back
        }
    }

    /// The state after a block, or in the one to come.
    pub fn view(&self, id: Option<BlockId>) -> Result<View, Failure> {
        match self.resolve(id.unwrap_or_default())? {
            Some(number) => {
                let mut chain = self.ledger().state_after(number)?;
                chain.set_block_cache(true); // what the block had entered is not cached for a call after it
                Ok(View { chain })
            }
            None => self.pending(),
        }
    }

    /// The state in the block to come, after the transactions that wait for it.
    pub fn pending(&self) -> Result<View, Failure> {
        let ledger = self.ledger();
        let ready = ledger.pool.ready(|address| ledger.chain().nonce(address));
        if ready.is_empty() {
            let (timestamp, l1_number) = ledger.next_times();
            let mut chain = ledger.chain().clone();
            open(&mut chain, timestamp, l1_number, ledger.head().number() + 1);
            return Ok(View { chain });
        }
        Ok(View { chain: ledger.build(ready).chain })
    }

    /// The nonce of an account, with what waits where the block to come is asked for.
    pub fn nonce(&self, address: Address, id: Option<BlockId>) -> Result<u64, Failure> {
        if self.resolve(id.unwrap_or_default())?.is_none() {
            return Ok(next_nonce(&self.ledger(), address));
        }
        Ok(self.view(id)?.chain.nonce(address))
    }

    /// What a call executes: without a nonce, and with a fee only where one is given.
    pub fn call_of(&self, request: &TransactionRequest, view: &View) -> Result<Transaction, Failure> {
        let input = request.input.unique_input().map_err(|_| {
            Failure::invalid_params("invalid argument 0 (transaction): data and input are both set and differ")
        })?;
        let fee = request.max_fee_per_gas.or(request.gas_price).filter(|fee| *fee > 0);
        if request.gas_price.is_some() && request.max_fee_per_gas.is_some() {
            return Err(Failure::invalid_params("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified"));
        }
        Ok(Transaction {
            from: request.from.unwrap_or_default(),
            to: request.to.as_ref().and_then(TxKind::to).copied(),
            nonce: None,
            gas: request.gas.unwrap_or(self.gas_cap).min(self.gas_cap).min(view.chain.block_gas_limit()),
            max_fee_per_gas: fee,
            value: request.value.unwrap_or_default(),
            input: input.cloned().unwrap_or_default(),
            access_list: request
                .access_list
                .iter()
                .flat_map(|list| &list.0)
                .map(|item| (item.address, item.storage_keys.clone()))
                .collect(),
            impersonated: true,
        })
    }

    /// Calls into a state.
    pub fn call(&self, request: &TransactionRequest, view: &View, tracing: Tracing) -> Result<Executed, Failure> {
        let call = self.call_of(request, view)?;
        Ok(view.chain.simulate(&call, tracing)?)
    }

    /// Gas that suffices for a transaction, little more than the least.
    ///
    /// Errors: with its revert data where it fails with any.
    pub fn estimate(&self, request: &TransactionRequest, view: View) -> Result<u64, Failure> {
        let mut call = self.call_of(request, &view)?;
        if let Some(price) = call.max_fee_per_gas {
            let spare = view.chain.balance(call.from).saturating_sub(call.value);
            let affordable = spare / alloy_primitives::U256::from(price);
            call.gas = call.gas.min(affordable.saturating_to());
        }
        let executed = view.chain.simulate(&call, Tracing::Off)?;
        if !executed.outcome.success {
            return Err(Failure::execution(&executed));
        }
        let suffices = |gas: u64| {
            let tried = view.chain.simulate(&Transaction { gas, ..call.clone() }, Tracing::Off);
            tried.is_ok_and(|tried| tried.outcome.success)
        };
        if suffices(executed.gas_used) {
            return Ok(executed.gas_used); // as for every transfer: nothing was passed on and nothing given back
        }
        let (mut low, mut high) = (executed.gas_used, call.gas);
        // What a call passes on is 63 of 64 parts of what is left, so a little more than was used is the first guess.
        let guess = (executed.gas_used + executed.refunded).saturating_mul(64) / 63 + 2_300;
        if guess < high && suffices(guess) {
            high = guess;
        }
        while high - low > (high / PRECISION).max(1) {
            let middle = low + (high - low) / 2;
            if suffices(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Ok(high)
    }
}

fn overrides(accounts: StateOverride) -> Result<Overrides, Failure> {
    let mut known = Overrides::new();
    for (address, account) in accounts {
        if account.move_precompile_to.is_some() {
            return Err(Failure::unsupported("stateOverrides: movePrecompileToAddress is not supported"));
        }
        if account.state.is_some() && account.state_diff.is_some() {
            return Err(Failure::invalid_params(format!("account {address} has both 'state' and 'stateDiff'")));
        }
        let account = AccountOverride {
            balance: account.balance,
            nonce: account.nonce,
            code: account.code,
            state: account.state.map(|slots| slots.into_iter().collect()),
            state_diff: account.state_diff.into_iter().flatten().collect(),
        };
        known.insert(address, account);
    }
    Ok(known)
}
