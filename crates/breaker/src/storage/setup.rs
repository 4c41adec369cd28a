//! What is configured: words 5 to 11.

use super::fields::{Reader, Writer};
use super::{load, store, FEEDS, PARAMS, SEQUENCER};
use crate::error::{Error, Field};
use crate::params::{FeedConfig, FeedKind, Params, SequencerConfig, Setup, MAX_FEEDS};
use alloy_primitives::{Address, U256};
use fusebox_core::host::Host;
use fusebox_core::panel::Scope;

/// Where the sequencer's word keeps since when it was last seen up.
const SEEN: u32 = 208;

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
pub fn pack_sequencer(sequencer: Option<&SequencerConfig>) -> U256 {
    let Some(config) = sequencer else { return U256::ZERO };
    let mut w = Writer(address_word(config.source), 160);
    w.put(24, u128::from(config.grace_secs)).put(24, u128::from(config.max_age_secs));
    w.0
}

/// The sequencer's feed of a word.
pub fn unpack_sequencer(word: U256) -> Option<SequencerConfig> {
    let mut r = Reader(word, 160);
    let config = SequencerConfig { source: address(word), grace_secs: r.word(24), max_age_secs: r.word(24) };
    (!word.is_zero()).then_some(config)
}

/// Since when the sequencer was last seen up, of its word.
pub fn seen(word: U256) -> u64 {
    Reader(word, SEEN).take(40)
}

/// The sequencer's word with a later second since when it is up.
pub fn saw(word: U256, since: u64) -> U256 {
    let mut w = Writer(word, SEEN);
    w.time(seen(word).max(since));
    w.0
}

/// A configuration from its words, as they will be stored: what Governance sends.
///
/// Errors: those of [`Setup::new`], [`Error::OutOfBounds`] for a kind of feed that there is not.
pub fn unpack_setup(params: U256, feeds: &[U256], sequencer: U256) -> Result<Setup, Error> {
    let mut configs = [FeedConfig::NONE; MAX_FEEDS];
    for (place, word) in configs.iter_mut().zip(feeds) {
        *place = unpack_feed(*word)?;
    }
    let sequencer = unpack_sequencer(sequencer);
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
    let sequencer = unpack_sequencer(load(host, market, SEQUENCER));
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
    store(host, market, SEQUENCER, pack_sequencer(setup.sequencer.as_ref()), U256::ZERO);
    for (index, feed) in (FEEDS..).zip(setup.feeds.iter().take(usize::from(setup.count))) {
        store(host, market, index, pack_feed(feed), U256::ZERO);
    }
}

fn address_word(address: Address) -> U256 {
    fusebox_core::host::word(address)
}

fn address(word: U256) -> Address {
    let [.., a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t] = word.to_be_bytes::<32>();
    Address::new([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t])
}
