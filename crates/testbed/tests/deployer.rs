//! Programs spread over fragments, and the StylusDeployer.

use alloy_primitives::{address, hex, keccak256, Address, Bytes, B256, U256};
use alloy_sol_types::{sol, SolCall, SolError};
use fusebox_testbed::activation::deployed_code;
use fusebox_testbed::{wat2wasm, ArbOs, Chain, Executed, OutcomeKind, Tracing, Transaction, Tx, STYLUS_DEPLOYER};

sol! {
    interface StylusDeployer {
        event ContractDeployed(address deployedContract);
        error ContractInitializationError(address newContract, bytes data);
        error RefundExcessValueError(uint256 excessValue);
        error EmptyBytecode();
        error InitValueButNotInitData();
        function deploy(bytes bytecode, bytes initData, uint256 initValue, bytes32 salt)
            external payable returns (address);
        function initSalt(bytes32 salt, bytes initData) external pure returns (bytes32);
        function requiresActivation(address program) external view returns (bool);
    }
    interface ArbWasm {
        event ProgramActivated(
            bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version
        );
        error ProgramInsufficientValue(uint256 have, uint256 want);
        error ProgramNotWasm();
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
    }
}

const USER: Address = address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");
const FRAGMENT: [u8; 3] = hex!("eff001");
const ROOT: [u8; 4] = hex!("eff00200");

/// Sums value and first byte of its input into slot 0, and reverts with the input if that byte is 0xff.
const COUNTER: &str = r#"(module
    (import "vm_hooks" "read_args" (func $args (param i32)))
    (import "vm_hooks" "write_result" (func $result (param i32 i32)))
    (import "vm_hooks" "msg_value" (func $value (param i32)))
    (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
    (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param $length i32) (result i32)
        (call $args (i32.const 96))
        (call $value (i32.const 32))
        (if (i32.eq (i32.load8_u (i32.const 96)) (i32.const 0xff))
            (then (call $result (i32.const 96) (local.get $length)) (return (i32.const 1))))
        (call $cache (i32.const 0) (i32.const 32))
        (call $flush (i32.const 0))
        (call $result (i32.const 96) (local.get $length))
        (i32.const 0)))"#;

fn chain() -> Chain {
    let mut chain = Chain::with_arbos();
    chain.fund(USER, U256::from(10).pow(U256::from(20)));
    chain
}

fn finney() -> U256 {
    U256::from(10).pow(U256::from(15))
}

fn counter() -> Vec<u8> {
    deployed_code(&wat2wasm(COUNTER.as_bytes()).unwrap())
}

/// Creation code that leaves `code`.
fn initcode(code: &[u8]) -> Vec<u8> {
    [&[0x7f][..], &U256::from(code.len()).to_be_bytes::<32>(), &hex!("80602b6000396000f300"), code].concat()
}

fn send(chain: &mut Chain, to: Option<Address>, input: impl Into<Bytes>, value: U256) -> Executed {
    let nonce = Some(chain.nonce(USER));
    let (gas, max_fee_per_gas) = (32_000_000, Some(20_000_000));
    let input = input.into();
    let tx = Transaction { from: USER, to, nonce, gas, max_fee_per_gas, value, input, ..Transaction::default() };
    chain.execute(&tx, Tracing::Off).unwrap()
}

fn deploy_code(chain: &mut Chain, code: &[u8]) -> Option<Address> {
    send(chain, None, initcode(code), U256::ZERO).created
}

fn activate(chain: &mut Chain, program: Address) -> Executed {
    send(chain, Some(ARB_WASM), ArbWasm::activateProgramCall { program }.abi_encode(), finney())
}

/// A module of some 60,000 bytes that do not compress, which answers the first 32 of them.
fn large() -> Vec<u8> {
    let words = (0_u64..1_875).flat_map(|number| keccak256(number.to_be_bytes()).0);
    let data: String = words.map(|byte| format!("\\{byte:02x}")).collect();
    let text = format!(
        "(module (import \"vm_hooks\" \"write_result\" (func $result (param i32 i32)))
            (memory (export \"memory\") 1 1) (data (i32.const 0) \"{data}\")
            (func (export \"user_entrypoint\") (param i32) (result i32)
                (call $result (i32.const 0) (i32.const 32)) (i32.const 0)))"
    );
    wat2wasm(text.as_bytes()).unwrap().to_vec()
}

fn root(length: usize, fragments: &[Address]) -> Vec<u8> {
    let list: Vec<u8> = fragments.iter().flat_map(|address| address.to_vec()).collect();
    [&ROOT[..], &(length as u32).to_be_bytes(), &list].concat()
}

/// Deploys a module in `count` pieces; their addresses.
fn fragments(chain: &mut Chain, wasm: &[u8], count: usize) -> Vec<Address> {
    let compressed = &deployed_code(wasm)[4..];
    let pieces = compressed.chunks(compressed.len().div_ceil(count));
    pieces.map(|piece| deploy_code(chain, &[&FRAGMENT, piece].concat()).unwrap()).collect()
}

#[test]
fn tb_24_a_program_in_three_fragments_runs_as_one() {
    let mut chain = chain();
    let wasm = large();
    assert!(deploy_code(&mut chain, &deployed_code(&wasm)[..24_577]).is_none(), "longer than an account holds");
    let pieces = fragments(&mut chain, &wasm, 3);
    let program = deploy_code(&mut chain, &root(wasm.len(), &pieces)).unwrap();
    let mut free = chain.clone();
    assert_eq!(free.activate(program).unwrap(), free.activation(program).unwrap());
    assert!(free.view(Tx::new(USER, program, vec![])).success);
    let executed = activate(&mut chain, program);
    assert!(executed.outcome.success, "{:?}", executed.outcome.note);
    let event = executed.outcome.event::<ArbWasm::ProgramActivated>().unwrap();
    assert_eq!((event.program, event.codehash), (program, chain.code_hash(program)));
    let outcome = chain.view(Tx::new(USER, program, vec![]));
    assert_eq!(outcome.output, keccak256(0_u64.to_be_bytes()).0);
    assert_eq!(chain.activation(program).unwrap().wasm_len as usize, wasm.len());

    // A fragment is no program, and is not called.
    let fragment = activate(&mut chain, pieces[0]);
    assert!(ArbWasm::ProgramNotWasm::abi_decode(&fragment.outcome.output).is_ok());
    assert_eq!(chain.view(Tx::new(USER, pieces[0], vec![])).outcome, OutcomeKind::Halt);
}

#[test]
fn tb_24_four_fragments_pass_and_five_are_refused() {
    for (count, note) in [(4, None), (5, Some("program activation failed: 5 fragments, limit 4"))] {
        let mut chain = chain();
        let wasm = wat2wasm(COUNTER.as_bytes()).unwrap();
        let pieces = fragments(&mut chain, &wasm, count);
        assert_eq!(pieces.len(), count);
        let program = deploy_code(&mut chain, &root(wasm.len(), &pieces)).unwrap();
        let executed = activate(&mut chain, program);
        assert_eq!(executed.outcome.note.as_deref(), note);
        assert_eq!(chain.view(Tx::new(USER, program, vec![1])).success, count == 4);
    }
}

#[test]
fn tb_24_a_root_that_does_not_fit_its_fragments_is_refused() {
    let mut chain = chain();
    let wasm = wat2wasm(COUNTER.as_bytes()).unwrap();
    let pieces = fragments(&mut chain, &wasm, 2);
    let swapped = [pieces[1], pieces[0]];
    let cases = [
        (root(wasm.len() + 1, &pieces), "the root says"),
        (root(wasm.len(), &[pieces[0], USER]), "holds no fragment"),
        (root(wasm.len(), &swapped), "does not decompress"),
        (root(wasm.len(), &pieces[..1]), ""),
        (root(wasm.len(), &[]), "names no fragments"),
        (root(wasm.len(), &pieces)[..30].to_vec(), "names no fragments"),
    ];
    for (code, words) in cases {
        let program = deploy_code(&mut chain, &code).unwrap();
        let executed = activate(&mut chain, program);
        let note = executed.outcome.note.unwrap();
        assert!(note.starts_with("program activation failed: ") && note.contains(words), "{words}: {note}");
    }
}

#[test]
fn tb_24_a_chain_before_arbos_60_knows_no_fragments() {
    let mut chain = chain();
    chain.set_rules(fusebox_testbed::Rules { arbos: 51, stylus_version: 2, ..chain.rules() });
    assert!(deploy_code(&mut chain, &[&FRAGMENT[..], &[1, 2, 3]].concat()).is_none());
    assert!(deploy_code(&mut chain, &root(1, &[USER])).is_none());
    assert!(deploy_code(&mut chain, &counter()).is_some());
}

fn deploy(chain: &mut Chain, init: &[u8], init_value: U256, salt: B256, value: U256) -> Executed {
    let call = StylusDeployer::deployCall {
        bytecode: initcode(&counter()).into(),
        initData: init.to_vec().into(),
        initValue: init_value,
        salt,
    };
    send(chain, Some(STYLUS_DEPLOYER), call.abi_encode(), value)
}

fn made(executed: &Executed) -> Address {
    assert!(executed.outcome.success, "{:?} {:?}", executed.outcome.output, executed.outcome.note);
    executed.outcome.event::<StylusDeployer::ContractDeployed>().unwrap().deployedContract
}

#[test]
fn tb_25_the_deployer_creates_activates_initialises_and_gives_the_rest_back() {
    let mut chain = chain();
    let before = chain.balance(USER);
    let executed = deploy(&mut chain, &[7], U256::from(5), B256::ZERO, finney());
    let program = made(&executed);
    assert_eq!(program, STYLUS_DEPLOYER.create(1));
    let answer = StylusDeployer::deployCall::abi_decode_returns(&executed.outcome.output).unwrap();
    assert_eq!(answer, program);
    let fee = executed.outcome.event::<ArbWasm::ProgramActivated>().unwrap().dataFee;
    let gas = U256::from(executed.gas_used) * U256::from(chain.basefee());
    assert_eq!(before - chain.balance(USER), fee + U256::from(5) + gas);
    assert_eq!((chain.balance(program), chain.balance(STYLUS_DEPLOYER)), (U256::from(5), U256::ZERO));
    assert_eq!(chain.storage(program, U256::ZERO), B256::with_last_byte(5), "the constructor ran");
    assert!(!chain.query(USER, STYLUS_DEPLOYER, &StylusDeployer::requiresActivationCall { program }).unwrap());

    // The same code again is active already: no fee, everything but the constructor's value comes back.
    let before = chain.balance(USER);
    let executed = deploy(&mut chain, &[7], U256::from(5), B256::ZERO, finney());
    assert_ne!(made(&executed), program);
    assert!(executed.outcome.event::<ArbWasm::ProgramActivated>().is_none());
    let gas = U256::from(executed.gas_used) * U256::from(chain.basefee());
    assert_eq!(before - chain.balance(USER), U256::from(5) + gas);
}

#[test]
fn tb_25_a_salt_binds_the_address_to_the_data_of_the_constructor() {
    let mut chain = chain();
    let salt = B256::with_last_byte(3);
    let used = keccak256([salt.as_slice(), &[7]].concat());
    let asked = StylusDeployer::initSaltCall { salt, initData: vec![7].into() };
    assert_eq!(chain.query(USER, STYLUS_DEPLOYER, &asked).unwrap(), used);
    let program = made(&deploy(&mut chain, &[7], U256::ZERO, salt, finney()));
    assert_eq!(program, STYLUS_DEPLOYER.create2_from_code(used, initcode(&counter())));
    assert_ne!(made(&deploy(&mut chain, &[8], U256::ZERO, salt, finney())), program);
    assert!(!deploy(&mut chain, &[7], U256::ZERO, salt, finney()).outcome.success, "taken");
}

#[test]
fn tb_25_what_fails_in_the_deployer_leaves_nothing() {
    let mut chain = chain();
    let executed = deploy(&mut chain, &[7], U256::ZERO, B256::ZERO, U256::from(1));
    let short = ArbWasm::ProgramInsufficientValue::abi_decode(&executed.outcome.output).unwrap();
    assert_eq!(short.have, U256::from(1));
    let executed = deploy(&mut chain, &[0xff, 1], U256::ZERO, B256::ZERO, finney());
    let error = StylusDeployer::ContractInitializationError::abi_decode(&executed.outcome.output).unwrap();
    assert_eq!((error.newContract, error.data), (STYLUS_DEPLOYER.create(1), Bytes::from(vec![0xff, 1])));
    assert!(chain.code(STYLUS_DEPLOYER.create(1)).is_empty());
    let executed = deploy(&mut chain, &[], U256::from(1), B256::ZERO, finney());
    assert!(StylusDeployer::InitValueButNotInitData::abi_decode(&executed.outcome.output).is_ok());
    let empty = StylusDeployer::deployCall {
        bytecode: Bytes::new(),
        initData: Bytes::new(),
        initValue: U256::ZERO,
        salt: B256::ZERO,
    };
    let executed = send(&mut chain, Some(STYLUS_DEPLOYER), empty.abi_encode(), U256::ZERO);
    assert!(StylusDeployer::EmptyBytecode::abi_decode(&executed.outcome.output).is_ok());
    assert_eq!(chain.balance(STYLUS_DEPLOYER), U256::ZERO);

    let program = made(&deploy(&mut chain, &[], U256::ZERO, B256::ZERO, finney()));
    assert_eq!(chain.storage(program, U256::ZERO), B256::ZERO, "no data, no constructor");
}

#[test]
fn tb_25_the_deployer_is_that_of_its_source() {
    let artifacts: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/solidity/artifacts.json")).unwrap();
    let compiled = artifacts["StylusDeployer"]["bytecode"].as_str().unwrap();
    assert_eq!(compiled.trim_start_matches("0x"), include_str!("../src/arbos/StylusDeployer.hex").trim());
    let mut chain = Chain::new();
    assert!(chain.code(STYLUS_DEPLOYER).is_empty());
    chain.set_arbos(ArbOs::default());
    chain.install_deployer();
    assert!(compiled.contains(&hex::encode(chain.code(STYLUS_DEPLOYER))));
}
