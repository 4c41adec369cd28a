//! Where the end of a market keeps its words.
//!
//! | root | slot | word |
//! |---|---|---|
//! | `perp.anchors` | 32m + k | a price as it was seen in hour k of 32: price 120, when 40, how many feeds 8 |
//! | `perp.profits` | 2m | claims of the market's winners 112, what they are paid together 112, 1 once that is fixed |
//! | | 2m+1 | what of that has not been taken 112 |
//! | `perp.claims` | keccak(account, market . root) | what an account has won 112 |

use super::Packed;
use alloy_primitives::{Address, U256};
use fusebox_core::{
    host::{word, Host},
    pack::{field, field_u128, with_field, with_field_u128, FieldOverflow},
    slot::{element, entry, erc7201},
};
use fusebox_fund::types::settlement::{Anchor, Pot};

const ANCHORS: U256 = erc7201("perp.anchors");
const PROFITS: U256 = erc7201("perp.profits");
const CLAIMS: U256 = erc7201("perp.claims");

/// Hours of which a price is remembered, the newest over the oldest.
pub const HOURS: u64 = 32;

fn anchor_slot(market: u32, hour: u64) -> U256 {
    element(ANCHORS, u64::from(market).wrapping_shl(5).wrapping_add(hour & 31)) // 37 bits: no overflow
}

/// What was seen of a market in an hour, counted modulo [`HOURS`].
pub fn anchor(host: &impl Host, market: u32, hour: u64) -> Anchor {
    let packed = host.load(anchor_slot(market, hour));
    let feeds = u8::try_from(field(packed, 160, 8)).unwrap_or(0);
    Anchor { price: field_u128(packed, 0, 120), at: field(packed, 120, 40), feeds }
}

/// Writes what was seen of a market.
pub fn store_anchor(host: &mut impl Host, market: u32, hour: u64, anchor: Anchor) -> Result<(), FieldOverflow> {
    let packed = with_field_u128(U256::ZERO, 0, 120, anchor.price)?;
    let packed = with_field(with_field(packed, 120, 40, anchor.at)?, 160, 8, anchor.feeds.into())?;
    host.store(anchor_slot(market, hour), packed);
    Ok(())
}

/// What the winners of a market claim and are paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profits {
    /// Claims, and what there is for them once it is fixed.
    pub pot: Pot,
    /// Whether it is fixed.
    pub divided: bool,
    /// What of it has not been taken.
    pub left: u128,
}

fn profits_slot(market: u32) -> U256 {
    element(PROFITS, u64::from(market).wrapping_shl(1)) // 33 bits: no overflow
}

/// What the winners of a market claim and are paid.
pub fn profits(host: &impl Host, market: u32) -> Profits {
    let slot = profits_slot(market);
    let (packed, left) = (host.load(slot), host.load(element(slot, 1)));
    let pot = Pot { claims: field_u128(packed, 0, 112), paid: field_u128(packed, 112, 112) };
    Profits { pot, divided: field(packed, 224, 1) == 1, left: field_u128(left, 0, 112) }
}

/// Writes what the winners of a market claim and are paid.
pub fn store_profits(host: &mut impl Host, market: u32, profits: &Profits) -> Result<(), FieldOverflow> {
    let slot = profits_slot(market);
    host.store(slot, packed(profits)?);
    host.store(element(slot, 1), with_field_u128(U256::ZERO, 0, 112, profits.left)?);
    Ok(())
}

fn packed(profits: &Profits) -> Packed {
    let packed = with_field_u128(U256::ZERO, 0, 112, profits.pot.claims)?;
    with_field(with_field_u128(packed, 112, 112, profits.pot.paid)?, 224, 1, profits.divided.into())
}

fn claim_slot(host: &impl Host, who: Address, market: u32) -> Packed {
    Ok(entry(host, CLAIMS, with_field(word(who), 160, 32, market.into())?))
}

/// What an account has won in a market that settles, and was not paid yet.
pub fn claim(host: &impl Host, who: Address, market: u32) -> Result<u128, FieldOverflow> {
    Ok(field_u128(host.load(claim_slot(host, who, market)?), 0, 112))
}

/// Writes what an account has won; 0 forgets it.
pub fn store_claim(host: &mut impl Host, who: Address, market: u32, claim: u128) -> Result<(), FieldOverflow> {
    let slot = claim_slot(host, who, market)?;
    host.store(slot, U256::from(claim));
    Ok(())
}
