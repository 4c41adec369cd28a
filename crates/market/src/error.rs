//! What the module refuses: every variant carries the offending value and the bound it broke.

/// Why a trade, a change of parameters or a choice was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A parameter outside its bounds.
    Term {
        /// Which one, in the order of the README's table.
        term: u8,
        /// The value given, or what the change would have made of it.
        value: u128,
        /// The bound it broke.
        bound: u128,
    },
    /// No parameter has that number.
    UnknownTerm {
        /// The number given.
        term: u8,
        /// The last one.
        bound: u8,
    },
    /// The market has terms already.
    Listed {
        /// Its number.
        market: u32,
        /// Its base margin, in basis points; 0 is what a new one has.
        base_bps: u16,
    },
    /// A margin below the least that a position may have.
    MinMargin {
        /// Its margin, in token units.
        value: u128,
        /// The least.
        bound: u128,
    },
    /// A position above the cap.
    PositionCap {
        /// Its notional after the trade, in token units.
        value: u128,
        /// The cap.
        bound: u128,
    },
    /// Open interest above the tighter of the two caps.
    InterestCap {
        /// The side's notional after the trade, in token units.
        value: u128,
        /// The cap.
        bound: u128,
    },
    /// A margin below the initial one.
    Initial {
        /// The margin less unrealised losses, in token units.
        value: u128,
        /// What is needed.
        bound: u128,
    },
    /// More than what is warm.
    Warming {
        /// Units asked for.
        value: u128,
        /// Units that are not warming.
        bound: u128,
    },
    /// A position that does not stand alone, so its account cannot choose or leave cross margin in its domain.
    Alone {
        /// Which one, in the order given.
        leg: u32,
        /// Its margin less its loss, in token units.
        value: u128,
        /// What it needs.
        bound: u128,
    },
    /// A result that does not fit.
    OutOfRange {
        /// An operand.
        value: u128,
        /// The largest result.
        bound: u128,
    },
}
