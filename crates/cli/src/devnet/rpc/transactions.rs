//! Sending transactions and looking them up.

use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{hex, Address, Bytes, U64};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_signer::SignerSync;
use serde_json::{json as object, Value};

use super::chain::{find, hash};
use super::{json, Methods};
use crate::devnet::error::Failure;
use crate::devnet::node::Node;
use crate::devnet::params::Args;
use crate::devnet::shape;

pub(super) const METHODS: Methods = &[
    ("eth_accounts", |node, _| json(node.accounts())),
    ("eth_sendRawTransaction", |node, args| json(node.submit_raw(&args.get(0, "transaction")?)?)),
    ("eth_sendTransaction", |node, args| json(node.submit_request(args.get(0, "transaction")?)?)),
    ("eth_signTransaction", sign_transaction),
    ("eth_sign", |node, args| sign(node, args.get(0, "address")?, args.get(1, "message")?)),
    ("personal_sign", |node, args| sign(node, args.get(1, "address")?, args.get(0, "message")?)),
    ("eth_getTransactionByHash", by_hash),
    ("eth_getRawTransactionByHash", raw_by_hash),
    ("eth_getTransactionByBlockHashAndIndex", by_index),
    ("eth_getTransactionByBlockNumberAndIndex", by_index),
    ("eth_getTransactionReceipt", |node, args| {
        let hash = hash(args)?;
        let ledger = node.ledger();
        json(ledger.transaction(hash).and_then(|(block, index)| shape::receipt(block, index)))
    }),
    ("eth_getBlockReceipts", |node, args| {
        let block = find(node, args, "block")?;
        json(block.map(|block| {
            (0..block.transactions.len()).filter_map(|index| shape::receipt(&block, index)).collect::<Vec<_>>()
        }))
    }),
    ("eth_pendingTransactions", |node, _| json(node.ledger().pool.iter().map(shape::waiting).collect::<Vec<_>>())),
    ("txpool_status", status),
];

fn sign_transaction(node: &Node, args: &Args) -> Result<Value, Failure> {
    let (typed, from) = node.fill(args.get::<TransactionRequest>(0, "transaction")?)?;
    let signed = node.sign(typed, from)?;
    json(object!({ "raw": hex::encode_prefixed(signed.encoded_2718()), "tx": signed }))
}

fn sign(node: &Node, address: Address, message: Bytes) -> Result<Value, Failure> {
    let signer = node.signer(address)?;
    debug_assert_eq!(signer.address(), address);
    let signature = signer.sign_message_sync(&message).map_err(|error| Failure::internal(error.to_string()))?;
    json(hex::encode_prefixed(signature.as_bytes()))
}

fn by_hash(node: &Node, args: &Args) -> Result<Value, Failure> {
    let hash = hash(args)?;
    let ledger = node.ledger();
    match ledger.transaction(hash) {
        Some((block, index)) => json(shape::transaction(block, index)),
        None => json(ledger.pool.get(hash).map(shape::waiting)),
    }
}

fn raw_by_hash(node: &Node, args: &Args) -> Result<Value, Failure> {
    let hash = hash(args)?;
    let ledger = node.ledger();
    let included = ledger.transaction(hash).map(|(block, index)| block.transactions[index].envelope.encoded_2718());
    let waiting = || ledger.pool.get(hash).map(|tx| tx.envelope.encoded_2718());
    json(included.or_else(waiting).map(Bytes::from))
}

fn by_index(node: &Node, args: &Args) -> Result<Value, Failure> {
    let index = args
        .number(1, "index")?
        .ok_or_else(|| Failure::invalid_params("missing value for required argument 1 (index)"))?;
    json(find(node, args, "block")?.and_then(|block| shape::transaction(&block, usize::try_from(index).ok()?)))
}

fn status(node: &Node, _: &Args) -> Result<Value, Failure> {
    let ledger = node.ledger();
    let ready = ledger.pool.ready(|address| ledger.chain().nonce(address)).len();
    json(object!({ "pending": U64::from(ready), "queued": U64::from(ledger.pool.len() - ready) }))
}
