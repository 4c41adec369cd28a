//! The staking half on a machine: caller and clock, load, decide, store, log.
//!
//! No function here moves money or asks who may draw: the contract does both, the one after the call, the other before
//! it.

use crate::{
    abi,
    error::Error,
    logic::{self, hold},
    storage,
    types::{Account, Drawn, Hold, Paid, Params, Requested, State},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::host::Host;

pub mod ledger;
pub mod settlement;

/// Sets the parameters: in a constructor, or after Governance's delay.
pub fn configure(host: &mut impl Host, params: &Params) {
    storage::set_params(host, params);
}

/// `amount`, which has come in from the caller, buys shares for `owner`.
///
/// Errors: those of [`logic::stake`]. Events: `Deposit`.
pub fn stake(host: &mut impl Host, params: &Params, owner: Address, amount: u128) -> Result<u128, Error> {
    let (stored, before) = load(host, params, owner, false);
    let State { vault, hold, account } = before;
    let (vault, account, shares) = logic::stake(vault, &hold, account, params, amount)?;
    store(host, owner, &stored, &State { vault, hold, account });
    let topics = [abi::Deposit::SIGNATURE_HASH, host.caller().into_word(), owner.into_word()];
    log(host, &topics, &[amount, shares]);
    Ok(shares)
}

/// The caller's `shares` wait to leave.
///
/// Errors: those of [`logic::request`]. Events: `Requested`.
pub fn request(host: &mut impl Host, params: &Params, shares: u128) -> Result<Requested, Error> {
    let who = host.caller();
    let (stored, before) = load(host, params, who, false);
    let (account, requested) = logic::request(&before.vault, before.account, params, host.now(), shares)?;
    store(host, who, &stored, &State { account, ..before });
    let Requested { shares, value, ready, until } = requested;
    let values = [shares, value, ready.into(), until.into()];
    log(host, &[abi::Requested::SIGNATURE_HASH, who.into_word()], &values);
    Ok(requested)
}

/// The caller's request is taken back.
///
/// Errors: those of [`logic::cancel`]. Events: `RequestCancelled`.
pub fn cancel(host: &mut impl Host, params: &Params) -> Result<(), Error> {
    let who = host.caller();
    let (stored, before) = load(host, params, who, false);
    let account = logic::cancel(before.account, params, host.now())?;
    store(host, who, &stored, &State { account, ..before });
    let topics = [abi::RequestCancelled::SIGNATURE_HASH, who.into_word()];
    log(host, &topics, &[before.account.requested]);
    Ok(())
}

/// The caller's `shares` leave within their window: what to pay to `receiver`, what was owed from before included.
///
/// Errors: those of [`logic::redeem`]. Events: `HoldReleased`, `Withdraw`, `HeldBack`.
pub fn redeem(host: &mut impl Host, params: &Params, receiver: Address, shares: u128) -> Result<u128, Error> {
    let who = host.caller();
    let (stored, before) = load(host, params, who, true);
    let (before, owed) = collected(host, before);
    let (after, Paid { amount, held }) = logic::redeem(before, params, host.now(), shares)?;
    store(host, who, &stored, &after);
    log_part(host, abi::HoldReleased::SIGNATURE_HASH, who, stored.account.round, owed);
    let topics = [abi::Withdraw::SIGNATURE_HASH, who.into_word(), receiver.into_word(), who.into_word()];
    log(host, &topics, &[amount, shares]);
    log_part(host, abi::HeldBack::SIGNATURE_HASH, who, after.hold.round, held);
    Ok(amount.saturating_add(owed))
}

/// Anyone has an account paid what was held back from it and is owed now: how much.
///
/// Events: `HoldReleased`.
pub fn collect(host: &mut impl Host, params: &Params, who: Address) -> u128 {
    let (stored, before) = load(host, params, who, true);
    let (after, owed) = collected(host, before);
    store(host, who, &stored, &after);
    log_part(host, abi::HoldReleased::SIGNATURE_HASH, who, stored.account.round, owed);
    owed
}

/// `amount` is about to leave for a loss of `domain`; the contract has bounded it by what the domain may draw.
///
/// Errors: those of [`logic::draw`]. Events: `FundDrawn`, `EpochEnded`.
pub fn draw(host: &mut impl Host, params: &Params, domain: u16, amount: u128) -> Result<Drawn, Error> {
    let (before, vault) = (storage::hold(host, false), storage::vault(host));
    let settled = hold::settle(before, params, host.now());
    let (after, left, drawn) = logic::draw(vault, settled, params, amount)?;
    storage::set_hold(host, &before, &left);
    storage::set_vault(host, &after);
    let Drawn { staked, held, rolled } = drawn;
    log(host, &[abi::FundDrawn::SIGNATURE_HASH, topic(domain.into())], &[staked, held]);
    if rolled {
        log(host, &[abi::EpochEnded::SIGNATURE_HASH, topic(vault.epoch)], &[after.assets]);
    }
    Ok(drawn)
}

/// The most that a draw takes now.
pub fn drawable(host: &impl Host, params: &Params) -> u128 {
    let hold = hold::settle(storage::hold(host, false), params, host.now());
    logic::drawable(&storage::vault(host), &hold, params)
}

/// `amount`, which has come in from the caller, is those who are staked.
///
/// Errors: those of [`logic::credit`]. Events: `Recapitalised`.
pub fn credit(host: &mut impl Host, amount: u128) -> Result<(), Error> {
    let vault = logic::credit(storage::vault(host), amount)?;
    storage::set_vault(host, &vault);
    let topics = [abi::Recapitalised::SIGNATURE_HASH, host.caller().into_word()];
    log(host, &topics, &[amount]);
    Ok(())
}

/// What a protocol says of a loss that may come, or has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// An incident may cost so much more.
    Incident(u128),
    /// A loss of so much is known, and how much of it its incident had set aside.
    Deficit(u128, u128),
    /// So much of what incidents set aside is not needed.
    IncidentOver(u128),
    /// So much of the deficit was met in another way.
    DeficitOver(u128),
}

/// What is open changes.
///
/// Errors: those of [`hold::open`], [`hold::report`], [`hold::call_off`]. Events: `Exposed`.
pub fn expose(host: &mut impl Host, params: &Params, domain: u16, exposure: Exposure) -> Result<(), Error> {
    let (before, now) = (storage::hold(host, false), host.now());
    let settled = hold::settle(before, params, now);
    let after = match exposure {
        Exposure::Incident(amount) => hold::open(settled, params, now, amount),
        Exposure::Deficit(amount, set_aside) => hold::report(settled, params, now, amount, set_aside),
        Exposure::IncidentOver(amount) => hold::call_off(settled, false, amount),
        Exposure::DeficitOver(amount) => hold::call_off(settled, true, amount),
    }?;
    storage::set_hold(host, &before, &after);
    let values = [after.deficit, after.incident, hold::ends(&after, params).into()];
    log(host, &[abi::Exposed::SIGNATURE_HASH, topic(domain.into())], &values);
    Ok(())
}

/// Vault, what is open and held back and an account, as they are now.
pub fn state(host: &impl Host, params: &Params, who: Address) -> State {
    load(host, params, who, true).1
}

/// What [`collect`] would pay an account now.
pub fn owed(host: &impl Host, params: &Params, who: Address) -> u128 {
    collected(host, state(host, params, who)).1
}

/// As stored, and as it is now; what is owed and nothing is open for is loaded only if `owed` asks for it.
#[inline(never)] // once in a program: bytes run out before gas
fn load(host: &impl Host, params: &Params, who: Address, owed: bool) -> (State, State) {
    let account = storage::account(host, who);
    let hold = storage::hold(host, owed);
    let stored = State { vault: storage::vault(host), hold, account };
    let now = host.now();
    let account = logic::current(account, &stored.vault, params, now);
    (stored, State { hold: hold::settle(hold, params, now), account, ..stored })
}

/// Writes what differs.
#[inline(never)]
fn store(host: &mut impl Host, who: Address, before: &State, after: &State) {
    if before.vault != after.vault {
        storage::set_vault(host, &after.vault);
    }
    storage::set_hold(host, &before.hold, &after.hold);
    storage::set_account(host, who, &before.account, &after.account);
}

/// With what is owed to the account taken out.
#[inline(never)]
fn collected(host: &impl Host, state: State) -> (State, u128) {
    let last = index(host, &state.hold, &state.account);
    let (hold, account, owed) = hold::collect(state.hold, state.account, last);
    (State { hold, account, ..state }, owed)
}

/// The last index of the account's round.
fn index(host: &impl Host, hold: &Hold, account: &Account) -> u128 {
    match account.round {
        0 => 0,
        _ => storage::index(host, hold, account),
    }
}

/// Logs a part of a payout of an account in a round, if there is one.
#[inline(never)]
fn log_part(host: &mut impl Host, event: B256, who: Address, round: u32, amount: u128) {
    if amount != 0 {
        log(host, &[event, who.into_word(), topic(round)], &[amount]);
    }
}

/// Logs values, a word each.
#[inline(never)]
fn log(host: &mut impl Host, topics: &[B256], values: &[u128]) {
    let mut data = Vec::with_capacity(values.len().saturating_mul(32));
    for value in values {
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&value.to_be_bytes());
    }
    host.log(topics, &data);
}

fn topic(number: u32) -> B256 {
    B256::from(U256::from(number))
}

/// The words of parameters, vault, hold (three) and an account (three), as they are now.
pub fn words(host: &impl Host, params: &Params, who: Address) -> Vec<U256> {
    let state = state(host, params, who);
    let mut words = Vec::from([params.pack(), state.vault.pack()]);
    words.extend(state.hold.pack());
    words.extend(state.account.pack());
    words
}
