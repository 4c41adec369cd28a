//! Where the protocol keeps what losses leave to be collected.
//!
//! | root | slot | word |
//! |---|---|---|
//! | `perp.loss` | 0 | what all who were cut have still to pay, to the pool 128 |
//! | `perp.loss.profits` | domain | of it, by haircuts 128 |
//! | `perp.loss.room` | domain << 32 + epoch of claims | what was booked in that epoch and is no claim yet 128 |
//! | `perp.loss.stamp` | side << 34 + point | [`Stamp`] of a deleveraging |
//! | `perp.loss.last` | keccak(stamp + side << 176 . root) | the last point with that stamp 32 |

use alloy_primitives::U256;
use fusebox_core::{
    host::Host,
    pack::{field, field_u128},
    slot::{element, entry, erc7201},
};
use fusebox_market::types::side::Snapshot;

const PENDING: U256 = erc7201("perp.loss");
const PROFITS: U256 = erc7201("perp.loss.profits");
const ROOM: U256 = erc7201("perp.loss.room");
const STAMPS: U256 = erc7201("perp.loss.stamp");
const LAST: U256 = erc7201("perp.loss.last");

/// What a deleveraging says to whoever settles later: the epoch of claims that it was booked in, and how much had been cut
/// of profits by then. The word: epoch 32, index of cuts 112.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The epoch.
    pub epoch: u32,
    /// The index of cuts, as a position remembers it.
    pub since: u128,
}

fn amount(host: &impl Host, slot: U256) -> u128 {
    field_u128(host.load(slot), 0, 128)
}

/// What all who were cut have still to pay.
pub fn pending(host: &impl Host) -> u128 {
    amount(host, PENDING)
}

/// Writes what all who were cut have still to pay.
pub fn set_pending(host: &mut impl Host, pending: u128) {
    host.store(PENDING, U256::from(pending));
}

/// What the profits of a domain have still to pay.
pub fn profits(host: &impl Host, domain: u32) -> u128 {
    amount(host, element(PROFITS, domain.into()))
}

/// Writes what the profits of a domain have still to pay.
pub fn set_profits(host: &mut impl Host, domain: u32, profits: u128) {
    host.store(element(PROFITS, domain.into()), U256::from(profits));
}

fn room_slot(domain: u32, epoch: u32) -> U256 {
    element(ROOM, u64::from(domain).wrapping_shl(32) | u64::from(epoch))
}

/// What was booked in an epoch, by deleveraging and by cuts of profits, and has not become anybody's claim.
pub fn room(host: &impl Host, domain: u32, epoch: u32) -> u128 {
    amount(host, room_slot(domain, epoch))
}

/// Writes what has not become anybody's claim in an epoch.
pub fn set_room(host: &mut impl Host, domain: u32, epoch: u32, room: u128) {
    host.store(room_slot(domain, epoch), U256::from(room));
}

/// A claim was made in an epoch, or never will be.
#[inline(never)] // once in a program: bytes run out before gas
pub fn take_room(host: &mut impl Host, domain: u32, epoch: u32, amount: u128) {
    let room = room(host, domain, epoch);
    set_room(host, domain, epoch, room.saturating_sub(amount));
}

/// Of what all who were cut have still to pay, an amount was paid.
pub fn lower_pending(host: &mut impl Host, amount: u128) {
    let pending = pending(host);
    set_pending(host, pending.saturating_sub(amount));
}

fn number(market: u32, is_long: bool) -> u64 {
    u64::from(market).wrapping_shl(1) | u64::from(!is_long)
}

fn stamp_slot(side: u64, at: Snapshot) -> U256 {
    element(STAMPS.wrapping_add(U256::from(side).wrapping_shl(34)), at.0.into())
}

fn last_slot(host: &impl Host, side: u64, word: U256) -> U256 {
    entry(host, LAST, word | U256::from(side).wrapping_shl(176))
}

/// The stamp of the deleveraging that led to a point, and the last point with that stamp.
pub fn stamp(host: &impl Host, market: u32, is_long: bool, at: Snapshot) -> (Stamp, Snapshot) {
    let side = number(market, is_long);
    let word = host.load(stamp_slot(side, at));
    let last = host.load(last_slot(host, side, word));
    let small = |word| u32::try_from(field(word, 0, 32)).unwrap_or(u32::MAX);
    (Stamp { epoch: small(word), since: field_u128(word, 32, 112) }, Snapshot(small(last)))
}

/// Stamps a point: stamps never go back, so that points with the same one stand in a row.
pub fn set_stamp(host: &mut impl Host, market: u32, is_long: bool, at: Snapshot, stamp: Stamp) {
    let side = number(market, is_long);
    let word = U256::from(stamp.epoch) | U256::from(stamp.since).wrapping_shl(32);
    host.store(stamp_slot(side, at), word);
    let last = last_slot(host, side, word);
    host.store(last, U256::from(at.0));
}
