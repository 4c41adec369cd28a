//! Where the history of each side is kept; a side is `2 * market`, one more for its shorts.
//!
//! | slot | word |
//! |---|---|
//! | `erc7201("fusebox.market.point") + side << 34 + point << 2` | size index 90, epoch 16, at 255 whether it was written |
//! | the next three | sums of basis, value and cut, below 2^210 each |
//! | `erc7201("fusebox.market.epoch") + side << 16 + epoch` | the point at which the epoch ended |
//! | `erc7201("fusebox.market.reserve") + side` | the reserve 128, what was released of entries and has not settled 128 |
//!
//! A side's last point, its [`Snapshot`], and its sums are the caller's to store: 32, 112 and 112 bits, one word.

use crate::types::side::{Closed, Index, SideState, Snapshot};
use alloy_primitives::U256;
use fusebox_core::{
    host::Host,
    pack::{field, field_u128, with_field, with_field_u128, FieldOverflow},
    slot::{element, erc7201},
};

/// The namespace of the points.
pub const ROOT: U256 = erc7201("fusebox.market.point");
const EPOCHS: U256 = erc7201("fusebox.market.epoch");
const RESERVES: U256 = erc7201("fusebox.market.reserve");
/// A point was written.
const WRITTEN: u32 = 255;

/// One side of one market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideId {
    /// The market's number.
    pub market: u32,
    /// Longs or shorts.
    pub is_long: bool,
}

impl SideId {
    /// 33 bits.
    fn number(self) -> u64 {
        u64::from(self.market) << 1 | u64::from(!self.is_long)
    }
    /// The slot of a point; the number of a side is wider than what a shift by 34 leaves of 64 bits.
    fn point(self, at: Snapshot) -> U256 {
        let side = U256::from(self.number()).wrapping_shl(34);
        element(ROOT.wrapping_add(side), u64::from(at.0) << 2)
    }
    fn epoch(self, epoch: u16) -> U256 {
        element(EPOCHS, self.number() << 16 | u64::from(epoch))
    }
    fn reserve(self) -> U256 {
        element(RESERVES, self.number())
    }
}

/// A point of a side's history; the first of all is not written.
pub fn index(host: &impl Host, id: SideId, at: Snapshot) -> Index {
    let slot = id.point(at);
    let word = host.load(slot);
    let epoch = u16::try_from(field(word, 90, 16)).unwrap_or(0);
    if field(word, WRITTEN, 1) == 0 {
        return Index::start(0);
    }
    let [basis, value, cut] = [1, 2, 3].map(|part| host.load(element(slot, part)));
    Index { size: field_u128(word, 0, 90), epoch, basis, value, cut }
}

/// A side with its last point and its reserve; its sums and its snapshot are given.
pub fn side(host: &impl Host, id: SideId, (size, entry): (u128, u128), at: Snapshot) -> SideState {
    SideState { is_long: id.is_long, size, entry, snapshot: at, index: index(host, id, at), reserve: reserve(host, id) }
}

/// Where a position that is behind settles to: the points from and to, and what it remembers afterwards.
///
/// That is the side's last point, or the end of the position's epoch; then once more from the start of the next.
pub fn span(host: &impl Host, id: SideId, from: Snapshot, now: Snapshot) -> (Index, Index, Snapshot) {
    let (start, last) = (index(host, id, from), index(host, id, now));
    if start.epoch == last.epoch {
        return (start, last, now);
    }
    let end = u32::try_from(field(host.load(id.epoch(start.epoch)), 0, 32)).unwrap_or(0);
    (start, index(host, id, Snapshot(end)), Snapshot(end.saturating_add(1)))
}

/// Writes what a deleveraging has added: its point, the end of an epoch and the next one's start, the reserve.
pub fn record(host: &mut impl Host, id: SideId, side: &SideState, closed: &Closed) -> Result<(), FieldOverflow> {
    let Closed { point, ended, .. } = closed;
    let at = Snapshot(side.snapshot.0.saturating_sub(u32::from(*ended)));
    write(host, id, at, point)?;
    if *ended {
        host.store(id.epoch(point.epoch), U256::from(at.0));
        write(host, id, side.snapshot, &side.index)?;
    }
    set_reserve(host, id, side.reserve);
    Ok(())
}

/// Writes a point; sums of zero are what unwritten words are.
fn write(host: &mut impl Host, id: SideId, at: Snapshot, point: &Index) -> Result<(), FieldOverflow> {
    let slot = id.point(at);
    let word = with_field_u128(U256::ZERO, 0, 90, point.size)?;
    let word = with_field(word, 90, 16, point.epoch.into())?;
    host.store(slot, with_field(word, WRITTEN, 1, 1)?);
    for (part, sum) in [(1, point.basis), (2, point.value), (3, point.cut)] {
        if !sum.is_zero() {
            host.store(element(slot, part), sum);
        }
    }
    Ok(())
}

/// What is reserved for positions that have not settled.
pub fn reserve(host: &impl Host, id: SideId) -> u128 {
    field_u128(host.load(id.reserve()), 0, 128)
}

/// Writes what is reserved.
pub fn set_reserve(host: &mut impl Host, id: SideId, reserve: u128) {
    let released = released(host, id);
    store_flows(host, id, reserve, released);
}

/// What deleveragings have released of the side's entries and no settlement has taken from its position's yet.
pub fn released(host: &impl Host, id: SideId) -> u128 {
    field_u128(host.load(id.reserve()), 128, 128)
}

/// Writes what has been released.
pub fn set_released(host: &mut impl Host, id: SideId, released: u128) {
    let reserve = reserve(host, id);
    store_flows(host, id, reserve, released);
}

fn store_flows(host: &mut impl Host, id: SideId, reserve: u128, released: u128) {
    host.store(id.reserve(), U256::from(released).wrapping_shl(128) | U256::from(reserve));
}
