//! Staking in the fund: free collateral in and out, and what is held back while an incident is open.
//!
//! No token moves here and no price is read.

use crate::{
    abi,
    logic::{self, settle::is_counted},
    program, settle,
    shell::{w, warm},
    storage::{self, insurance as words},
    types::MAX_MARKETS,
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox::journal;
use fusebox_authority::types::Change;
use fusebox_core::{
    host::{emit, revert, Host},
    panel::{Class, Scope, Tier},
};
use fusebox_fund::{
    self as fund,
    error::Error,
    logic::{hold, loss},
    shell::{ledger, Exposure},
    storage::settlement as pots,
    types::{
        ledger::{Kind, Recap},
        loss::{Cover, CoverTerms, MAX_AMOUNT},
        settlement::Rank,
        Params,
    },
};

use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// Free collateral into shares of the fund.
///
/// The door is shut while an incident is open that may cost the fund something, or whose money may still come back to it:
/// who comes then would be paid for what those who are staked have lost.
/// Errors: inflows are stopped; a profit that is still warming up; the fund's. Events: `Deposit`.
/// Invariants: PP-30, PP-31.
pub fn stake(vm: &impl StylusHost, host: &mut impl Host, amount: U256) -> Result<U256> {
    program::check(vm, 0, Class::Inflow)?;
    let (who, amount) = (host.caller(), logic::amount(amount)?);
    program::secure(vm, true)?;
    let params = established(host);
    let account = warm(host, who, storage::account(host, who), amount)?; // shares leave without having warmed up
    storage::store_account(host, who, logic::debit(account, amount)?).map_err(abi::overflow)?;
    Ok(w(fund::shell::stake(host, &params, who, amount)?))
}

/// The caller's shares wait to leave.
///
/// Errors: the fund's. Events: `Requested`.
pub fn request(host: &mut impl Host, shares: U256) -> Result<U256> {
    let (params, shares) = (params(host), shares.try_into().unwrap_or(u128::MAX));
    Ok(w(fund::shell::request(host, &params, shares)?.value))
}

/// The caller's request is taken back.
///
/// Errors: the fund's. Events: `RequestCancelled`.
pub fn cancel(host: &mut impl Host) -> Result<()> {
    let params = params(host);
    Ok(fund::shell::cancel(host, &params)?)
}

/// Requested shares into free collateral: what is paid now, what was held back before and is owed included.
///
/// An incident that is on the record has its part held back first, whoever was to write that down.
/// Errors: exits are stopped; the fund's. Events: `Exposed`, `HoldReleased`, `Withdraw`, `HeldBack`.
/// Invariants: PP-32, PP-33.
pub fn redeem(vm: &impl StylusHost, host: &mut impl Host, shares: U256) -> Result<U256> {
    program::check(vm, 0, Class::ExitUnpriced)?;
    program::secure(vm, false)?;
    let (who, params) = (host.caller(), params(host));
    let paid = fund::shell::redeem(host, &params, who, shares.try_into().unwrap_or(u128::MAX))?;
    credit(host, who, paid)
}

/// Anyone has what was held back from an account, and is owed now, go to its free collateral.
///
/// Errors: exits are stopped. Events: `HoldReleased`.
/// Invariants: PP-33.
pub fn collect(vm: &impl StylusHost, host: &mut impl Host, who: Address) -> Result<U256> {
    program::check(vm, 0, Class::ExitUnpriced)?;
    let params = params(host);
    let owed = fund::shell::collect(host, &params, who);
    credit(host, who, owed)
}

fn credit(host: &mut impl Host, who: Address, amount: u128) -> Result<U256> {
    let account = logic::credit(storage::account(host, who), amount)?;
    storage::store_account(host, who, account).map_err(abi::overflow)?;
    Ok(w(amount))
}

/// The parameters, of a fund that nobody has staked in: those it will begin with.
fn params(host: &impl Host) -> Params {
    fund::storage::params(host).unwrap_or(Params::DEFAULT)
}

/// The same, written down: from here on the fund can be drawn.
fn established(host: &mut impl Host) -> Params {
    fund::storage::params(host).unwrap_or_else(|_| {
        fund::shell::configure(host, &Params::DEFAULT);
        Params::DEFAULT
    })
}

/// Whether an incident of at least `ReduceOnly` is open for a market, or for all: until when by its clock.
fn incident(host: &impl Host, market: u32) -> Option<u64> {
    let now = host.now();
    let of = |scope| journal::open_incident(host, scope).filter(|(_, it)| now < it.ends && it.tier >= Tier::ReduceOnly);
    of(Scope::new(market)).or_else(|| of(Scope::PROTOCOL)).map(|(_, it)| it.ends)
}

/// What open incidents ask before anybody enters the fund or leaves it: runs in the holding program.
///
/// Errors: the door is shut, for who enters or, while a market is being settled, both ways. Events: `Exposed`.
pub fn secure(host: &mut impl Host, entering: bool) -> Result<()> {
    uncounted(host)?;
    let params = params(host);
    set_aside(host, &params);
    if entering {
        shut(host)?;
    }
    Ok(())
}

/// Refuses to let anybody enter or leave while a market is being settled and not all of its positions are counted: what the
/// fund pays for it is known to all by then, and drawn only with the last. Anyone ends that by counting the rest. Once the
/// protocol is being settled whoever is staked is paid by [`close_out`].
///
/// Errors: [`abi::NotCounted`] with the market; the fund's.
/// Invariants: PP-39.
fn uncounted(host: &impl Host) -> Result<()> {
    if settle::is_at(host, 0, 4) {
        return Err(Error::Settling { started: pots::divided(host).1 }.into());
    }
    for market in 1..=settle::markets(host) {
        if settle::is_at(host, market, 4) && !is_counted(&storage::interest(host, market)) {
            return Err(revert(abi::NotCounted::SELECTOR, [U256::from(market)]));
        }
    }
    Ok(())
}

/// Anyone has the shares of the fund of an account paid, once everything is divided: all at once, without a cool-down, and
/// also those that were requested.
///
/// Errors: exits are stopped; [`abi::NotCounted`], [`abi::NothingDue`]. Events: `SettlementPaid`.
/// Invariants: PP-38, PP-39.
pub fn close_out(vm: &impl StylusHost, host: &mut impl Host, who: Address) -> Result<()> {
    program::check(vm, 0, Class::ExitUnpriced)?;
    if pots::divided(host).1 == 0 {
        return Err(revert(abi::NotCounted::SELECTOR, [U256::ZERO]));
    }
    let params = params(host);
    let paid = fund::shell::settlement::close_out(host, &params, who);
    if paid == 0 {
        return Err(revert(abi::NothingDue::SELECTOR, [who.into_word().into()]));
    }
    credit(host, who, paid).map(drop)
}

/// Refuses new stake while an incident is open whose domain owes the fund: what comes back is those who have lost it.
fn shut(host: &impl Host) -> core::result::Result<(), Error> {
    for market in 1..=fusebox::markets(host).min(MAX_MARKETS) {
        let exposure = ledger::owed(host, storage::domain(host, market), Kind::Fund);
        if let (Some(until), 1..) = (incident(host, market), exposure) {
            return Err(Error::Closed { exposure, until });
        }
    }
    Ok(())
}

/// Has the fund hold back what the domains of open incidents may still draw, one at a time for each domain.
///
/// Nobody has to announce an incident for that: who would enter or leave does it himself. It stops nothing: what cannot be
/// held back, because incidents have held for as long as they may, is not.
/// Events: `Exposed`.
/// Invariants: PP-32.
fn set_aside(host: &mut impl Host, params: &Params) {
    for market in 1..=fusebox::markets(host).min(MAX_MARKETS) {
        let (domain, now) = (storage::domain(host, market), host.now());
        if now < words::held_until(host, domain) || incident(host, market).is_none() {
            continue;
        }
        let exposure = Exposure::Incident(may_draw(host, params, domain));
        if fund::shell::expose(host, params, u16::try_from(domain).unwrap_or(u16::MAX), exposure).is_ok() {
            let until = hold::incident_until(&fund::storage::hold(host, false), params);
            words::hold_until(host, domain, until);
        }
    }
}

/// What a domain may draw of the fund from now on in its epoch, whatever it loses.
fn may_draw(host: &impl Host, params: &Params, domain: u32) -> u128 {
    let cover = loss::current(fund::storage::ledger::cover(host, domain), host.now());
    loss::drawable_down(&Cover { lost: MAX_AMOUNT, ..cover }, fund::shell::drawable(host, params), 0)
}

/// Sets on what terms the fund covers a loss domain, which is the scope: deductible, its basis points, budget in basis
/// points, days of an epoch, claim.
pub const COVER: u16 = 5;
/// Sets how the fund is filled up: target in basis points of the pool's assets, surcharge in basis points of a fee.
pub const RECAP: u16 = 6;
/// Sets the fund's parameters: cool-down, window, hold, deficit in seconds, floor.
pub const PARAMS: u16 = 7;

/// Carries out what Governance has decided about the fund, after its delay.
///
/// Errors: [`abi::InvalidLength`]; the fund's, for a value out of its bounds.
/// Events: `CoverSet`, `RecapSet`, `FundParametersSet`.
pub fn govern(vm: &impl StylusHost, host: &mut impl Host, change: &Change<'_>) -> Result<()> {
    let small = |value: &U256| u16::try_from(*value).unwrap_or(u16::MAX);
    let time = |value: &U256| u32::try_from(*value).unwrap_or(u32::MAX);
    let amount = |value: &U256| u128::try_from(*value).unwrap_or(u128::MAX);
    match (change.id, change.args) {
        (COVER, [deductible, bps, budget, days, claim]) => {
            let terms = CoverTerms::new(amount(deductible), small(bps), small(budget), small(days))?;
            Ok(ledger::set_cover(host, change.scope, terms, amount(claim))?)
        }
        (RECAP, [target, max]) => {
            ledger::set_recap(host, &Recap::new(small(target), small(max))?);
            (1..=fusebox::markets(host).min(MAX_MARKETS)).try_for_each(|market| program::enlist(vm, market))
        }
        (PARAMS, [cooldown, window, hold, deficit, floor]) => {
            let params = Params::new(time(cooldown), time(window), time(hold), time(deficit), amount(floor))?;
            let (previous, current) = (self::params(host).pack(), params.pack());
            fund::shell::configure(host, &params);
            emit(host, &[abi::FundParametersSet::SIGNATURE_HASH], [previous, current]);
            Ok(())
        }
        (id, _) if id > PARAMS => Err(revert(abi::MustWait::SELECTOR, [U256::from(id)])),
        (id, args) => {
            let expected = if id == RECAP { 2u64 } else { 5 };
            Err(revert(abi::InvalidLength::SELECTOR, [U256::from(args.len()), U256::from(expected)]))
        }
    }
}

/// The fund's parameters, the vault, what is open and held back in three words, and what a draw takes at most.
pub fn state(host: &impl Host) -> Vec<U256> {
    let params = params(host);
    let mut words = fund::shell::words(host, &params, Address::ZERO);
    words.truncate(5);
    words.push(w(fund::shell::drawable(host, &params)));
    words
}

/// A staker's three words as they are now, what the shares are worth, and what is owed of what was held back.
pub fn stake_of(host: &impl Host, who: Address) -> Vec<U256> {
    let params = params(host);
    let state = fund::shell::state(host, &params, who);
    let mut words = Vec::from(state.account.pack());
    let worth = match pots::divided(host).1 {
        0 => fund::logic::assets_down(&state.vault, state.account.shares),
        _ => fund::logic::settlement::close_out(state.vault, state.account, &pots::pot(host, Rank::Stakers)).2,
    };
    words.push(w(worth));
    words.push(w(fund::shell::owed(host, &params, who)));
    words
}
