//! Frames of both kinds calling each other, and what no vector covers: creation, block fields, transient storage.

use alloy_primitives::{address, hex, keccak256, Address, Bytes, B256, U256};
use alloy_sol_types::{sol, SolCall};
use fusebox_testbed::activation::deployed_code;
use fusebox_testbed::{pricing, wat2wasm, Chain, DeployError, OutcomeKind, Tx};

sol! {
    interface Relay {
        error Refused(uint256 count);
        event Relayed(address indexed to, uint256 count);
        function count() external view returns (uint256);
        function relay(address to, bytes data) external payable returns (bytes);
        function attempt(address to, bytes data) external returns (bool success, bytes output);
        function look(address to, bytes data) external view returns (bool success, bytes output);
        function lend(address to, bytes data) external returns (bytes);
        function make(bytes code, bytes32 salt) external payable returns (address made);
        function refuse() external;
    }
}

const USER: Address = address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
const NOBODY: Address = address!("00000000000000000000000000000000beef0001");

struct Pair {
    chain: Chain,
    contract: Address,
    program: Address,
}

fn initcode() -> Vec<u8> {
    hex::decode(include_str!("../examples/pair/Relay.hex").trim()).unwrap()
}

fn module() -> Vec<u8> {
    wat2wasm(include_bytes!("../examples/pair/forward.wat")).unwrap().to_vec()
}

fn pair() -> Pair {
    let mut chain = Chain::new();
    chain.fund(USER, U256::ONE << 64);
    let contract = chain.deploy_evm(USER, &initcode()).unwrap();
    let program = chain.deploy_wasm(USER, &module()).unwrap();
    Pair { chain, contract, program }
}

impl Pair {
    fn counts(&self) -> (u64, u64) {
        let contract = self.chain.query(USER, self.contract, &Relay::countCall {}).unwrap();
        let program: U256 = self.chain.storage(self.program, U256::ZERO).into();
        (contract.to(), program.to())
    }

    fn relay(&self, to: Address, data: Vec<u8>) -> Vec<u8> {
        Relay::relayCall { to, data: data.into() }.abi_encode()
    }
}

/// Input of the program for a mode that takes a target and data.
fn mode(number: u8, to: Address, data: &[u8]) -> Vec<u8> {
    [&[number], to.as_slice(), data].concat()
}

fn word(number: u64) -> [u8; 32] {
    U256::from(number).to_be_bytes()
}

#[test]
fn tb_2_a_revert_undoes_both_sides_however_deep() {
    let mut pair = pair();
    let refuse = Relay::refuseCall {}.abi_encode();
    let data = pair.relay(pair.program, mode(1, pair.contract, &refuse));
    let outcome = pair.chain.send(Tx::new(USER, pair.contract, data).value(U256::from(900)));
    assert_eq!(outcome.outcome, OutcomeKind::Revert);
    assert!(outcome.logs.is_empty());
    let revert = outcome.into_result().unwrap_err();
    // Counted by the contract before it called, seen when it was entered again, and gone.
    assert_eq!(revert.decode::<Relay::Refused>().unwrap().count, U256::from(2));
    assert_eq!(pair.counts(), (0, 0));
    assert_eq!(pair.chain.balance(pair.program), U256::ZERO);
    assert_eq!(pair.chain.balance(USER), U256::ONE << 64);
}

#[test]
fn tb_2_a_callee_that_fails_takes_only_its_own_with_it() {
    let mut pair = pair();
    // program, counts -> contract, counts and logs -> program, counts and traps
    let data = mode(2, pair.contract, &pair.relay(pair.program, vec![9]));
    let outcome = pair.chain.send(Tx::new(USER, pair.program, data));
    assert!(outcome.success);
    assert_eq!(outcome.output, [0]);
    assert!(outcome.logs.is_empty());
    assert_eq!(pair.counts(), (0, 1));
    // contract, counts -> program, counts -> contract, reverts: the contract lets it be
    let data = mode(1, pair.contract, &Relay::refuseCall {}.abi_encode());
    let attempt = Relay::attemptCall { to: pair.program, data: data.into() };
    let answer = pair.chain.call(USER, pair.contract, &attempt).unwrap();
    assert!(!answer.success);
    assert_eq!(pair.counts(), (1, 1));
}

#[test]
fn tb_3_a_callback_sees_what_was_flushed() {
    let mut pair = pair();
    let data = mode(1, pair.contract, &pair.relay(pair.program, vec![0]));
    let outcome = pair.chain.send(Tx::new(USER, pair.program, data));
    let returned = Relay::relayCall::abi_decode_returns(&outcome.output).unwrap();
    assert_eq!(returned[..], word(1));
    assert_eq!(outcome.event::<Relay::Relayed>().unwrap().to, pair.program);
}

#[test]
fn tb_3_a_callback_does_not_see_what_was_not_and_its_own_write_is_lost() {
    let mut pair = pair();
    let data = mode(3, pair.contract, &pair.relay(pair.program, vec![0]));
    let outcome = pair.chain.send(Tx::new(USER, pair.program, data));
    assert!(outcome.success);
    assert_eq!(outcome.calls[0].depth, 2);
    assert_eq!(outcome.calls[0].output[..], word(0));
    assert_eq!(pair.counts(), (1, 1));
    // The callback counts from 1 to 2 and flushes; the frame that waits had read 1, and writes 2 over it.
    let data = mode(3, pair.contract, &pair.relay(pair.program, mode(1, USER, &[])));
    assert!(pair.chain.send(Tx::new(USER, pair.program, data)).success);
    assert_eq!(pair.counts(), (2, 2));
}

#[test]
fn tb_4_create1_costs_what_is_documented_and_follows_the_nonce() {
    let mut pair = pair();
    let code = initcode();
    let data = [&[4][..], &word(0), &code].concat();
    let outcome = pair.chain.send(Tx::new(USER, pair.program, data));
    assert!(outcome.success);
    let made = pair.program.create(1);
    assert_eq!(outcome.output, [made.as_slice(), &[0; 4]].concat());
    assert_eq!(pair.chain.code(made), pair.chain.code(pair.contract));
    assert_eq!((pair.chain.nonce(made), pair.chain.nonce(pair.program)), (1, 2));
    let used = outcome.calls[0].gas_used;
    assert!(used > 200 * pair.chain.code(made).len() as u64);
    let ink = 83_193 + 2 * pricing::read(code.len()) + 10_000 * (32_000 + used);
    assert_eq!(outcome.hostio["create1"].ink, ink);
}

#[test]
fn tb_4_create2_costs_a_hash_more_and_follows_the_salt() {
    let mut pair = pair();
    let code = initcode();
    let data = [&[5][..], &word(77), &word(5), &code].concat();
    // The contract's constructor is not payable.
    let outcome = pair.chain.send(Tx::new(USER, pair.program, data).value(U256::from(77)));
    assert_eq!(outcome.output, [0; 24]);
    assert_eq!(pair.chain.balance(pair.program), U256::from(77));
    let data = [&[5][..], &word(0), &word(5), &code].concat();
    let outcome = pair.chain.send(Tx::new(USER, pair.program, data.clone()));
    let made = pair.program.create2(word(5), keccak256(&code));
    assert_eq!(outcome.output, [made.as_slice(), &[0; 4]].concat());
    let words = (code.len() as u64).div_ceil(32);
    let ink = 88_233 + 2 * pricing::read(code.len()) + 10_000 * (32_000 + 6 * words + outcome.calls[0].gas_used);
    assert_eq!(outcome.hostio["create2"].ink, ink);
    // Once more the address is taken: zero, and the gas that went with it is gone.
    let again = pair.chain.send(Tx::new(USER, pair.program, data));
    assert_eq!(again.output, [0; 24]);
    assert_eq!(again.calls[0].gas_used, again.calls[0].gas);
    assert_eq!(again.calls[0].outcome, OutcomeKind::Halt);
}

#[test]
fn tb_4_initialisation_that_reverts_leaves_its_data_and_no_address() {
    let mut pair = pair();
    let code = hex!("63deadbeef6000526004601cfd");
    let outcome = pair.chain.send(Tx::new(USER, pair.program, [&[4][..], &word(0), &code].concat()));
    assert_eq!(outcome.output, [&[0; 20][..], &4_u32.to_le_bytes()].concat());
    assert_eq!(outcome.calls[0].output[..], hex!("deadbeef"));
}

#[test]
fn tb_4_code_that_starts_with_ef_is_refused_unless_it_is_a_program() {
    let mut pair = pair();
    let code = hex!("61ef016000526002601ef3");
    let outcome = pair.chain.send(Tx::new(USER, pair.program, [&[4][..], &word(0), &code].concat()));
    assert_eq!(outcome.output, [0; 24]);

    let code = deployed_code(&module());
    let length = U256::from(code.len()).to_be_bytes::<32>();
    let code = [&hex!("7f")[..], &length, &hex!("80602b6000396000f300"), &code].concat();
    let make = Relay::makeCall { code: code.into(), salt: B256::ZERO };
    // The same code is active already, since activation is by code hash.
    let twin = pair.chain.call(USER, pair.contract, &make).unwrap();
    assert_eq!(pair.chain.code(twin), pair.chain.code(pair.program));
    assert!(pair.chain.send(Tx::new(USER, twin, mode(1, USER, &[]))).success);

    let mut fresh = Chain::new();
    let contract = fresh.deploy_evm(USER, &initcode()).unwrap();
    let made = fresh.call(USER, contract, &make).unwrap();
    assert_eq!(fresh.view(Tx::new(USER, made, vec![0])).outcome, OutcomeKind::NotRun);
    fresh.activate(made).unwrap();
    assert!(fresh.view(Tx::new(USER, made, vec![0])).success);
    assert_eq!(fresh.activate(contract).unwrap_err(), DeployError::NoProgram(contract));
}

#[test]
fn tb_5_block_and_transaction_answer_what_was_set() {
    let mut pair = pair();
    let coinbase = address!("00000000000000000000000000000000c01ba5e0");
    pair.chain.set_coinbase(coinbase);
    pair.chain.set_block_number(20_000_001);
    pair.chain.set_block_gas_limit(77_000_000);
    pair.chain.set_basefee(123);
    pair.chain.set_gas_price(456);
    let outcome = pair.chain.view(Tx::new(USER, pair.program, vec![8]).origin(NOBODY));
    let expected = [
        coinbase.as_slice(),
        &20_000_001_u64.to_le_bytes(),
        &77_000_000_u64.to_le_bytes(),
        &word(123),
        &word(456),
        NOBODY.as_slice(),
        USER.as_slice(),
        pair.program.as_slice(),
    ]
    .concat();
    assert_eq!(outcome.output, expected);
}

#[test]
fn tb_6_transient_storage_lasts_for_the_transaction_and_belongs_to_the_address() {
    let mut pair = pair();
    let twin = pair.chain.deploy_wasm(USER, &module()).unwrap();
    let load = [&[7][..], &word(1)].concat();
    let store_then = |to: Address, data: Vec<u8>| [&[12][..], &word(1), &word(7), to.as_slice(), &data].concat();
    let data = store_then(pair.contract, pair.relay(pair.program, load.clone()));
    let outcome = pair.chain.send(Tx::new(USER, pair.program, data));
    assert_eq!(Relay::relayCall::abi_decode_returns(&outcome.output).unwrap()[..], word(7));
    assert_eq!(outcome.hostio["transient_store_bytes32"].ink, 78_153 + 100 * 10_000);
    let outcome = pair.chain.send(Tx::new(USER, pair.program, store_then(twin, load.clone())));
    assert_eq!(outcome.output, word(0));
    assert_eq!(pair.chain.send(Tx::new(USER, pair.program, load)).output, word(0));
}

#[test]
fn tb_7_a_view_changes_nothing_and_a_failure_only_the_nonce() {
    let mut pair = pair();
    let data = pair.relay(pair.program, mode(1, NOBODY, &[]));
    let tx = Tx::new(USER, pair.contract, data).value(U256::from(5));
    let nonce = pair.chain.nonce(USER);
    let seen = pair.chain.view(tx.clone());
    assert!(seen.success);
    assert_eq!((pair.counts(), pair.chain.nonce(USER)), ((0, 0), nonce));
    let poor = pair.chain.send(tx.clone().gas(40_000));
    assert!(!poor.success);
    assert_eq!((pair.counts(), pair.chain.nonce(USER)), ((0, 0), nonce + 1));
    let sent = pair.chain.send(tx);
    assert_eq!((sent.gas_used, sent.output), (seen.gas_used, seen.output));
    assert_eq!((pair.counts(), pair.chain.balance(NOBODY)), ((1, 1), U256::from(5)));
}

#[test]
fn tb_8_a_snapshot_can_be_restored_any_number_of_times() {
    let mut pair = pair();
    let count = mode(1, USER, &[]);
    let zero = pair.chain.snapshot();
    pair.chain.send(Tx::new(USER, pair.program, count.clone()));
    pair.chain.advance(86_400);
    let one = pair.chain.snapshot();
    for _ in 0..3 {
        pair.chain.send(Tx::new(USER, pair.program, count.clone()));
        assert_eq!(pair.counts(), (0, 2));
        pair.chain.restore(&zero);
        assert_eq!((pair.counts(), pair.chain.timestamp()), ((0, 0), 1_700_000_000));
        pair.chain.restore(&one);
        assert_eq!((pair.counts(), pair.chain.timestamp()), ((0, 1), 1_700_086_400));
    }
}

#[test]
fn tb_9_nothing_writes_in_a_static_frame() {
    let mut pair = pair();
    let code = [&[4][..], &word(0), &initcode()].concat();
    let transient = [&[6][..], &word(1), &word(1)].concat();
    for data in [mode(1, NOBODY, &[]), code, transient] {
        let look = Relay::lookCall { to: pair.program, data: data.into() };
        assert!(!pair.chain.query(USER, pair.contract, &look).unwrap().success);
    }
    let look = Relay::lookCall { to: pair.program, data: Bytes::from_static(&[0]) };
    assert!(pair.chain.query(USER, pair.contract, &look).unwrap().success);
    let outcome = pair.chain.send(Tx::new(USER, pair.program, mode(10, pair.contract, &pair.relay(NOBODY, vec![]))));
    assert_eq!((outcome.success, outcome.output), (true, vec![0]));
    assert_eq!(pair.counts(), (0, 0));
}

#[test]
fn tb_10_borrowed_code_acts_on_the_borrower() {
    let mut pair = pair();
    let lend = Relay::lendCall { to: pair.program, data: mode(1, NOBODY, &[]).into() };
    pair.chain.call(USER, pair.contract, &lend).unwrap();
    assert_eq!(pair.counts(), (1, 0));
    let data = mode(11, pair.contract, &pair.relay(NOBODY, vec![]));
    let outcome = pair.chain.send(Tx::new(USER, pair.program, data));
    assert!(outcome.success);
    assert_eq!(outcome.logs[0].address, pair.program);
    assert_eq!(pair.counts(), (1, 1));
}

#[test]
fn tb_11_a_program_is_charged_as_cached_where_it_is() {
    let mut pair = pair();
    let figures = pair.chain.activation(pair.program).unwrap();
    let (cached, fresh) = (figures.program_cached_gas(), figures.program_cached_gas() + figures.program_init_gas());
    let enter = |pair: &mut Pair| pair.chain.send(Tx::new(USER, pair.program, vec![0])).gas_init;
    assert_eq!([enter(&mut pair), enter(&mut pair)], [fresh, fresh]);
    pair.chain.set_block_cache(true);
    assert_eq!([enter(&mut pair), enter(&mut pair)], [fresh, cached]);
    pair.chain.set_block_number(2);
    assert_eq!(enter(&mut pair), fresh);
    pair.chain.set_block_cache(false);
    pair.chain.set_cached(pair.program, true);
    assert_eq!(enter(&mut pair), cached);
}

#[test]
fn tb_12_frames_nest_a_thousand_deep_and_no_deeper() {
    let mut chain = Chain::new();
    chain.set_code(NOBODY, hex!("5f5f5f5f5f305af1")); // calls itself with all its gas
    let outcome = chain.send(Tx::new(USER, NOBODY, Bytes::new()).gas(u64::MAX / 20_000));
    assert!(outcome.success);
    assert_eq!(outcome.calls.len(), 1_025);
    assert_eq!((outcome.calls[0].depth, outcome.calls[0].success), (1_025, false));
    assert!(outcome.calls[1..].iter().all(|call| call.success));
}

#[test]
fn tb_12_programs_and_contracts_nest_in_turn() {
    let mut pair = pair();
    let mut data = mode(1, USER, &[]);
    for _ in 0..25 {
        data = mode(1, pair.contract, &pair.relay(pair.program, data));
    }
    let outcome = pair.chain.send(Tx::new(USER, pair.program, data).gas(1_000_000_000));
    assert!(outcome.success, "{:?}", outcome.note);
    assert_eq!(pair.counts(), (25, 26));
    assert_eq!(outcome.pages_ever, 26);
}

#[test]
fn a_precompile_answers_a_contract_and_a_program_alike() {
    let mut pair = pair();
    let sha = Address::with_last_byte(2);
    let direct = pair.chain.send(Tx::new(USER, pair.program, mode(1, sha, b"abc"))).output;
    let relayed = pair.chain.send(Tx::new(USER, pair.contract, pair.relay(sha, b"abc".to_vec()))).output;
    assert_eq!(direct, hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    assert_eq!(Relay::relayCall::abi_decode_returns(&relayed).unwrap()[..], direct);
}

#[test]
fn a_constructor_that_fails_deploys_nothing() {
    let mut chain = Chain::new();
    let refused = chain.deploy_evm(USER, &hex!("63deadbeef6000526004601cfd")).unwrap_err();
    assert!(matches!(refused, DeployError::Constructor(revert) if revert.data == hex!("deadbeef")));
    assert!(matches!(chain.deploy_wasm(USER, b"\0asm\x01\0\0\0"), Err(DeployError::Refused(_))));
    // Mode 0x55 does nothing, so the constructor's selector passes; what it sends stays with the program.
    chain.fund(USER, U256::from(10));
    let program = chain.deploy_wasm_with(USER, &module(), [], U256::from(3)).unwrap();
    assert_eq!(chain.balance(program), U256::from(3));
}
