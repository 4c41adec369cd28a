//! Programs by transactions alone, in the order in which cargo-stylus sends them.

mod node;

use alloy_primitives::{address, hex, Address, Bytes, TxKind, B256, U256};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{sol, SolCall, SolError};
use fusebox_cli::devnet::Config;
use fusebox_testbed::activation::deployed_code;
use fusebox_testbed::wat2wasm;
use node::{call, number, Client, Folder};
use serde_json::{json, Value};

const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");

sol! {
    error ProgramNotActivated();
    function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
    function codehashVersion(bytes32 codehash) external view returns (uint16 version);
    function programTimeLeft(address program) external view returns (uint64 timeLeft);
}

/// A program that answers 42.
fn code_of_answer() -> Vec<u8> {
    let wat = br#"(module
        (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
        (memory (export "memory") 1 1)
        (data (i32.const 31) "\2a")
        (func (export "user_entrypoint") (param i32) (result i32)
            (call $write_result (i32.const 0) (i32.const 32))
            (i32.const 0)))"#;
    deployed_code(&wat2wasm(wat).expect("a module"))
}

/// What cargo-stylus puts before code of that length.
fn creation(code: &[u8]) -> Bytes {
    let prelude =
        [&hex!("7f")[..], &U256::from(code.len()).to_be_bytes::<32>(), &hex!("80602b6000396000f300")].concat();
    [&prelude, code].concat().into()
}

/// The data fee that activating code would cost, asked as cargo-stylus asks.
fn fee(client: &Client, code: &[u8]) -> Result<U256, node::Refused> {
    let (sender, program) = (Address::repeat_byte(0x51), Address::repeat_byte(0x52));
    let input = activateProgramCall { program }.abi_encode();
    let request =
        TransactionRequest { value: Some(U256::from(10).pow(U256::from(18))), ..call(sender, ARB_WASM, &input) };
    let state = json!({ sender.to_string(): {"balance": U256::MAX}, program.to_string(): {"code": hex::encode_prefixed(code)} });
    let answer = client.ask("eth_call", json!([request, "latest", state]))?;
    let answer: Bytes = serde_json::from_value(answer).expect("bytes");
    Ok(activateProgramCall::abi_decode_returns(&answer).expect("version and fee").dataFee)
}

fn deploy(client: &Client, code: &[u8]) -> (Address, Value) {
    let from = Some(client.account(0));
    let creation =
        TransactionRequest { from, to: Some(TxKind::Create), input: creation(code).into(), ..Default::default() };
    let receipt = client.send(&creation);
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    let program: Address = serde_json::from_value(receipt["contractAddress"].clone()).expect("an address");
    let value = Some(fee(client, code).expect("a fee") * U256::from(12) / U256::from(10));
    let input = activateProgramCall { program }.abi_encode();
    let receipt = client.send(&TransactionRequest { value, ..call(client.account(0), ARB_WASM, &input) });
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    (program, receipt)
}

#[test]
fn cl_13_a_program_is_deployed_activated_called_and_traced() {
    let client = Client::default();
    let code = code_of_answer();
    let codehash = alloy_primitives::keccak256(&code);
    let version = call(client.account(0), ARB_WASM, &codehashVersionCall { codehash }.abi_encode());
    let refused = client.refused("eth_call", json!([version]));
    assert_eq!(
        (refused.code, refused.data),
        (3, Some(json!(hex::encode_prefixed(ProgramNotActivated {}.abi_encode()))))
    );

    let before = client.balance(client.account(0));
    let (program, receipt) = deploy(&client, &code);
    assert_eq!(client.get("eth_getCode", json!([program])), json!(hex::encode_prefixed(&code)));
    assert_eq!(client.get("eth_call", json!([version])), json!(B256::with_last_byte(3)));
    let request = call(client.account(0), program, &[1, 2, 3]);
    assert_eq!(client.get("eth_call", json!([request])), json!(B256::with_last_byte(42)));
    assert!(number(&receipt["gasUsed"]) > 1_000_000, "activation costs what it costs: {receipt}");
    assert!(client.balance(client.account(0)) < before);

    let receipt = client.send(&request);
    let trace =
        |tracer: &str| client.get("debug_traceTransaction", json!([receipt["transactionHash"], {"tracer": tracer}]));
    let calls = trace("callTracer");
    assert_eq!((&calls["gasUsed"], &calls["output"]), (&receipt["gasUsed"], &json!(B256::with_last_byte(42))));
    let steps = trace("stylusTracer");
    let names: Vec<_> =
        steps.as_array().expect("steps").iter().map(|step| step["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["user_entrypoint", "write_result", "user_returned"]);
    assert_eq!(steps[1]["args"], json!(B256::with_last_byte(42)));
    let ink = |index: usize, key: &str| steps[index][key].as_u64().expect("ink");
    assert!(ink(1, "startInk") > ink(1, "endInk"));
}

#[test]
fn cl_13_a_program_works_after_a_restart_and_its_time_runs_on() {
    let folder = Folder::new("stylus");
    let config = || Config { state: Some(folder.file("chain")), ..Config::default() };
    let client = Client::start(config());
    let (program, _) = deploy(&client, &code_of_answer());
    let left = call(client.account(0), ARB_WASM, &programTimeLeftCall { program }.abi_encode());
    let before = client.get("eth_call", json!([left]));
    drop(client);
    let client = Client::start(config());
    assert_eq!(client.get("eth_call", json!([left])), before);
    let request = call(client.account(0), program, &[]);
    assert_eq!(client.get("eth_call", json!([request])), json!(B256::with_last_byte(42)));
    client.get("evm_increaseTime", json!([366 * 86_400]));
    client.get("evm_mine", json!([]));
    assert!(client.refused("eth_call", json!([request])).message.contains("xpired"));
}

#[test]
fn cl_13_what_no_chain_activates_is_refused_by_the_call_and_the_transaction() {
    let client = Client::default();
    let floats = wat2wasm(
        br#"(module (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32) (i32.trunc_f32_s (f32.const 1))))"#,
    )
    .expect("a module");
    let code = deployed_code(&floats);
    fee(&client, &code).expect_err("floats");
    let from = Some(client.account(0));
    let creation =
        TransactionRequest { from, to: Some(TxKind::Create), input: creation(&code).into(), ..Default::default() };
    let program: Address =
        serde_json::from_value(client.send(&creation)["contractAddress"].clone()).expect("an address");
    let activation = TransactionRequest {
        value: Some(U256::from(10).pow(U256::from(16))),
        gas: Some(20_000_000),
        ..call(client.account(0), ARB_WASM, &activateProgramCall { program }.abi_encode())
    };
    assert_eq!(client.send(&activation)["status"], "0x0");
    client.refused("eth_call", json!([call(client.account(0), program, &[])]));
}
