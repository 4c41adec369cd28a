//! Deleveraging: boundaries, one property per invariant, and what is written.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

mod book;

use book::{mul_div, Book, Random};
use fusebox_market::{
    logic::deleverage::{deleverage, settle, snapshot},
    types::side::{Ask, Held, Index, Limits, Quote, SideState, Snapshot, LEAST, MAX_AMOUNT, MAX_PRICE, MAX_SCALE, ONE},
    Error,
};
use num_bigint::BigInt;
use proptest::prelude::*;

/// Six decimals.
const SCALE: u128 = 10u128.pow(30);
const WAD: u128 = 10u128.pow(18);
const USD: u128 = 1_000_000;
const POOL: u128 = 100_000_000 * USD;
const SHARE: Ask = Ask::Profit { share_bps: 2_000, target_bps: 1_500 };

/// Histories per property; `FUSEBOX_CASES` asks for another number.
fn config() -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn deficit(amount: u128, bankruptcy: u128) -> Ask {
    Ask::Deficit { amount, bankruptcy }
}

/// Entries from half to one and a half times the price, heavy-tailed sizes up to 1,000.
fn crowd(is_long: bool, seed: u64, accounts: usize, price: u128) -> Book {
    let mut random = Random(seed | 1);
    let mut book = Book::new(is_long, SCALE, accounts, POOL);
    for i in 0..accounts {
        let most = WAD << random.below(10);
        let size = random.amount(most);
        let entered = price / 2 + random.amount(price);
        let entry = book.notional(size, entered, is_long);
        book.open_at(i, size, entry / 10 + 1, entry);
    }
    book
}

/// Two positions of 10 at 1,000, so that at 1,500 longs have 10,000 of profit.
fn pair(is_long: bool) -> Book {
    let mut book = Book::new(is_long, SCALE, 2, POOL);
    for i in 0..2 {
        book.open(i, 10 * WAD, 2_000 * USD, 1_000 * WAD);
    }
    book
}

#[test]
fn mr_24_profit_at_its_share_is_left_alone_and_one_unit_above_it_comes_back_to_the_target() {
    let mut book = pair(true);
    book.pool = 50_000 * USD; // a fifth of it is 10,000
    assert_eq!(book.deleverage(SHARE, 1_500 * WAD, 10_000).size, 0);
    book.pool -= 1; // a fifth of it is less
    let closed = book.deleverage(SHARE, 1_500 * WAD, 10_000);
    // (10,000 - x) = 0.15 (50,000 - x): x = 2,941.176471
    assert_eq!(closed.reserved, 2_941_176_471);
    assert_eq!((closed.price, closed.cover, closed.remainder), (1_500 * WAD, 0, 0));
    assert_eq!(book.pool + book.side.reserve, 50_000 * USD - 1);
    assert_eq!(book.side.entry, 20_000 * USD - closed.entry);
    let first = book.touch(0);
    assert_eq!(first.credit, closed.reserved / 2);
    assert_eq!(first.held.margin, 2_000 * USD + closed.reserved / 2);
    assert_eq!((first.cut, first.shortfall, first.paid, first.collected), (0, 0, 0, 0));
    assert_eq!(book.touch(0).credit, 0); // once
    assert_eq!(book.touch(1).credit, closed.reserved / 2);
    assert_eq!(book.side.reserve, closed.reserved % 2); // what rounding left
}

#[test]
fn mr_25_a_deficit_is_covered_by_closing_at_the_bankruptcy_price() {
    for (is_long, mark, bankruptcy) in [(true, 1_500, 1_400), (false, 500, 600)] {
        let mut book = pair(is_long);
        let closed = book.deleverage(deficit(400 * USD, bankruptcy * WAD), mark * WAD, 10_000);
        assert_eq!(closed.size, 4 * WAD); // 4 * 100 = 400
        assert_eq!((closed.cover, closed.remainder, closed.price), (400 * USD, 0, bankruptcy * WAD));
        assert_eq!(closed.reserved, 2_000 * USD);
        let all = [book.touch(0), book.touch(1)];
        for settled in all {
            assert_eq!((settled.cut, settled.shortfall, settled.credit), (200 * USD, 0, 800 * USD));
            assert_eq!(settled.held, Held { size: 8 * WAD, margin: 2_800 * USD, entry: 8_000 * USD });
        }
        assert_eq!(book.side.reserve, 0);
    }
}

#[test]
fn mr_25_no_price_is_beyond_bankruptcy_or_the_average_entry_and_the_rest_comes_back() {
    for (is_long, mark) in [(true, 1_500u128), (false, 500)] {
        let away = |by: u128| if is_long { (mark - by) * WAD } else { (mark + by) * WAD };
        // Room of 100 on 20: at most 2,000.
        let closed = pair(is_long).deleverage(deficit(2_001 * USD, away(100)), mark * WAD, 10_000);
        assert_eq!((closed.size, closed.cover, closed.remainder), (20 * WAD, 2_000 * USD, USD));
        assert_eq!(closed.price, away(100));
        // A bankruptcy price beyond the entry: the whole profit and no more.
        let closed = pair(is_long).deleverage(deficit(10_001 * USD, away(499 + 51)), mark * WAD, 10_000);
        assert_eq!((closed.cover, closed.remainder, closed.price), (10_000 * USD, USD, 1_000 * WAD));
        // On the wrong side of mark, or at it: no room.
        for bankruptcy in [mark * WAD, if is_long { away(0) + 1 } else { away(0) - 1 }] {
            let closed = pair(is_long).deleverage(deficit(USD, bankruptcy), mark * WAD, 10_000);
            assert_eq!((closed.size, closed.cover, closed.remainder), (0, 0, USD));
        }
        // A side without profit at mark has nothing to give.
        let closed = pair(is_long).deleverage(deficit(USD, 900 * WAD), 1_000 * WAD, 10_000);
        assert_eq!((closed.size, closed.remainder), (0, USD));
    }
}

#[test]
fn mr_21_whoever_has_no_profit_bears_no_cut_and_keeps_the_margin() {
    for is_long in [true, false] {
        let mut book = Book::new(is_long, SCALE, 3, POOL);
        let mark = 1_000 * WAD;
        let entries = if is_long { [500, 995, 1_295] } else { [1_500, 1_005, 705] };
        for (i, entry) in entries.into_iter().enumerate() {
            book.open(i, 10 * WAD, 4_000 * USD, entry * WAD);
        }
        let bankruptcy = if is_long { 960 } else { 1_040 };
        let closed = book.deleverage(deficit(600 * USD, bankruptcy * WAD), mark, 10_000);
        assert_eq!((closed.size, closed.cover), (15 * WAD, 600 * USD)); // half of each
        let [rich, thin, poor] = [0, 1, 2].map(|i| book.touch(i));
        assert_eq!((rich.cut, rich.shortfall), (200 * USD, 0));
        assert_eq!((thin.cut, thin.shortfall), (25 * USD, 175 * USD)); // 5 * 5: its profit and no more
        assert_eq!((poor.cut, poor.shortfall), (0, 200 * USD));
        for (settled, entry) in [(rich, entries[0]), (thin, entries[1]), (poor, entries[2])] {
            assert_eq!(settled.held.size, 5 * WAD);
            assert!(settled.held.margin >= 4_000 * USD);
            // Margin and result at mark are what they were, less the cut.
            let before = Held { size: 10 * WAD, margin: 0, entry: entry * 10 * USD };
            let worth = |held: &Held| book.result(held, mark) + BigInt::from(held.margin) * SCALE;
            let cut = BigInt::from(settled.cut) * SCALE;
            assert_eq!(worth(&settled.held), worth(&before) + BigInt::from(4_000 * USD) * SCALE - cut);
        }
    }
}

#[test]
fn mr_21_an_entry_with_no_room_is_settled_against_the_pool_to_the_unit() {
    // A long that bought at 10 where the average is 505: its half is released of more than it has.
    let mut book = Book::new(true, SCALE, 2, POOL);
    book.open(0, 10 * WAD, 1_000 * USD, 10 * WAD);
    book.open(1, 10 * WAD, 1_000 * USD, 1_000 * WAD);
    book.deleverage(deficit(7_500 * USD, 50 * WAD), 1_255 * WAD, 10_000); // 10 of 20 at 505, since the average is that
    let early = book.touch(0);
    assert_eq!(early.held.entry, 0);
    assert_eq!((early.paid, early.entry_up), (2_425 * USD, 2_425 * USD)); // 5 * 505 - 100
    assert_eq!((early.collected, early.bad_debt), (0, 0));
    // A short that sold at 10, likewise: its buying back costs more than all it was sold for, and its margin pays.
    let mut book = Book::new(false, SCALE, 2, POOL);
    book.open(0, 10 * WAD, 9_000 * USD, 10 * WAD);
    book.open(1, 10 * WAD, 1_000 * USD, 1_000 * WAD);
    book.deleverage(deficit(1_000 * USD, 500 * WAD), 400 * WAD, 10_000);
    let early = book.touch(0);
    assert_eq!(early.held.entry, 0);
    let part = early.closed;
    assert_eq!(early.collected, book.notional(part, 505 * WAD, true) - 100 * USD);
    assert_eq!((early.cut, early.bad_debt), (0, 0));
    assert!(early.collected > early.credit); // its own loss, and no more
    let value = book.notional(part, 400 * WAD, true);
    assert!(early.collected - early.credit <= value - 100 * USD + 1);
}

#[test]
fn mr_20_a_side_without_positions_or_profit_is_not_written() {
    let empty = Book::new(true, SCALE, 0, POOL).side;
    let quote = Quote { mark: WAD, scale: SCALE };
    let limits = Limits { most_bps: 10_000, assets: POOL };
    for ask in [SHARE, deficit(7, WAD / 2)] {
        let (side, closed) = deleverage(empty, ask, quote, limits).unwrap();
        assert_eq!((side, closed.size, closed.reserved), (empty, 0, 0));
    }
    assert_eq!(deleverage(empty, deficit(7, WAD / 2), quote, limits).unwrap().1.remainder, 7);
    let mut book = pair(true);
    assert_eq!(book.deleverage(deficit(0, WAD), 2_000 * WAD, 10_000).size, 0);
    assert_eq!(book.deleverage(SHARE, 900 * WAD, 10_000).size, 0);
}

#[test]
fn mr_26_a_call_closes_at_most_its_share_and_reserves_at_most_what_the_pool_has() {
    let closed = pair(true).deleverage(deficit(10_000 * USD, 900 * WAD), 1_500 * WAD, 2_500);
    assert_eq!((closed.size, closed.cover, closed.remainder), (5 * WAD, 2_500 * USD, 7_500 * USD));
    let mut book = pair(true);
    book.pool = 4_000 * USD;
    let closed = book.deleverage(deficit(10_000 * USD, 900 * WAD), 1_500 * WAD, 10_000);
    assert_eq!((closed.size, closed.reserved, book.pool), (8 * WAD, 4_000 * USD, 0));
    let mut book = pair(true);
    book.pool = 0;
    assert_eq!(book.deleverage(deficit(USD, 900 * WAD), 1_500 * WAD, 10_000).size, 0);
    let closed = book.deleverage(SHARE, 1_500 * WAD, 10_000);
    assert_eq!((closed.size, closed.remainder), (0, 10_000 * USD));
}

#[test]
fn mr_27_closing_everything_starts_an_epoch_and_leaves_margins_only() {
    for is_long in [true, false] {
        let mut book = Book::new(is_long, SCALE, 4, POOL);
        let (mark, entries) = if is_long { (1_000 * WAD, [400, 700, 1_300]) } else { (500 * WAD, [1_100, 800, 290]) };
        for (i, entry) in entries.into_iter().enumerate() {
            book.open(i, 10 * WAD, 5_000 * USD, entry * WAD);
        }
        let total = book.total();
        let bankruptcy = if is_long { 900 * WAD } else { 600 * WAD };
        let closed = book.deleverage(deficit(1_000_000 * USD, bankruptcy), mark, 10_000);
        assert!(closed.ended);
        assert_eq!((book.side.size, book.side.entry), (0, 0));
        assert_eq!((book.side.index, book.side.snapshot), (Index::start(1), Snapshot(2)));
        // Somebody comes in before the others have settled: nothing of the old epoch reaches him.
        book.open(3, 3 * WAD, 500 * USD, mark);
        for (i, entry) in entries.into_iter().enumerate() {
            let settled = book.touch(i);
            assert_eq!((settled.held.size, settled.held.entry, settled.closed), (0, 0, 10 * WAD));
            let profit = if is_long { 1_000 - entry as i128 } else { entry as i128 - 500 };
            let kept = if profit > 0 { (profit * 10 - 1_000).max(0) } else { profit * 10 };
            assert_eq!(settled.held.margin as i128, (5_000 + kept) * USD as i128);
            assert_eq!((settled.entry_up, settled.entry_down, settled.bad_debt), (0, 0, 0));
        }
        assert_eq!((book.side.size, book.side.reserve), (3 * WAD, 0));
        assert_eq!(book.accounts[3].held, Held { size: 3 * WAD, margin: 500 * USD, entry: book.side.entry });
        assert!(book.preview(3).is_empty());
        assert_eq!(book.total(), total);
    }
}

#[test]
fn mr_27_below_its_least_the_index_starts_anew_and_whoever_is_epochs_behind_settles_the_same() {
    // Seven eighths each time: the tenth closing is below a billionth.
    let mut book = Book::new(true, SCALE, 2, POOL);
    book.pool = 10u128.pow(32);
    book.open(0, 1_000_000_000_000_000 * WAD, 1_000 * USD, 1_000 * WAD);
    let mut ends = 0;
    for round in 0u32..24 {
        let mark = (round as u128 + 2) * 1_000 * WAD;
        let room = book.notional(book.side.size, mark - mul_div(book.side.entry, SCALE, book.side.size, true), false);
        let closed = book.deleverage(deficit(room, 0), mark, 8_750);
        assert!(closed.size != 0);
        ends += u32::from(closed.ended);
        assert_eq!(closed.ended, closed.point.size < LEAST);
        if round == 12 {
            book.open(1, 8_000_000 * WAD, 1_000 * USD, mark); // on an index far below one
            assert!(book.side.index.size < ONE / 500);
        }
    }
    assert_eq!(ends, 2);
    assert_eq!(book.preview(0).len(), 3); // hops: one an epoch
    let rest = book.touch(0).held.size + book.touch(1).held.size;
    assert!(rest <= book.side.size && book.side.size - rest <= 64, "{rest} of {}", book.side.size);
}

#[test]
fn mr_27_a_side_that_was_never_deleveraged_costs_nothing() {
    let mut book = pair(true);
    assert_eq!((snapshot(&book.side), book.accounts[0].at), (Snapshot(0), Snapshot::default()));
    let before = book.accounts[0].held;
    assert!(book.preview(0).is_empty());
    assert_eq!(book.touch(0).held, before);
    let point = Index::start(0);
    let same = settle(true, &point, &point, SCALE, before).unwrap();
    assert_eq!((same.held, same.closed, same.credit, same.cut), (before, 0, 0, 0));
}

#[test]
fn mr_26_what_is_out_of_range_is_refused_with_the_bound() {
    let side = pair(true).side;
    let quote = Quote { mark: 1_500 * WAD, scale: SCALE };
    let limits = Limits { most_bps: 10_000, assets: POOL };
    let refused = |side: SideState, ask, quote, limits| match deleverage(side, ask, quote, limits) {
        Err(Error::OutOfRange { value, bound }) => (value, bound),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(side, SHARE, Quote { mark: 0, ..quote }, limits), (0, 1));
    assert_eq!(refused(side, SHARE, Quote { mark: MAX_PRICE + 1, ..quote }, limits), (MAX_PRICE + 1, MAX_PRICE));
    assert_eq!(refused(side, SHARE, Quote { scale: 0, ..quote }, limits), (0, 1));
    assert_eq!(refused(side, SHARE, Quote { scale: MAX_SCALE + 1, ..quote }, limits), (MAX_SCALE + 1, MAX_SCALE));
    assert_eq!(refused(side, SHARE, quote, Limits { most_bps: 0, ..limits }), (0, 1));
    assert_eq!(refused(side, SHARE, quote, Limits { most_bps: 10_001, ..limits }), (10_001, 10_000));
    let rich = Limits { assets: MAX_AMOUNT + 1, ..limits };
    assert_eq!(refused(side, SHARE, quote, rich), (MAX_AMOUNT + 1, MAX_AMOUNT));
    let whole = Ask::Profit { share_bps: 10_000, target_bps: 1 };
    assert_eq!(refused(side, whole, quote, limits), (10_000, 9_999));
    let above = Ask::Profit { share_bps: 5, target_bps: 6 };
    assert_eq!(refused(side, above, quote, limits), (6, 5));
    assert_eq!(refused(side, deficit(MAX_AMOUNT + 1, WAD), quote, limits), (MAX_AMOUNT + 1, MAX_AMOUNT));
    assert_eq!(refused(side, deficit(1, MAX_PRICE + 1), quote, limits), (MAX_PRICE + 1, MAX_PRICE));
    let last = SideState { snapshot: Snapshot(u32::MAX), ..side };
    assert_eq!(refused(last, deficit(USD, 900 * WAD), quote, limits).0, u32::MAX.into());
    let (old, new) = (Index::start(0), Index::start(1));
    let held = Held { size: WAD, margin: 1, entry: 1 };
    assert_eq!(settle(true, &old, &new, SCALE, held), Err(Error::OutOfRange { value: 0, bound: 1 }));
    let later = Index { size: ONE / 2, ..old };
    assert_eq!(settle(true, &later, &old, SCALE, held), Err(Error::OutOfRange { value: 0, bound: 0 }));
}

/// Something that happens to a side of a dozen accounts.
#[derive(Clone, Debug)]
enum Step {
    Open(usize, u128, u128),
    Reduce(usize, u128, u128),
    Touch(usize),
    Profit(u128, u16),
    Deficit(u128, u128, u16, u128),
}

fn step() -> impl Strategy<Value = Step> {
    let price = 1u128..1_000;
    prop_oneof![
        (0..12usize, 1..WAD * 100, price.clone()).prop_map(|(i, size, at)| Step::Open(i, size, at)),
        (0..12usize, 1..WAD * 100, price.clone()).prop_map(|(i, size, at)| Step::Reduce(i, size, at)),
        (0..12usize).prop_map(Step::Touch),
        (price.clone(), 1_000u16..=10_000).prop_map(|(at, most)| Step::Profit(at, most)),
        (price.clone(), price, 1_000u16..=10_000, 1..USD * 5_000)
            .prop_map(|(at, bankruptcy, most, amount)| Step::Deficit(at, bankruptcy, most, amount)),
    ]
}

fn run(book: &mut Book, step: &Step) {
    match *step {
        Step::Open(i, size, at) => {
            let margin = book.notional(size, at * WAD, true) / 5 + 1;
            book.open(i, size, margin, at * WAD);
        }
        Step::Reduce(i, size, at) => book.reduce(i, size, at * WAD),
        Step::Touch(i) => drop(book.touch(i)),
        Step::Profit(at, most) => {
            let ask = Ask::Profit { share_bps: 10, target_bps: 5 };
            book.deleverage(ask, at * WAD, most);
        }
        Step::Deficit(at, bankruptcy, most, amount) => {
            book.deleverage(deficit(amount, bankruptcy * WAD), at * WAD, most);
        }
    }
}

/// What the accounts of a book would settle to.
fn effective(book: &Book) -> u128 {
    let size = |i: usize| book.preview(i).last().map_or(book.accounts[i].held.size, |settled| settled.held.size);
    (0..book.accounts.len()).map(size).sum()
}

/// What of the entries is the positions' own, whatever has settled: with the sign that the side's one number lacks.
fn own(book: &Book) -> i128 {
    let entry = |i: usize| {
        let hops = book.preview(i);
        let (up, down) = hops.iter().fold((0, 0), |(up, down), hop| (up + hop.entry_up, down + hop.entry_down));
        hops.last().map_or(book.accounts[i].held.entry, |hop| hop.held.entry) as i128 - up as i128 + down as i128
    };
    (0..book.accounts.len()).map(entry).sum()
}

#[test]
fn mr_29_who_leaves_before_a_negative_entry_has_settled_leaves_no_gap() {
    for is_long in [true, false] {
        let mut book = Book::new(is_long, SCALE, 2, POOL);
        let (early, late) = if is_long { (50_000, 146_000) } else { (54_000, 150_000) };
        book.open_at(0, 1_000 * WAD, 100_000 * USD, early * USD);
        book.open_at(1, 1_000 * WAD, 100_000 * USD, late * USD);
        book.pool = 30_000 * USD;
        book.deleverage(Ask::Profit { share_bps: 100, target_bps: 100 }, 100 * WAD, 10_000); // 93 of 100 are closed
        assert!(own(&book) > 0);
        book.reduce(1, u128::MAX, 100 * WAD);
        let (net, left) = (book.gross as i128 - book.released as i128, own(&book));
        assert!(net.abs_diff(left) <= 2, "{net} {left}");
        assert!(left < -40_000 * USD as i128, "the pool pays that, or is paid it, when the other one settles: {left}");
        book.reduce(0, u128::MAX, 100 * WAD);
        assert_eq!(book.gross, 0);
        assert!(book.released <= 2);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn mr_20_effective_sizes_never_exceed_the_side_and_dust_is_a_unit_each(
        is_long: bool, steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut book = Book::new(is_long, SCALE, 12, POOL);
        for step in &steps {
            let before = (book.side.index, book.side.snapshot);
            run(&mut book, step);
            let sum = effective(&book);
            prop_assert!(sum <= book.side.size);
            // A unit for each settlement so far and to come, and for each deleveraging.
            prop_assert!(book.side.size - sum <= u128::from(book.settlements + book.deleveragings) + 24);
            let after = book.side.index;
            prop_assert!(after.epoch > before.0.epoch || after.size <= before.0.size);
            prop_assert!(after.epoch > before.0.epoch || (after.basis >= before.0.basis
                && after.value >= before.0.value && after.cut >= before.0.cut));
            prop_assert!(after.size >= LEAST && after.size <= ONE && book.side.snapshot >= before.1);
        }
    }

    #[test]
    fn mr_22_claims_stay_within_what_is_reserved_and_the_rest_is_rounding(
        is_long: bool, steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut book = Book::new(is_long, SCALE, 12, POOL);
        for step in &steps {
            run(&mut book, step); // a settlement beyond the reserve fails here
        }
        for i in 0..12 {
            book.touch(i);
        }
        let dust = u128::from(book.settlements + book.deleveragings);
        // A unit of cash each, and what a unit of size each is worth; the price is below 1,000 and so is an entry.
        prop_assert!(book.side.reserve <= dust + mul_div(dust, 2_000 * WAD, SCALE, true), "{}", book.side.reserve);
    }

    #[test]
    fn mr_23_every_settlement_moves_what_it_says_and_no_money_appears(
        is_long: bool, steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut book = Book::new(is_long, SCALE, 12, POOL);
        let total = book.total();
        for step in &steps {
            run(&mut book, step);
            prop_assert_eq!(book.total(), total);
        }
        for i in 0..12 {
            let before = book.accounts[i].held;
            let settled = book.touch(i);
            let after = before.margin + settled.credit + settled.paid - settled.collected;
            prop_assert_eq!(settled.held.margin, after);
            prop_assert_eq!(settled.held.size + settled.closed, before.size);
            prop_assert!(settled.held.size != 0 || settled.held.entry == 0);
        }
        prop_assert_eq!(book.total(), total);
    }

    #[test]
    fn mr_21_equity_is_that_of_a_part_closed_at_mark_less_a_cut_within_its_own_profit(
        is_long: bool, seed: u64, mark in 300u128..900, bankruptcy in 1u128..1_200,
        amount in 1..USD * 2_000_000, most in 500u16..9_999, later in 1u128..2_000,
    ) {
        let (mark, later) = (mark * WAD, later * WAD);
        let mut book = crowd(is_long, seed, 40, 600 * WAD);
        book.deleverage(deficit(amount, bankruptcy * WAD), mark, most);
        let index = BigInt::from(book.side.index.size);
        let part = BigInt::from(ONE) - &index;
        for i in 0..40 {
            let before = book.accounts[i].held;
            let settled = book.touch(i);
            prop_assert!(settled.bad_debt == 0 || !is_long);
            // Everything times ONE and SCALE, so that it is whole.
            let own = book.result(&before, mark) * &part;
            let rest = book.result(&before, later) * &index;
            let exact = own.clone() + rest + BigInt::from(before.margin) * SCALE * ONE;
            let cut = BigInt::from(settled.cut) * SCALE * ONE;
            let has = (book.result(&settled.held, later)
                + (BigInt::from(settled.held.margin) - BigInt::from(settled.bad_debt)) * SCALE) * ONE;
            let unit = BigInt::from(SCALE) * ONE;
            let slack = &unit * 3 + BigInt::from(later.max(mark)) * 2 * ONE;
            let gap = &exact - &cut - &has;
            prop_assert!(gap <= slack, "short of {gap}");
            prop_assert!(gap >= -&slack, "over by {gap}");
            prop_assert!(BigInt::from(settled.cut) * SCALE * ONE <= own.max(BigInt::ZERO) + &unit);
            // Margin is taken only from a short that was sold for less than buying the part back costs.
            let spent = BigInt::from(before.size) * mark * &part > BigInt::from(before.entry) * SCALE * ONE;
            prop_assert!(settled.held.margin >= before.margin || (!is_long && spent));
        }
    }

    #[test]
    fn mr_24_profit_comes_back_within_its_share_but_for_rounding(
        is_long: bool, seed: u64, mark in 300u128..900, pool in 1_000..10_000_000u128,
        share in 2u16..9_999, part in 1u16..=100,
    ) {
        let mark = mark * WAD;
        let mut book = crowd(is_long, seed, 40, 600 * WAD);
        book.pool = pool * USD;
        let target = ((share as u32 * part as u32 / 100) as u16).max(1);
        let before = book.side;
        let closed = book.deleverage(Ask::Profit { share_bps: share, target_bps: target }, mark, 10_000);
        let profit = |side: &SideState| {
            let value = BigInt::from(side.size) * mark;
            let entry = BigInt::from(side.entry) * SCALE;
            if is_long { value - entry } else { entry - value }
        };
        let limit = |pool: u128, bps: u16| BigInt::from(pool) * bps * SCALE;
        if closed.size == 0 {
            let slack = BigInt::from(SCALE) * 20_000;
            prop_assert!(profit(&before) * 10_000 <= limit(pool * USD, share) + slack);
        } else if profit(&before) <= BigInt::from(pool * USD) * SCALE {
            // Units of cash, and one of size.
            let slack = BigInt::from(3 * SCALE + 2 * mark) * 10_000;
            prop_assert!(profit(&book.side) * 10_000 <= limit(book.pool, target) + &slack);
            prop_assert!(closed.remainder <= 3);
            // Just enough: one part in 10^9 of the side less would not do.
            let less = profit(&before) / 1_000_000_000;
            let (kept, pool) = (profit(&book.side) + &less, BigInt::from(book.pool) * SCALE + &less);
            let target = BigInt::from(target);
            prop_assert!(kept * 10_000 + slack >= pool * target);
        } else {
            prop_assert_eq!(book.pool, 0); // a pool that owes more than it has gives what it has
        }
    }

    #[test]
    fn mr_29_entries_less_what_was_released_are_the_positions_whoever_leaves_first(
        is_long: bool, steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut book = Book::new(is_long, SCALE, 12, u128::from(u64::MAX));
        for step in steps {
            run(&mut book, &step);
            // The side is given what its positions have, as far as that has no sign.
            book.side.entry = book.gross.saturating_sub(book.released);
            prop_assert_eq!(book.gross, book.accounts.iter().map(|account| account.held.entry).sum::<u128>());
        }
        for i in 0..12 {
            book.touch(i);
        }
        prop_assert_eq!(book.gross, book.accounts.iter().map(|account| account.held.entry).sum::<u128>());
        let dust = u128::from(book.settlements + book.deleveragings);
        let worth = book.notional(dust, 1_000 * WAD, true);
        prop_assert!(book.released <= dust + worth, "{} released of nobody", book.released);
    }

    #[test]
    fn mr_25_cover_and_remainder_are_the_deficit_and_no_more_is_taken(
        is_long: bool, seed: u64, mark in 300u128..900, bankruptcy in 0u128..1_200,
        amount in 1..USD * 20_000_000, most in 1u16..=10_000,
    ) {
        let (mark, bankruptcy) = (mark * WAD, bankruptcy * WAD);
        let mut book = crowd(is_long, seed, 40, 600 * WAD);
        let before = book.side;
        let closed = book.deleverage(deficit(amount, bankruptcy), mark, most);
        prop_assert_eq!(closed.cover + closed.remainder, amount);
        let (low, high) = if is_long { (bankruptcy, mark) } else { (mark, bankruptcy) };
        prop_assert!(closed.size == 0 || (low <= closed.price && closed.price <= high));
        prop_assert!(closed.size <= before.size && closed.reserved <= POOL);
        if closed.remainder != 0 && closed.size != 0 {
            // Only for want of what may be closed.
            let share = BigInt::from(before.size) * most / 10_000;
            prop_assert!(BigInt::from(closed.size) + 1 >= share);
        }
        let (mut taken, mut missing) = (0, 0);
        for i in 0..40 {
            let settled = book.touch(i);
            taken += settled.cut;
            missing += settled.shortfall;
        }
        prop_assert!(taken <= closed.cover + 40); // a unit an account
        prop_assert!(taken + missing + 2 >= closed.cover);
    }
}

/// What is kept on a chain, and how much of it a deleveraging and a settlement touch.
#[cfg(feature = "shell")]
mod kept {
    use super::*;
    use alloy_primitives::{Address, B256, U256};
    use fusebox_core::host::{Answer, Host, Memory};
    use fusebox_market::storage::side::{
        index, record, released, reserve, set_released, set_reserve, side, span, SideId,
    };
    use std::cell::Cell;

    const LONGS: SideId = SideId { market: 3, is_long: true };

    /// A host that counts.
    #[derive(Default)]
    struct Counting {
        inner: Memory,
        loads: Cell<usize>,
        stores: usize,
    }

    impl Counting {
        fn take(&mut self) -> (usize, usize) {
            (self.loads.take(), std::mem::take(&mut self.stores))
        }
    }

    impl Host for Counting {
        fn now(&self) -> u64 {
            self.inner.now()
        }
        fn caller(&self) -> Address {
            self.inner.caller()
        }
        fn this(&self) -> Address {
            self.inner.this()
        }
        fn gas_left(&self) -> u64 {
            self.inner.gas_left()
        }
        fn load(&self, slot: U256) -> U256 {
            self.loads.set(self.loads.get() + 1);
            self.inner.load(slot)
        }
        fn store(&mut self, slot: U256, word: U256) {
            self.stores += 1;
            self.inner.store(slot, word);
        }
        fn keccak(&self, bytes: &[u8]) -> B256 {
            self.inner.keccak(bytes)
        }
        fn log(&mut self, topics: &[B256], data: &[u8]) {
            self.inner.log(topics, data);
        }
        fn static_call(&self, to: Address, gas: u64, input: &[u8], output: &mut [u8]) -> Answer {
            self.inner.static_call(to, gas, input, output)
        }
    }

    #[test]
    fn mr_26_a_deleveraging_touches_the_same_words_with_10_and_with_100_000_accounts() {
        let mut seen = vec![];
        for accounts in [10usize, 1_000, 100_000] {
            let mut host = Counting::default();
            let mut book = crowd(true, 7, accounts, 600 * WAD);
            book.pool = 10u128.pow(25);
            for (i, account) in book.accounts.iter().enumerate() {
                host.store(U256::from(i), U256::from(account.held.size)); // what the host keeps is as large as the book
            }
            host.take();
            let mut steps = vec![];
            for (most, bankruptcy) in [(5_000, 700), (9_000, 0), (10_000, 0)] {
                let before = side(&host, LONGS, (book.side.size, book.side.entry), book.side.snapshot);
                assert_eq!(before, book.side);
                let closed = book.deleverage(deficit(10u128.pow(25), bankruptcy * WAD), 900 * WAD, most);
                record(&mut host, LONGS, &book.side, &closed).unwrap();
                steps.push(host.take());
            }
            let (from, to, next) = span(&host, LONGS, Snapshot(0), book.side.snapshot);
            let settled = settle(true, &from, &to, SCALE, book.accounts[accounts / 2].held).unwrap();
            let left = reserve(&host, LONGS) - settled.credit - settled.cut;
            set_reserve(&mut host, LONGS, left);
            assert_eq!((settled.held.size, next), (0, Snapshot(4)));
            steps.push(host.take());
            seen.push(steps);
        }
        // A point of four words, of which the first of all is not written, and the reserve, read again for what stands
        // beside it; where an epoch ends, its end and the next one's start; a settlement across it reads three points.
        assert_eq!(seen[0], [(3, 5), (6, 5), (6, 7), (12, 1)]);
        assert!(seen.iter().all(|steps| *steps == seen[0]), "{seen:?}");
    }

    #[test]
    fn mr_29_reserve_and_what_was_released_share_a_word_and_nothing_else() {
        let mut host = Memory::default();
        set_released(&mut host, LONGS, u128::MAX);
        set_reserve(&mut host, LONGS, 7);
        assert_eq!((reserve(&host, LONGS), released(&host, LONGS)), (7, u128::MAX));
        set_released(&mut host, LONGS, 5);
        set_reserve(&mut host, LONGS, u128::MAX);
        assert_eq!((reserve(&host, LONGS), released(&host, LONGS), host.words.len()), (u128::MAX, 5, 1));
        assert_eq!(released(&host, SideId { is_long: false, ..LONGS }), 0);
    }

    #[test]
    fn mr_27_every_point_survives_its_words_and_no_two_share_one() {
        let mut host = Memory::default();
        let wide = U256::MAX >> 46; // 210 bits
        let sides = [SideId { market: 0, is_long: true }, SideId { market: 0, is_long: false }, LONGS];
        let sides = [sides[0], sides[1], sides[2], SideId { market: u32::MAX, is_long: false }];
        let mut expected = vec![];
        for (n, id) in (0u64..).zip(sides) {
            for at in [1, 2, 70_000, u32::MAX - 1] {
                let tag = U256::from(n * 1_000_000_007 + u64::from(at));
                let epoch = at as u16;
                let point = Index { size: ONE - u128::from(at), epoch, basis: wide - tag, value: tag, cut: wide >> 1 };
                let state = SideState {
                    is_long: id.is_long,
                    size: 1,
                    entry: 2,
                    snapshot: Snapshot(at),
                    index: point,
                    reserve: u128::MAX - u128::from(n),
                };
                let closed = fusebox_market::types::side::Closed { size: 1, ..nothing(point) };
                record(&mut host, id, &state, &closed).unwrap();
                expected.push((id, state));
            }
        }
        for (id, state) in expected {
            assert_eq!(side(&host, id, (1, 2), state.snapshot), state);
            assert_eq!(index(&host, id, Snapshot(0)), Index::start(0));
        }
    }

    fn nothing(point: Index) -> fusebox_market::types::side::Closed {
        fusebox_market::types::side::Closed::nothing(point, 1, 0)
    }
}
