//! Where the module keeps its words; those of a side's history are in [`side`].
//!
//! | slot | word, from its least significant bit |
//! |---|---|
//! | `erc7201("fusebox.market") + 4 * market` | [`Terms`]: base, interest start, interest margin, size start, size margin 14 bits each, z 10, horizon 14, guarded 16, ratchet 14, interest share 15, fee 10, warm-up 16, smallest margin 80; at 254 and 255 the contract's marks, [`Terms::stressed`] and [`Terms::overlaid`] |
//! | one more | [`Caps`]: position 96, interest 96; then [`Ratchet`]: margin 16, second 40 |
//! | two more | [`Closing`]: maintenance from 16, to 16, start 40, length 32; penalty 16, dust 80, domain 8 |
//! | `keccak(account . erc7201("fusebox.market.warm"))` | [`Warm`]: amount 128, start 40, end 40 |
//! | `keccak(account . erc7201("fusebox.market.cross"))` | [`Choice`]: a bit a domain |
//!
//! An opening reads the first two, a reduction the first, a liquidation the third.

pub mod side;

use crate::{
    params::{Caps, Closing, Params, Ramp, Terms},
    types::{Choice, Ratchet, Warm},
};
use alloy_primitives::{Address, U256};
use fusebox_core::{
    host::{word, Host},
    pack::{field, field_u128, with_field_u128},
    slot::{element, entry, erc7201},
};

/// The namespace of the module: the markets.
pub const ROOT: U256 = erc7201("fusebox.market");
const WARM: U256 = erc7201("fusebox.market.warm");
const CROSS: U256 = erc7201("fusebox.market.cross");
/// Where the contract's marks are in the first word.
const MARK: u32 = 255;
const STRESSED: u32 = 254;

/// The slot of a market's word.
#[inline]
fn slot(market: u32, part: u64) -> U256 {
    element(ROOT, u64::from(market).wrapping_shl(2).wrapping_add(part)) // 34 bits: no overflow
}

/// A word of fields, the least significant first; what does not fit its field is cut to the field's largest value.
#[inline(never)]
fn packed(fields: &[(u128, u32)]) -> U256 {
    let (mut whole, mut offset) = (U256::ZERO, 0u32);
    for (value, bits) in fields {
        let most = 1u128.checked_shl(*bits).map_or(u128::MAX, |above| above.wrapping_sub(1));
        whole = with_field_u128(whole, offset, *bits, (*value).min(most)).unwrap_or(whole);
        offset = offset.saturating_add(*bits);
    }
    whole
}

/// A field of at most 16 bits.
#[inline]
fn small(word: U256, offset: u32, bits: u32) -> u16 {
    u16::try_from(field(word, offset, bits)).unwrap_or(u16::MAX)
}

/// The terms of a word.
#[inline(never)] // once in a program: bytes run out before gas
pub fn unpack_terms(word: U256) -> Terms {
    Terms {
        base_bps: small(word, 0, 14),
        interest_start_bps: small(word, 14, 14),
        interest_margin_bps: small(word, 28, 14),
        size_start_bps: small(word, 42, 14),
        size_margin_bps: small(word, 56, 14),
        z_hundredths: small(word, 70, 10),
        horizon_mins: small(word, 80, 14),
        guarded_bps: small(word, 94, 16),
        ratchet_bps: small(word, 110, 14),
        interest_share_bps: small(word, 124, 15),
        fee_bps: small(word, 139, 10),
        warmup_mins: small(word, 149, 16),
        min_margin: field_u128(word, 165, 80),
        overlaid: field(word, MARK, 1) == 1,
        stressed: field(word, STRESSED, 1) == 1,
    }
}

/// The word of the terms.
#[inline(never)]
pub fn pack_terms(terms: &Terms) -> U256 {
    packed(&[
        (terms.base_bps.into(), 14),
        (terms.interest_start_bps.into(), 14),
        (terms.interest_margin_bps.into(), 14),
        (terms.size_start_bps.into(), 14),
        (terms.size_margin_bps.into(), 14),
        (terms.z_hundredths.into(), 10),
        (terms.horizon_mins.into(), 14),
        (terms.guarded_bps.into(), 16),
        (terms.ratchet_bps.into(), 14),
        (terms.interest_share_bps.into(), 15),
        (terms.fee_bps.into(), 10),
        (terms.warmup_mins.into(), 16),
        (terms.min_margin, 80),
        (0, 9),
        (terms.stressed.into(), 1),
        (terms.overlaid.into(), 1),
    ])
}

/// Caps and ratchet of a word.
#[inline(never)]
pub fn unpack_caps(word: U256) -> (Caps, Ratchet) {
    let caps = Caps { position: field_u128(word, 0, 96), interest: field_u128(word, 96, 96) };
    (caps, Ratchet { margin_bps: small(word, 192, 16), at: field(word, 208, 40) })
}

/// The word of caps and ratchet.
#[inline(never)]
pub fn pack_caps(caps: &Caps, ratchet: &Ratchet) -> U256 {
    packed(&[(caps.position, 96), (caps.interest, 96), (ratchet.margin_bps.into(), 16), (ratchet.at.into(), 40)])
}

/// What ends a position, of a word.
#[inline(never)]
pub fn unpack_closing(word: U256) -> Closing {
    let maintenance = Ramp {
        from_bps: small(word, 0, 16),
        to_bps: small(word, 16, 16),
        start: field(word, 32, 40),
        length_secs: u32::try_from(field(word, 72, 32)).unwrap_or(u32::MAX),
    };
    let [domain, ..] = field(word, 200, 8).to_le_bytes();
    Closing { maintenance, penalty_bps: small(word, 104, 16), dust: field_u128(word, 120, 80), domain }
}

/// The word of what ends a position.
#[inline(never)]
pub fn pack_closing(closing: &Closing) -> U256 {
    let ramp = &closing.maintenance;
    packed(&[
        (ramp.from_bps.into(), 16),
        (ramp.to_bps.into(), 16),
        (ramp.start.into(), 40),
        (ramp.length_secs.into(), 32),
        (closing.penalty_bps.into(), 16),
        (closing.dust, 80),
        (closing.domain.into(), 8),
    ])
}

/// The terms of a market; all zero for one that was never listed, which no opening passes.
#[inline]
pub fn terms(host: &impl Host, market: u32) -> Terms {
    unpack_terms(host.load(slot(market, 0)))
}

/// Writes the terms of a market.
pub fn store_terms(host: &mut impl Host, market: u32, terms: &Terms) {
    host.store(slot(market, 0), pack_terms(terms));
}

/// Caps and ratchet of a market.
#[inline]
pub fn caps(host: &impl Host, market: u32) -> (Caps, Ratchet) {
    unpack_caps(host.load(slot(market, 1)))
}

/// Writes caps and ratchet of a market.
pub fn store_caps(host: &mut impl Host, market: u32, caps: &Caps, ratchet: &Ratchet) {
    host.store(slot(market, 1), pack_caps(caps, ratchet));
}

/// What ends a position in a market.
#[inline]
pub fn closing(host: &impl Host, market: u32) -> Closing {
    unpack_closing(host.load(slot(market, 2)))
}

/// Writes what ends a position in a market.
pub fn store_closing(host: &mut impl Host, market: u32, closing: &Closing) {
    host.store(slot(market, 2), pack_closing(closing));
}

/// All parameters of a market and its ratchet.
pub fn params(host: &impl Host, market: u32) -> (Params, Ratchet) {
    let (caps, ratchet) = caps(host, market);
    (Params { terms: terms(host, market), caps, closing: closing(host, market) }, ratchet)
}

/// Writes all parameters of a market and its ratchet.
pub fn store_params(host: &mut impl Host, market: u32, params: &Params, ratchet: &Ratchet) {
    store_terms(host, market, &params.terms);
    store_caps(host, market, &params.caps, ratchet);
    store_closing(host, market, &params.closing);
}

/// The three words of a market.
pub fn words(host: &impl Host, market: u32) -> [U256; 3] {
    [0, 1, 2].map(|part| host.load(slot(market, part)))
}

/// What of an account's profit is warming.
pub fn warm(host: &impl Host, account: Address) -> Warm {
    let packed = host.load(entry(host, WARM, word(account)));
    Warm { amount: field_u128(packed, 0, 128), start: field(packed, 128, 40), end: field(packed, 168, 40) }
}

/// Writes what of an account's profit is warming.
pub fn store_warm(host: &mut impl Host, account: Address, warm: &Warm) {
    let slot = entry(host, WARM, word(account));
    host.store(slot, packed(&[(warm.amount, 128), (warm.start.into(), 40), (warm.end.into(), 40)]));
}

/// Where an account has chosen cross margin.
pub fn choice(host: &impl Host, account: Address) -> Choice {
    Choice(host.load(entry(host, CROSS, word(account))))
}

/// Writes where an account has chosen cross margin.
pub fn store_choice(host: &mut impl Host, account: Address, choice: Choice) {
    let slot = entry(host, CROSS, word(account));
    host.store(slot, choice.0);
}
