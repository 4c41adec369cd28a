//! What the protocol keeps beside the parameters of its markets: open interest, positions, accounts, the pool.
//!
//! Units: amounts in token base units below 2^112; sizes WAD of the base asset below 2^112; prices WAD.

use crate::error::Error;
use fusebox::House;
use fusebox_market::params::{Terms, TERMS};

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

/// What the protocol has of its own for each market, beside the market's parameters; a field of zero is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What the pool pays whoever pokes, for each tier by which an incident rises, in token units: 0..=the smallest margin.
    pub bounty: u64,
    /// Up to where liquidations fill the market's buffer, bps of the pool: 0..=1,000.
    pub buffer_bps: u16,
    /// The profit of a side above which anyone may have it deleveraged, bps of the pool: 0..=9,999.
    pub share_bps: u16,
    /// The profit to which that brings it back, bps of the pool: 0..=`share_bps`; at least one is aimed at.
    pub target_bps: u16,
}

impl Policy {
    /// The policy, if it is within its bounds.
    ///
    /// Errors: [`Error::Term`] with the number of the term in the table, the value and the bound it broke.
    pub fn validated(self, terms: &Terms) -> Result<Self, Error> {
        let bounds = [terms.min_margin, MAX_BUFFER_BPS, BPS.saturating_sub(1), self.share_bps.into()];
        for (term, bound) in (BOUNTY..).zip(bounds) {
            let value = self.get(term);
            if value > bound {
                return Err(Error::Term { term, value, bound });
            }
        }
        Ok(self)
    }
    /// A parameter by its number.
    pub fn get(&self, term: u8) -> u128 {
        match term {
            BOUNTY => self.bounty.into(),
            BUFFER => self.buffer_bps.into(),
            SHARE => self.share_bps.into(),
            _ => self.target_bps.into(),
        }
    }
    /// With another value of a parameter, cut to its field; not validated.
    pub fn with(mut self, term: u8, value: u128) -> Self {
        let small = u16::try_from(value).unwrap_or(u16::MAX);
        match term {
            BOUNTY => self.bounty = u64::try_from(value).unwrap_or(u64::MAX),
            BUFFER => self.buffer_bps = small,
            SHARE => self.share_bps = small,
            _ => self.target_bps = small,
        }
        self
    }
}

/// The number of the bounty in the parameter table, after the market's own.
pub const BOUNTY: u8 = TERMS;
/// The number of the buffer's target.
pub const BUFFER: u8 = 20;
/// The number of the profit above which a side is deleveraged.
pub const SHARE: u8 = 21;
/// The number of the profit to which it comes back.
pub const TARGET: u8 = 22;
/// The largest target of a buffer, bps of the pool.
pub const MAX_BUFFER_BPS: u128 = 1_000;
/// What the pool keeps when it bears a loss, bps of the larger side's entry notional: a move of half can still be paid.
pub const FLOOR_BPS: u128 = 5_000;

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
    /// How often it was deleveraged, [`fusebox_market::types::side::Snapshot`]: 32 bits.
    pub snapshot: u64,
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
    /// Its side's snapshot when it was last settled; where that is another, the words above are not what it has.
    pub snapshot: u64,
    /// What was cut of profits when it was opened: 90 bits of cut, then 6 of the era; see [`crate::logic::loss::index_of`].
    pub since: u128,
}

/// What an account holds outside its positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Free collateral.
    pub free: u128,
    /// Shares of the pool.
    pub shares: u128,
    /// Some of the free collateral may be a profit that is still warming up.
    pub warming: bool,
    /// It has chosen cross margin in some loss domain; which ones is the market module's word.
    pub crossing: bool,
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
