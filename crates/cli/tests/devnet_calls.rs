//! Calls, the blocks they see, events and traces.

mod node;

use alloy_primitives::{Address, B256, U256};
use alloy_rpc_types_eth::TransactionRequest;
use fusebox_cli::devnet::Config;
use node::{call, code, deploying, number, transfer, Client, Socket, CLOCK, COUNTER};
use serde_json::{json, Value};

/// Answers slot 0.
const READER: &str = "5f545f5260205ff3";

fn word(value: &Value, index: usize) -> u64 {
    let text = &value.as_str().expect("bytes")[2..];
    u64::from_str_radix(&text[index * 64 + 48..index * 64 + 64], 16).expect("a word")
}

#[test]
fn cl_6_a_call_leaves_no_trace() {
    let client = Client::default();
    let counter = client.create(&deploying(&code(COUNTER)));
    let request = call(client.account(0), counter, &[]);
    for _ in 0..2 {
        assert_eq!(word(&client.get("eth_call", json!([request])), 0), 1);
        client.get("eth_estimateGas", json!([request]));
        client.get("eth_createAccessList", json!([request]));
        client.get("debug_traceCall", json!([request, "latest", {"tracer": "callTracer"}]));
    }
    assert_eq!(client.get("eth_getStorageAt", json!([counter, "0x0", "latest"])), json!(B256::ZERO));
    assert_eq!(client.height(), 1);
}

#[test]
fn cl_6_a_call_sees_the_block_that_it_names() {
    let client = Client::start(Config { timestamp: Some(1_700_000_000), ..Config::default() });
    let counter = client.create(&deploying(&code(COUNTER)));
    let clock = client.create(&deploying(&code(CLOCK)));
    let request = call(client.account(0), counter, &[]);
    (0..3).for_each(|_| drop(client.send(&request)));
    for (block, wanted) in [("0x2", 1), ("0x3", 2), ("0x5", 4), ("latest", 4), ("finalized", 4), ("pending", 4)] {
        assert_eq!(word(&client.get("eth_call", json!([request, block])), 0), wanted, "{block}");
    }
    let hash = &client.get("eth_getBlockByNumber", json!(["0x3", false]))["hash"];
    assert_eq!(word(&client.get("eth_call", json!([request, {"blockHash": hash}])), 0), 2);
    assert_eq!(client.get("eth_getCode", json!([counter, "0x0"])), "0x");
    assert!(client.refused("eth_call", json!([request, "0x6"])).message.contains("header not found"));

    client.get("evm_increaseTime", json!([1_200]));
    let look = |block: &str| client.get("eth_call", json!([call(Address::ZERO, clock, &[]), block]));
    let (latest, pending) = (look("latest"), look("pending"));
    assert!(word(&pending, 1) >= word(&latest, 1) + 1_199, "{latest} {pending}");
    assert!(word(&pending, 0) >= word(&latest, 0) + 99, "a block of the first layer every twelve seconds");
}

#[test]
fn cl_6_a_state_that_is_not_kept_is_refused_with_the_oldest_that_is() {
    let client = Client::start(Config { history: 2, ..Config::default() });
    (0..4).for_each(|_| drop(client.get("evm_mine", json!([]))));
    client.get("eth_getBalance", json!([client.account(0), "0x3"]));
    let refused = client.refused("eth_getBalance", json!([client.account(0), "0x2"]));
    assert!(refused.message.contains("the oldest is 3") && refused.message.contains("--history"), "{refused:?}");
}

#[test]
fn cl_6_overrides_hold_for_the_call_alone() {
    let client = Client::default();
    let clock = client.create(&deploying(&code(CLOCK)));
    let (nobody, reader) = (Address::repeat_byte(0x11), Address::repeat_byte(0x22));
    let request = call(nobody, reader, &[]);
    let slot = B256::ZERO;
    let [nobody_key, reader_key] = [nobody, reader].map(|address| address.to_string());
    let slot_key = slot.to_string();
    let state =
        json!({&reader_key: {"code": format!("0x{READER}"), "stateDiff": {&slot_key: B256::with_last_byte(9)}}});
    assert_eq!(word(&client.get("eth_call", json!([request, "latest", state])), 0), 9);
    assert_eq!(client.get("eth_call", json!([request])), "0x");

    let rich = TransactionRequest { value: Some(U256::from(5)), ..call(nobody, reader, &[]) };
    assert!(client.refused("eth_call", json!([rich])).message.contains("insufficient funds"));
    client.get("eth_call", json!([rich, "latest", {&nobody_key: {"balance": "0x5"}}]));

    let block = json!({"time": "0x77359400", "number": "0x1234"});
    let seen = client.get("eth_call", json!([call(nobody, clock, &[]), "latest", {}, block]));
    assert_eq!((word(&seen, 0), word(&seen, 1)), (0x1234, 2_000_000_000));
    let both = json!({&reader_key: {"state": {&slot_key: slot}, "stateDiff": {&slot_key: slot}}});
    assert_eq!(client.refused("eth_call", json!([request, "latest", both])).code, -32602);
}

#[test]
fn cl_6_an_estimate_suffices_and_is_near_to_what_is_used() {
    let client = Client::default();
    let counter = client.create(&deploying(&code(COUNTER)));
    let (from, to) = (client.account(0), Address::repeat_byte(5));
    assert_eq!(client.number("eth_estimateGas", json!([transfer(from, to, 1)])), 21_000);
    for request in [call(from, counter, &[]), call(from, counter, &[1; 100])] {
        let gas = client.number("eth_estimateGas", json!([request]));
        let receipt = client.send(&TransactionRequest { gas: Some(gas), ..request });
        assert_eq!(receipt["status"], "0x1");
        let used = number(&receipt["gasUsed"]);
        assert!(gas >= used && gas <= used + used / 32, "{gas} {used}");
    }
}

#[test]
fn cl_6_an_access_list_names_what_the_call_touches() {
    let client = Client::default();
    let counter = client.create(&deploying(&code(COUNTER)));
    let list = client.get("eth_createAccessList", json!([call(client.account(0), counter, &[])]));
    assert_eq!(list["accessList"], json!([{"address": counter, "storageKeys": [B256::ZERO]}]));
    assert!(list.get("error").is_none() && number(&list["gasUsed"]) > 21_000, "{list}");
}

/// A counter, and the receipts of three calls.
fn counted(client: &Client) -> (Address, Vec<Value>) {
    let counter = client.create(&deploying(&code(COUNTER)));
    let receipts = (0..3).map(|_| client.send(&call(client.account(0), counter, &[]))).collect();
    (counter, receipts)
}

#[test]
fn cl_9_events_are_the_same_in_receipts_queries_and_filters() {
    let client = Client::default();
    let all = client.get("eth_newFilter", json!([{}]));
    let blocks = client.get("eth_newBlockFilter", json!([]));
    let hashes = client.get("eth_newPendingTransactionFilter", json!([]));
    let (counter, receipts) = counted(&client);
    let wanted: Vec<&Value> = receipts.iter().map(|receipt| &receipt["logs"][0]).collect();
    let topic = B256::with_last_byte(7);
    for filter in [
        json!({"fromBlock": "0x0"}),
        json!({"fromBlock": "earliest", "toBlock": "latest", "address": counter}),
        json!({"fromBlock": "0x2", "toBlock": "0x4", "topics": [topic]}),
        json!({"fromBlock": "0x0", "address": [counter, Address::ZERO], "topics": [[topic, B256::ZERO]]}),
    ] {
        assert_eq!(client.get("eth_getLogs", json!([filter])), json!(wanted), "{filter}");
    }
    let one = json!({"blockHash": receipts[1]["blockHash"]});
    assert_eq!(client.get("eth_getLogs", json!([one])), json!([wanted[1]]));
    assert_eq!(client.get("eth_getLogs", json!([{"fromBlock": "0x0", "topics": [B256::ZERO]}])), json!([]));
    assert_eq!(client.get("eth_getLogs", json!([{"fromBlock": "0x0", "address": Address::ZERO}])), json!([]));

    assert_eq!(client.get("eth_getFilterChanges", json!([all])), json!(wanted));
    assert_eq!(client.get("eth_getFilterChanges", json!([all])), json!([]));
    assert_eq!(client.get("eth_getFilterChanges", json!([blocks])).as_array().map(Vec::len), Some(4));
    assert_eq!(client.get("eth_getFilterChanges", json!([hashes]))[3], receipts[2]["transactionHash"]);
    assert_eq!(client.get("eth_uninstallFilter", json!([all])), true);
    assert!(client.refused("eth_getFilterChanges", json!([all])).message.contains("filter not found"));
}

#[test]
fn cl_9_a_query_of_blocks_that_are_not_there_is_empty_or_refused() {
    let client = Client::default();
    assert_eq!(client.get("eth_getLogs", json!([{"fromBlock": "0x9", "toBlock": "latest"}])), json!([]));
    assert_eq!(client.refused("eth_getLogs", json!([{"fromBlock": "0x9", "toBlock": "0x8"}])).code, -32602);
    assert_eq!(client.refused("eth_getLogs", json!([{"blockHash": B256::ZERO}])).message, "unknown block");
}

#[test]
fn cl_9_subscribers_hear_each_block_event_and_transaction_once() {
    let client = Client::default();
    let mut socket = Socket::connect(&client);
    let mut subscribe = |params: Value| socket.ask("eth_subscribe", params);
    let heads = subscribe(json!(["newHeads"]));
    let logs = subscribe(json!(["logs", {}]));
    let others = subscribe(json!(["logs", {"address": Address::ZERO}]));
    let hashes = subscribe(json!(["newPendingTransactions"]));
    let (_, receipts) = counted(&client);
    let mut heard: Vec<Value> = (0..4 + 3 + 4).map(|_| socket.receive()).collect();
    assert_eq!(socket.ask("eth_blockNumber", json!([])), "0x4", "nothing else is told before the answer");
    let mut take = |subscription: &Value| -> Vec<Value> {
        let told = |notice: &mut Value| notice["params"]["subscription"] == *subscription;
        heard.extract_if(.., told).map(|notice| notice["params"]["result"].clone()).collect()
    };
    let numbers: Vec<_> = take(&heads).iter().map(|head| number(&head["number"])).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    let events: Vec<_> = receipts.iter().map(|receipt| receipt["logs"][0].clone()).collect();
    assert_eq!(take(&logs), events);
    assert_eq!(take(&others), Vec::<Value>::new());
    let sent: Vec<_> = receipts.iter().map(|receipt| receipt["transactionHash"].clone()).collect();
    assert_eq!(take(&hashes)[1..], sent);
    assert_eq!(socket.ask("eth_unsubscribe", json!([heads])), true);
    client.get("evm_mine", json!([]));
    assert_eq!(socket.ask("eth_blockNumber", json!([])), "0x5", "no head is told any more");
}

#[test]
fn cl_10_a_trace_is_what_happened() {
    let client = Client::default();
    let (counter, receipts) = counted(&client);
    for receipt in &receipts {
        let trace = client.get(
            "debug_traceTransaction",
            json!([receipt["transactionHash"], {"tracer": "callTracer", "tracerConfig": {"withLog": true}}]),
        );
        assert_eq!((&trace["type"], &trace["to"]), (&json!("CALL"), &json!(counter)));
        assert_eq!(trace["gasUsed"], receipt["gasUsed"]);
        let log = &receipt["logs"][0];
        let shown = json!([{"address": counter, "topics": log["topics"], "data": log["data"], "position": "0x0"}]);
        assert_eq!(trace["logs"], shown);
        assert_eq!(trace["output"], log["data"]);
    }
    let traces = client.get("debug_traceBlockByNumber", json!(["0x3", {"tracer": "callTracer"}]));
    assert_eq!(traces[0]["txHash"], receipts[1]["transactionHash"]);
    let missing = client.refused("debug_traceTransaction", json!([B256::ZERO, {"tracer": "callTracer"}]));
    assert!(missing.message.contains("not found"), "{missing:?}");
}
