//! What is done once when all has been counted: for a market that ends alone, and for a protocol that ends as a whole.

use crate::{
    abi,
    cover::Bankrupt,
    logic::{
        end::{self, Ending, Need},
        settle as rules,
    },
    program, settle,
    shell::{topic, w},
    storage::{self, loss as word, settle as words},
    types::{Pool, Side},
};
use alloc::vec::Vec;
use alloy_primitives::U256;
use alloy_sol_types::{SolError, SolEvent};
use fusebox_core::host::{emit, revert, Host};
use fusebox_fund::{
    self as fund,
    shell::{ledger, settlement},
    storage::{ledger as books, settlement as pots},
    types::settlement::Totals,
};
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// Divides a market that ends alone once every position of it is counted: its buffer, then the fund and the pool bear what
/// was lost beyond margins, earlier cuts take their part of what was won, and the rest is set apart, or all the pool has.
///
/// The fund's budget is that of the second at which the settlement began: who counts the last picks no epoch.
/// Events: `ProfitsDivided`; those of a loss.
/// Invariants: PP-20, PP-21, PP-36.
pub fn market(vm: &impl StylusHost, host: &mut impl Host, market: u32) -> Result<()> {
    let before = words::profits(host, market);
    if before.divided || !rules::is_counted(&storage::interest(host, market)) || settle::is_at(host, 0, 4) {
        return Ok(());
    }
    level(vm, host, market, before.missing, pots::settlement(host, market).started)?;
    let domain = storage::domain(host, market);
    let outstanding = word::profits(host, domain);
    let levied = rules::levied(before, outstanding);
    word::set_profits(host, domain, outstanding.saturating_sub(levied.collected));
    word::lower_pending(host, levied.collected);
    let pool = storage::pool(host);
    let (after, profits) = rules::divide(pool, levied);
    words::store_profits(host, market, &before, &profits).map_err(abi::overflow)?;
    storage::store_pool(host, &pool, &after).map_err(abi::overflow)?;
    let topics = [abi::ProfitsDivided::SIGNATURE_HASH, topic(market)];
    emit(host, &topics, [w(profits.pot.claims), w(profits.pot.paid)]);
    forgive(host, market);
    Ok(())
}

/// Has what was lost beyond margins borne, with the fund's budget of the second `at`, or without the fund; what is left of
/// the buffer and of the sides is nobody's, and goes to the pool that it came from.
fn level(vm: &impl StylusHost, host: &mut impl Host, market: u32, missing: u128, at: u64) -> Result<()> {
    let interest = storage::interest(host, market);
    for is_long in [true, false] {
        let side = interest.side(is_long);
        if side.size != 0 {
            // What rounding left is nobody's, and would keep the pool's door shut.
            storage::store_side(host, market, is_long, Side { size: 0, entry: 0, ..side }).map_err(abi::overflow)?;
        }
    }
    if missing > 0 {
        let entry = u128::from(at);
        let lost = Bankrupt { is_long: false, size: 0, margin: 0, entry, loss: missing, bad_debt: missing, price: 1 };
        program::bear(vm, market, &lost)?;
    }
    let (pool, buffer) = (storage::pool(host), storage::buffer(host, market));
    if buffer > 0 {
        storage::store_buffer(host, market, 0).map_err(abi::overflow)?;
        let after = Pool { assets: pool.assets.saturating_add(buffer), ..pool };
        storage::store_pool(host, &pool, &after).map_err(abi::overflow)?;
    }
    Ok(())
}

/// Divides everything when the protocol ends as a whole and every position of every market is counted: profits first, out
/// of the pool; then the fund, each loss domain within its claim, makes up what winners lack and what is owed to who was
/// cut and to providers; the rest of the pool is the providers', the rest of the fund the stakers'.
///
/// Errors: [`abi::NotSettling`], [`abi::NotCounted`] with the market; the fund's, the second time.
/// Events: `ProfitsDivided` for each market, `Divided`; those of a loss and of a repayment.
/// Invariants: PP-22, PP-37, PP-38.
pub fn protocol(vm: &impl StylusHost, host: &mut impl Host) -> Result<()> {
    if !settle::is_at(host, 0, 4) {
        return Err(revert(abi::NotSettling::SELECTOR, [U256::ZERO]));
    }
    settle::undivided(host)?;
    let mut all = Vec::new();
    for market in 1..=settle::markets(host) {
        if !rules::is_counted(&storage::interest(host, market)) {
            return Err(revert(abi::NotCounted::SELECTOR, [U256::from(market)]));
        }
        let profits = words::profits(host, market);
        if !profits.divided {
            all.push(Ending { market, domain: storage::domain(host, market), profits, short: 0 });
        }
    }
    let before = all.clone();
    let mut domains: Vec<(u32, u32)> = Vec::new();
    for market in 1..=settle::markets(host) {
        let domain = storage::domain(host, market);
        if domains.iter().all(|(_, known)| *known != domain) {
            domains.push((market, domain));
        }
    }
    for (market, domain) in &domains {
        let outstanding = word::profits(host, *domain);
        let taken = end::levy(&mut all, *domain, outstanding);
        write_off(host, *domain, outstanding, taken);
        program::pay(vm, *market, 0)?; // what rounding left of cuts goes to work
    }
    for market in 1..=settle::markets(host) {
        // One that ended before had its losses borne then; its buffer may have been repaid since.
        let missing = before.iter().find(|of| of.market == market).map_or(0, |of| of.profits.missing);
        level(vm, host, market, missing, 0)?;
    }
    let pool = storage::pool(host);
    let paid = end::share(&mut all, pool.assets);
    let after = Pool { assets: pool.assets.saturating_sub(paid), ..pool };
    storage::store_pool(host, &pool, &after).map_err(abi::overflow)?;
    cover(vm, host, &mut all, &domains)?;
    finish(host, &before, &all)
}

/// Takes out of the ledger of a market's domain what nobody will ever claim, once no position is left in it; does nothing
/// before. Otherwise a cut that no profit was left to pay would stay owed, and make a share dearer for who comes.
///
/// Nor does it before a market of the domain that is being settled is divided, or the protocol, which writes off by itself:
/// until then profits that were counted have their part to pay, and who called this first would have kept it.
/// Events: the fund's `ClaimsWaived`.
/// Invariants: PP-36.
pub fn forgive(host: &mut impl Host, market: u32) {
    let domain = storage::domain(host, market);
    let is_paid = |market| !settle::is_at(host, market, 4) || words::profits(host, market).divided;
    let is_over = |market| {
        storage::domain(host, market) != domain
            || rules::is_counted(&storage::interest(host, market)) && is_paid(market)
    };
    if !settle::is_at(host, 0, 4) && (1..=settle::markets(host)).all(is_over) {
        let outstanding = word::profits(host, domain);
        write_off(host, domain, outstanding, 0);
    }
}

/// What all positions of a domain together were charged by cuts and had no profit to pay, and what rounding left: the pool
/// did not get it, and is owed it instead. `taken` is what is still to be paid of it.
fn write_off(host: &mut impl Host, domain: u32, outstanding: u128, taken: u128) {
    let traders = books::book(host, domain).traders;
    let mut rest = outstanding.saturating_sub(taken);
    for (epoch, owed) in [(traders.collecting(), traders.next), (traders.epoch, traders.total)] {
        let amount = word::room(host, domain, epoch).min(owed);
        word::set_room(host, domain, epoch, 0);
        if amount > 0 {
            ledger::waive(host, domain, epoch, amount, true).ok();
        }
        rest = rest.saturating_sub(amount);
    }
    // What is older was repaid in full, and is held for nobody.
    let held = books::book(host, domain).traders.held;
    if let (Some(epoch), amount @ 1..) = (traders.epoch.checked_sub(1), rest.min(held)) {
        ledger::waive(host, domain, epoch, amount, true).ok();
    }
    word::set_profits(host, domain, 0);
    word::lower_pending(host, outstanding);
}

/// The fund gives each domain what it needs within its claim: to winners first, then down its ledger.
fn cover(vm: &impl StylusHost, host: &mut impl Host, all: &mut [Ending], domains: &[(u32, u32)]) -> Result<()> {
    let Ok(params) = fund::storage::params(host) else { return Ok(()) };
    let wanted: Vec<u128> = domains.iter().map(|(_, domain)| need(host, all, *domain).wanted()).collect();
    let (sum, drawable) =
        (wanted.iter().fold(0u128, |sum, of| sum.saturating_add(*of)), fund::shell::drawable(host, &params));
    for ((market, domain), wanted) in domains.iter().zip(wanted) {
        let drawn = end::given(wanted, sum, drawable).min(fund::shell::drawable(host, &params));
        if drawn == 0 {
            continue;
        }
        fund::shell::draw(host, &params, u16::try_from(*domain).unwrap_or(u16::MAX), drawn)?;
        let before = books::cover(host, *domain);
        let claim = before.claim.saturating_sub(drawn);
        books::set_cover(host, *domain, &before, &fund::types::loss::Cover { claim, ..before });
        let given = end::top_up(all, *domain, drawn);
        let short = end::short_of(all, *domain).min(drawn);
        // What rounding keeps from winners is the pool's.
        let pool = storage::pool(host);
        let after = Pool { assets: pool.assets.saturating_add(short.saturating_sub(given)), ..pool };
        storage::store_pool(host, &pool, &after).map_err(abi::overflow)?;
        if drawn > short {
            program::pay(vm, *market, drawn.saturating_sub(short))?;
        }
    }
    Ok(())
}

fn need(host: &impl Host, all: &[Ending], domain: u32) -> Need {
    let (book, claim) = (books::book(host, domain), books::cover(host, domain).claim);
    Need { short: end::short_of(all, domain), cut: book.traders.owed(), providers: book.providers, claim }
}

/// Writes what winners are paid, and divides the rest between providers and stakers.
fn finish(host: &mut impl Host, before: &[Ending], all: &[Ending]) -> Result<()> {
    let (mut profits, mut claims) = (0u128, 0u128);
    for (was, is) in before.iter().zip(all) {
        words::store_profits(host, is.market, &was.profits, &is.profits).map_err(abi::overflow)?;
        let pot = is.profits.pot;
        (profits, claims) = (profits.saturating_add(pot.paid), claims.saturating_add(pot.claims));
        emit(host, &[abi::ProfitsDivided::SIGNATURE_HASH, topic(is.market)], [w(pot.claims), w(pot.paid)]);
    }
    let (pool, stakers) = (storage::pool(host), fund::storage::vault(host).assets);
    let assets = profits.saturating_add(pool.assets).saturating_add(stakers);
    settlement::divide(host, &Totals { assets, principal: 0, profits, providers: pool.assets, stakers })?;
    let unpaid = pool.unpaid.saturating_add(claims.saturating_sub(profits));
    storage::store_pool(host, &pool, &Pool { unpaid, ..pool }).map_err(abi::overflow)
}
