//! Staking in the fund on the built programs: entering, leaving, what is held back, and what Governance sets.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use fusebox_tests::{abi::*, *};

const DAVE: Address = who(0x15);
const DAY: u64 = 86_400;
const COOLDOWN: u64 = 10 * DAY;
/// The fund's floor, if nobody has set another.
const FLOOR: u64 = 1_000_000;

fn u(n: u64) -> U256 {
    U256::from(n)
}

/// Alice has staked 10,000, Bob 30,000; the fund covers the market's domain up to this part of itself.
fn rig(budget_bps: u128) -> Rig {
    of(Plan::default(), budget_bps)
}

fn of(plan: Plan, budget_bps: u128) -> Rig {
    let mut rig = Rig::of(plan);
    rig.govern(&[change::cover(0, [0, 0, budget_bps, 7, 10u128.pow(30)])]);
    rig.fund(DAVE, 10_000_000);
    for user in [CAROL, DAVE] {
        rig.call(user, &depositCall { amount: rig.units(100_000) });
    }
    rig.call(ALICE, &stakeCall { amount: rig.units(10_000) });
    rig.call(BOB, &stakeCall { amount: rig.units(30_000) });
    rig
}

fn free(rig: &Rig, who: Address) -> U256 {
    rig.ask(&accountCall { who }).free
}

/// Shares, what they are worth, what is owed of what was held back.
fn stake(rig: &Rig, account: Address) -> (U256, U256, U256) {
    let words = rig.ask(&stakeOfCall { account });
    ((words[0] >> 96usize) & U256::from(u128::MAX), words[3], words[4])
}

/// What those who are staked have together.
fn staked(rig: &Rig) -> U256 {
    rig.ask(&fundStateCall {})[1] & ((U256::from(1) << 96usize) - U256::from(1))
}

/// Dave goes bankrupt: 50,000 are lost with a margin of 20,000.
fn bankrupt(rig: &mut Rig) {
    let (size, margin) = (U256::from(100 * WAD), rig.units(20_000));
    rig.call(DAVE, &openCall { market: 1, isLong: true, size, margin, limitPrice: U256::ZERO });
}

/// And is liquidated: what the fund has paid for it.
fn lose(rig: &mut Rig) -> U256 {
    let before = staked(rig);
    rig.set_price(START / 4 * 3);
    assert_eq!(rig.call(CAROL, &liquidateCall { market: 1, account: DAVE }), 0);
    before - staked(rig)
}

fn near(a: U256, b: U256) -> bool {
    a.abs_diff(b) <= U256::from(2)
}

/// Requests all shares of an account, which may leave afterwards.
fn ripe(rig: &mut Rig, account: Address) -> U256 {
    let shares = stake(rig, account).0;
    rig.call(account, &requestRedeemCall { shares });
    rig.advance(COOLDOWN, START);
    shares
}

fn pause(scope: u32, classes: u8) -> pauseCall {
    pauseCall { scopes: vec![scope], classes, reason: 1 }
}

#[test]
fn a_stake_comes_from_free_collateral_and_goes_back_to_it() {
    for decimals in [6, 18] {
        let mut rig = of(Plan { decimals, ..Plan::default() }, 10_000);
        let (before, held) = (free(&rig, ALICE), rig.balance(rig.perp));
        assert_eq!(before, rig.units(90_000));
        let (shares, worth, _) = stake(&rig, ALICE);
        assert_eq!((worth, shares), (rig.units(10_000), rig.units(10_000) * u(1_000)));
        rig.refuses(
            ALICE,
            &stakeCall { amount: before + u(1) },
            InsufficientFree { needed: before + u(1), free: before },
        );
        rig.refuses(ALICE, &stakeCall { amount: U256::ZERO }, ZeroAmount {});
        rig.refuses(ALICE, &redeemCall { shares }, NoRequest { until: 0, now: rig.now() });
        assert_eq!(rig.call(ALICE, &requestRedeemCall { shares }), worth);
        let start = rig.now();
        rig.wait(COOLDOWN - 1);
        let early = RequestCoolingDown { ready: start + COOLDOWN, now: start + COOLDOWN - 1 };
        rig.refuses(ALICE, &redeemCall { shares }, early);
        rig.wait(1);
        assert_eq!(rig.call(ALICE, &redeemCall { shares }), worth);
        assert_eq!((free(&rig, ALICE), rig.balance(rig.perp)), (before + worth, held));
        assert_eq!((stake(&rig, ALICE).0, staked(&rig)), (U256::ZERO, rig.units(30_000)));
        // A request that is taken back, or whose window has passed, was none.
        let shares = ripe(&mut rig, BOB);
        rig.call(BOB, &cancelRedeemCall {});
        rig.refuses(BOB, &redeemCall { shares }, NoRequest { until: 0, now: rig.now() });
        assert_eq!(stake(&rig, BOB).0, shares);
    }
}

#[test]
fn pp_31_nobody_enters_while_an_incident_may_cost_the_fund_something() {
    let mut rig = rig(10_000);
    let amount = rig.units(100);
    rig.call(PAUSER, &pause(1, 1));
    let until = rig.now() + 3 * DAY;
    let exposure = rig.units(40_000) - u(FLOOR);
    rig.refuses(CAROL, &stakeCall { amount }, StakeClosed { exposure, until });
    // It ends with the incident, or by the clock where somebody has left meanwhile.
    rig.advance(DAY - 1, START);
    rig.fails(CAROL, &stakeCall { amount });
    rig.advance(1, START);
    rig.call(CAROL, &stakeCall { amount });
    let mut rig = self::rig(10_000);
    let shares = ripe(&mut rig, ALICE);
    rig.call(PAUSER, &heartbeatCall {});
    rig.call(PAUSER, &pause(1, 1));
    rig.call(ALICE, &redeemCall { shares });
    rig.advance(3 * DAY - 1, START);
    rig.fails(CAROL, &stakeCall { amount });
    rig.advance(1, START);
    rig.call(CAROL, &stakeCall { amount });
}

#[test]
fn pp_31_nobody_enters_for_what_may_come_back_to_those_who_lost_it() {
    let mut rig = rig(10_000);
    bankrupt(&mut rig);
    let shares = ripe(&mut rig, ALICE);
    rig.call(PAUSER, &heartbeatCall {});
    rig.call(PAUSER, &pause(1, 1));
    rig.advance(700, START);
    rig.call(COUNCIL, &extendCall { scope: 1, until: rig.now() + 9 * DAY });
    rig.call(ALICE, &redeemCall { shares: shares / u(2) });
    let drawn = lose(&mut rig);
    assert!(drawn > rig.units(1_000), "{drawn} drawn");
    // The hold is over after three days, the incident is not.
    rig.advance(4 * DAY, START);
    let outcome = rig.fails(CAROL, &stakeCall { amount: rig.units(100) });
    let closed = <StakeClosed as alloy_sol_types::SolError>::abi_decode(&outcome.output).expect("StakeClosed");
    let owed = (rig.ask(&ledgerCall { domain: 0 })[4] >> 112usize) & ((u(1) << 112usize) - u(1));
    assert!(closed.exposure == owed && owed >= drawn, "{owed} owed");
    let ends = rig.ask(&incidentCall { id: rig.incidents() as u32 })[8];
    assert_eq!(U256::from(closed.until), ends);
    // The door opens when the incident is over, or when all is paid back.
    let mut repaid = rig.clone();
    repaid.call(CAROL, &repayCall { market: 1, amount: 80_000_000_000 });
    repaid.call(CAROL, &stakeCall { amount: rig.units(100) });
    rig.chain.set_timestamp(closed.until);
    rig.call(CAROL, &stakeCall { amount: rig.units(100) });
}

#[test]
fn pp_32_who_leaves_while_an_incident_is_on_the_record_bears_what_who_stays_does() {
    let mut rig = rig(10_000);
    bankrupt(&mut rig);
    let shares = ripe(&mut rig, ALICE);
    // In a quiet hour all of it is paid.
    assert_eq!(rig.clone().call(ALICE, &redeemCall { shares }), rig.units(10_000));
    // Nobody but the pauser has done anything: her own redemption has the fund hold back.
    rig.call(PAUSER, &heartbeatCall {});
    rig.call(PAUSER, &pause(1, 1));
    let before = staked(&rig);
    let paid = rig.call(ALICE, &redeemCall { shares });
    assert!(paid <= u(FLOOR), "{paid} was paid");
    let kept = rig.units(10_000) - paid;
    assert_eq!(staked(&rig), before - rig.units(10_000));
    let bob = stake(&rig, BOB).1;
    lose(&mut rig);
    let lost_by_bob = bob - stake(&rig, BOB).1;
    rig.advance(3 * DAY, START);
    let back = rig.call(CAROL, &collectHeldCall { account: ALICE });
    let lost_by_alice = kept - back;
    assert!(lost_by_bob > rig.units(1_000));
    assert!(near(lost_by_alice, lost_by_bob / u(3)), "{lost_by_alice} and {lost_by_bob}");
    // Once.
    assert_eq!(rig.call(CAROL, &collectHeldCall { account: ALICE }), U256::ZERO);
}

#[test]
fn pp_33_a_pause_stops_its_class_and_no_price_is_asked() {
    let mut rig = of(Plan { hostile: true, ..Plan::default() }, 10_000);
    let shares = ripe(&mut rig, ALICE);
    let (anchor, second) = (rig.anchor, rig.second);
    rig.on(DEPLOYER, anchor, &setCall { mode: 1, size: U256::ZERO });
    rig.chain.set_code(second, vec![0x5f, 0x5f, 0xfd]); // PUSH0 PUSH0 REVERT
    rig.call(PAUSER, &heartbeatCall {});
    let mut inflow = rig.clone();
    let until = rig.now() + PAUSE_SECS;
    inflow.call(PAUSER, &pause(0, 0b1_0010));
    let stopped = |class| Stopped { scope: 0, class, sources: 1, until };
    inflow.refuses(BOB, &stakeCall { amount: u(1_000) }, stopped(INFLOW));
    inflow.call(ALICE, &redeemCall { shares });
    let mut exits = rig.clone();
    exits.call(PAUSER, &pause(0, 1 << EXIT));
    exits.refuses(ALICE, &redeemCall { shares }, stopped(EXIT));
    exits.refuses(BOB, &collectHeldCall { account: ALICE }, stopped(EXIT));
    exits.call(BOB, &requestRedeemCall { shares });
    exits.call(BOB, &cancelRedeemCall {});
    // Its window is longer than exits can be stopped.
    exits.chain.set_timestamp(until);
    exits.call(ALICE, &redeemCall { shares });
    for outcome in [
        rig.send(BOB, &stakeCall { amount: u(1_000) }),
        rig.send(BOB, &requestRedeemCall { shares }),
        rig.send(ALICE, &redeemCall { shares }),
        rig.send(BOB, &collectHeldCall { account: ALICE }),
    ] {
        assert!(outcome.calls.iter().all(|call| call.to != anchor && call.to != second), "a feed was asked");
    }
}

#[test]
fn pp_34_a_request_is_hit_by_a_draw_and_gains_nothing_afterwards() {
    let mut rig = rig(10_000);
    bankrupt(&mut rig);
    let shares = ripe(&mut rig, ALICE);
    let worth = stake(&rig, ALICE).1;
    let drawn = lose(&mut rig);
    // Her request waited: she bears a quarter.
    let left = stake(&rig, ALICE).1;
    assert!(near(worth - left, drawn / u(4)), "{worth} {left} {drawn}");
    // What comes in after the request is for those who stay.
    let mut gained = rig.clone();
    gained.call(CAROL, &repayCall { market: 1, amount: 90_000_000_000 });
    assert!(gained.call(ALICE, &redeemCall { shares }) <= worth);
    assert_eq!(rig.call(ALICE, &redeemCall { shares }), left);
}

#[test]
fn pp_34_nobody_is_in_and_out_around_a_repayment_in_one_transaction() {
    let mut rig = rig(10_000);
    let caller = rig.chain.deploy_evm(DEPLOYER, &creation("Caller", &[])).expect("a caller");
    rig.fund(caller, 100_000);
    rig.call(caller, &depositCall { amount: rig.units(50_000) });
    let (perp, amount) = (rig.perp, rig.units(50_000));
    let shares = amount * u(1_000);
    let calls = [
        stakeCall { amount }.abi_encode(),
        requestRedeemCall { shares }.abi_encode(),
        redeemCall { shares }.abi_encode(),
    ];
    let batch = |count: usize| batchCall {
        targets: vec![perp; count],
        datas: calls.iter().take(count).map(|data| data.clone().into()).collect(),
    };
    let outcome = rig.chain.view(fusebox_testbed::Tx::new(BOB, caller, batch(3).abi_encode()));
    assert!(!outcome.success, "in and out at once");
    rig.on(BOB, caller, &batch(2));
    // The repayment that it has seen coming is not what its request brings.
    rig.call(CAROL, &repayCall { market: 1, amount: 90_000_000_000 });
    rig.advance(COOLDOWN, START);
    assert!(rig.call(caller, &redeemCall { shares }) <= amount);
}

#[test]
fn pp_34_a_donation_moves_no_price_and_a_profit_that_warms_up_is_no_stake() {
    let mut rig = rig(10_000);
    let (token, to) = (rig.token, rig.perp);
    let before = (stake(&rig, ALICE), rig.ask(&fundStateCall {}));
    rig.on(CAROL, token, &transferCall { to, amount: rig.units(1_000_000) });
    assert_eq!((stake(&rig, ALICE), rig.ask(&fundStateCall {})), before);
    // A profit of 5,000 must not leave as shares before it could as collateral.
    rig.govern(&[change::parameter(1, 0x050b, 60)]);
    bankrupt(&mut rig);
    rig.advance(600, START / 100 * 104);
    rig.call(DAVE, &closeCall { market: 1, limitPrice: U256::ZERO });
    let amount = free(&rig, DAVE);
    assert!(amount > rig.units(107_000));
    let outcome = rig.fails(DAVE, &stakeCall { amount });
    let warming = <ProfitWarming as alloy_sol_types::SolError>::abi_decode(&outcome.output).expect("ProfitWarming");
    assert!(U256::from(warming.available) < rig.units(101_000));
    rig.call(DAVE, &stakeCall { amount: U256::from(warming.available) });
    rig.advance(3_600, START);
    let amount = free(&rig, DAVE);
    rig.call(DAVE, &stakeCall { amount });
}

#[test]
fn pp_35_a_domain_draws_what_it_is_given_and_one_that_was_given_nothing_draws_nothing() {
    let mut none = Rig::new();
    none.fund(DAVE, 10_000_000);
    none.call(DAVE, &depositCall { amount: none.units(100_000) });
    none.call(ALICE, &stakeCall { amount: none.units(40_000) });
    bankrupt(&mut none);
    assert_eq!(lose(&mut none), U256::ZERO);
    let mut tenth = rig(1_000);
    bankrupt(&mut tenth);
    assert_eq!(lose(&mut tenth), (tenth.units(40_000) - u(FLOOR)) / u(10));
    let mut all = rig(10_000);
    bankrupt(&mut all);
    let drawn = lose(&mut all);
    assert!(drawn > all.units(20_000) && drawn < all.units(40_000), "{drawn}");
    // The claim over life ends it, whatever the budget.
    let mut claimed = rig(10_000);
    claimed.govern(&[change::cover(0, [0, 0, 10_000, 7, 7_000_000])]);
    bankrupt(&mut claimed);
    assert_eq!(lose(&mut claimed), u(7_000_000));
}

#[test]
fn what_governance_sets_waits_in_the_queue_and_keeps_its_bounds() {
    let mut rig = rig(10_000);
    let params = [12 * DAY, 5 * DAY, 2 * DAY, 20 * DAY, 5_000];
    let missing = MissingRole { who: ALICE, role: 0 };
    rig.refuses(ALICE, &proposeCall { words: change::fund(params) }, missing.clone());
    rig.refuses(ALICE, &proposeCall { words: change::recap(1, 1) }, missing.clone());
    rig.refuses(ALICE, &proposeCall { words: change::cover(0, [0; 5]) }, missing);
    rig.refuses_change(change::fund([DAY, 5 * DAY, 2 * DAY, 20 * DAY, 5_000]), parameter(0, DAY, 864_000));
    rig.refuses_change(change::recap(0, 1), parameter(20, 0, 1));
    rig.refuses_change(change::recap(1, 10_001), parameter(21, 10_001, 10_000));
    rig.refuses_change(change::cover(0, [0, 10_001, 1, 1, 1]), parameter(17, 10_001, 10_000));
    let short = change::recap(1, 1)[..2].to_vec();
    rig.refuses_change(short, InvalidLength { length: u(1), expected: u(2) });
    rig.refuses_change(change::decision(8, 0), MustWait { act: u(8) });
    // Half a fee more while a loss is owed to anybody, whenever that was set.
    bankrupt(&mut rig);
    lose(&mut rig);
    rig.govern(&[change::fund(params), change::recap(500, 5_000)]);
    let word = rig.ask(&fundStateCall {})[0];
    let read: Vec<_> = [(96, 32), (128, 32), (160, 32), (192, 32), (0, 96)]
        .iter()
        .map(|(at, bits)| ((word >> *at as usize) & ((u(1) << *bits as usize) - u(1))).to::<u64>())
        .collect();
    assert_eq!(read, params);
    let (size, margin) = (U256::from(WAD), rig.units(1_000));
    rig.call(BOB, &openCall { market: 1, isLong: true, size, margin, limitPrice: U256::ZERO });
    let before = free(&rig, BOB);
    rig.call(BOB, &closeCall { market: 1, limitPrice: U256::ZERO });
    // The fee of closing is 2; the surcharge is half of that where all of the target is missing.
    let paid = free(&rig, BOB) - before;
    assert!(paid < rig.units(998) && paid >= rig.units(997), "{paid}");
}

fn parameter(id: u8, value: u64, bound: u64) -> FundParameter {
    FundParameter { id, value: u(value), bound: u(bound) }
}
