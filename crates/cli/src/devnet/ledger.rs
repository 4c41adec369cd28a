//! The chain with its blocks: what is executed, in which order, and what is kept of it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use alloy_primitives::{Address, B256};
use fusebox_testbed::{Chain, Executed, Rejection, Tracing};

use super::block::{Block, Frame, Included};
use super::clock::{l1_number, Clock};
use super::error::Failure;
use super::pool::{Pool, Signed};
use super::store::Store;

/// States to come back to that are kept at one time.
const SNAPSHOTS: usize = 1_024;

/// A state to come back to, with all that time passed changes.
#[derive(Clone, Debug)]
struct Saved {
    chain: Chain,
    height: u64,
    pool: Pool,
    /// Seconds that the clock was ahead.
    offset: i64,
}

/// A block that was built and is not part of the chain yet.
#[derive(Clone, Debug)]
pub struct Built {
    /// The chain after it.
    pub chain: Chain,
    /// The block.
    pub block: Block,
    /// Transactions that no longer fit, and why.
    pub dropped: Vec<(B256, Rejection)>,
}

/// The chain with its blocks.
#[derive(Debug)]
pub struct Ledger {
    /// The state after the last block, and its block.
    chain: Chain,
    blocks: Vec<Arc<Block>>,
    by_hash: HashMap<B256, u64>,
    transactions: HashMap<B256, (u64, usize)>,
    /// The states after the last blocks, the oldest first.
    history: VecDeque<(u64, Chain)>,
    /// How many of these are kept.
    window: usize,
    /// Transactions that wait.
    pub pool: Pool,
    /// The time.
    pub clock: Clock,
    /// Whether each transaction makes a block.
    pub automine: bool,
    /// Senders that need no signature.
    pub impersonated: HashSet<Address>,
    snapshots: BTreeMap<u64, Saved>,
    next_snapshot: u64,
    store: Option<Store>,
}

impl Ledger {
    /// A ledger of blocks, the last of which left `chain`.
    pub fn new(chain: Chain, blocks: Vec<Block>, clock: Clock, window: usize, store: Option<Store>) -> Self {
        let mut ledger = Self {
            chain: chain.clone(),
            blocks: Vec::with_capacity(blocks.len()),
            by_hash: HashMap::new(),
            transactions: HashMap::new(),
            history: VecDeque::new(),
            window: window.max(1),
            pool: Pool::default(),
            clock,
            automine: true,
            impersonated: HashSet::new(),
            snapshots: BTreeMap::new(),
            next_snapshot: 1,
            store,
        };
        for block in blocks {
            ledger.index(Arc::new(block));
        }
        ledger.history.push_back((ledger.head().number(), chain));
        ledger
    }

    /// The first block of a chain.
    pub fn genesis(chain: &Chain) -> Block {
        Block::seal(&frame(chain, None, 0, chain.timestamp(), chain.block_number()), Vec::new())
    }

    /// The last block.
    pub fn head(&self) -> &Arc<Block> {
        &self.blocks[self.blocks.len() - 1] // the first block is never taken away
    }

    /// The state after the last block.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// A block by its height.
    pub fn block(&self, number: u64) -> Option<&Arc<Block>> {
        self.blocks.get(usize::try_from(number).ok()?)
    }

    /// A block by its hash.
    pub fn block_by_hash(&self, hash: B256) -> Option<&Arc<Block>> {
        self.block(*self.by_hash.get(&hash)?)
    }

    /// The block that holds a transaction, and its place there.
    pub fn transaction(&self, hash: B256) -> Option<(&Arc<Block>, usize)> {
        let (number, index) = self.transactions.get(&hash)?;
        Some((self.block(*number)?, *index))
    }

    /// The state after a block.
    ///
    /// Errors: where the block is older than what is kept.
    pub fn state_after(&self, number: u64) -> Result<Chain, Failure> {
        let known = self.history.iter().find(|(height, _)| *height == number);
        known.map(|(_, chain)| chain.clone()).ok_or_else(|| {
            let oldest = self.history.front().map_or(0, |(height, _)| *height);
            let what = format!("missing trie node: the state of block {number} is not kept, the oldest is {oldest}");
            Failure::refused(format!("{what}; start with a larger --history, and states do not outlive the process"))
        })
    }

    /// The time and the number of the first layer that the next block would have.
    pub fn next_times(&self) -> (u64, u64) {
        let head = self.head();
        let timestamp = self.clock.next_block(head.header.timestamp);
        (timestamp, l1_number(self.blocks[0].header.timestamp, timestamp))
    }

    /// Executes transactions as the next block. Nothing is kept of it before [`Ledger::commit`].
    pub fn build(&self, transactions: Vec<Signed>) -> Built {
        let (timestamp, l1_number) = self.next_times();
        let mut chain = self.chain.clone();
        let number = self.head().number() + 1;
        open(&mut chain, timestamp, l1_number, number);
        let gas_limit = chain.block_gas_limit();
        let mut included: Vec<Included> = Vec::new();
        let mut dropped = Vec::new();
        for tx in transactions {
            let used = included.last().map_or(0, |tx| tx.cumulative_gas_used);
            if used.saturating_add(tx.transaction().gas) > gas_limit {
                continue; // for a later block
            }
            match chain.execute(&tx.transaction(), Tracing::Off) {
                Ok(executed) => {
                    let first_log = included.last().map_or(0, |tx| tx.first_log + tx.logs.len() as u64);
                    included.push(include(tx, executed, used, first_log));
                }
                Err(rejection) => dropped.push((tx.hash(), rejection)),
            }
        }
        let parent = Some(self.head().hash);
        let block = Block::seal(&frame(&chain, parent, number, timestamp, l1_number), included);
        Built { chain, block, dropped }
    }

    /// Makes a block part of the chain, in the file first.
    ///
    /// Errors: where the file cannot be written; nothing has changed then.
    pub fn commit(&mut self, built: Built) -> Result<Arc<Block>, Failure> {
        let Built { mut chain, block, dropped } = built;
        let mut clock = self.clock;
        clock.tick(block.header.timestamp);
        self.save(&mut chain, Some(&block), clock)?;
        chain.set_block_hash(block.l1_number, block.hash);
        chain.set_arb_block_hash(block.number(), block.hash);
        self.clock = clock;
        let block = Arc::new(block);
        self.index(block.clone());
        self.adopt(chain);
        for (hash, _) in dropped {
            self.pool.remove(hash);
        }
        let chain = &self.chain;
        self.pool.prune(|address| chain.nonce(address));
        Ok(block)
    }

    /// Changes the state outside of any block, as only a development node lets anybody do.
    ///
    /// Errors: where the file cannot be written; nothing has changed then.
    pub fn change(&mut self, change: impl FnOnce(&mut Chain)) -> Result<(), Failure> {
        let mut chain = self.chain.clone();
        change(&mut chain);
        self.save(&mut chain, None, self.clock)?;
        self.adopt(chain);
        Ok(())
    }

    /// Keeps the clock.
    ///
    /// Errors: where the file cannot be written; the clock has not moved then.
    pub fn set_clock(&mut self, clock: Clock) -> Result<(), Failure> {
        let mut chain = self.chain.clone();
        self.save(&mut chain, None, clock)?;
        self.clock = clock;
        Ok(())
    }

    /// Remembers the state, to come back to it once.
    pub fn snapshot(&mut self) -> u64 {
        let id = self.next_snapshot;
        self.next_snapshot += 1;
        let offset = self.clock.offset;
        let saved = Saved { chain: self.chain.clone(), height: self.head().number(), pool: self.pool.clone(), offset };
        self.snapshots.insert(id, saved);
        if self.snapshots.len() > SNAPSHOTS {
            self.snapshots.pop_first();
        }
        id
    }

    /// Goes back to a snapshot; it and those after it are gone. Whether there was one.
    ///
    /// Errors: where the file cannot be written; nothing has changed then.
    pub fn revert(&mut self, id: u64) -> Result<bool, Failure> {
        let Some(saved) = self.snapshots.get(&id).cloned() else {
            return Ok(false);
        };
        let clock = Clock::new(saved.offset);
        if let Some(store) = &mut self.store {
            store.rewrite(&saved.chain, saved.height, clock.offset)?;
        }
        self.snapshots.split_off(&id);
        for block in self.blocks.split_off(saved.height as usize + 1) {
            self.by_hash.remove(&block.hash);
            block.transactions.iter().for_each(|tx| {
                self.transactions.remove(&tx.hash());
            });
        }
        self.history.retain(|(height, _)| *height < saved.height);
        self.history.push_back((saved.height, saved.chain.clone()));
        (self.chain, self.pool, self.clock) = (saved.chain, saved.pool, clock);
        Ok(true)
    }

    fn save(&mut self, chain: &mut Chain, block: Option<&Block>, clock: Clock) -> Result<(), Failure> {
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        Ok(store.append(chain, block, clock.offset)?)
    }

    fn index(&mut self, block: Arc<Block>) {
        let number = block.number();
        self.by_hash.insert(block.hash, number);
        for (index, tx) in block.transactions.iter().enumerate() {
            self.transactions.insert(tx.hash(), (number, index));
        }
        self.blocks.push(block);
    }

    /// Takes over the state of the last block.
    fn adopt(&mut self, chain: Chain) {
        let height = self.head().number();
        self.history.retain(|(known, _)| *known != height);
        self.history.push_back((height, chain.clone()));
        while self.history.len() > self.window {
            self.history.pop_front();
        }
        self.chain = chain;
    }
}

/// Starts a block on a chain.
pub fn open(chain: &mut Chain, timestamp: u64, l1_number: u64, number: u64) {
    chain.set_arb_block_number(number);
    chain.set_block_number(l1_number);
    chain.set_timestamp(timestamp);
}

fn frame(chain: &Chain, parent: Option<B256>, number: u64, timestamp: u64, l1_number: u64) -> Frame {
    Frame {
        parent,
        number,
        timestamp,
        l1_number,
        beneficiary: chain.coinbase(),
        base_fee: chain.basefee(),
        gas_limit: chain.block_gas_limit(),
    }
}

fn include(tx: Signed, executed: Executed, used: u64, first_log: u64) -> Included {
    let outcome = executed.outcome;
    let logs =
        outcome.logs.into_iter().map(|log| alloy_primitives::Log::new_unchecked(log.address, log.topics, log.data));
    Included {
        envelope: tx.envelope,
        from: tx.from,
        success: outcome.success,
        gas_used: executed.gas_used,
        cumulative_gas_used: used + executed.gas_used,
        effective_gas_price: executed.effective_gas_price,
        created: executed.created,
        logs: logs.collect(),
        first_log,
    }
}
