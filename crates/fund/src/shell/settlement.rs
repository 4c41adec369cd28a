//! Settlement on a machine: the clock, load, decide, store, log.
//!
//! The contract asks first whether Governance has waited out its delay (for [`wind_down`] and [`propose`]), reads anchors
//! from the breaker's record, pays once what an account claims, and moves the money after.

use crate::{
    error::Error,
    logic::{current, settlement as logic},
    storage::{self as fund, settlement as storage},
    types::{
        settlement::{Anchor, Division, Phase, Rank, Settlement, Totals},
        Params,
    },
};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::host::{emit, Host};

/// What settlement logs.
pub mod abi {
    #![allow(missing_docs)] // the macro writes items without documentation; what they come from is documented
    use alloy_sol_types::sol;

    sol! {
        /// Nothing new is opened in the market from now on.
        event WoundDown(uint32 indexed market);
        /// A price stands and is fixed at `until` unless a better-founded one takes its place.
        event PriceProposed(uint32 indexed market, uint128 price, uint64 observed, uint8 feeds, uint64 until);
        /// The assets were divided; what is paid of each class, and what nobody claims.
        event Divided(uint128 principal, uint128 profits, uint128 providers, uint128 stakers, uint128 residue);
        /// A claim was paid: 0 principal, 1 profit, 2 provider, 3 staker.
        event SettlementPaid(address indexed account, uint8 indexed rank, uint128 claim, uint128 paid);
    }
}

/// Nothing new may be opened in a market, without end.
///
/// Events: `WoundDown`.
pub fn wind_down<H: Host>(host: &mut H, market: u32) {
    let settlement = logic::wind_down(storage::settlement(host, market));
    storage::set_settlement(host, market, &settlement);
    emit(host, &[abi::WoundDown::SIGNATURE_HASH, B256::from(U256::from(market))], []);
}

/// The market begins to settle at its last clean anchor.
///
/// Errors: those of [`logic::propose`].
/// Events: `PriceProposed`.
pub fn propose<H: Host>(host: &mut H, market: u32, anchor: Anchor) -> Result<(), Error> {
    let settlement = logic::propose(storage::settlement(host, market), host.now(), anchor)?;
    stand(host, market, &settlement);
    Ok(())
}

/// Anyone shows a better-founded price.
///
/// Errors: those of [`logic::challenge`].
/// Events: `PriceProposed`.
pub fn challenge<H: Host>(host: &mut H, market: u32, anchor: Anchor) -> Result<(), Error> {
    let settlement = logic::challenge(storage::settlement(host, market), host.now(), anchor)?;
    stand(host, market, &settlement);
    Ok(())
}

/// Writes the price that stands.
fn stand<H: Host>(host: &mut H, market: u32, settlement: &Settlement) {
    storage::set_settlement(host, market, settlement);
    let Anchor { price, at, feeds } = settlement.anchor;
    let words = [U256::from(price), U256::from(at), U256::from(feeds), U256::from(settlement.until)];
    emit(host, &[abi::PriceProposed::SIGNATURE_HASH, B256::from(U256::from(market))], words);
}

/// Where a market stands now.
pub fn phase<H: Host>(host: &H, market: u32) -> Phase {
    logic::phase(&storage::settlement(host, market), host.now())
}

/// Divides what there is, once.
///
/// Errors: those of [`logic::divide`], [`Error::Settling`] the second time.
/// Events: `Divided`.
pub fn divide<H: Host>(host: &mut H, totals: &Totals) -> Result<Division, Error> {
    match storage::divided(host) {
        (_, 0) => {}
        (_, started) => return Err(Error::Settling { started }),
    }
    let division = logic::divide(totals)?;
    let now = host.now();
    storage::set_division(host, &division, now);
    let Division { principal, profits, providers, stakers, residue } = division;
    let words = [principal.paid, profits.paid, providers.paid, stakers.paid, residue].map(U256::from);
    emit(host, &[abi::Divided::SIGNATURE_HASH], words);
    Ok(division)
}

/// What an account's claim is paid; that it is paid once is the caller's matter, who forgets the claim.
///
/// Events: `SettlementPaid`.
pub fn pay<H: Host>(host: &mut H, account: Address, rank: Rank, claim: u128) -> u128 {
    let paid = logic::payout_down(&storage::pot(host, rank), claim);
    let topics = [abi::SettlementPaid::SIGNATURE_HASH, account.into_word(), B256::from(U256::from(rank.code()))];
    emit(host, &topics, [U256::from(claim), U256::from(paid)]);
    paid
}

/// A staker's shares are paid, once the assets are divided: what to pay, after it was stored. What was held back from him
/// is apart from this, and collected as ever.
///
/// Events: `SettlementPaid`.
pub fn close_out<H: Host>(host: &mut H, params: &Params, who: Address) -> u128 {
    let (vault, stored) = (fund::vault(host), fund::account(host, who));
    let account = current(stored, &vault, params, host.now());
    let (after, account, paid) = logic::close_out(vault, account, &storage::pot(host, Rank::Stakers));
    fund::set_vault(host, &after);
    fund::set_account(host, who, &stored, &account);
    let topics = [abi::SettlementPaid::SIGNATURE_HASH, who.into_word(), B256::from(U256::from(Rank::Stakers.code()))];
    emit(host, &topics, [U256::from(paid), U256::from(paid)]);
    paid
}
