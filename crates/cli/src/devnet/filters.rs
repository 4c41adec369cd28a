//! Filters that clients install and ask for what is new.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use alloy_primitives::B256;
use alloy_rpc_types_eth::Filter;

use super::error::Failure;

/// How long a filter lives that nobody asks.
const IDLE: Duration = Duration::from_secs(300);
/// Filters at one time.
const CAPACITY: usize = 1_024;
/// Hashes that wait for one filter.
const HASHES: usize = 65_536;

/// What a filter is about.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Events.
    Logs(Box<Filter>),
    /// Blocks.
    Blocks,
    /// Transactions as they are taken.
    Transactions(Vec<B256>),
}

#[derive(Clone, Debug)]
struct Installed {
    kind: Kind,
    /// The first block that was not told of.
    next: u64,
    asked: Instant,
}

/// What a filter has to tell.
#[derive(Clone, Debug)]
pub enum News {
    /// Events that match, of the blocks from a number to the head.
    Logs(Box<Filter>, u64),
    /// Blocks from a number to the head.
    Blocks(u64),
    /// These transactions.
    Transactions(Vec<B256>),
}

/// All filters, by number.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    installed: BTreeMap<u64, Installed>,
    last: u64,
}

impl Filters {
    /// Installs a filter that tells of blocks from `next` on.
    pub fn install(&mut self, kind: Kind, next: u64) -> Result<u64, Failure> {
        self.installed.retain(|_, filter| filter.asked.elapsed() < IDLE);
        if self.installed.len() >= CAPACITY {
            return Err(Failure::limit(format!(
                "{CAPACITY} filters are installed: uninstall some with eth_uninstallFilter"
            )));
        }
        self.last += 1;
        self.installed.insert(self.last, Installed { kind, next, asked: Instant::now() });
        Ok(self.last)
    }

    /// Removes a filter. Whether it was there.
    pub fn uninstall(&mut self, id: u64) -> bool {
        self.installed.remove(&id).is_some()
    }

    /// Notes a transaction for those who ask for such.
    pub fn note(&mut self, hash: B256) {
        for filter in self.installed.values_mut() {
            if let Kind::Transactions(hashes) = &mut filter.kind {
                if hashes.len() < HASHES {
                    hashes.push(hash);
                }
            }
        }
    }

    /// What is new to a filter, `head` being the last block.
    ///
    /// Errors: where there is no such filter.
    pub fn news(&mut self, id: u64, head: u64) -> Result<News, Failure> {
        let filter = self.installed.get_mut(&id).ok_or_else(not_found)?;
        filter.asked = Instant::now();
        let from = filter.next.min(head + 1); // blocks may have been taken back
        filter.next = head + 1;
        Ok(match &mut filter.kind {
            Kind::Logs(logs) => News::Logs(logs.clone(), from),
            Kind::Blocks => News::Blocks(from),
            Kind::Transactions(hashes) => News::Transactions(std::mem::take(hashes)),
        })
    }

    /// The filter of events with a number.
    ///
    /// Errors: where there is none.
    pub fn logs(&mut self, id: u64) -> Result<Filter, Failure> {
        match self.installed.get_mut(&id) {
            Some(Installed { kind: Kind::Logs(filter), asked, .. }) => {
                *asked = Instant::now();
                Ok(filter.as_ref().clone())
            }
            _ => Err(not_found()),
        }
    }
}

fn not_found() -> Failure {
    Failure::refused("filter not found: it was never there, was uninstalled, or nobody asked it for five minutes")
}
