//! How blocks, transactions, receipts and events are shown: Ethereum's fields, and those that Arbitrum adds.

use std::sync::Arc;

use alloy_consensus::transaction::Recovered;
use alloy_consensus::{ReceiptEnvelope, TxEnvelope};
use alloy_network::primitives::BlockTransactions;
use alloy_primitives::{B256, U256, U64};
use alloy_rpc_types_eth::{Header, Log, Transaction, TransactionReceipt};
use serde::Serialize;

use super::block::{Block, Included};
use super::pool::Signed;

/// A block with what Arbitrum adds to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RpcBlock {
    #[serde(flatten)]
    block: alloy_rpc_types_eth::Block,
    #[serde(flatten)]
    arbitrum: ArbitrumHeader,
}

/// A header with what Arbitrum adds to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RpcHeader {
    #[serde(flatten)]
    header: Header,
    #[serde(flatten)]
    arbitrum: ArbitrumHeader,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ArbitrumHeader {
    l1_block_number: U64,
    send_count: U64,
    send_root: B256,
}

/// A receipt with what Arbitrum adds to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RpcReceipt {
    #[serde(flatten)]
    receipt: TransactionReceipt<ReceiptEnvelope<Log>>,
    gas_used_for_l1: U64,
    l1_block_number: U64,
    timeboosted: bool,
}

/// A block, with its transactions whole or as hashes.
pub fn block(block: &Block, full: bool) -> RpcBlock {
    let transactions = if full {
        BlockTransactions::Full((0..block.transactions.len()).filter_map(|index| transaction(block, index)).collect())
    } else {
        BlockTransactions::Hashes(block.transactions.iter().map(Included::hash).collect())
    };
    let RpcHeader { header, arbitrum } = header(block);
    RpcBlock { block: alloy_rpc_types_eth::Block::new(header, transactions), arbitrum }
}

/// The header of a block.
pub fn header(block: &Block) -> RpcHeader {
    let header = Header {
        hash: block.hash,
        inner: block.header.clone(),
        total_difficulty: Some(U256::from(block.number() + 1)),
        size: Some(U256::from(alloy_rlp::Encodable::length(&block.header))),
    };
    let arbitrum =
        ArbitrumHeader { l1_block_number: U64::from(block.l1_number), send_count: U64::ZERO, send_root: B256::ZERO };
    RpcHeader { header, arbitrum }
}

/// A transaction of a block.
pub fn transaction(block: &Block, index: usize) -> Option<Transaction> {
    let tx = block.transactions.get(index)?;
    Some(Transaction {
        inner: Recovered::new_unchecked(tx.envelope.clone(), tx.from),
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        transaction_index: Some(index as u64),
        effective_gas_price: Some(tx.effective_gas_price),
        block_timestamp: Some(block.header.timestamp),
    })
}

/// A transaction that waits.
pub fn waiting(tx: &Signed) -> Transaction {
    let inner: Recovered<TxEnvelope> = Recovered::new_unchecked(tx.envelope.clone(), tx.from);
    Transaction {
        inner,
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: None,
        block_timestamp: None,
    }
}

/// The receipt of a transaction of a block.
pub fn receipt(block: &Block, index: usize) -> Option<RpcReceipt> {
    use alloy_consensus::Transaction as _;
    let tx = block.transactions.get(index)?;
    let logs: Vec<Log> = transaction_logs(block, index).collect();
    let mut logs = logs.into_iter();
    let inner = tx.receipt().map_logs(|inner| logs.next().unwrap_or(Log { inner, ..Log::default() }));
    let receipt = TransactionReceipt {
        inner,
        transaction_hash: tx.hash(),
        transaction_index: Some(index as u64),
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        gas_used: tx.gas_used,
        effective_gas_price: tx.effective_gas_price,
        blob_gas_used: None,
        blob_gas_price: None,
        from: tx.from,
        to: tx.envelope.to(),
        contract_address: tx.created,
    };
    Some(RpcReceipt {
        receipt,
        gas_used_for_l1: U64::ZERO, // nothing is posted anywhere
        l1_block_number: U64::from(block.l1_number),
        timeboosted: false,
    })
}

/// The events of a block, in order.
pub fn logs(block: &Arc<Block>) -> impl Iterator<Item = Log> + '_ {
    (0..block.transactions.len()).flat_map(|index| transaction_logs(block, index))
}

fn transaction_logs(block: &Block, index: usize) -> impl Iterator<Item = Log> + '_ {
    block.transactions.get(index).into_iter().flat_map(move |tx| {
        let hash = tx.hash();
        tx.logs.iter().enumerate().map(move |(place, inner)| Log {
            inner: inner.clone(),
            block_hash: Some(block.hash),
            block_number: Some(block.number()),
            block_timestamp: Some(block.header.timestamp),
            transaction_hash: Some(hash),
            transaction_index: Some(index as u64),
            log_index: Some(tx.first_log + place as u64),
            removed: false,
        })
    })
}
