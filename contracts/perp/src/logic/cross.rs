//! Positions that stand for one another: what each is worth to the others, and what moves between them. Pure, by value.

use super::{add, bps_up, notional, result_of, unwind};
use crate::{
    error::Error,
    types::{Interest, Position, Rate, Side},
};
use fusebox_market::{
    logic::threshold_up,
    params::Closing,
    types::{Leg, Opening},
};

/// A position as the others of its domain see it, with its maintenance margin.
///
/// Without a believable price (`rate` none) it has neither profit nor loss, and needs what it needed when it was opened:
/// a profit that nobody can confirm keeps no other position alive, a loss that nobody can confirm ends none.
///
/// Rounding: the profit down, loss and need up.
/// Errors: a notional that does not fit.
/// Invariants: PP-41, PP-44.
pub fn leg(position: &Position, closing: &Closing, now: u64, rate: Option<Rate>, grace: bool) -> Result<Leg, Error> {
    let ((profit, loss), value) = match rate {
        Some(rate) => (result_of(position, position.size, position.entry, rate)?, notional(position.size, rate, true)?),
        None => ((0, 0), position.entry),
    };
    let needed = threshold_up(value, closing.maintenance.at(now), grace);
    Ok(Leg { domain: closing.domain, margin: position.margin, profit, loss, needed })
}

/// A position as if it were opened as it stands: what an opening next to it has to leave untouched.
///
/// Rounding: notional and loss up.
/// Errors: a notional that does not fit.
pub fn opening(position: &Position, interest: &Interest, assets: u128, rate: Rate) -> Result<Opening, Error> {
    let (_, loss) = result_of(position, position.size, position.entry, rate)?;
    Ok(Opening {
        notional: notional(position.size, rate, true)?,
        interest: interest.side(position.is_long).entry,
        assets,
        margin: position.margin,
        loss,
    })
}

/// What a liquidation takes beyond the position's margin and profit, penalty included; then its loss.
///
/// Rounding: up.
/// Errors: a notional that does not fit.
pub fn lacking(position: &Position, closing: &Closing, rate: Rate) -> Result<(u128, u128), Error> {
    let (profit, loss) = result_of(position, position.size, position.entry, rate)?;
    let penalty = bps_up(notional(position.size, rate, true)?, closing.penalty_bps.into());
    let has = position.margin.saturating_add(profit);
    Ok((loss.saturating_add(penalty).saturating_sub(has), loss))
}

/// What a reduction takes beyond what the position has, fee included.
///
/// Rounding: up.
/// Errors: a notional that does not fit.
pub fn short_of(position: Position, fee_bps: u16, rate: Rate, size: u128) -> Result<u128, Error> {
    let part = size.min(position.size);
    let unwound = unwind(position, Interest::default(), part, rate)?;
    let fee = bps_up(notional(part, rate, true)?, fee_bps.into());
    let has = position.margin.saturating_add(unwound.profit);
    Ok(unwound.loss.saturating_add(fee).saturating_sub(has))
}

/// Moves a result that stands by `amount`, for the position or against it: its entry and its side's, so that the pool is
/// owed what another position gains.
///
/// Errors: amounts past their bound.
/// Invariants: PP-43.
pub fn shifted(position: Position, side: Side, amount: u128, against: bool) -> Result<(Position, Side), Error> {
    let is_up = position.is_long == against;
    let moved = |entry: u128| if is_up { add(entry, amount) } else { Ok(entry.saturating_sub(amount)) };
    let (own, of_side) = (moved(position.entry)?, moved(side.entry)?);
    Ok((Position { entry: own, ..position }, Side { entry: of_side, ..side }))
}
