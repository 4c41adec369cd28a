//! What only a development node lets anybody do: blocks, time, snapshots, accounts. The names are those of hardhat and
//! anvil, which clients know.

use std::time::Duration;

use alloy_primitives::{Address, Bytes, B256, U256, U64};
use fusebox_testbed::Chain;
use serde_json::{json as object, Value};

use super::{json, Methods};
use crate::devnet::clock::Clock;
use crate::devnet::error::Failure;
use crate::devnet::node::Node;
use crate::devnet::params::Args;

pub(super) const METHODS: Methods = &[
    ("evm_mine", |node, args| {
        if let Some(timestamp) = mine_time(args)? {
            set_next(node, timestamp)?;
        }
        node.mine(1, None)?;
        json("0x0")
    }),
    ("anvil_mine", mine),
    ("hardhat_mine", mine),
    ("evm_increaseTime", increase_time),
    ("anvil_increaseTime", increase_time),
    ("evm_setNextBlockTimestamp", set_next_timestamp),
    ("anvil_setNextBlockTimestamp", set_next_timestamp),
    ("evm_setTime", set_time),
    ("anvil_setTime", set_time),
    ("evm_setAutomine", set_automine),
    ("anvil_setAutomine", set_automine),
    ("anvil_getAutomine", |node, _| json(node.ledger().automine)),
    ("hardhat_getAutomine", |node, _| json(node.ledger().automine)),
    ("evm_setIntervalMining", |node, args| {
        let millis = args.number(0, "interval in ms")?.unwrap_or(0);
        set_interval(node, Duration::from_millis(millis))
    }),
    ("anvil_setIntervalMining", |node, args| {
        let seconds = args.number(0, "interval in s")?.unwrap_or(0);
        set_interval(node, Duration::from_secs(seconds))
    }),
    ("evm_snapshot", |node, _| json(U64::from(node.ledger().snapshot()))),
    ("anvil_snapshot", |node, _| json(U64::from(node.ledger().snapshot()))),
    ("evm_revert", revert),
    ("anvil_revert", revert),
    ("anvil_setBalance", set_balance),
    ("hardhat_setBalance", set_balance),
    ("anvil_setNonce", set_nonce),
    ("hardhat_setNonce", set_nonce),
    ("anvil_setCode", set_code),
    ("hardhat_setCode", set_code),
    ("anvil_setStorageAt", set_storage),
    ("hardhat_setStorageAt", set_storage),
    ("anvil_impersonateAccount", |node, args| impersonate(node, args, true)),
    ("hardhat_impersonateAccount", |node, args| impersonate(node, args, true)),
    ("anvil_stopImpersonatingAccount", |node, args| impersonate(node, args, false)),
    ("hardhat_stopImpersonatingAccount", |node, args| impersonate(node, args, false)),
    ("anvil_dropTransaction", drop_transaction),
    ("hardhat_dropTransaction", drop_transaction),
    ("anvil_dropAllTransactions", |node, _| {
        node.ledger().pool.clear();
        Ok(Value::Null)
    }),
    ("anvil_nodeInfo", node_info),
    ("hardhat_metadata", node_info),
];

fn node_info(node: &Node, _: &Args) -> Result<Value, Failure> {
    let ledger = node.ledger();
    let (timestamp, l1_number) = ledger.next_times();
    json(object!({
        "clientVersion": concat!("fusebox-devnet/v", env!("CARGO_PKG_VERSION")),
        "chainId": U64::from(ledger.chain().chain_id()),
        "currentBlockNumber": U64::from(ledger.head().number()),
        "latestBlockNumber": ledger.head().number(),
        "latestBlockHash": ledger.head().hash,
        "nextBlockTimestamp": timestamp,
        "l1BlockNumber": l1_number,
        "automine": ledger.automine,
    }))
}

/// `evm_mine` takes a time, or an object with one, or nothing.
fn mine_time(args: &Args) -> Result<Option<u64>, Failure> {
    match args.optional::<Value>(0, "timestamp")? {
        Some(Value::Object(fields)) => match fields.get("timestamp") {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| {
                Failure::invalid_params("invalid argument 0 (options): timestamp is no number of seconds since 1970")
            }),
        },
        _ => args.number(0, "timestamp"),
    }
}

fn mine(node: &Node, args: &Args) -> Result<Value, Failure> {
    node.mine(args.number(0, "blocks")?.unwrap_or(1), args.number(1, "seconds between")?)?;
    Ok(Value::Null)
}

fn required(args: &Args, name: &str) -> Result<u64, Failure> {
    let missing = || Failure::invalid_params(format!("missing value for required argument 0 ({name})"));
    args.number(0, name)?.ok_or_else(missing)
}

fn increase_time(node: &Node, args: &Args) -> Result<Value, Failure> {
    let seconds = required(args, "seconds")?;
    let mut ledger = node.ledger();
    let mut clock = ledger.clock;
    let ahead = clock.advance(seconds, ledger.head().header.timestamp)?;
    ledger.set_clock(clock)?;
    json(ahead)
}

fn set_next_timestamp(node: &Node, args: &Args) -> Result<Value, Failure> {
    set_next(node, required(args, "timestamp")?)?;
    Ok(Value::Null)
}

fn set_next(node: &Node, timestamp: u64) -> Result<(), Failure> {
    let mut ledger = node.ledger();
    let parent = ledger.head().header.timestamp;
    ledger.clock.set_next(timestamp, parent)
}

fn set_time(node: &Node, args: &Args) -> Result<Value, Failure> {
    let timestamp = required(args, "timestamp")?;
    let mut ledger = node.ledger();
    Clock::new(0).set_next(timestamp, ledger.head().header.timestamp)?; // within bounds
    let clock = Clock::showing(timestamp);
    ledger.set_clock(clock)?;
    json(clock.offset)
}

fn set_automine(node: &Node, args: &Args) -> Result<Value, Failure> {
    let on = args.get(0, "enabled")?;
    node.ledger().automine = on;
    if on && node.ledger().pool.len() > 0 {
        node.mine(1, None)?; // those that waited
    }
    json(true)
}

fn set_interval(node: &Node, interval: Duration) -> Result<Value, Failure> {
    let interval = Some(interval).filter(|interval| !interval.is_zero());
    node.ledger().automine = interval.is_none();
    node.set_interval(interval);
    json(true)
}

fn revert(node: &Node, args: &Args) -> Result<Value, Failure> {
    json(node.ledger().revert(required(args, "snapshot")?)?)
}

fn change(node: &Node, change: impl FnOnce(&mut Chain)) -> Result<Value, Failure> {
    node.ledger().change(change)?;
    json(true)
}

fn set_balance(node: &Node, args: &Args) -> Result<Value, Failure> {
    let (address, balance): (Address, U256) = (args.get(0, "address")?, args.get(1, "balance")?);
    change(node, |chain| chain.fund(address, balance))
}

fn set_nonce(node: &Node, args: &Args) -> Result<Value, Failure> {
    let address: Address = args.get(0, "address")?;
    let nonce = args
        .number(1, "nonce")?
        .ok_or_else(|| Failure::invalid_params("missing value for required argument 1 (nonce)"))?;
    change(node, |chain| chain.set_nonce(address, nonce))
}

fn set_code(node: &Node, args: &Args) -> Result<Value, Failure> {
    let (address, code): (Address, Bytes) = (args.get(0, "address")?, args.get(1, "code")?);
    change(node, |chain| chain.set_code(address, code))
}

fn set_storage(node: &Node, args: &Args) -> Result<Value, Failure> {
    let (address, slot): (Address, U256) = (args.get(0, "address")?, args.get(1, "slot")?);
    let word: B256 = args.get(2, "word")?;
    change(node, |chain| chain.set_storage(address, slot, word))
}

fn impersonate(node: &Node, args: &Args, on: bool) -> Result<Value, Failure> {
    let address: Address = args.get(0, "address")?;
    let mut ledger = node.ledger();
    if on {
        ledger.impersonated.insert(address);
    } else {
        ledger.impersonated.remove(&address);
    }
    json(true)
}

fn drop_transaction(node: &Node, args: &Args) -> Result<Value, Failure> {
    let hash: B256 = args.get(0, "hash")?;
    json(node.ledger().pool.remove(hash).then_some(hash))
}
