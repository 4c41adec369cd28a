//! Deleveraging: closing a part of a side, and settling who was deleveraged.
//!
//! Everything here runs in the side program, for the others; it moves no tokens.

use crate::{
    abi, cross,
    error::Error,
    legs, logic,
    logic::loss as rule,
    program,
    shell::{read, realised, store, topic, w},
    storage::{self, loss as word, loss::Stamp},
    types::{Interest, Pool, Position, Rate, Side, BPS, MAX_AMOUNT, MAX_MARKETS},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use fusebox_core::{
    host::{emit, Host},
    panel::Class,
};
use fusebox_fund as fund;
use fusebox_market::{
    logic::deleverage,
    storage::{
        self as market_words,
        side::{self, SideId},
    },
    types::side::{Ask, Closed, Held, Index, Limits, Settled, Snapshot},
};
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// Settles a position that was deleveraged: what it realised becomes margin, what it bears of a deficit a claim.
///
/// Needs no price and may be called by anyone at any time: what comes of it does not depend on when.
/// Events: `PositionSettled` for each stretch of its side's history, `ProfitCut`; the fund's.
/// Invariants: PP-1, PP-11.
pub fn touch(vm: &impl StylusHost, host: &mut impl Host, market: u32, who: Address) -> Result<()> {
    while step(vm, host, market, who)? {}
    Ok(())
}

/// A point of a side's history, as a word has it.
fn point(snapshot: u64) -> Snapshot {
    Snapshot(u32::try_from(snapshot).unwrap_or(u32::MAX))
}

/// A stretch of a side's history that a position has not settled: up to the end of an epoch, or to where claims belong to
/// another one.
pub(crate) struct Stretch {
    pub(crate) id: SideId,
    pub(crate) from: Index,
    pub(crate) to: Index,
    pub(crate) at: Snapshot,
    pub(crate) stamp: Stamp,
}

/// The next of them, for a position on a side as it stands; none where there is none.
#[inline(always)] // bytes: it is in each of two programs once
pub(crate) fn next_stretch(host: &impl Host, market: u32, position: &Position, side: &Side) -> Option<Stretch> {
    let (was, now) = (point(position.snapshot), point(side.snapshot));
    if position.size == 0 || was == now {
        return None;
    }
    let id = SideId { market, is_long: position.is_long };
    let next = Snapshot(was.0.saturating_add(1));
    let (stamp, last) = word::stamp(host, market, id.is_long, next);
    // Where the stretch of one stamp ends before the epoch does, that is the end; else the epoch's.
    let (from, mut to, mut at) = side::span(host, id, was, now);
    let reached = side::index(host, id, last);
    if reached.epoch == from.epoch && last < at && reached.size > to.size {
        (to, at) = (reached, last);
    }
    Some(Stretch { id, from, to, at, stamp })
}

/// Settles one stretch.
fn step(vm: &impl StylusHost, host: &mut impl Host, market: u32, who: Address) -> Result<bool> {
    let before = read(host, market, who)?;
    let position = before.position;
    let Some(stretch) = next_stretch(host, market, &position, &before.interest.side(position.is_long)) else {
        return Ok(false);
    };
    let Stretch { id, from, to, at, stamp } = stretch;
    let held = Held { size: position.size, margin: position.margin, entry: position.entry };
    let settled = deleverage::settle(id.is_long, &from, &to, storage::scale(host), held)?;
    // What the others of the account's domain can pay is no bad debt; then this stretch is looked at again.
    let crossing = before.account.crossing;
    if crossing && settled.bad_debt > 0 && program::cross(vm, market, who, cross::LEND, settled.bad_debt)? > 0 {
        return Ok(true);
    }
    let gain = rule::gain(&position, &settled)?;
    let (mut after, reserve) = rule::settled(before, side::reserve(host, id), &settled, at)?;
    side::set_reserve(host, id, reserve);
    let released = side::released(host, id).saturating_sub(settled.released(id.is_long, &held));
    side::set_released(host, id, released);
    let mut taken = 0;
    if stamp.since > position.since && gain > 0 {
        let (cut, repaid) = program::collect(vm, market, who, stamp.since, position.since, gain)?;
        after.account = logic::credit(after.account, repaid)?;
        (after, taken) = rule::charge(after, cut, true);
        after.pool.assets = after.pool.assets.saturating_add(taken);
    }
    let borne = settled.cut.saturating_add(settled.shortfall);
    if borne > 0 {
        program::admit(vm, market, who, stamp.epoch, settled.cut, borne)?;
    }
    let secs = u32::from(market_words::terms(host, market).warmup_mins).saturating_mul(60);
    after.account = realised(host, who, after.account, secs, gain.saturating_sub(taken), 0);
    store(host, market, who, &before, &after)?;
    let Settled { closed, credit, cut, paid, collected, bad_debt, .. } = settled;
    emit(
        host,
        &[abi::PositionSettled::SIGNATURE_HASH, topic(market), who.into_word()],
        [w(closed), w(credit), w(cut), w(paid), w(collected), w(bad_debt)],
    );
    let freed = after.account.free.saturating_sub(before.account.free);
    if crossing && settled.held.size == 0 && freed > 0 {
        program::cross(vm, market, who, cross::RETAIN, freed)?;
    }
    Ok(true)
}

/// Closes a part of a side: what it realises moves from the pool to the side's reserve.
///
/// Events: `Deleveraged`, if anything was closed.
fn close_part(
    host: &mut impl Host,
    market: u32,
    domain: u32,
    is_long: bool,
    rate: Rate,
    ask: Ask,
    pool: &mut Pool,
) -> Result<Closed> {
    let (id, sums) = (SideId { market, is_long }, storage::interest(host, market).side(is_long));
    let released = side::released(host, id);
    let state = side::side(host, id, (sums.size, sums.entry.saturating_sub(released)), point(sums.snapshot));
    let limits = Limits { most_bps: 10_000, assets: pool.assets };
    let (next, closed) = deleverage::deleverage(state, ask, rule::quote(rate), limits)?;
    if closed.size == 0 {
        return Ok(closed);
    }
    pool.assets = pool.assets.saturating_sub(closed.reserved); // at most what it has: see `Limits`
    side::record(host, id, &next, &closed).map_err(abi::overflow)?;
    side::set_released(host, id, released.saturating_add(closed.entry));
    let sums = Side { size: next.size, snapshot: next.snapshot.0.into(), ..sums };
    storage::store_side(host, market, is_long, sums).map_err(abi::overflow)?;
    let book = fund::storage::ledger::book(host, domain);
    let at = Snapshot(next.snapshot.0.saturating_sub(closed.ended.into()));
    let stamp = Stamp { epoch: book.traders.collecting(), since: rule::since_of(book.index) };
    word::set_stamp(host, market, is_long, at, stamp);
    emit(
        host,
        &[abi::Deleveraged::SIGNATURE_HASH, topic(market)],
        [
            U256::from(is_long),
            w(closed.size),
            w(closed.price),
            w(closed.reserved),
            w(closed.cover),
            w(closed.remainder),
        ],
    );
    Ok(closed)
}

/// Closes what is above a side's share of the pool at mark, for anyone who asks.
///
/// The price has to be good enough to liquidate with: those who are closed did not ask.
/// Errors: [`Error::NotDue`].
/// Events: `Deleveraged`.
pub fn unwind(vm: &impl StylusHost, host: &mut impl Host, market: u32) -> Result<()> {
    let rate = program::priced(vm, market, Class::Liquidate)?.rate;
    let (policy, before, domain) = (storage::policy(host, market), storage::pool(host), storage::domain(host, market));
    let bound = before.assets.saturating_mul(policy.share_bps.into()).wrapping_div(BPS);
    let interest = storage::interest(host, market);
    let (mut pool, mut size, mut profit) = (before, 0u128, 0u128);
    for is_long in [true, false] {
        let of_side = Interest::default().with(is_long, interest.side(is_long));
        profit = profit.max(logic::unrealised(&of_side, storage::released(host, market, &of_side), rate, false)?.0);
        if policy.share_bps > 0 {
            let ask = Ask::Profit { share_bps: policy.share_bps, target_bps: policy.target_bps.max(1) };
            let closed = close_part(host, market, domain, is_long, rate, ask, &mut pool)?;
            size = size.saturating_add(closed.size);
        }
    }
    if size == 0 {
        return Err(Error::NotDue { profit, bound }.into());
    }
    storage::store_pool(host, &before, &pool).map_err(abi::overflow)
}

/// Closes as much of the side that won from a bankrupt position as covers what is open of its loss: what that will cover.
///
/// Events: `Deleveraged`, if anything was closed.
pub fn close(
    host: &mut impl Host,
    market: u32,
    is_long: bool,
    rate: Rate,
    amount: u128,
    bankruptcy: u128,
) -> Result<u128> {
    let (before, domain) = (storage::pool(host), storage::domain(host, market));
    let mut pool = before;
    let ask = Ask::Deficit { amount, bankruptcy };
    let Closed { cover, .. } = close_part(host, market, domain, is_long, rate, ask, &mut pool)?;
    if cover > 0 {
        let epoch = fund::storage::ledger::book(host, domain).traders.collecting();
        let (room, pending) = (word::room(host, domain, epoch), word::pending(host));
        word::set_room(host, domain, epoch, room.saturating_add(cover));
        word::set_pending(host, pending.saturating_add(cover));
    }
    storage::store_pool(host, &before, &pool).map_err(abi::overflow)?;
    Ok(cover)
}

/// What the profits of a domain come to that a haircut can find: of the markets whose price is believable.
///
/// Rounding: up.
pub fn winnings(vm: &impl StylusHost, host: &impl Host, market: u32, rate: Rate) -> Result<u128> {
    let domain_of = storage::domain(host, market);
    let of = |market: u32, rate: Rate| -> Result<u128> {
        let interest = storage::interest(host, market);
        Ok(logic::unrealised(&interest, storage::released(host, market, &interest), rate, true)?.0)
    };
    let mut sum = of(market, rate)?;
    for other in (1..=fusebox::markets(host).min(MAX_MARKETS)).filter(|other| *other != market) {
        if storage::domain(host, other) != domain_of {
            continue;
        }
        if let Some(quote) = legs::unless_refused(program::priced(vm, other, Class::Reduce))? {
            sum = sum.saturating_add(of(other, quote.rate)?);
        }
    }
    Ok(sum.min(MAX_AMOUNT))
}
