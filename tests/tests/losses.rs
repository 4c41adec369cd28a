//! Losses on the built programs: every layer alone and all together, settling, claims, surcharges, conservation, gas.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolEvent};
use fusebox_testbed::{Outcome, Tx};
use fusebox_tests::{abi::*, *};

const USERS: [Address; 5] = [ALICE, BOB, CAROL, LP, DEPLOYER];
const ANY: U256 = U256::ZERO;

/// Two markets on the same feeds and in one domain, a side up to twice the pool, the fund's terms and surcharges set.
fn rig() -> Rig {
    let mut rig = Rig::of(Plan { floor: 1_000_000_000, ..Plan::default() });
    let head = |id: u64| U256::from(7 | id << 8);
    let of = |id: u64, args: &[u64]| {
        std::iter::once(head(id)).chain(args.iter().map(|arg| U256::from(*arg))).collect::<Vec<_>>()
    };
    let changes = [
        change::list(&rig.listing(Params::default())),
        of(5, &[0, 0, 10_000, 365, 1 << 60]),
        of(6, &[500, 5_000]),
        change::parameter(1, 0x0509, 20_000),
        change::parameter(1, 0x0515, 2_000),
        change::parameter(1, 0x0516, 1_500),
    ];
    // Its target follows the share, which has to be there first.
    let (last, first) = changes.split_last().unwrap();
    rig.govern(first);
    rig.govern(std::slice::from_ref(last));
    rig.govern(&[change::parameter(2, 0x0509, 20_000)]);
    for user in [ALICE, BOB, CAROL, DEPLOYER] {
        rig.fund(user, 10_000_000);
        rig.call(user, &depositCall { amount: rig.units(1_000_000) });
    }
    rig
}

fn open(rig: &mut Rig, who: Address, market: u32, is_long: bool, ether: u64, margin: u64) {
    let (size, margin) = (U256::from(WAD) * U256::from(ether), rig.units(margin));
    rig.call(who, &openCall { market, isLong: is_long, size, margin, limitPrice: ANY });
}

/// Takes liquidity until what is left in the pool is `amount`, or a little more.
fn drain(rig: &mut Rig, amount: u64) {
    let pool = rig.ask(&poolCall {});
    let target = rig.units(amount);
    let shares = (pool.assets - target) * pool.shares / pool.assets;
    let removed = rig.call(LP, &removeCall { shares });
    assert!(removed.ticket.is_zero(), "a ticket");
}

/// High and low half of a word of two amounts of 112 bits.
fn pair(word: U256) -> (U256, U256) {
    let ones = (U256::from(1) << 112) - U256::from(1);
    (word & ones, (word >> 112) & ones)
}

/// Everything that the protocol accounts for, by the views.
fn accounted(rig: &Rig) -> U256 {
    let mut sum = rig.ask(&poolCall {}).assets;
    for who in USERS {
        sum += rig.ask(&accountCall { who }).free;
        for market in [1, 2] {
            sum += rig.ask(&positionCall { who, market }).margin;
        }
    }
    for market in [1, 2] {
        let words = rig.ask(&lossesCall { market });
        sum += words[0] + words[1] + words[2]; // buffer and reserves
    }
    let words = rig.ask(&lossesCall { market: 1 }); // of the domain, which both have, and of the fund
    sum + words[5] + words[6] + pair(words[10]).1 + pair(words[12]).1
}

fn conserved(rig: &Rig) {
    assert_eq!(accounted(rig), rig.balance(rig.perp));
}

/// What each step bore, from its events.
fn borne(outcome: &Outcome) -> [U256; 7] {
    let mut parts = [U256::ZERO; 7];
    for event in outcome.logs.iter().filter_map(|log| log.decode::<LossBorne>()) {
        parts[usize::from(event.step)] += U256::from(event.amount);
    }
    parts
}

fn all<E: SolEvent>(outcome: &Outcome) -> Vec<E> {
    outcome.logs.iter().filter_map(|log| log.decode::<E>()).collect()
}

/// Liquidates: what each step bore, which sums to the loss.
fn liquidate(rig: &mut Rig, who: Address) -> ([U256; 7], Outcome) {
    let outcome = rig.send(CAROL, &liquidateCall { market: 1, account: who });
    let event: Liquidated = outcome.event().expect("Liquidated");
    let parts = borne(&outcome);
    if !event.badDebt.is_zero() {
        assert_eq!(parts.iter().sum::<U256>(), event.loss);
        assert_eq!(parts[1..].iter().sum::<U256>(), event.badDebt);
    }
    conserved(rig);
    (parts, outcome)
}

/// Alice long 100 at 2,000 with 20,000; the price falls to 1,500: 50,000 are lost, 18,500 are there.
fn bankrupt(rig: &mut Rig) {
    open(rig, ALICE, 1, true, 100, 20_000);
}

fn crash(rig: &mut Rig) {
    rig.advance(60, START / 4 * 3);
}

#[test]
fn pp_10_the_pool_bears_a_loss_alone() {
    let mut rig = rig();
    bankrupt(&mut rig);
    crash(&mut rig);
    let before = rig.ask(&poolCall {});
    let (parts, _) = liquidate(&mut rig, ALICE);
    let pool = rig.ask(&poolCall {});
    assert_eq!((parts[0], parts[3]), (rig.units(18_500), rig.units(31_500)));
    assert_eq!((pool.assets - before.assets, pool.badDebt), (rig.units(18_500), rig.units(31_500)));
}

/// A market's buffer, written where it is kept, with the money.
fn give_buffer(rig: &mut Rig, market: u64, amount: u64) {
    let (slot, amount) = (root("perp.markets") + U256::from(4 * market), rig.units(amount));
    let word = U256::from_be_bytes(rig.chain.storage(rig.perp, slot).0) | amount << 144;
    rig.chain.set_storage(rig.perp, slot, word);
    let (token, perp) = (rig.token, rig.perp);
    rig.on(DEPLOYER, token, &mintCall { to: perp, amount });
    conserved(rig);
}

#[test]
fn pp_10_the_buffer_bears_a_loss_before_the_pool() {
    let mut rig = rig();
    give_buffer(&mut rig, 1, 40_000);
    bankrupt(&mut rig);
    crash(&mut rig);
    let (parts, _) = liquidate(&mut rig, ALICE);
    assert_eq!((parts[1], parts[3]), (rig.units(31_500), U256::ZERO));
    assert_eq!(rig.ask(&lossesCall { market: 1 })[0], rig.units(8_500));
    assert_eq!(rig.ask(&poolCall {}).badDebt, U256::ZERO);
}

#[test]
fn pp_10_the_fund_bears_a_loss_before_the_pool_and_surcharges_repay_it() {
    let mut rig = rig();
    rig.call(CAROL, &stakeCall { amount: rig.units(50_000) });
    conserved(&rig);
    bankrupt(&mut rig);
    crash(&mut rig);
    let (parts, _) = liquidate(&mut rig, ALICE);
    assert_eq!((parts[2], parts[3]), (rig.units(31_500), U256::ZERO));
    assert_eq!(rig.ask(&lossesCall { market: 1 })[5], rig.units(18_500));
    // The market is marked: a trade pays half of its fee more, as nothing near the target is there, to the fund.
    let size = U256::from(WAD) * U256::from(10);
    let call = openCall { market: 2, isLong: true, size, margin: rig.units(5_000), limitPrice: ANY };
    let outcome = rig.send(BOB, &call);
    let (fee, extra) = (all::<Increased>(&outcome)[0].fee, all::<Surcharged>(&outcome)[0].amount);
    assert!(extra > fee / U256::from(4) && extra <= fee / U256::from(2), "{extra} on {fee}");
    assert_eq!(rig.ask(&lossesCall { market: 1 })[5], rig.units(18_500) + extra);
    conserved(&rig);
    // Paid back in full, nobody is asked for more, and the mark is gone with the next trade.
    rig.call(BOB, &repayCall { market: 1, amount: (rig.units(31_500) - extra).to() });
    conserved(&rig);
    let outcome = rig.send(BOB, &reduceCall { market: 2, size: size / U256::from(2), limitPrice: ANY });
    assert!(all::<Surcharged>(&outcome).is_empty());
    assert_eq!(rig.ask(&marketCall { market: 1 })[0] >> 254, U256::ZERO);
}

/// Who has won is closed in part between mark and bankruptcy, keeps every margin and most of the profit.
fn deleveraged() -> (Rig, U256) {
    let mut rig = rig();
    bankrupt(&mut rig);
    open(&mut rig, BOB, 1, false, 100, 40_000);
    drain(&mut rig, 101_000);
    crash(&mut rig);
    let (parts, outcome) = liquidate(&mut rig, ALICE);
    let event: Deleveraged = outcome.event().expect("Deleveraged");
    assert!(!event.isLong && event.price > U256::from(1_500) * U256::from(WAD));
    assert_eq!((parts[4], parts[5], parts[6]), (event.cover, U256::ZERO, U256::ZERO));
    assert_eq!(parts[3] + parts[4], rig.units(31_500));
    (rig, parts[4])
}

#[test]
fn pp_10_the_pool_keeps_its_floor_and_the_other_side_bears_the_rest() {
    let (mut rig, cover) = deleveraged();
    assert!(cover > U256::ZERO);
    let short = rig.ask(&marketCall { market: 1 })[7];
    assert!(rig.ask(&poolCall {}).assets + rig.ask(&lossesCall { market: 1 })[2] >= short / U256::from(2));
    // Settled by anybody, once; nothing but profit is taken.
    let before = rig.ask(&positionCall { who: BOB, market: 1 });
    let outcome = rig.send(LP, &settleCall { market: 1, account: BOB });
    let settled: PositionSettled = outcome.event().expect("PositionSettled");
    conserved(&rig);
    let after = rig.ask(&positionCall { who: BOB, market: 1 });
    assert_eq!(after.margin, before.margin + settled.credit);
    assert_eq!((after.size, settled.badDebt), (before.size - settled.closed, U256::ZERO));
    assert!(settled.cut <= cover && settled.cut + U256::from(2) >= cover, "{} of {cover}", settled.cut);
    assert!(!settled.credit.is_zero());
    assert!(all::<PositionSettled>(&rig.send(LP, &settleCall { market: 1, account: BOB })).is_empty());
    // What he bore is his claim: repaid first, and taken by him.
    let free = rig.ask(&accountCall { who: BOB }).free;
    rig.call(CAROL, &repayCall { market: 1, amount: cover.to() });
    rig.call(CAROL, &takeClaimCall { market: 1, account: BOB, epoch: 1 });
    let claim = settled.cut - U256::from(1); // what he bore, rounded down
    assert_eq!(rig.ask(&accountCall { who: BOB }).free - free, claim);
    conserved(&rig);
}

#[test]
fn pp_11_a_trade_settles_first_and_closing_then_takes_what_is_left() {
    let (rig, _) = deleveraged();
    let end = |touched: bool| {
        let mut rig = rig.clone();
        if touched {
            rig.call(LP, &settleCall { market: 1, account: BOB });
        }
        let outcome = rig.send(BOB, &closeCall { market: 1, limitPrice: ANY });
        assert_eq!(all::<PositionSettled>(&outcome).len(), usize::from(!touched));
        conserved(&rig);
        rig.ask(&accountCall { who: BOB }).free
    };
    assert_eq!(end(true), end(false), "it matters who settled");
    let paid = rig.ask(&accountCall { who: BOB }).free;
    assert!(end(true) > paid + rig.units(40_000), "principal was lost");
    let mut rig = rig.clone();
    let outcome = rig.send(BOB, &topUpCall { market: 1, amount: rig.units(1) });
    assert_eq!(all::<PositionSettled>(&outcome).len(), 1);
    conserved(&rig);
}

/// All layers: a buffer, a fund with little, a pool near its floor, a small other side, and profits in the second market.
fn cascade() -> (Rig, [U256; 7], Outcome) {
    let mut rig = rig();
    give_buffer(&mut rig, 1, 1_000);
    rig.call(CAROL, &stakeCall { amount: rig.units(2_000) });
    bankrupt(&mut rig);
    open(&mut rig, BOB, 1, false, 5, 10_000);
    open(&mut rig, CAROL, 1, true, 100, 150_000);
    open(&mut rig, BOB, 2, false, 200, 60_000);
    drain(&mut rig, 201_000);
    crash(&mut rig);
    // Pays profits until the pool is near what it keeps.
    rig.call(BOB, &reduceCall { market: 2, size: U256::from(WAD) * U256::from(190), limitPrice: ANY });
    let (parts, outcome) = liquidate(&mut rig, ALICE);
    (rig, parts, outcome)
}

#[test]
fn pp_10_every_layer_bears_its_part_in_one_loss() {
    let (mut rig, parts, outcome) = cascade();
    assert!(parts[..6].iter().all(|part| !part.is_zero()) && parts[6].is_zero(), "{parts:?}");
    let cut: ProfitsCut = outcome.event().expect("ProfitsCut");
    assert_eq!(U256::from(cut.charged - cut.residue), parts[5]);
    let words = rig.ask(&lossesCall { market: 2 });
    assert_eq!((words[3], words[4]), (U256::from(cut.charged), U256::from(cut.charged) + parts[4]));
    // What nobody of these gave the pool lacks, until the rest comes in.
    let pool = rig.ask(&poolCall {});
    assert_eq!(pool.badDebt, parts[3]);
    // The profit that stood pays its part when its position is next traded: in any market of the domain.
    let profit = rig.units(5_000);
    let outcome = rig.send(BOB, &closeCall { market: 2, limitPrice: ANY });
    let paid: ProfitCut = outcome.event().expect("ProfitCut");
    assert_eq!((paid.profit, paid.cut), (profit, U256::from(cut.charged)));
    assert_eq!(all::<Reduced>(&outcome)[0].profit, profit - paid.cut);
    conserved(&rig);
    // Who opens from now on pays nothing of it.
    open(&mut rig, BOB, 2, true, 10, 10_000);
    rig.advance(60, START / 100 * 80);
    let outcome = rig.send(BOB, &closeCall { market: 2, limitPrice: ANY });
    assert!(all::<ProfitCut>(&outcome).is_empty() && !all::<Reduced>(&outcome)[0].profit.is_zero());
    rig.call(LP, &settleCall { market: 1, account: BOB });
    assert!(rig.ask(&lossesCall { market: 1 })[4] <= U256::from(2)); // what rounding leaves
    rig.call(LP, &releaseResidueCall { market: 1 });
    conserved(&rig);
}

#[test]
fn pp_12_a_mark_stays_where_profits_were_cut_and_positions_remember_how_much() {
    let (mut rig, ..) = cascade();
    let marked = |rig: &Rig| [1, 2].map(|market| (rig.ask(&marketCall { market })[0] >> 254) == U256::from(1));
    assert_eq!(marked(&rig), [true, true]);
    rig.call(CAROL, &repayCall { market: 2, amount: rig.units(100_000).to() });
    assert_eq!(marked(&rig), [true, true]);
    // Without anything owed there is no surcharge, and the standing profit still pays.
    let outcome = rig.send(BOB, &reduceCall { market: 2, size: U256::from(WAD), limitPrice: ANY });
    assert!(all::<Surcharged>(&outcome).is_empty() && all::<ProfitCut>(&outcome).len() == 1);
    let outcome = rig.send(BOB, &closeCall { market: 2, limitPrice: ANY });
    assert!(all::<ProfitCut>(&outcome).is_empty(), "cut twice");
    conserved(&rig);
}

/// What is still to come from those who were cut is not paid to a provider who leaves, and is not given to who comes.
#[test]
fn pp_15_who_leaves_before_cuts_are_collected_takes_nothing_from_who_stays() {
    let (rig, ..) = cascade();
    let shares = rig.ask(&accountCall { who: LP }).shares / U256::from(20);
    let collected = |rig: &mut Rig| {
        rig.call(LP, &settleCall { market: 1, account: BOB });
        for (who, market) in [(BOB, 2), (CAROL, 1)] {
            rig.call(who, &closeCall { market, limitPrice: ANY });
        }
        conserved(rig);
    };
    let value = |rig: &mut Rig| rig.call(LP, &removeCall { shares }).amount;
    let mut early = rig.clone();
    let before = value(&mut early);
    let mut late = rig.clone();
    collected(&mut late);
    let after = value(&mut late);
    assert!(before <= after, "{before} before, {after} after");
    // Who comes before the cuts are collected has no more of them than he paid for.
    let mut rig = rig;
    let amount = rig.units(10_000);
    rig.call(DEPLOYER, &provideCall { amount });
    collected(&mut rig);
    let shares = rig.ask(&accountCall { who: DEPLOYER }).shares;
    let back = rig.call(DEPLOYER, &removeCall { shares }).amount;
    let fees = rig.units(500); // of the closing trades, which are everybody's
    assert!(back <= amount + fees, "{back} for {amount}");
}

/// Anyone may ask; it is refused until a side's profit passes its share, and then brings it back.
#[test]
fn pp_13_profit_above_its_share_of_the_pool_is_closed_at_mark_by_anyone() {
    let mut rig = rig();
    open(&mut rig, ALICE, 1, true, 400, 200_000);
    let due =
        |profit: U256, rig: &Rig| DeleveragingNotDue { profit, bound: rig.ask(&poolCall {}).assets / U256::from(5) };
    rig.refuses(BOB, &deleverageCall { market: 1 }, due(U256::ZERO, &rig));
    rig.advance(60, START / 100 * 120);
    rig.refuses(BOB, &deleverageCall { market: 1 }, due(rig.units(160_000), &rig));
    rig.advance(60, START / 100 * 130);
    let mut held = rig.clone();
    held.call(PAUSER, &pauseCall { scopes: vec![1], classes: 2, reason: 1 });
    held.fails(BOB, &deleverageCall { market: 1 });
    let pool = rig.ask(&poolCall {}).assets;
    let event: Deleveraged = rig.send(BOB, &deleverageCall { market: 1 }).event().expect("Deleveraged");
    conserved(&rig);
    assert_eq!((event.isLong, event.cover, event.left), (true, U256::ZERO, U256::ZERO));
    assert_eq!(rig.ask(&poolCall {}).assets, pool - event.reserved);
    // (240,000 - x) = 0.15 (pool - x)
    let expected = (rig.units(240_000) * U256::from(100) - pool * U256::from(15)) / U256::from(85);
    assert!(event.reserved >= expected && event.reserved <= expected + U256::from(2), "{} {expected}", event.reserved);
    let profit = rig.units(240_000) - event.reserved;
    assert!(matches!(rig.fails(BOB, &deleverageCall { market: 1 }).decode_error(), Some(bound) if bound >= profit));
    rig.call(ALICE, &closeCall { market: 1, limitPrice: ANY });
    conserved(&rig);
}

trait Refusal {
    fn decode_error(&self) -> Option<U256>;
}

impl Refusal for Outcome {
    fn decode_error(&self) -> Option<U256> {
        use alloy_sol_types::SolError;
        DeleveragingNotDue::abi_decode(&self.output).ok().map(|error| error.bound)
    }
}

/// Gas of a deleveraging over that many accounts, with the same sums.
fn gas(accounts: u32) -> u64 {
    let mut rig = rig();
    let margin = rig.units(120_000) / U256::from(accounts);
    let size = U256::from(WAD) * U256::from(400) / U256::from(accounts);
    for number in 0..accounts {
        let who = Address::left_padding_from(&(0x7000_0000 + number).to_be_bytes());
        rig.fund(who, 200_000);
        rig.call(who, &depositCall { amount: rig.units(100_000) });
        rig.call(who, &openCall { market: 1, isLong: true, size, margin, limitPrice: ANY });
    }
    rig.advance(60, START / 100 * 130);
    let outcome = rig.send(BOB, &deleverageCall { market: 1 });
    let event: Deleveraged = outcome.event().expect("Deleveraged");
    assert!(!event.size.is_zero());
    outcome.gas_used
}

#[test]
fn pp_14_a_deleveraging_costs_the_same_for_ten_a_hundred_and_a_thousand_accounts() {
    let ten = gas(10);
    assert_eq!(ten, gas(100));
    assert_eq!(ten, gas(1_000));
}

/// A history in which everything happens.
const SEED: u64 = 7_919;

/// A small generator, so that a failure repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Random trades, crashes, liquidations, deleveragings, repayments: the token balance is what is accounted for, always.
fn history(seed: u64, steps: u32) -> [u32; 4] {
    let mut rig = rig();
    rig.call(DEPLOYER, &stakeCall { amount: rig.units(3_000) });
    drain(&mut rig, 110_000);
    let (mut random, mut price) = (Random(seed), START);
    let mut seen = [0u32; 4];
    for step in 0..steps {
        let who = [ALICE, BOB, CAROL][random.below(3) as usize];
        let market = 1 + random.below(2) as u32;
        let size = U256::from(WAD / 100) * U256::from(random.below(12_000) + 1);
        let data = match random.below(12) {
            0..=2 => {
                let margin = size * U256::from(2_000 * (11 + random.below(10)) / 100) / U256::from(10u64.pow(12));
                openCall { market, isLong: random.below(2) == 0, size, margin, limitPrice: ANY }.abi_encode()
            }
            3 => increaseCall {
                market,
                size: size / U256::from(4),
                margin: size / U256::from(10u64.pow(10)),
                limitPrice: ANY,
            }
            .abi_encode(),
            4 => reduceCall { market, size: size / U256::from(3), limitPrice: ANY }.abi_encode(),
            5 => closeCall { market, limitPrice: ANY }.abi_encode(),
            6 | 7 => liquidateCall { market, account: who }.abi_encode(),
            8 => settleCall { market, account: who }.abi_encode(),
            9 => deleverageCall { market }.abi_encode(),
            10 => match random.below(4) {
                0 => repayCall { market, amount: u128::from(random.below(2_000_000_000)) }.abi_encode(),
                1 => releaseResidueCall { market }.abi_encode(),
                2 => takeClaimCall { market, account: who, epoch: 1 + random.below(3) as u32 }.abi_encode(),
                _ => topUpCall { market, amount: U256::from(random.below(2_000_000_000)) }.abi_encode(),
            },
            _ => {
                let part = 70 + random.below(65) as i64;
                price = (price / 100 * part).clamp(START / 4, START * 4);
                rig.advance(3_600, price);
                continue;
            }
        };
        rig.advance(60, price);
        let outcome = rig.chain.send(Tx::new(who, rig.perp, data));
        let steps_of = borne(&outcome);
        seen[0] += u32::from(!steps_of[3].is_zero());
        seen[1] += all::<Deleveraged>(&outcome).len() as u32;
        seen[2] += all::<ProfitsCut>(&outcome).len() as u32;
        seen[3] += all::<PositionSettled>(&outcome).len() as u32;
        assert_eq!(accounted(&rig), rig.balance(rig.perp), "step {step} of seed {seed}");
    }
    seen
}

#[test]
fn pp_1_the_balance_is_what_is_accounted_for_through_losses_and_deleveragings() {
    let seen = history(SEED, 300);
    println!("{seen:?}");
    assert!(seen.iter().all(|count| *count > 0), "not everything happened: {seen:?}");
}
