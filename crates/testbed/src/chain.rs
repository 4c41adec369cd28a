//! The chain as a test sees it.

mod arbos;
mod deploy;
mod run;
mod state;
mod transact;

use std::collections::HashMap;
use std::sync::Arc;

use alloy_primitives::{address, Address, Bytes, B256, U256};
use revm::context::BlockEnv;

use crate::activation::{Activated, Rules};
use crate::arbos::ArbOs;
use crate::exec::Mock;
use crate::programs::{Programs, Recent};
use crate::world::{Hashes, World};

pub use arbos::STYLUS_DEPLOYER;
pub use deploy::DeployError;
pub use state::AccountState;

/// A Stylus chain in one process: ArbOS 60 rules, chain id 42161, block 1, timestamp 1,700,000,000.
///
/// Every transaction is a block of its own for the cache of programs, unless [`Chain::set_block_cache`] says otherwise.
/// A clone is another chain that shares nothing that either writes.
#[derive(Clone, Debug)]
pub struct Chain {
    world: Arc<World>,
    programs: Arc<Programs>,
    mocks: Arc<HashMap<Address, Vec<Mock>>>,
    hashes: Arc<Hashes>,
    block: BlockEnv,
    chain_id: u64,
    gas_price: u128,
    rules: Rules,
    arbos: Option<Arc<ArbOs>>,
    arb_hashes: Arc<Hashes>,
    block_cache: Option<Recent>,
}

/// A state of a chain to come back to, as often as wanted.
#[derive(Clone, Debug)]
pub struct Snapshot(Box<Chain>);

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// An empty chain.
    pub fn new() -> Self {
        let block = BlockEnv {
            number: U256::from(1),
            beneficiary: address!("a4b000000000000000000073657175656e636572"),
            timestamp: U256::from(1_700_000_000_u64),
            gas_limit: 1 << 50,
            basefee: 10_000_000,
            difficulty: U256::from(1),
            prevrandao: Some(B256::with_last_byte(1)), // what Arbitrum answers, always
            ..BlockEnv::default()
        };
        Self {
            world: Arc::default(),
            programs: Arc::default(),
            mocks: Arc::default(),
            hashes: Arc::default(),
            block,
            chain_id: 42_161,
            gas_price: 10_000_000,
            rules: Rules::default(),
            arbos: None,
            arb_hashes: Arc::default(),
            block_cache: None,
        }
    }

    /// Sets the nonce.
    pub fn set_nonce(&mut self, address: Address, nonce: u64) {
        self.world_mut().account_mut(address).nonce = nonce;
    }

    /// Sets a balance.
    pub fn fund(&mut self, address: Address, wei: U256) {
        self.world_mut().account_mut(address).balance = wei;
    }

    /// The balance in wei.
    pub fn balance(&self, address: Address) -> U256 {
        let account = self.world.account(address);
        account.map(|account| account.balance).unwrap_or_default()
    }

    /// The nonce: transactions sent, or contracts created plus one.
    pub fn nonce(&self, address: Address) -> u64 {
        let account = self.world.account(address);
        account.map(|account| account.nonce).unwrap_or_default()
    }

    /// The code as it stands on the chain: EVM bytecode, or a program with its prefix, compressed.
    pub fn code(&self, address: Address) -> Bytes {
        let account = self.world.account(address);
        account.map(|account| account.code.original_bytes()).unwrap_or_default()
    }

    /// Puts EVM bytecode at an address without running a constructor.
    pub fn set_code(&mut self, address: Address, code: impl Into<Bytes>) {
        self.world_mut().install(address, code.into());
    }

    /// A word of storage.
    pub fn storage(&self, address: Address, slot: impl Into<U256>) -> B256 {
        self.world.storage(address, slot.into()).into()
    }

    /// Sets a word of storage.
    pub fn set_storage(&mut self, address: Address, slot: impl Into<U256>, word: impl Into<U256>) {
        self.world_mut().set_storage(address, slot.into(), word.into());
    }

    /// Seconds since 1970 that a contract sees.
    pub fn timestamp(&self) -> u64 {
        self.block.timestamp.saturating_to()
    }

    /// Sets the clock, backwards too.
    pub fn set_timestamp(&mut self, seconds: u64) {
        self.block.timestamp = U256::from(seconds);
        self.next_block();
    }

    /// Lets time pass.
    pub fn advance(&mut self, seconds: u64) {
        self.set_timestamp(self.timestamp().saturating_add(seconds));
    }

    /// The block number that a contract sees: on Arbitrum that of the first layer.
    pub fn block_number(&self) -> u64 {
        self.block.number.saturating_to()
    }

    /// Sets the block number.
    pub fn set_block_number(&mut self, number: u64) {
        self.block.number = U256::from(number);
        self.next_block();
    }

    /// The chain's number.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Sets the chain's number.
    pub fn set_chain_id(&mut self, id: u64) {
        self.chain_id = id;
    }

    /// Sets what the block answers for its base fee, in wei.
    pub fn set_basefee(&mut self, wei: u64) {
        self.block.basefee = wei;
    }

    /// The base fee in wei.
    pub fn basefee(&self) -> u64 {
        self.block.basefee
    }

    /// Sets what a [`Tx`](crate::Tx) answers for its gas price, in wei. No fee is taken.
    pub fn set_gas_price(&mut self, wei: u128) {
        self.gas_price = wei;
    }

    /// The account of the batch poster, which fees go to.
    pub fn coinbase(&self) -> Address {
        self.block.beneficiary
    }

    /// Sets the account of the batch poster.
    pub fn set_coinbase(&mut self, address: Address) {
        self.block.beneficiary = address;
    }

    /// The gas limit of a block.
    pub fn block_gas_limit(&self) -> u64 {
        self.block.gas_limit
    }

    /// Sets what the block answers for its gas limit, which bounds [`Chain::execute`] too.
    pub fn set_block_gas_limit(&mut self, gas: u64) {
        self.block.gas_limit = gas;
    }

    /// The rules of activation.
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// Sets the rules of activation for what is deployed from now on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// Puts a program into the chain's cache or takes it out, as a cache manager does.
    pub fn set_cached(&mut self, program: Address, cached: bool) {
        let hash = self.code_hash(program);
        Arc::make_mut(&mut self.programs).set_cached(hash, cached);
        self.set_record_cached(hash, cached);
    }

    /// Lets transactions share one block, so that a program entered by one is cached for the next, 32 at most.
    ///
    /// The block ends when the clock or the block number is set.
    pub fn set_block_cache(&mut self, shared: bool) {
        self.block_cache = shared.then(Recent::default);
    }

    /// What activation said of a program.
    pub fn activation(&self, program: Address) -> Option<Activated> {
        match self.programs.get(self.code_hash(program)) {
            Some(program) => Some(program.figures.clone()),
            None => self.recorded(program),
        }
    }

    /// Lets an address answer calls with fixed data, at no gas of its own; all calls where no selector is given.
    pub fn mock(&mut self, address: Address, mock: Mock) {
        let mocks = Arc::make_mut(&mut self.mocks);
        let known = mocks.entry(address).or_default();
        known.retain(|other| other.selector != mock.selector);
        known.push(mock);
        known.sort_by_key(|mock| mock.selector.is_none()); // the particular before the general
    }

    /// The state, to come back to with [`Chain::restore`]. Costs no more than a copy of the list of accounts.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(Box::new(self.clone()))
    }

    /// Goes back to a snapshot, the clock and the caches included.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.clone_from(&snapshot.0);
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    fn next_block(&mut self) {
        if let Some(recent) = &mut self.block_cache {
            *recent = Recent::default();
        }
    }

    fn world_mut(&mut self) -> &mut World {
        Arc::make_mut(&mut self.world)
    }
}
