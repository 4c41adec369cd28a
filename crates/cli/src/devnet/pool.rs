//! Transactions that wait: for a block, or for one with the nonce before theirs.

use std::collections::BTreeMap;

use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_primitives::{Address, B256};
use fusebox_testbed::Transaction;

use super::error::Failure;

/// The most transactions that wait.
const CAPACITY: usize = 4_096;
/// Gas that a transaction may use for its execution, whatever it offers: what Nitro bounds it to.
const COMPUTATION: u64 = 32_000_000;
/// Percent by which a replacement must pay more.
const BUMP: u128 = 10;

/// A transaction with its sender.
#[derive(Clone, Debug)]
pub struct Signed {
    /// As it was signed.
    pub envelope: TxEnvelope,
    /// Who sent it.
    pub from: Address,
}

impl Signed {
    /// The transaction's hash.
    pub fn hash(&self) -> B256 {
        *self.envelope.tx_hash()
    }

    /// What the chain executes.
    pub fn transaction(&self) -> Transaction {
        let tx = &self.envelope;
        let list = tx.access_list().into_iter().flat_map(|list| &list.0);
        let mut call = Transaction {
            from: self.from,
            to: tx.to(),
            nonce: Some(tx.nonce()),
            gas: tx.gas_limit(),
            max_fee_per_gas: Some(tx.max_fee_per_gas()),
            value: tx.value(),
            input: tx.input().clone(),
            impersonated: tx.signature().s().is_zero(), // no key makes such a signature
            access_list: list.map(|item| (item.address, item.storage_keys.clone())).collect(),
        };
        call.gas = call.gas.min(call.intrinsic_gas().saturating_add(COMPUTATION));
        call
    }
}

/// All that wait, by sender and nonce.
#[derive(Clone, Debug, Default)]
pub struct Pool(BTreeMap<(Address, u64), (u64, Signed)>, u64);

impl Pool {
    /// Lets a transaction wait, in place of a cheaper one with its nonce.
    pub fn add(&mut self, tx: Signed) -> Result<(), Failure> {
        let key = (tx.from, tx.envelope.nonce());
        if let Some((_, known)) = self.0.get(&key) {
            if known.hash() == tx.hash() {
                return Err(Failure::refused("already known"));
            }
            let wanted = known.envelope.max_fee_per_gas().saturating_mul(100 + BUMP).div_ceil(100);
            if tx.envelope.max_fee_per_gas() < wanted {
                return Err(Failure::refused("replacement transaction underpriced"));
            }
        } else if self.0.len() >= CAPACITY {
            return Err(Failure::refused(format!("txpool is full: {CAPACITY} transactions wait; mine with evm_mine")));
        }
        self.1 += 1;
        self.0.insert(key, (self.1, tx));
        Ok(())
    }

    /// The transaction of a sender with a nonce.
    pub fn take(&mut self, from: Address, nonce: u64) -> Option<Signed> {
        self.0.remove(&(from, nonce)).map(|(_, tx)| tx)
    }

    /// A transaction that waits.
    pub fn get(&self, hash: B256) -> Option<&Signed> {
        self.iter().find(|tx| tx.hash() == hash)
    }

    /// All that wait.
    pub fn iter(&self) -> impl Iterator<Item = &Signed> {
        self.0.values().map(|(_, tx)| tx)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Those that a block could hold, in the order in which they came, each sender's by nonce.
    pub fn ready(&self, nonce: impl Fn(Address) -> u64) -> Vec<Signed> {
        let mut ready: Vec<(u64, &Signed)> = Vec::new();
        let mut next: Option<(Address, u64, u64)> = None;
        for (&(from, tx_nonce), (arrival, tx)) in &self.0 {
            let (wanted, after) = match next {
                Some((sender, wanted, after)) if sender == from => (wanted, after),
                _ => (nonce(from), 0),
            };
            if tx_nonce != wanted {
                next = Some((from, wanted, after));
                continue;
            }
            let arrival = (*arrival).max(after); // never before the nonce that it needs
            ready.push((arrival, tx));
            next = Some((from, wanted + 1, arrival));
        }
        ready.sort_by_key(|(arrival, _)| *arrival);
        ready.into_iter().map(|(_, tx)| tx.clone()).collect()
    }

    /// Forgets those whose nonce was used.
    pub fn prune(&mut self, nonce: impl Fn(Address) -> u64) {
        self.0.retain(|(from, tx_nonce), _| *tx_nonce >= nonce(*from));
    }

    /// Forgets a transaction.
    pub fn remove(&mut self, hash: B256) -> bool {
        let before = self.0.len();
        self.0.retain(|_, (_, tx)| tx.hash() != hash);
        self.0.len() < before
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
