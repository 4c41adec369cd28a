//! What Governance changes: a market is listed once, and no change makes a margin jump.

use crate::{
    error::Error,
    logic::anchored,
    params::{Params, Terms},
    types::Ratchet,
};

/// The parameters of a market that has none.
///
/// Errors: [`Error::Listed`], [`Error::Term`].
pub fn listed(before: &Terms, market: u32, params: Params, now: u64) -> Result<Params, Error> {
    if before.base_bps != 0 {
        return Err(Error::Listed { market, base_bps: before.base_bps });
    }
    params.validated(now)
}

/// A parameter changed, and the ratchet with it: a lowered base, or another pace, starts from where the margin is.
///
/// Errors: those of [`Params::with`].
/// Invariants: MR-4, MR-5.
pub fn changed(before: &Params, ratchet: Ratchet, now: u64, term: u8, value: u128) -> Result<(Params, Ratchet), Error> {
    let params = before.with(now, term, value)?;
    if params.terms.base_bps < before.terms.base_bps || params.terms.ratchet_bps != before.terms.ratchet_bps {
        return Ok((params, anchored(ratchet, &before.terms, now)));
    }
    Ok((params, ratchet))
}
