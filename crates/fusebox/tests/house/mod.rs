//! A protocol on one contract's memory, composed as a protocol would: a few markets with feeds, the rest without,
//! guardians everywhere, a Council, a Sentinel, and everybody.

#![allow(dead_code)] // each test file uses a part

use alloy_primitives::{Address, B256, U256};
use fusebox::{
    journal, logic, markets,
    storage::{self, panel},
    types::Sighting,
    House, Refusal,
};
use fusebox_authority::{self as authority, types::Role};
use fusebox_breaker::{self as breaker, feed, FeedConfig, Params, SequencerConfig, Setup};
use fusebox_core::{
    host::{Host, Log, Memory},
    panel::{Scope, Standing, Tier, CIRCUITS_PER_WORD},
    time::{DAY, HOUR},
};
use fusebox_guardian::{self as guardian, Pause};
use proptest::prelude::*;
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

pub const HOUSE: House = House::DEFAULT;
pub const T: u64 = 1_700_000_000;
pub const GOVERNANCE: Address = Address::repeat_byte(0xee);
pub const COUNCIL: Address = Address::repeat_byte(0xcc);
pub const SENTINEL: Address = Address::repeat_byte(0x55);
pub const GUARDS: [Address; 4] =
    [Address::repeat_byte(0x11), Address::repeat_byte(0x12), Address::repeat_byte(0x13), Address::repeat_byte(0x14)];
pub const ANYBODY: [Address; 2] = [Address::repeat_byte(0xa1), Address::repeat_byte(0xa2)];
pub const TRADING: u8 = 0b0_0111;
/// The price at which every feed begins, with 8 decimals.
pub const START: u64 = 200_000_000_000;
const MASKS: [u8; 6] = [0b0_0001, 0b0_0111, 0b1_0010, 0b0_1000, 0b1_1010, 0b1_1111];
/// Around the borders of the panel's words: circuits 0, 61 to 64, 125 and 126.
const BORDERS: [u32; 8] = [0, 1, 62, 63, 64, 65, 126, 127];
/// Markets that have feeds: the first, the last of a word, the first of the second and of the third.
const PRICED: [u32; 4] = [1, 63, 64, 127];

/// Random cases of each property; `FUSEBOX_CASES` asks for another number.
pub fn cases(default: u32) -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(default);
    ProptestConfig { cases, ..ProptestConfig::default() }
}

pub fn words(words: &[U256]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes::<32>()).collect()
}

/// What a feed answers.
#[derive(Clone, Copy, Debug)]
pub struct Feed {
    pub price: u64,
    /// It has said nothing since.
    pub silent_since: u64,
    pub reverts: bool,
}

pub type Shared = Rc<RefCell<Feed>>;

/// A Chainlink-like feed with 8 decimals: its round is of this second unless it went silent.
pub fn feed_at(host: &mut Memory, at: Address) -> Shared {
    let shared = Rc::new(RefCell::new(Feed { price: START, silent_since: u64::MAX, reverts: false }));
    let own = shared.clone();
    let callee = move |now: u64, _: u64, input: &[u8]| {
        let feed = *own.borrow();
        let at = U256::from(feed.silent_since.min(now));
        match <[u8; 4]>::try_from(&input[..4]).unwrap() {
            _ if feed.reverts => None,
            feed::DECIMALS => Some(words(&[U256::from(8)])),
            feed::LATEST_ROUND_DATA => Some(words(&[U256::from(7), U256::from(feed.price), at, at, U256::from(7)])),
            _ => None,
        }
    };
    host.callees.insert(at, Box::new(callee));
    shared
}

/// Address `index` of what belongs to a market.
pub fn source(market: u32, index: u32) -> Address {
    Address::left_padding_from(&(0x1000_0000 + market * 16 + index).to_be_bytes())
}

pub fn setup(market: u32, sequencer: Option<Address>) -> Setup {
    let feeds = [0, 1].map(|index| FeedConfig::aggregator(source(market, index), 8, 3_600));
    Setup::new(&Params::DEFAULT, &feeds, sequencer.map(SequencerConfig::new)).unwrap()
}

/// What may happen; `at` chooses among the scopes at the borders, `market` among those with feeds.
#[derive(Clone, Debug)]
pub enum Step {
    Pause { guard: usize, at: Vec<usize>, mask: usize },
    Arm { guard: usize, at: usize, secs: u32 },
    Heartbeat { guard: usize },
    Extend { at: usize, secs: u64 },
    Unpause { at: usize },
    Signal { at: usize, secs: u32, by: usize },
    Trip { at: usize, secs: u64 },
    Price { market: usize, feed: usize, bps: u64 },
    Silence { market: usize, feed: usize },
    Revert { market: usize, feed: usize },
    Heal { market: usize },
    Poke { market: usize, by: usize },
    Tidy { at: usize, by: usize },
    Lose { at: usize, loss: u128, cover: u128 },
    Label { id: u32, label: u8 },
    List { priced: bool },
    Decide { at: usize, what: u8 },
    Wait { secs: u64 },
}

pub fn step() -> impl Strategy<Value = Step> {
    let place = || 0..9usize;
    let bps = prop_oneof![4 => 9_900..10_100u64, 2 => 9_300..10_700u64, 1 => 8_500..11_500u64, 2 => 6_000..15_000u64];
    let secs = prop_oneof![Just(0), Just(1), 59..62u64, 590..610u64, HOUR..6 * HOUR, DAY..4 * DAY];
    prop_oneof![
        6 => (0..4usize, prop::collection::vec(place(), 1..4), 0..MASKS.len())
            .prop_map(|(guard, at, mask)| Step::Pause { guard, at, mask }),
        2 => (0..4usize, place(), 0..2 * 86_400u32).prop_map(|(guard, at, secs)| Step::Arm { guard, at, secs }),
        1 => (0..4usize).prop_map(|guard| Step::Heartbeat { guard }),
        2 => (place(), 0..15 * DAY).prop_map(|(at, secs)| Step::Extend { at, secs }),
        2 => place().prop_map(|at| Step::Unpause { at }),
        2 => (place(), 0..2 * 86_400u32, 0..4usize).prop_map(|(at, secs, by)| Step::Signal { at, secs, by }),
        1 => (place(), 1..DAY).prop_map(|(at, secs)| Step::Trip { at, secs }),
        5 => (0..4usize, 0..2usize, bps).prop_map(|(market, feed, bps)| Step::Price { market, feed, bps }),
        1 => (0..4usize, 0..2usize).prop_map(|(market, feed)| Step::Silence { market, feed }),
        1 => (0..4usize, 0..2usize).prop_map(|(market, feed)| Step::Revert { market, feed }),
        3 => (0..4usize).prop_map(|market| Step::Heal { market }),
        9 => (0..4usize, 0..3usize).prop_map(|(market, by)| Step::Poke { market, by }),
        2 => (place(), 0..2usize).prop_map(|(at, by)| Step::Tidy { at, by }),
        1 => (place(), 0..1_000u128, 0..600u128).prop_map(|(at, loss, cover)| Step::Lose { at, loss, cover }),
        1 => (0..6u32, 0..4u8).prop_map(|(id, label)| Step::Label { id, label }),
        1 => any::<bool>().prop_map(|priced| Step::List { priced }),
        1 => (place(), prop_oneof![3 => 0..2u8, 1 => Just(2)]).prop_map(|(at, what)| Step::Decide { at, what }),
        9 => secs.prop_map(|secs| Step::Wait { secs }),
    ]
}

/// How many markets there are at first, and what happens: one, two or three panel words are in use.
pub fn history(most: usize) -> impl Strategy<Value = (u32, Vec<Step>)> {
    let markets = prop_oneof![1..5u32, 61..67u32, 124..=130u32];
    (markets, prop::collection::vec(step(), 1..most))
}

pub struct World {
    pub host: Memory,
    pub feeds: BTreeMap<u32, [Shared; 2]>,
    /// The last call that failed had written something, which only its revert took back.
    pub dirty: bool,
}

impl World {
    /// `count` markets; every guard may pause the protocol and each market at a border for a day, once.
    pub fn new(count: u32) -> Self {
        let mut world = Self { host: Memory::default(), feeds: BTreeMap::new(), dirty: false };
        HOUSE.init(&mut world.host, GOVERNANCE).unwrap();
        for (who, role) in [(COUNCIL, Role::Council), (SENTINEL, Role::Sentinel)] {
            authority::shell::install(&mut world.host, who, role).unwrap();
        }
        for market in 1..=count {
            assert!(world.list(PRICED.contains(&market)));
        }
        for scope in world.places() {
            for guard in GUARDS {
                HOUSE.set_guardian(&mut world.host, guard, scope, 86_400).unwrap();
            }
        }
        world
    }

    /// Runs `f` as `by`; an error undoes storage and logs, as a revert does.
    pub fn act<T, E>(&mut self, by: Address, f: impl FnOnce(&mut Memory) -> Result<T, E>) -> Result<T, E> {
        let (words, logs) = (self.host.words.clone(), self.host.logs.len());
        self.host.caller = by;
        let result = f(&mut self.host);
        self.dirty = false;
        if result.is_err() {
            self.dirty = written(&words) != written(&self.host.words);
            self.host.words = words;
            self.host.logs.truncate(logs);
        }
        result
    }

    /// Adds a market, with two feeds or without.
    pub fn list(&mut self, priced: bool) -> bool {
        let market = markets(&self.host) + 1;
        let setup = priced.then(|| setup(market, None));
        if priced {
            let feeds = [0, 1].map(|index| feed_at(&mut self.host, source(market, index)));
            self.feeds.insert(market, feeds);
        }
        self.act(GOVERNANCE, |h| HOUSE.list(h, setup.as_ref())).is_ok()
    }

    /// The protocol, the markets at the borders of panel words, the last one.
    pub fn places(&self) -> Vec<Scope> {
        let last = markets(&self.host);
        let mut places: Vec<_> = BORDERS.into_iter().filter(|n| *n <= last).chain([last]).map(Scope::new).collect();
        places.dedup();
        places
    }
    pub fn place(&self, at: usize) -> Scope {
        let places = self.places();
        places[at % places.len()]
    }
    /// The protocol and every market.
    pub fn scopes(&self) -> Vec<Scope> {
        (0..=markets(&self.host)).map(Scope::new).collect()
    }
    /// A market with feeds.
    pub fn priced(&self, market: usize) -> Scope {
        let all: Vec<_> = self.feeds.keys().copied().collect();
        Scope::new(all[market % all.len()])
    }
    pub fn feed(&self, market: Scope, feed: usize) -> std::cell::RefMut<'_, Feed> {
        self.feeds[&market.number()][feed].borrow_mut()
    }
    /// Both feeds of a market answer, and say the same.
    pub fn heal(&self, market: Scope) {
        let price = self.feed(market, 0).price.clamp(START / 1_000, START * 1_000);
        for feed in 0..2 {
            *self.feed(market, feed) = Feed { price, silent_since: u64::MAX, reverts: false };
        }
    }
    pub fn poke(&mut self, by: Address, market: Scope) -> Result<Tier, fusebox::Error> {
        self.act(by, |h| HOUSE.poke(h, market))
    }

    /// One step; whether its call passed.
    pub fn run(&mut self, step: &Step) -> bool {
        let now = self.host.now;
        self.dirty = false;
        match *step {
            Step::Pause { guard, ref at, mask } => {
                let scopes: Vec<u32> = at.iter().map(|at| self.place(*at).number()).collect();
                self.act(GUARDS[guard], |h| HOUSE.pause(h, &scopes, MASKS[mask], 7)).is_ok()
            }
            Step::Arm { guard, at, secs } => {
                let scope = self.place(at);
                self.act(GOVERNANCE, |h| HOUSE.set_guardian(h, GUARDS[guard], scope, secs)).is_ok()
            }
            Step::Heartbeat { guard } => self.act(GUARDS[guard], |h| HOUSE.heartbeat(h)).is_ok(),
            Step::Extend { at, secs } => {
                let scope = self.place(at);
                self.act(COUNCIL, |h| HOUSE.extend(h, scope, now + secs)).is_ok()
            }
            Step::Unpause { at } => {
                let scope = self.place(at);
                self.act(COUNCIL, |h| HOUSE.unpause(h, scope)).is_ok()
            }
            Step::Signal { at, secs, by } => {
                let (scope, by) = (self.place(at), if by == 0 { ANYBODY[0] } else { SENTINEL });
                self.act(by, |h| HOUSE.signal(h, scope, secs)).is_ok()
            }
            Step::Trip { at, secs } => {
                let scope = self.place(at);
                self.act(ANYBODY[0], |h| HOUSE.trip(h, scope, now + secs)).is_ok()
            }
            Step::Poke { market, by } => {
                let market = self.priced(market);
                self.poke([ANYBODY[0], ANYBODY[1], COUNCIL][by], market).is_ok()
            }
            Step::Tidy { at, by } => {
                let scope = self.place(at);
                self.tidy(ANYBODY[by], scope)
            }
            Step::Lose { at, loss, cover } => {
                let scope = self.place(at);
                self.act(GOVERNANCE, |h| journal::lose(h, scope, loss, cover)).is_ok()
            }
            Step::Label { id, label } => self.act(GOVERNANCE, |h| journal::label(h, id, label)).is_ok(),
            Step::Decide { at, what } => {
                let scope = self.place(at);
                let decide = [House::wind_down, House::reopen, House::settle_scope][usize::from(what)];
                self.act(GOVERNANCE, |h| decide(&HOUSE, h, scope)).is_ok()
            }
            Step::List { priced } => markets(&self.host) < 130 && self.list(priced),
            _ => self.circumstance(step),
        }
    }

    /// What no call of the contract does: prices, feeds that fail, time.
    fn circumstance(&mut self, step: &Step) -> bool {
        match *step {
            Step::Price { market, feed, bps } => {
                let mut feed = self.feed(self.priced(market), feed);
                feed.price = (feed.price / 10_000 * bps).clamp(START / 1_000, START * 1_000);
            }
            Step::Silence { market, feed } => {
                let now = self.host.now;
                self.feed(self.priced(market), feed).silent_since = now;
            }
            Step::Revert { market, feed } => self.feed(self.priced(market), feed).reverts = true,
            Step::Heal { market } => self.heal(self.priced(market)),
            Step::Wait { secs } => self.host.now += secs,
            _ => return false,
        }
        true
    }

    /// What a poke is to a scope without feeds: only its second half has something to do.
    pub fn tidy(&mut self, by: Address, scope: Scope) -> bool {
        if self.feeds.contains_key(&scope.number()) {
            return self.poke(by, scope).is_ok();
        }
        let nothing = Sighting { tier: Tier::Normal, anomaly: 0, contained: true, outage: (0, 0), feeds: 0 };
        self.act(by, |h| HOUSE.note(h, scope, nothing)).is_ok()
    }

    pub fn bits(&self, scope: Scope) -> u8 {
        let (k, nibble) = scope.place();
        panel(&self.host, k).bits(nibble)
    }
    /// The panel's words in use.
    pub fn panels(&self) -> u32 {
        markets(&self.host).div_ceil(CIRCUITS_PER_WORD).max(1)
    }
    pub fn open(&self, scope: Scope) -> Option<(u32, fusebox::types::Incident)> {
        journal::open_incident(&self.host, scope)
    }
}

/// What is not zero.
fn written(words: &BTreeMap<U256, U256>) -> BTreeMap<U256, U256> {
    words.iter().filter(|(_, word)| !word.is_zero()).map(|(slot, word)| (*slot, *word)).collect()
}

/// What all that is stored says of a scope now, whatever the bits say.
pub fn stored(host: &Memory, scope: Scope) -> Standing {
    let pause = |at| guardian::storage::pause(host, at);
    let own = if scope.is_protocol() { Pause::default() } else { pause(scope) };
    let mut all = guardian::logic::effective(&pause(Scope::PROTOCOL), &own, &HOUSE.guardian, host.now());
    if !scope.is_protocol() {
        all = all.and(breaker::shell::standing(host, scope));
    }
    for at in [Scope::PROTOCOL, scope] {
        let signal = storage::signal(host, at);
        if signal.until != 0 {
            all = all.and(logic::signal_standing(&signal, host.now()));
        }
    }
    all
}

/// The first topics of logs.
pub fn events(logs: &[Log]) -> Vec<B256> {
    logs.iter().map(|log| log.topics[0]).collect()
}

/// Whether a refusal is one of a market that does not exist.
pub fn unknown<T>(result: Result<T, Refusal>) -> bool {
    matches!(result, Err(Refusal::UnknownMarket { .. }))
}
