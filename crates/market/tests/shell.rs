//! The shell on one contract's memory: events, round trips, words counted, a revert that leaves nothing.
#![cfg(feature = "shell")]
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox_core::{
    host::{Answer, Host, Memory},
    panel::Tier,
    time::{DAY, HOUR},
};
use fusebox_market::{abi, shell, storage, Caps, Error, Leg, Opening, Params, Ratchet, Terms, Warm, Weather};
use std::cell::Cell;

const MARKET: u32 = 7;
const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);
const GOVERNANCE: Address = Address::repeat_byte(0xee);
const CAPS: Caps = Caps { position: 1_000_000, interest: 10_000_000 };
const SMALL: Opening = Opening { notional: 1_000, interest: 1_000, assets: 20_000_000, margin: 1_000, loss: 0 };

fn storm(volatility_bps: u16) -> Weather {
    Weather { tier: Tier::Normal, volatility_bps }
}

/// No overlay.
fn as_approved<H: Host>(_: &H, _: Terms, _: Caps) -> (Terms, Caps) {
    panic!("asked without a mark")
}

fn house() -> Memory {
    let mut host = Memory::default();
    let params = Params::standard(host.now, 20, CAPS, 3);
    host.call(GOVERNANCE, |h| shell::list(h, MARKET, params)).unwrap();
    host
}

fn decode<E: SolEvent>(host: &Memory, i: usize) -> E {
    E::decode_raw_log(host.logs[i].topics.iter().copied(), &host.logs[i].data).unwrap()
}

#[test]
fn listing_writes_three_words_once() {
    let mut host = house();
    let words = storage::words(&host, MARKET);
    let event: abi::MarketListed = decode(&host, 0);
    assert_eq!((event.market, [event.terms, event.caps, event.closing]), (MARKET, words));
    assert_eq!(host.words.len(), 3);
    let (params, ratchet) = storage::params(&host, MARKET);
    assert_eq!((params, ratchet), (Params::standard(host.now, 20, CAPS, 3), Ratchet::default()));
    assert_eq!(storage::terms(&host, MARKET + 1).base_bps, 0, "the next market is apart");
    let again = host.call(GOVERNANCE, |h| shell::list(h, MARKET, params));
    assert_eq!(again, Err(Error::Listed { market: MARKET, base_bps: 500 }));
    let bad = Params { caps: Caps { position: 0, interest: 1 }, ..params };
    let refused = host.call(GOVERNANCE, |h| shell::list(h, MARKET + 1, bad));
    assert_eq!(refused, Err(Error::Term { term: 13, value: 0, bound: 1 }));
    assert_eq!((storage::words(&host, MARKET), host.words.len(), host.logs.len()), (words, 3, 1));
}

#[test]
fn a_change_says_what_was_and_what_is() {
    let mut host = house();
    host.now += HOUR;
    host.call(GOVERNANCE, |h| shell::set(h, MARKET, 13, 5_000)).unwrap();
    let event: abi::TermSet = decode(&host, 1);
    assert_eq!((event.market, event.term), (MARKET, 13));
    assert_eq!((event.previous, event.current), (U256::from(1_000_000), U256::from(5_000)));
    assert_eq!(storage::caps(&host, MARKET), (Caps { position: 5_000, ..CAPS }, Ratchet::default()));
    let logs = host.logs.len();
    let refused = host.call(GOVERNANCE, |h| shell::set(h, MARKET, 15, 500));
    assert_eq!(refused, Err(Error::Term { term: 15, value: 500, bound: 499 }));
    let unlisted = host.call(GOVERNANCE, |h| shell::set(h, MARKET + 1, 13, 500));
    assert_eq!(unlisted, Err(Error::Term { term: 0, value: 0, bound: 10 }));
    assert_eq!(host.logs.len(), logs);
    host.call(GOVERNANCE, |h| shell::set(h, MARKET, 15, 350)).unwrap();
    let ramp: abi::MaintenanceRamp = decode(&host, logs + 1);
    assert_eq!((ramp.fromBps, ramp.toBps, ramp.start, ramp.end), (250, 350, host.now, host.now + DAY));
    host.now += DAY / 2;
    assert_eq!(shell::state(&host, MARKET, Weather::default())[4], U256::from(300));
    host.call(GOVERNANCE, |h| shell::set(h, MARKET, 18, u128::from(2 * DAY))).unwrap();
    let ramp: abi::MaintenanceRamp = decode(&host, logs + 3);
    assert_eq!((ramp.fromBps, ramp.toBps, ramp.end - ramp.start), (300, 350, 2 * DAY));
}

#[test]
fn a_lowered_base_loosens_along_the_line_and_a_mark_survives() {
    let mut host = house();
    let terms = storage::terms(&host, MARKET);
    storage::store_terms(&mut host, MARKET, &Terms { overlaid: true, ..terms });
    host.call(GOVERNANCE, |h| shell::set(h, MARKET, 0, 300)).unwrap();
    assert!(storage::terms(&host, MARKET).overlaid);
    assert_eq!(shell::state(&host, MARKET, Weather::default())[3], U256::from(500));
    host.now += DAY / 5;
    assert_eq!(shell::state(&host, MARKET, Weather::default())[3], U256::from(400));
    host.now += DAY;
    assert_eq!(shell::state(&host, MARKET, Weather::default())[3], U256::from(300));
}

/// A machine that counts words read and written.
struct Counting {
    host: Memory,
    loads: Cell<u32>,
    stores: u32,
}

impl Host for Counting {
    fn now(&self) -> u64 {
        self.host.now()
    }
    fn caller(&self) -> Address {
        self.host.caller()
    }
    fn this(&self) -> Address {
        self.host.this()
    }
    fn gas_left(&self) -> u64 {
        self.host.gas_left()
    }
    fn load(&self, slot: U256) -> U256 {
        self.loads.set(self.loads.get() + 1);
        self.host.load(slot)
    }
    fn store(&mut self, slot: U256, word: U256) {
        self.stores += 1;
        self.host.store(slot, word);
    }
    fn keccak(&self, bytes: &[u8]) -> B256 {
        self.host.keccak(bytes)
    }
    fn log(&mut self, topics: &[B256], data: &[u8]) {
        self.host.log(topics, data);
    }
    fn static_call(&self, to: Address, gas: u64, input: &[u8], output: &mut [u8]) -> Answer {
        self.host.static_call(to, gas, input, output)
    }
}

impl Counting {
    /// Words read and written by a call.
    fn count<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> (T, (u32, u32)) {
        (self.loads, self.stores) = (Cell::new(0), 0);
        let result = f(self);
        (result, (self.loads.get(), self.stores))
    }
}

#[test]
fn an_opening_reads_two_words_and_writes_one_only_when_the_margin_rises() {
    let mut host = Counting { host: house(), loads: Cell::new(0), stores: 0 };
    let (admitted, words) = host.count(|h| shell::admit(h, MARKET, as_approved, Weather::default(), &SMALL));
    assert_eq!((admitted.map(|admission| admission.initial_bps), words), (Ok(500), (2, 0)));
    let (admitted, words) = host.count(|h| shell::admit(h, MARKET, as_approved, storm(1_200), &SMALL));
    assert_eq!((admitted.map(|admission| admission.needed), words), (Ok(120), (2, 1)));
    let event: abi::MarginRaised = decode(&host.host, 1);
    assert_eq!((event.market, event.marginBps, event.at), (MARKET, 1_200, host.host.now));
    assert_eq!(storage::caps(&host, MARKET).0, CAPS, "the caps beside it stay");
    host.host.now += HOUR;
    let (admitted, words) = host.count(|h| shell::admit(h, MARKET, as_approved, Weather::default(), &SMALL));
    assert_eq!((admitted.map(|admission| admission.initial_bps), words), (Ok(1_180), (2, 0)));
    let (refused, words) =
        host.count(|h| shell::admit(h, MARKET, as_approved, storm(10_000), &Opening { margin: 999, ..SMALL }));
    assert_eq!(
        (refused, words),
        (Err(Error::Initial { value: 999, bound: 1_000 }), (2, 0)),
        "a refusal writes nothing"
    );
    assert_eq!(host.count(|h| shell::observe(h, MARKET, Weather::default())).1, (2, 0));
    assert_eq!(host.count(|h| shell::observe(h, MARKET, storm(2_000))).1, (2, 1));
    assert_eq!(host.count(|h| shell::withdraw(h, ALICE, 5, 5)), (Ok(()), (1, 0)));
    assert_eq!(host.count(|h| shell::lost(h, ALICE, 5)).1, (1, 0));
    assert_eq!(host.count(|h| shell::profited(h, ALICE, 60, 5)).1, (1, 1));
}

#[test]
fn an_overlay_tightens_an_opening_and_is_never_written() {
    let mut host = house();
    let terms = storage::terms(&host, MARKET);
    storage::store_terms(&mut host, MARKET, &Terms { overlaid: true, ..terms });
    let tightened = |_: &Memory, terms, caps| (Terms { base_bps: 1_000, ..terms }, Caps { position: 1_000, ..caps });
    let admitted = shell::admit(&mut host, MARKET, tightened, storm(900), &SMALL).unwrap();
    let line = Ratchet { margin_bps: 900, at: host.now }; // what the storm asks of the approved terms
    assert_eq!((admitted.initial_bps, storage::caps(&host, MARKET)), (2_000, (CAPS, line)));
    let large = Opening { notional: 1_001, ..SMALL };
    let refused = shell::admit(&mut host, MARKET, tightened, storm(900), &large);
    assert_eq!(refused, Err(Error::PositionCap { value: 1_001, bound: 1_000 }));
    shell::admit(&mut host, MARKET, tightened, storm(2_000), &SMALL).unwrap();
    assert_eq!(storage::caps(&host, MARKET), (CAPS, Ratchet { margin_bps: 2_000, at: host.now }));
    assert_eq!(storage::terms(&host, MARKET), Terms { overlaid: true, ..terms });
}

/// An overlay is gone when it ends: neither has it raised the line, nor has it kept a storm from being remembered.
#[test]
fn mr_5_the_line_is_by_the_approved_terms_whatever_an_overlay_says() {
    let tightened = |_: &Memory, terms, caps| (Terms { base_bps: 5_000, guarded_bps: 20_000, ..terms }, caps);
    for (weather, remembered) in
        [(Weather { tier: Tier::Guarded, volatility_bps: 0 }, 750), (storm(0), 0), (storm(4_000), 4_000)]
    {
        let mut host = house();
        let terms = storage::terms(&host, MARKET);
        storage::store_terms(&mut host, MARKET, &Terms { overlaid: true, ..terms });
        let admitted = shell::admit(&mut host, MARKET, tightened, weather, &SMALL).unwrap();
        assert_eq!(admitted.initial_bps, if weather.tier == Tier::Guarded { 10_000 } else { 5_000 });
        assert_eq!(storage::caps(&host, MARKET).1.margin_bps, remembered, "{weather:?}");
    }
}

#[test]
fn a_profit_warms_up_in_its_own_word() {
    let mut host = house();
    host.call(ALICE, |h| Ok::<_, Error>(shell::profited(h, ALICE, 3_600, 1_000))).unwrap();
    assert_eq!(storage::warm(&host, ALICE), Warm { amount: 1_000, start: host.now, end: host.now + HOUR });
    assert_eq!(storage::warm(&host, BOB), Warm::default());
    host.now += HOUR / 2;
    assert_eq!(shell::withdraw(&host, ALICE, 1_200, 701), Err(Error::Warming { value: 701, bound: 700 }));
    assert_eq!(shell::withdraw(&host, ALICE, 1_200, 700), Ok(()));
    shell::lost(&mut host, ALICE, 100);
    assert_eq!(storage::warm(&host, ALICE).amount, 400);
    shell::lost(&mut host, ALICE, 400);
    assert_eq!(storage::warm(&host, ALICE), Warm::default());
    shell::profited(&mut host, ALICE, 3_600, u128::MAX);
    assert_eq!(storage::warm(&host, ALICE).amount, u128::MAX);
}

#[test]
fn cross_margin_is_the_callers_own_and_of_one_domain() {
    let mut host = house();
    let leg = Leg { domain: 3, margin: 10, needed: 10, ..Leg::default() };
    host.call(ALICE, |h| shell::choose(h, 3, &[leg])).unwrap();
    let event: abi::CrossMargin = decode(&host, 1);
    assert_eq!((event.account, event.domain, event.chosen), (ALICE, 3, true));
    assert!(storage::choice(&host, ALICE).has(3) && !storage::choice(&host, ALICE).has(2));
    assert!(!storage::choice(&host, BOB).has(3));
    host.call(ALICE, |h| shell::choose(h, 3, &[leg])).unwrap();
    assert_eq!(host.logs.len(), 2, "an equal choice says nothing");
    let short = Leg { loss: 1, ..leg };
    let refused = host.call(ALICE, |h| shell::leave(h, 3, &[short]));
    assert_eq!(refused, Err(Error::Alone { leg: 0, value: 9, bound: 10 }));
    assert!(storage::choice(&host, ALICE).has(3));
    host.call(ALICE, |h| shell::leave(h, 3, &[leg])).unwrap();
    assert_eq!(storage::choice(&host, ALICE).0, U256::ZERO);
    let event: abi::CrossMargin = decode(&host, 2);
    assert!(!event.chosen);
}

#[test]
fn every_error_says_its_numbers() {
    let cases: [(Error, Vec<u8>); 10] = [
        (Error::Term { term: 15, value: 2, bound: 3 }, abi::MarketTerm { term: 15, value: 2, bound: 3 }.abi_encode()),
        (Error::UnknownTerm { term: 19, bound: 18 }, abi::UnknownTerm { term: 19, bound: 18 }.abi_encode()),
        (Error::Listed { market: 1, base_bps: 2 }, abi::MarketListedBefore { market: 1, baseBps: 2 }.abi_encode()),
        (Error::MinMargin { value: 1, bound: 2 }, abi::MarginBelowLeast { margin: 1, bound: 2 }.abi_encode()),
        (Error::PositionCap { value: 2, bound: 1 }, abi::PositionAboveCap { notional: 2, bound: 1 }.abi_encode()),
        (Error::InterestCap { value: 2, bound: 1 }, abi::InterestAboveCap { interest: 2, bound: 1 }.abi_encode()),
        (Error::Initial { value: 1, bound: 2 }, abi::MarginBelowInitial { margin: 1, needed: 2 }.abi_encode()),
        (Error::Warming { value: 2, bound: 1 }, abi::ProfitWarming { amount: 2, available: 1 }.abi_encode()),
        (
            Error::Alone { leg: 4, value: 1, bound: u128::MAX },
            abi::PositionNotAlone { leg: 4, equity: 1, needed: u128::MAX }.abi_encode(),
        ),
        (Error::OutOfRange { value: 1, bound: 2 }, abi::MarketOutOfRange { value: 1, bound: 2 }.abi_encode()),
    ];
    for (error, data) in cases {
        assert_eq!(Vec::<u8>::from(error), data, "{error:?}");
    }
}
