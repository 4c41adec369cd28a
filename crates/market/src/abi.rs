//! The module as a caller of the contract sees it: events and errors.
//!
//! It has no entries of its own: a trade, a withdrawal and a change of a parameter are the contract's.
#![allow(missing_docs)] // the macros write items without documentation; what they come from is documented

use crate::error::Error;
use alloc::vec::Vec;
use alloy_primitives::U256;
use alloy_sol_types::{sol, SolError};
use fusebox_core::host::revert;

sol! {
    /// A market has terms: its three words as they are stored.
    event MarketListed(uint32 indexed market, uint256 terms, uint256 caps, uint256 closing);
    /// A parameter was changed; what is on a ramp is on its way to the new value.
    event TermSet(uint32 indexed market, uint8 indexed term, uint256 previous, uint256 current);
    /// The maintenance margin is on its way, in a straight line.
    event MaintenanceRamp(uint32 indexed market, uint16 fromBps, uint16 toBps, uint64 start, uint64 end);
    /// The market's margin was raised by itself, and falls from there at the ratchet's pace.
    event MarginRaised(uint32 indexed market, uint16 marginBps, uint64 at);
    /// An account's positions in a domain stand for one another, or do no longer.
    event CrossMargin(address indexed account, uint8 indexed domain, bool chosen);

    error MarketTerm(uint8 term, uint128 value, uint128 bound);
    error UnknownTerm(uint8 term, uint8 bound);
    error MarketListedBefore(uint32 market, uint16 baseBps);
    error MarginBelowLeast(uint128 margin, uint128 bound);
    error PositionAboveCap(uint128 notional, uint128 bound);
    error InterestAboveCap(uint128 interest, uint128 bound);
    error MarginBelowInitial(uint128 margin, uint128 needed);
    error ProfitWarming(uint128 amount, uint128 available);
    error PositionNotAlone(uint32 leg, uint128 equity, uint128 needed);
    error MarketOutOfRange(uint128 value, uint128 bound);
}

#[inline(never)] // once in a program, not once for each error
fn pair(selector: [u8; 4], a: u128, b: u128) -> Vec<u8> {
    revert(selector, [U256::from(a), U256::from(b)])
}

#[inline(never)]
fn three(selector: [u8; 4], a: u32, b: u128, c: u128) -> Vec<u8> {
    revert(selector, [U256::from(a), U256::from(b), U256::from(c)])
}

impl From<Error> for Vec<u8> {
    fn from(error: Error) -> Self {
        match error {
            Error::Term { term, value, bound } => three(MarketTerm::SELECTOR, term.into(), value, bound),
            Error::UnknownTerm { term, bound } => pair(UnknownTerm::SELECTOR, term.into(), bound.into()),
            Error::Listed { market, base_bps } => pair(MarketListedBefore::SELECTOR, market.into(), base_bps.into()),
            Error::MinMargin { value, bound } => pair(MarginBelowLeast::SELECTOR, value, bound),
            Error::PositionCap { value, bound } => pair(PositionAboveCap::SELECTOR, value, bound),
            Error::InterestCap { value, bound } => pair(InterestAboveCap::SELECTOR, value, bound),
            Error::Initial { value, bound } => pair(MarginBelowInitial::SELECTOR, value, bound),
            Error::Warming { value, bound } => pair(ProfitWarming::SELECTOR, value, bound),
            Error::Alone { leg, value, bound } => three(PositionNotAlone::SELECTOR, leg, value, bound),
            Error::OutOfRange { value, bound } => pair(MarketOutOfRange::SELECTOR, value, bound),
        }
    }
}
