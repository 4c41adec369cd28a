//! Wind-down, settlement, recovery and the return of money, on the built programs.

use alloy_primitives::{hex, Address, U256};
use alloy_sol_types::SolCall;
use fusebox_testbed::Tx;
use fusebox_tests::{abi::*, change::decision, *};

const WIND_DOWN: u16 = 1;
const REOPEN: u16 = 2;
const SETTLE: u16 = 3;
const DAY: u64 = 86_400;
/// The end of a signal that has none.
const WITHOUT_END: u64 = (1 << 40) - 2;
/// A trader who only appears here.
const DAVE: Address = who(0x15);
const EVERYBODY: [Address; 6] = [ALICE, BOB, CAROL, DAVE, LP, GOVERNANCE];

fn open(rig: &mut Rig, who: Address, is_long: bool, size: u128, margin: u64) {
    let margin = rig.units(margin);
    rig.call(who, &openCall { market: 1, isLong: is_long, size: U256::from(size), margin, limitPrice: U256::ZERO });
}

fn close(who: Address) -> (Address, closeCall) {
    (who, closeCall { market: 1, limitPrice: U256::ZERO })
}

/// Pokes a minute apart, at a price that feeds agree on.
fn poke(rig: &mut Rig, times: u64, price: i64) {
    for _ in 0..times {
        rig.advance(60, price);
        rig.call(CAROL, &pokeCall { market: 1 });
    }
}

/// All that is accounted for: free collateral, margins, the pool, what is set apart for winners, buffer, reserves and the
/// fund; to the unit what the token says the protocol has.
fn conserved(rig: &Rig) {
    let losses = rig.ask(&lossesCall { market: 1 });
    let mut sum = rig.accounted(&EVERYBODY) + rig.ask(&settlementCall { market: 1 })[4];
    sum += losses[0] + losses[1] + losses[2] + losses[5] + losses[6];
    let high = |word: U256| (word >> 112) & ((U256::from(1) << 112) - U256::from(1));
    let book = &losses[losses.len() - 6..];
    sum += high(book[1]) + high(book[3]); // what is held for traders, and what rounding left
    assert_eq!(sum, rig.balance(rig.perp), "what is accounted for and what is there differ");
}

/// A rig with a trader more, whose market has a reference.
fn traded() -> Rig {
    traded_on(Rig::new())
}

fn traded_on(mut rig: Rig) -> Rig {
    rig.fund(DAVE, 10_000_000);
    rig.call(DAVE, &depositCall { amount: rig.units(100_000) });
    rig.call(CAROL, &depositCall { amount: rig.units(100_000) });
    rig
}

/// Wound down with these positions, poked at `price` for an hour, and settled two days later: challenged for a day.
fn settled(rig: &mut Rig, scope: u32, price: i64) {
    rig.govern(&[decision(WIND_DOWN, scope)]);
    let settle = decision(SETTLE, scope);
    rig.call(GOVERNANCE, &proposeCall { words: settle.clone() });
    rig.advance(7 * DAY, START);
    poke(rig, 20, START);
    poke(rig, 40, price);
    conserved(rig);
    rig.call(CAROL, &executeCall { words: settle });
}

/// The price that stands, and the feeds it rests on.
fn standing(rig: &Rig) -> (u128, u64) {
    let word = rig.ask(&settlementCall { market: 1 })[0];
    let price: U256 = word & ((U256::from(1) << 120) - U256::from(1));
    let feeds: U256 = (word >> 160) & U256::from(255);
    (price.to(), feeds.to())
}

fn free(rig: &Rig, who: Address) -> U256 {
    rig.ask(&accountCall { who }).free
}

fn settle(account: Address) -> settleAccountCall {
    settleAccountCall { account, market: 1 }
}

#[test]
fn a_wind_down_waits_in_the_queue_leaves_exits_open_and_is_undone() {
    let mut rig = traded();
    open(&mut rig, ALICE, true, 5 * WAD, 5_000);
    for key in [ALICE, COUNCIL, PAUSER] {
        rig.refuses(key, &proposeCall { words: decision(WIND_DOWN, 1) }, MissingRole { who: key, role: 0 });
    }
    let words = decision(WIND_DOWN, 1);
    rig.call(GOVERNANCE, &proposeCall { words: words.clone() });
    let (start, execute) = (rig.now(), executeCall { words });
    rig.advance(2 * DAY - 1, START);
    rig.refuses(CAROL, &execute, TooEarly { now: start + 2 * DAY - 1, bound: start + 2 * DAY });
    rig.advance(1, START);
    rig.call(CAROL, &execute);
    assert_eq!(rig.incidents(), 0, "a decision is no incident");
    let decided = rig.ask(&decisionCall { scope: 1 });
    assert_eq!(decided[0], U256::from(2));
    assert_eq!(decided[2], U256::from(rig.now() + 2 * DAY));

    let stopped = Stopped { scope: 1, class: INCREASE, sources: 4, until: WITHOUT_END };
    let again =
        openCall { market: 1, isLong: true, size: U256::from(WAD), margin: rig.units(1_000), limitPrice: U256::ZERO };
    rig.refuses(BOB, &again, stopped.clone());
    rig.advance(365 * DAY, START);
    rig.refuses(BOB, &again, stopped);
    // Money goes in and out, positions are topped up and reduced, and who provides is not locked in.
    rig.call(BOB, &depositCall { amount: rig.units(10) });
    assert!(rig.call(BOB, &withdrawCall { amount: rig.units(1_000) }).is_zero());
    rig.call(ALICE, &topUpCall { market: 1, amount: rig.units(100) });
    rig.call(ALICE, &reduceCall { market: 1, size: U256::from(WAD), limitPrice: U256::ZERO });
    let out = rig.call(LP, &removeCall { shares: rig.units(1_000) * U256::from(1_000_000) });
    assert!(!out.amount.is_zero() && out.ticket.is_zero(), "{out:?}");
    let (who, call) = close(ALICE);
    rig.call(who, &call);
    conserved(&rig);
    // It is undone by the same way, and nothing else undoes it.
    rig.call(CAROL, &pokeCall { market: 1 });
    rig.refuses(COUNCIL, &unpauseCall { scope: 1 }, NoIncident { scope: 1 });
    rig.fails(BOB, &again);
    rig.govern(&[decision(REOPEN, 1)]);
    rig.call(BOB, &again);
    conserved(&rig);
}

#[test]
fn a_wind_down_of_the_protocol_lets_providers_leave_and_nobody_come() {
    let mut rig = traded();
    open(&mut rig, ALICE, true, 5 * WAD, 5_000);
    rig.govern(&[decision(WIND_DOWN, 0)]);
    let stopped = Stopped { scope: 0, class: INCREASE, sources: 4, until: WITHOUT_END };
    rig.refuses(LP, &provideCall { amount: rig.units(10) }, stopped);
    let out = rig.call(LP, &removeCall { shares: rig.units(1_000) * U256::from(1_000_000) });
    assert!(!out.amount.is_zero());
    // A price in doubt still shuts the door.
    rig.set_second(START / 100 * 106);
    let shares = rig.units(1_000) * U256::from(1_000_000);
    rig.refuses(LP, &removeCall { shares }, PriceInDoubt { deviationBps: 600, boundBps: 500 });
    conserved(&rig);
}

#[test]
fn decisions_are_refused_in_the_wrong_form_or_order() {
    let mut rig = traded();
    rig.refuses_change(decision(8, 1), MustWait { act: U256::from(8) });
    let long = [decision(WIND_DOWN, 1), vec![U256::from(1)]].concat();
    rig.refuses_change(long, InvalidLength { length: U256::from(1), expected: U256::ZERO });
    rig.refuses_change(decision(4, 0), InvalidLength { length: U256::ZERO, expected: U256::from(3) });
    rig.refuses_change(decision(WIND_DOWN, 7), UnknownMarket { market: 7, listed: 1 });
    rig.refuses_change(decision(SETTLE, 1), NotWoundDown {});
    rig.refuses(ALICE, &proposePriceCall { market: 1, hour: 0 }, NotSettling { market: U256::from(1) });
    rig.refuses(ALICE, &settle(BOB), NothingDue { account: BOB });
    rig.refuses(ALICE, &divideCall {}, NotSettling { market: U256::ZERO });
    open(&mut rig, ALICE, true, WAD, 1_000);
    rig.refuses(BOB, &settle(ALICE), NotSettling { market: U256::from(1) });
    // Both proposals can be made at once, and not carried out at once.
    for words in [decision(WIND_DOWN, 1), decision(SETTLE, 1)] {
        rig.call(GOVERNANCE, &proposeCall { words });
    }
    rig.advance(2 * DAY, START);
    rig.call(CAROL, &executeCall { words: decision(WIND_DOWN, 1) });
    let now = rig.now();
    let too_early = SettlementTooEarly { now, from: now + 2 * DAY };
    rig.refuses(CAROL, &executeCall { words: decision(SETTLE, 1) }, too_early);
}

/// A market with winners and losers on both sides; the price falls by a tenth.
fn crowd() -> Rig {
    crowded(traded())
}

fn crowded(mut rig: Rig) -> Rig {
    open(&mut rig, ALICE, true, 10 * WAD, 2_500); // loses 2,000
    open(&mut rig, BOB, false, 30 * WAD, 9_000); // wins 6,000
    open(&mut rig, CAROL, false, 7 * WAD + 1, 2_000); // wins 1,400
    open(&mut rig, DAVE, true, 12 * WAD, 2_500); // loses 2,400
    rig
}

const LOWER: i64 = START / 10 * 9;

#[test]
fn pp_20_a_market_is_settled_at_the_price_of_its_record_and_everybody_is_paid() {
    let mut rig = crowd();
    settled(&mut rig, 1, LOWER);
    let (price, feeds) = standing(&rig);
    let reference = rig.ask(&settlementCall { market: 1 })[5 + 3 * 32];
    assert_eq!(U256::from(price), reference, "the newest of the record");
    assert_eq!(feeds, 2);
    // Nothing trades any more, and nobody is liquidated; what is free leaves.
    for class in [INCREASE, LIQUIDATE, REDUCE, INFLOW] {
        rig.refuses(ALICE, &checkCall { market: 1, class }, ScopeSettling { scope: 1, class });
    }
    assert!(rig.call(ALICE, &withdrawCall { amount: rig.units(10) }).is_zero());
    let until = rig.now() + DAY;
    rig.refuses(BOB, &settle(ALICE), NotFixed { until: U256::from(until) });
    rig.wait(DAY); // no feed is asked from here on
    let before: Vec<_> = EVERYBODY.map(|who| free(&rig, who)).into();
    let pool = rig.ask(&poolCall {}).assets;
    for account in [BOB, ALICE, CAROL] {
        assert_eq!(rig.call(LP, &settle(account)), 0);
        conserved(&rig);
        rig.refuses(LP, &settle(BOB), NotCounted { market: U256::from(1) });
    }
    let outcome = rig.send(LP, &settle(DAVE));
    let divided: ProfitsDivided = outcome.event().expect("the last one divides");
    assert_eq!(divided.claims, divided.paid, "the pool has enough");
    conserved(&rig);
    assert_eq!(rig.call(ALICE, &settle(BOB)), 1);
    assert_eq!(rig.call(ALICE, &settle(CAROL)), 1);
    rig.refuses(BOB, &settle(BOB), NothingDue { account: BOB });
    rig.refuses(ALICE, &settle(ALICE), NothingDue { account: ALICE });
    conserved(&rig);
    let price = U256::from(price);
    let wad = U256::from(10).pow(U256::from(30)); // prices and sizes are WAD, the token has 6 decimals
    let entry = |size: u128| U256::from(size) * U256::from(2_000) / U256::from(10u128.pow(12));
    let up = |size: u128| (U256::from(size) * price).div_ceil(wad);
    let after: Vec<_> = EVERYBODY.map(|who| free(&rig, who)).into();
    // Shorts: what was sold less what it is worth, rounded up against them; longs: the loss out of the margin.
    assert_eq!(after[1] - before[1], rig.units(9_000) + entry(30 * WAD) - up(30 * WAD));
    assert_eq!(after[2] - before[2], rig.units(2_000) + entry(7 * WAD + 1) - up(7 * WAD + 1));
    assert_eq!(after[0] - before[0], rig.units(2_500) - (entry(10 * WAD) - U256::from(10 * WAD) * price / wad));
    assert_eq!(after[3] - before[3], rig.units(2_500) - (entry(12 * WAD) - U256::from(12 * WAD) * price / wad));
    assert!(rig.ask(&poolCall {}).assets < pool);
    // The pool's door opens again: nothing of the market is open.
    let shares = rig.ask(&accountCall { who: LP }).shares;
    rig.set_price(LOWER);
    assert!(!rig.call(LP, &removeCall { shares }).amount.is_zero());
    conserved(&rig);
    rig.refuses_change(decision(REOPEN, 1), SettlementFinal {});
}

#[test]
fn pp_20_what_rounding_leaves_of_a_side_keeps_no_door_shut() {
    let mut rig = crowd();
    // As after many deleveragings: a little more of a side than its positions sum to.
    let slot = root("perp.markets") + U256::from(4 + 1);
    let word: U256 = U256::from_be_bytes(rig.chain.storage(rig.perp, slot).0);
    rig.chain.set_storage(rig.perp, slot, word + U256::from(1_000_000_000u64));
    settled(&mut rig, 1, LOWER);
    rig.wait(DAY);
    for account in [ALICE, BOB, CAROL] {
        rig.call(LP, &settle(account));
    }
    rig.set_price(LOWER);
    let shares = rig.ask(&accountCall { who: LP }).shares;
    rig.refuses(LP, &removeCall { shares }, ScopeSettling { scope: 1, class: INCREASE });
    rig.call(LP, &settle(DAVE));
    rig.set_price(LOWER);
    assert!(!rig.call(LP, &removeCall { shares }).amount.is_zero());
    rig.call(LP, &settle(BOB));
    conserved(&rig);
}

/// Every order of four accounts.
fn orders() -> Vec<[Address; 4]> {
    let all = [ALICE, BOB, CAROL, DAVE];
    let mut orders = Vec::new();
    for a in 0..4 {
        for b in 0..4 {
            for c in 0..4 {
                for d in 0..4 {
                    if [b, c, d].iter().all(|x| *x != a) && b != c && b != d && c != d {
                        orders.push([all[a], all[b], all[c], all[d]]);
                    }
                }
            }
        }
    }
    assert_eq!(orders.len(), 24);
    orders
}

/// Has everybody settled in one order and paid in another: what everybody has then.
fn ended(mut rig: Rig, count: &[Address], paid: &[Address]) -> Vec<U256> {
    for account in count {
        rig.call(LP, &settle(*account));
        conserved(&rig);
    }
    for account in paid {
        let outcome = rig.chain.send(Tx::new(LP, rig.perp, settle(*account).abi_encode()));
        assert!(outcome.success || !rig.ask(&claimOfCall { account: *account, market: 1 }).gt(&U256::ZERO));
        conserved(&rig);
    }
    let pool = rig.ask(&poolCall {});
    let mut end: Vec<U256> = EVERYBODY.map(|who| free(&rig, who)).into();
    end.extend([pool.assets, pool.badDebt, pool.unpaid]);
    end.push(rig.ask(&settlementCall { market: 1 })[4]);
    end
}

#[test]
fn pp_21_any_order_of_claims_has_the_same_result_whole_or_not() {
    for short_of_money in [false, true] {
        let mut rig = crowd();
        if short_of_money {
            // What is in use may not leave, so a pool that cannot pay every winner is made by hand.
            let pool = root("perp.pool");
            let word: U256 = U256::from_be_bytes(rig.chain.storage(rig.perp, pool).0);
            let mask = (U256::from(1) << 128) - U256::from(1);
            let taken = (word & mask) - rig.units(1_000);
            rig.chain.set_storage(rig.perp, pool, word - taken);
            let (token, perp) = (rig.token, rig.perp);
            rig.on(perp, token, &transferCall { to: who(0x99), amount: taken });
        }
        conserved(&rig);
        settled(&mut rig, 1, LOWER);
        rig.wait(DAY);
        let orders = orders();
        let first = ended(rig.clone(), &orders[0], &orders[0]);
        for (at, order) in orders.iter().enumerate().step_by(if short_of_money { 1 } else { 5 }) {
            assert_eq!(ended(rig.clone(), order, &orders[(at * 7 + 5) % 24]), first, "{order:?}");
        }
        let unpaid = first[8];
        assert_eq!(unpaid > U256::ZERO, short_of_money, "{first:?}");
        if short_of_money {
            // One ratio for both winners, rounded down.
            let mut rig = rig;
            for account in [ALICE, BOB, CAROL, DAVE] {
                rig.call(LP, &settle(account));
            }
            let words = rig.ask(&settlementCall { market: 1 });
            for account in [CAROL, BOB] {
                let (claim, before) = (rig.ask(&claimOfCall { account, market: 1 }), free(&rig, account));
                let paid: ProfitPaid = rig.send(LP, &settle(account)).event().expect("ProfitPaid");
                assert_eq!((paid.claim, paid.paid), (claim, claim * words[2] / words[1]));
                assert_eq!(free(&rig, account) - before, paid.paid);
                assert!(paid.paid < claim && !paid.paid.is_zero());
            }
        }
    }
}

#[test]
fn pp_22_a_protocol_that_ends_pays_winners_then_who_provided_in_any_order() {
    let mut rig = crowd();
    rig.call(CAROL, &provideCall { amount: rig.units(12_345) });
    settled(&mut rig, 0, LOWER);
    rig.refuses(LP, &divideCall {}, NotCounted { market: U256::from(1) });
    rig.wait(DAY);
    for account in [DAVE, CAROL, BOB] {
        rig.call(LP, &settle(account));
        rig.refuses(LP, &settleSharesCall { account: LP }, NotCounted { market: U256::ZERO });
    }
    rig.call(LP, &settle(ALICE));
    rig.refuses(LP, &settle(BOB), NotCounted { market: U256::from(1) });
    let divided: Divided = rig.send(ALICE, &divideCall {}).event().expect("Divided");
    let pool = rig.ask(&poolCall {});
    assert_eq!(U256::from(divided.providers), pool.assets);
    assert_eq!(U256::from(divided.profits), rig.ask(&settlementCall { market: 1 })[4], "set apart");
    assert!(divided.profits > 0 && divided.providers > 0 && divided.residue == 0);
    rig.fails(ALICE, &divideCall {});
    let claims = |rig: &mut Rig, order: [u8; 4]| {
        for step in order {
            match step {
                0 => drop(rig.call(ALICE, &settle(BOB))),
                1 => drop(rig.call(ALICE, &settle(CAROL))),
                2 => drop(rig.call(ALICE, &settleSharesCall { account: LP })),
                _ => drop(rig.call(ALICE, &settleSharesCall { account: CAROL })),
            }
            conserved(rig);
        }
        let end: Vec<U256> = EVERYBODY.map(|who| free(rig, who)).into();
        (end, rig.ask(&poolCall {}).assets)
    };
    let first = claims(&mut rig.clone(), [0, 1, 2, 3]);
    for order in [[3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
        assert_eq!(claims(&mut rig.clone(), order), first);
    }
    // What is left is what the shares that nobody has are worth, and less than a unit a claim.
    let virtual_part = U256::from(divided.providers) / (pool.shares / U256::from(1_000_000)) + U256::from(4);
    assert!(first.1 <= virtual_part, "{} is left, {virtual_part} at most", first.1);
    claims(&mut rig, [0, 1, 2, 3]);
    rig.refuses(LP, &settleSharesCall { account: LP }, NothingDue { account: LP });
    rig.refuses(LP, &settle(BOB), NothingDue { account: BOB });
    assert!(rig.call(LP, &withdrawCall { amount: rig.units(1_000) }).is_zero());
    conserved(&rig);
}

#[test]
fn pp_22_shares_that_wait_in_a_ticket_keep_their_part() {
    let mut rig = crowded(traded_on(Rig::of(Plan { floor: 100_000, ..Plan::default() })));
    // What may leave now leaves; what is asked for then waits.
    let room = rig.ask(&bucketStateCall { bucket: 1 })[6];
    rig.call(LP, &removeCall { shares: room * U256::from(1_000_000) });
    let waiting = rig.units(100) * U256::from(1_000_000);
    let before = rig.ask(&accountCall { who: LP }).shares;
    let id: u128 = rig.call(LP, &removeCall { shares: waiting }).ticket.to();
    assert!(id > 0 && rig.ask(&accountCall { who: LP }).shares == before - waiting, "a ticket");
    settled(&mut rig, 0, LOWER);
    rig.wait(DAY);
    for account in [DAVE, CAROL, BOB, ALICE] {
        rig.call(LP, &settle(account));
    }
    rig.call(ALICE, &divideCall {});
    let mut other = rig.clone();
    let shares = settleSharesCall { account: LP };
    // Taken back before or after the rest was paid, to the same unit but for one of rounding.
    rig.call(LP, &shares);
    rig.call(LP, &cancelTicketCall { id });
    rig.call(ALICE, &shares);
    other.call(LP, &cancelTicketCall { id });
    other.call(BOB, &shares);
    let gap = free(&other, LP) - free(&rig, LP);
    assert!(gap <= U256::from(1), "{gap}");
    rig.refuses(LP, &shares, NothingDue { account: LP });
    conserved(&rig);
}

#[test]
fn pp_24_a_walked_price_hardly_moves_the_record_and_a_weaker_anchor_is_refused() {
    let mut rig = crowd();
    rig.govern(&[decision(WIND_DOWN, 1)]);
    let words = decision(SETTLE, 1);
    rig.call(GOVERNANCE, &proposeCall { words: words.clone() });
    rig.advance(7 * DAY, START);
    poke(&mut rig, 90, START);
    let honest = rig.ask(&settlementCall { market: 1 })[5 + 3 * 32];
    // Whoever holds both feeds for a second prints nine percent more, pokes, and has the settlement begin at once.
    rig.advance(1, START / 100 * 109);
    rig.call(ALICE, &pokeCall { market: 1 });
    rig.call(ALICE, &executeCall { words });
    let (price, _) = standing(&rig);
    let moved = U256::from(price).saturating_sub(honest);
    assert!(moved * U256::from(10_000) <= honest * U256::from(2), "moved by {moved} of {honest}");
    // The hours before are older, on as many feeds: weaker. What is seen from now on is too late.
    let hour = rig.now() / 3_600;
    let started = rig.now();
    let record = rig.ask(&settlementCall { market: 1 });
    let before = ((hour - 1) % 32) as usize;
    assert!(record[5 + 3 * before] > U256::ZERO, "the hour before was recorded");
    let weaker = WeakerAnchor { at: record[6 + 3 * before].to(), bound: started };
    rig.refuses(BOB, &challengePriceCall { market: 1, hour: before as u64 }, weaker);
    rig.refuses(BOB, &challengePriceCall { market: 1, hour: hour % 32 }, WeakerAnchor { at: started, bound: started });
    rig.advance(3_600, START * 2);
    rig.call(ALICE, &pokeCall { market: 1 });
    poke(&mut rig, 30, START);
    let late = rig.ask(&settlementCall { market: 1 })[6 + 3 * 32].to();
    rig.refuses(BOB, &challengePriceCall { market: 1, hour: 32 }, BadAnchor { at: late, bound: started });
    rig.refuses(BOB, &proposePriceCall { market: 1, hour: before as u64 }, AlreadySettling { started });
    rig.wait(DAY);
    let until = started + DAY;
    let now = rig.now();
    rig.refuses(BOB, &challengePriceCall { market: 1, hour: before as u64 }, NotChallengeable { until, now });
}

#[test]
fn pp_24_more_feeds_of_the_day_before_take_the_place_and_restart_the_day() {
    let mut rig = Rig::bare(Plan::default());
    let feeds = feeds_of_three(&mut rig);
    let words = rig.listing_of(rig.terms(), Params::default(), &feeds);
    rig.call(GOVERNANCE, &proposeCall { words: change::list(&words) });
    rig.advance(2 * DAY, START);
    third(&mut rig, START);
    rig.call(CAROL, &executeCall { words: change::list(&words) });
    rig.govern(&[decision(WIND_DOWN, 1)]);
    let settle = decision(SETTLE, 1);
    rig.call(GOVERNANCE, &proposeCall { words: settle.clone() });
    rig.advance(3 * DAY, START);
    third(&mut rig, START);
    for _ in 0..20 {
        rig.advance(60, START);
        third(&mut rig, START);
        rig.call(CAROL, &pokeCall { market: 1 });
    }
    let best = rig.now() / 3_600 % 32;
    // The third feed goes silent; the two that are left agree on less.
    rig.advance(2 * 3_600, START);
    poke(&mut rig, 30, START / 100 * 98);
    rig.call(CAROL, &executeCall { words: settle });
    let (price, feeds) = standing(&rig);
    assert_eq!(feeds, 2);
    rig.wait(DAY - 1);
    let outcome = rig.send(BOB, &challengePriceCall { market: 1, hour: best });
    let proposed: PriceProposed = outcome.event().expect("PriceProposed");
    assert_eq!((proposed.feeds, proposed.until), (3, rig.now() + DAY));
    assert!(proposed.price > price, "{} after {price}", proposed.price);
    rig.fails(BOB, &challengePriceCall { market: 1, hour: best });
}

/// The rig's feeds and one more, kept in the sequencer's place.
fn feeds_of_three(rig: &mut Rig) -> [U256; 3] {
    use alloy_sol_types::SolValue;
    let answer = alloy_primitives::I256::try_from(START).expect("fits");
    let arguments = (U256::from(8), answer).abi_encode_params();
    let extra = rig.chain.deploy_evm(DEPLOYER, &creation("MockV3Aggregator", &arguments)).expect("a feed");
    rig.programs.push(extra);
    [rig.anchor, rig.second, extra].map(|feed| aggregator(feed, 8, 100_000, MAX_AGE))
}

fn third(rig: &mut Rig, price: i64) {
    let (feed, answer) = (*rig.programs.last().expect("a feed"), price.try_into().expect("fits"));
    rig.on(DEPLOYER, feed, &updateAnswerCall { answer });
}

#[test]
fn a_pause_stops_claims_for_as_long_as_it_may_and_no_clock_of_the_price() {
    let mut rig = crowd();
    settled(&mut rig, 1, LOWER);
    rig.wait(DAY - 3_600);
    rig.call(PAUSER, &pauseCall { scopes: vec![1], classes: ALL_CLASSES, reason: 1 });
    rig.wait(7_200);
    rig.refuses(LP, &settle(ALICE), ScopeSettling { scope: 1, class: EXIT });
    rig.wait(PAUSE_SECS);
    rig.call(LP, &settle(ALICE));
    conserved(&rig);
}

#[test]
fn a_bankrupt_account_is_counted_like_any_other() {
    let mut rig = traded();
    open(&mut rig, ALICE, true, 50 * WAD, 10_000);
    open(&mut rig, BOB, false, 5 * WAD, 2_000);
    rig.govern(&[decision(WIND_DOWN, 1)]);
    rig.call(GOVERNANCE, &proposeCall { words: decision(SETTLE, 1) });
    rig.advance(7 * DAY, START);
    poke(&mut rig, 20, START);
    for step in 1..=40 {
        poke(&mut rig, 3, START / 200 * (200 - step));
    }
    poke(&mut rig, 90, START / 10 * 8);
    rig.call(CAROL, &executeCall { words: decision(SETTLE, 1) });
    rig.wait(DAY);
    let before = free(&rig, ALICE);
    let bad = rig.ask(&poolCall {}).badDebt;
    let outcome = rig.send(LP, &settle(ALICE));
    let counted: Counted = outcome.event().expect("Counted");
    assert!(counted.badDebt > U256::ZERO && counted.principal.is_zero(), "{counted:?}");
    assert_eq!(counted.loss, rig.units(10_000));
    assert_eq!(free(&rig, ALICE), before, "nobody owes more than his margin");
    assert_eq!(rig.ask(&poolCall {}).badDebt - bad, counted.badDebt);
    conserved(&rig);
    rig.call(LP, &settle(BOB));
    rig.call(LP, &settle(BOB));
    conserved(&rig);
}

#[test]
fn recovery_shrinks_what_may_leave_and_reopens_it_by_the_clock_alone() {
    let mut rig = Rig::of(Plan { floor: 100_000, ..Plan::default() });
    // What may leave by the main lane.
    let room = |rig: &Rig| rig.ask(&bucketStateCall { bucket: 0 })[6];
    let mut calm = rig.clone();
    rig.refuses(ALICE, &giveBackCall { incident: 1, amount: U256::from(1) }, UnknownIncident { id: 1, count: 0 });
    rig.set_second(START / 10 * 13);
    let outcome = rig.send(CAROL, &pokeCall { market: 1 });
    assert!(outcome.event::<Tightened>().is_some(), "the poke that opened the incident");
    assert!(room(&rig) < room(&calm), "less may leave at once");
    // Saying it again says nothing new.
    assert!(rig.send(BOB, &followCall {}).event::<Tightened>().is_none());
    let ends: u64 = rig.ask(&incidentCall { id: 1 })[8].to();
    let (mut last, mut shut, mut ramp) = (U256::ZERO, 0, 0);
    for _ in 0..30 {
        rig.wait(6 * 3_600);
        calm.wait(6 * 3_600);
        let (now, usual) = (room(&rig), room(&calm));
        if rig.now() < ends {
            assert!(now * U256::from(2) <= usual, "{now} of {usual} while it lasts");
            shut += 1;
        } else {
            assert!(now >= last && now <= usual, "{last} then {now} of {usual}");
            ramp += u64::from(now < usual);
        }
        last = now;
    }
    assert!(shut > 5 && ramp > 0, "{shut} {ramp}");
    assert_eq!(last, room(&calm), "open again, and nobody has called");
}

#[test]
fn pp_23_whoever_brings_money_back_keeps_the_bounty_and_nobody_else_pays_it() {
    let mut rig = traded();
    let text = U256::from(0xabcdef);
    rig.govern(&[change::harbour(1_000, rig.units(500), text)]);
    let terms = rig.ask(&harbourCall { incident: 1 });
    assert_eq!(terms[..4], [U256::from(1), U256::from(1_000), rig.units(500), text]);
    open(&mut rig, ALICE, true, 50 * WAD, 10_100);
    // An incident without a loss: money brought back is refused, so that nobody earns with his own.
    rig.set_second(START / 100 * 74);
    rig.call(CAROL, &pokeCall { market: 1 });
    let back = |amount: U256| giveBackCall { incident: 1, amount };
    let amount = rig.units(100);
    rig.refuses(BOB, &back(amount), NothingLost { incident: U256::from(1) });
    // The price did fall: the position is liquidated with a loss beyond its margin once prices are believed again.
    let lower = START / 100 * 74;
    rig.advance(4 * 3_600 + 60, lower);
    assert_eq!(rig.call(CAROL, &liquidateCall { market: 1, account: ALICE }), 0);
    conserved(&rig);
    let recorded = rig.ask(&harbourCall { incident: 1 })[4];
    assert!(recorded > U256::ZERO, "the loss is on record");
    let words = rig.ask(&incidentCall { id: 1 });
    assert!(words.contains(&recorded), "the journal has it: {words:?}");
    let (before, balance) = (free(&rig, BOB), rig.balance(BOB));
    let pool = rig.ask(&poolCall {}).assets;
    let outcome = rig.send(BOB, &back(amount));
    let returned: FundsReturned = outcome.event().expect("FundsReturned");
    assert_eq!((U256::from(returned.amount), U256::from(returned.bounty)), (amount, rig.units(10)));
    assert_eq!(balance - rig.balance(BOB), amount);
    assert_eq!(free(&rig, BOB) - before, rig.units(10), "the bounty, free at once");
    assert_eq!(rig.ask(&poolCall {}).assets - pool, rig.units(90), "the pool had borne it");
    conserved(&rig);
    // In one piece or in many, and never beyond what was lost: the rest is a gift.
    let rest = recorded - amount;
    let before = free(&rig, BOB);
    rig.call(BOB, &back(rest + rig.units(5_000)));
    let earned = free(&rig, BOB) - before;
    let most = (recorded / U256::from(10)).min(rig.units(500));
    assert_eq!(earned, most - rig.units(10));
    let before = free(&rig, BOB);
    rig.call(BOB, &back(rig.units(1_000)));
    assert_eq!(free(&rig, BOB), before, "his own money earns nothing");
    conserved(&rig);
    // The incident is over: no bounty, and no way to give by mistake.
    rig.advance(30 * DAY, lower);
    rig.refuses(BOB, &back(amount), IncidentClosed { incident: U256::from(1) });
}

#[test]
fn what_only_the_queue_decides_nobody_calls() {
    let rig = traded();
    let answer = |data: Vec<u8>| rig.chain.view(Tx::new(GOVERNANCE, rig.perp, data));
    let unknown = answer(hex!("deadbeef").to_vec());
    for data in
        [decideCall { words: decision(WIND_DOWN, 1) }.abi_encode(), countCall { market: 1, account: BOB }.abi_encode()]
    {
        let outcome = answer(data);
        assert!(!outcome.success);
        assert_eq!(outcome.output, unknown.output);
    }
}
