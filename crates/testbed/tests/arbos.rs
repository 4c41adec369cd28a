//! The precompiles of ArbOS, and programs that are activated by transaction, age and expire.

use alloy_primitives::{address, hex, keccak256, Address, Bytes, B256, U256};
use alloy_sol_types::{sol, SolCall, SolError};
use fusebox_testbed::activation::{deployed_code, Rules};
use fusebox_testbed::{wat2wasm, Chain, Executed, OutcomeKind, Tracing, Transaction, Tx};

sol! {
    interface ArbWasm {
        event ProgramActivated(
            bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version
        );
        event ProgramLifetimeExtended(bytes32 indexed codehash, uint256 dataFee);
        error ProgramNotWasm();
        error ProgramNotActivated();
        error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion);
        error ProgramExpired(uint64 ageInSeconds);
        error ProgramUpToDate();
        error ProgramKeepaliveTooSoon(uint64 ageInSeconds);
        error ProgramInsufficientValue(uint256 have, uint256 want);
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        function codehashKeepalive(bytes32 codehash) external payable;
        function stylusVersion() external view returns (uint16);
        function codehashVersion(bytes32 codehash) external view returns (uint16);
        function codehashAsmSize(bytes32 codehash) external view returns (uint32);
        function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
        function programMemoryFootprint(address program) external view returns (uint16);
        function programTimeLeft(address program) external view returns (uint64);
        function activationGas() external view returns (uint64);
        function minInitGas() external view returns (uint64 gas, uint64 cached);
    }
    interface ArbWasmCache {
        event UpdateProgramCache(address indexed manager, bytes32 indexed codehash, bool cached);
        function allCacheManagers() external view returns (address[] memory);
        function cacheProgram(address addr) external;
        function evictCodehash(bytes32 codehash) external;
        function codehashIsCached(bytes32 codehash) external view returns (bool);
    }
    interface ArbSys {
        error InvalidBlockNumber(uint256 requested, uint256 current);
        function arbBlockNumber() external view returns (uint256);
        function arbBlockHash(uint256 number) external view returns (bytes32);
        function arbChainID() external view returns (uint256);
        function arbOSVersion() external view returns (uint256);
        function isTopLevelCall() external view returns (bool);
        function mapL1SenderContractAddressToL2Alias(address sender, address unused) external pure returns (address);
    }
    interface ArbInfo {
        function getBalance(address account) external view returns (uint256);
        function getCode(address account) external view returns (bytes memory);
    }
    interface ArbOwnerPublic {
        function getMaxStylusContractFragments() external view returns (uint8);
        function getAllChainOwners() external view returns (address[] memory);
    }
    interface ArbGasInfo {
        function getPricesInWei() external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getMinimumGasPrice() external view returns (uint256);
        function getCurrentTxL1GasFees() external view returns (uint256);
    }
    interface Relay {
        function relay(address to, bytes data) external payable returns (bytes);
        function attempt(address to, bytes data) external returns (bool success, bytes output);
        function lend(address to, bytes data) external returns (bytes);
        function refuse() external;
    }
}

const USER: Address = address!("f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
const ARB_SYS: Address = address!("0000000000000000000000000000000000000064");
const ARB_INFO: Address = address!("0000000000000000000000000000000000000065");
const ARB_OWNER_PUBLIC: Address = address!("000000000000000000000000000000000000006b");
const ARB_GAS_INFO: Address = address!("000000000000000000000000000000000000006c");
const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");
const ARB_WASM_CACHE: Address = address!("0000000000000000000000000000000000000072");
const DAY: u64 = 86_400;
const HOUR: u64 = 3_600;

fn chain() -> Chain {
    let mut chain = Chain::with_arbos();
    chain.fund(USER, U256::from(10).pow(U256::from(20)));
    chain.set_timestamp(1_421_388_000 + 10_000 * DAY); // a full hour as ArbOS counts them
    chain
}

fn module() -> Vec<u8> {
    wat2wasm(include_bytes!("../examples/pair/forward.wat")).unwrap().to_vec()
}

/// Creation code that leaves `code`.
fn initcode(code: &[u8]) -> Vec<u8> {
    [&[0x7f][..], &U256::from(code.len()).to_be_bytes::<32>(), &hex!("80602b6000396000f300"), code].concat()
}

fn send(chain: &mut Chain, to: Option<Address>, input: impl Into<Bytes>, value: U256) -> Executed {
    let nonce = Some(chain.nonce(USER));
    let (gas, max_fee_per_gas) = (30_000_000, Some(20_000_000));
    let input = input.into();
    let tx = Transaction { from: USER, to, nonce, gas, max_fee_per_gas, value, input, ..Transaction::default() };
    chain.execute(&tx, Tracing::Off).unwrap()
}

fn deploy_code(chain: &mut Chain, code: &[u8]) -> Address {
    let executed = send(chain, None, initcode(code), U256::ZERO);
    assert!(executed.outcome.success, "{:?}", executed.outcome);
    executed.created.unwrap()
}

fn deploy(chain: &mut Chain) -> Address {
    deploy_code(chain, &deployed_code(&module()))
}

fn activate(chain: &mut Chain, program: Address, value: U256) -> Executed {
    send(chain, Some(ARB_WASM), ArbWasm::activateProgramCall { program }.abi_encode(), value)
}

fn finney() -> U256 {
    U256::from(10).pow(U256::from(15))
}

/// A chain with a program that was activated at its present time.
fn active() -> (Chain, Address, B256) {
    let mut chain = chain();
    let program = deploy(&mut chain);
    assert!(activate(&mut chain, program, finney()).outcome.success);
    let hash = chain.code_hash(program);
    (chain, program, hash)
}

fn reverts<E: SolError>(executed: &Executed) -> E {
    assert_eq!(executed.outcome.outcome, OutcomeKind::Revert, "{:?}", executed.outcome.note);
    E::abi_decode(&executed.outcome.output).unwrap()
}

fn count(chain: &Chain, program: Address) -> fusebox_testbed::Outcome {
    chain.view(Tx::new(USER, program, vec![0]))
}

#[test]
fn tb_19_a_program_is_deployed_by_transaction_and_runs_once_it_is_activated() {
    let mut chain = chain();
    let program = deploy(&mut chain);
    assert_eq!(chain.code(program)[..4], [0xef, 0xf0, 0, 0]);
    let outcome = count(&chain, program);
    assert_eq!((outcome.outcome, outcome.note.as_deref()), (OutcomeKind::NotRun, Some("ProgramNotActivated()")));

    let treasury = chain.arbos().unwrap().network_fee_account;
    let before = chain.balance(USER);
    let executed = activate(&mut chain, program, finney());
    let event = executed.outcome.event::<ArbWasm::ProgramActivated>().unwrap();
    assert_eq!((event.codehash, event.program, event.version), (chain.code_hash(program), program, 3));
    let answer = ArbWasm::activateProgramCall::abi_decode_returns(&executed.outcome.output).unwrap();
    assert_eq!((answer.version, answer.dataFee), (3, event.dataFee));
    assert_eq!(chain.balance(treasury), event.dataFee);
    assert_eq!(chain.balance(ARB_WASM), U256::ZERO);
    let gas = U256::from(executed.gas_used) * U256::from(chain.basefee());
    assert_eq!(before - chain.balance(USER), event.dataFee + gas, "what was sent in excess came back");

    let figures = chain.activation(program).unwrap();
    let least = U256::from(figures.data_fee_wei());
    assert!(event.dataFee > least && event.dataFee < least + least / U256::from(20), "{} {least}", event.dataFee);
    assert!(executed.gas_used > figures.activation_total_gas());
    assert!(executed.gas_used < figures.activation_total_gas() + 100_000);
    assert!(count(&chain, program).success);

    // The same figures as where deploying is free.
    let mut plain = Chain::new();
    let free = plain.deploy_wasm(USER, &module()).unwrap();
    assert_eq!(count(&plain, free).gas_used, count(&chain, program).gas_used);
}

#[test]
fn tb_19_activation_refuses_what_a_chain_refuses() {
    let mut chain = chain();
    let program = deploy(&mut chain);
    let error: ArbWasm::ProgramInsufficientValue = reverts(&activate(&mut chain, program, U256::from(1)));
    assert_eq!(error.have, U256::from(1));
    let exact = activate(&mut chain.clone(), program, error.want);
    assert!(exact.outcome.success);
    let short: ArbWasm::ProgramInsufficientValue =
        reverts(&activate(&mut chain.clone(), program, error.want - U256::from(1)));
    assert_eq!(short.want, error.want, "a failed activation is no demand");

    reverts::<ArbWasm::ProgramNotWasm>(&activate(&mut chain, USER, finney()));
    assert!(activate(&mut chain, program, finney()).outcome.success);
    reverts::<ArbWasm::ProgramUpToDate>(&activate(&mut chain, program, finney()));

    let raw = include_bytes!("../vectors/wasm/probe-raw.wasm");
    let float = include_bytes!("../vectors/wasm/act-float-op.wasm");
    let entry = include_bytes!("../vectors/wasm/act-no-entrypoint.wasm");
    let grow = include_bytes!("../vectors/wasm/act-grow-unpaid.wasm");
    for (wasm, words) in [
        (&raw[..], "zero byte expected"),
        (&float[..], "float"),
        (&entry[..], "user_entrypoint"),
        (&grow[..], "pay_for_memory_grow"),
    ] {
        let refused = deploy_code(&mut chain, &deployed_code(wasm));
        let executed = activate(&mut chain, refused, finney());
        let note = executed.outcome.note.unwrap();
        assert!(note.starts_with("program activation failed: ") && note.contains(words), "{note}");
        assert_eq!(executed.gas_used, 30_000_000, "all gas is taken");
    }
}

#[test]
fn tb_19_an_activation_that_is_reverted_never_was() {
    let mut chain = chain();
    let program = deploy(&mut chain);
    let relay =
        chain.deploy_evm(USER, &hex::decode(include_str!("../examples/pair/Relay.hex").trim()).unwrap()).unwrap();
    let data = ArbWasm::activateProgramCall { program }.abi_encode();
    let inner = Relay::relayCall { to: ARB_WASM, data: data.into() }.abi_encode();
    let relayed = send(&mut chain.clone(), Some(relay), inner.clone(), finney());
    assert!(relayed.outcome.success, "a contract may activate");

    // CALL relay with value and all input, then REVERT.
    let mut code = hex!("365f5f37 5f5f 36 5f 34 73").to_vec();
    code.extend_from_slice(relay.as_slice());
    code.extend_from_slice(&hex!("5a f1 60005260205ffd"));
    let undoer = address!("00000000000000000000000000000000000dead0");
    chain.set_code(undoer, code);
    let executed = send(&mut chain, Some(undoer), inner, finney());
    assert_eq!(executed.outcome.output, U256::from(1).to_be_bytes::<32>(), "the activation inside succeeded");
    assert!(!executed.outcome.success);
    assert_eq!(count(&chain, program).note.as_deref(), Some("ProgramNotActivated()"));
    assert_eq!(chain.balance(chain.arbos().unwrap().network_fee_account), U256::ZERO);
}

#[test]
fn tb_19_paused_activations_fail_for_lack_of_gas() {
    let mut chain = chain();
    let program = deploy(&mut chain);
    let mut arbos = chain.arbos().unwrap().clone();
    arbos.activation_gas = u64::MAX;
    chain.set_arbos(arbos);
    let executed = activate(&mut chain, program, finney());
    assert_eq!((executed.outcome.outcome, executed.outcome.output.len()), (OutcomeKind::Revert, 0));
    assert_eq!(chain.query(USER, ARB_WASM, &ArbWasm::activationGasCall {}).unwrap(), u64::MAX);
}

#[test]
fn tb_20_a_program_expires_after_365_days_and_lives_again_once_activated() {
    let (mut chain, program, hash) = active();
    let activated = chain.timestamp();
    let left = |chain: &Chain| chain.query(USER, ARB_WASM, &ArbWasm::programTimeLeftCall { program });
    assert_eq!(left(&chain).unwrap(), 365 * DAY);
    chain.set_timestamp(activated + 365 * DAY);
    assert!(count(&chain, program).success);
    assert_eq!(left(&chain).unwrap(), 0);

    chain.set_timestamp(activated + 365 * DAY + 1);
    let age = 365 * DAY + 1;
    let outcome = count(&chain, program);
    assert_eq!((outcome.outcome, outcome.gas_used), (OutcomeKind::NotRun, Tx::DEFAULT_GAS));
    assert_eq!(outcome.note, Some(format!("ProgramExpired({age})")));
    let error = left(&chain).unwrap_err().decode::<ArbWasm::ProgramExpired>().unwrap();
    assert_eq!(error.ageInSeconds, age);
    let keepalive = ArbWasm::codehashKeepaliveCall { codehash: hash }.abi_encode();
    reverts::<ArbWasm::ProgramExpired>(&send(&mut chain, Some(ARB_WASM), keepalive, finney()));

    assert!(activate(&mut chain, program, finney()).outcome.success);
    assert!(count(&chain, program).success);
}

#[test]
fn tb_20_a_program_is_kept_alive_after_31_days_and_no_earlier() {
    let (mut chain, program, hash) = active();
    let activated = chain.timestamp();
    let keepalive = ArbWasm::codehashKeepaliveCall { codehash: hash }.abi_encode();
    chain.set_timestamp(activated + 31 * DAY - 1);
    let early = send(&mut chain, Some(ARB_WASM), keepalive.clone(), finney());
    assert_eq!(reverts::<ArbWasm::ProgramKeepaliveTooSoon>(&early).ageInSeconds, 31 * DAY - 1);

    chain.set_timestamp(activated + 31 * DAY);
    let unpaid = send(&mut chain, Some(ARB_WASM), keepalive.clone(), U256::ZERO);
    let want = reverts::<ArbWasm::ProgramInsufficientValue>(&unpaid).want;
    let paid = send(&mut chain, Some(ARB_WASM), keepalive, finney());
    let event = paid.outcome.event::<ArbWasm::ProgramLifetimeExtended>().unwrap();
    assert_eq!((event.codehash, event.dataFee), (hash, want));
    chain.set_timestamp(activated + (31 + 365) * DAY);
    assert!(count(&chain, program).success);
    chain.advance(1);
    assert!(!count(&chain, program).success);
}

#[test]
fn tb_20_age_counts_from_the_start_of_the_hour() {
    let mut chain = chain();
    chain.advance(HOUR - 1);
    let program = deploy(&mut chain);
    assert!(activate(&mut chain, program, finney()).outcome.success);
    let left = chain.query(USER, ARB_WASM, &ArbWasm::programTimeLeftCall { program }).unwrap();
    assert_eq!(left, 365 * DAY - (HOUR - 1));
}

#[test]
fn tb_20_a_program_of_an_older_version_is_activated_again() {
    let (mut chain, program, hash) = active();
    chain.set_rules(Rules { stylus_version: 2, ..chain.rules() });
    assert_eq!(count(&chain, program).note.as_deref(), Some("ProgramNeedsUpgrade(3, 2)"));
    let asked = chain.query(USER, ARB_WASM, &ArbWasm::codehashVersionCall { codehash: hash }).unwrap_err();
    let error = asked.decode::<ArbWasm::ProgramNeedsUpgrade>().unwrap();
    assert_eq!((error.version, error.stylusVersion), (3, 2));
    assert!(activate(&mut chain, program, finney()).outcome.success);
    assert_eq!(chain.query(USER, ARB_WASM, &ArbWasm::codehashVersionCall { codehash: hash }).unwrap(), 2);
    assert!(count(&chain, program).success);
}

#[test]
fn tb_20_times_and_versions_are_part_of_the_exported_state() {
    let (chain, program, _) = active();
    let mut copy = Chain::with_arbos();
    copy.import(&chain.export());
    copy.set_timestamp(chain.timestamp());
    assert_eq!(copy.export(), chain.export());
    assert_eq!(count(&copy, program).gas_used, count(&chain, program).gas_used);
    copy.advance(366 * DAY);
    assert!(count(&copy, program).note.unwrap().starts_with("ProgramExpired("));
}

#[test]
fn tb_21_the_data_fee_rises_with_demand_and_falls_with_time() {
    let mut chain = chain();
    let mut fees = Vec::new();
    let mut programs = Vec::new();
    for salt in 0..3_u8 {
        // A different data segment makes another module of the same length.
        let text = format!(
            "(module (memory (export \"memory\") 1 1) (data (i32.const 0) \"{salt}\")
            (func (export \"user_entrypoint\") (param i32) (result i32) (i32.const 0)))"
        );
        programs.push(deploy_code(&mut chain, &deployed_code(&wat2wasm(text.as_bytes()).unwrap())));
    }
    let mut later = chain.clone();
    for program in &programs {
        let executed = activate(&mut chain, *program, finney());
        fees.push(executed.outcome.event::<ArbWasm::ProgramActivated>().unwrap().dataFee);
    }
    assert!(fees[0] < fees[1] && fees[1] < fees[2], "{fees:?}");
    let first = activate(&mut later, programs[0], finney()).outcome.event::<ArbWasm::ProgramActivated>().unwrap();
    later.advance(60);
    let second = activate(&mut later, programs[1], finney()).outcome.event::<ArbWasm::ProgramActivated>().unwrap();
    assert_eq!((first.dataFee, second.dataFee), (fees[0], fees[0]), "a minute takes 2 MB of demand away");
}

#[test]
fn tb_22_a_manager_caches_and_evicts_and_nobody_else() {
    let (mut chain, program, hash) = active();
    let cache = ArbWasmCache::cacheProgramCall { addr: program }.abi_encode();
    let refused = send(&mut chain, Some(ARB_WASM_CACHE), cache.clone(), U256::ZERO);
    assert_eq!((refused.outcome.outcome, refused.gas_used), (OutcomeKind::Revert, 30_000_000));
    let mut arbos = chain.arbos().unwrap().clone();
    arbos.cache_managers.push(USER);
    chain.set_arbos(arbos);
    assert_eq!(chain.query(USER, ARB_WASM_CACHE, &ArbWasmCache::allCacheManagersCall {}).unwrap(), vec![USER]);

    let uncached = count(&chain, program).gas_init;
    let executed = send(&mut chain, Some(ARB_WASM_CACHE), cache.clone(), U256::ZERO);
    let event = executed.outcome.event::<ArbWasmCache::UpdateProgramCache>().unwrap();
    assert_eq!((event.manager, event.codehash, event.cached), (USER, hash, true));
    let asked = ArbWasmCache::codehashIsCachedCall { codehash: hash };
    assert!(chain.query(USER, ARB_WASM_CACHE, &asked).unwrap());
    let gas = chain.query(USER, ARB_WASM, &ArbWasm::programInitGasCall { program }).unwrap();
    assert_eq!(uncached - count(&chain, program).gas_init, gas.gas - gas.gasWhenCached);
    assert!(send(&mut chain, Some(ARB_WASM_CACHE), cache, U256::ZERO).outcome.logs.is_empty(), "nothing to do");

    let evict = ArbWasmCache::evictCodehashCall { codehash: hash }.abi_encode();
    assert!(send(&mut chain, Some(ARB_WASM_CACHE), evict, U256::ZERO).outcome.success);
    assert_eq!(count(&chain, program).gas_init, uncached);
}

#[test]
fn tb_23_precompiles_answer_what_was_set() {
    let (mut chain, program, hash) = active();
    let hash_7 = keccak256("seven");
    chain.set_arb_block_number(300);
    chain.set_arb_block_hash(299, hash_7);
    assert_eq!(chain.query(USER, ARB_SYS, &ArbSys::arbBlockNumberCall {}).unwrap(), U256::from(300));
    assert_eq!(chain.query(USER, ARB_SYS, &ArbSys::arbBlockHashCall { number: U256::from(299) }).unwrap(), hash_7);
    assert!(chain.query(USER, ARB_SYS, &ArbSys::arbBlockHashCall { number: U256::from(44) }).is_ok());
    for number in [300, 43] {
        let asked = ArbSys::arbBlockHashCall { number: U256::from(number) };
        let revert = chain.query(USER, ARB_SYS, &asked).unwrap_err();
        assert_eq!(revert.decode::<ArbSys::InvalidBlockNumber>().unwrap().current, U256::from(300));
    }
    assert_eq!(chain.query(USER, ARB_SYS, &ArbSys::arbChainIDCall {}).unwrap(), U256::from(42_161));
    assert_eq!(chain.query(USER, ARB_SYS, &ArbSys::arbOSVersionCall {}).unwrap(), U256::from(115));
    let alias = ArbSys::mapL1SenderContractAddressToL2AliasCall { sender: Address::ZERO, unused: Address::ZERO };
    let aliased = chain.query(USER, ARB_SYS, &alias).unwrap();
    assert_eq!(aliased, address!("1111000000000000000000000000000000001111"));

    let balance = chain.query(USER, ARB_INFO, &ArbInfo::getBalanceCall { account: USER }).unwrap();
    assert_eq!(balance, chain.balance(USER));
    let code = chain.query(USER, ARB_INFO, &ArbInfo::getCodeCall { account: program }).unwrap();
    assert_eq!(code, chain.code(program));
    let fragments = chain.query(USER, ARB_OWNER_PUBLIC, &ArbOwnerPublic::getMaxStylusContractFragmentsCall {});
    assert_eq!(fragments.unwrap(), 4);
    let prices = chain.query(USER, ARB_GAS_INFO, &ArbGasInfo::getPricesInWeiCall {}).unwrap();
    assert_eq!(prices._5, U256::from(chain.basefee()));
    let fees = chain.query(USER, ARB_GAS_INFO, &ArbGasInfo::getCurrentTxL1GasFeesCall {}).unwrap();
    assert_eq!(fees, U256::ZERO);

    let figures = chain.activation(program).unwrap();
    let size = chain.query(USER, ARB_WASM, &ArbWasm::codehashAsmSizeCall { codehash: hash }).unwrap();
    assert_eq!(size, figures.asm_estimate.div_ceil(1024) * 1024);
    let gas = chain.query(USER, ARB_WASM, &ArbWasm::programInitGasCall { program }).unwrap();
    assert_eq!(gas.gasWhenCached, figures.program_cached_gas());
    assert_eq!(gas.gas, figures.program_init_gas() + figures.program_cached_gas());
    let least = chain.query(USER, ARB_WASM, &ArbWasm::minInitGasCall {}).unwrap();
    assert_eq!((least.gas, least.cached), (8_832, 352));
    assert_eq!(chain.query(USER, ARB_WASM, &ArbWasm::programMemoryFootprintCall { program }).unwrap(), 1);
}

#[test]
fn tb_23_precompiles_take_no_value_where_they_are_not_payable_write_nothing_in_a_static_frame_and_lend_no_code() {
    let (mut chain, program, _) = active();
    let relay =
        chain.deploy_evm(USER, &hex::decode(include_str!("../examples/pair/Relay.hex").trim()).unwrap()).unwrap();
    let number = ArbSys::arbBlockNumberCall {}.abi_encode();
    assert!(!chain.view(Tx::new(USER, ARB_SYS, number.clone()).value(U256::from(1))).success);
    assert!(!chain.view(Tx::new(USER, ARB_SYS, vec![1, 2, 3, 4])).success, "no such function");
    assert!(!chain.view(Tx::new(USER, ARB_SYS, vec![])).success, "no function");
    let keepalive = ArbWasm::codehashKeepaliveCall { codehash: chain.code_hash(program) }.abi_encode();
    chain.advance(40 * DAY);
    let tx = Tx::new(USER, ARB_WASM, keepalive).value(finney());
    assert!(chain.view(tx.clone()).success);
    assert!(!chain.view(tx.read_only()).success);
    let borrowed = Relay::lendCall { to: ARB_SYS, data: number.clone().into() };
    assert!(chain.call(USER, relay, &borrowed).is_err());
    // From a contract and from a program.
    let called = Relay::relayCall { to: ARB_SYS, data: number.clone().into() };
    assert_eq!(chain.call(USER, relay, &called).unwrap().len(), 32);
    let forward = [&[1][..], ARB_SYS.as_slice(), &number].concat();
    assert_eq!(chain.send(Tx::new(USER, program, forward)).output.len(), 32);
    let top = ArbSys::isTopLevelCallCall {}.abi_encode();
    let asked = |data: Vec<u8>, to: Address| chain.view(Tx::new(USER, to, data)).output.last() == Some(&1);
    let relayed = |to: Address, data: Vec<u8>| Relay::relayCall { to, data: data.into() }.abi_encode();
    let forwarded = [&[1][..], ARB_SYS.as_slice(), &top].concat();
    assert!(asked(top.clone(), ARB_SYS) && asked(forwarded.clone(), program));
    let nested = chain.view(Tx::new(USER, relay, relayed(program, forwarded))).output;
    assert_eq!(nested[64..], [0; 32], "called by a contract that a contract called");
    assert_eq!(chain.code(ARB_SYS).len(), 1, "a contract that asks for code before it calls finds some");
}

#[test]
fn tb_23_without_arbos_nothing_answers() {
    let chain = Chain::new();
    assert!(chain.arbos().is_none() && chain.code(ARB_SYS).is_empty());
    let outcome = chain.view(Tx::new(USER, ARB_SYS, ArbSys::arbBlockNumberCall {}.abi_encode()));
    assert!(outcome.success && outcome.output.is_empty());
}
