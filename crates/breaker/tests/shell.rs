//! The shell on a chain of one contract in memory: feeds of every kind, events, round trips, and no trace of a failure.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)] // a panic here is a failed test

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox_breaker::error::Fault;
use fusebox_breaker::types::{Outage, Sequencer};
use fusebox_breaker::{abi, feed, shell, storage, Error, FeedConfig, Params, SequencerConfig, Setup};
use fusebox_core::host::{Answer, Host, Memory};
use fusebox_core::panel::{Class, Scope, Tier};
use std::cell::RefCell;
use std::rc::Rc;

const WAD: u128 = 1_000_000_000_000_000_000;
const MARKET: Scope = Scope::new(1);
const ANCHOR: Address = Address::repeat_byte(1);
const CHECK: Address = Address::repeat_byte(2);
const UPTIME: Address = Address::repeat_byte(3);

fn words(words: &[U256]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes::<32>()).collect()
}

/// A feed whose round a test can change: round, answer, startedAt, updatedAt, answeredInRound.
type Round = Rc<RefCell<[U256; 5]>>;

fn feed_at(host: &mut Memory, at: Address, answer: u64) -> Round {
    let now = U256::from(host.now);
    let round: Round = Rc::new(RefCell::new([U256::from(7), U256::from(answer), now, now, U256::from(7)]));
    let own = round.clone();
    let callee = move |_: u64, _: u64, input: &[u8]| match <[u8; 4]>::try_from(&input[..4]).unwrap() {
        feed::DECIMALS => Some(words(&[U256::from(8)])),
        feed::LATEST_ROUND_DATA => Some(words(&*own.borrow())),
        _ => None,
    };
    host.callees.insert(at, Box::new(callee));
    round
}

fn setup(sequencer: bool) -> Setup {
    let feeds = [FeedConfig::aggregator(ANCHOR, 8, 3_600), FeedConfig::aggregator(CHECK, 8, 3_600)];
    Setup::new(&Params::DEFAULT, &feeds, sequencer.then(|| SequencerConfig::new(UPTIME))).unwrap()
}

/// A listed market at 2,000 with two feeds.
fn listed() -> (Memory, Round, Round) {
    let mut host = Memory::default();
    let rounds = (feed_at(&mut host, ANCHOR, 200_000_000_000), feed_at(&mut host, CHECK, 200_000_000_000));
    shell::configure(&mut host, MARKET, &setup(false)).unwrap();
    (host, rounds.0, rounds.1)
}

fn set(host: &Memory, round: &Round, answer: u64) {
    let mut round = round.borrow_mut();
    (round[1], round[3]) = (U256::from(answer), U256::from(host.now));
}

fn reduce(host: &Memory) -> Result<u128, Error> {
    shell::quote(host, MARKET, None).unwrap().price_for(Class::Reduce)
}

#[test]
fn listing_stores_what_was_given_and_happens_once() {
    let (mut host, ..) = listed();
    assert_eq!(storage::load_setup(&host, MARKET), Ok(setup(false)));
    assert_eq!(host.logs[0].topics[0], abi::Configured::SIGNATURE_HASH);
    assert_eq!(shell::configure(&mut host, MARKET, &setup(false)), Err(Error::AlreadyConfigured { market: 1 }));
    assert_eq!(shell::quote(&host, Scope::new(2), None), Err(Error::NotConfigured { market: 2 }));
    let packed = (storage::pack_params(&Params::DEFAULT), storage::pack_sequencer(setup(true).sequencer.as_ref()));
    let feeds: Vec<_> = setup(true).feeds[..2].iter().map(storage::pack_feed).collect();
    assert_eq!(storage::unpack_setup(packed.0, &feeds, packed.1), Ok(setup(true)));
}

#[test]
fn listing_refuses_wrong_decimals_dead_feeds_and_feeds_that_disagree() {
    let mut host = Memory::default();
    feed_at(&mut host, ANCHOR, 200_000_000_000);
    let nothing = shell::configure(&mut host, MARKET, &setup(false));
    assert_eq!(nothing, Err(Error::InvalidPrice { feed: 1, fault: Fault::Malformed }), "no contract there");
    let check = feed_at(&mut host, CHECK, 210_000_000_000);
    let doubt = Err(Error::PriceInDoubt { deviation_bps: 500, bound_bps: 500 });
    assert_eq!(shell::configure(&mut host, MARKET, &setup(false)), doubt);
    set(&host, &check, 200_000_000_000);
    let feeds = [FeedConfig::aggregator(ANCHOR, 18, 3_600), FeedConfig::aggregator(CHECK, 8, 3_600)];
    let wrong = Setup::new(&Params::DEFAULT, &feeds, None).unwrap();
    let decimals = Err(Error::WrongDecimals { feed: 0, reported: 8, configured: 18 });
    assert_eq!(shell::configure(&mut host, MARKET, &wrong), decimals);
    assert!(host.words.is_empty() && host.logs.is_empty());
}

#[test]
fn an_anchor_that_says_no_price_is_refused_with_the_reason() {
    let (mut host, anchor, _) = listed();
    let good = *anchor.borrow();
    let invalid = |fault| Err(Error::InvalidPrice { feed: 0, fault });
    for (at, value, fault) in [
        (1, U256::ZERO, Fault::NotPositive),
        (1, U256::MAX, Fault::NotPositive),
        (1, U256::from(u128::MAX), Fault::TooLarge),
        (3, U256::ZERO, Fault::NeverUpdated),
        (3, U256::from(host.now + 1), Fault::Future),
        (3, U256::MAX, Fault::Future),
        (4, U256::from(6), Fault::RoundUnfinished),
    ] {
        *anchor.borrow_mut() = good;
        anchor.borrow_mut()[at] = value;
        assert_eq!(reduce(&host), invalid(fault), "word {at} = {value}");
    }
    *anchor.borrow_mut() = good;
    assert_eq!(reduce(&host), Ok(2_000 * WAD));
    for bytes in [0, 32, 128, 159, 161, 192, 100_000] {
        host.callees.insert(ANCHOR, Box::new(move |_, _, _| Some(vec![1; bytes])));
        assert_eq!(reduce(&host), invalid(Fault::Malformed), "{bytes} bytes");
    }
    host.callees.insert(ANCHOR, Box::new(|_, _, _| None));
    assert_eq!(reduce(&host), invalid(Fault::Reverted), "it reverts, burns its gas or is refused re-entry");
}

#[test]
fn a_price_is_stale_one_second_after_its_maximum_age() {
    let (mut host, _, check) = listed();
    for (later, expected) in [
        (4_499, Ok(2_000 * WAD)),
        (4_500, Ok(2_000 * WAD)),
        (4_501, Err(Error::StalePrice { age: 4_501, max: 4_500 })),
        (86_400, Err(Error::StalePrice { age: 86_400, max: 4_500 })),
    ] {
        host.now = 1_700_000_000 + later;
        set(&host, &check, 200_000_000_000);
        assert_eq!(reduce(&host), expected);
    }
}

#[test]
fn a_check_that_fails_stops_increase_only() {
    let (mut host, ..) = listed();
    host.callees.insert(CHECK, Box::new(|_, _, _| None));
    let quote = shell::quote(&host, MARKET, None).unwrap();
    assert_eq!(quote.price_for(Class::Increase), Err(Error::NoQuorum { valid: 1, needed: 2 }));
    assert_eq!(quote.price_for(Class::Liquidate), Ok(2_000 * WAD));
    assert_eq!(quote.price_for(Class::Reduce), Ok(2_000 * WAD));
    assert_eq!(quote.price_for(Class::Inflow), Err(Error::NotQuoted { class: 4 }));
}

#[test]
fn ob_8_gas_never_changes_a_verdict() {
    let (mut host, ..) = listed();
    let needed = feed::gas_needed(100_000);
    assert!(needed - 5_000 - (needed - 5_000) / 64 >= 100_000, "one part in 64 stays with the caller");
    for gas in [0, 1, 21_000, needed - 1] {
        host.gas = gas;
        let starved = Error::FeedGas { left: gas, needed };
        assert_eq!(shell::quote(&host, MARKET, None), Err(starved));
        let before = host.words.clone();
        assert_eq!(host.call(CHECK, |host| shell::poke(host, MARKET, None)), Err(starved));
        assert_eq!(host.words, before);
    }
    host.gas = needed;
    assert_eq!(reduce(&host), Ok(2_000 * WAD));
}

#[test]
fn a_trip_is_recorded_told_and_read_from_one_word() {
    let (mut host, anchor, _) = listed();
    set(&host, &anchor, 260_000_000_000);
    let quote = shell::quote(&host, MARKET, None).unwrap();
    assert_eq!(quote.price_for(Class::Liquidate), Err(Error::PriceInDoubt { deviation_bps: 3_000, bound_bps: 2_500 }));
    assert_eq!(shell::standing(&host, MARKET).tier, Tier::Normal, "a view remembers nothing");
    let effect = shell::poke(&mut host, MARKET, None).unwrap();
    assert!(effect.bit_needed && shell::bit_needed(&host, MARKET));
    assert_eq!(shell::standing(&host, MARKET), effect.after);
    assert_eq!((effect.after.tier, effect.after.until), (Tier::Halted, host.now + 4 * 3_600));
    let log = host.logs.last().unwrap();
    assert_eq!(log.topics, [abi::Tripped::SIGNATURE_HASH, B256::from(U256::from(1))]);
    let event = [3, 0, 1, 3_000, host.now + 4 * 3_600, 1].map(U256::from);
    assert_eq!(log.data, words(&event));
}

#[test]
fn a_poke_that_changes_nothing_writes_and_tells_nothing() {
    let (mut host, ..) = listed();
    shell::poke(&mut host, MARKET, None).unwrap();
    let (before, logs) = (host.words.clone(), host.logs.len());
    shell::poke(&mut host, MARKET, None).unwrap();
    assert_eq!((host.words.clone(), host.logs.len()), (before, logs));
}

#[test]
fn the_sequencer_stops_increase_and_liquidate_and_its_own_failure_increase_alone() {
    let mut host = Memory::default();
    feed_at(&mut host, ANCHOR, 200_000_000_000);
    feed_at(&mut host, CHECK, 200_000_000_000);
    let uptime = feed_at(&mut host, UPTIME, 0);
    shell::configure(&mut host, MARKET, &setup(true)).unwrap();
    let since = host.now;
    let verdicts = |host: &Memory| {
        let quote = shell::quote(host, MARKET, None).unwrap();
        [Class::Increase, Class::Liquidate, Class::Reduce].map(|class| quote.price_for(class))
    };
    let grace = Err(Error::SequencerDown { since, until: since + 3_600 });
    host.now = since + 3_599;
    assert_eq!(verdicts(&host), [grace, grace, Ok(2_000 * WAD)]);
    host.now = since + 3_600;
    assert_eq!(verdicts(&host), [Ok(2_000 * WAD); 3]);
    uptime.borrow_mut()[1] = U256::from(1);
    let down = Err(Error::SequencerDown { since, until: 0 });
    assert_eq!(verdicts(&host), [down, down, Ok(2_000 * WAD)]);
    uptime.borrow_mut()[2] = U256::ZERO;
    let unknown = |fault| [Err(Error::SequencerUnknown { fault }), Ok(2_000 * WAD), Ok(2_000 * WAD)];
    assert_eq!(verdicts(&host), unknown(Fault::NeverUpdated));
    host.callees.insert(UPTIME, Box::new(|_, _, _| None));
    assert_eq!(verdicts(&host), unknown(Fault::Reverted));
}

#[test]
fn an_outage_is_told_once_with_its_length() {
    let mut host = Memory::default();
    feed_at(&mut host, ANCHOR, 200_000_000_000);
    feed_at(&mut host, CHECK, 200_000_000_000);
    feed_at(&mut host, UPTIME, 0);
    shell::configure(&mut host, MARKET, &setup(true)).unwrap();
    assert_eq!(shell::poke(&mut host, MARKET, None).unwrap().outage, None, "the first look is no news");
    let (down, up) = (host.now + 100, host.now + 900);
    host.now += 1_000;
    host.callees.insert(
        UPTIME,
        Box::new(move |_, _, input| match <[u8; 4]>::try_from(&input[..4]).unwrap() {
            feed::LATEST_ROUND_DATA => Some(words(&[9, 0, up, up, 9].map(U256::from))),
            feed::GET_ROUND_DATA if U256::from_be_slice(&input[4..]) == U256::from(8) => {
                Some(words(&[8, 1, down, down, 8].map(U256::from)))
            }
            _ => None,
        }),
    );
    assert_eq!(shell::poke(&mut host, MARKET, None).unwrap().outage, Some(Outage { from: down, until: up }));
    assert_eq!(shell::poke(&mut host, MARKET, None).unwrap().outage, None);
    assert!(matches!(feed::sequencer(Answer { ok: true, len: 160 }, &[0; 160], 3_600, 5), Sequencer::Unknown { .. }));
}

#[test]
fn council_routes_around_the_anchor_for_at_most_72_hours() {
    let (mut host, ..) = listed();
    let (min, max) = (host.now + 1, host.now + 72 * 3_600);
    for until in [host.now, max + 1] {
        let refused = shell::quarantine(&mut host, MARKET, 0, until).unwrap_err();
        assert!(
            matches!(refused, Error::OutOfBounds { value, min: low, max: high, .. } if (value, low, high) == (until, min, max))
        );
    }
    assert_eq!(shell::quarantine(&mut host, MARKET, 2, min), Err(Error::UnknownFeed { feed: 2, count: 2 }));
    shell::quarantine(&mut host, MARKET, 0, min + 1).unwrap();
    assert_eq!(reduce(&host), Err(Error::InvalidPrice { feed: 0, fault: Fault::Quarantined }));
    host.now = min + 1;
    assert_eq!(reduce(&host), Ok(2_000 * WAD), "it ends by the clock");
    assert_eq!(shell::poke(&mut host, MARKET, None).unwrap().released, 1);
    shell::quarantine(&mut host, MARKET, 0, min + 61).unwrap();
    shell::release(&mut host, MARKET, 0).unwrap();
    assert_eq!(reduce(&host), Ok(2_000 * WAD));
}

/// A chain that notes in which order it is asked.
struct Recorder(Memory, RefCell<Vec<&'static str>>);

impl Host for Recorder {
    fn now(&self) -> u64 {
        self.0.now()
    }
    fn caller(&self) -> Address {
        self.0.caller()
    }
    fn this(&self) -> Address {
        self.0.this()
    }
    fn gas_left(&self) -> u64 {
        self.0.gas_left()
    }
    fn load(&self, slot: U256) -> U256 {
        let memory = slot.as_limbs()[0] & 15 < storage::PARAMS;
        self.1.borrow_mut().push(if memory { "load" } else { "config" });
        self.0.load(slot)
    }
    fn store(&mut self, slot: U256, word: U256) {
        self.1.borrow_mut().push("store");
        self.0.store(slot, word);
    }
    fn keccak(&self, bytes: &[u8]) -> B256 {
        self.0.keccak(bytes)
    }
    fn log(&mut self, topics: &[B256], data: &[u8]) {
        self.0.log(topics, data)
    }
    fn static_call(&self, to: Address, gas: u64, input: &[u8], output: &mut [u8]) -> Answer {
        self.1.borrow_mut().push("call");
        self.0.static_call(to, gas, input, output)
    }
}

#[test]
fn ob_16_no_feed_is_asked_between_a_load_and_its_store() {
    let (host, anchor, _) = listed();
    set(&host, &anchor, 260_000_000_000);
    let mut host = Recorder(host, RefCell::default());
    shell::poke(&mut host, MARKET, None).unwrap();
    let order = host.1.borrow().clone();
    let (last_call, first_load) = (order.iter().rposition(|s| *s == "call"), order.iter().position(|s| *s == "load"));
    assert!(last_call < first_load && order.contains(&"store"), "{order:?}");
    host.1.borrow_mut().clear();
    host.0.words.clear();
    set(&host.0, &anchor, 200_000_000_000);
    shell::configure(&mut host, MARKET, &setup(false)).unwrap();
    host.1.borrow_mut().clear();
    shell::quote(&host, MARKET, None).unwrap();
    let order = host.1.borrow().clone();
    assert_eq!(order.iter().filter(|step| **step == "config").count(), 4, "thresholds, sequencer, two feeds");
    assert_eq!(order.iter().filter(|step| **step == "load").count(), 1, "the reference");
}

#[test]
fn an_error_is_its_selector_and_its_words() {
    let data: Vec<u8> = Error::StalePrice { age: 9, max: 8 }.into();
    assert_eq!(data, [abi::StalePrice::SELECTOR.to_vec(), words(&[U256::from(9), U256::from(8)])].concat());
    let data: Vec<u8> = Error::SequencerUnknown { fault: Fault::Stale }.into();
    assert_eq!(data.len(), 36);
}

#[test]
fn a_pool_mean_reads_the_tick_either_way_round_and_rounds_down() {
    let answer = Answer { ok: true, len: 256 };
    let data = |before: i64, after: i64| -> [u8; 256] {
        let signed =
            |v: i64| if v < 0 { U256::ZERO.wrapping_sub(U256::from(v.unsigned_abs())) } else { U256::from(v as u64) };
        let body = [
            U256::from(64),
            U256::from(160),
            U256::from(2),
            signed(before),
            signed(after),
            U256::from(2),
            U256::ZERO,
            U256::ZERO,
        ];
        words(&body).try_into().unwrap()
    };
    let pool = |d0, d1, inverted| FeedConfig::pool(ANCHOR, d0, d1, inverted).kind;
    let price = |data: &[u8; 256], kind| feed::pool_mean(answer, data, kind, 5).price;
    assert_eq!(price(&data(0, 0), pool(18, 18, false)), WAD);
    let one = price(&data(0, 1_800), pool(18, 18, false));
    assert!(WAD * 10_001 / 10_000 - one <= 2, "one tick is 1.0001, {one}");
    let minus = price(&data(0, -1), pool(18, 18, false));
    assert!(minus.abs_diff(WAD * 10_000 / 10_001) <= 2, "a mean below zero goes down to -1");
    // USDC (6) and WETH (18) at tick 200,000: 1.0001^200000 is 484680305.0 raw, so WETH is 1e12 over that.
    let weth = price(&data(0, 200_000 * 1_800), pool(6, 18, true));
    assert!(weth.abs_diff(2_063_215_669_444_018_480_018) < 10_000, "{weth}");
    let wrapped = data((1 << 55) - 900, -(1 << 55) + 900);
    assert_eq!(price(&wrapped, pool(18, 18, false)), one, "the accumulator wraps at 56 bits");
    let fault = |data: &[u8; 256]| feed::pool_mean(answer, data, pool(18, 18, false), 5).fault;
    assert_eq!(fault(&data(0, 887_273 * 1_800)), Some(Fault::Malformed));
    assert_eq!(fault(&data(0, 1 << 55)), Some(Fault::Malformed));
    assert_eq!(fault(&[0; 256]), Some(Fault::Malformed));
    assert_eq!(
        feed::pool_mean(Answer { ok: true, len: 224 }, &data(0, 0), pool(18, 18, false), 5).fault,
        Some(Fault::Malformed)
    );
}

#[test]
fn selectors_are_those_of_the_signatures() {
    let selector = |text: &str| <[u8; 4]>::try_from(&alloy_primitives::keccak256(text)[..4]).unwrap();
    assert_eq!(feed::LATEST_ROUND_DATA, selector("latestRoundData()"));
    assert_eq!(feed::GET_ROUND_DATA, selector("getRoundData(uint80)"));
    assert_eq!(feed::DECIMALS, selector("decimals()"));
    assert_eq!(feed::OBSERVE, selector("observe(uint32[])"));
}
