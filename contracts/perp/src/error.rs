//! Why the protocol refuses: each variant carries what was offered and the bound it broke.

/// A refusal; it carries no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// An amount or size of zero.
    Zero,
    /// An amount or size past the bound.
    TooLarge {
        /// What was given, cut to 128 bits.
        value: u128,
        /// [`crate::types::MAX_AMOUNT`].
        max: u128,
    },
    /// More than the free collateral.
    InsufficientFree {
        /// What was asked for.
        needed: u128,
        /// What there is.
        free: u128,
    },
    /// More shares than held.
    InsufficientShares {
        /// What was asked for.
        needed: u128,
        /// What there is.
        held: u128,
    },
    /// A position exists already: increase it, or close it first.
    PositionExists {
        /// Its size.
        size: u128,
    },
    /// No position there.
    NoPosition,
    /// Reducing by more than there is.
    SizeAbovePosition {
        /// What was asked for.
        size: u128,
        /// What there is.
        held: u128,
    },
    /// The price is worse than the limit.
    LimitPrice {
        /// The price.
        price: u128,
        /// The limit.
        limit: u128,
    },
    /// Removing liquidity that open positions need.
    LiquidityInUse {
        /// Pool assets after the removal.
        assets: u128,
        /// What has to stay.
        needed: u128,
    },
    /// No side's profit is above its share of the pool.
    NotDue {
        /// The larger profit of the two.
        profit: u128,
        /// What has to be passed.
        bound: u128,
    },
    /// The account is not liquidatable.
    Healthy {
        /// Its equity.
        equity: u128,
        /// The threshold.
        threshold: u128,
    },
    /// A reduction whose loss exceeds the margin: the position is to be liquidated.
    LossAboveMargin {
        /// The loss.
        loss: u128,
        /// The margin.
        margin: u128,
    },
    /// The pool owes its traders more than it has: no share price.
    PoolInsolvent {
        /// What it owes.
        owed: u128,
        /// What it has.
        assets: u128,
    },
    /// A term of a market out of bounds.
    Term {
        /// Number of the term in the table.
        term: u8,
        /// Its value.
        value: u128,
        /// The bound it broke.
        bound: u128,
    },
    /// A price of zero or past 128 bits, or a notional past the bound.
    Notional {
        /// The size.
        size: u128,
        /// The price.
        price: u128,
    },
}
