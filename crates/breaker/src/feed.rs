//! From what a feed returned to a sample: pure, total, and the same for the contract and the tests.

use crate::error::{Error, Fault};
use crate::logic::curve;
use crate::params::{FeedConfig, FeedKind, NO_MAX_AGE};
use crate::types::{Outage, Sample, Sequencer, MAX_PRICE};
use alloc::vec::Vec;
use alloy_primitives::U256;
use fusebox_core::host::{revert as calldata, Answer}; // a selector and words, both of them

/// Bytes of `latestRoundData()` and `getRoundData(uint80)`.
pub const ROUND_BYTES: usize = 160;
/// Bytes of `observe(uint32[])` for two moments.
pub const OBSERVE_BYTES: usize = 256;

/// `latestRoundData()`.
pub const LATEST_ROUND_DATA: [u8; 4] = [0xfe, 0xaf, 0x96, 0x8c];
/// `getRoundData(uint80)`.
pub const GET_ROUND_DATA: [u8; 4] = [0x9a, 0x6f, 0xc8, 0xf5];
/// `decimals()`.
pub const DECIMALS: [u8; 4] = [0x31, 0x3c, 0xe5, 0x67];
/// `observe(uint32[])`.
pub const OBSERVE: [u8; 4] = [0x88, 0x3b, 0xdb, 0xfd];

/// What a call costs before the callee runs: a cold account, and the caller's own steps.
const CALL_OVERHEAD: u64 = 5_000;

/// The largest tick of a Uniswap v3 pool.
const MAX_TICK: i64 = 887_272;
/// ln(1.0001) in units of 1e-27.
const LN_TICK_E27: i128 = 99_995_000_333_308_335_333_167;
/// ln(10) in units of 1e-18.
const LN_TEN: i128 = 2_302_585_092_994_045_684;

/// Gas that must be left so that a callee gets `gas`: a caller keeps one part in 64 for itself.
///
/// Rounding: up.
/// Source: EIP-150.
pub fn gas_needed(gas: u32) -> u64 {
    let gas = u64::from(gas);
    gas.saturating_add(gas / 63).saturating_add(1).saturating_add(CALL_OVERHEAD)
}

/// Whether `left` is enough for a callee to get `gas`.
///
/// A caller who starves a feed must not turn it into an invalid one: the whole call fails instead.
///
/// Errors: [`Error::FeedGas`].
pub fn require_gas(left: u64, gas: u32) -> Result<(), Error> {
    let needed = gas_needed(gas);
    if left < needed {
        return Err(Error::FeedGas { left, needed });
    }
    Ok(())
}

/// A round of an aggregator as a sample.
pub fn round(answer: Answer, data: &[u8; ROUND_BYTES], decimals: u8, now: u64) -> Sample {
    match round_of(answer, data, now) {
        Ok((value, updated_at)) if !negative(value) && !value.is_zero() => match scaled(value, decimals) {
            Some(price) => Sample::new(price, updated_at),
            None => Sample::fault(Fault::TooLarge),
        },
        Ok(_) => Sample::fault(Fault::NotPositive),
        Err(fault) => Sample::fault(fault),
    }
}

/// Answer and time of a complete round that is not of the future.
fn round_of(answer: Answer, data: &[u8; ROUND_BYTES], now: u64) -> Result<(U256, u64), Fault> {
    shape(answer, ROUND_BYTES)?;
    let [round, value, _, updated_at, answered_in] = [0, 1, 2, 3, 4].map(|index| word(data, index));
    if updated_at.is_zero() {
        return Err(Fault::NeverUpdated);
    }
    let updated_at = u64::try_from(updated_at).ok().filter(|at| *at <= now).ok_or(Fault::Future)?;
    if answered_in < round {
        return Err(Fault::RoundUnfinished);
    }
    Ok((value, updated_at))
}

/// The answer of a sequencer's feed: 0 is up, 1 is down, `startedAt` is since when.
pub fn sequencer(answer: Answer, data: &[u8; ROUND_BYTES], max_age_secs: u32, now: u64) -> Sequencer {
    let status = round_of(answer, data, now).and_then(|(value, updated_at)| {
        let since = u64::try_from(word(data, 2)).ok().filter(|at| *at <= now).ok_or(Fault::Future)?;
        let age = now.saturating_sub(updated_at);
        match value.as_limbs() {
            // A feed on another chain answers zeros before its first message: that is not "up".
            _ if since == 0 => Err(Fault::NeverUpdated),
            _ if max_age_secs != NO_MAX_AGE && age > u64::from(max_age_secs) => Err(Fault::Stale),
            [0, 0, 0, 0] => Ok(Sequencer::Up { since }),
            [1, 0, 0, 0] => Ok(Sequencer::Down { since }),
            _ => Err(Fault::Malformed),
        }
    });
    status.unwrap_or_else(|fault| Sequencer::Unknown { fault })
}

/// The outage that ended at `until`, told by the round before the one that says "up".
///
/// A round that does not answer, or that was not "down", leaves its length unknown: then it has none.
pub fn outage(answer: Answer, data: &[u8; ROUND_BYTES], until: u64) -> Outage {
    match sequencer(answer, data, NO_MAX_AGE, until) {
        Sequencer::Down { since } => Outage { from: since, until },
        _ => Outage { from: until, until },
    }
}

/// The mean of a pool's tick over the window as a sample of this second.
///
/// Rounding: the mean tick towards negative infinity, as Uniswap's own library does; the price down.
pub fn pool_mean(answer: Answer, data: &[u8; OBSERVE_BYTES], kind: FeedKind, now: u64) -> Sample {
    mean_price(answer, data, kind).map_or_else(Sample::fault, |price| Sample::new(price, now))
}

fn mean_price(answer: Answer, data: &[u8; OBSERVE_BYTES], kind: FeedKind) -> Result<u128, Fault> {
    shape(answer, OBSERVE_BYTES)?;
    let FeedKind::PoolMean { decimals0, decimals1, inverted, window_secs } = kind else {
        return Err(Fault::Malformed);
    };
    // Two arrays of two words each, one behind the other, as every compiler lays them out.
    let shaped = [(0, 64), (1, 160), (2, 2), (5, 2)];
    let shaped = shaped.iter().all(|(at, value)| *word(data, *at).as_limbs() == [*value, 0, 0, 0]);
    let (before, after) = (cumulative(word(data, 3)), cumulative(word(data, 4)));
    let (Some(before), Some(after), true) = (before, after, shaped) else {
        return Err(Fault::Malformed);
    };
    // The pool lets its 56-bit accumulator wrap; so does the difference.
    let delta = (after.wrapping_sub(before) << 8) >> 8;
    let tick = delta.checked_div_euclid(i64::from(window_secs)).ok_or(Fault::Malformed)?;
    if tick.unsigned_abs() > MAX_TICK.unsigned_abs() {
        return Err(Fault::Malformed);
    }
    let shift = i128::from(decimals0).wrapping_sub(i128::from(decimals1)).wrapping_mul(LN_TEN);
    let log = i128::from(tick).wrapping_mul(LN_TICK_E27).div_euclid(1_000_000_000).wrapping_add(shift);
    let price = curve::exp(if inverted { log.wrapping_neg() } else { log });
    match price {
        0 => Err(Fault::NotPositive),
        _ if price > MAX_PRICE => Err(Fault::TooLarge),
        _ => Ok(price),
    }
}

/// The calldata of `observe([window, 0])`.
pub fn observe_call(window_secs: u32) -> Vec<u8> {
    calldata(OBSERVE, [32, 2, u64::from(window_secs), 0].map(|word| U256::from_limbs([word, 0, 0, 0])))
}

/// The calldata of `getRoundData(round - 1)`.
pub fn previous_round_call(data: &[u8; ROUND_BYTES]) -> Vec<u8> {
    calldata(GET_ROUND_DATA, [word(data, 0).saturating_sub(U256::ONE)])
}

/// Whether a feed reports the decimals that were configured.
///
/// Errors: [`Error::WrongDecimals`], [`Error::InvalidPrice`] if it reports none.
pub fn require_decimals(answer: Answer, data: &[u8; 32], feed: u8, configured: u8) -> Result<(), Error> {
    shape(answer, 32).map_err(|fault| Error::InvalidPrice { feed, fault })?;
    let reported = u8::try_from(word(data, 0)).unwrap_or(u8::MAX);
    if reported != configured {
        return Err(Error::WrongDecimals { feed, reported, configured });
    }
    Ok(())
}

/// Whether a sample is a price now: confidence first, then age.
pub fn judge(sample: &Sample, feed: &FeedConfig, max_confidence_bps: u16, now: u64) -> Option<Fault> {
    if sample.fault.is_some() {
        return sample.fault;
    }
    if sample.price == 0 {
        return Some(Fault::NotPositive);
    }
    if sample.price > MAX_PRICE {
        return Some(Fault::TooLarge);
    }
    if confidence_bps(sample) > u32::from(max_confidence_bps) {
        return Some(Fault::Uncertain);
    }
    match now.checked_sub(sample.updated_at) {
        None => Some(Fault::Future),
        Some(age) if age > u64::from(feed.max_age_secs) => Some(Fault::Stale),
        Some(_) => None,
    }
}

/// The confidence interval in bps of the price.
///
/// Rounding: up; `u32::MAX` for itself and all above.
pub fn confidence_bps(sample: &Sample) -> u32 {
    curve::bps(sample.confidence, sample.price)
}

/// An answer of exactly that length.
fn shape(answer: Answer, bytes: usize) -> Result<(), Fault> {
    match answer {
        Answer { ok: false, .. } => Err(Fault::Reverted),
        Answer { len, .. } if len != bytes => Err(Fault::Malformed),
        _ => Ok(()),
    }
}

fn word(data: &[u8], index: usize) -> U256 {
    let bytes = data.chunks_exact(32).nth(index).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    U256::from_be_bytes(bytes.unwrap_or_default())
}

fn negative(value: U256) -> bool {
    value.bit(255)
}

/// An answer with `decimals` as WAD: exact, since more than 18 decimals are never configured.
fn scaled(value: U256, decimals: u8) -> Option<u128> {
    let scale = 10u64.checked_pow(18u32.checked_sub(u32::from(decimals))?)?;
    let [low, high, 0, 0] = *value.as_limbs() else { return None };
    let value = u128::from(high) << 64 | u128::from(low);
    value.checked_mul(u128::from(scale)).filter(|price| *price <= MAX_PRICE)
}

/// An `int56` in a word.
fn cumulative(word: U256) -> Option<i64> {
    let [low, rest @ ..] = *word.as_limbs();
    let value = i64::from_le_bytes(low.to_le_bytes());
    let fill = if value < 0 { u64::MAX } else { 0 };
    let fits = (value << 8) >> 8 == value && rest.iter().all(|limb| *limb == fill);
    fits.then_some(value)
}
