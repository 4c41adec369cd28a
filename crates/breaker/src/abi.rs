//! Events, errors, and how a quote looks from outside.

use crate::error::Error;
use crate::params::Setup;
use crate::storage;
use crate::types::{Effect, Quote};
use alloc::vec::Vec;
use alloy_primitives::{B256, U256};
use alloy_sol_types::{sol, SolError, SolEvent};
use fusebox_core::host::{emit, revert, Host};
use fusebox_core::panel::Scope;
use stylus_sdk::prelude::*;

sol! {
    /// A market has its thresholds and feeds.
    event Configured(uint32 indexed market, uint256 params, uint8 feeds);
    /// A tier rose, or a new episode began.
    event Tripped(uint32 indexed market, uint8 tier, uint8 previous, uint8 cause, uint32 deviationBps, uint64 until, uint8 strikes);
    /// A tier fell, by the clock or by evidence.
    event SteppedDown(uint32 indexed market, uint8 tier, uint8 previous);
    /// The reference was set anew.
    event ReferenceAnchored(uint32 indexed market, uint256 price);
    /// A feed is routed around.
    event Quarantined(uint32 indexed market, uint8 feed, uint64 until);
    /// A feed counts again.
    event Released(uint32 indexed market, uint8 feed);
    /// The protocol's own mark left the price, or came back.
    event MarkApart(uint32 indexed market, bool apart, uint32 deviationBps);
    /// The sequencer was down.
    event SequencerOutage(uint32 indexed market, uint64 from, uint64 until);

    /// The market has no feeds.
    error NotConfigured(uint32 market);
    /// The market has its feeds already.
    error AlreadyConfigured(uint32 market);
    /// A field of the configuration is outside its bounds.
    error OutOfBounds(uint8 field, uint256 value, uint256 min, uint256 max);
    /// A feed is the zero address.
    error ZeroFeed(uint8 feed);
    /// Two feeds are the same contract.
    error RepeatedFeed(uint8 feed, uint8 first);
    /// Feed 0 may only check.
    error AnchorOnlyChecks(uint8 kind);
    /// A feed reports other decimals.
    error WrongDecimals(uint8 feed, uint8 reported, uint8 configured);
    /// There is no such feed.
    error UnknownFeed(uint8 feed, uint8 count);
    /// Too little gas for a feed to answer.
    error FeedGas(uint256 left, uint256 needed);
    /// The price is too old.
    error StalePrice(uint256 age, uint256 max);
    /// The feed that leads gave no price.
    error InvalidPrice(uint8 feed, uint8 fault);
    /// The confidence interval is too wide.
    error UncertainPrice(uint32 confidenceBps, uint32 maxBps);
    /// The sources disagree, or nothing confirms the only one.
    error PriceInDoubt(uint32 deviationBps, uint32 boundBps);
    /// Too few valid feeds.
    error NoQuorum(uint8 valid, uint8 needed);
    /// The sequencer is down or was until recently.
    error SequencerDown(uint256 since, uint256 until);
    /// The sequencer's feed does not answer.
    error SequencerUnknown(uint8 fault);
    /// The class never reads a price.
    error NotQuoted(uint8 class);
}

/// The breaker as a contract exposes it.
#[public]
#[allow(missing_docs)] // the macro adds a method of its own without documentation
pub trait Breaker {
    /// A market's words as they are stored: five of memory, thresholds, the sequencer's feed, five feeds.
    fn breaker_state(&self, market: u32) -> Vec<U256>;
    /// A market's price now and what it says: see [`quote_words`].
    ///
    /// Errors: `NotConfigured`, `FeedGas`.
    fn quote(&self, market: u32) -> Result<Vec<U256>, Vec<u8>>;
    /// Council routes around a feed until a time, the anchor too.
    ///
    /// Errors: `NotConfigured`, `UnknownFeed`, `OutOfBounds`.
    fn quarantine(&mut self, market: u32, feed: u8, until: u64) -> Result<(), Vec<u8>>;
    /// Council counts a feed again.
    ///
    /// Errors: `NotConfigured`, `UnknownFeed`.
    fn release(&mut self, market: u32, feed: u8) -> Result<(), Vec<u8>>;
}

impl From<Error> for Vec<u8> {
    fn from(error: Error) -> Self {
        let (selector, words, count) = flat(error);
        let mut data = revert(selector, words);
        data.truncate(usize::from(count).saturating_mul(32).saturating_add(4));
        data
    }
}

/// Selector, words, and how many of them count.
fn flat(error: Error) -> ([u8; 4], [U256; 4], u8) {
    let one = |selector, a: u64| (selector, [a, 0, 0, 0], 1);
    let two = |selector, a: u64, b: u64| (selector, [a, b, 0, 0], 2);
    let (selector, values, count) = match error {
        Error::NotConfigured { market } => one(NotConfigured::SELECTOR, u64::from(market)),
        Error::AlreadyConfigured { market } => one(AlreadyConfigured::SELECTOR, u64::from(market)),
        Error::OutOfBounds { field, value, min, max } => {
            (OutOfBounds::SELECTOR, [u64::from(field.code()), value, min, max], 4)
        }
        Error::ZeroFeed { feed } => one(ZeroFeed::SELECTOR, u64::from(feed)),
        Error::RepeatedFeed { feed, first } => two(RepeatedFeed::SELECTOR, u64::from(feed), u64::from(first)),
        Error::AnchorOnlyChecks { kind } => one(AnchorOnlyChecks::SELECTOR, u64::from(kind)),
        Error::WrongDecimals { feed, reported, configured } => {
            (WrongDecimals::SELECTOR, [u64::from(feed), u64::from(reported), u64::from(configured), 0], 3)
        }
        Error::UnknownFeed { feed, count } => two(UnknownFeed::SELECTOR, u64::from(feed), u64::from(count)),
        Error::FeedGas { left, needed } => two(FeedGas::SELECTOR, left, needed),
        Error::StalePrice { age, max } => two(StalePrice::SELECTOR, age, max),
        Error::InvalidPrice { feed, fault } => two(InvalidPrice::SELECTOR, u64::from(feed), u64::from(fault.code())),
        Error::UncertainPrice { confidence_bps, max_bps } => {
            two(UncertainPrice::SELECTOR, u64::from(confidence_bps), u64::from(max_bps))
        }
        Error::PriceInDoubt { deviation_bps, bound_bps } => {
            two(PriceInDoubt::SELECTOR, u64::from(deviation_bps), u64::from(bound_bps))
        }
        Error::NoQuorum { valid, needed } => two(NoQuorum::SELECTOR, u64::from(valid), u64::from(needed)),
        Error::SequencerDown { since, until } => two(SequencerDown::SELECTOR, since, until),
        Error::SequencerUnknown { fault } => one(SequencerUnknown::SELECTOR, u64::from(fault.code())),
        Error::NotQuoted { class } => one(NotQuoted::SELECTOR, u64::from(class)),
    };
    (selector, values.map(U256::from), count)
}

/// A quote as words: price, updatedAt, tier, stopped classes (a bit each), valid feeds, deviationBps, outlierBps,
/// velocityLogBps, cause, clean, the fault of each feed (a byte each, the first lowest).
pub fn quote_words(quote: &Quote) -> Vec<U256> {
    let standing = quote.standing();
    let faults = quote.faults.iter().rev().fold(0u64, |all, fault| all << 8 | u64::from(fault.map_or(0, |f| f.code())));
    let mut words = Vec::from([U256::from(quote.price)]);
    words.extend(
        [
            quote.updated_at,
            u64::from(standing.tier.code()),
            u64::from(standing.stopped.bits()),
            u64::from(quote.valid),
            u64::from(quote.deviation_bps),
            u64::from(quote.outlier_bps),
            u64::from(quote.velocity_log_bps),
            u64::from(quote.cause.code()),
            u64::from(quote.clean),
            faults,
        ]
        .map(U256::from),
    );
    words
}

pub(crate) fn log_configured(host: &mut impl Host, market: Scope, setup: &Setup) {
    let words = [storage::pack_params(&setup.params), U256::from(setup.count)];
    emit(host, &[Configured::SIGNATURE_HASH, topic(market)], words);
}

pub(crate) fn log_quarantined(host: &mut impl Host, market: Scope, feed: u8, until: u64) {
    log(host, Quarantined::SIGNATURE_HASH, market, &[u128::from(feed), u128::from(until)]);
}

pub(crate) fn log_released(host: &mut impl Host, market: Scope, feed: u8) {
    log(host, Released::SIGNATURE_HASH, market, &[u128::from(feed)]);
}

pub(crate) fn log_effect(host: &mut impl Host, market: Scope, effect: &Effect) {
    if let Some(trip) = &effect.tripped {
        let words = [
            u64::from(trip.tier.code()),
            u64::from(trip.previous.code()),
            u64::from(trip.cause.code()),
            u64::from(trip.deviation_bps),
            trip.until,
            u64::from(trip.strikes),
        ];
        log(host, Tripped::SIGNATURE_HASH, market, &words.map(u128::from));
    }
    if let Some((previous, tier)) = effect.stepped {
        let words = [u128::from(tier.code()), u128::from(previous.code())];
        log(host, SteppedDown::SIGNATURE_HASH, market, &words);
    }
    if let Some(price) = effect.anchored {
        log(host, ReferenceAnchored::SIGNATURE_HASH, market, &[price]);
    }
    if let Some((feed, until)) = effect.quarantined {
        log_quarantined(host, market, feed, until);
    }
    for feed in (0u8..8).filter(|feed| effect.released.wrapping_shr(u32::from(*feed)) & 1 == 1) {
        log_released(host, market, feed);
    }
    if let Some(apart) = effect.mark_apart {
        let words = [u128::from(apart), u128::from(effect.quote.mark_bps)];
        log(host, MarkApart::SIGNATURE_HASH, market, &words);
    }
    if let Some(outage) = effect.outage {
        let words = [u128::from(outage.from), u128::from(outage.until)];
        log(host, SequencerOutage::SIGNATURE_HASH, market, &words);
    }
}

/// One event of a market; no field of any is wider than 128 bits, and one encoder serves them all.
#[inline(never)]
fn log(host: &mut impl Host, signature: B256, market: Scope, words: &[u128]) {
    let mut data = Vec::with_capacity(words.len().saturating_mul(32));
    for word in words {
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&word.to_be_bytes());
    }
    host.log(&[signature, topic(market)], &data);
}

fn topic(market: Scope) -> B256 {
    let mut topic = B256::ZERO;
    topic.0.iter_mut().rev().zip(market.number().to_le_bytes()).for_each(|(place, byte)| *place = byte);
    topic
}
