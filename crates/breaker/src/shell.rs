//! Reads the feeds first and by value, then loads, decides, stores, logs.
//!
//! Who may call what is settled by the panel: configuring is Governance's, quarantine and release are Council's.

use crate::abi;
use crate::error::Error;
use crate::feed::{self, OBSERVE_BYTES, ROUND_BYTES};
use crate::logic;
use crate::params::{FeedConfig, FeedKind, Setup, MAX_FEEDS, SEQUENCER_GAS};
use crate::storage;
use crate::types::{Effect, Outage, Quote, Reading, Sample, Sequencer};
use alloc::vec::Vec;
use alloy_primitives::U256;
use fusebox_core::host::{Answer, Host};
use fusebox_core::panel::{Scope, Standing};

/// What may be done with a market's price in this transaction.
///
/// Errors: [`Error::NotConfigured`], [`Error::FeedGas`]; what is wrong with the price is in the quote.
pub fn quote(host: &impl Host, market: Scope, mark: Option<u128>) -> Result<Quote, Error> {
    let setup = storage::load_setup(host, market)?;
    let reading = read(host, &setup, mark)?;
    let state = storage::load_for_quote(host, market);
    Ok(logic::quote(&state, &setup, host.now(), &reading))
}

/// Remembers what this second shows; the panel sets the market's breaker bit as the effect says.
///
/// Errors: [`Error::NotConfigured`], [`Error::FeedGas`].
/// Events: `Tripped`, `SteppedDown`, `ReferenceAnchored`, `Quarantined`, `Released`, `MarkApart`, `SequencerOutage`.
pub fn poke(host: &mut impl Host, market: Scope, mark: Option<u128>) -> Result<Effect, Error> {
    let now = host.now();
    let setup = storage::load_setup(host, market)?;
    let reading = read(host, &setup, mark)?;
    let outage = outage(host, market, &setup, reading.sequencer)?;
    let words = storage::load_words(host, market);
    let (state, mut effect) = logic::poke(storage::unpack_state(&words), &setup, now, &reading);
    effect.outage = outage;
    storage::store_state(host, market, &state, &words);
    saw_sequencer(host, market, reading.sequencer);
    abi::log_effect(host, market, &effect);
    Ok(effect)
}

/// Gives a market its thresholds and feeds: once, and only if every feed answers and they agree now.
///
/// A feed with wrong decimals, or a pool read the wrong way round, is found here and not in a liquidation.
///
/// Errors: [`Error::AlreadyConfigured`], [`Error::FeedGas`], [`Error::WrongDecimals`], [`Error::InvalidPrice`],
/// [`Error::StalePrice`], [`Error::PriceInDoubt`].
/// Events: `Configured`.
pub fn configure(host: &mut impl Host, market: Scope, setup: &Setup) -> Result<(), Error> {
    if !storage::load(host, market, storage::PARAMS).is_zero() {
        return Err(Error::AlreadyConfigured { market: market.number() });
    }
    for (index, config) in (0u8..setup.count).zip(&setup.feeds) {
        require_decimals(host, index, config)?;
    }
    let reading = read(host, setup, None)?;
    logic::listable(setup, host.now(), &reading)?;
    storage::store_setup(host, market, setup);
    abi::log_configured(host, market, setup);
    Ok(())
}

/// Routes around a feed until a time, the anchor too: for Council.
///
/// Errors: [`Error::NotConfigured`], [`Error::UnknownFeed`], [`Error::OutOfBounds`].
/// Events: `Quarantined`.
pub fn quarantine(host: &mut impl Host, market: Scope, feed: u8, until: u64) -> Result<(), Error> {
    let setup = storage::load_setup(host, market)?;
    let words = storage::load_words(host, market);
    let state = logic::watch::quarantine(storage::unpack_state(&words), &setup, host.now(), feed, until)?;
    storage::store_state(host, market, &state, &words);
    abi::log_quarantined(host, market, feed, until);
    Ok(())
}

/// Counts a feed again: for Council.
///
/// Errors: [`Error::NotConfigured`], [`Error::UnknownFeed`].
/// Events: `Released`.
pub fn release(host: &mut impl Host, market: Scope, feed: u8) -> Result<(), Error> {
    let setup = storage::load_setup(host, market)?;
    let words = storage::load_words(host, market);
    let state = logic::watch::release(storage::unpack_state(&words), &setup, feed)?;
    storage::store_state(host, market, &state, &words);
    abi::log_released(host, market, feed);
    Ok(())
}

/// What is remembered of a market: one word.
pub fn standing(host: &impl Host, market: Scope) -> Standing {
    logic::tier(&storage::unpack_ladder(storage::load(host, market, storage::LADDER)), host.now())
}

/// Whether a market's breaker bit must be set: one word.
pub fn bit_needed(host: &impl Host, market: Scope) -> bool {
    logic::bit_needed(&storage::unpack_ladder(storage::load(host, market, storage::LADDER)), host.now())
}

/// Standard deviation of a market's logarithmic return over `horizon_secs`, WAD: one word.
pub fn sigma(host: &impl Host, market: Scope, horizon_secs: u32) -> u128 {
    logic::sigma(&storage::unpack_variance(storage::load(host, market, storage::VARIANCE)), horizon_secs)
}

/// A market's words as they are stored: five of memory, then thresholds, sequencer, feeds.
pub fn state(host: &impl Host, market: Scope) -> Vec<U256> {
    (0..storage::USED).map(|index| storage::load(host, market, index)).collect()
}

/// A market's quote as words: see `IBreaker.quote` in [`abi`].
///
/// Errors: [`Error::NotConfigured`], [`Error::FeedGas`].
pub fn quote_words(host: &impl Host, market: Scope) -> Result<Vec<U256>, Error> {
    quote(host, market, None).map(|quote| abi::quote_words(&quote))
}

/// Every feed, by value, before anything is loaded that a poke will store.
fn read(host: &impl Host, setup: &Setup, mark: Option<u128>) -> Result<Reading, Error> {
    let now = host.now();
    let mut samples = [Sample::new(0, 0); MAX_FEEDS];
    for (place, config) in samples.iter_mut().zip(setup.feeds.iter().take(usize::from(setup.count))) {
        *place = sample(host, config, now)?;
    }
    let sequencer = match &setup.sequencer {
        None => Sequencer::Absent,
        Some(config) => {
            let mut data = [0; ROUND_BYTES];
            let answer = call(host, config.source, SEQUENCER_GAS, &feed::LATEST_ROUND_DATA, &mut data)?;
            feed::sequencer(answer, &data, config.max_age_secs, now)
        }
    };
    Ok(Reading { samples, sequencer, mark })
}

fn sample(host: &impl Host, config: &FeedConfig, now: u64) -> Result<Sample, Error> {
    match config.kind {
        FeedKind::Aggregator { decimals } => {
            let mut data = [0; ROUND_BYTES];
            let answer = call(host, config.source, config.gas, &feed::LATEST_ROUND_DATA, &mut data)?;
            Ok(feed::round(answer, &data, decimals, now))
        }
        FeedKind::PoolMean { window_secs, .. } => {
            let mut data = [0; OBSERVE_BYTES];
            let answer = call(host, config.source, config.gas, &feed::observe_call(window_secs), &mut data)?;
            Ok(feed::pool_mean(answer, &data, config.kind, now))
        }
    }
}

/// A static call that gets all of `gas`, or an error for the whole transaction.
fn call(
    host: &impl Host,
    to: alloy_primitives::Address,
    gas: u32,
    input: &[u8],
    output: &mut [u8],
) -> Result<Answer, Error> {
    feed::require_gas(host.gas_left(), gas)?;
    Ok(host.static_call(to, u64::from(gas), input, output))
}

fn require_decimals(host: &impl Host, feed: u8, config: &FeedConfig) -> Result<(), Error> {
    let FeedKind::Aggregator { decimals } = config.kind else { return Ok(()) };
    let mut data = [0; 32];
    let answer = call(host, config.source, config.gas, &feed::DECIMALS, &mut data)?;
    feed::require_decimals(answer, &data, feed, decimals)
}

/// An outage that this market has not seen before: asks the round before the one that says "up".
fn outage(host: &impl Host, market: Scope, setup: &Setup, sequencer: Sequencer) -> Result<Option<Outage>, Error> {
    let seen = storage::seen(storage::load(host, market, storage::SEQUENCER));
    let (Some(config), Some(since)) = (&setup.sequencer, logic::came_back(sequencer, seen)) else { return Ok(None) };
    let (mut data, mut before) = ([0; ROUND_BYTES], [0; ROUND_BYTES]);
    call(host, config.source, SEQUENCER_GAS, &feed::LATEST_ROUND_DATA, &mut data)?;
    let input = feed::previous_round_call(&data);
    let answer = call(host, config.source, SEQUENCER_GAS, &input, &mut before)?;
    Ok(Some(feed::outage(answer, &before, since)))
}

/// Notes since when the sequencer is up; the word is loaded after the last call.
fn saw_sequencer(host: &mut impl Host, market: Scope, sequencer: Sequencer) {
    if let Sequencer::Up { since } = sequencer {
        let word = storage::load(host, market, storage::SEQUENCER);
        storage::store(host, market, storage::SEQUENCER, storage::saw(word, since), word);
    }
}
