//! Counting positions at the end of a market: see [`crate::settle`], whose half this is.

use crate::{
    abi,
    logic::{
        loss as rule,
        settle::{self as rules, Counted},
    },
    program,
    shell::{read, store, topic, w},
    side::{next_stretch, Stretch},
    storage::{
        self, loss as word,
        settle::{self as words, Won},
    },
    types::{Books, Rate},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox_core::host::{emit, revert, Host};
use fusebox_fund::{shell::settlement, storage::ledger as books, types::ledger::Book, types::settlement::Phase};
use fusebox_market::{
    self as risk,
    logic::deleverage,
    storage::side,
    types::side::{Held, Settled},
};
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// Counts a position at the price that is fixed: what it did not lose of its margin is free at once, what it lost is the
/// pool's, what it has won a claim, what it lost beyond its margin joins a sum. The last that is counted has all that
/// depends on sums done.
///
/// A position that was deleveraged is brought up to its side here and not as before a trade: what a trade would be paid by
/// the pool, and what earlier cuts ask, wait for the last as well.
/// Errors: [`abi::NotSettling`], [`abi::NotFixed`]; amounts past their bound.
/// Events: `PositionSettled`, `Counted`, `ProfitsDivided`; those of a loss.
/// Invariants: PP-20, PP-36.
pub fn count(vm: &impl StylusHost, host: &mut impl Host, who: Address, market: u32) -> Result<()> {
    let price = match settlement::phase(host, market) {
        Phase::Fixed { price } => price,
        Phase::Challenged { until, .. } => return Err(revert(abi::NotFixed::SELECTOR, [U256::from(until)])),
        _ => return Err(revert(abi::NotSettling::SELECTOR, [U256::from(market)])),
    };
    let rate = Rate { price, scale: storage::scale(host) };
    let domain = storage::domain(host, market);
    let (book, until) = (books::book(host, domain), words::begun(host, market));
    let before = read(host, market, who)?;
    let (books, so_far) = brought(vm, host, market, who, &book, before)?;
    let (after, counted) = rules::count(books, rate, &book, until, so_far)?;
    if after.account.warming {
        risk::shell::lost(host, who, counted.loss);
    }
    store(host, market, who, &before, &after)?;
    let Counted { size, principal, loss, won, missing } = counted;
    let profits = words::profits(host, market);
    // What is counted after the division is what rounding had left: nobody's ratio changes for it.
    if !profits.divided {
        words::store_profits(host, market, &profits, &rules::joined(profits, &counted)?).map_err(abi::overflow)?;
        if won != Won::default() {
            words::store_claim(host, who, market, &won).map_err(abi::overflow)?;
        }
        word::take_room(host, domain, won.epoch, won.repaying);
        word::take_room(host, domain, won.epoch.saturating_add(1), won.collecting);
    }
    let topics = [abi::Counted::SIGNATURE_HASH, topic(market), who.into_word()];
    emit(host, &topics, [w(size), w(principal), w(won.profit), w(loss), w(missing)]);
    if rules::is_counted(&after.interest) {
        program::apportion(vm, market)?;
    }
    Ok(())
}

/// Brings a position through what deleveragings of its side have made of it: its claims of the ledger are admitted.
///
/// Events: `PositionSettled` for each stretch; the fund's.
fn brought(
    vm: &impl StylusHost,
    host: &mut impl Host,
    market: u32,
    who: Address,
    book: &Book,
    before: Books,
) -> Result<(Books, Counted)> {
    let (mut books, mut so_far) = (before, Counted::default());
    loop {
        let position = books.position;
        let stretch = next_stretch(host, market, &position, &books.interest.side(position.is_long));
        let Some(Stretch { id, from, to, at, stamp }) = stretch else { return Ok((books, so_far)) };
        let held = Held { size: position.size, margin: rules::means(&position, &so_far), entry: position.entry };
        let settled = deleverage::settle(id.is_long, &from, &to, storage::scale(host), held)?;
        let gain = rule::gain(&position, &settled)?;
        let reserve = side::reserve(host, id);
        let (next, reserve, counted) = rules::passed(books, reserve, &settled, at, so_far)?;
        (books, so_far) = rules::withheld(next, book, stamp.since, gain, counted)?;
        side::set_reserve(host, id, reserve);
        let released = side::released(host, id).saturating_sub(settled.released(id.is_long, &held));
        side::set_released(host, id, released);
        let borne = settled.cut.saturating_add(settled.shortfall);
        if borne > 0 {
            program::admit(vm, market, who, stamp.epoch, settled.cut, borne)?;
        }
        let Settled { closed, credit, cut, paid, collected, bad_debt, .. } = settled;
        let topics = [abi::PositionSettled::SIGNATURE_HASH, topic(market), who.into_word()];
        emit(host, &topics, [w(closed), w(credit), w(cut), w(paid), w(collected), w(bad_debt)]);
    }
}
