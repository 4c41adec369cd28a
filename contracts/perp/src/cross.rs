//! Cross margin: an account's positions of one loss domain, if it has chosen so, stand for one another.
//!
//! Everything here runs in the crossing program, for the others; it moves no tokens. Trades and liquidations stay what
//! they are for one position: margins move between positions before them, and what one leaves goes to the others after.
//!
//! The end of a market isolates its positions the moment it begins: they lend nothing and borrow nothing, so that they
//! are counted in any order.

use crate::{
    abi,
    error::Error,
    legs::{add_margin, lend, moved, net, positions, settled, state, unless_refused, valued, Valued},
    logic::{self, cross as rule},
    program,
    shell::{volatility, w},
    storage,
    types::Position,
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;
use fusebox::decision_state;
use fusebox_core::{
    host::{revert, Host},
    panel::{Class, Scope, Tier},
};
use fusebox_market::{
    self as risk,
    types::{Leg, Opening, Weather},
};
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// Before a position is reduced by its owner: what it lacks comes from the margins of the others.
pub const REDUCE: u8 = 3;
/// Margins of the others become a position's, as far as they go: what has moved.
pub const LEND: u8 = 4;
/// Before a liquidation: refused while all positions together are healthy; then the others pay first. 1 if they are pooled.
pub const EXPOSE: u8 = 5;
/// After an opening: whether what stands now is admitted.
pub const ENTER: u8 = 6;
/// After a close by its owner: of what it freed, what the others need stays with them.
pub const KEEP: u8 = 7;
/// After a liquidation: of what it left, all stays with the others.
pub const RETAIN: u8 = 8;
/// The caller chooses cross margin in a domain, whose number stands in the market's place.
pub const CHOOSE: u8 = 9;
/// The caller leaves it.
pub const LEAVE: u8 = 10;
/// What an account has in a domain: one word, see [`crate::legs::state`].
pub const STATE: u8 = 11;

/// Most positions that stand for one another: a liquidation reads the price of each of them.
pub const MAX_LEGS: usize = 4;

/// One of the questions above, `amount` being the size of a reduction or of what has to move.
///
/// Errors: those of the module; [`abi::TooManyLegs`], [`Error::Healthy`].
/// Events: `MarginMoved`, `ProfitNetted`.
pub fn cross(
    vm: &impl StylusHost,
    host: &mut impl Host,
    market: u32,
    who: Address,
    why: u8,
    amount: u128,
) -> Result<U256> {
    let [number, ..] = market.to_le_bytes();
    let domain = match why {
        CHOOSE | LEAVE => {
            turn(vm, host, number, why == CHOOSE)?;
            return Ok(U256::ZERO);
        }
        STATE => return state(vm, host, who, number),
        _ => domain(host, who, market),
    };
    let answer = match (why, domain) {
        (REDUCE, _) => reduce(vm, host, market, who, domain, amount),
        (ENTER, _) => enter(vm, host, who, market, domain).map(|()| 0),
        (_, None) => Ok(0),
        (LEND, Some(domain)) => lend(host, who, market, domain, amount),
        (EXPOSE, Some(domain)) => expose(vm, host, who, market, domain),
        (_, Some(domain)) => keep(vm, host, who, market, domain, amount, why == RETAIN),
    };
    answer.map(w)
}

/// The domain in which a position of this market stands with others, if any.
fn domain(host: &impl Host, who: Address, market: u32) -> Option<u8> {
    let domain = risk::storage::closing(host, market).domain;
    (risk::storage::choice(host, who).has(domain) && !is_settling(host, market)).then_some(domain)
}

pub(crate) fn is_settling(host: &impl Host, market: u32) -> bool {
    decided(host, market) == Tier::Settling.code()
}

/// The tier at which Governance keeps a market, or all: Normal, ReduceOnly once it is wound down, or Settling.
#[inline(never)] // once in a program: bytes run out before gas
fn decided(host: &impl Host, market: u32) -> u8 {
    let of = |scope| match decision_state(host, Scope::new(scope)).first() {
        Some(tier) => tier.byte(0),
        None => 0,
    };
    of(0).max(of(market))
}

fn few(legs: usize) -> Result<()> {
    if legs > MAX_LEGS {
        return Err(revert(abi::TooManyLegs::SELECTOR, [U256::from(legs), U256::from(MAX_LEGS)]));
    }
    Ok(())
}

/// Before a position is reduced by its owner: what it lacks comes from the margins of the others.
///
/// Invariants: PP-43.
fn reduce(
    vm: &impl StylusHost,
    host: &mut impl Host,
    market: u32,
    who: Address,
    domain: Option<u8>,
    size: u128,
) -> Result<u128> {
    let terms = storage::terms(host, market);
    let since = program::touch(vm, market, who, (if terms.stressed { REDUCE } else { 0 }, size))?;
    let position = storage::position(host, who, market).map_err(abi::overflow)?;
    if let (Some(domain), 1..) = (domain, position.size) {
        let rate = program::priced(vm, market, Class::Reduce)?.rate;
        let short = rule::short_of(position, terms.fee_bps, rate, size)?;
        if short > 0 {
            lend(host, who, market, domain, short)?;
        }
    }
    Ok(since)
}

/// Before a liquidation, of whichever position the liquidator has picked: refused while all together are healthy; then
/// what it lacks comes from the margins of the others, and, for its loss, from profits that stand.
///
/// No order is asked for: one would let a position without a price keep the others from being liquidated, and every
/// liquidation takes a penalty of at most what is needed less for it, so that none makes the rest worse off.
/// Errors: [`Error::Healthy`] with what they have and need together.
/// Events: `MarginMoved`, `ProfitNetted`; those of settling.
/// Invariants: PP-41, PP-42, PP-43, PP-44.
fn expose(vm: &impl StylusHost, host: &mut impl Host, who: Address, market: u32, domain: u8) -> Result<u128> {
    let all = valued(vm, host, who, domain, true)?;
    let Some(target) = all.iter().find(|leg| leg.market == market) else { return Ok(0) };
    let rate = match target.rate {
        Some(rate) => rate,
        None => program::priced(vm, market, Class::Liquidate)?.rate,
    };
    // A market that is wound down may be settled, which isolates: until then nobody counts on it, nor it on others.
    let alone = decided(host, market) == Tier::ReduceOnly.code();
    let stands =
        |leg: &&Valued| leg.market == market || !(alone || decided(host, leg.market) == Tier::ReduceOnly.code());
    let legs: Vec<Leg> = all.iter().filter(stands).map(|leg| leg.leg).collect();
    let balance = risk::logic::balance(&legs, domain);
    if balance.is_healthy() {
        return Err(Error::Healthy { equity: balance.equity, threshold: balance.needed }.into());
    }
    let closing = risk::storage::closing(host, market);
    let (lacking, loss) = rule::lacking(&target.position, &closing, rate)?;
    if lacking > 0 {
        let lent = lend(host, who, market, domain, lacking)?;
        net(host, who, &all, market, lacking.saturating_sub(lent).min(loss))?;
    }
    Ok(1)
}

/// A position as if it were opened as it stands.
struct Asked {
    opening: Opening,
    weather: Weather,
    initial: u128,
}

fn asked(vm: &impl StylusHost, host: &impl Host, market: u32, position: &Position, class: Class) -> Result<Asked> {
    let quote = program::priced(vm, market, class)?;
    let interest = storage::interest(host, market);
    let opening = rule::opening(position, &interest, storage::pool(host).assets, quote.rate)?;
    let weather = Weather { tier: quote.tier, volatility_bps: volatility(host, market) };
    let (terms, (caps, ratchet)) = (storage::terms(host, market), risk::storage::caps(host, market));
    let bps = risk::logic::initial_up(&terms, &caps, ratchet, host.now(), weather, &opening);
    Ok(Asked { opening, weather, initial: risk::logic::needed_up(opening.notional, bps) })
}

/// After an opening or increase: the position has its own smallest margin, and with the margins of the others, less what
/// they need and all have lost, its initial margin. Profit that stands does not count, and every price is fit for new risk.
///
/// Errors: [`abi::TooManyLegs`]; the market's; those of a price.
/// Events: `MarginRaised`.
/// Invariants: PP-45, PP-46.
fn enter(vm: &impl StylusHost, host: &mut impl Host, who: Address, market: u32, domain: Option<u8>) -> Result<()> {
    // Settling the others may take from the margin that was just put in: it is read after that.
    let all = domain.map_or(Ok(Vec::new()), |domain| settled(vm, host, who, domain))?;
    let position = storage::position(host, who, market).map_err(abi::overflow)?;
    let own = asked(vm, host, market, &position, Class::Increase)?;
    let terms = storage::terms(host, market);
    if position.margin < terms.min_margin {
        return Err(risk::Error::MinMargin { value: position.margin, bound: terms.min_margin }.into());
    }
    let (mut margin, mut needed, mut loss) = (position.margin, 0u128, own.opening.loss);
    few(all.len())?;
    for (other, position) in all.into_iter().filter(|(other, _)| *other != market) {
        let asked = asked(vm, host, other, &position, Class::Increase)?;
        margin = margin.saturating_add(position.margin);
        needed = needed.saturating_add(asked.initial);
        loss = loss.saturating_add(asked.opening.loss);
    }
    let (caps, ratchet) = risk::storage::caps(host, market);
    let opening = Opening { margin: margin.saturating_sub(needed), loss, ..own.opening };
    let (next, _) = risk::logic::admit(ratchet, (&terms, &caps), host.now(), own.weather, &opening)?;
    if next == ratchet && !terms.overlaid {
        return Ok(());
    }
    program::observe(vm, market, own.weather)
}

/// Of `amount` that a position left in free collateral, what the others need stays with them, in the lowest market: all of
/// it after a liquidation, and where one of them has no price; else what is missing to their initial margins.
///
/// Events: `MarginMoved`.
/// Invariants: PP-1, PP-42, PP-46.
fn keep(
    vm: &impl StylusHost,
    host: &mut impl Host,
    who: Address,
    market: u32,
    domain: u8,
    amount: u128,
    whole: bool,
) -> Result<u128> {
    // Settling ends here too: only what asks for prices settles the others first.
    let mut others = if whole { positions(host, who, domain)? } else { settled(vm, host, who, domain)? };
    // What goes to a market that is wound down does not count for the others any more: only where there is no other.
    let stands = |other: u32| other != market && decided(host, other) != Tier::ReduceOnly.code();
    if others.iter().any(|(other, _)| stands(*other)) {
        others.retain(|(other, _)| *other == market || stands(*other));
    }
    let Some((first, _)) = others.iter().find(|(other, _)| *other != market) else { return Ok(0) };
    let (mut has, mut needed) = (0u128, 0u128);
    for (other, position) in &others {
        let initial = if whole { None } else { unless_refused(asked(vm, host, *other, position, Class::Reduce))? };
        has = has.saturating_add(position.margin);
        needed =
            needed.saturating_add(initial.map_or(u128::MAX, |asked| asked.initial.saturating_add(asked.opening.loss)));
    }
    let account = storage::account(host, who);
    let stays = needed.saturating_sub(has).min(amount).min(account.free);
    if stays > 0 {
        storage::store_account(host, who, logic::debit(account, stays)?).map_err(abi::overflow)?;
        add_margin(host, who, *first, stays)?;
        moved(host, who, market, *first, stays);
    }
    Ok(stays)
}

/// The caller chooses cross margin in a domain, or leaves it: with each position good alone, by its maintenance margin to
/// choose it, by its initial one to leave it, at prices that are fit for new risk.
///
/// Errors: [`abi::TooManyLegs`]; the market's; those of a price. Events: `CrossMargin`.
/// Invariants: PP-40.
fn turn(vm: &impl StylusHost, host: &mut impl Host, domain: u8, on: bool) -> Result<()> {
    let who = host.caller();
    let all = settled(vm, host, who, domain)?;
    if on {
        few(all.len())?;
    }
    let mut legs = Vec::new();
    for (market, position) in &all {
        let Asked { opening: Opening { notional, margin, loss, .. }, initial, .. } =
            asked(vm, host, *market, position, Class::Increase)?;
        let maintenance = risk::storage::closing(host, *market).maintenance.at(host.now());
        let needed = if on { risk::logic::threshold_up(notional, maintenance, false) } else { initial };
        legs.push(Leg { domain, margin, profit: 0, loss, needed });
    }
    if on {
        risk::shell::choose(host, domain, &legs)?;
    } else {
        risk::shell::leave(host, domain, &legs)?;
    }
    let crossing = risk::storage::choice(host, who) != risk::Choice::default();
    let account = storage::account(host, who);
    storage::store_account(host, who, crate::types::Account { crossing, ..account }).map_err(abi::overflow)
}
