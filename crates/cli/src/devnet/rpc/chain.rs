//! The chain, its blocks and its accounts.

use alloy_eips::BlockId;
use alloy_primitives::{keccak256, Address, Bytes, B256, U256, U64};
use alloy_rpc_types_eth::FeeHistory;
use serde_json::Value;

use super::{json, Methods};
use crate::devnet::block::Block;
use crate::devnet::error::Failure;
use crate::devnet::node::Node;
use crate::devnet::params::Args;
use crate::devnet::shape;

/// Blocks of one `eth_feeHistory`.
const FEE_BLOCKS: u64 = 1_024;

pub(super) const METHODS: Methods = &[
    ("web3_clientVersion", |_, _| json(concat!("fusebox-devnet/v", env!("CARGO_PKG_VERSION")))),
    ("web3_sha3", |_, args| json(keccak256(args.get::<Bytes>(0, "data")?))),
    ("net_version", |node, _| json(node.ledger().chain().chain_id().to_string())),
    ("net_listening", |_, _| json(true)),
    ("net_peerCount", |_, _| json(U64::ZERO)),
    ("eth_chainId", |node, _| json(U64::from(node.ledger().chain().chain_id()))),
    ("eth_syncing", |_, _| json(false)),
    ("eth_mining", |_, _| json(false)),
    ("eth_hashrate", |_, _| json(U64::ZERO)),
    ("eth_coinbase", |node, _| json(node.ledger().chain().coinbase())),
    ("eth_protocolVersion", |_, _| json(U64::from(68))),
    ("eth_blockNumber", |node, _| json(U64::from(node.ledger().head().number()))),
    ("eth_gasPrice", |node, _| json(U256::from(node.ledger().chain().basefee()))),
    ("eth_maxPriorityFeePerGas", |_, _| json(U256::ZERO)), // a tip buys nothing on Arbitrum
    ("eth_feeHistory", fee_history),
    ("eth_getBalance", |node, args| {
        let address: Address = args.get(0, "address")?;
        json(node.view(block_id(args, 1)?)?.chain.balance(address))
    }),
    ("eth_getTransactionCount", |node, args| {
        let address: Address = args.get(0, "address")?;
        json(U64::from(node.nonce(address, block_id(args, 1)?)?))
    }),
    ("eth_getCode", |node, args| {
        let address: Address = args.get(0, "address")?;
        json(node.view(block_id(args, 1)?)?.chain.code(address))
    }),
    ("eth_getStorageAt", storage_at),
    ("eth_getProof", |_, _| {
        Err(Failure::unsupported(
            "eth_getProof is not supported: this node keeps no tree of its state. Read slots with eth_getStorageAt",
        ))
    }),
    ("eth_getBlockByNumber", |node, args| block_by(node, args, "block number")),
    ("eth_getBlockByHash", |node, args| block_by(node, args, "block hash")),
    ("eth_getHeaderByNumber", header_by),
    ("eth_getHeaderByHash", header_by),
    ("eth_getBlockTransactionCountByNumber", |node, args| count(node, args, |block| block.transactions.len())),
    ("eth_getBlockTransactionCountByHash", |node, args| count(node, args, |block| block.transactions.len())),
    ("eth_getUncleCountByBlockNumber", |node, args| count(node, args, |_| 0)),
    ("eth_getUncleCountByBlockHash", |node, args| count(node, args, |_| 0)),
    ("eth_getUncleByBlockNumberAndIndex", |_, _| Ok(Value::Null)),
    ("eth_getUncleByBlockHashAndIndex", |_, _| Ok(Value::Null)),
];

/// The block that a parameter names, the last where it is left out.
pub(super) fn block_id(args: &Args, place: usize) -> Result<Option<BlockId>, Failure> {
    args.optional(place, "block")
}

/// The block that a parameter names, by number or by hash.
pub(super) fn find(node: &Node, args: &Args, name: &str) -> Result<Option<std::sync::Arc<Block>>, Failure> {
    let id: BlockId = args.get(0, name)?;
    let ledger = node.ledger();
    let block = match id {
        BlockId::Hash(hash) => ledger.block_by_hash(hash.block_hash).cloned(),
        BlockId::Number(number) => match number.as_number() {
            Some(number) => ledger.block(number).cloned(),
            None if number.is_earliest() => ledger.block(0).cloned(),
            None if number.is_pending() => {
                let ready = ledger.pool.ready(|address| ledger.chain().nonce(address));
                Some(std::sync::Arc::new(ledger.build(ready).block))
            }
            None => Some(ledger.head().clone()),
        },
    };
    Ok(block)
}

fn block_by(node: &Node, args: &Args, name: &str) -> Result<Value, Failure> {
    let full: bool = args.optional(1, "full transactions")?.unwrap_or(false);
    json(find(node, args, name)?.map(|block| shape::block(&block, full)))
}

fn header_by(node: &Node, args: &Args) -> Result<Value, Failure> {
    json(find(node, args, "block")?.map(|block| shape::header(&block)))
}

fn count(node: &Node, args: &Args, of: fn(&Block) -> usize) -> Result<Value, Failure> {
    json(find(node, args, "block")?.map(|block| U64::from(of(&block))))
}

fn storage_at(node: &Node, args: &Args) -> Result<Value, Failure> {
    let address: Address = args.get(0, "address")?;
    let slot: String = args.get(1, "slot")?; // a number with or without leading zeros
    let slot = slot.strip_prefix("0x").unwrap_or(&slot);
    let slot = U256::from_str_radix(slot, 16)
        .map_err(|error| Failure::invalid_params(format!("invalid argument 1 (slot): {error}")))?;
    json(node.view(block_id(args, 2)?)?.chain.storage(address, slot))
}

fn fee_history(node: &Node, args: &Args) -> Result<Value, Failure> {
    let wanted = args.number(0, "block count")?.unwrap_or(1).min(FEE_BLOCKS);
    let percentiles: Vec<f64> = args.optional(2, "reward percentiles")?.unwrap_or_default();
    let sorted = percentiles.windows(2).all(|pair| pair[0] <= pair[1]);
    if !sorted || percentiles.iter().any(|percent| !(0.0..=100.0).contains(percent)) {
        return Err(Failure::invalid_params("invalid argument 2 (reward percentiles): 0 to 100, rising"));
    }
    let last = node.resolve(block_id(args, 1)?.unwrap_or_default())?;
    let ledger = node.ledger();
    let last = last.unwrap_or_else(|| ledger.head().number());
    let first = (last + 1).saturating_sub(wanted);
    let blocks: Vec<_> = (first..=last).filter_map(|number| ledger.block(number)).collect();
    let mut base_fees: Vec<u128> =
        blocks.iter().map(|block| block.header.base_fee_per_gas.unwrap_or_default().into()).collect();
    base_fees.push(ledger.chain().basefee().into());
    let ratio = |block: &&std::sync::Arc<Block>| block.header.gas_used as f64 / block.header.gas_limit.max(1) as f64;
    json(FeeHistory {
        base_fee_per_gas: base_fees,
        gas_used_ratio: blocks.iter().map(ratio).collect(),
        oldest_block: first,
        reward: (!percentiles.is_empty()).then(|| vec![vec![0; percentiles.len()]; blocks.len()]),
        ..FeeHistory::default()
    })
}

/// The hash that a parameter is.
pub(super) fn hash(args: &Args) -> Result<B256, Failure> {
    args.get(0, "hash")
}
