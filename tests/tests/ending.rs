//! The end of markets and of the protocol after losses, on the built programs: every order of counting has the same result,
//! and whoever is owed anything stands in one line.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolEvent};
use fusebox_testbed::{Outcome, Tx};
use fusebox_tests::{abi::*, change::decision, *};

const DAVE: Address = who(0x15);
const EVE: Address = who(0x16);
const USERS: [Address; 7] = [ALICE, BOB, CAROL, DAVE, EVE, LP, DEPLOYER];
const DAY: u64 = 86_400;
const ANY: U256 = U256::ZERO;

/// A position: whose, in which market.
type Place = (Address, u32);

fn u(n: u64) -> U256 {
    U256::from(n)
}

fn low(word: U256, bits: usize) -> U256 {
    word & ((U256::from(1) << bits) - U256::from(1))
}

/// Two markets on the same feeds, the second in a loss domain of its own if `apart`; a side up to twice the pool. Domain 0
/// draws up to this part of the fund in an epoch of a week, over its life up to `claim`.
fn rig(apart: bool, budget_bps: u128, claim: u64) -> Rig {
    let mut rig = Rig::of(Plan { floor: 1_000_000_000, ..Plan::default() });
    let claim: u128 = rig.units(claim).to();
    let mut words = rig.listing(Params::default());
    if apart {
        words[2] |= U256::from(1) << 200usize;
    }
    rig.govern(&[
        change::list(&words),
        change::cover(0, [0, 0, budget_bps, 7, claim]),
        change::recap(500, 5_000),
        change::parameter(1, 0x0509, 20_000),
    ]);
    rig.govern(&[change::parameter(2, 0x0509, 20_000)]);
    for user in USERS {
        rig.fund(user, 10_000_000);
        rig.call(user, &depositCall { amount: rig.units(1_000_000) });
    }
    rig
}

fn open(rig: &mut Rig, (who, market): Place, is_long: bool, ether: u64, margin: u64) {
    let (size, margin) = (U256::from(WAD) * U256::from(ether), rig.units(margin));
    rig.call(who, &openCall { market, isLong: is_long, size, margin, limitPrice: ANY });
}

/// Takes liquidity until what is left in the pool is `amount`, or a little more.
fn drain(rig: &mut Rig, amount: u64) {
    let pool = rig.ask(&poolCall {});
    let shares = (pool.assets - rig.units(amount)) * pool.shares / pool.assets;
    let removed = rig.call(LP, &removeCall { shares });
    assert!(removed.ticket.is_zero(), "a ticket");
}

/// A market's buffer, written where it is kept, with the money.
fn give_buffer(rig: &mut Rig, market: u64, amount: u64) {
    let (slot, amount) = (root("perp.markets") + U256::from(4 * market), rig.units(amount));
    let word = U256::from_be_bytes(rig.chain.storage(rig.perp, slot).0) | amount << 144;
    rig.chain.set_storage(rig.perp, slot, word);
    let (token, perp) = (rig.token, rig.perp);
    rig.on(DEPLOYER, token, &mintCall { to: perp, amount });
}

/// Everything that the protocol accounts for, by the views.
fn conserved(rig: &Rig) {
    let mut sum = rig.ask(&poolCall {}).assets;
    for who in USERS {
        sum += rig.ask(&accountCall { who }).free;
        sum += [1, 2, 3].iter().map(|market| rig.ask(&positionCall { who, market: *market }).margin).sum::<U256>();
    }
    for market in [1, 2, 3] {
        let losses = rig.ask(&lossesCall { market });
        sum += losses[0] + losses[1] + losses[2]; // buffer, reserves of both sides
        sum += rig.ask(&settlementCall { market })[4]; // what winners have not taken
    }
    let fund = rig.ask(&fundStateCall {});
    sum += low(fund[1], 96) + low(fund[3], 96) + low(fund[4] >> 96usize, 128); // staked, held back, owed
    for domain in [0, 1] {
        let book = rig.ask(&ledgerCall { domain });
        sum += low(book[3] >> 112usize, 112) + low(book[5] >> 112usize, 112); // held, residue
    }
    assert_eq!(sum, rig.balance(rig.perp), "what is accounted for and what is there differ");
}

fn poke(rig: &mut Rig, times: u64, price: i64) {
    for _ in 0..times {
        rig.advance(60, price);
        rig.call(BOB, &pokeCall { market: 1 });
        rig.call(BOB, &pokeCall { market: 2 });
    }
}

/// Wound down, and settled a week later at about `price`, which is fixed a day after.
fn settled(rig: &mut Rig, scope: u32, price: i64) {
    rig.govern(&[decision(1, scope)]);
    let settle = decision(3, scope);
    rig.call(GOVERNANCE, &proposeCall { words: settle.clone() });
    rig.advance(7 * DAY, price);
    poke(rig, 90, price);
    rig.call(CAROL, &executeCall { words: settle });
    conserved(rig);
    rig.wait(DAY);
}

fn settle((account, market): Place) -> settleAccountCall {
    settleAccountCall { account, market }
}

/// Every order of the first four, the others before or behind them.
fn orders(places: &[Place]) -> Vec<Vec<Place>> {
    let mut orders = Vec::new();
    for at in 0..256usize {
        let [a, b, c, d] = [at % 4, at / 4 % 4, at / 16 % 4, at / 64];
        if [b, c, d].contains(&a) || [c, d].contains(&b) || c == d {
            continue;
        }
        let mut order = Vec::from([places[a], places[b], places[c], places[d]]);
        let rest = &places[4..];
        if orders.len() % 2 == 0 {
            order.extend_from_slice(rest);
        } else {
            order.splice(0..0, rest.iter().copied());
        }
        orders.push(order);
    }
    assert_eq!(orders.len(), 24);
    orders
}

/// Sends what may have nothing to do.
fn attempt<C: SolCall>(rig: &mut Rig, from: Address, call: &C, closely: bool) {
    let outcome = rig.chain.send(Tx::new(from, rig.perp, call.abi_encode()));
    if closely && outcome.success {
        conserved(rig);
    }
}

/// Counts in this order, divides if all ends, then has everybody paid in the opposite one, shares and stakes between them:
/// what everybody has then, and what every book says. Looked at `closely`, all is conserved after every call.
fn ended(mut rig: Rig, whole: bool, count: &[Place], closely: bool) -> (Rig, Vec<U256>) {
    for place in count {
        assert_eq!(rig.call(EVE, &settle(*place)), 0);
        if closely {
            conserved(&rig);
        }
    }
    if whole {
        rig.call(EVE, &divideCall {});
    }
    conserved(&rig);
    for (at, place) in count.iter().rev().enumerate() {
        attempt(&mut rig, DAVE, &settle(*place), closely);
        if whole {
            let account = USERS[(at + count.len()) % USERS.len()];
            attempt(&mut rig, DAVE, &settleStakeCall { account }, closely);
            attempt(&mut rig, DAVE, &settleSharesCall { account }, closely);
        }
    }
    for account in USERS.into_iter().filter(|_| whole) {
        attempt(&mut rig, ALICE, &settleSharesCall { account }, closely);
        attempt(&mut rig, ALICE, &settleStakeCall { account }, closely);
    }
    conserved(&rig);
    let end = books(&rig);
    (rig, end)
}

/// What everybody has, and what every book says.
fn books(rig: &Rig) -> Vec<U256> {
    let mut end = Vec::new();
    for who in USERS {
        let account = rig.ask(&accountCall { who });
        end.extend([account.free, account.shares]);
        end.extend(rig.ask(&stakeOfCall { account: who }));
        for (market, domain) in [(1, 0), (2, 1)] {
            end.push(rig.ask(&claimOfCall { account: who, market }));
            for epoch in 0..4 {
                end.push(rig.ask(&dueOfCall { account: who, domain, epoch }));
            }
        }
    }
    let pool = rig.ask(&poolCall {});
    end.extend([pool.assets, pool.shares, pool.badDebt, pool.unpaid]);
    end.extend(rig.ask(&fundStateCall {}));
    for market in [1, 2] {
        end.extend(rig.ask(&lossesCall { market }));
        end.extend(&rig.ask(&settlementCall { market })[..5]);
        end.extend(rig.ask(&settlementCall { market }).iter().rev().take(3));
    }
    end
}

/// Every order has the same result, to the unit: the world afterwards.
fn in_any_order(rig: &Rig, whole: bool, places: &[Place]) -> Rig {
    let orders = orders(places);
    let (world, first) = ended(rig.clone(), whole, &orders[0], true);
    for order in &orders[1..] {
        assert_eq!(ended(rig.clone(), whole, order, false).1, first, "{order:?}");
    }
    world
}

fn free(rig: &Rig, who: Address) -> U256 {
    rig.ask(&accountCall { who }).free
}

fn all<E: SolEvent>(outcome: &Outcome) -> Vec<E> {
    outcome.logs.iter().filter_map(|log| log.decode::<E>()).collect()
}

/// What winners of a market claim, are paid, what earlier cuts ask and take of it, and what was lost beyond margins.
fn sums(rig: &Rig, market: u32) -> [U256; 5] {
    let words = rig.ask(&settlementCall { market });
    let [.., asked, collected, missing] = words[..] else { panic!("{words:?}") };
    [words[1], words[2], asked, collected, missing]
}

/// Domain 0's ledger: traders' claims that are owed, what is held for them, owed to providers, to the fund.
fn owed(rig: &Rig) -> [U256; 4] {
    let book = rig.ask(&ledgerCall { domain: 0 });
    let pair = |word: U256| (low(word, 112), low(word >> 112usize, 112));
    let ((total, repaid), (next, held), (providers, fund)) = (pair(book[2]), pair(book[3]), pair(book[4]));
    [total - repaid + next, held, providers, fund]
}

/// What domain 0 may still draw.
fn claim(rig: &Rig) -> U256 {
    low(rig.ask(&ledgerCall { domain: 0 })[1], 112)
}

const CRASH: i64 = START / 4 * 3;

/// Four positions of a market whose winning side was deleveraged and not settled: three shorts and a long. The bankrupt one
/// has been liquidated.
fn deleveraged(claim: u64) -> Rig {
    let mut rig = rig(false, 10_000, claim);
    open(&mut rig, (ALICE, 1), true, 100, 20_000);
    open(&mut rig, (BOB, 1), false, 60, 30_000);
    open(&mut rig, (CAROL, 1), false, 25, 12_000);
    open(&mut rig, (DAVE, 1), false, 15, 8_001);
    open(&mut rig, (EVE, 1), true, 5, 9_000);
    drain(&mut rig, 106_000);
    rig.advance(60, CRASH);
    let outcome = rig.send(CAROL, &liquidateCall { market: 1, account: ALICE });
    assert_eq!(all::<Deleveraged>(&outcome).len(), 1);
    conserved(&rig);
    rig
}

const SHORTS: [Place; 4] = [(BOB, 1), (CAROL, 1), (DAVE, 1), (EVE, 1)];

#[test]
fn pp_36_a_market_that_was_deleveraged_is_settled_in_any_order() {
    let mut rig = deleveraged(1_000_000);
    let [cut, _, providers, _] = owed(&rig);
    assert!(!cut.is_zero() && !providers.is_zero());
    settled(&mut rig, 1, CRASH);
    // Nobody's position is settled apart from its count.
    let started = rig.now() - DAY;
    rig.refuses(LP, &settleCall { market: 1, account: BOB }, AlreadySettling { started });
    let before = free(&rig, BOB);
    let margin = rig.ask(&positionCall { who: BOB, market: 1 }).margin;
    let outcome = rig.clone().send(LP, &settle((BOB, 1)));
    let stretch: PositionSettled = outcome.event().expect("PositionSettled");
    let counted: Counted = outcome.event().expect("Counted");
    assert!(!stretch.cut.is_zero() && !stretch.credit.is_zero());
    assert_eq!(counted.principal, margin + stretch.credit, "what was set apart for him is his at once");
    let end = in_any_order(&rig, false, &SHORTS);
    assert!(free(&end, BOB) > before + margin + stretch.credit);
    // Who was cut has a claim each, and together no more than was booked.
    let mut end = end;
    let sum: U256 = [BOB, CAROL, DAVE].map(|account| taken(&mut end, account)).into_iter().sum();
    assert!(sum <= cut && sum + u(4) >= cut, "{sum} of {cut}");
    assert_eq!(owed(&end)[0], U256::ZERO);
}

/// Repays what is owed to who was cut, and has an account take its claims.
fn taken(rig: &mut Rig, account: Address) -> U256 {
    let cut = owed(rig)[0];
    if !cut.is_zero() {
        rig.call(ALICE, &repayCall { market: 1, amount: cut.to() });
    }
    let before = free(rig, account);
    for epoch in 0..3 {
        rig.call(LP, &takeClaimCall { market: 1, account, epoch });
    }
    conserved(rig);
    free(rig, account) - before
}

#[test]
fn pp_38_at_the_end_of_all_the_fund_pays_who_was_cut_then_providers_then_stakers() {
    let mut rig = deleveraged(1_000_000);
    // Staked after the loss: nothing is drawn before the end.
    rig.call(LP, &stakeCall { amount: rig.units(60_000) });
    rig.call(CAROL, &stakeCall { amount: rig.units(20_000) + u(1) });
    let [cut, _, providers, _] = owed(&rig);
    settled(&mut rig, 0, CRASH);
    let end = in_any_order(&rig, true, &SHORTS);
    let [left, _, _, _] = owed(&end);
    assert_eq!(left, U256::ZERO, "who was cut is repaid in full");
    let drawn = rig.units(1_000_000) - claim(&end);
    assert!(drawn.abs_diff(cut + providers) <= u(8), "{drawn} for {cut} and {providers}");
    let all = rig.units(80_000) + u(1) - drawn;
    // Stakers: a part each of what is left, the floor included, to the unit.
    let gain = |who| free(&end, who) - free(&rig, who);
    let part = |stake: U256| all * stake / (rig.units(80_000) + u(1));
    let fund = low(end.ask(&fundStateCall {})[1], 96);
    assert!(fund <= u(2), "{fund} is left");
    let stakes = [rig.units(60_000), rig.units(20_000) + u(1)].map(part);
    let shares_of = |rig: &Rig, who| rig.ask(&stakeOfCall { account: who })[0] >> 96usize & U256::from(u128::MAX);
    assert!(!shares_of(&rig, LP).is_zero() && shares_of(&end, LP).is_zero() && shares_of(&end, CAROL).is_zero());
    assert!(gain(LP) > stakes[0], "his stake, and what he provided");
    // And who was cut takes it, whoever asks first.
    let mut end = end;
    let sum: U256 = [DAVE, BOB, CAROL].map(|account| taken(&mut end, account)).into_iter().sum();
    assert!(sum <= cut && sum + u(4) >= cut, "{sum} of {cut}");
    assert_eq!(owed(&end)[1], owed(&end)[1].min(u(4)), "nothing is held for nobody");
}

#[test]
fn pp_38_a_claim_bounds_what_the_fund_gives_a_domain_at_the_end() {
    let mut rig = deleveraged(5_000);
    rig.call(LP, &stakeCall { amount: rig.units(60_000) });
    let [cut, ..] = owed(&rig);
    assert!(cut > rig.units(5_000));
    settled(&mut rig, 0, CRASH);
    let (end, _) = ended(rig.clone(), true, &SHORTS, true);
    assert_eq!(claim(&end), U256::ZERO);
    assert!(owed(&end)[0] > cut - rig.units(5_000) - u(8), "the rest stays owed");
    assert!(free(&end, LP) - free(&rig, LP) >= rig.units(55_000));
}

/// Where a haircut has been made, and the positions that stand: winners of the second market among them, one of the first
/// closed out by deleveraging. The fund is empty, the pool at what it keeps.
fn cut() -> (Rig, Vec<Place>) {
    let mut rig = rig(false, 10_000, 1_000_000);
    give_buffer(&mut rig, 1, 1_000);
    open(&mut rig, (ALICE, 1), true, 100, 20_000);
    open(&mut rig, (BOB, 1), false, 5, 10_000);
    open(&mut rig, (CAROL, 1), true, 108, 160_000);
    open(&mut rig, (BOB, 2), false, 197, 60_000);
    open(&mut rig, (DAVE, 2), false, 7, 4_000);
    open(&mut rig, (EVE, 2), false, 4, 3_001);
    drain(&mut rig, 208_500);
    rig.advance(60, CRASH);
    // Pays profits until the pool is near what it keeps.
    rig.call(BOB, &reduceCall { market: 2, size: U256::from(WAD) * U256::from(192), limitPrice: ANY });
    let outcome = rig.send(CAROL, &liquidateCall { market: 1, account: ALICE });
    assert_eq!(all::<ProfitsCut>(&outcome).len(), 1, "no haircut");
    conserved(&rig);
    (rig, Vec::from([(BOB, 2), (DAVE, 2), (EVE, 2), (BOB, 1), (CAROL, 1)]))
}

#[test]
fn pp_36_earlier_cuts_are_borne_by_all_alike_whether_profits_have_grown_or_shrunk() {
    for (price, grown) in [(START / 100 * 65, true), (START / 100 * 88, false)] {
        let (mut rig, places) = cut();
        let outstanding = rig.ask(&lossesCall { market: 2 })[3];
        assert!(!outstanding.is_zero());
        rig.call(LP, &stakeCall { amount: rig.units(200_000) });
        for scope in [0, 2] {
            let mut rig = rig.clone();
            settled(&mut rig, scope, price);
            let places: Vec<Place> = match scope {
                0 => places.clone(),
                _ => places.iter().copied().filter(|place| place.1 == 2).collect(),
            };
            let end = if scope == 0 {
                in_any_order(&rig, true, &places)
            } else {
                let (end, first) = ended(rig.clone(), false, &places, true);
                for order in [[2, 0, 1], [1, 2, 0], [2, 1, 0], [0, 2, 1], [1, 0, 2]] {
                    let order = order.map(|at: usize| places[at]);
                    assert_eq!(ended(rig.clone(), false, &order, false).1, first);
                }
                end
            };
            let [claims, _, asked, collected, _] = sums(&end, 2);
            assert!(!asked.is_zero() && !claims.is_zero());
            assert_eq!(collected, asked.min(outstanding));
            assert_eq!(asked > outstanding, grown, "{asked} of {outstanding}");
            let left = end.ask(&lossesCall { market: 2 });
            // Alone, what is not asked of this market stays outstanding for the others of its domain; at the end of all
            // nobody is left who could pay it, and the pool is owed it instead.
            assert_eq!(left[3], if scope == 0 { U256::ZERO } else { outstanding - collected });
            if scope == 0 {
                assert_eq!(owed(&end)[0], U256::ZERO, "who was cut is repaid");
                let mut end = end;
                let sum: U256 = [BOB, DAVE, EVE].map(|account| taken(&mut end, account)).into_iter().sum();
                assert!(sum + u(16) >= collected, "{sum} of {collected}");
                assert!(owed(&end)[1] <= u(16), "{} is held for nobody", owed(&end)[1]);
            }
        }
    }
}

#[test]
fn pp_36_who_was_closed_out_and_not_settled_keeps_the_door_shut_until_he_is_counted() {
    let (mut rig, places) = cut();
    let words = rig.ask(&marketCall { market: 1 });
    assert!(words[6].is_zero() && !words[7].is_zero(), "the short side is closed out: {words:?}");
    settled(&mut rig, 1, CRASH);
    rig.call(LP, &settle((CAROL, 1)));
    conserved(&rig);
    assert!(rig.ask(&settlementCall { market: 1 })[3].is_zero(), "one is left");
    let shares = rig.units(1_000) * u(1_000_000);
    rig.set_price(CRASH);
    rig.refuses(LP, &removeCall { shares }, ScopeSettling { scope: 1, class: INCREASE });
    rig.call(LP, &settle((BOB, 1)));
    conserved(&rig);
    assert!(!rig.ask(&settlementCall { market: 1 })[3].is_zero());
    rig.set_price(CRASH);
    assert!(!rig.call(LP, &removeCall { shares }).amount.is_zero());
    assert!(places.contains(&(BOB, 1)));
}

#[test]
fn pp_36_what_no_profit_is_left_to_pay_is_written_off_when_nobody_is_left() {
    let (mut rig, _) = cut();
    rig.advance(DAY, START);
    poke(&mut rig, 30, START);
    for (account, market) in [(BOB, 2), (DAVE, 2), (EVE, 2), (CAROL, 1)] {
        rig.call(account, &closeCall { market, limitPrice: ANY });
        conserved(&rig);
    }
    let outstanding = rig.ask(&lossesCall { market: 1 })[3];
    assert!(!outstanding.is_zero(), "profits have gone before they were cut");
    // Bob was deleveraged in the first market and not settled: he might have had to pay.
    rig.call(LP, &releaseResidueCall { market: 2 });
    assert_eq!(rig.ask(&lossesCall { market: 1 })[3], outstanding);
    rig.call(LP, &settleCall { market: 1, account: BOB });
    let [cut, held, providers, _] = owed(&rig);
    rig.call(LP, &releaseResidueCall { market: 2 });
    conserved(&rig);
    let [left, still, more, _] = owed(&rig);
    let losses = rig.ask(&lossesCall { market: 1 });
    assert!(losses[3].is_zero() && losses[4] <= u(8), "{} {}", losses[3], losses[4]);
    assert!((cut - left).abs_diff(outstanding) <= u(8), "{cut} {left} {outstanding}");
    assert!((more - providers).abs_diff(outstanding) <= u(8), "the pool is owed it instead");
    assert_eq!(held, still);
    // What is left is what Bob gave when he was deleveraged.
    assert!(taken(&mut rig, BOB) + u(8) >= left);
}

/// There is no last count to do it in, and its buffer would be shut in until the protocol ends.
#[test]
fn pp_36_a_market_without_anybody_left_is_divided_by_anyone() {
    let mut rig = rig(true, 10_000, 1_000_000);
    give_buffer(&mut rig, 2, 500);
    settled(&mut rig, 2, START);
    assert!(rig.ask(&settlementCall { market: 2 })[3].is_zero());
    let before = rig.ask(&poolCall {}).assets;
    rig.call(BOB, &releaseResidueCall { market: 2 });
    conserved(&rig);
    assert_eq!(rig.ask(&settlementCall { market: 2 })[3], u(1));
    assert!(rig.ask(&poolCall {}).assets > before, "the buffer came back");
}

/// Otherwise a winner has the cuts that he was counted with forgiven, at the cost of who provided and who was cut.
#[test]
fn pp_36_nothing_is_written_off_between_the_last_count_and_the_division() {
    let (mut rig, places) = cut();
    settled(&mut rig, 0, START / 100 * 65);
    for place in &places {
        rig.call(EVE, &settle(*place));
    }
    let before = rig.ask(&lossesCall { market: 2 })[3];
    assert!(!before.is_zero());
    let mut tried = rig.clone();
    for market in [1, 2] {
        tried.call(BOB, &releaseResidueCall { market });
    }
    assert_eq!(tried.ask(&lossesCall { market: 2 })[3], before);
    for rig in [&mut rig, &mut tried] {
        rig.call(EVE, &divideCall {});
        for place in &places {
            attempt(rig, DAVE, &settle(*place), true);
        }
    }
    assert_eq!(books(&tried), books(&rig));
}

/// Otherwise every door would be shut for good, since nobody of it could be counted.
#[test]
fn pp_20_a_market_with_positions_that_nothing_has_priced_is_not_settled_before_something_has() {
    let mut rig = rig(true, 10_000, 1_000_000);
    open(&mut rig, (ALICE, 2), true, 10, 3_000);
    // A feed that dies before anybody has poked: the breaker has no reference, the record no hour.
    rig.govern(&[decision(1, 0)]);
    let words = decision(3, 0);
    rig.call(GOVERNANCE, &proposeCall { words: words.clone() });
    rig.wait(7 * DAY);
    let execute = executeCall { words };
    rig.refuses(CAROL, &execute, FundParameter { id: 24, value: ANY, bound: u(1) }); // feeds behind a price
    rig.set_price(START);
    let call = settleAccountCall { account: ALICE, market: 2 };
    rig.refuses(CAROL, &call, NotSettling { market: u(2) });
    poke(&mut rig, 30, START);
    rig.call(CAROL, &execute);
    rig.wait(DAY);
    assert_eq!(rig.call(CAROL, &call), 0);
    rig.call(CAROL, &divideCall {});
    conserved(&rig);
}

/// What is in the pool falls with every payment: a capacity that follows it would let the last wait for the floor's pace.
#[test]
fn pp_22_nobody_slows_what_is_due_after_the_division() {
    let mut rig = Rig::of(Plan { floor: 100, ..Plan::default() });
    let rebase = rebaseCall { bucket: 0 };
    rig.govern(&[decision(1, 0)]);
    let words = decision(3, 0);
    rig.call(GOVERNANCE, &proposeCall { words: words.clone() });
    rig.advance(7 * DAY, START);
    rig.call(BOB, &pokeCall { market: 1 });
    rig.call(CAROL, &executeCall { words });
    rig.wait(DAY);
    rig.call(LP, &divideCall {});
    let started = rig.now();
    // What was left low when all was divided may still rise.
    let mut last: Option<Rebased> = None;
    for _ in 0..3 {
        last = rig.send(EVE, &rebase).event().or(last);
        rig.wait(DAY);
    }
    let last = last.expect("Rebased");
    assert!(last.capacity > rig.units(100).to() && last.capacity > last.previousCapacity, "{}", last.capacity);
    rig.call(DAVE, &settleSharesCall { account: LP });
    assert!(rig.ask(&poolCall {}).assets < rig.units(1), "next to nothing is left to follow");
    for _ in 0..3 {
        rig.wait(DAY);
        rig.refuses(EVE, &rebase, AlreadySettling { started });
    }
}

/// What is left in the pool then is owed to who provided, and no market can still be warned of.
#[test]
fn pp_22_nobody_is_rewarded_out_of_what_is_divided() {
    let (mut rig, places) = bankrupt(10_000, 1_000_000);
    settled(&mut rig, 0, CRASH);
    for place in &places {
        rig.call(LP, &settle(*place));
    }
    let risen = |rig: &mut Rig| {
        let mut rewards = Vec::new();
        for _ in 0..3 {
            rig.advance(60, CRASH);
            rig.set_second(CRASH / 100 * 140);
            rewards.extend(all::<Rewarded>(&rig.send(EVE, &pokeCall { market: 1 })));
        }
        rewards
    };
    assert!(!risen(&mut rig.clone()).is_empty(), "there is a bounty before");
    rig.call(LP, &divideCall {});
    let (pool, free) = (rig.ask(&poolCall {}), self::free(&rig, EVE));
    assert!(risen(&mut rig).is_empty());
    assert_eq!((rig.ask(&poolCall {}), self::free(&rig, EVE)), (pool, free));
    conserved(&rig);
}

#[test]
fn pp_36_a_loss_of_the_domain_during_the_count_asks_nothing_of_it() {
    let mut rig = rig(false, 10_000, 1_000_000);
    rig.govern(&[change::list(&rig.listing(Params::default()))]);
    rig.govern(&[change::parameter(3, 0x0509, 20_000)]);
    let places = [(BOB, 1), (DAVE, 1), (EVE, 1), (LP, 1)];
    for ((account, market), (ether, margin)) in
        places.into_iter().zip([(10, 3_000), (6, 2_000), (3, 1_001), (9, 2_500)])
    {
        open(&mut rig, (account, market), account == LP, ether, margin);
    }
    open(&mut rig, (ALICE, 2), true, 100, 20_000);
    open(&mut rig, (BOB, 2), false, 5, 10_000);
    open(&mut rig, (CAROL, 2), true, 108, 160_000);
    open(&mut rig, (BOB, 3), false, 197, 60_000);
    open(&mut rig, (DAVE, 3), false, 11, 6_000);
    drain(&mut rig, 208_500);
    settled(&mut rig, 1, START / 100 * 97);
    let mut first = None;
    for at in 0..=4 {
        let mut rig = rig.clone();
        let (one, rest) = places.split_at(at);
        for place in one {
            rig.call(EVE, &settle(*place));
        }
        rig.advance(60, CRASH);
        rig.call(BOB, &reduceCall { market: 3, size: U256::from(WAD) * u(192), limitPrice: ANY });
        let outcome = rig.send(CAROL, &liquidateCall { market: 2, account: ALICE });
        assert_eq!(all::<ProfitsCut>(&outcome).len(), 1, "no haircut");
        conserved(&rig);
        for place in rest {
            rig.call(EVE, &settle(*place));
            conserved(&rig);
        }
        let sums = sums(&rig, 1);
        assert!(!sums[0].is_zero() && sums[2].is_zero() && sums[3].is_zero(), "{sums:?}");
        let paid = places.map(|(account, _)| {
            let before = free(&rig, account);
            attempt(&mut rig, ALICE, &settle((account, 1)), true);
            free(&rig, account) - before
        });
        assert_eq!((sums[0], paid), *first.get_or_insert((sums[0], paid)), "{at} counted before");
    }
}

/// Two markets, bankrupt positions and winners in both, a buffer and a fund; the second market in a domain that draws
/// nothing.
fn bankrupt(budget_bps: u128, claim: u64) -> (Rig, Vec<Place>) {
    let mut rig = rig(true, budget_bps, claim);
    give_buffer(&mut rig, 1, 1_000);
    rig.call(LP, &stakeCall { amount: rig.units(30_000) });
    rig.call(DAVE, &stakeCall { amount: rig.units(10_000) + u(3) });
    open(&mut rig, (ALICE, 1), true, 60, 14_001);
    open(&mut rig, (BOB, 1), false, 25, 9_000);
    open(&mut rig, (CAROL, 1), false, 31, 9_000);
    open(&mut rig, (EVE, 1), true, 30, 7_000);
    open(&mut rig, (BOB, 2), true, 20, 5_000);
    open(&mut rig, (CAROL, 2), false, 19, 9_000);
    let places = [(ALICE, 1), (CAROL, 2), (BOB, 1), (EVE, 1), (CAROL, 1), (BOB, 2)];
    (rig, Vec::from(places))
}

#[test]
fn pp_36_losses_beyond_margins_are_borne_once_by_buffer_fund_and_pool_in_any_order_and_across_epochs() {
    let (mut rig, places) = bankrupt(2_500, 1_000_000);
    settled(&mut rig, 1, CRASH);
    let first: Vec<Place> = places.iter().copied().filter(|place| place.1 == 1).collect();
    let before = low(rig.ask(&fundStateCall {})[1], 96);
    let end = in_any_order(&rig, false, &first);
    let [_, _, _, _, missing] = sums(&end, 1);
    let drawn = before - low(end.ask(&fundStateCall {})[1], 96);
    assert!(missing > rig.units(20_000), "{missing}");
    assert_eq!(drawn, (before - u(1_000_000)) / u(4), "the budget of what is above the floor, once");
    assert_eq!(end.ask(&poolCall {}).badDebt, missing - drawn - rig.units(1_000));
    assert_eq!(end.ask(&lossesCall { market: 1 })[0], U256::ZERO, "the buffer");
    // Counted across the end of an epoch, or all of it in a later one: the budget of the beginning and no other.
    for at in 0..4 {
        let mut late = rig.clone();
        let (one, rest) = first.split_at(at);
        for place in one {
            late.call(LP, &settle(*place));
        }
        late.wait(8 * DAY);
        for place in rest {
            late.call(LP, &settle(*place));
            conserved(&late);
        }
        assert_eq!(before - low(late.ask(&fundStateCall {})[1], 96), drawn, "{at} before the end of the epoch");
        assert_eq!(late.ask(&poolCall {}), end_of(&rig, &first), "{at}");
    }
}

/// The pool once these are counted.
fn end_of(rig: &Rig, places: &[Place]) -> poolReturn {
    let mut rig = rig.clone();
    for place in places {
        rig.call(LP, &settle(*place));
    }
    rig.ask(&poolCall {})
}

#[test]
fn pp_37_a_protocol_that_ends_with_losses_is_divided_in_any_order() {
    for claim in [0, 500, 1_000_000] {
        let (mut rig, places) = bankrupt(1_000, claim);
        // Short of liquidity, so that winners are not paid in full by the pool.
        drain(&mut rig, 100_000);
        let pool = root("perp.pool");
        let word: U256 = U256::from_be_bytes(rig.chain.storage(rig.perp, pool).0);
        let taken = low(word, 128) - rig.units(9_000);
        rig.chain.set_storage(rig.perp, pool, word - taken);
        let (token, perp) = (rig.token, rig.perp);
        rig.on(perp, token, &transferCall { to: who(0x99), amount: taken });
        settled(&mut rig, 0, CRASH);
        let before = low(rig.ask(&fundStateCall {})[1], 96);
        let end =
            if claim == 0 { ended(rig.clone(), true, &places, true).0 } else { in_any_order(&rig, true, &places) };
        let (one, two) = (sums(&end, 1), sums(&end, 2));
        assert!(two[1] < two[0], "the second domain draws nothing: {two:?}");
        match claim {
            0 => assert!(one[1] < one[0] && one[1] * two[0] / one[0] <= two[1] + u(1), "one ratio"),
            500 => assert!(one[1] < one[0] && one[1] * two[0] / one[0] > two[1], "{one:?} {two:?}"),
            _ => assert_eq!(one[1], one[0], "whole"),
        }
        let short = one[0] + two[0] - one[1] - two[1];
        assert_eq!(end.ask(&poolCall {}).unpaid, short);
        // Nothing is left but dust of rounding and the virtual shares' part; stakers have what the domain did not draw.
        let staked = free(&end, LP) + free(&end, DAVE) - free(&rig, LP) - free(&rig, DAVE);
        assert!(staked + u(2) >= before - (rig.units(claim) - self::claim(&end)), "{staked} of {before}");
        assert!(low(end.ask(&fundStateCall {})[1], 96) <= u(2));
        for market in [1, 2] {
            assert!(end.ask(&settlementCall { market })[4] <= u(8));
        }
    }
}

#[test]
fn pp_39_nobody_enters_the_fund_or_leaves_it_between_the_price_and_the_last_count() {
    let (mut rig, places) = bankrupt(10_000, 1_000_000);
    let shares = rig.ask(&stakeOfCall { account: DAVE })[0] >> 96usize & U256::from(u128::MAX);
    rig.govern(&[decision(1, 1)]);
    let words = decision(3, 1);
    rig.call(DAVE, &requestRedeemCall { shares });
    rig.advance(2 * DAY, START);
    rig.call(GOVERNANCE, &proposeCall { words: words.clone() });
    rig.advance(8 * DAY, CRASH);
    poke(&mut rig, 90, CRASH);
    let mut early = rig.clone();
    rig.call(CAROL, &executeCall { words });
    // The price is known, and what the fund will pay can be reckoned: nobody leaves before it has.
    let amount = rig.units(10);
    rig.refuses(DAVE, &redeemCall { shares }, NotCounted { market: u(1) });
    rig.refuses(EVE, &stakeCall { amount }, NotCounted { market: u(1) });
    rig.wait(DAY);
    for place in places.iter().filter(|place| place.1 == 1) {
        rig.refuses(DAVE, &redeemCall { shares }, NotCounted { market: u(1) });
        rig.call(LP, &settle(*place));
    }
    // Anyone has ended that by counting; the request was hit like any share.
    let worth = rig.ask(&stakeOfCall { account: DAVE })[3];
    assert!(worth < rig.units(5_000), "{worth}");
    assert_eq!(rig.call(DAVE, &redeemCall { shares }), worth);
    conserved(&rig);
    // Until the settlement begins nobody knows its price, and who stands in his days may go.
    assert_eq!(early.call(DAVE, &redeemCall { shares }), rig.units(10_000) + u(3));
}

#[test]
fn pp_39_when_all_ends_a_stake_is_paid_without_a_cool_down_once_and_by_anyone() {
    let (mut rig, places) = bankrupt(10_000, 1_000_000);
    rig.call(PAUSER, &heartbeatCall {});
    let shares = rig.ask(&stakeOfCall { account: DAVE })[0] >> 96usize & U256::from(u128::MAX);
    rig.call(DAVE, &requestRedeemCall { shares: shares / u(2) });
    settled(&mut rig, 0, CRASH);
    rig.refuses(LP, &settleStakeCall { account: DAVE }, NotCounted { market: U256::ZERO });
    rig.refuses(DAVE, &redeemCall { shares: u(1) }, AlreadySettling { started: 0 });
    rig.refuses(EVE, &stakeCall { amount: u(1_000) }, ScopeSettling { scope: 0, class: INFLOW });
    for place in &places {
        rig.refuses(LP, &settleStakeCall { account: DAVE }, NotCounted { market: U256::ZERO });
        rig.call(LP, &settle(*place));
    }
    let mut late = rig.clone();
    rig.call(LP, &divideCall {});
    let (before, worth) = (free(&rig, DAVE), rig.ask(&stakeOfCall { account: DAVE })[3]);
    rig.call(LP, &settleStakeCall { account: DAVE });
    assert_eq!(free(&rig, DAVE) - before, worth);
    rig.refuses(LP, &settleStakeCall { account: DAVE }, NothingDue { account: DAVE });
    rig.refuses(LP, &settleStakeCall { account: EVE }, NothingDue { account: EVE });
    rig.refuses(DAVE, &redeemCall { shares: u(1) }, AlreadySettling { started: rig.now() });
    rig.fails(LP, &divideCall {});
    rig.refuses(LP, &repayCall { market: 1, amount: 1_000 }, AlreadySettling { started: rig.now() });
    assert!(rig.call(DAVE, &withdrawCall { amount: worth }).is_zero(), "what he was paid leaves");
    conserved(&rig);
    // Who divides, and when, makes no difference.
    late.wait(8 * DAY);
    late.call(DAVE, &divideCall {});
    assert_eq!(late.ask(&stakeOfCall { account: DAVE })[3], worth);
    assert_eq!(sums(&late, 1), sums(&rig, 1));
    // A pause of exits stops it for as long as it may.
    late.call(PAUSER, &pauseCall { scopes: vec![0], classes: ALL_CLASSES, reason: 1 });
    late.refuses(LP, &settleStakeCall { account: DAVE }, ScopeSettling { scope: 0, class: EXIT });
    late.wait(PAUSE_SECS);
    late.call(LP, &settleStakeCall { account: DAVE });
}
