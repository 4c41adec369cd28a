//! The loss half on a machine: the clock, load, decide, store, log.
//!
//! No function here moves money or asks who calls: the contract does both. Who may report a loss can take from
//! everybody, so that is the contract's own liquidation and nothing else.

use crate::{
    error::Error,
    logic::{ledger as logic, loss},
    storage::ledger as storage,
    types::{
        ledger::{Claim, Harbour, Kind, Recap, Repayment, Returned, Settled},
        loss::{Cover, CoverTerms, Haircut, Index, Layers, Split},
    },
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::host::{emit, Host};

/// What the loss half logs.
pub mod abi {
    #![allow(missing_docs)] // the macro writes items without documentation; what they come from is documented
    use alloy_sol_types::sol;

    sol! {
        /// A layer bore a part of a loss: 0 collateral, 1 buffer, 2 fund, 3 pool, 4 deleveraged, 5 profits, 6 nobody.
        event LossBorne(uint32 indexed domain, uint8 indexed step, uint128 amount);
        /// The index of profits rose; what they pay above the loss is the residue.
        event ProfitsCut(uint32 indexed domain, uint32 era, uint128 cut, uint128 charged, uint128 residue);
        /// A profit met the index.
        event ProfitSettled(uint32 indexed domain, address indexed account, uint128 profit, uint128 kept, uint128 paid);
        /// A trader's claim opened or grew.
        event ClaimOpened(uint32 indexed domain, address indexed account, uint32 indexed epoch, uint128 amount);
        /// Nobody will claim a part of what an epoch is owed; the pool is owed it instead if it did not get it either.
        event ClaimsWaived(uint32 indexed domain, uint32 indexed epoch, uint128 amount, bool missed);
        /// A trader took what his claim was repaid.
        event ClaimPaid(uint32 indexed domain, address indexed account, uint32 indexed epoch, uint128 amount);
        /// The ledger was repaid: 0 traders, 1 providers, 2 fund, 3 buffer, 4 beyond what it owed.
        event DeficitRepaid(uint32 indexed domain, uint8 indexed kind, uint128 amount);
        /// Somebody brought money back and keeps the bounty.
        event FundsReturned(uint64 indexed incident, address indexed from, uint128 amount, uint128 bounty);
        /// On what terms the fund covers a domain, its words before and after.
        event CoverSet(uint32 indexed domain, uint256[2] previous, uint256[2] current);
        /// How the fund is filled up.
        event RecapSet(uint16 targetBps, uint16 maxBps);
        /// New terms of a return, for incidents whose first loss comes later.
        event HarbourSet(uint32 indexed number, uint16 rateBps, uint128 cap, bytes32 text);
    }
}

/// A number as a topic.
fn topic(number: impl Into<u64>) -> B256 {
    B256::from(U256::from(number.into()))
}

/// Logs each part of a split that is not zero under its number.
#[inline(never)] // once in a program: bytes run out before gas
fn emit_parts(host: &mut impl Host, event: B256, domain: u32, parts: &[u128]) {
    for (at, part) in (0u64..).zip(parts).filter(|(_, part)| **part != 0) {
        emit(host, &[event, topic(domain), topic(at)], [U256::from(*part)]);
    }
}

/// A loss of the domain, through collateral, buffer, fund and pool; what is open is asked of deleveraging.
///
/// [`conclude`] has to follow in the same call: it books what was borne.
///
/// Errors: those of [`loss::absorb`].
pub fn absorb<H: Host>(host: &mut H, domain: u32, layers: &Layers, amount: u128) -> Result<Split, Error> {
    let now = host.now();
    absorb_at(host, domain, layers, now, amount)
}

/// The same for a loss that belongs to the second `at`: to the epoch of then, unless the domain has lost in a later one.
///
/// What is known only when all of it has been counted draws on the budget of the moment at which it was fixed, whoever
/// counts the last of it and when.
///
/// Errors: those of [`loss::absorb`].
pub fn absorb_at<H: Host>(host: &mut H, domain: u32, layers: &Layers, at: u64, amount: u128) -> Result<Split, Error> {
    let before = storage::cover(host, domain);
    let (cover, split) = loss::absorb(before, layers, at, amount)?;
    storage::set_cover(host, domain, &before, &cover);
    Ok(split)
}

/// The end of a loss: what deleveraging covered of what was open, then profits; all of it is booked.
///
/// `pool` is what the pool has: it pays what rounding leaves of a haircut at once, and where it cannot, none is made.
///
/// Errors: those of [`loss::deleverage`] and [`logic::record`].
/// Events: `LossBorne`, `ProfitsCut`.
pub fn conclude<H: Host>(
    host: &mut H,
    domain: u32,
    split: Split,
    covered: u128,
    (profits, pool): (u128, u128),
) -> Result<(Split, Haircut), Error> {
    let before = storage::book(host, domain);
    let open = loss::deleverage(split, covered)?;
    let mut cut = loss::haircut(open, before.index, profits);
    if cut.1.residue > pool {
        cut = loss::haircut(open, before.index, 0);
    }
    let (split, haircut) = cut;
    let book = logic::record(before, &split, &haircut)?;
    storage::set_book(host, domain, &before, &book);
    emit_parts(host, abi::LossBorne::SIGNATURE_HASH, domain, &split.parts());
    if haircut.charged != 0 {
        let Haircut { index, charged, residue } = haircut;
        let words = [U256::from(index.era), U256::from(index.cut), U256::from(charged), U256::from(residue)];
        emit(host, &[abi::ProfitsCut::SIGNATURE_HASH, topic(domain)], words);
    }
    Ok((split, haircut))
}

/// A profit that stands since `since` is paid out: what is kept and what is paid back at once come back, claims stay.
///
/// Whoever goes on standing does so since the index of now. While nothing was cut this reads one word.
///
/// Errors: those of [`logic::join`].
/// Events: `ProfitSettled`, `ClaimOpened`.
pub fn settle<H: Host>(
    host: &mut H,
    domain: u32,
    account: Address,
    since: Index,
    profit: u128,
) -> Result<Settled, Error> {
    if storage::index(host, domain) == since {
        return Ok(Settled { kept: profit, ..Settled::default() });
    }
    let before = storage::book(host, domain);
    let (book, settled) = logic::settle(before, since, profit);
    storage::set_book(host, domain, &before, &book);
    for claim in [settled.repaying, settled.collecting].into_iter().filter(|claim| claim.amount != 0) {
        admit(host, domain, account, claim)?;
    }
    let topics = [abi::ProfitSettled::SIGNATURE_HASH, topic(domain), account.into_word()];
    emit(host, &topics, [U256::from(profit), U256::from(settled.kept), U256::from(settled.paid)]);
    Ok(settled)
}

/// A trader was cut in that epoch: what deleveraging took, when his position learns of it.
///
/// The caller knows the epoch from the loss itself, and that the claims of an epoch do not sum to more than was booked.
///
/// Errors: those of [`logic::join`].
/// Events: `ClaimOpened`.
pub fn admit<H: Host>(host: &mut H, domain: u32, account: Address, more: Claim) -> Result<(), Error> {
    let claim = logic::join(storage::claim(host, domain, account, more.epoch), more.amount)?;
    storage::set_claim(host, domain, account, &claim);
    let topics = [abi::ClaimOpened::SIGNATURE_HASH, topic(domain), account.into_word(), topic(more.epoch)];
    emit(host, &topics, [U256::from(more.amount)]);
    Ok(())
}

/// A part of what was booked for an epoch is never claimed: see [`logic::waive`].
///
/// Errors: those of [`logic::waive`].
/// Events: `ClaimsWaived`.
pub fn waive<H: Host>(host: &mut H, domain: u32, epoch: u32, amount: u128, missed: bool) -> Result<(), Error> {
    let before = storage::book(host, domain);
    storage::set_book(host, domain, &before, &logic::waive(before, epoch, amount, missed)?);
    let topics = [abi::ClaimsWaived::SIGNATURE_HASH, topic(domain), topic(epoch)];
    emit(host, &topics, [U256::from(amount), U256::from(missed)]);
    Ok(())
}

/// A trader takes what his claim in an epoch was repaid; the contract pays it out of what it holds for the ledger.
///
/// Events: `ClaimPaid`.
pub fn take<H: Host>(host: &mut H, domain: u32, account: Address, epoch: u32) -> u128 {
    let before = storage::book(host, domain);
    let (book, claim, due) = logic::take(before, storage::claim(host, domain, account, epoch));
    if due != 0 {
        storage::set_book(host, domain, &before, &book);
        storage::set_claim(host, domain, account, &claim);
        let topics = [abi::ClaimPaid::SIGNATURE_HASH, topic(domain), account.into_word(), topic(epoch)];
        emit(host, &topics, [U256::from(due)]);
    }
    due
}

/// `amount` came in for the ledger of a domain; the contract moves each part to its account, and the rest to the fund.
///
/// What the fund gets back the domain may draw again.
///
/// Events: `DeficitRepaid`.
pub fn repay<H: Host>(host: &mut H, domain: u32, amount: u128) -> Repayment {
    let (before, cover) = (storage::book(host, domain), storage::cover(host, domain));
    let (book, repayment) = logic::repay(before, amount);
    storage::set_book(host, domain, &before, &book);
    storage::set_cover(host, domain, &cover, &loss::restore(cover, repayment.fund));
    let Repayment { cut, providers, fund, buffer, rest } = repayment;
    emit_parts(host, abi::DeficitRepaid::SIGNATURE_HASH, domain, &[cut, providers, fund, buffer, rest]);
    repayment
}

/// What rounding left repays the ledger: anyone may have it done.
///
/// Events: `DeficitRepaid`.
pub fn release<H: Host>(host: &mut H, domain: u32) -> Repayment {
    let before = storage::book(host, domain);
    let (book, amount) = logic::release(before);
    storage::set_book(host, domain, &before, &book);
    repay(host, domain, amount)
}

/// What a fee pays on top: see [`logic::surcharge_up`].
pub fn surcharge<H: Host>(host: &H, fee: u128, fund: u128, base: u128, owed: u128) -> u128 {
    logic::surcharge_up(&storage::recap(host), fee, fund, base, owed)
}

/// A loss belongs to an incident.
pub fn note_loss<H: Host>(host: &mut H, incident: u32, split: &Split) {
    let latest = storage::latest_harbour(host);
    let recovery = logic::note_loss(storage::recovery(host, incident), latest, split);
    storage::set_recovery(host, incident, &recovery);
}

/// The caller has brought `amount` back: the bounty is his, the rest repays the ledger of the domain.
///
/// Errors: those of [`logic::give_back`].
/// Events: `FundsReturned`, `DeficitRepaid`.
pub fn give_back<H: Host>(
    host: &mut H,
    (incident, incident_open): (u32, bool),
    domain: u32,
    amount: u128,
) -> Result<(Returned, Repayment), Error> {
    let before = storage::recovery(host, incident);
    let harbour = storage::harbour(host, before.terms);
    let (recovery, returned) = logic::give_back(before, &harbour, incident_open, amount)?;
    storage::set_recovery(host, incident, &recovery);
    let topics = [abi::FundsReturned::SIGNATURE_HASH, topic(incident), host.caller().into_word()];
    emit(host, &topics, [U256::from(amount), U256::from(returned.bounty)]);
    Ok((returned, repay(host, domain, returned.booked)))
}

/// Sets a domain's terms and what it may draw over its life; what it drew in this epoch stays.
///
/// Errors: [`Error::TooLarge`].
/// Events: `CoverSet`.
pub fn set_cover<H: Host>(host: &mut H, domain: u32, terms: CoverTerms, claim: u128) -> Result<(), Error> {
    let before = storage::cover(host, domain);
    let after = Cover { terms, claim: loss::bounded(claim)?, ..before };
    storage::set_cover(host, domain, &before, &after);
    let ([a, b], [c, d]) = (before.pack(), after.pack());
    emit(host, &[abi::CoverSet::SIGNATURE_HASH, topic(domain)], [a, b, c, d]);
    Ok(())
}

/// Sets how the fund is filled up.
///
/// Events: `RecapSet`.
pub fn set_recap<H: Host>(host: &mut H, recap: &Recap) {
    storage::set_recap(host, recap);
    let words = [U256::from(recap.target_bps()), U256::from(recap.max_bps())];
    emit(host, &[abi::RecapSet::SIGNATURE_HASH], words);
}

/// New terms of a return under the next number.
///
/// Events: `HarbourSet`.
pub fn set_harbour<H: Host>(host: &mut H, harbour: &Harbour) -> u32 {
    let number = storage::latest_harbour(host).saturating_add(1);
    storage::set_harbour(host, number, harbour);
    let words = [U256::from(harbour.rate_bps()), U256::from(harbour.cap()), harbour.text().into()];
    emit(host, &[abi::HarbourSet::SIGNATURE_HASH, topic(number)], words);
    number
}

/// The words of a domain: its cover, then its ledger.
pub fn state<H: Host>(host: &H, domain: u32) -> Vec<U256> {
    let mut words = Vec::from(storage::cover(host, domain).pack());
    words.extend(storage::book(host, domain).pack());
    words
}

/// What a trader's claim in an epoch may take now.
pub fn due<H: Host>(host: &H, domain: u32, account: Address, epoch: u32) -> u128 {
    logic::due_down(&storage::book(host, domain).traders, &storage::claim(host, domain, account, epoch))
}

/// What is owed to a kind.
pub fn owed<H: Host>(host: &H, domain: u32, kind: Kind) -> u128 {
    let book = storage::book(host, domain);
    match kind {
        Kind::Cut => book.traders.owed(),
        Kind::Providers => book.providers,
        Kind::Fund => book.fund,
        Kind::Buffer => book.buffer,
    }
}
