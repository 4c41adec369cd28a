//! The limiter in the smallest contract that has one, on the built program.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{sol, SolCall, SolError, SolValue};
use fusebox_testbed::{Chain, Tx};
use fusebox_tests::{wasm, who, ALICE, BOB, DEPLOYER, GOVERNANCE};

sol! {
    #![sol(all_derives)]

    function spend(uint32 market, uint128 amount) returns (uint128);
    function withdraw(uint32 market, uint128 amount) returns (uint128);
    function exit(uint32 market, uint128 amount) returns (uint128 id);
    function claim(uint128 id) returns (uint128 amount);
    function inflow(uint32 market, uint128 amount) returns (uint128);
    function rebase(uint32 market, uint128 liquidity) returns (uint128);

    error BucketNotConfigured(uint64 windowMins, uint64 bound);
    error LimitExceeded(uint128 amount, uint128 available, uint64 earliest);
    error AboveCapacity(uint128 amount, uint128 bound);
    error TicketNotReady(uint64 ready, uint64 now);
    error UnknownTicket(uint128 id);
    error BucketFloor(uint128 value, uint128 bound);
    error UnknownMarket(uint32 market, uint32 listed);

    event TicketIssued(uint128 indexed id, address indexed owner, uint128 amount, uint64 ready);
    event TicketClaimed(uint128 indexed id, address indexed owner, uint128 amount);
}

const MARKET: u32 = 1;
const DAY: u64 = 86_400;
/// A tenth of it leaves in a day, nine tenths of that by the main lane: 90,000.
const LIQUIDITY: u128 = 1_000_000;
const MAIN_LANE: u128 = 90_000;
/// More than a thousandth of the main lane, so that the small lane does not take it.
const LARGE: u128 = 9_000;

struct Valve {
    chain: Chain,
    at: Address,
}

impl Valve {
    fn new() -> Self {
        let mut chain = Chain::new();
        let terms = (GOVERNANCE, 1_000u128, LIQUIDITY).abi_encode_params();
        let at = chain.deploy_wasm_with(DEPLOYER, &wasm("valve"), terms, U256::ZERO).expect("valve");
        Self { chain, at }
    }

    fn call<C: SolCall>(&mut self, from: Address, call: &C) -> C::Return {
        self.chain.call(from, self.at, call).unwrap_or_else(|revert| panic!("{} failed: {revert}", C::SIGNATURE))
    }

    fn refuses<C: SolCall, E: SolError>(&self, from: Address, call: &C, error: E) {
        let outcome = self.chain.view(Tx::new(from, self.at, call.abi_encode()));
        assert!(!outcome.success, "{} passed", C::SIGNATURE);
        assert_eq!(outcome.output, error.abi_encode(), "{} is not refused with {}", C::SIGNATURE, E::SIGNATURE);
    }

    /// With the main lane empty and nobody waiting.
    fn drained() -> Self {
        let mut valve = Self::new();
        valve.call(ALICE, &spend(MAIN_LANE));
        valve
    }

    /// When a share of the window that is `amount` of the main lane has passed, in whole seconds from now.
    fn refill(&self, amount: u128) -> u64 {
        self.chain.timestamp() + u64::try_from(amount * u128::from(DAY) / MAIN_LANE).expect("small")
    }
}

fn spend(amount: u128) -> spendCall {
    spendCall { market: MARKET, amount }
}

fn withdraw(amount: u128) -> withdrawCall {
    withdrawCall { market: MARKET, amount }
}

fn exit(amount: u128) -> exitCall {
    exitCall { market: MARKET, amount }
}

#[test]
fn a_bucket_that_was_never_configured_lets_nothing_out() {
    let valve = Valve::new();
    let unset = || BucketNotConfigured { windowMins: 0, bound: 1 };
    for market in [0, 2, u32::MAX] {
        valve.refuses(ALICE, &spendCall { market, amount: 1 }, unset());
        valve.refuses(ALICE, &spendCall { market, amount: 0 }, unset());
        valve.refuses(ALICE, &exitCall { market, amount: 1 }, unset());
        valve.refuses(ALICE, &rebaseCall { market, liquidity: LIQUIDITY }, unset());
    }
    valve.refuses(ALICE, &withdrawCall { market: 2, amount: 1 }, UnknownMarket { market: 2, listed: 1 });
}

#[test]
fn a_floor_of_nothing_is_refused_and_nothing_is_deployed() {
    for floor in [0, u128::MAX >> 32, u128::MAX] {
        let terms = (GOVERNANCE, floor, LIQUIDITY).abi_encode_params();
        let deployed = Chain::new().deploy_wasm_with(DEPLOYER, &wasm("valve"), terms, U256::ZERO);
        let message = deployed.map(|_| ()).expect_err("deployed").to_string();
        let error = alloy_primitives::hex::encode(BucketFloor::SELECTOR);
        assert!(message.contains(&error), "{message}");
    }
}

#[test]
fn what_does_not_fit_is_refused_with_what_does_and_when() {
    let mut valve = Valve::new();
    let above = LimitExceeded { amount: MAIN_LANE + 1, available: MAIN_LANE, earliest: u64::MAX };
    valve.refuses(ALICE, &spend(MAIN_LANE + 1), above.clone());
    valve.refuses(ALICE, &withdraw(MAIN_LANE + 1), above);
    assert_eq!(valve.call(ALICE, &withdraw(MAIN_LANE - 1_000)), MAIN_LANE - 1_000);
    let earliest = valve.refill(LARGE - 1_000);
    let refusal = LimitExceeded { amount: LARGE, available: 1_000, earliest };
    valve.refuses(BOB, &spend(LARGE), refusal.clone());
    valve.refuses(BOB, &withdraw(LARGE), refusal);
    valve.refuses(BOB, &spend(u128::MAX), LimitExceeded { amount: u128::MAX, available: 1_000, earliest: u64::MAX });
    let mut early = valve.chain.clone();
    early.advance(earliest - 1 - valve.chain.timestamp());
    assert!(early.call(BOB, valve.at, &spend(LARGE)).is_err(), "a second too early");
    valve.chain.advance(earliest - valve.chain.timestamp());
    assert_eq!(valve.call(BOB, &spend(LARGE)), LARGE);
}

#[test]
fn a_refusal_reads_one_word_and_leaves_nothing() {
    let valve = Valve::drained();
    let outcome = valve.chain.view(Tx::new(ALICE, valve.at, spend(1).abi_encode()));
    assert!(!outcome.success);
    assert_eq!((outcome.storage_reads.len(), outcome.storage_writes.len()), (1, 0));
    let steady = Valve::new();
    let outcome = steady.chain.view(Tx::new(ALICE, steady.at, spend(1).abi_encode()));
    assert_eq!((outcome.success, outcome.storage_reads.len(), outcome.storage_writes.len()), (true, 1, 1));
}

#[test]
fn tickets_wait_in_their_order_and_are_claimed_by_anyone() {
    let mut valve = Valve::drained();
    let mut issued = |from| {
        let logged = valve.chain.view(Tx::new(from, valve.at, exit(LARGE).abi_encode())).event::<TicketIssued>();
        let (id, logged) = (valve.call(from, &exit(LARGE)), logged.expect("a ticket"));
        assert_eq!((logged.id, logged.owner, logged.amount), (id, from, LARGE));
        (id, logged.ready)
    };
    let (first, ready) = issued(ALICE);
    let (second, later) = issued(BOB);
    assert_eq!((ready, later), (valve.refill(LARGE), valve.refill(2 * LARGE)), "each behind the one before");
    // A payment that would fit by then does not pass them: the lane is theirs until the second is ready.
    valve.chain.advance(ready - valve.chain.timestamp());
    valve.refuses(who(0x31), &spend(1), LimitExceeded { amount: 1, available: 0, earliest: later + 1 });
    valve.refuses(BOB, &claimCall { id: second }, TicketNotReady { ready: later, now: ready });
    let paid = valve.chain.view(Tx::new(who(0x31), valve.at, claimCall { id: first }.abi_encode()));
    assert_eq!(paid.event::<TicketClaimed>().expect("claimed").owner, ALICE, "whoever claims it");
    assert_eq!(valve.call(who(0x31), &claimCall { id: first }), LARGE);
    valve.refuses(ALICE, &claimCall { id: first }, UnknownTicket { id: first });
    valve.chain.advance(later - ready);
    assert_eq!(valve.call(BOB, &claimCall { id: second }), LARGE);
}

#[test]
fn more_than_the_capacity_never_waits() {
    let valve = Valve::drained();
    valve.refuses(ALICE, &exit(MAIN_LANE + 1), AboveCapacity { amount: MAIN_LANE + 1, bound: MAIN_LANE });
}

#[test]
fn money_that_comes_and_goes_in_one_second_moves_nothing() {
    let mut plain = Valve::new();
    plain.call(ALICE, &spend(LARGE));
    let mut lent = Valve { chain: plain.chain.clone(), at: plain.at };
    let flash = 50 * LIQUIDITY;
    lent.call(BOB, &inflowCall { market: MARKET, amount: flash });
    lent.call(BOB, &rebaseCall { market: MARKET, liquidity: LIQUIDITY + flash });
    lent.call(BOB, &spend(flash));
    lent.call(BOB, &rebaseCall { market: MARKET, liquidity: LIQUIDITY });
    for valve in [&plain, &lent] {
        let available = MAIN_LANE - LARGE;
        let above = LimitExceeded { amount: MAIN_LANE + 1, available, earliest: u64::MAX };
        valve.refuses(ALICE, &spend(MAIN_LANE + 1), above);
    }
}

#[test]
fn an_empty_bucket_is_not_refilled_by_a_change_of_its_base() {
    let mut valve = Valve::drained();
    for liquidity in [10 * LIQUIDITY, 1, LIQUIDITY, 0, LIQUIDITY] {
        valve.call(BOB, &rebaseCall { market: MARKET, liquidity });
        let outcome = valve.chain.view(Tx::new(ALICE, valve.at, spend(1).abi_encode()));
        let refusal = LimitExceeded::abi_decode(&outcome.output).expect("refused");
        assert_eq!(refusal.available, 0, "after {liquidity}");
    }
}
