//! Requests that are none, transactions that cannot be part of the chain, and what is answered instead.

mod node;

use std::io::{Read, Write};
use std::net::TcpStream;

use alloy_primitives::{hex, Address, U256};
use alloy_rpc_types_eth::TransactionRequest;
use fusebox_cli::devnet::Config;
use node::{call, deploying, transfer, Client, LOOP, REVERTER};
use serde_json::{json, Value};

/// Sends bytes as the body of a request: the status line and the body of the answer.
fn post(client: &Client, body: &[u8]) -> (String, String) {
    let url = client.devnet.as_ref().expect("a node").url();
    let address = url.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("the head");
    let _ = stream.write_all(body); // the node may answer before it has read all of it
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

fn error(body: &str) -> (i64, String) {
    let answer: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body:?}"));
    let error = &answer["error"];
    (error["code"].as_i64().unwrap_or_default(), error["message"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn cl_5_what_is_no_request_gets_its_code_and_the_node_goes_on() {
    let client = Client::default();
    let cases: [(&[u8], i64); 5] = [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[]", -32600),
        (br#"{"jsonrpc":"2.0","id":1}"#, -32600),
        (br#"{"jsonrpc":"2.0","id":1,"method":"eth_nothing","params":[]}"#, -32601),
    ];
    for (body, wanted) in cases {
        let (_, answer) = post(&client, body);
        assert_eq!(error(&answer).0, wanted, "{} -> {answer}", String::from_utf8_lossy(body));
    }
    assert_eq!(client.height(), 0);
}

#[test]
fn cl_5_a_parameter_that_cannot_be_read_is_refused_by_its_name() {
    let client = Client::default();
    let address = client.account(0);
    let cases = [
        ("eth_getBalance", json!([]), "argument 0 (address)"),
        ("eth_getBalance", json!(["0x12"]), "argument 0 (address)"),
        ("eth_getBalance", json!([address, "soon"]), "argument 1 (block)"),
        ("eth_getBalance", json!({"address": address}), "must be a list"),
        ("eth_getStorageAt", json!([address, "0xzz"]), "argument 1 (slot)"),
        ("eth_getTransactionReceipt", json!(["0x1234"]), "argument 0 (hash)"),
        ("eth_call", json!([{"to": "nobody"}]), "argument 0 (transaction)"),
        ("eth_call", json!([{}, "latest", {"0x12": {}}]), "argument 2 (state overrides)"),
        ("eth_sendRawTransaction", json!(["0x02c0"]), "argument 0 (transaction)"),
        ("evm_increaseTime", json!(["soon"]), "argument 0 (seconds)"),
        ("eth_feeHistory", json!([1, "latest", [90.0, 10.0]]), "argument 2 (reward percentiles)"),
    ];
    for (method, params, wanted) in cases {
        let refused = client.refused(method, params);
        assert_eq!(refused.code, -32602, "{method}: {refused:?}");
        assert!(refused.message.contains(wanted), "{method}: {refused:?}");
    }
}

#[test]
fn cl_5_a_body_that_is_too_large_is_refused_with_the_limit() {
    let client = Client::default();
    let mut body = br#"{"jsonrpc":"2.0","id":1,"method":"web3_sha3","params":["0x"#.to_vec();
    body.resize(6 * 1024 * 1024, b'0');
    body.extend_from_slice(br#""]}"#);
    let (status, answer) = post(&client, &body);
    assert!(status.contains("413") || answer.contains("too big"), "{status} {answer}");
    assert_eq!(client.height(), 0);
}

#[test]
fn cl_5_a_batch_is_answered_in_order_and_bounded() {
    let client = Client::default();
    let request = |id: usize| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"eth_blockNumber","params":[]}}"#);
    let batch = |count: usize| format!("[{}]", (0..count).map(request).collect::<Vec<_>>().join(","));
    let (_, answer) = post(&client, batch(3).as_bytes());
    let answers: Vec<Value> = serde_json::from_str(&answer).expect("a list");
    let ids: Vec<_> = answers.iter().map(|answer| answer["id"].as_u64()).collect();
    assert_eq!(ids, [Some(0), Some(1), Some(2)]);
    let (_, answer) = post(&client, batch(1_001).as_bytes());
    assert_eq!(error(&answer).0, -32010, "{answer}");
    assert!(answer.contains("1000"), "{answer}");
}

#[test]
fn cl_5_nested_json_and_endless_loops_end() {
    let client = Client::default();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":{deep}}}"#);
    let (_, answer) = post(&client, body.as_bytes());
    assert!(error(&answer).0 < 0, "{answer}");
    let endless = client.create(&deploying(LOOP));
    let refused = client.refused("eth_call", json!([{"to": endless, "gas": "0xffffffffffffffff"}]));
    assert_eq!((refused.code, refused.message.as_str()), (-32000, "out of gas"));
    let refused = client.refused("eth_estimateGas", json!([{"to": endless}]));
    assert_eq!(refused.message, "out of gas");
}

#[test]
fn cl_5_a_transaction_that_never_ends_pays_for_what_a_block_lets_it_use() {
    let client = Client::default();
    let endless = client.create(&deploying(LOOP));
    let offered = 1_u64 << 40;
    let receipt = client.send(&TransactionRequest { gas: Some(offered), ..call(client.account(0), endless, &[]) });
    assert_eq!(receipt["status"], "0x0");
    assert_eq!(node::number(&receipt["gasUsed"]), 21_000 + 32_000_000);
}

#[test]
fn cl_5_what_the_node_does_not_have_is_refused_as_such() {
    let client = Client::default();
    let refused = client.refused("eth_getProof", json!([client.account(0), [], "latest"]));
    assert_eq!(refused.code, -32004);
    let receipt = client.send(&transfer(client.account(0), Address::ZERO, 1));
    let refused = client.refused("debug_traceTransaction", json!([receipt["transactionHash"]]));
    assert!(refused.message.contains("callTracer"), "{refused:?}");
}

#[test]
fn cl_1_what_cannot_be_part_of_the_chain_is_refused_in_known_words_and_changes_nothing() {
    let client = Client::default();
    let (from, to) = (client.account(0), Address::repeat_byte(7));
    let request = |change: fn(&mut TransactionRequest)| {
        let mut request = transfer(from, to, 1);
        request.gas = Some(21_000);
        request.max_fee_per_gas = Some(20_000_000);
        request.max_priority_fee_per_gas = Some(0);
        change(&mut request);
        request
    };
    client.send(&request(|_| ()));
    let before = (client.height(), client.balance(from));
    type Case = (fn(&mut TransactionRequest), &'static str);
    let cases: [Case; 6] = [
        (|request| request.nonce = Some(0), "nonce too low"),
        (|request| request.value = Some(U256::MAX / U256::from(2)), "insufficient funds for gas * price + value"),
        (|request| request.gas = Some(20_999), "intrinsic gas too low"),
        (|request| request.max_fee_per_gas = Some(1), "max fee per gas less than block base fee"),
        (|request| request.max_priority_fee_per_gas = Some(30_000_000), "max priority fee per gas higher than max fee"),
        (|request| request.chain_id = Some(1), "invalid chain id"),
    ];
    for (change, wanted) in cases {
        let refused = client.refused("eth_sendTransaction", json!([request(change)]));
        assert!(refused.message.contains(wanted), "{wanted}: {refused:?}");
        assert_eq!(refused.code, -32000, "{refused:?}");
    }
    let refused = client.refused("eth_sendTransaction", json!([transfer(to, from, 1)]));
    assert!(refused.message.contains("unknown account"), "{refused:?}");
    assert_eq!((client.height(), client.balance(from)), before);
}

#[test]
fn cl_1_a_transaction_of_every_type_is_taken_and_found_again() {
    let client = Client::default();
    let to = Address::repeat_byte(9);
    let plain = transfer(client.account(0), to, 5);
    let legacy = TransactionRequest { gas_price: Some(10_000_000), ..plain.clone() };
    let listed = TransactionRequest { access_list: Some(Default::default()), ..legacy.clone() };
    for (request, kind) in [(legacy, "0x0"), (listed, "0x1"), (plain, "0x2")] {
        let receipt = client.send(&request);
        assert_eq!((&receipt["type"], &receipt["status"]), (&json!(kind), &json!("0x1")), "{receipt}");
        assert_eq!(receipt["effectiveGasPrice"], "0x989680");
        assert!(receipt["gasUsedForL1"].is_string() && receipt["l1BlockNumber"].is_string(), "{receipt}");
        let hash = &receipt["transactionHash"];
        let tx = client.get("eth_getTransactionByHash", json!([hash]));
        assert_eq!((&tx["hash"], &tx["type"], &tx["blockHash"]), (hash, &json!(kind), &receipt["blockHash"]));
        let raw = client.get("eth_getRawTransactionByHash", json!([hash]));
        let again = client.refused("eth_sendRawTransaction", json!([raw]));
        assert!(again.message.contains("nonce too low"), "{again:?}");
        let block = client.get("eth_getBlockByHash", json!([receipt["blockHash"], true]));
        assert_eq!(block["transactions"][0], tx);
        assert_eq!(client.get("eth_getBlockReceipts", json!([receipt["blockNumber"]])), json!([receipt]));
    }
    assert_eq!(client.balance(to), U256::from(15));
}

#[test]
fn cl_1_a_nonce_ahead_waits_for_the_one_before() {
    let client = Client::default();
    let (from, to) = (client.account(1), Address::repeat_byte(3));
    let at = |nonce| TransactionRequest { nonce: Some(nonce), ..transfer(from, to, 1) };
    let second = client.get("eth_sendTransaction", json!([at(1)]));
    assert_eq!(client.height(), 0);
    assert!(client.get("eth_getTransactionReceipt", json!([second])).is_null());
    assert!(client.get("eth_getTransactionByHash", json!([second]))["blockHash"].is_null());
    assert_eq!(client.get("txpool_status", json!([]))["queued"], "0x1");
    client.send(&at(0));
    assert_eq!(client.height(), 2);
    assert_eq!(client.get("eth_getTransactionReceipt", json!([second]))["blockNumber"], "0x2");
}

#[test]
fn cl_1_a_revert_is_part_of_the_chain_and_says_why_when_it_is_called() {
    let client = Client::default();
    let reverter = client.create(&deploying(REVERTER));
    let request = TransactionRequest { gas: Some(100_000), ..call(client.account(0), reverter, &[]) };
    let receipt = client.send(&request);
    assert_eq!(receipt["status"], "0x0");
    for method in ["eth_call", "eth_estimateGas"] {
        let refused = client.refused(method, json!([request]));
        assert_eq!((refused.code, refused.data), (3, Some(json!("0xdeadbeef"))));
        assert_eq!(refused.message, "execution reverted");
    }
    assert_eq!(client.refused("eth_sendTransaction", json!([call(client.account(0), reverter, &[])])).code, 3);
}

#[test]
fn cl_1_a_signature_of_another_chain_or_none_is_refused() {
    use alloy_consensus::{SignableTransaction, TxEnvelope, TxLegacy};
    use alloy_eips::eip2718::Encodable2718;
    use alloy_network::TxSignerSync;

    let client = Client::default();
    let send = |chain_id| {
        let mut tx = TxLegacy {
            chain_id,
            gas_price: 10_000_000,
            gas_limit: 21_000,
            to: Address::ZERO.into(),
            ..TxLegacy::default()
        };
        let signature = client.signer(0).sign_transaction_sync(&mut tx).expect("a signature");
        let envelope: TxEnvelope = tx.into_signed(signature).into();
        client.ask("eth_sendRawTransaction", json!([hex::encode_prefixed(envelope.encoded_2718())]))
    };
    let refused = send(Some(1)).expect_err("another chain");
    assert_eq!(refused.message, "invalid chain id for signer: have 1 want 412346");
    let refused = send(None).expect_err("no chain");
    assert!(refused.message.contains("replay-protected"), "{refused:?}");
    send(Some(412_346)).expect("this chain");
}

#[test]
fn cl_7_the_clock_moves_on_and_never_back() {
    let client = Client::start(Config { timestamp: Some(1_700_000_000), ..Config::default() });
    let time = |tag: &str| node::number(&client.get("eth_getBlockByNumber", json!([tag, false]))["timestamp"]);
    assert_eq!(time("latest"), 1_700_000_000);
    client.get("evm_increaseTime", json!([86_400]));
    assert_eq!(time("latest"), 1_700_000_000, "no block was made");
    client.get("evm_mine", json!([]));
    let moved = time("latest");
    assert!((1_700_086_400..1_700_086_460).contains(&moved), "{moved}");
    client.get("evm_setNextBlockTimestamp", json!([moved + 100]));
    client.get("evm_mine", json!([]));
    assert_eq!(time("latest"), moved + 100);
    let refused = client.refused("evm_setNextBlockTimestamp", json!([moved + 99]));
    assert!(refused.message.contains("does not go back"), "{refused:?}");
    client.get("evm_setNextBlockTimestamp", json!([moved + 100])); // the same second, as on Arbitrum
    client.get("evm_mine", json!([moved + 200]));
    assert_eq!(time("latest"), moved + 200);
    assert!(client.refused("evm_increaseTime", json!([u64::MAX])).message.contains("9999"));
    client.get("anvil_mine", json!([3, 60]));
    assert!(time("latest") >= moved + 320);
}
