//! What the module refuses: every variant carries the offending value and the bound it broke.

/// Why a stake, a request, a payout or a draw was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// An amount, or a number of shares, of nothing.
    ZeroAmount,
    /// More than a field holds.
    TooLarge {
        /// What was given, or what would have come of it.
        value: u128,
        /// The most.
        bound: u128,
    },
    /// Too little for a single share.
    TooSmall {
        /// Units given.
        value: u128,
        /// The least that buys one.
        bound: u128,
    },
    /// Nobody enters while a loss may be pending: he would pay for what was before him, or be given what others risk.
    Closed {
        /// Units that may still be lost.
        exposure: u128,
        /// When that ends by the clock at the latest, in seconds.
        until: u64,
    },
    /// More shares than the account has.
    InsufficientShares {
        /// Shares asked for.
        needed: u128,
        /// Shares there are: staked for a request, requested for a payout.
        held: u128,
    },
    /// The account has requested nothing, or its window has passed.
    NoRequest {
        /// When the window closed, in seconds; 0 without a request.
        until: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// The cool-down is not over.
    CoolingDown {
        /// When the window opens, in seconds.
        ready: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// What is asked for would break into the floor, or there is no more.
    BelowFloor {
        /// Units asked for.
        amount: u128,
        /// Units that may leave.
        available: u128,
    },
    /// Incidents have held back for as long as they may.
    HoldSpent {
        /// When the next hold may begin, in seconds.
        again: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// More is called off than is open.
    AboveOpen {
        /// Units given.
        amount: u128,
        /// Units open.
        bound: u128,
    },
    /// A time that a word cannot hold.
    OutOfRange {
        /// The second.
        value: u64,
        /// The last that fits.
        bound: u64,
    },
    /// A parameter outside its bounds, or never set.
    Parameter {
        /// Which one, in the order of the README's table.
        id: u8,
        /// The value given.
        value: u128,
        /// The bound it broke.
        bound: u128,
    },
    /// Deleveraging reports more than was asked of it.
    OverCovered {
        /// Units reported.
        covered: u128,
        /// Units asked for.
        asked: u128,
    },
    /// The market settles already, since then.
    Settling {
        /// When it began, in seconds.
        started: u64,
    },
    /// The market does not settle, or its price is fixed.
    NotChallengeable {
        /// When the price was fixed, in seconds; 0 if none was proposed.
        until: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// A price that is not better founded than the one that stands.
    WeakerAnchor {
        /// When it was observed, in seconds.
        at: u64,
        /// When the one that stands was.
        bound: u64,
    },
    /// A price observed after the market began to settle, or by nobody.
    BadAnchor {
        /// When it was observed, in seconds.
        at: u64,
        /// The latest second that counts.
        bound: u64,
    },
}
