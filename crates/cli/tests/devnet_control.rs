//! Snapshots, accounts without a key, and blocks by the clock or by hand.

mod node;

use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use fusebox_cli::devnet::Config;
use node::{call, code, deploying, transfer, Client, CLOCK, COUNTER};
use serde_json::{json, Value};

#[test]
fn cl_8_a_snapshot_brings_back_state_blocks_and_time_and_is_used_once() {
    let client = Client::default();
    let counter = client.create(&deploying(&code(COUNTER)));
    let request = call(client.account(0), counter, &[]);
    client.send(&request);
    let head = client.get("eth_getBlockByNumber", json!(["latest", true]));
    let balance = client.balance(client.account(0));
    let first = client.get("evm_snapshot", json!([]));
    let lost = client.send(&request);
    let second = client.get("evm_snapshot", json!([]));
    client.get("evm_increaseTime", json!([1_000]));
    client.get("evm_mine", json!([]));

    assert_eq!(client.get("evm_revert", json!([first])), true);
    assert_eq!(client.get("eth_getBlockByNumber", json!(["latest", true])), head);
    assert_eq!(client.balance(client.account(0)), balance);
    assert!(client.get("eth_getTransactionReceipt", json!([lost["transactionHash"]])).is_null());
    assert!(client.get("eth_getBlockByHash", json!([lost["blockHash"], false])).is_null());
    for id in [first, second, json!("0x63")] {
        assert_eq!(client.get("evm_revert", json!([id])), false);
    }
    let again = client.send(&request);
    assert_eq!(again["logs"][0]["data"], json!(B256::with_last_byte(2)));
}

#[test]
fn cl_11_an_account_is_impersonated_as_long_as_it_is_told() {
    let client = Client::default();
    let (stranger, to) = (Address::repeat_byte(0xaa), Address::repeat_byte(0xbb));
    client.get("anvil_setBalance", json!([stranger, "0xde0b6b3a7640000"]));
    let request = transfer(stranger, to, 7);
    assert!(client.refused("eth_sendTransaction", json!([request])).message.contains("unknown account"));
    client.get("anvil_impersonateAccount", json!([stranger]));
    let receipt = client.send(&request);
    assert_eq!((&receipt["from"], &receipt["status"]), (&json!(stranger), &json!("0x1")));
    client.get("anvil_stopImpersonatingAccount", json!([stranger]));
    assert!(client.refused("eth_sendTransaction", json!([request])).message.contains("unknown account"));
    assert_eq!(client.balance(to), U256::from(7));
}

#[test]
fn cl_11_a_contract_is_impersonated_and_keeps_its_code() {
    let client = Client::default();
    let counter = client.create(&deploying(&code(COUNTER)));
    client.get("hardhat_setBalance", json!([counter, "0xde0b6b3a7640000"]));
    client.get("hardhat_impersonateAccount", json!([counter]));
    let before = client.get("eth_getCode", json!([counter]));
    let receipt = client.send(&transfer(counter, Address::repeat_byte(1), 3));
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(client.get("eth_getCode", json!([counter])), before);
}

#[test]
fn cl_11_state_that_is_set_is_what_contracts_see() {
    let client = Client::default();
    let address = Address::repeat_byte(0x44);
    client.get("anvil_setCode", json!([address, format!("0x{}", code(COUNTER))]));
    client.get("anvil_setStorageAt", json!([address, "0x0", B256::with_last_byte(41)]));
    client.get("anvil_setNonce", json!([address, "0x5"]));
    let seen = client.get("eth_call", json!([call(client.account(0), address, &[])]));
    assert_eq!(seen, json!(B256::with_last_byte(42)));
    assert_eq!(client.number("eth_getTransactionCount", json!([address, "latest"])), 5);
}

#[test]
fn cl_12_without_automine_transactions_wait_and_go_into_one_block_in_their_order() {
    let client = Client::default();
    client.get("evm_setAutomine", json!([false]));
    let (from, other, to) = (client.account(0), client.account(1), Address::repeat_byte(2));
    let send = |from| client.get("eth_sendTransaction", json!([transfer(from, to, 1)]));
    let hashes: Vec<Value> = [from, other, from].map(send).to_vec();
    assert_eq!(client.height(), 0);
    assert_eq!(client.number("eth_getTransactionCount", json!([from, "pending"])), 2);
    assert_eq!(client.number("eth_getTransactionCount", json!([from, "latest"])), 0);
    let pending = client.get("eth_getBalance", json!([to, "pending"]));
    assert_eq!((pending, client.balance(to)), (json!("0x3"), U256::ZERO));
    client.get("evm_mine", json!([]));
    let block = client.get("eth_getBlockByNumber", json!(["0x1", false]));
    assert_eq!(block["transactions"], json!(hashes));
    let last = client.get("eth_getTransactionReceipt", json!([hashes[2]]));
    assert_eq!((&last["transactionIndex"], &last["cumulativeGasUsed"]), (&json!("0x2"), &json!("0xf618")));
    let trace = client.get("debug_traceTransaction", json!([hashes[2], {"tracer": "callTracer"}]));
    assert_eq!(trace["gasUsed"], "0x5208");
}

#[test]
fn cl_12_a_replacement_pays_a_tenth_more() {
    let client = Client::default();
    client.get("evm_setAutomine", json!([false]));
    let at = |fee: u128, wei| {
        let mut request = transfer(client.account(0), Address::repeat_byte(6), wei);
        (request.nonce, request.max_fee_per_gas, request.max_priority_fee_per_gas) = (Some(0), Some(fee), Some(0));
        request
    };
    client.get("eth_sendTransaction", json!([at(20_000_000, 1)]));
    let refused = client.refused("eth_sendTransaction", json!([at(21_999_999, 2)]));
    assert_eq!(refused.message, "replacement transaction underpriced");
    client.get("eth_sendTransaction", json!([at(22_000_000, 3)]));
    client.get("evm_mine", json!([]));
    assert_eq!(client.balance(Address::repeat_byte(6)), U256::from(3));
}

#[test]
fn cl_12_blocks_come_by_the_clock() {
    let client = Client::start(Config { block_time: Some(Duration::from_millis(50)), ..Config::default() });
    let hash = client.get("eth_sendTransaction", json!([transfer(client.account(0), Address::repeat_byte(2), 1)]));
    let mined = || !client.get("eth_getTransactionReceipt", json!([hash])).is_null();
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while !(mined() && client.height() >= 3) {
        assert!(std::time::Instant::now() < until, "no block in twenty seconds");
        std::thread::sleep(Duration::from_millis(10));
    }
    client.get("evm_setIntervalMining", json!([0]));
    std::thread::sleep(Duration::from_millis(500)); // for a block that was under way
    let height = client.height();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(client.height(), height);
    client.send(&transfer(client.account(0), Address::repeat_byte(2), 1));
    assert_eq!(client.height(), height + 1);
}

#[test]
fn cl_7_the_height_is_that_of_the_chain_and_contracts_see_that_of_the_first_layer() {
    let client = Client::default();
    let clock = client.create(&deploying(&code(CLOCK)));
    client.get("anvil_mine", json!([5, 0]));
    assert_eq!(client.height(), 6);
    // arbBlockNumber() of ArbSys
    let height =
        client.get("eth_call", json!([call(Address::ZERO, Address::with_last_byte(0x64), &[0xa3, 0xb1, 0xb3, 0x1d])]));
    assert_eq!(height, json!(B256::with_last_byte(6)));
    let block = client.get("eth_getBlockByNumber", json!(["latest", false]));
    let seen = client.get("eth_call", json!([call(Address::ZERO, clock, &[])]));
    let seen = u64::from_str_radix(&seen.as_str().expect("bytes")[2..66], 16).expect("a number");
    assert_eq!(seen, node::number(&block["l1BlockNumber"]));
}
