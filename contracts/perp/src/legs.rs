//! An account's positions of one loss domain: which there are, what each is worth, and what moves between them. See
//! [`crate::cross`], whose half this is.

use crate::{
    abi,
    cross::is_settling,
    logic::cross as rule,
    program,
    shell::{topic, w},
    storage,
    types::{Position, Rate, MAX_MARKETS},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox_breaker::abi::FeedGas;
use fusebox_core::host::{emit, Host};
use fusebox_market::{
    self as risk,
    types::{Balance, Leg},
};
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// The positions of an account in a domain, as they are stored.
pub(crate) fn positions(host: &impl Host, who: Address, domain: u8) -> Result<Vec<(u32, Position)>> {
    let mut all = Vec::new();
    for market in 1..=fusebox::markets(host).min(MAX_MARKETS) {
        let position = storage::position(host, who, market).map_err(abi::overflow)?;
        if position.size != 0 && risk::storage::closing(host, market).domain == domain && !is_settling(host, market) {
            all.push((market, position));
        }
    }
    Ok(all)
}

/// The same, once those that were deleveraged are settled.
pub(crate) fn settled(
    vm: &impl StylusHost,
    host: &impl Host,
    who: Address,
    domain: u8,
) -> Result<Vec<(u32, Position)>> {
    for (market, position) in positions(host, who, domain)? {
        if !is_current(host, market, &position) {
            program::touch(vm, market, who, (0, 0))?;
        }
    }
    positions(host, who, domain)
}

fn is_current(host: &impl Host, market: u32, position: &Position) -> bool {
    storage::interest(host, market).side(position.is_long).snapshot == position.snapshot
}

fn store(host: &mut impl Host, who: Address, market: u32, position: &Position) -> Result<()> {
    storage::store_position(host, who, market, position).map_err(abi::overflow)
}

/// Takes from the margins of the others, the lowest market first, as far as they go.
///
/// Who lends is not settled before: its margin is its margin, and settling borrows from here in turn.
/// Events: `MarginMoved`.
/// Invariants: PP-1, PP-43.
pub(crate) fn lend(host: &mut impl Host, who: Address, market: u32, domain: u8, amount: u128) -> Result<u128> {
    let mut lent = 0u128;
    for (other, position) in positions(host, who, domain)? {
        let part = position.margin.min(amount.saturating_sub(lent));
        if part > 0 && other != market {
            store(host, who, other, &Position { margin: position.margin.saturating_sub(part), ..position })?;
            moved(host, who, other, market, part);
            lent = lent.saturating_add(part);
        }
    }
    add_margin(host, who, market, lent)?;
    Ok(lent)
}

/// Adds to the margin of a position.
pub(crate) fn add_margin(host: &mut impl Host, who: Address, market: u32, amount: u128) -> Result<()> {
    let position = storage::position(host, who, market).map_err(abi::overflow)?;
    let margin = position.margin.saturating_add(amount);
    store(host, who, market, &Position { margin, ..position })
}

/// Tells that margin has moved.
pub(crate) fn moved(host: &mut impl Host, who: Address, from: u32, to: u32, amount: u128) {
    let topics = [abi::MarginMoved::SIGNATURE_HASH, who.into_word(), topic(from), topic(to)];
    emit(host, &topics, [w(amount)]);
}

/// A position, valued for its domain.
pub(crate) struct Valued {
    /// Its market.
    pub market: u32,
    /// As it is stored.
    pub position: Position,
    /// What it counts for.
    pub leg: Leg,
    /// None where nothing prices it.
    pub rate: Option<Rate>,
    /// Whether what losses ask of its profit has been taken, so that what is left may pay for another.
    pub is_cut: bool,
}

/// What an answer is, or none where a condition refused it; too little gas is no condition, or a caller who brings just
/// too little would choose which position has a price.
pub(crate) fn unless_refused<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(why) if why.len() < 4 || why.starts_with(&FeedGas::SELECTOR) => Err(why),
        Err(_) => Ok(None),
    }
}

/// The positions of a domain with what each is worth now; `settling` has what was deleveraged or cut since done first.
pub(crate) fn valued(
    vm: &impl StylusHost,
    host: &impl Host,
    who: Address,
    domain: u8,
    settling: bool,
) -> Result<Vec<Valued>> {
    let mut quotes = Vec::new();
    for (market, position) in positions(host, who, domain)? {
        let quote = unless_refused(program::quoted(vm, market, program::WORTH))?;
        let mut is_cut = true;
        if settling {
            if storage::terms(host, market).stressed {
                is_cut = unless_refused(program::touch(vm, market, who, (1, 0)))?.is_some();
            }
            if !is_current(host, market, &position) {
                program::touch(vm, market, who, (0, 0))?;
            }
        }
        quotes.push((market, quote, is_cut));
    }
    let mut all = Vec::new();
    for (market, quote, is_cut) in quotes {
        let position = storage::position(host, who, market).map_err(abi::overflow)?;
        if position.size != 0 {
            let closing = risk::storage::closing(host, market);
            let (rate, grace) = quote.map_or((None, false), |quote| (Some(quote.rate), quote.grace));
            let leg = rule::leg(&position, &closing, host.now(), rate, grace)?;
            all.push(Valued { market, position, leg, rate, is_cut });
        }
    }
    Ok(all)
}

/// What margins do not pay of a loss, profits that stand do: both entries move, so that no position keeps a profit while
/// others bear what it stood for.
///
/// Events: `ProfitNetted`.
/// Invariants: PP-43.
pub(crate) fn net(host: &mut impl Host, who: Address, all: &[Valued], market: u32, loss: u128) -> Result<()> {
    let mut left = loss;
    for other in all.iter().filter(|other| other.market != market && other.is_cut) {
        let part = left.min(other.leg.profit);
        if part > 0 {
            shift(host, who, other.market, part, true)?;
            let topics = [abi::ProfitNetted::SIGNATURE_HASH, who.into_word(), topic(other.market), topic(market)];
            emit(host, &topics, [w(part)]);
        }
        left = left.saturating_sub(part);
    }
    shift(host, who, market, loss.saturating_sub(left), false)
}

fn shift(host: &mut impl Host, who: Address, market: u32, amount: u128, against: bool) -> Result<()> {
    let position = storage::position(host, who, market).map_err(abi::overflow)?;
    let side = storage::interest(host, market).side(position.is_long);
    let (position, side) = rule::shifted(position, side, amount, against)?;
    storage::store_side(host, market, position.is_long, side).map_err(abi::overflow)?;
    store(host, who, market, &position)
}

/// What an account has in a domain, as its positions were last settled, in a word: what they have, or owe, 112; what they
/// need together 112; how many there are 8, and how many of them have no price 8; 1 if they owe; 1 if it has cross margin.
pub fn state(vm: &impl StylusHost, host: &impl Host, who: Address, domain: u8) -> Result<U256> {
    let all = valued(vm, host, who, domain, false)?;
    let legs: Vec<Leg> = all.iter().map(|leg| leg.leg).collect();
    let Balance { equity, owed, needed } = risk::logic::balance(&legs, domain);
    let unpriced = all.iter().filter(|leg| leg.rate.is_none()).count();
    let chosen = risk::storage::choice(host, who).has(domain);
    let flags = U256::from(owed > 0) | U256::from(chosen).wrapping_shl(1);
    let counts = U256::from(all.len()) | U256::from(unpriced).wrapping_shl(8) | flags.wrapping_shl(16);
    Ok(w(equity.max(owed)) | w(needed).wrapping_shl(112) | counts.wrapping_shl(224))
}
