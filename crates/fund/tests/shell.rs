//! The staking half on one contract's memory: events, round trips, words read, a revert that leaves nothing.
#![cfg(feature = "shell")]
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox_core::host::Memory;
use fusebox_fund::{
    abi,
    error::Error,
    shell::{self, Exposure},
    storage,
    types::Params,
};

const P: Params = Params::DEFAULT;
const DAY: u64 = 86_400;
const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);
const PROTOCOL: Address = Address::repeat_byte(0xee);
const UNIT: u128 = 1_000_000;

/// A fund with 1,000 of Alice's and 3,000 of Bob's.
fn fund() -> Memory {
    let mut host = Memory::default();
    shell::configure(&mut host, &P);
    host.call(ALICE, |h| shell::stake(h, &P, ALICE, 1_000 * UNIT)).unwrap();
    host.call(BOB, |h| shell::stake(h, &P, BOB, 3_000 * UNIT)).unwrap();
    host.logs.clear();
    host
}

fn decode<E: SolEvent>(host: &Memory, i: usize) -> E {
    E::decode_raw_log(host.logs[i].topics.iter().copied(), &host.logs[i].data).unwrap()
}

fn shares(host: &Memory, who: Address) -> u128 {
    shell::state(host, &P, who).account.shares
}

/// Alice's shares in their window.
fn ready() -> Memory {
    let mut host = fund();
    let all = shares(&host, ALICE);
    host.call(ALICE, |h| shell::request(h, &P, all)).unwrap();
    host.now += P.cooldown_secs();
    host.logs.clear();
    host
}

#[test]
fn a_stake_is_a_deposit_of_the_caller_for_the_owner() {
    let mut host = fund();
    let bought = host.call(PROTOCOL, |h| shell::stake(h, &P, ALICE, 5 * UNIT)).unwrap();
    let logged: abi::Deposit = decode(&host, 0);
    assert_eq!((logged.sender, logged.owner), (PROTOCOL, ALICE));
    assert_eq!((logged.assets, logged.shares), (U256::from(5 * UNIT), U256::from(bought)));
    assert_eq!(shares(&host, ALICE), 1_005 * UNIT * 1_000);
    assert_eq!(shares(&host, PROTOCOL), 0);
}

#[test]
fn parameters_that_were_never_written_refuse() {
    assert_eq!(storage::params(&Memory::default()), Err(Error::Parameter { id: 0, value: 0, bound: 864_000 }));
    assert_eq!(storage::params(&fund()), Ok(P));
}

#[test]
fn a_request_waits_its_time_and_leaves() {
    let mut host = fund();
    let all = shares(&host, ALICE);
    let start = host.now;
    host.call(ALICE, |h| shell::request(h, &P, all)).unwrap();
    let logged: abi::Requested = decode(&host, 0);
    assert_eq!((logged.account, logged.shares, logged.value), (ALICE, U256::from(all), U256::from(1_000 * UNIT)));
    assert_eq!((logged.ready, logged.until), (start + 10 * DAY, start + 14 * DAY));
    host.now = start + 10 * DAY - 1;
    let early = host.call(ALICE, |h| shell::redeem(h, &P, BOB, all));
    assert_eq!(early, Err(Error::CoolingDown { ready: start + 10 * DAY, now: host.now }));
    host.now = start + 14 * DAY;
    let late = host.call(ALICE, |h| shell::redeem(h, &P, BOB, all));
    assert_eq!(late, Err(Error::NoRequest { until: 0, now: host.now }));
    host.now -= 1;
    assert_eq!(host.call(ALICE, |h| shell::redeem(h, &P, BOB, all)), Ok(1_000 * UNIT));
    let logged: abi::Withdraw = decode(&host, 1);
    assert_eq!((logged.sender, logged.receiver, logged.owner), (ALICE, BOB, ALICE));
    assert_eq!((logged.assets, logged.shares), (U256::from(1_000 * UNIT), U256::from(all)));
    assert_eq!(shell::state(&host, &P, ALICE).account, Default::default());
}

#[test]
fn a_cancelled_request_is_none() {
    let mut host = ready();
    host.call(ALICE, |h| shell::cancel(h, &P)).unwrap();
    let logged: abi::RequestCancelled = decode(&host, 0);
    assert_eq!((logged.account, logged.shares), (ALICE, U256::from(shares(&host, ALICE))));
    let refused = host.call(ALICE, |h| shell::redeem(h, &P, ALICE, 1));
    assert_eq!(refused, Err(Error::NoRequest { until: 0, now: host.now }));
    assert_eq!(host.call(ALICE, |h| shell::cancel(h, &P)), Err(Error::NoRequest { until: 0, now: host.now }));
}

#[test]
fn what_is_open_holds_back_its_part_and_gives_it_back() {
    let mut host = ready();
    host.call(PROTOCOL, |h| shell::expose(h, &P, 7, Exposure::Incident(400 * UNIT))).unwrap();
    let logged: abi::Exposed = decode(&host, 0);
    assert_eq!((logged.domain, logged.deficit, logged.incident), (7, U256::ZERO, U256::from(400 * UNIT)));
    assert_eq!(logged.until, host.now + 3 * DAY);
    let all = shares(&host, ALICE);
    assert_eq!(host.call(ALICE, |h| shell::redeem(h, &P, ALICE, all)), Ok(900 * UNIT));
    let logged: abi::HeldBack = decode(&host, 2);
    assert_eq!((logged.account, logged.round, logged.amount), (ALICE, 1, U256::from(100 * UNIT)));
    assert_eq!(shell::owed(&host, &P, ALICE), 0);
    host.now += 3 * DAY - 1;
    assert_eq!(host.call(BOB, |h| Ok::<_, Error>(shell::collect(h, &P, ALICE))), Ok(0));
    host.now += 1;
    assert_eq!(shell::owed(&host, &P, ALICE), 100 * UNIT);
    assert_eq!(host.call(BOB, |h| Ok::<_, Error>(shell::collect(h, &P, ALICE))), Ok(100 * UNIT));
    let logged: abi::HoldReleased = decode(&host, 3);
    assert_eq!((logged.account, logged.round, logged.amount), (ALICE, 1, U256::from(100 * UNIT)));
    assert_eq!(host.call(BOB, |h| Ok::<_, Error>(shell::collect(h, &P, ALICE))), Ok(0));
    let hold = shell::state(&host, &P, ALICE).hold;
    assert_eq!((hold.held, hold.weight, hold.released), (0, 0, 0));
}

#[test]
fn a_claim_of_an_earlier_round_is_paid_by_its_own_index() {
    let mut host = ready();
    host.call(PROTOCOL, |h| shell::expose(h, &P, 7, Exposure::Deficit(400 * UNIT, 0))).unwrap();
    let all = shares(&host, ALICE);
    host.call(ALICE, |h| shell::redeem(h, &P, ALICE, all)).unwrap();
    host.call(PROTOCOL, |h| shell::draw(h, &P, 7, 200 * UNIT)).unwrap();
    host.call(PROTOCOL, |h| shell::expose(h, &P, 7, Exposure::DeficitOver(200 * UNIT))).unwrap();
    // The first round is over with half of hers owed; another begins with Bob in it.
    let of_bob = shares(&host, BOB);
    host.call(BOB, |h| shell::request(h, &P, of_bob / 2)).unwrap();
    host.now += 10 * DAY;
    host.call(PROTOCOL, |h| shell::expose(h, &P, 7, Exposure::Deficit(30 * UNIT, 0))).unwrap();
    host.call(BOB, |h| shell::redeem(h, &P, BOB, of_bob / 2)).unwrap();
    let hold = shell::state(&host, &P, BOB).hold;
    assert_eq!((hold.round, hold.held), (2, 15 * UNIT));
    assert_eq!(host.call(BOB, |h| Ok::<_, Error>(shell::collect(h, &P, ALICE))), Ok(50 * UNIT));
    assert_eq!(shell::owed(&host, &P, BOB), 0);
    host.call(PROTOCOL, |h| shell::expose(h, &P, 7, Exposure::DeficitOver(30 * UNIT))).unwrap();
    assert_eq!(shell::owed(&host, &P, BOB), 15 * UNIT);
}

#[test]
fn a_draw_says_who_paid_and_a_total_loss_ends_the_epoch() {
    let mut host = ready();
    let drawn = host.call(PROTOCOL, |h| shell::draw(h, &P, 7, 1_000 * UNIT)).unwrap();
    let logged: abi::FundDrawn = decode(&host, 0);
    assert_eq!((logged.domain, logged.staked, logged.held), (7, U256::from(1_000 * UNIT), U256::ZERO));
    assert!(!drawn.rolled);
    assert_eq!(shell::drawable(&host, &P), 3_000 * UNIT - P.floor());
    // Ten million times the floor, so that what is left is less than a millionth.
    let mut host = Memory::default();
    shell::configure(&mut host, &P);
    host.call(ALICE, |h| shell::stake(h, &P, ALICE, 10_000_000 * UNIT)).unwrap();
    host.logs.clear();
    let drawn = host.call(PROTOCOL, |h| shell::draw(h, &P, 7, 9_999_999 * UNIT)).unwrap();
    assert!(drawn.rolled);
    let logged: abi::EpochEnded = decode(&host, 1);
    assert_eq!((logged.epoch, logged.left), (0, U256::from(UNIT)));
    assert_eq!(shares(&host, ALICE), 0);
}

#[test]
fn a_credit_raises_what_shares_are_worth() {
    let mut host = ready();
    host.call(PROTOCOL, |h| shell::credit(h, 4_000 * UNIT)).unwrap();
    let logged: abi::Recapitalised = decode(&host, 0);
    assert_eq!((logged.from, logged.amount), (PROTOCOL, U256::from(4_000 * UNIT)));
    let all = shares(&host, ALICE);
    assert_eq!(host.call(ALICE, |h| shell::redeem(h, &P, ALICE, all)), Ok(1_000 * UNIT), "not what came after");
}

#[test]
fn a_quiet_deposit_writes_two_words_and_a_refusal_none() {
    let mut host = fund();
    let before = host.words.clone();
    host.call(BOB, |h| shell::stake(h, &P, BOB, UNIT)).unwrap();
    let changed = host.words.iter().filter(|(slot, word)| before.get(*slot) != Some(*word)).count();
    assert_eq!(changed, 2);
    let before = (host.words.clone(), host.logs.clone());
    host.call(PROTOCOL, |h| shell::draw(h, &P, 7, u128::MAX)).unwrap_err();
    host.call(PROTOCOL, |h| shell::expose(h, &P, 7, Exposure::IncidentOver(1))).unwrap_err();
    host.call(ALICE, |h| shell::request(h, &P, 0)).unwrap_err();
    assert!(before == (host.words, host.logs));
}

#[test]
fn errors_are_selectors_and_their_words() {
    let data: Vec<u8> = Error::BelowFloor { amount: 7, available: 5 }.into();
    let (amount, available) = (U256::from(7), U256::from(5));
    assert_eq!(data, abi::BelowFundFloor { amount, available }.abi_encode());
    let data: Vec<u8> = Error::Parameter { id: 4, value: 1, bound: 1_000 }.into();
    let (value, bound) = (U256::from(1), U256::from(1_000));
    assert_eq!(data, abi::FundParameter { id: 4, value, bound }.abi_encode());
    assert_eq!(Vec::<u8>::from(Error::ZeroAmount), abi::ZeroAmount {}.abi_encode());
    let data: Vec<u8> = Error::Closed { exposure: 3, until: 9 }.into();
    assert_eq!(data, abi::StakeClosed { exposure: U256::from(3), until: 9 }.abi_encode());
}
