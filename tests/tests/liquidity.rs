//! Providers' money: what leaves with them, and when the door is shut.

use alloy_primitives::{aliases::U80, I256, U256};
use fusebox_tests::{abi::*, *};

#[test]
fn pp_9_a_provider_who_leaves_before_a_bankruptcy_is_not_paid_for_it() {
    let mut rig = Rig::new();
    rig.call(BOB, &depositCall { amount: rig.units(900_000) });
    rig.call(BOB, &provideCall { amount: rig.units(1_000_000) });
    let size = U256::from(WAD) * U256::from(100);
    rig.call(ALICE, &openCall { market: 1, isLong: true, size, margin: rig.units(20_000), limitPrice: U256::ZERO });
    // A fall of a quarter: 50,000 are owed, and 20,000 are there.
    rig.advance(60, START / 4 * 3);
    let mut stayed = rig.clone();
    stayed.call(CAROL, &liquidateCall { market: 1, account: ALICE });
    let fair = stayed.ask(&poolCall {}).assets / U256::from(2);
    let shares = rig.ask(&accountCall { who: BOB }).shares;
    let taken = rig.call(BOB, &removeCall { shares }).amount;
    assert!(taken <= fair, "{taken} for half of a pool worth {fair} each");
    rig.call(CAROL, &liquidateCall { market: 1, account: ALICE });
    let pool = rig.ask(&poolCall {});
    assert!(pool.badDebt > rig.units(29_000) && pool.assets >= fair, "{} left of {fair}", pool.assets);
    assert_eq!(rig.accounted(&[ALICE, BOB, CAROL, LP]), rig.balance(rig.perp));
}

#[test]
fn the_door_is_shut_while_a_market_with_open_interest_is_in_doubt() {
    let mut rig = Rig::new();
    let shares = U256::from(1_000_000_000u64);
    let (provide, remove) = (provideCall { amount: rig.units(10) }, removeCall { shares });
    rig.call(LP, &provide);
    // Nothing is open: nobody's price matters.
    rig.set_second(START / 100 * 112);
    rig.call(LP, &provide);
    rig.call(LP, &remove);
    rig.set_second(START);
    let margin = rig.units(400);
    rig.call(ALICE, &openCall { market: 1, isLong: true, size: U256::from(WAD), margin, limitPrice: U256::ZERO });
    rig.call(LP, &provide);
    rig.set_second(START / 100 * 112);
    let doubt = PriceInDoubt { deviationBps: 1_200, boundBps: 500 };
    rig.refuses(LP, &provide, doubt.clone());
    rig.refuses(LP, &remove, doubt);
    rig.set_second(START);
    rig.wait(MAX_AGE + 1);
    let stale = || StalePrice { age: U256::from(MAX_AGE + 1), max: U256::from(MAX_AGE) };
    rig.refuses(LP, &provide, stale());
    rig.refuses(LP, &remove, stale());
    rig.set_price(START);
    rig.call(LP, &remove);
}

#[test]
fn a_negative_answer_opens_no_door() {
    let mut rig = Rig::of(Plan { hostile: true, ..Plan::default() });
    let margin = rig.units(400);
    rig.call(ALICE, &openCall { market: 1, isLong: true, size: U256::from(WAD), margin, limitPrice: U256::ZERO });
    let (anchor, round, now) = (rig.anchor, U80::from(9), U256::from(rig.now()));
    let answer = I256::try_from(-START).expect("fits");
    rig.on(DEPLOYER, anchor, &setRoundCall { round, answer, startedAt: now, updatedAt: now, answeredIn: round });
    rig.refuses(LP, &removeCall { shares: U256::from(1_000_000) }, InvalidPrice { feed: 0, fault: 3 });
}
