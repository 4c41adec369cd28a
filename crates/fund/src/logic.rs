//! Staking: what shares are worth, who may leave with what, what a draw takes. `hold` has what is held back.
//!
//! Every function takes state by value and returns the next; a failed call leaves nothing. A [`Hold`] that comes in has
//! been settled by [`hold::settle`] at the same second, and an [`Account`] by [`current`].

use crate::{
    error::Error,
    types::{
        loss::low32, Account, Drawn, Hold, Paid, Params, Requested, State, Vault, MAX_AMOUNT, ROLLOVER, SHARES_PER_UNIT,
    },
};
use loss::{part_down, part_up};

pub mod hold;
pub mod ledger;
pub mod loss;
pub mod settlement;

/// What `shares` are worth.
///
/// Rounding: down, exact.
#[inline(never)] // once in a program: bytes run out before gas
pub fn assets_down(vault: &Vault, shares: u128) -> u128 {
    part_down(shares, vault.assets.saturating_add(1), vault.shares.saturating_add(SHARES_PER_UNIT))
}

/// The shares that `assets` buy.
///
/// Rounding: down, exact; one that passes 128 bits is 2^128 - 1.
#[inline(never)]
pub fn shares_down(vault: &Vault, assets: u128) -> u128 {
    part_down(assets, vault.shares.saturating_add(SHARES_PER_UNIT), vault.assets.saturating_add(1))
}

/// The account as it is now: shares of an earlier epoch are worth nothing, a request whose window has passed is none.
pub fn current(account: Account, vault: &Vault, params: &Params, now: u64) -> Account {
    let mut account = account;
    if account.epoch != vault.epoch {
        (account.shares, account.epoch) = (0, vault.epoch);
        account = without_request(account);
    }
    if account.since != 0 && now >= window(&account, params).1 {
        account = without_request(account);
    }
    account
}

/// When the window of a request opens, and when it closes.
pub fn window(account: &Account, params: &Params) -> (u64, u64) {
    let ready = u64::from(account.since).saturating_add(params.cooldown_secs());
    (ready, ready.saturating_add(params.window_secs()))
}

/// `amount` comes in for new shares.
///
/// Closed while a loss may be pending: at today's price the newcomer would pay for an incident that was there before
/// him, and at the price after the loss he would be given, if it does not come, what the others risked.
///
/// Rounding: shares down.
/// Errors: `ZeroAmount`, `Closed`, `TooSmall`, `TooLarge`.
/// Invariants: IF-2, IF-4, IF-9.
pub fn stake(
    vault: Vault,
    hold: &Hold,
    account: Account,
    params: &Params,
    amount: u128,
) -> Result<(Vault, Account, u128), Error> {
    positive(amount)?;
    let exposure = hold::exposure(hold);
    if exposure != 0 {
        return Err(Error::Closed { exposure, until: hold::ends(hold, params) });
    }
    let shares = shares_down(&vault, amount);
    if shares == 0 {
        let bound = part_up(1, vault.assets.saturating_add(1), vault.shares.saturating_add(SHARES_PER_UNIT));
        return Err(Error::TooSmall { value: amount, bound });
    }
    let vault = Vault { assets: grown(vault.assets, amount)?, shares: more_shares(vault.shares, shares)?, ..vault };
    let account = Account { shares: account.shares.saturating_add(shares), ..account }; // part of what just fitted
    Ok((vault, account, shares))
}

/// `shares` wait to leave, in place of what was requested before: the cool-down begins anew for all of them.
///
/// Rounding: their value down.
/// Errors: `ZeroAmount`, `InsufficientShares`, `OutOfRange`.
/// Invariants: IF-5, IF-6.
pub fn request(
    vault: &Vault,
    account: Account,
    params: &Params,
    now: u64,
    shares: u128,
) -> Result<(Account, Requested), Error> {
    positive(shares)?;
    if shares > account.shares {
        return Err(Error::InsufficientShares { needed: shares, held: account.shares });
    }
    let value = assets_down(vault, shares);
    let account = Account { requested: shares, value, since: second(now)?, ..account };
    let (ready, until) = window(&account, params);
    Ok((account, Requested { shares, value, ready, until }))
}

/// The request is taken back: its shares are staked as if they had never waited.
///
/// Errors: `NoRequest`.
/// Invariants: IF-6.
pub fn cancel(account: Account, params: &Params, now: u64) -> Result<Account, Error> {
    requested(&account, params, now)?;
    Ok(without_request(account))
}

/// `shares` of the request leave, within its window: the lesser of what they were worth and what they are worth; of
/// that, their part of what is open is held back.
///
/// Rounding: the payout down, what is held back up.
/// Errors: `ZeroAmount`, `NoRequest`, `CoolingDown`, `InsufficientShares`, `BelowFloor`, `TooLarge`.
/// Invariants: IF-3, IF-5, IF-7, IF-8.
pub fn redeem(state: State, params: &Params, now: u64, shares: u128) -> Result<(State, Paid), Error> {
    let State { vault, account, .. } = state;
    positive(shares)?;
    let ready = requested(&account, params, now)?;
    if now < ready {
        return Err(Error::CoolingDown { ready, now });
    }
    if shares > account.requested {
        return Err(Error::InsufficientShares { needed: shares, held: account.requested });
    }
    let share_of_value = part_down(account.value, shares, account.requested);
    let amount = assets_down(&vault, shares).min(share_of_value);
    let available = vault.assets.saturating_sub(params.floor());
    if amount > available {
        return Err(Error::BelowFloor { amount, available });
    }
    let held = hold::share_up(&state.hold, &vault, shares).min(amount);
    let vault = owned(Vault {
        assets: vault.assets.saturating_sub(amount),
        shares: vault.shares.saturating_sub(shares),
        ..vault
    });
    let left = Account {
        shares: account.shares.saturating_sub(shares),
        requested: account.requested.saturating_sub(shares),
        value: account.value.saturating_sub(share_of_value),
        ..account
    };
    let left = if left.requested == 0 { without_request(left) } else { left };
    let (hold, account) = hold::keep(state.hold, left, held)?;
    Ok((State { vault, hold, account }, Paid { amount: amount.saturating_sub(held), held }))
}

/// The most shares that [`redeem`] takes now, and what would be paid for them, what is held back apart.
pub fn redeemable(state: State, params: &Params, now: u64) -> (u128, u128) {
    let State { vault, account, .. } = state;
    let available = vault.assets.saturating_sub(params.floor());
    let room = shares_down(&vault, available).min(account.requested);
    // Either all of it fits, also where it is worth more than its request lets out, or what the floor leaves does.
    let paid = |shares| redeem(state, params, now, shares).map(|(_, paid)| (shares, paid.amount));
    paid(account.requested).or_else(|_| paid(room)).unwrap_or((0, 0))
}

/// The most that a draw can take now.
///
/// Rounding: down.
pub fn drawable(vault: &Vault, hold: &Hold, params: &Params) -> u128 {
    let available = vault.assets.saturating_sub(params.floor());
    let exposure = hold::exposure(hold);
    let own = exposure.saturating_sub(hold.held); // of what is open, the part of those who are staked
    if available >= own {
        return available.saturating_add(hold.held);
    }
    part_down(available, exposure, own)
}

/// `amount` leaves for a loss: from what was held back, its part; the rest from all shares, the requested ones included.
///
/// Rounding: what was held back pays up; the two sum to `amount`.
/// Errors: `ZeroAmount`, `BelowFloor`.
/// Invariants: IF-1, IF-7, IF-8, IF-10, IF-11.
pub fn draw(vault: Vault, hold: Hold, params: &Params, amount: u128) -> Result<(Vault, Hold, Drawn), Error> {
    positive(amount)?;
    let available = drawable(&vault, &hold, params);
    if amount > available {
        return Err(Error::BelowFloor { amount, available });
    }
    let (hold, held) = hold::lose(hold, amount);
    let staked = amount.saturating_sub(held);
    let vault = Vault { assets: vault.assets.saturating_sub(staked), ..vault };
    let (vault, rolled) = roll_over(vault)?;
    Ok((vault, hold, Drawn { staked, held, rolled }))
}

/// `amount` comes in for those who are staked; into a fund without shares it is the fund's own and changes no price.
///
/// Errors: `ZeroAmount`, `TooLarge`.
/// Invariants: IF-1, IF-13.
pub fn credit(vault: Vault, amount: u128) -> Result<Vault, Error> {
    positive(amount)?;
    Ok(owned(Vault { assets: grown(vault.assets, amount)?, ..vault }))
}

/// After a loss so large that shares could no longer be counted, a new epoch: the old shares are worth nothing, and what
/// is left belongs to nobody, at the price of the start.
fn roll_over(vault: Vault) -> Result<(Vault, bool), Error> {
    let most = vault.assets.saturating_add(1).saturating_mul(SHARES_PER_UNIT.saturating_mul(ROLLOVER)); // 97 and 30 bits
    if vault.shares.saturating_add(SHARES_PER_UNIT) <= most {
        return Ok((vault, false));
    }
    let bound = u128::from(u32::MAX);
    let epoch = vault.epoch.checked_add(1).ok_or(Error::TooLarge { value: bound.saturating_add(1), bound })?;
    Ok((owned(Vault { epoch, shares: 0, ..vault }), true))
}

/// Assets without shares become the fund's own: as many shares as they bought at the start, which nobody has. Otherwise
/// they would be the virtual shares', and whoever came next would lose by rounding.
fn owned(vault: Vault) -> Vault {
    if vault.shares != 0 {
        return vault;
    }
    Vault { shares: vault.assets.saturating_mul(SHARES_PER_UNIT), ..vault } // 96 and 10 bits
}

/// When the account's request may leave.
fn requested(account: &Account, params: &Params, now: u64) -> Result<u64, Error> {
    let (ready, until) = window(account, params);
    if account.since == 0 {
        return Err(Error::NoRequest { until: 0, now });
    }
    if now >= until {
        return Err(Error::NoRequest { until, now });
    }
    Ok(ready)
}

fn without_request(account: Account) -> Account {
    Account { since: 0, requested: 0, value: 0, ..account }
}

fn positive(amount: u128) -> Result<(), Error> {
    if amount == 0 {
        return Err(Error::ZeroAmount);
    }
    Ok(())
}

/// A sum that one place can hold.
fn grown(before: u128, amount: u128) -> Result<u128, Error> {
    let after = before.saturating_add(amount);
    if after > MAX_AMOUNT {
        return Err(Error::TooLarge { value: after, bound: MAX_AMOUNT });
    }
    Ok(after)
}

fn more_shares(before: u128, shares: u128) -> Result<u128, Error> {
    let bound = u128::MAX >> 1; // so that the virtual shares always fit beside them
    before.checked_add(shares).filter(|after| *after <= bound).ok_or(Error::TooLarge { value: shares, bound })
}

/// A second that 32 bits hold.
fn second(now: u64) -> Result<u32, Error> {
    if now > u64::from(u32::MAX) {
        return Err(Error::OutOfRange { value: now, bound: u32::MAX.into() });
    }
    Ok(low32(now))
}
