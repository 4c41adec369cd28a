//! The slot layout: sixteen words a market, at `root + 16 * market`; fields from the least significant bit.
//!
//! | word | holds |
//! |---|---|
//! | 0 | [`Ladder`]: halted_until 40, reduce_only_until 40, guarded_until 40, hard_end 40, window_end 40, strikes 2, level 3, announced 3, cause 3, evidence 1, and 40 of the anomaly: all that a check reads |
//! | 1 | [`Reference`]: price 112, at 40, pending 3, pending_since 40, frozen 1, mark_apart 1, quarantined 5, clean 4, clean_since 40 |
//! | 2 | [`Variance`]: fast 64, slow 64, price 48 (7 of exponent), at 40 |
//! | 3 | ten clean samples of 25 (7 of exponent), newest lowest |
//! | 4 | [`Quarantine`]: five ends of 40, then five counts of 4 |
//! | 5 | [`Params`]: see `pack_params` |
//! | 6 | the sequencer's feed: source 160, grace 24, maximum age 24, the last second it was seen up since 40 |
//! | 7.. | one feed each: source 160, kind 8, decimals 8, decimals of token 1 8, inverted 8, window 16, gas 24, maximum age 24 |

use crate::error::{Error, Field};
use crate::params::{FeedConfig, FeedKind, Params, SequencerConfig, Setup, MAX_FEEDS};
use crate::types::{Cause, Ladder, Quarantine, Reference, State, Variance};
use alloy_primitives::{Address, U256};
use fusebox_core::host::Host;
use fusebox_core::pack::{field, field_u128, with_field_u128};
use fusebox_core::panel::{Scope, Tier};
use fusebox_core::slot::{element, erc7201};

const ROOT: U256 = erc7201("fusebox.breaker");
const WORDS: u64 = 16;

/// The remembered trip.
pub const LADDER: u64 = 0;
/// The reference.
pub const REFERENCE: u64 = 1;
/// The variances.
pub const VARIANCE: u64 = 2;
/// The clean samples.
pub const SAMPLES: u64 = 3;
/// The feeds that are routed around.
pub const QUARANTINE: u64 = 4;
/// The thresholds.
pub const PARAMS: u64 = 5;
/// The sequencer's feed.
pub const SEQUENCER: u64 = 6;
/// The first feed.
pub const FEEDS: u64 = 7;
/// Words in use.
pub const USED: u64 = 12;

/// A word of a market.
pub fn load(host: &impl Host, market: Scope, index: u64) -> U256 {
    host.load(slot(market, index))
}

/// Writes a word of a market, unless it is what is there.
pub fn store(host: &mut impl Host, market: Scope, index: u64, word: U256, was: U256) {
    if word != was {
        host.store(slot(market, index), word);
    }
}

fn slot(market: Scope, index: u64) -> U256 {
    element(ROOT, u64::from(market.number()).wrapping_mul(WORDS).wrapping_add(index))
    // below 2^37
}

/// Fields written one behind the other; a value that does not fit saturates.
struct Writer(U256, u32);

impl Writer {
    fn put(&mut self, bits: u32, value: u128) -> &mut Self {
        let most = (1u128.wrapping_shl(bits)).wrapping_sub(1); // no field here is wider than 112
        self.0 = with_field_u128(self.0, self.1, bits, value.min(most)).unwrap_or(self.0);
        self.1 = self.1.saturating_add(bits);
        self
    }
    fn time(&mut self, seconds: u64) -> &mut Self {
        self.put(40, u128::from(seconds))
    }
    fn small(&mut self, bits: u32, value: u8) -> &mut Self {
        self.put(bits, u128::from(value))
    }
}

/// Fields read one behind the other.
struct Reader(U256, u32);

impl Reader {
    fn wide(&mut self, bits: u32) -> u128 {
        let value = field_u128(self.0, self.1, bits);
        self.1 = self.1.saturating_add(bits);
        value
    }
    fn take(&mut self, bits: u32) -> u64 {
        let value = field(self.0, self.1, bits);
        self.1 = self.1.saturating_add(bits);
        value
    }
    fn small(&mut self, bits: u32) -> u8 {
        let [low, ..] = self.take(bits).to_le_bytes();
        low
    }
    fn tier(&mut self) -> Tier {
        Tier::from_code(self.small(3)).unwrap_or(Tier::Halted) // never written; the safe reading of a foreign word
    }
    fn flag(&mut self) -> bool {
        self.take(1) == 1
    }
    fn half(&mut self) -> u16 {
        let [low, high, ..] = self.take(16).to_le_bytes();
        u16::from_le_bytes([low, high])
    }
    fn word(&mut self, bits: u32) -> u32 {
        u32::try_from(self.take(bits)).unwrap_or(u32::MAX) // at most 24 bits
    }
}

/// The ladder as a word.
pub fn pack_ladder(l: &Ladder) -> U256 {
    let mut w = Writer(U256::ZERO, 0);
    w.time(l.halted_until).time(l.reduce_only_until).time(l.guarded_until).time(l.hard_end).time(l.window_end);
    w.small(2, l.strikes).small(3, l.level.code()).small(3, l.announced.code()).small(3, l.cause.code());
    w.small(1, u8::from(l.evidence)).time(l.anomaly);
    w.0
}

/// The ladder of a word.
pub fn unpack_ladder(word: U256) -> Ladder {
    let mut r = Reader(word, 0);
    Ladder {
        halted_until: r.take(40),
        reduce_only_until: r.take(40),
        guarded_until: r.take(40),
        hard_end: r.take(40),
        window_end: r.take(40),
        strikes: r.small(2),
        level: r.tier(),
        announced: r.tier(),
        cause: Cause::from_code(r.small(3)),
        evidence: r.flag(),
        anomaly: r.take(40),
    }
}

/// The reference as a word.
pub fn pack_reference(x: &Reference) -> U256 {
    let mut w = Writer(U256::ZERO, 0);
    w.put(112, x.price).time(x.at).small(3, x.pending.code()).time(x.pending_since).small(1, u8::from(x.frozen));
    w.small(1, u8::from(x.mark_apart)).small(5, x.quarantined).small(4, x.clean).time(x.clean_since);
    w.0
}

/// The reference of a word.
pub fn unpack_reference(word: U256) -> Reference {
    let mut r = Reader(word, 0);
    Reference {
        price: r.wide(112),
        at: r.take(40),
        pending: r.tier(),
        pending_since: r.take(40),
        frozen: r.flag(),
        mark_apart: r.flag(),
        quarantined: r.small(5),
        clean: r.small(4),
        clean_since: r.take(40),
    }
}

/// The variances as a word; the price keeps 41 significant bits, rounded down.
pub fn pack_variance(v: &Variance) -> U256 {
    let mut w = Writer(U256::ZERO, 0);
    w.put(64, u128::from(v.fast)).put(64, u128::from(v.slow)).put(48, float(v.price, 41)).time(v.at);
    w.0
}

/// The variances of a word.
pub fn unpack_variance(word: U256) -> Variance {
    let mut r = Reader(word, 0);
    Variance { fast: r.take(64), slow: r.take(64), price: unfloat(r.wide(48), 41), at: r.take(40) }
}

/// Ten prices of 18 significant bits, rounded down.
pub fn pack_samples(samples: &[u128]) -> U256 {
    let mut w = Writer(U256::ZERO, 0);
    samples.iter().for_each(|price| {
        w.put(25, float(*price, 18));
    });
    w.0
}

/// The prices of a word.
pub fn unpack_samples<const N: usize>(word: U256) -> [u128; N] {
    let mut r = Reader(word, 0);
    core::array::from_fn(|_| unfloat(r.wide(25), 18))
}

/// The quarantine as a word.
pub fn pack_quarantine(q: &Quarantine) -> U256 {
    let mut w = Writer(U256::ZERO, 0);
    q.until.iter().for_each(|until| {
        w.time(*until);
    });
    q.disagreed.iter().for_each(|count| {
        w.small(4, *count);
    });
    w.0
}

/// The quarantine of a word.
pub fn unpack_quarantine(word: U256) -> Quarantine {
    let mut r = Reader(word, 0);
    Quarantine { until: core::array::from_fn(|_| r.take(40)), disagreed: core::array::from_fn(|_| r.small(4)) }
}

/// A price as 7 bits of exponent over its `bits` most significant ones.
///
/// Rounding: down.
fn float(price: u128, bits: u32) -> u128 {
    let cut = 128u32.saturating_sub(price.leading_zeros()).saturating_sub(bits);
    u128::from(cut).wrapping_shl(bits) | price.wrapping_shr(cut)
}

fn unfloat(float: u128, bits: u32) -> u128 {
    let cut = u32::try_from(float >> bits).unwrap_or(0); // 7 bits
    (float & (1u128.wrapping_shl(bits)).wrapping_sub(1)).wrapping_shl(cut)
}

/// The thresholds as a word: in the order of the parameter table, 16 bits each but `clean_samples` (8), then the three
/// flags.
pub fn pack_params(p: &Params) -> U256 {
    let mut w = Writer(U256::ZERO, 0);
    for value in [
        p.guarded_bps,
        p.reduce_only_bps,
        p.halted_bps,
        p.velocity_log_bps,
        p.max_confidence_bps,
        p.tau_secs,
        p.cap_bps_per_sec,
        p.debounce_secs,
        p.guarded_mins,
        p.reduce_only_mins,
        p.halted_mins,
        p.window_mins,
        p.hard_end_mins,
        p.clean_secs,
    ] {
        w.put(16, u128::from(value));
    }
    w.small(8, p.clean_samples).small(1, u8::from(p.sole)).small(1, u8::from(p.divergence_off));
    w.small(1, u8::from(p.velocity_off)).small(5, 0);
    w.0
}

/// The thresholds of a word, as they are.
fn unpack_params(word: U256) -> Params {
    let mut r = Reader(word, 0);
    Params {
        guarded_bps: r.half(),
        reduce_only_bps: r.half(),
        halted_bps: r.half(),
        velocity_log_bps: r.half(),
        max_confidence_bps: r.half(),
        tau_secs: r.half(),
        cap_bps_per_sec: r.half(),
        debounce_secs: r.half(),
        guarded_mins: r.half(),
        reduce_only_mins: r.half(),
        halted_mins: r.half(),
        window_mins: r.half(),
        hard_end_mins: r.half(),
        clean_secs: r.half(),
        clean_samples: r.small(8),
        sole: r.flag(),
        divergence_off: r.flag(),
        velocity_off: r.flag(),
    }
}

/// A feed as a word.
pub fn pack_feed(feed: &FeedConfig) -> U256 {
    let (first, second, inverted, window) = match feed.kind {
        FeedKind::Aggregator { decimals } => (decimals, 0, false, 0),
        FeedKind::PoolMean { decimals0, decimals1, inverted, window_secs } => {
            (decimals0, decimals1, inverted, window_secs)
        }
    };
    let mut w = Writer(address_word(feed.source), 160);
    w.small(8, feed.kind.code()).small(8, first).small(8, second).small(8, u8::from(inverted));
    w.put(16, u128::from(window)).put(24, u128::from(feed.gas)).put(24, u128::from(feed.max_age_secs));
    w.0
}

/// The feed of a word.
///
/// Errors: [`Error::OutOfBounds`] for a kind that there is not.
pub fn unpack_feed(word: U256) -> Result<FeedConfig, Error> {
    let mut r = Reader(word, 160);
    let (kind, first, second, inverted, window_secs) = (r.small(8), r.small(8), r.small(8), r.small(8), r.word(16));
    let kind = match kind {
        1 => FeedKind::Aggregator { decimals: first },
        2 => FeedKind::PoolMean { decimals0: first, decimals1: second, inverted: inverted != 0, window_secs },
        _ => return Err(Error::OutOfBounds { field: Field::FeedKind, value: u64::from(kind), min: 1, max: 2 }),
    };
    Ok(FeedConfig { source: address(word), kind, gas: r.word(24), max_age_secs: r.word(24) })
}

/// The sequencer's feed as a word; zero for a chain that has none.
pub fn pack_sequencer(sequencer: Option<&SequencerConfig>, seen: u64) -> U256 {
    let Some(config) = sequencer else { return U256::ZERO };
    let mut w = Writer(address_word(config.source), 160);
    w.put(24, u128::from(config.grace_secs)).put(24, u128::from(config.max_age_secs)).time(seen);
    w.0
}

/// The sequencer's feed of a word, and since when it was last seen up.
pub fn unpack_sequencer(word: U256) -> (Option<SequencerConfig>, u64) {
    let mut r = Reader(word, 160);
    let config = SequencerConfig { source: address(word), grace_secs: r.word(24), max_age_secs: r.word(24) };
    ((!word.is_zero()).then_some(config), r.take(40))
}

/// A configuration from its words, as they will be stored: what Governance sends.
///
/// Errors: those of [`Setup::new`], [`Error::OutOfBounds`] for a kind of feed that there is not.
pub fn unpack_setup(params: U256, feeds: &[U256], sequencer: U256) -> Result<Setup, Error> {
    let mut configs = [FeedConfig::NONE; MAX_FEEDS];
    for (place, word) in configs.iter_mut().zip(feeds) {
        *place = unpack_feed(*word)?;
    }
    let sequencer = unpack_sequencer(sequencer).0;
    match configs.get(..feeds.len()) {
        Some(configs) => Setup::new(&unpack_params(params), configs, sequencer),
        None => Err(Error::OutOfBounds {
            field: Field::FeedCount,
            value: u64::try_from(feeds.len()).unwrap_or(u64::MAX),
            min: 1,
            max: 5,
        }),
    }
}

/// What is configured for a market.
///
/// Errors: [`Error::NotConfigured`].
pub fn load_setup(host: &impl Host, market: Scope) -> Result<Setup, Error> {
    let params = load(host, market, PARAMS);
    if params.is_zero() {
        return Err(Error::NotConfigured { market: market.number() });
    }
    let [.., count] = params.to_le_bytes::<32>();
    let sequencer = unpack_sequencer(load(host, market, SEQUENCER)).0;
    let mut setup = Setup { params: unpack_params(params), feeds: [FeedConfig::NONE; MAX_FEEDS], count, sequencer };
    for (index, place) in (FEEDS..).zip(setup.feeds.iter_mut().take(usize::from(count))) {
        *place = unpack_feed(load(host, market, index))?;
    }
    Ok(setup)
}

/// Writes what is configured for a market: once.
pub fn store_setup(host: &mut impl Host, market: Scope, setup: &Setup) {
    let mut params = Writer(pack_params(&setup.params), 248);
    params.small(8, setup.count);
    store(host, market, PARAMS, params.0, U256::ZERO);
    store(host, market, SEQUENCER, pack_sequencer(setup.sequencer.as_ref(), 0), U256::ZERO);
    for (index, feed) in (FEEDS..).zip(setup.feeds.iter().take(usize::from(setup.count))) {
        store(host, market, index, pack_feed(feed), U256::ZERO);
    }
}

/// What a quote needs of the memory: one word, and two more while a trip is remembered, and one for a quarantine.
pub fn load_for_quote(host: &impl Host, market: Scope) -> State {
    let mut state = State { reference: unpack_reference(load(host, market, REFERENCE)), ..State::default() };
    if state.reference.frozen {
        state.ladder = unpack_ladder(load(host, market, LADDER));
        state.samples = unpack_samples(load(host, market, SAMPLES));
    }
    if state.reference.quarantined != 0 {
        state.quarantine = unpack_quarantine(load(host, market, QUARANTINE));
    }
    state
}

/// The words of the whole memory.
pub fn load_words(host: &impl Host, market: Scope) -> [U256; 5] {
    core::array::from_fn(|index| load(host, market, u64::try_from(index).unwrap_or(0)))
}

/// The memory of its words.
pub fn unpack_state(words: &[U256; 5]) -> State {
    let [ladder, reference, variance, samples, quarantine] = *words;
    State {
        ladder: unpack_ladder(ladder),
        reference: unpack_reference(reference),
        variance: unpack_variance(variance),
        samples: unpack_samples(samples),
        quarantine: unpack_quarantine(quarantine),
    }
}

/// Writes the words of the memory that changed.
pub fn store_state(host: &mut impl Host, market: Scope, state: &State, was: &[U256; 5]) {
    let words = [
        pack_ladder(&state.ladder),
        pack_reference(&state.reference),
        pack_variance(&state.variance),
        pack_samples(&state.samples),
        pack_quarantine(&state.quarantine),
    ];
    for (index, (word, was)) in (0u64..).zip(words.into_iter().zip(was)) {
        store(host, market, index, word, *was);
    }
}

fn address_word(address: Address) -> U256 {
    fusebox_core::host::word(address)
}

fn address(word: U256) -> Address {
    let [.., a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t] = word.to_be_bytes::<32>();
    Address::new([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t])
}
