//! Where the end of a market keeps its words.
//!
//! | root | slot | word |
//! |---|---|---|
//! | `perp.anchors` | 32m + k | a price as it was seen in hour k of 32: price 120, when 40, how many feeds 8 |
//! | `perp.profits` | 4m | claims of the market's winners 112, what they are paid together 112, 1 once that is fixed |
//! | | 4m+1 | what of that has not been taken 112, what earlier cuts ask of the claims 112 |
//! | | 4m+2 | lost beyond margins 112, what of earlier cuts is taken from the claims 112 |
//! | | 4m+3 | the index of cuts when the market began to settle, as a position remembers it 96 |
//! | `perp.claims` | keccak(account, market . root) | what an account has won 112, what earlier cuts ask of that 112 |
//! | | the next | of what they ask, in the epoch that was repaid 112, in the one after it 112, the number of the first 32 |
//! | | and the next | of what they ask, what was repaid already 112 |

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

/// What the count of a market comes to: sums, which no order changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profits {
    /// Claims, and what there is for them once it is fixed.
    pub pot: Pot,
    /// Whether it is fixed.
    pub divided: bool,
    /// What of it has not been taken.
    pub left: u128,
    /// What cuts of the domain's profits from before the settlement ask of the claims.
    pub asked: u128,
    /// What of that is taken from them.
    pub collected: u128,
    /// What was lost beyond margins.
    pub missing: u128,
}

fn profits_slot(market: u32) -> U256 {
    element(PROFITS, u64::from(market).wrapping_shl(2)) // 34 bits: no overflow
}

#[inline(never)] // once in a program: bytes run out before gas
fn two(low: u128, high: u128) -> Packed {
    with_field_u128(with_field_u128(U256::ZERO, 0, 112, low)?, 112, 112, high)
}

#[inline(never)]
fn both(host: &impl Host, slot: U256, at: u64) -> (u128, u128) {
    let packed = host.load(element(slot, at));
    (field_u128(packed, 0, 112), field_u128(packed, 112, 112))
}

/// What the count of a market comes to.
pub fn profits(host: &impl Host, market: u32) -> Profits {
    let slot = profits_slot(market);
    let [(claims, paid), (left, asked), (missing, collected)] = [0, 1, 2].map(|at| both(host, slot, at));
    let divided = field(host.load(slot), 224, 1) == 1;
    Profits { pot: Pot { claims, paid }, divided, left, asked, collected, missing }
}

/// Writes what differs from the count that was loaded.
pub fn store_profits(
    host: &mut impl Host,
    market: u32,
    before: &Profits,
    after: &Profits,
) -> Result<(), FieldOverflow> {
    let words = |of: &Profits| -> Result<[U256; 3], FieldOverflow> {
        let first = with_field(two(of.pot.claims, of.pot.paid)?, 224, 1, of.divided.into())?;
        Ok([first, two(of.left, of.asked)?, two(of.missing, of.collected)?])
    };
    let slot = profits_slot(market);
    for (at, (was, is)) in (0..).zip(words(before)?.into_iter().zip(words(after)?)) {
        if was != is {
            host.store(element(slot, at), is);
        }
    }
    Ok(())
}

/// What was cut of profits when a market began to settle: what is cut later finds nothing in it.
pub fn begun(host: &impl Host, market: u32) -> u128 {
    field_u128(host.load(element(profits_slot(market), 3)), 0, 96)
}

/// Writes that, once: it is 96 bits wide.
pub fn store_begun(host: &mut impl Host, market: u32, since: u128) {
    host.store(element(profits_slot(market), 3), U256::from(since));
}

/// What an account has won.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Won {
    /// Its profit.
    pub profit: u128,
    /// What earlier cuts ask of it.
    pub asked: u128,
    /// What of that was repaid already when it was counted.
    pub repaid: u128,
    /// What of it is owed back in the epoch that was being repaid then.
    pub repaying: u128,
    /// What is owed back in the one after.
    pub collecting: u128,
    /// The number of the first.
    pub epoch: u32,
}

fn claim_slot(host: &impl Host, who: Address, market: u32) -> Packed {
    Ok(entry(host, CLAIMS, with_field(word(who), 160, 32, market.into())?))
}

/// What an account has won in a market that settles, and was not paid yet.
pub fn claim(host: &impl Host, who: Address, market: u32) -> Result<Won, FieldOverflow> {
    let slot = claim_slot(host, who, market)?;
    let (profit, asked) = both(host, slot, 0);
    if asked == 0 {
        return Ok(Won { profit, ..Won::default() });
    }
    let (repaying, collecting) = both(host, slot, 1);
    let epoch = u32::try_from(field(host.load(element(slot, 1)), 224, 32)).unwrap_or(u32::MAX);
    Ok(Won { profit, asked, repaid: both(host, slot, 2).0, repaying, collecting, epoch })
}

/// Writes what an account has won.
pub fn store_claim(host: &mut impl Host, who: Address, market: u32, won: &Won) -> Result<(), FieldOverflow> {
    let slot = claim_slot(host, who, market)?;
    host.store(slot, two(won.profit, won.asked)?);
    if won.asked > 0 {
        host.store(element(slot, 1), with_field(two(won.repaying, won.collecting)?, 224, 32, won.epoch.into())?);
        host.store(element(slot, 2), U256::from(won.repaid));
    }
    Ok(())
}

/// Forgets what an account has won: it was paid.
pub fn forget_claim(host: &mut impl Host, who: Address, market: u32) -> Result<(), FieldOverflow> {
    let slot = claim_slot(host, who, market)?;
    host.store(slot, U256::ZERO);
    Ok(())
}
