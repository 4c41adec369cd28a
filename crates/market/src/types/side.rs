//! One side of a market under deleveraging: its index, what is asked of it, what a position settles to.
//!
//! Units: amounts and entries in token base units, sizes in WAD of the base asset, both below 2^112; prices in WAD,
//! below 2^120; `amount = size * price / scale`.

use alloy_primitives::U256;

/// The size index of an epoch's start: 1e27.
pub const ONE: u128 = 1_000_000_000_000_000_000_000_000_000;
/// Below this the size index starts anew at [`ONE`], so that a fraction always has 18 digits.
pub const LEAST: u128 = 1_000_000_000_000_000_000;
/// Largest amount, entry or size: 112 bits.
pub const MAX_AMOUNT: u128 = (1 << 112) - 1; // constant evaluation: an overrun stops the build
/// Largest price: 120 bits.
pub const MAX_PRICE: u128 = (1 << 120) - 1;
/// Largest scale: 10^36, for a token without decimals.
pub const MAX_SCALE: u128 = 1_000_000_000_000_000_000_000_000_000_000_000_000;

/// How many points a side had passed when a position was last settled: what a position remembers, and all of it.
///
/// A side writes a point when it is deleveraged and when an epoch starts; 0 is a side that never was, so a position on
/// it stores nothing. A position is current exactly when its snapshot equals its side's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Snapshot(pub u32);

/// A point of a side's history: what a unit of size has become since its epoch started.
///
/// The three sums are exact: `size * sum / (index * scale)` is what a position of that size at that index has, without
/// rounding until it is settled. They end below 2^210, since what the index lost in an epoch is at most [`ONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Size index A, in (0, [`ONE`]]; 0 only where everything was closed out.
    pub size: u128,
    /// Epochs before this one.
    pub epoch: u16,
    /// Sum of index closed times the side's average entry price: what entries were released of.
    pub basis: U256,
    /// Value index K: sum of index closed times the profit at mark over that average.
    pub value: U256,
    /// Sum of index closed times the distance from mark to the price at which it was closed.
    pub cut: U256,
}

impl Index {
    /// The first point of an epoch.
    pub const fn start(epoch: u16) -> Self {
        Self { size: ONE, epoch, basis: U256::ZERO, value: U256::ZERO, cut: U256::ZERO }
    }
}

/// One side of a market: the sums over its positions, and where it is in its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideState {
    /// Longs or shorts.
    pub is_long: bool,
    /// Sum of sizes; never below the sum of the effective ones.
    pub size: u128,
    /// Sum of entries.
    pub entry: u128,
    /// Points so far.
    pub snapshot: Snapshot,
    /// The last point.
    pub index: Index,
    /// Taken from the pool for what positions have realised and not yet settled; what rounding leaves stays here.
    pub reserve: u128,
}

/// A price and how sizes turn into token units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Mark, WAD: 1..=[`MAX_PRICE`].
    pub mark: u128,
    /// `10^(36 - decimals)`: 1..=[`MAX_SCALE`].
    pub scale: u128,
}

/// Why a side is deleveraged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Its profit at mark may be more than its share of the pool.
    Profit {
        /// Above this share of the pool's assets something happens, bps: 1..=9,999.
        share_bps: u16,
        /// To this share it comes back, bps: 1..=`share_bps`.
        target_bps: u16,
    },
    /// A deficit that neither fund nor pool bears, left by a bankrupt position of the other side.
    Deficit {
        /// Token units.
        amount: u128,
        /// The price at which the bankrupt position had nothing left, WAD.
        bankruptcy: u128,
    },
}

/// What one deleveraging may do at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Share of the side that is closed, bps: 1..=10,000.
    pub most_bps: u16,
    /// What the pool has, token units: what is realised is reserved out of it.
    pub assets: u128,
}

/// What a deleveraging did; a size of 0 is nothing, and then nothing is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// What the side's size lost.
    pub size: u128,
    /// What the side's entry lost.
    pub entry: u128,
    /// Profit at mark of what was closed: moves from the pool to the side's reserve.
    pub reserved: u128,
    /// Of it, what comes back to the pool as positions settle, unless a position has no profit to be cut.
    pub cover: u128,
    /// What is still to be covered, or by how much the profit is still above its target.
    pub remainder: u128,
    /// The price at which it was closed, WAD.
    pub price: u128,
    /// The point reached; the side's own, unless an epoch ended with it.
    pub point: Index,
    /// Whether an epoch ended with it.
    pub ended: bool,
}

impl Closed {
    /// Nothing, at a side that stays where it is.
    pub const fn nothing(point: Index, price: u128, remainder: u128) -> Self {
        Self { size: 0, entry: 0, reserved: 0, cover: 0, remainder, price, point, ended: false }
    }
}

/// What a position has: of [`Settled`], also what it has afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Base units.
    pub size: u128,
    /// Collateral.
    pub margin: u128,
    /// What it was bought (long) or sold (short) for.
    pub entry: u128,
}

/// What a position settles to, and every flow that it takes, to the unit.
///
/// `margin after = margin before + credit + paid - collected`; the reserve loses `credit + cut`; the pool gains
/// `cut + collected - paid`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The position now; size 0: everything was closed out, and only margin is left.
    pub held: Held,
    /// Base units that were closed.
    pub closed: u128,
    /// From the reserve to the margin.
    pub credit: u128,
    /// From the reserve to the pool: what the position bears of a deficit, never more than its own profit.
    pub cut: u128,
    /// What it would have borne by its size and does not, for want of profit: cover that does not come.
    pub shortfall: u128,
    /// From the pool to the margin: profit that the entry left has no room for.
    pub paid: u128,
    /// From the margin to the pool: a loss of its own that the entry left has no room for.
    pub collected: u128,
    /// Of such a loss, what the margin lacks.
    pub bad_debt: u128,
    /// What the side's entry gains.
    pub entry_up: u128,
    /// What the side's entry loses.
    pub entry_down: u128,
}

impl Settled {
    /// What a position that had `before` was released of its entry, whatever room that had.
    ///
    /// Summed over positions it is what deleveragings released of their side: the sum of entries as they are stored, less
    /// what was released and has not settled, is what the side's positions have, and neither is ever negative.
    pub const fn released(&self, is_long: bool, before: &Held) -> u128 {
        let due = self.collected.saturating_add(self.bad_debt);
        let (lacking, over) = if is_long { (self.paid, due) } else { (due, self.paid) };
        before.entry.saturating_add(lacking).saturating_sub(over).saturating_sub(self.held.entry)
    }
}
