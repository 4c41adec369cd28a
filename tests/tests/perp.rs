//! The protocol's life and invariants, on the built programs.

use alloy_primitives::U256;
use fusebox_tests::{abi::*, *};

fn life(decimals: u8) {
    let mut rig = Rig::of(Plan { decimals, ..Plan::default() });
    let users = [ALICE, BOB, CAROL, LP];
    assert_eq!(rig.accounted(&users), rig.balance(rig.perp));
    let one = U256::from(WAD);
    let open = openCall { market: 1, isLong: true, size: one, margin: rig.units(400), limitPrice: U256::ZERO };
    rig.call(ALICE, &open);
    let p = rig.ask(&positionCall { who: ALICE, market: 1 });
    assert_eq!((p.isLong, p.size, p.margin, p.entry), (true, one, rig.units(400), rig.units(2_000)));
    assert_eq!(rig.ask(&accountCall { who: ALICE }).free, rig.units(100_000 - 400 - 2)); // 10 bps of 2,000
    rig.call(ALICE, &increaseCall { market: 1, size: one, margin: rig.units(400), limitPrice: U256::ZERO });
    rig.call(ALICE, &topUpCall { market: 1, amount: rig.units(10) });
    rig.advance(60, START / 100 * 102);
    rig.call(ALICE, &reduceCall { market: 1, size: one, limitPrice: U256::ZERO });
    let p = rig.ask(&positionCall { who: ALICE, market: 1 });
    // Half of it at 40 profit, less 10 bps of 2,040.
    assert_eq!((p.size, p.entry), (one, rig.units(2_000)));
    assert_eq!(p.margin, rig.units(810 + 40) - rig.units(204) / U256::from(100));
    rig.call(ALICE, &closeCall { market: 1, limitPrice: U256::ZERO });
    assert!(rig.ask(&positionCall { who: ALICE, market: 1 }).size.is_zero());

    // Bob goes long at 10 %, the price falls 7 %: below maintenance, and Carol is paid half the penalty.
    rig.set_price(START);
    rig.call(BOB, &openCall { market: 1, isLong: true, size: one, margin: rig.units(200), limitPrice: U256::ZERO });
    let threshold = Healthy { equity: rig.units(200), threshold: rig.units(100) };
    rig.refuses(CAROL, &liquidateCall { market: 1, account: BOB }, threshold);
    rig.advance(60, START / 100 * 93);
    assert_eq!(rig.call(CAROL, &liquidateCall { market: 1, account: BOB }), 0);
    let reward = rig.units(1_860) / U256::from(100);
    assert_eq!(rig.ask(&accountCall { who: CAROL }).free, reward);
    assert!(rig.ask(&positionCall { who: BOB, market: 1 }).size.is_zero());
    rig.refuses(CAROL, &liquidateCall { market: 1, account: BOB }, NoPosition {});

    // Everybody leaves.
    let shares = rig.ask(&accountCall { who: LP }).shares;
    rig.call(LP, &removeCall { shares });
    assert_eq!(rig.accounted(&users), rig.balance(rig.perp));
    for user in users {
        let amount = rig.ask(&accountCall { who: user }).free;
        let before = rig.balance(user);
        rig.call(user, &withdrawCall { amount });
        assert_eq!(rig.balance(user), before + amount);
        assert_eq!(rig.ask(&accountCall { who: user }).free, U256::ZERO);
    }
    assert_eq!(rig.balance(rig.perp), rig.ask(&poolCall {}).assets);
}

#[test]
fn a_whole_life_with_6_decimals() {
    life(6);
}

#[test]
fn a_whole_life_with_18_decimals() {
    life(18);
}
