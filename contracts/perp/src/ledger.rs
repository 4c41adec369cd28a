//! What is owed after a loss: cuts of profits, claims, surcharges, what is paid back.
//!
//! Everything here runs in the ledger program, for the others; it moves no tokens.

use crate::{
    abi, logic,
    logic::loss as rule,
    program,
    shell::{read, topic, w},
    storage::{self, loss as word},
    types::{Pool, MAX_MARKETS},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::{
    host::{emit, Host},
    panel::Class,
};
use fusebox_fund::{
    self as fund,
    shell::ledger,
    types::{
        ledger::{Claim, Repayment},
        loss::Index,
    },
};
use fusebox_market::{
    params::Terms,
    storage::{self as market_words},
};
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// What a position bears of a deficit is its claim; `borne` is what it would have borne by its size.
///
/// Both are a unit less here than they were rounded up to, so that what all positions of a side claim is no more than was
/// booked, whoever is settled first.
pub fn admit(host: &mut impl Host, market: u32, who: Address, epoch: u32, cut: u128, borne: u128) -> Result<()> {
    let domain = storage::domain(host, market);
    let (claim, lacking) = rule::admitted(cut, borne);
    word::take_room(host, domain, epoch, claim.saturating_add(lacking));
    word::lower_pending(host, borne);
    if claim != 0 {
        ledger::admit(host, domain, who, Claim { epoch, amount: claim, taken: 0 })?;
    }
    if lacking != 0 {
        // Cover that does not come is the pool's loss; where the ledger cannot waive it, a position is settled all the same.
        ledger::waive(host, domain, epoch, lacking, true).ok();
    }
    Ok(())
}

/// What a cut takes from a profit, and what of that is repaid already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// What stays with the pool.
    pub taken: u128,
    /// What the ledger pays at once.
    pub repaid: u128,
}

/// Cuts a profit as far as the index of cuts moved from `since` to `until`.
///
/// Events: `ProfitCut`; the fund's `ClaimOpened`.
pub fn collect(
    host: &mut impl Host,
    market: u32,
    who: Address,
    until: u128,
    since: u128,
    profit: u128,
) -> Result<Taken> {
    if until <= since || profit == 0 {
        return Ok(Taken::default());
    }
    let domain = storage::domain(host, market);
    let (before, outstanding) = (fund::storage::ledger::book(host, domain), word::profits(host, domain));
    let (from, to) = (rule::index_of(since), rule::index_of(until));
    let levied = rule::levied(before, outstanding, from, to, profit);
    if levied.cut == 0 {
        return Ok(Taken::default());
    }
    fund::storage::ledger::set_book(host, domain, &before, &levied.book);
    for claim in [levied.settled.repaying, levied.settled.collecting] {
        if claim.amount != 0 {
            word::take_room(host, domain, claim.epoch, claim.amount);
            ledger::admit(host, domain, who, claim)?;
        }
    }
    word::set_profits(host, domain, levied.outstanding);
    word::lower_pending(host, levied.cut);
    emit(host, &[abi::ProfitCut::SIGNATURE_HASH, topic(market), who.into_word()], [w(profit), w(levied.cut)]);
    Ok(Taken { taken: levied.cut, repaid: levied.settled.paid })
}

/// What cuts of profits and the ledger ask of a trade that comes next, of which `why` is a `Why` of [`crate::shell`].
///
/// The profit of the position is cut as it stands: its entry moves, and from here on it has the index of now, which is
/// what comes back. The surcharge on the fee comes from free collateral; what lacks, where a position is reduced, from its
/// margin.
/// Events: `ProfitCut`, `Surcharged`; the fund's.
pub fn levy(
    vm: &impl StylusHost,
    host: &mut impl Host,
    market: u32,
    who: Address,
    why: u8,
    size: U256,
) -> Result<u128> {
    let domain = storage::domain(host, market);
    let until = rule::since_of(fund::storage::ledger::index(host, domain));
    // A liquidation finds a profit cut also while Reduce is paused: it would be paid whole, or not for another's loss.
    let code = if why == 1 { program::WORTH } else { Class::Reduce.code() };
    let (before, rate) = (read(host, market, who)?, program::quoted(vm, market, code)?.rate);
    let mut after = before;
    if after.position.size != 0 && after.position.since != until {
        let stands = rule::standing(&after.position, rate)?;
        let cut = collect(host, market, who, until, after.position.since, stands)?;
        after = rule::marked(after, cut.taken)?;
        after.position.since = until;
        after.account = logic::credit(after.account, cut.repaid)?;
    }
    let terms = market_words::terms(host, market);
    let fee = rule::fee(&after.position, rate, terms.fee_bps, why, size)?;
    let book = fund::storage::ledger::book(host, domain);
    let assets = fund::storage::vault(host).assets;
    let extra = match book.owed() {
        0 => 0,
        _ => ledger::surcharge(host, fee, assets, after.pool.assets, book.owed_others()),
    };
    let (after, extra) = rule::charge(after, extra, why == 3);
    storage::store_account(host, who, after.account).map_err(abi::overflow)?;
    if after.position.size != 0 {
        let is_long = after.position.is_long;
        storage::store_position(host, who, market, &after.position).map_err(abi::overflow)?;
        storage::store_side(host, market, is_long, after.interest.side(is_long)).map_err(abi::overflow)?;
    }
    if extra > 0 {
        emit(host, &[abi::Surcharged::SIGNATURE_HASH, topic(market), who.into_word()], [w(extra)]);
        repay(host, market, extra)?;
    }
    mark(host, domain);
    Ok(until)
}

/// `amount`, which is nobody's, pays back what a market's domain owes; the rest is the fund's.
fn repay(host: &mut impl Host, market: u32, amount: u128) -> Result<()> {
    let domain = storage::domain(host, market);
    let repayment = ledger::repay(host, domain, amount);
    distribute(host, market, repayment)
}

/// Moves each part of a repayment to its account; traders' stays with the ledger, which holds it for them.
fn distribute(host: &mut impl Host, market: u32, parts: Repayment) -> Result<()> {
    let Repayment { providers, buffer, fund: staked, rest, .. } = parts;
    if providers > 0 {
        let before = storage::pool(host);
        let pool = Pool { assets: before.assets.saturating_add(providers), ..before };
        storage::store_pool(host, &before, &pool).map_err(abi::overflow)?;
    }
    if buffer > 0 {
        let buffer = storage::buffer(host, market).saturating_add(buffer);
        storage::store_buffer(host, market, buffer).map_err(abi::overflow)?;
    }
    let staked = staked.saturating_add(rest);
    if staked > 0 {
        fund::shell::credit(host, staked)?;
    }
    Ok(())
}

/// Marks the markets of a domain for as long as a trade has to look further: while a ledger is paid back by surcharges,
/// and once profits have been cut for good, since a position of any later time has to remember how much that was.
fn mark(host: &mut impl Host, domain_of: u32) {
    let book = fund::storage::ledger::book(host, domain_of);
    let repaying = fund::storage::ledger::recap(host).max_bps() > 0 && book.owed() > 0;
    let stressed = repaying || book.index != Index::default();
    for market in 1..=fusebox::markets(host).min(MAX_MARKETS) {
        let terms = market_words::terms(host, market);
        if storage::domain(host, market) == domain_of && terms.stressed != stressed {
            market_words::store_terms(host, market, &Terms { stressed, ..terms });
        }
    }
}

/// A new market is marked as its domain is.
pub fn enlist(host: &mut impl Host, market: u32) {
    let domain = storage::domain(host, market);
    mark(host, domain);
}

/// What rounding left of a domain's haircuts pays back what it owes, and so does `amount`, which is nobody's.
pub fn pay(host: &mut impl Host, market: u32, amount: u128) -> Result<()> {
    let domain = storage::domain(host, market);
    let repayment = ledger::release(host, domain);
    distribute(host, market, repayment)?;
    repay(host, market, amount)?;
    mark(host, domain);
    Ok(())
}

/// An account gives up free collateral: a gift is a loss, which what is warming pays first.
pub fn give(host: &mut impl Host, who: Address, amount: u128) -> Result<()> {
    let amount = logic::amount(U256::from(amount))?;
    let account = storage::account(host, who);
    storage::store_account(host, who, logic::debit(account, amount)?).map_err(abi::overflow)?;
    if account.warming {
        fusebox_market::shell::lost(host, who, amount);
    }
    Ok(())
}

/// An account takes what its claim in an epoch was repaid.
pub fn claim(host: &mut impl Host, market: u32, who: Address, epoch: u32) -> Result<u128> {
    let domain = storage::domain(host, market);
    let due = ledger::take(host, domain, who, epoch);
    let account = logic::credit(storage::account(host, who), due)?;
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    Ok(due)
}

/// The buffer of a market, the reserves of its longs and shorts, what its domain's profits and all who were cut have still
/// to pay, the fund's assets and what it holds back and owes; then the two words of the domain's cover and the six of its
/// ledger.
pub fn losses(host: &impl Host, market: u32) -> Vec<U256> {
    let (domain, hold) = (storage::domain(host, market), fund::storage::hold(host, true));
    let reserve = |is_long| w(market_words::side::reserve(host, market_words::side::SideId { market, is_long }));
    let mut words = Vec::from([
        w(storage::buffer(host, market)),
        reserve(true),
        reserve(false),
        w(word::profits(host, domain)),
        w(word::pending(host)),
        w(fund::storage::vault(host).assets),
        w(hold.held.saturating_add(hold.released)),
    ]);
    words.extend(ledger::state(host, domain));
    words
}
