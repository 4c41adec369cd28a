//! The arithmetic of the end: which price is fixed, and what each claim is paid.

use crate::{
    error::Error,
    logic::loss::{bounded, part_down},
    types::{
        settlement::{
            Anchor, Division, Phase, Pot, Settlement, Totals, MAX_PRICE, MAX_RESTARTS, MAX_SECOND, WINDOW_SECS,
        },
        Account, Vault,
    },
};
use fusebox_core::time::live;

/// Feeds that make a quorum: more of them found a price no better.
pub const QUORUM: u8 = 3;

/// Nothing new may be opened from now on, without end.
pub const fn wind_down(settlement: Settlement) -> Settlement {
    Settlement { winding: true, ..settlement }
}

/// The market begins to settle at its last clean anchor.
///
/// Errors: [`Error::Settling`], [`Error::BadAnchor`], [`Error::Parameter`].
/// Invariants: IF-35.
pub fn propose(settlement: Settlement, now: u64, anchor: Anchor) -> Result<Settlement, Error> {
    if settlement.started != 0 {
        return Err(Error::Settling { started: settlement.started });
    }
    founded(&anchor, now.min(MAX_SECOND.saturating_sub(WINDOW_SECS)))?;
    Ok(Settlement { anchor, started: now, until: now.saturating_add(WINDOW_SECS), restarts: 0, winding: true })
}

/// A better-founded price takes the place of the one that stands; a different one restarts the window, a few times.
///
/// Anyone may challenge, since nothing here is a judgement: the caller reads the anchor from the chain's own record. What
/// is known to be better can be shown at any time, so that the last second is no better than the first.
///
/// Errors: [`Error::NotChallengeable`], [`Error::WeakerAnchor`], [`Error::BadAnchor`], [`Error::Parameter`].
/// Invariants: IF-35, IF-36.
pub fn challenge(settlement: Settlement, now: u64, anchor: Anchor) -> Result<Settlement, Error> {
    let Settlement { anchor: stands, started, until, restarts, .. } = settlement;
    if started == 0 || !live(now, until) {
        return Err(Error::NotChallengeable { until, now });
    }
    founded(&anchor, started)?;
    if rank(&anchor, started) <= rank(&stands, started) {
        return Err(Error::WeakerAnchor { at: anchor.at, bound: stands.at });
    }
    if anchor.price == stands.price || restarts >= MAX_RESTARTS {
        return Ok(Settlement { anchor, ..settlement });
    }
    Ok(Settlement {
        anchor,
        until: now.saturating_add(WINDOW_SECS),
        restarts: restarts.saturating_add(1),
        ..settlement
    })
}

/// Refuses what is no price, has no feed behind it, or was seen after `latest`.
fn founded(anchor: &Anchor, latest: u64) -> Result<(), Error> {
    if anchor.price == 0 || anchor.price > MAX_PRICE {
        let bound = anchor.price.clamp(1, MAX_PRICE);
        return Err(Error::Parameter { id: 24, value: anchor.price, bound });
    }
    if anchor.feeds == 0 || anchor.at > latest {
        return Err(Error::BadAnchor { at: anchor.at, bound: latest });
    }
    Ok(())
}

/// How well an anchor is founded: more feeds up to a quorum, then later.
///
/// Feeds count only for what was seen in the window before the market began to settle: history is a matter of time alone.
fn rank(anchor: &Anchor, started: u64) -> (u8, u64) {
    let fresh = anchor.at.saturating_add(WINDOW_SECS) > started;
    (if fresh { anchor.feeds.min(QUORUM) } else { 0 }, anchor.at)
}

/// Where the market stands: by the clock alone.
///
/// Invariants: IF-35.
pub const fn phase(settlement: &Settlement, now: u64) -> Phase {
    let price = settlement.anchor.price;
    match settlement {
        Settlement { started: 0, winding: false, .. } => Phase::Trading,
        Settlement { started: 0, .. } => Phase::WindingDown,
        Settlement { until, .. } if live(now, *until) => Phase::Challenged { price, until: *until },
        _ => Phase::Fixed { price },
    }
}

/// Divides what there is: principal first, then profits, providers, stakers; what is left nobody claims.
///
/// Errors: [`Error::TooLarge`].
/// Invariants: IF-33.
pub fn divide(totals: &Totals) -> Result<Division, Error> {
    let mut rest = bounded(totals.assets)?;
    let mut pot = |claims: u128| {
        let paid = rest.min(bounded(claims)?);
        rest = rest.saturating_sub(paid);
        Ok(Pot { claims, paid })
    };
    let [principal, profits, providers, stakers] =
        [pot(totals.principal)?, pot(totals.profits)?, pot(totals.providers)?, pot(totals.stakers)?];
    Ok(Division { principal, profits, providers, stakers, residue: rest })
}

/// What a claim is paid: the same part of every claim of its class, whoever comes first.
///
/// Rounding: down.
/// Invariants: IF-33, IF-34.
pub fn payout_down(pot: &Pot, claim: u128) -> u128 {
    part_down(claim.min(pot.claims), pot.paid, pot.claims)
}

/// A staker leaves a fund that has ended: with all shares at once, without a cool-down, for the part of the pot that they
/// are of all shares.
///
/// The vault goes on counting the shares of those who have left, so that every part is of the same sum. The floor is in the
/// pot: nobody stays for whom it would be kept. `account` is as [`crate::logic::current`] has it.
///
/// Rounding: down.
/// Invariants: IF-39.
pub fn close_out(vault: Vault, account: Account, pot: &Pot) -> (Vault, Account, u128) {
    let paid = part_down(pot.paid, account.shares.min(vault.shares), vault.shares).min(vault.assets);
    let vault = Vault { assets: vault.assets.saturating_sub(paid), ..vault };
    (vault, Account { shares: 0, since: 0, requested: 0, value: 0, ..account }, paid)
}
