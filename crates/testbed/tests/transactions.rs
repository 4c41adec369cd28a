//! Transactions that pay for themselves, calls with overrides, the state as values, traces.

use std::collections::BTreeMap;

use alloy_primitives::{address, hex, Address, Bytes, B256, U256};
use alloy_sol_types::{sol, SolCall};
use fusebox_testbed::{wat2wasm, AccountOverride, CallKind, Chain, Rejection, Tracing, Transaction};

sol! {
    interface Relay {
        event Relayed(address indexed to, uint256 count);
        function count() external view returns (uint256);
        function relay(address to, bytes data) external payable returns (bytes);
        function attempt(address to, bytes data) external returns (bool success, bytes output);
        function refuse() external;
    }
}

const USER: Address = address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
const OTHER: Address = address!("70997970c51812dc3a010c7d01b50e0d17dc79c8");
const BASE_FEE: u128 = 10_000_000;

fn ether(count: u64) -> U256 {
    U256::from(count) * U256::from(10).pow(U256::from(18))
}

fn chain() -> Chain {
    let mut chain = Chain::new();
    chain.fund(USER, ether(10));
    chain
}

fn pair() -> (Chain, Address, Address) {
    let mut chain = chain();
    let initcode = hex::decode(include_str!("../examples/pair/Relay.hex").trim()).unwrap();
    let contract = chain.deploy_evm(USER, &initcode).unwrap();
    let module = wat2wasm(include_bytes!("../examples/pair/forward.wat")).unwrap();
    let program = chain.deploy_wasm(USER, &module).unwrap();
    (chain, contract, program)
}

/// The input that makes the program count and call `to`.
fn forward(to: Address, data: &[u8]) -> Vec<u8> {
    [&[1], to.as_slice(), data].concat()
}

fn transfer(chain: &Chain, wei: U256) -> Transaction {
    Transaction {
        from: USER,
        to: Some(OTHER),
        nonce: Some(chain.nonce(USER)),
        gas: 21_000,
        max_fee_per_gas: Some(2 * BASE_FEE),
        value: wei,
        ..Transaction::default()
    }
}

fn call(chain: &Chain, to: Address, input: impl Into<Bytes>) -> Transaction {
    Transaction { to: Some(to), gas: 5_000_000, input: input.into(), ..transfer(chain, U256::ZERO) }
}

#[test]
fn tb_13_a_transfer_costs_its_value_and_the_base_fee_of_21000_gas() {
    let mut chain = chain();
    let tx = transfer(&chain, ether(1));
    let executed = chain.execute(&tx, Tracing::Off).unwrap();
    let fee = U256::from(21_000 * BASE_FEE);
    assert!(executed.outcome.success);
    assert_eq!((executed.gas_used, executed.effective_gas_price), (21_000, BASE_FEE));
    assert_eq!(chain.balance(USER), ether(9) - fee);
    assert_eq!(chain.balance(OTHER), ether(1));
    assert_eq!(chain.balance(chain.coinbase()), fee);
    assert_eq!(chain.nonce(USER), 1);
}

#[test]
fn tb_13_input_and_access_list_are_paid_for_as_published() {
    let tx = Transaction { input: vec![0, 1, 0, 2].into(), to: Some(OTHER), ..Transaction::default() };
    assert_eq!(tx.intrinsic_gas(), 21_000 + 2 * 4 + 2 * 16);
    let listed = Transaction { access_list: vec![(OTHER, vec![B256::ZERO; 3])], ..tx.clone() };
    assert_eq!(listed.intrinsic_gas(), tx.intrinsic_gas() + 2_400 + 3 * 1_900);
    let creation = Transaction { to: None, input: vec![1; 33].into(), ..Transaction::default() };
    assert_eq!(creation.intrinsic_gas(), 21_000 + 33 * 16 + 32_000 + 2 * 2);
}

#[test]
fn tb_13_a_transaction_that_reverts_pays_and_changes_nothing_else() {
    let (mut chain, contract, _) = pair();
    let before = chain.balance(USER);
    let nonce = chain.nonce(USER);
    let tx = call(&chain, contract, Relay::refuseCall {}.abi_encode());
    let executed = chain.execute(&tx, Tracing::Off).unwrap();
    assert!(!executed.outcome.success);
    assert_eq!(chain.nonce(USER), nonce + 1);
    assert_eq!(chain.balance(USER), before - U256::from(u128::from(executed.gas_used) * BASE_FEE));
    assert_eq!(chain.query(USER, contract, &Relay::countCall {}).unwrap(), U256::ZERO);
}

#[test]
fn tb_13_a_creation_lands_where_the_nonce_says_and_a_fifth_at_most_is_refunded() {
    let mut chain = chain();
    // Deploys one byte, STOP: PUSH1 1 PUSH1 0 RETURN over zeroed memory.
    let nonce = chain.nonce(USER);
    let creation =
        Transaction { to: None, gas: 100_000, input: hex!("60016000f3").into(), ..transfer(&chain, U256::ZERO) };
    let executed = chain.execute(&creation, Tracing::Off).unwrap();
    assert_eq!(executed.created, Some(USER.create(nonce)));
    assert_eq!(chain.code(USER.create(nonce)), Bytes::from(vec![0]));
    assert_eq!((chain.nonce(USER), executed.gas_used), (nonce + 1, creation.intrinsic_gas() + 200 + 9));

    // Clears ten slots: the refund of 48,000 is more than a fifth.
    let clear: Vec<u8> = (0..10).flat_map(|slot| [0x5f, 0x60, slot, 0x55]).collect();
    chain.set_code(OTHER, clear);
    (0..10).for_each(|slot| chain.set_storage(OTHER, U256::from(slot), U256::from(1)));
    let tx = call(&chain, OTHER, vec![]);
    let executed = chain.execute(&tx, Tracing::Off).unwrap();
    assert_eq!(executed.outcome.refund, 48_000);
    assert_eq!(executed.refunded, (executed.gas_used + executed.refunded) / 5);
}

#[test]
fn tb_14_what_no_block_can_hold_is_refused_with_its_figures_and_changes_nothing() {
    let (mut chain, contract, _) = pair();
    let nonce = chain.nonce(USER);
    let good = transfer(&chain, U256::from(1));
    let state = chain.export();
    let want = ether(10) + U256::from(2 * BASE_FEE * 21_000);
    let cases = [
        (
            Transaction { nonce: Some(nonce - 1), ..good.clone() },
            Rejection::NonceTooLow { tx: nonce - 1, state: nonce },
        ),
        (
            Transaction { nonce: Some(nonce + 1), ..good.clone() },
            Rejection::NonceTooHigh { tx: nonce + 1, state: nonce },
        ),
        (Transaction { value: ether(10), ..good.clone() }, Rejection::InsufficientFunds { have: ether(10), want }),
        (Transaction { gas: 20_999, ..good.clone() }, Rejection::IntrinsicGasTooLow { have: 20_999, want: 21_000 }),
        (
            Transaction { max_fee_per_gas: Some(BASE_FEE - 1), ..good.clone() },
            Rejection::FeeTooLow { max_fee: BASE_FEE - 1, base_fee: BASE_FEE as u64 },
        ),
        (
            Transaction { to: None, gas: 5_000_000, input: vec![0; 49_153].into(), ..good.clone() },
            Rejection::InitcodeTooLong { len: 49_153, bound: 49_152 },
        ),
        (Transaction { from: contract, nonce: None, ..good.clone() }, Rejection::SenderHasCode { sender: contract }),
        (
            Transaction { gas: (1 << 50) + 1, ..good.clone() },
            Rejection::GasAboveBlockLimit { gas: (1 << 50) + 1, limit: 1 << 50 },
        ),
    ];
    for (tx, expected) in cases {
        assert_eq!(chain.execute(&tx, Tracing::Off).unwrap_err(), expected);
    }
    assert_eq!(chain.export(), state);
    assert_eq!(chain.check(&good), Ok(()));
    chain.execute(&good, Tracing::Off).unwrap();
    let impersonated = Transaction { from: contract, nonce: None, impersonated: true, ..good };
    assert!(matches!(chain.execute(&impersonated, Tracing::Off), Err(Rejection::InsufficientFunds { .. })));
    chain.fund(contract, ether(1));
    assert!(chain.execute(&impersonated, Tracing::Off).unwrap().outcome.success);
}

#[test]
fn tb_15_exported_and_drained_changes_rebuild_the_state() {
    let (mut chain, contract, program) = pair();
    let mut copy = Chain::new();
    copy.import(&chain.export());
    assert_eq!(copy.export(), chain.export());

    chain.track_changes(true);
    for _ in 0..3 {
        let inner = Relay::relayCall { to: OTHER, data: Bytes::new() }.abi_encode();
        let outer = Relay::relayCall { to: program, data: forward(contract, &inner).into() };
        let tx = call(&chain, contract, outer.abi_encode());
        assert!(chain.execute(&tx, Tracing::Off).unwrap().outcome.success);
        chain.set_storage(OTHER, U256::from(7), U256::from(chain.nonce(USER) % 2));
        let changes = chain.drain_changes();
        assert!(changes.iter().any(|change| change.address == contract && change.code.is_none() && !change.whole));
        copy.import(&changes);
        assert_eq!(copy.export(), chain.export());
    }
    assert!(chain.drain_changes().is_empty());
    chain.set_code(OTHER, vec![0]);
    assert_eq!(chain.drain_changes()[0].code, Some(Bytes::from(vec![0])));
}

#[test]
fn tb_16_overrides_hold_for_the_copy_alone() {
    let (chain, contract, _) = pair();
    let state = chain.export();
    // Returns slot 0, then the balance of the caller.
    let code = hex!("5f545f52333160205260405ff3");
    let word = B256::with_last_byte(9);
    let overrides = BTreeMap::from([
        (USER, AccountOverride { balance: Some(U256::from(5)), nonce: Some(77), ..AccountOverride::default() }),
        (
            contract,
            AccountOverride {
                code: Some(code.to_vec().into()),
                state: Some(BTreeMap::from([(B256::with_last_byte(1), word)])),
                state_diff: BTreeMap::from([(B256::ZERO, word)]),
                ..AccountOverride::default()
            },
        ),
    ]);
    let other = chain.with_overrides(&overrides);
    let tx = Transaction { from: USER, to: Some(contract), gas: 100_000, ..Transaction::default() };
    let output = other.simulate(&tx, Tracing::Off).unwrap().outcome.output;
    assert_eq!(output, [word.0, U256::from(5).to_be_bytes::<32>()].concat());
    assert_eq!((other.nonce(USER), other.storage_of(contract).len()), (77, 2));
    assert_eq!(chain.export(), state);
}

#[test]
fn tb_17_a_trace_is_the_tree_of_calls_with_the_events_that_stand() {
    let (chain, contract, program) = pair();
    let inner = Relay::refuseCall {}.abi_encode();
    let middle = Relay::attemptCall { to: contract, data: inner.into() }.abi_encode();
    let outer = Relay::relayCall { to: program, data: forward(contract, &middle).into() };
    let tx = call(&chain, contract, outer.abi_encode());
    let executed = chain.simulate(&tx, Tracing::Calls).unwrap();
    let root = executed.trace.unwrap();
    assert_eq!((root.from, root.to, root.gas, root.gas_used), (USER, contract, tx.gas, executed.gas_used));
    let program_frame = &root.calls[0];
    assert_eq!((program_frame.kind, program_frame.from, program_frame.to), (CallKind::Call, contract, program));
    assert!(program_frame.hostio.is_empty(), "only where it is asked for");
    let again = &program_frame.calls[0];
    let refused = &again.calls[0];
    assert_eq!((refused.outcome.name(), refused.logs.len()), ("revert", 0));
    let mut events = Vec::new();
    fn walk(frame: &fusebox_testbed::CallFrame, events: &mut Vec<fusebox_testbed::Log>) {
        events.extend(frame.logs.iter().map(|log| log.log.clone()));
        frame.calls.iter().for_each(|call| walk(call, events));
    }
    walk(&root, &mut events);
    assert_eq!(events.len(), executed.outcome.logs.len());
    assert!(events.iter().all(|event| executed.outcome.logs.contains(event)));
    assert!(chain.simulate(&tx, Tracing::Off).unwrap().trace.is_none());
}

#[test]
fn tb_17_host_calls_are_traced_with_what_they_read_and_the_ink_between() {
    let (chain, contract, program) = pair();
    let data = Relay::countCall {}.abi_encode();
    let input = forward(contract, &data);
    let tx = call(&chain, program, input.clone());
    let plain = chain.simulate(&tx, Tracing::Off).unwrap();
    let traced = chain.simulate(&tx, Tracing::Hostio).unwrap();
    assert_eq!((plain.gas_used, plain.outcome.ink), (traced.gas_used, traced.outcome.ink), "tracing is free");
    let steps = traced.trace.unwrap().steps();
    assert_eq!(steps[0].name, "user_entrypoint");
    assert_eq!(steps[0].args, Bytes::from((input.len() as u32).to_be_bytes().to_vec()));
    assert_eq!(steps.last().unwrap().name, "user_returned");
    assert_eq!(steps.last().unwrap().outs, Bytes::from(vec![0; 4]));
    let read = steps.iter().find(|step| step.name == "read_args").unwrap();
    assert_eq!(read.outs, Bytes::from(input));
    let call = steps.iter().find(|step| step.name == "call_contract").unwrap();
    assert_eq!(&call.args[..20], contract.as_slice());
    assert_eq!(&call.args[20 + 8 + 32..], &data[..]);
    assert_eq!(call.outs, Bytes::from(hex!("0000002000").to_vec()));
    let (to, inside) = call.entered.as_ref().unwrap();
    assert_eq!((*to, inside.len()), (contract, 0));
    assert!(steps.windows(2).all(|pair| pair[0].end_ink >= pair[1].start_ink));
    assert_eq!(
        steps.iter().filter(|step| !step.name.starts_with("user_")).count() as u64,
        traced.outcome.hostio.values().map(|tally| tally.count).sum::<u64>()
    );
}

#[test]
fn tb_5_a_block_has_the_hash_that_was_set() {
    let mut chain = chain();
    chain.set_block_number(1_000);
    // BLOCKHASH of the first word of the input.
    chain.set_code(OTHER, hex!("5f35405f5260205ff3").to_vec());
    let ask = |chain: &Chain, number: u64| {
        let input = U256::from(number).to_be_bytes::<32>().to_vec();
        let tx = Transaction { to: Some(OTHER), gas: 100_000, input: input.into(), ..Transaction::default() };
        B256::from_slice(&chain.simulate(&tx, Tracing::Off).unwrap().outcome.output)
    };
    assert_ne!(ask(&chain, 999), B256::ZERO, "fixed until one is set");
    for number in 700..1_000 {
        chain.set_block_hash(number, B256::from(U256::from(number)));
    }
    assert_eq!((ask(&chain, 999), ask(&chain, 744)), (U256::from(999).into(), U256::from(744).into()));
    assert_eq!((ask(&chain, 1_000), ask(&chain, 743)), (B256::ZERO, B256::ZERO));
}

#[test]
fn tb_13_what_the_access_list_names_is_warm() {
    let mut chain = chain();
    chain.set_code(OTHER, hex!("5f545f55600154").to_vec()); // reads slot 0, writes it back, reads slot 1
    let plain = call(&chain, OTHER, vec![]);
    let listed = Transaction { access_list: vec![(OTHER, vec![B256::ZERO, B256::with_last_byte(1)])], ..plain.clone() };
    let gas = |tx: &Transaction| chain.simulate(tx, Tracing::Off).unwrap().outcome.gas_used;
    assert_eq!(gas(&plain) - gas(&listed), 2 * 2_000);
}

#[test]
fn tb_13_no_wei_come_and_none_go() {
    let (mut chain, contract, program) = pair();
    let total = |chain: &Chain| chain.export().iter().map(|account| account.balance).sum::<U256>();
    let before = total(&chain);
    let out_of_gas = Transaction { gas: 30_000, ..call(&chain, contract, Relay::countCall {}.abi_encode()) };
    let paid = Relay::relayCall { to: program, data: forward(OTHER, &[]).into() }.abi_encode();
    let transactions = [
        transfer(&chain, ether(1)),
        call(&chain, contract, Relay::refuseCall {}.abi_encode()),
        Transaction { value: ether(1), ..call(&chain, contract, Relay::refuseCall {}.abi_encode()) },
        Transaction { value: ether(1), ..call(&chain, contract, paid) },
        Transaction { to: None, input: hex!("fe").into(), value: ether(1), ..call(&chain, OTHER, vec![]) },
        Transaction { to: None, input: hex!("00").into(), value: ether(1), ..call(&chain, OTHER, vec![]) },
        out_of_gas,
    ];
    for tx in transactions {
        let tx = Transaction { nonce: Some(chain.nonce(USER)), ..tx };
        chain.execute(&tx, Tracing::Off).unwrap();
        assert_eq!(total(&chain), before);
    }
}

#[test]
fn tb_15_an_account_that_came_and_went_is_void() {
    let mut chain = chain();
    chain.track_changes(true);
    let mut copy = Chain::new();
    copy.import(&chain.export());
    let gone = USER.create(chain.nonce(USER));
    let tx = Transaction { to: None, gas: 100_000, input: hex!("33ff").into(), ..transfer(&chain, ether(1)) };
    assert!(chain.execute(&tx, Tracing::Off).unwrap().outcome.success);
    let changes = chain.drain_changes();
    assert!(changes.iter().any(|change| change.address == gone && change.whole && change.balance.is_zero()));
    copy.import(&changes);
    assert_eq!(copy.export(), chain.export());
}

#[test]
fn tb_17_calls_of_bytecode_and_creations_are_steps_of_their_own() {
    let (chain, contract, program) = pair();
    let outer = Relay::relayCall { to: program, data: vec![0].into() }.abi_encode();
    let traced = chain.simulate(&call(&chain, contract, outer), Tracing::Hostio).unwrap();
    let steps = traced.trace.unwrap().steps();
    let [step] = &steps[..] else { panic!("{steps:?}") };
    let (entered, inside) = step.entered.as_ref().unwrap();
    assert_eq!((step.name.as_str(), *entered), ("evm_call_contract", program));
    assert!(inside.iter().any(|step| step.name == "storage_load_bytes32" && step.args.len() + step.outs.len() == 64));

    // Mode 4 of the program creates: no value, code that leaves nothing.
    let create = [&[4][..], &[0; 32], &[0x00]].concat();
    let traced = chain.simulate(&call(&chain, program, create), Tracing::Hostio).unwrap();
    let steps = traced.trace.unwrap().steps();
    let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
    let at = names.iter().position(|name| *name == "evm_create1").unwrap();
    assert_eq!(names[at + 1], "create1");
    let created = steps[at].entered.as_ref().unwrap().0;
    assert_eq!(&steps[at + 1].outs[..20], created.as_slice());
    assert_eq!(steps[at + 1].args[32..], [0x00]);
}
