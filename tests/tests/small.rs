//! The walk for the two smallest contracts: no entry of theirs sets a parameter, and no key stops anything for long.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{sol, SolCall, SolValue};
use fusebox_testbed::{Chain, Tx};
use fusebox_tests::{powers::cases::writing, wasm, who, ALICE, BOB, DEPLOYER, GOVERNANCE};
use std::collections::BTreeSet;

sol! {
    function checked(uint32 market) returns (uint32);
    function pause(uint32[] scopes, uint8 classes, uint16 reason) returns (uint64);
    function plain(uint32 market, uint128 amount) returns (uint128);
    function spend(uint32 market, uint128 amount) returns (uint128);
    function withdraw(uint32 market, uint128 amount) returns (uint128);
    function exit(uint32 market, uint128 amount) returns (uint128);
    function plainClaim(uint128 id) returns (uint128);
    function claim(uint128 id) returns (uint128);
    function inflow(uint32 market, uint128 amount) returns (uint128);
    function rebase(uint32 market, uint128 liquidity) returns (uint128);
}

const GUARDIAN: Address = who(0xa3);
const DAY: u64 = 86_400;

fn set(signatures: &[&str]) -> BTreeSet<String> {
    signatures.iter().map(|one| (*one).to_owned()).collect()
}

#[test]
fn a_gauge_has_one_entry_that_writes_and_it_stops_for_a_day_at_most() {
    assert_eq!(writing(&["gauge"]), set(&[pauseCall::SIGNATURE]));
    let mut chain = Chain::new();
    let at = chain.deploy_wasm_with(DEPLOYER, &wasm("gauge"), GUARDIAN.abi_encode(), U256::ZERO).expect("gauge");
    let pause = pauseCall { scopes: vec![0, 1], classes: 31, reason: 1 };
    for other in [ALICE, DEPLOYER, at] {
        assert!(!chain.send(Tx::new(other, at, pause.abi_encode())).success, "{other} paused");
    }
    chain.call(GUARDIAN, at, &pause).expect("a pause");
    let check = |chain: &Chain| chain.query(ALICE, at, &checkedCall { market: 1 }).is_ok();
    assert!(!check(&chain));
    // Whatever it sends in every hour of three days: a day, and its grace of four hours.
    for hour in 1..72 {
        chain.advance(3_600);
        let _ = chain.send(Tx::new(GUARDIAN, at, pause.abi_encode()));
        assert_eq!(check(&chain), hour >= 28, "hour {hour}");
    }
}

#[test]
fn a_valve_has_no_entry_that_gives_anybody_a_bucket_that_refills() {
    let entries = [
        plainCall::SIGNATURE,
        spendCall::SIGNATURE,
        withdrawCall::SIGNATURE,
        exitCall::SIGNATURE,
        plainClaimCall::SIGNATURE,
        claimCall::SIGNATURE,
        inflowCall::SIGNATURE,
        rebaseCall::SIGNATURE,
    ];
    assert_eq!(writing(&["valve"]), set(&entries));
    let mut chain = Chain::new();
    let terms = (GOVERNANCE, 1_000u128, 1_000_000u128).abi_encode_params();
    let at = chain.deploy_wasm_with(DEPLOYER, &wasm("valve"), terms, U256::ZERO).expect("valve");
    chain.call(BOB, at, &spendCall { market: 1, amount: 90_000 }).expect("all of the main lane");
    // Extreme arguments of everything else, by anybody: none of it lets the next unit leave at once.
    for amount in [0, 1, u128::MAX >> 33, u128::MAX] {
        for data in [
            exitCall { market: 1, amount }.abi_encode(),
            claimCall { id: amount }.abi_encode(),
            plainClaimCall { id: amount }.abi_encode(),
            rebaseCall { market: 1, liquidity: amount }.abi_encode(),
            rebaseCall { market: 1, liquidity: 1_000_000 }.abi_encode(),
            plainCall { market: 1, amount }.abi_encode(),
        ] {
            let _ = chain.send(Tx::new(ALICE, at, data));
            let next = chain.view(Tx::new(BOB, at, spendCall { market: 1, amount: 1_000 }.abi_encode()));
            assert!(!next.success, "refilled with {amount}");
        }
    }
    // And it is no stop: a window and the wait of the longest ticket later it pays again.
    chain.advance(4 * DAY);
    chain.call(CAROL, at, &withdrawCall { market: 1, amount: 100 }).expect("paid again");
}

const CAROL: Address = who(0x13);
