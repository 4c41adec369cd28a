//! The node: the ledger behind a lock, and what happens around it.

mod submit;
mod view;

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use tokio::sync::{broadcast, watch};

use super::block::Block;
use super::error::Failure;
use super::filters::Filters;
use super::ledger::Ledger;

pub use view::View;

/// Events that a slow subscriber may be behind before it misses some.
const BACKLOG: usize = 4_096;

/// What subscribers hear.
#[derive(Clone, Debug)]
pub enum Event {
    /// A block was made.
    Block(Arc<Block>),
    /// A transaction was taken.
    Transaction(B256),
}

/// The node.
#[derive(Debug)]
pub struct Node {
    ledger: Mutex<Ledger>,
    filters: Mutex<Filters>,
    signers: HashMap<Address, PrivateKeySigner>,
    order: Vec<Address>,
    events: broadcast::Sender<Event>,
    interval: watch::Sender<Option<Duration>>,
    /// Gas of a call that is not a transaction, at most.
    gas_cap: u64,
    log: bool,
}

impl Node {
    /// A node around a ledger, which makes blocks by itself where an interval is given.
    pub fn new(
        mut ledger: Ledger,
        signers: Vec<PrivateKeySigner>,
        gas_cap: u64,
        interval: Option<Duration>,
        log: bool,
    ) -> Self {
        ledger.automine = interval.is_none();
        Self {
            ledger: Mutex::new(ledger),
            filters: Mutex::default(),
            order: signers.iter().map(PrivateKeySigner::address).collect(),
            signers: signers.into_iter().map(|signer| (signer.address(), signer)).collect(),
            events: broadcast::channel(BACKLOG).0,
            interval: watch::channel(interval).0,
            gas_cap,
            log,
        }
    }

    /// The ledger, alone for the caller as long as it holds it.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The filters that clients have installed.
    pub fn filters(&self) -> MutexGuard<'_, Filters> {
        self.filters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The accounts whose keys this node has, in their order.
    pub fn accounts(&self) -> &[Address] {
        &self.order
    }

    /// The key of an account.
    ///
    /// Errors: where it is not one of [`Node::accounts`].
    pub fn signer(&self, address: Address) -> Result<&PrivateKeySigner, Failure> {
        self.signers.get(&address).ok_or_else(|| {
            let what = format!("unknown account {address}: this node has no key for it");
            Failure::refused(format!("{what}; sign at your side, or use anvil_impersonateAccount"))
        })
    }

    /// Hears of blocks and transactions from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// The time between two blocks as it is set.
    pub fn interval(&self) -> watch::Receiver<Option<Duration>> {
        self.interval.subscribe()
    }

    /// Sets the time between two blocks; none for no blocks by the clock.
    pub fn set_interval(&self, interval: Option<Duration>) {
        self.interval.send_replace(interval);
    }

    fn announce(&self, block: &Arc<Block>) {
        if self.log {
            for tx in &block.transactions {
                let status = if tx.success { "success" } else { "REVERTED" };
                let line = format!("block {} {} {status}, {} gas", block.number(), tx.hash(), tx.gas_used);
                let _ = writeln!(std::io::stdout(), "{line}"); // nobody may be reading any more
            }
        }
        let _ = self.events.send(Event::Block(block.clone())); // nobody may be listening
    }

    fn announce_transaction(&self, hash: B256) {
        self.filters().note(hash);
        let _ = self.events.send(Event::Transaction(hash));
    }
}
