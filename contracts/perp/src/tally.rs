//! Counting positions at the end of a market: see [`crate::settle`], whose half this is.

use crate::{
    abi,
    cover::Bankrupt,
    logic::{self, settle as rules},
    program, settle,
    shell::{load, store, topic, w},
    storage::{self, settle as words},
    types::Rate,
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox_core::host::{emit, revert, Host};
use fusebox_fund::{self as fund, shell::settlement, storage::settlement as pots, types::settlement::Phase};
use fusebox_market as risk;
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// Counts a position at the price that is fixed: what it did not lose of its margin is free at once, what it lost is the
/// pool's, what it has won a claim. The last that is counted fixes what all winners are paid.
///
/// Errors: [`abi::NotSettling`], [`abi::NotFixed`]; amounts past their bound.
/// Events: `Counted`, `ProfitsDivided`; those of a loss.
/// Invariants: PP-20.
pub fn count(vm: &impl StylusHost, host: &mut impl Host, who: Address, market: u32) -> Result<()> {
    let price = match settlement::phase(host, market) {
        Phase::Fixed { price } => price,
        Phase::Challenged { until, .. } => return Err(revert(abi::NotFixed::SELECTOR, [U256::from(until)])),
        _ => return Err(revert(abi::NotSettling::SELECTOR, [U256::from(market)])),
    };
    let rate = Rate { price, scale: storage::scale(host) };
    let before = load(vm, host, market, who, false, (0, 0))?;
    if before.position.size == 0 {
        return settle::divide(host, market); // deleveraging had closed all of it
    }
    let (after, counted) = rules::count(before, rate)?;
    if after.account.warming {
        risk::shell::lost(host, who, counted.loss);
    }
    store(host, market, who, &before, &after)?;
    let rules::Counted { size, principal, profit, loss, bad_debt } = counted;
    if bad_debt > 0 {
        // Buffer and fund make it up as far as they go; what is left the division has less.
        let loss = loss.saturating_add(bad_debt);
        program::bear(vm, market, &Bankrupt { is_long: false, size: 0, margin: 0, entry: 0, loss, bad_debt, price })?;
    }
    let profit = levied(vm, host, market, who, profit, before.position.since)?;
    let profits = words::profits(host, market);
    // What is counted after the division is what rounding had left: nobody's ratio changes for it.
    if profit > 0 && !profits.divided && pots::divided(host).1 == 0 {
        let profits = rules::claimed(profits, profit)?;
        words::store_profits(host, market, &profits).map_err(abi::overflow)?;
        words::store_claim(host, who, market, profit).map_err(abi::overflow)?;
    }
    let topics = [abi::Counted::SIGNATURE_HASH, topic(market), who.into_word()];
    emit(host, &topics, [w(size), w(principal), w(profit), w(loss), w(bad_debt)]);
    settle::divide(host, market)
}

/// What is left of a profit after what was cut of it since the position was opened, as wherever one is realised; what of
/// that is repaid already is free at once.
fn levied(
    vm: &impl StylusHost,
    host: &mut impl Host,
    market: u32,
    who: Address,
    profit: u128,
    since: u128,
) -> Result<u128> {
    let until = logic::loss::since_of(fund::storage::ledger::index(host, storage::domain(host, market)));
    if until <= since || profit == 0 {
        return Ok(profit);
    }
    let (taken, repaid) = program::collect(vm, market, who, until, since, profit)?;
    let account = logic::credit(storage::account(host, who), repaid)?;
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    Ok(profit.saturating_sub(taken))
}
