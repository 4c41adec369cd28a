//! The slot layout: sixteen words a market, at `root + 16 * market`; fields from the least significant bit.
//!
//! | word | holds |
//! |---|---|
//! | 0 | [`Ladder`](crate::types::Ladder): halted_until 40, reduce_only_until 40, guarded_until 40, hard_end 40, window_end 40, strikes 2, level 3, announced 3, cause 3, evidence 1, and 40 of the anomaly: all that a check reads |
//! | 1 | [`Reference`](crate::types::Reference): price 112, at 40, pending 3, pending_since 40, frozen 1, mark_apart 1, quarantined 5, clean 4, clean_since 40 |
//! | 2 | [`Variance`](crate::types::Variance): fast 64, slow 64, price 48 (7 of exponent), at 40 |
//! | 3 | ten clean samples of 25 (7 of exponent), newest lowest |
//! | 4 | [`Quarantine`](crate::types::Quarantine): five ends of 40, then five counts of 4 |
//! | 5 | [`Params`](crate::params::Params): see [`pack_params`] |
//! | 6 | the sequencer's feed: source 160, grace 24, maximum age 24, the last second it was seen up since 40 |
//! | 7.. | one feed each: source 160, kind 8, decimals 8, decimals of token 1 8, inverted 8, window 16, gas 24, maximum age 24 |

use alloy_primitives::U256;
use fusebox_core::host::Host;
use fusebox_core::panel::Scope;
use fusebox_core::slot::{element, erc7201};

mod fields;
mod memory;
mod setup;

pub use memory::{
    load_for_quote, load_words, pack_ladder, pack_quarantine, pack_reference, pack_samples, pack_variance, store_state,
    unpack_ladder, unpack_quarantine, unpack_reference, unpack_samples, unpack_state, unpack_variance,
};
pub use setup::{
    load_setup, pack_feed, pack_params, pack_sequencer, saw, seen, store_setup, unpack_feed, unpack_sequencer,
    unpack_setup,
};

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
