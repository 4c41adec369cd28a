//! The breaker of the market: how it is set, and what its words and events say.

use super::incident::{Incident, Kind as SourceKind};
use super::perp::{self, amount, tier_name, Note};
use super::record::{clock, Kind};
use alloy_primitives::{Address, U256};
use fusebox_testbed::Log;

/// The scope that the guardian pauses: the only market, not the house.
pub const PAUSED_SCOPE: u32 = 1;
/// Thresholds of divergence in bps, of velocity in bps of the logarithm: the breaker's defaults.
const DIVERGENCE_BPS: [u64; 3] = [500, 1_000, 2_500];
const VELOCITY_LOG_BPS: u64 = 1_000;
/// Window of the pool's average, in seconds.
pub const POOL_WINDOW: u32 = 1_800;
/// Decimals of an aggregator's answer.
pub const FEED_DECIMALS: u8 = 8;

/// Values one behind the other, from the least significant bit.
fn packed(fields: &[(u32, u64)]) -> U256 {
    let mut offset = 0;
    fields.iter().fold(U256::ZERO, |word, (bits, value)| {
        let at = offset;
        offset += *bits as usize;
        word | (U256::from(*value) << at)
    })
}

/// What lists the market: the terms, the breaker's parameters and feeds as the words that it stores.
///
/// Without breakers everything else stays: the anchor is read, must be fresh and positive, and stands alone.
pub fn listing(incident: &Incident, sources: &[(SourceKind, Address)], breakers: bool) -> Vec<U256> {
    let sole = incident.is_sole();
    let [guarded, reduce_only, halted] = if breakers && !sole { DIVERGENCE_BPS } else { [0; 3] };
    let velocity = if breakers { VELOCITY_LOG_BPS } else { 0 };
    let off = u64::from(!breakers);
    let params = packed(&[
        (16, guarded),
        (16, reduce_only),
        (16, halted),
        (16, velocity),
        (16, 200),   // confidence at most, bps
        (16, 1_800), // time constant of the reference, s
        (16, 2),     // its cap, bps a second
        (16, 60),    // debounce, s
        (16, 10),    // Guarded, min
        (16, 60),    // ReduceOnly, min
        (16, 240),   // Halted, min
        (16, 240),   // window of re-trips, min
        (16, 4_320), // hard end, min
        (16, 600),   // clean samples span, s
        (8, 10),     // clean samples
        (1, sole.into()),
        (1, u64::from(!breakers || sole)), // divergence off
        (1, off),                          // velocity off
    ]);
    let feeds = incident.sources.iter().zip(sources).map(|(source, (kind, address))| {
        let max_age = (source.heartbeat + source.heartbeat / 4).clamp(60, 172_800);
        let rest = match kind {
            SourceKind::Rounds => {
                packed(&[(8, 1), (8, FEED_DECIMALS.into()), (8, 0), (8, 0), (16, 0), (24, 100_000), (24, max_age)])
            }
            SourceKind::Pool => {
                packed(&[(8, 2), (8, 6), (8, 18), (8, 1), (16, POOL_WINDOW.into()), (24, 200_000), (24, 3_600)])
            }
        };
        U256::from_be_slice(address.as_slice()) | (rest << 160usize)
    });
    let tail = [params, U256::ZERO]; // no sequencer's feed: the record has none
    incident.cast.margin.words().into_iter().chain(tail).chain(feeds).collect()
}

/// The reference in the breaker's words; NaN while it has none.
pub fn reference(words: &[U256]) -> f64 {
    let word = words.get(1).copied().unwrap_or_default();
    let price = amount(word & ((U256::from(1) << 112usize) - U256::from(1)));
    if price == 0 {
        f64::NAN
    } else {
        price as f64 / 1e18
    }
}

/// What the contract logged about its circuit, in words.
pub fn notes(logs: &[Log]) -> Vec<Note> {
    let mut notes = Vec::new();
    for log in logs {
        if let Some(trip) = log.decode::<perp::Tripped>() {
            let why = cause(&trip);
            let strikes =
                if trip.strikes > 1 { format!(" (strike {} within the window)", trip.strikes) } else { String::new() };
            let text = format!("{why}{strikes}; by the clock until {}", clock(trip.until));
            notes.push(Note::Why(text, trip.strikes));
        } else if let Some(anchored) = log.decode::<perp::ReferenceAnchored>() {
            let price = amount(anchored.price) as f64 / 1e18;
            notes.push(Note::Anchored(price));
        } else if let Some(apart) = log.decode::<perp::Quarantined>() {
            let text =
                format!("Source {} keeps disagreeing and is routed around until {}", apart.feed, clock(apart.until));
            notes.push(Note::Said(Kind::Tier, text));
        } else if let Some(back) = log.decode::<perp::Released>() {
            notes.push(Note::Said(Kind::Tier, format!("Source {} counts again", back.feed)));
        }
    }
    notes
}

fn cause(trip: &perp::Tripped) -> String {
    let apart = trip.deviationBps;
    match trip.cause {
        1 => format!("the sources are {apart} bps apart"),
        2 => format!("the price is {apart} bps (log) from its reference, and independent sources confirm the move"),
        3 => format!("the price is {apart} bps (log) from its reference, and nothing confirms the move"),
        4 => format!("one source is {apart} bps from a majority that agrees"),
        other => format!("cause {other}, {apart} bps"),
    }
}

/// Thresholds of the breaker, in bps: of divergence, or of velocity where one source is all there is.
pub fn thresholds(sole: bool) -> Vec<(f64, String)> {
    if sole {
        return vec![(VELOCITY_LOG_BPS as f64, format!("ReduceOnly from {VELOCITY_LOG_BPS} bps"))];
    }
    let names =
        DIVERGENCE_BPS.iter().zip(1..).map(|(bps, tier)| (*bps as f64, format!("{} from {bps} bps", tier_name(tier))));
    names.collect()
}

/// The breaker's parameters for the report.
pub fn facts(sole: bool, compared: bool) -> String {
    let [guarded, reduce_only, halted] = DIVERGENCE_BPS;
    let measures = if sole {
        format!("one source (`sole`), divergence off, velocity {VELOCITY_LOG_BPS} bps (log) to ReduceOnly, since nothing confirms it")
    } else {
        format!("divergence {guarded}/{reduce_only}/{halted} bps to Guarded/ReduceOnly/Halted, velocity {VELOCITY_LOG_BPS} bps (log) to Guarded")
    };
    let without = if compared {
        " Without breakers: the same contract, divergence and velocity explicitly off, the anchor alone."
    } else {
        ""
    };
    format!("Breaker, at its defaults: {measures}, debounce 60 s, Guarded 10 min, ReduceOnly 60 min, Halted 240 min.{without}")
}
