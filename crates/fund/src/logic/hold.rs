//! What is open, and the part of it that is held back from those who leave.
//!
//! `R` units are open: deficits not yet drawn, and what incidents may cost. Who redeems the part `s` of all shares has
//! `s` of what the stakers risk, `R - H`, held back, so that those who stay risk what they did before. A draw takes from
//! what is held back in the proportion `H : R`; whatever is called off, or ends by the clock, releases in the same
//! proportion. A claim is a weight: at risk is its part of `H`, owed is what the round's index has released since.

use super::{
    grown,
    loss::{part_down, part_up},
    positive, second,
};
use crate::{
    error::Error,
    types::{Account, Closed, Hold, Params, Vault, HOLD_PERIOD, INDEX_ONE, THIN_BITS},
};
use fusebox_core::time::live;

/// Units that may still be lost.
pub fn exposure(hold: &Hold) -> u128 {
    hold.deficit.saturating_add(hold.incident)
}

/// When nothing will be open any more, by the clock alone.
pub fn ends(hold: &Hold, params: &Params) -> u64 {
    let deficit = if hold.deficit == 0 { 0 } else { hold.deficit_until.into() };
    let incident = if hold.incident == 0 { 0 } else { incident_until(hold, params) };
    deficit.max(incident)
}

/// When the hold of incidents ends, in seconds.
pub fn incident_until(hold: &Hold, params: &Params) -> u64 {
    u64::from(hold.opened).saturating_add(params.hold_secs())
}

/// The hold as it is now: what has ended by the clock is released, and a round of which next to nothing is left ends.
///
/// Invariants: IF-7.
#[inline(never)] // once in a program: bytes run out before gas
pub fn settle(hold: Hold, params: &Params, now: u64) -> Hold {
    let mut hold = hold;
    if hold.incident != 0 && !live(now, incident_until(&hold, params)) {
        hold = released(Hold { incident: 0, ..hold }, hold.incident);
    }
    if hold.deficit != 0 && !live(now, hold.deficit_until.into()) {
        hold = released(Hold { deficit: 0, ..hold }, hold.deficit);
    }
    if hold.weight != 0 && hold.weight >> THIN_BITS >= hold.held {
        hold = closed(released_all(hold)); // what was held back has all but gone: nothing is left to join
    }
    hold
}

/// An incident may cost `amount` more.
///
/// Errors: `ZeroAmount`, `HoldSpent`, `TooLarge`, `OutOfRange`.
pub fn open(hold: Hold, params: &Params, now: u64, amount: u128) -> Result<Hold, Error> {
    positive(amount)?;
    let mut hold = hold;
    if hold.opened == 0 || !live(now, incident_until(&hold, params)) {
        let again = if hold.opened == 0 { 0 } else { u64::from(hold.opened).saturating_add(HOLD_PERIOD) };
        if live(now, again) {
            return Err(Error::HoldSpent { again, now });
        }
        hold.opened = second(now)?;
    }
    hold.incident = grown(hold.incident, amount)?;
    Ok(hold)
}

/// A loss of `amount` is known and waits for its draw; `set_aside` of it is what its incident had set aside.
///
/// Errors: `ZeroAmount`, `AboveOpen`, `TooLarge`, `OutOfRange`.
pub fn report(hold: Hold, params: &Params, now: u64, amount: u128, set_aside: u128) -> Result<Hold, Error> {
    positive(amount)?;
    let bound = amount.min(hold.incident);
    if set_aside > bound {
        return Err(Error::AboveOpen { amount: set_aside, bound });
    }
    Ok(Hold {
        deficit: grown(hold.deficit, amount)?,
        incident: hold.incident.saturating_sub(set_aside),
        deficit_until: second(now.saturating_add(params.deficit_secs()))?,
        ..hold
    })
}

/// `amount` of what is open turns out to cost nothing.
///
/// Errors: `ZeroAmount`, `AboveOpen`.
pub fn call_off(hold: Hold, deficit: bool, amount: u128) -> Result<Hold, Error> {
    positive(amount)?;
    let bound = if deficit { hold.deficit } else { hold.incident };
    let left = bound.checked_sub(amount).ok_or(Error::AboveOpen { amount, bound })?;
    let lowered = if deficit { Hold { deficit: left, ..hold } } else { Hold { incident: left, ..hold } };
    Ok(released(lowered, amount))
}

/// The part of what is open that `shares` risk.
///
/// Rounding: up, exact.
pub fn share_up(hold: &Hold, vault: &Vault, shares: u128) -> u128 {
    part_up(shares, exposure(hold).saturating_sub(hold.held), vault.shares)
}

/// `amount` of an account's payout is held back.
///
/// Rounding: the weight down.
/// Errors: `TooLarge`.
pub(super) fn keep(hold: Hold, account: Account, amount: u128) -> Result<(Hold, Account), Error> {
    if amount == 0 {
        return Ok((hold, account));
    }
    let mut hold = hold;
    if hold.weight == 0 {
        let bound = u128::from(u32::MAX);
        hold.round = hold.round.checked_add(1).ok_or(Error::TooLarge { value: bound.saturating_add(1), bound })?;
        hold.index = 0;
    }
    let weight = if hold.weight == 0 { amount } else { part_down(amount, hold.weight, hold.held) };
    hold.held = grown(hold.held, amount)?;
    hold.weight = hold.weight.saturating_add(weight);
    let joined = if account.round == hold.round { account.weight } else { 0 };
    let account = Account { round: hold.round, weight: joined.saturating_add(weight), index: hold.index, ..account };
    Ok((hold, account))
}

/// What is owed to an account now of what was held back from it, and no longer is; `last` is the index of its round.
///
/// Before anything more is held back from the account: the claim takes the index of that moment.
///
/// Rounding: down.
/// Invariants: IF-7, IF-12.
pub fn collect(hold: Hold, account: Account, last: u128) -> (Hold, Account, u128) {
    if account.round == 0 {
        return (hold, account, 0);
    }
    let over = account.round != hold.round || hold.weight == 0;
    let amount = part_down(account.weight, last.saturating_sub(account.index), INDEX_ONE).min(hold.released);
    let left = Hold { released: hold.released.saturating_sub(amount), ..hold };
    if over {
        return (left, Account { round: 0, weight: 0, index: 0, ..account }, amount);
    }
    (left, Account { index: last, ..account }, amount)
}

/// `amount` is lost: the deficit first, then what incidents set aside; what was held back pays its part of that.
///
/// Rounding: the part up.
pub(super) fn lose(hold: Hold, amount: u128) -> (Hold, u128) {
    let open = exposure(&hold);
    let covered = amount.min(open);
    let part = part_up(covered, hold.held, open).min(hold.held);
    let of_deficit = covered.min(hold.deficit);
    let left = Hold {
        deficit: hold.deficit.saturating_sub(of_deficit),
        incident: hold.incident.saturating_sub(covered.saturating_sub(of_deficit)),
        held: hold.held.saturating_sub(part),
        ..hold
    };
    (if covered == open { closed(left) } else { left }, part)
}

/// What is held back for `amount`, which has just been taken from what is open, is owed.
///
/// Rounding: down; all of it when nothing is open any more.
fn released(hold: Hold, amount: u128) -> Hold {
    let left = exposure(&hold);
    if left == 0 {
        return closed(released_all(hold));
    }
    release(hold, part_down(hold.held, amount, left.saturating_add(amount)))
}

fn released_all(hold: Hold) -> Hold {
    release(hold, hold.held)
}

/// Moves units from what is held back to what is owed.
///
/// Rounding: the index down; what that leaves stays in `released`.
fn release(hold: Hold, amount: u128) -> Hold {
    Hold {
        held: hold.held.saturating_sub(amount),
        released: hold.released.saturating_add(amount),
        index: hold.index.saturating_add(part_down(amount, INDEX_ONE, hold.weight)),
        ..hold
    }
}

/// The round is over, if anybody is in it.
fn closed(hold: Hold) -> Hold {
    if hold.weight == 0 {
        return hold;
    }
    let closed = Some(Closed { round: hold.round, index: hold.index });
    Hold { held: 0, weight: 0, closed, ..hold }
}
