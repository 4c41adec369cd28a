//! Margin that breathes, on the real WASM: what volatility, open interest and size ask for, how it comes back, how a
//! maintenance margin moves, and when a profit may leave.

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolError};
use fusebox_tests::{abi::*, change, *};

const DAY: u64 = 86_400;
const MARKET: u32 = 2;

/// A rig with a second market on the same feeds, whose margin breathes; Alice and Bob have collateral.
fn rig_with(adjust: impl FnOnce(Terms) -> Terms) -> Rig {
    let mut rig = Rig::new();
    // Three standard deviations of an hour, 500 bps of ratchet a day, ramps to 20 % from half of the cap.
    let breathing = rig.terms().with(0, 500).with(1, 5_000).with(2, 2_000).with(3, 5_000).with(4, 2_000);
    let breathing = breathing.with(5, 300).with(8, 500).with(13, units(&rig, 200_000)).with(15, 250).with(16, 100);
    let feeds = [rig.anchor, rig.second].map(|feed| aggregator(feed, 8, 100_000, MAX_AGE));
    let words = rig.listing_of(adjust(breathing), Params::default(), &feeds);
    rig.govern(&[change::list(&words)]);
    rig
}

fn rig() -> Rig {
    rig_with(|terms| terms)
}

fn units(rig: &Rig, amount: u64) -> u128 {
    rig.units(amount).to()
}

fn opening(rig: &Rig, milli: u64, margin: u64) -> openCall {
    let size = U256::from(milli) * U256::from(WAD / 1_000);
    openCall { market: MARKET, isLong: true, size, margin: rig.units(margin), limitPrice: U256::ZERO }
}

/// The initial margin that a position of that many thousandths would need now, in basis points of its notional.
fn asked(rig: &Rig, who: Address, milli: u64) -> u128 {
    let one = openCall { margin: rig.units(10), ..opening(rig, milli, 0) };
    let outcome = rig.chain.view(fusebox_testbed::Tx::new(who, rig.perp, one.abi_encode()));
    let refused = MarginBelowInitial::abi_decode(&outcome.output).unwrap_or_else(|e| panic!("{e}: {outcome:?}"));
    let notional = units(rig, 2_000) * u128::from(milli) / 1_000;
    refused.needed * 10_000 / notional
}

/// Prices that jump up and down by a hundredth each minute, poked: about a quarter of a hundred percent an hour.
fn storm(rig: &mut Rig, minutes: u64) {
    for minute in 0..minutes {
        rig.advance(60, START + START / 100 * i64::from(minute.is_multiple_of(2)));
        rig.call(CAROL, &pokeCall { market: MARKET });
    }
    rig.set_price(START);
}

#[test]
fn volatility_raises_the_margin_and_it_falls_along_the_ratchet() {
    let mut rig = rig();
    assert_eq!(asked(&rig, ALICE, 1_000), 500);
    storm(&mut rig, 20);
    let high = asked(&rig, ALICE, 1_000);
    assert!(high > 1_000, "{high}");
    // A trade under it, and the market remembers: afterwards the margin falls by at most 500 bps a day, and an hour of it.
    rig.call(ALICE, &opening(&rig, 1_000, 2_000));
    let mut last = high;
    for _ in 0..6 {
        rig.advance(DAY / 4, START);
        rig.call(CAROL, &pokeCall { market: MARKET });
        let now = asked(&rig, BOB, 1_000);
        assert!(now <= last && now + 125 + 21 >= last, "{last} to {now}");
        last = now;
    }
    assert!(last < high);
    rig.advance(20 * DAY, START);
    rig.call(CAROL, &pokeCall { market: MARKET });
    assert_eq!(asked(&rig, BOB, 1_000), 500);
}

#[test]
fn size_and_open_interest_raise_the_margin_up_to_their_caps() {
    let mut rig = rig();
    let least = asked(&rig, ALICE, 1_000);
    // Half of the position cap of 200,000 is 50 units; above it the margin rises to 20 % at 100.
    assert_eq!(asked(&rig, ALICE, 50_000), least);
    let (middle, top) = (asked(&rig, ALICE, 75_000), asked(&rig, ALICE, 100_000));
    assert!(least < middle && middle < top, "{least} {middle} {top}");
    assert_eq!((middle, top), (1_250, 2_000));
    rig.call(ALICE, &depositCall { amount: rig.units(100_000) });
    let notional = units(&rig, 200_002);
    let bound = units(&rig, 200_000);
    rig.refuses(ALICE, &opening(&rig, 100_001, 90_000), PositionAboveCap { notional, bound });
    rig.call(ALICE, &opening(&rig, 100_000, 45_000));
}

#[test]
fn a_maintenance_margin_moves_along_its_ramp_and_never_at_once() {
    let mut rig = rig();
    rig.call(ALICE, &opening(&rig, 1_000, 110)); // 5.5 % of 2,000: equity 98 after the fee
                                                 // 2.5 % now; 4.5 % is on its way for a day.
    rig.govern(&[change::parameter(MARKET, 0x050f, 450)]);
    let start = rig.now();
    let closed = |rig: &Rig| {
        let call = liquidateCall { market: MARKET, account: ALICE };
        rig.chain.view(fusebox_testbed::Tx::new(CAROL, rig.perp, call.abi_encode())).success
    };
    // At 1,960 the equity is about 68, and 3.5 % of the notional, which is half-way.
    rig.set_price(START / 100 * 98);
    assert!(!closed(&rig));
    let mut at = None;
    for hour in 1..=24u64 {
        rig.chain.set_timestamp(start + hour * 3_600);
        rig.set_price(START / 100 * 98);
        if closed(&rig) && at.is_none() {
            at = Some(hour);
        }
    }
    let at = at.expect("liquidated before the ramp ends");
    assert!((6..=20).contains(&at), "at hour {at}");
}

#[test]
fn a_profit_warms_up_before_it_leaves_in_whatever_form() {
    let mut rig = rig_with(|terms| terms.with(11, 240));
    let free = |rig: &Rig| -> U256 { rig.ask(&accountCall { who: ALICE }).free };
    rig.call(ALICE, &opening(&rig, 10_000, 2_000));
    rig.set_price(START / 100 * 104);
    rig.call(ALICE, &closeCall { market: MARKET, limitPrice: U256::ZERO });
    let start = rig.now();
    let all = free(&rig);
    let profit = rig.units(800);
    let amount = all - profit + U256::from(1);
    let refused = ProfitWarming { amount: amount.to(), available: (all - profit).to() };
    rig.refuses(ALICE, &withdrawCall { amount }, refused.clone());
    // Nor as liquidity, which would leave without having warmed up.
    rig.refuses(ALICE, &provideCall { amount }, refused);
    rig.clone().call(ALICE, &withdrawCall { amount: all - profit });
    // Half of it after half of the time, all of it after all.
    rig.chain.set_timestamp(start + 7_200);
    let half = all - profit / U256::from(2);
    rig.refuses(
        ALICE,
        &withdrawCall { amount: half + U256::from(1) },
        ProfitWarming { amount: (half + U256::from(1)).to(), available: half.to() },
    );
    rig.clone().call(ALICE, &withdrawCall { amount: half });
    rig.chain.set_timestamp(start + 14_400);
    rig.call(ALICE, &withdrawCall { amount: all });
    assert_eq!(free(&rig), U256::ZERO);
}

#[test]
fn a_loss_takes_what_is_warming_first() {
    let mut rig = rig_with(|terms| terms.with(11, 240));
    rig.call(ALICE, &opening(&rig, 10_000, 2_000));
    rig.set_price(START / 100 * 104);
    rig.call(ALICE, &closeCall { market: MARKET, limitPrice: U256::ZERO });
    rig.call(ALICE, &opening(&rig, 10_000, 3_000));
    rig.set_price(START / 100 * 100);
    rig.call(ALICE, &closeCall { market: MARKET, limitPrice: U256::ZERO });
    // The profit is lost again: what is left is principal, and may leave.
    let all: U256 = rig.ask(&accountCall { who: ALICE }).free;
    rig.call(ALICE, &withdrawCall { amount: all });
}
