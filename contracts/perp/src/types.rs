//! What the protocol keeps: market terms, open interest, positions, accounts, the pool.
//!
//! Units: amounts in token base units below 2^112; sizes WAD of the base asset below 2^112; prices WAD.

use crate::error::Error;
use fusebox::House;
use fusebox_core::panel::Tier;

/// The modules as this protocol composes them.
pub const HOUSE: House = House::DEFAULT;

/// The largest amount or size that is accepted: 112 bits, so that a product with basis points fits 128.
pub const MAX_AMOUNT: u128 = (1 << 112) - 1; // constant evaluation: an overrun stops the build
/// Most markets: valuing the pool reads the price of every market with open interest.
pub const MAX_MARKETS: u32 = 8;
/// One in basis points.
pub const BPS: u128 = 10_000;
/// Shares that nobody holds, so that the first provider cannot round the second one's shares away.
pub const VIRTUAL_SHARES: u128 = 1_000_000;
/// Shares leave in lots of this many, about a unit of the token: what the limiter counts, since shares pass its bounds.
pub const LOT: u128 = VIRTUAL_SHARES;

/// The terms of a market, fixed when it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Initial margin, bps of notional: 1..=10_000.
    pub initial_bps: u16,
    /// Maintenance margin, bps of notional: 1..initial.
    pub maintenance_bps: u16,
    /// Fee on each trade, bps of notional: 0..=1_000, to the pool.
    pub fee_bps: u16,
    /// Liquidation penalty, bps of notional: 0..=maintenance; half to the liquidator, the rest to the pool.
    pub penalty_bps: u16,
    /// Entry notional of one side at most this share of the pool, bps: 1..=20_000.
    pub interest_bps: u16,
    /// Factor on the initial margin while Guarded, bps: 10_000..=50_000.
    pub guarded_bps: u16,
    /// Smallest margin of a position, in token units: 1 and up, so that closing dust is worth its gas.
    pub min_margin: u64,
    /// What the pool pays whoever pokes, for each tier by which an incident rises, in token units: 0..=`min_margin`.
    pub bounty: u64,
}

impl Terms {
    /// The terms, if every one is within its bounds.
    ///
    /// Errors: [`Error::Term`] with the number of the term (in order of the fields), the value and the bound it broke.
    pub fn validated(self) -> Result<Self, Error> {
        let one = 10_000u64;
        let rows: [(u8, u64, u64, u64); 8] = [
            (0, self.initial_bps.into(), 1, one),
            (1, self.maintenance_bps.into(), 1, u64::from(self.initial_bps).saturating_sub(1)),
            (2, self.fee_bps.into(), 0, 1_000),
            (3, self.penalty_bps.into(), 0, self.maintenance_bps.into()),
            (4, self.interest_bps.into(), 1, 20_000),
            (5, self.guarded_bps.into(), one, 50_000),
            (6, self.min_margin, 1, u64::MAX),
            (7, self.bounty, 0, self.min_margin),
        ];
        for (term, value, min, max) in rows {
            if value < min {
                return Err(Error::Term { term, value, bound: min });
            }
            if value > max {
                return Err(Error::Term { term, value, bound: max });
            }
        }
        Ok(self)
    }

    /// Initial margin in bps under a tier, at most the whole notional.
    pub fn initial_under(&self, tier: Tier) -> u128 {
        let base = u128::from(self.initial_bps);
        if tier < Tier::Guarded {
            return base;
        }
        base.saturating_mul(self.guarded_bps.into()).div_ceil(BPS).min(BPS)
    }
}

/// Open interest of a market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Longs.
    pub long: Side,
    /// Shorts.
    pub short: Side,
}

/// One side of a market: the sums over its positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Sum of sizes.
    pub size: u128,
    /// Sum of entry notionals.
    pub entry: u128,
}

impl Interest {
    /// The side of a position.
    pub const fn side(&self, is_long: bool) -> Side {
        if is_long {
            self.long
        } else {
            self.short
        }
    }
    /// With one side replaced.
    pub const fn with(self, is_long: bool, side: Side) -> Self {
        if is_long {
            Self { long: side, ..self }
        } else {
            Self { short: side, ..self }
        }
    }
}

/// An isolated position; size 0 is no position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Which way.
    pub is_long: bool,
    /// Base units.
    pub size: u128,
    /// Collateral that only this position can lose.
    pub margin: u128,
    /// What the position was bought (long) or sold (short) for.
    pub entry: u128,
}

/// What an account holds outside its positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Free collateral.
    pub free: u128,
    /// Shares of the pool.
    pub shares: u128,
}

/// The liquidity pool: the counterparty of every trader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Accounted collateral; donations are not in it.
    pub assets: u128,
    /// Shares in circulation, without the virtual ones.
    pub shares: u128,
    /// Losses beyond margins so far: what the pool should have received and did not.
    pub bad_debt: u128,
    /// Profits that the pool could not pay in full so far.
    pub unpaid: u128,
}

/// What changes in a trade, all of it by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Books {
    /// The trader's account.
    pub account: Account,
    /// The trader's position in the market.
    pub position: Position,
    /// The market's open interest.
    pub interest: Interest,
    /// The pool.
    pub pool: Pool,
}

/// What a trade did, for its event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    /// Base units traded.
    pub size: u128,
    /// Notional at the price.
    pub notional: u128,
    /// Fee or penalty taken.
    pub fee: u128,
    /// Realised profit, or loss as collected.
    pub profit: u128,
    /// Realised loss.
    pub loss: u128,
    /// Loss beyond the margin.
    pub bad_debt: u128,
    /// To the liquidator.
    pub reward: u128,
}

/// A price and how to turn sizes into token units with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// WAD.
    pub price: u128,
    /// `10^(36 - decimals)`.
    pub scale: u128,
}
