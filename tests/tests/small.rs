//! The walk for the contracts beside the protocol: no entry of theirs sets a parameter, and no key stops anything for
//! long.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{sol, SolCall, SolValue};
use fusebox_testbed::{Chain, Tx};
use fusebox_tests::{creation, powers::cases::writing, wasm, who, ALICE, BOB, DEPLOYER, GOVERNANCE};
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
    function deposit(uint256 assets, address receiver) returns (uint256);
    function request(uint256 shares) returns (uint256);
    function cancel();
    function redeem(uint256 shares, address receiver, address owner) returns (uint256);
    function draw(uint256 domain, uint256 need, address to) returns (uint256);
    function recapitalise(uint256 assets) returns (uint256);
    function expose(uint256 domain, uint256 kind, uint256 units);
    function initialise(uint256[] words);
    function maxRedeem(address owner) returns (uint256);
    function maxWithdraw(address owner) returns (uint256);
    function mint(address to, uint256 amount);
    function approve(address spender, uint256 amount) returns (bool);
    function balanceOf(address who) returns (uint256);
}

mod of_an_account {
    alloy_sol_types::sol! {
        function claim(address owner) returns (uint256);
    }
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

#[test]
fn a_fund_has_no_entry_by_which_who_has_nothing_takes_or_stops_anything() {
    let entries = [
        depositCall::SIGNATURE,
        requestCall::SIGNATURE,
        cancelCall::SIGNATURE,
        redeemCall::SIGNATURE,
        of_an_account::claimCall::SIGNATURE,
        drawCall::SIGNATURE,
        recapitaliseCall::SIGNATURE,
        exposeCall::SIGNATURE,
        initialiseCall::SIGNATURE,
    ];
    assert_eq!(writing(&["fund", "fund-desk"]), set(&entries));
    let mut chain = Chain::new();
    let terms = ("Dollar".to_owned(), "USD".to_owned(), U256::from(6)).abi_encode_params();
    let token = chain.deploy_evm(DEPLOYER, &creation("TestToken", &terms)).expect("a token");
    let desk = chain.deploy_wasm(DEPLOYER, &wasm("fund-desk")).expect("the desk");
    let word = |address: Address| U256::from_be_slice(address.as_slice());
    let times = [10 * DAY, 4 * DAY, 3 * DAY, 14 * DAY];
    let fields = (0usize..).step_by(32).zip(times);
    let params = fields.fold(U256::from(1_000_000), |all, (at, secs)| all | (U256::from(secs) << (96 + at)));
    let cover = U256::from(1_000_000_000) | (U256::from(10_000) << 224) | (U256::from(7) << 240);
    let words = vec![word(desk), word(token), U256::ZERO, params, word(GUARDIAN), cover];
    let at = chain.deploy_wasm_with(DEPLOYER, &wasm("fund"), words.abi_encode(), U256::ZERO).expect("the fund");
    for user in [BOB, CAROL] {
        chain.call(user, token, &mintCall { to: user, amount: U256::from(50_000_000) }).expect("minted");
        chain.call(user, token, &approveCall { spender: at, amount: U256::MAX }).expect("approved");
        chain.call(user, at, &depositCall { assets: U256::from(50_000_000), receiver: user }).expect("staked");
    }
    let shares = U256::from(50_000_000_000u64);
    chain.call(BOB, at, &requestCall { shares }).expect("requested");
    chain.advance(10 * DAY);
    // Extreme arguments of everything, by who has nothing; of who draws for the only domain, for another.
    let most = U256::MAX;
    for amount in [U256::ZERO, U256::from(1), shares, U256::from(u128::MAX), most] {
        for kind in 0..5 {
            for data in [
                depositCall { assets: amount, receiver: BOB }.abi_encode(),
                requestCall { shares: amount }.abi_encode(),
                cancelCall {}.abi_encode(),
                redeemCall { shares: amount, receiver: ALICE, owner: BOB }.abi_encode(),
                redeemCall { shares: amount, receiver: ALICE, owner: ALICE }.abi_encode(),
                of_an_account::claimCall { owner: ALICE }.abi_encode(),
                drawCall { domain: U256::ZERO, need: amount, to: ALICE }.abi_encode(),
                recapitaliseCall { assets: amount }.abi_encode(),
                exposeCall { domain: U256::ZERO, kind: U256::from(kind), units: amount }.abi_encode(),
                initialiseCall { words: vec![word(token), amount, params, word(ALICE), cover] }.abi_encode(),
            ] {
                let _ = chain.send(Tx::new(ALICE, at, data));
            }
            let other = drawCall { domain: U256::from(kind + 1), need: amount, to: ALICE };
            assert!(chain.call(GUARDIAN, at, &other).is_err(), "drew for a domain that there is not");
        }
    }
    assert_eq!(chain.query(ALICE, token, &balanceOfCall { who: ALICE }).expect("a balance"), U256::ZERO);
    let (may, worth) = (maxRedeemCall { owner: BOB }, maxWithdrawCall { owner: BOB });
    assert_eq!(chain.query(BOB, at, &may).expect("a view"), shares);
    assert_eq!(chain.query(BOB, at, &worth).expect("a view"), U256::from(50_000_000));
    chain.call(BOB, at, &redeemCall { shares, receiver: BOB, owner: BOB }).expect("paid");
    // Who draws may say what it likes: without a deficit nothing is held back three days later.
    chain.call(CAROL, at, &requestCall { shares: shares / U256::from(2) }).expect("requested");
    chain.advance(10 * DAY);
    let incident = exposeCall { domain: U256::ZERO, kind: U256::ZERO, units: U256::from(1_000_000_000) };
    chain.call(GUARDIAN, at, &incident).expect("opened");
    assert_eq!(chain.query(CAROL, at, &maxWithdrawCall { owner: CAROL }).expect("a view"), U256::ZERO);
    for _ in 0..3 {
        chain.advance(DAY);
        let _ = chain.send(Tx::new(GUARDIAN, at, incident.abi_encode()));
    }
    assert_eq!(chain.query(CAROL, at, &maxWithdrawCall { owner: CAROL }).expect("a view"), U256::from(25_000_000));
}

const CAROL: Address = who(0x13);
