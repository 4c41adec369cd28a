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

const USERS: [alloy_primitives::Address; 4] = [ALICE, BOB, CAROL, LP];

/// The next number of a fixed sequence (xorshift), below `bound`.
fn next(state: &mut u64, bound: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 16) % bound
}

fn pp_1_history(seed: u64, decimals: u8) -> [usize; 9] {
    let mut rig = Rig::of(Plan { decimals, ..Plan::default() });
    let mut state = seed;
    let mut price = START;
    let mut done = [0; 9];
    let (token, perp) = (rig.token, rig.perp);
    let mut donated = U256::ZERO;
    for step in 0..400 {
        if step % 5 == 0 {
            let move_bps = next(&mut state, 801) as i64 - 400;
            price = (price + price * move_bps / 10_000).clamp(START / 2, START * 2);
            rig.advance(next(&mut state, 120), price);
        }
        if step == 200 {
            donated = rig.units(3);
            rig.on(CAROL, token, &transferCall { to: perp, amount: donated });
        }
        let who = USERS[next(&mut state, 4) as usize];
        let other = USERS[next(&mut state, 4) as usize];
        let amount = rig.units(1 + next(&mut state, 2_000)) + U256::from(next(&mut state, 1_000));
        let size = U256::from(WAD) * U256::from(1 + next(&mut state, 900)) / U256::from(97);
        let (is_long, none) = (next(&mut state, 2) == 0, U256::ZERO);
        let kind = [0, 1, 2, 3, 4, 5, 6, 7, 8, 2, 6, 6][next(&mut state, 12) as usize];
        // 10 to 13 % of the notional, so that some fall below maintenance.
        let share = U256::from(1_000 + next(&mut state, 300));
        let margin =
            rig.units(1) * size / U256::from(WAD) * U256::from(price) / U256::from(10).pow(U256::from(12)) * share;
        use alloy_sol_types::SolCall;
        let data = match kind {
            0 => depositCall { amount }.abi_encode(),
            1 => withdrawCall { amount }.abi_encode(),
            2 => openCall { market: 1, isLong: is_long, size, margin, limitPrice: none }.abi_encode(),
            3 => increaseCall { market: 1, size, margin: amount, limitPrice: none }.abi_encode(),
            4 => reduceCall { market: 1, size, limitPrice: none }.abi_encode(),
            5 => closeCall { market: 1, limitPrice: none }.abi_encode(),
            6 => liquidateCall { market: 1, account: other }.abi_encode(),
            7 => provideCall { amount }.abi_encode(),
            _ => removeCall { shares: amount }.abi_encode(),
        };
        let outcome = rig.chain.send(fusebox_testbed::Tx::new(who, perp, data));
        if outcome.success {
            done[kind] += 1;
        } else {
            assert!(outcome.output.len() >= 4, "action {kind} failed without a word: {:?}", outcome.note);
        }
        assert_eq!(rig.accounted(&USERS) + donated, rig.balance(perp), "after action {kind} at step {step}");
        // PP-2, as far as clients see it: the sides are the sums of the positions.
        let market = rig.ask(&marketCall { market: 1 });
        let mut sums = [U256::ZERO; 4];
        for user in USERS {
            let p = rig.ask(&positionCall { who: user, market: 1 });
            let at = if p.isLong { 0 } else { 2 };
            sums[at] += p.size;
            sums[at + 1] += p.entry;
        }
        assert_eq!(market[4..], sums, "open interest after step {step}");
    }
    done
}

#[test]
fn pp_1_a_random_history_conserves_6_decimals() {
    let done = pp_1_history(0x5eed_0001, 6);
    assert!(done.iter().all(|count| *count > 0), "something never succeeded: {done:?}");
}

#[test]
fn pp_1_a_random_history_conserves_18_decimals() {
    let done = pp_1_history(0x5eed_0002, 18);
    assert!(done.iter().filter(|count| **count > 0).count() >= 8, "too little succeeded: {done:?}");
}

fn open_one(rig: &Rig, margin: u64) -> openCall {
    openCall { market: 1, isLong: true, size: U256::from(WAD), margin: rig.units(margin), limitPrice: U256::ZERO }
}

#[test]
fn pp_5_money_goes_in_and_out_while_every_feed_reverts() {
    let mut rig = Rig::of(Plan { hostile: true, ..Plan::default() });
    let call = open_one(&rig, 400);
    rig.call(ALICE, &call);
    let (anchor, second) = (rig.anchor, rig.second);
    rig.on(DEPLOYER, anchor, &setCall { mode: 1, size: U256::ZERO });
    rig.chain.set_code(second, vec![0x5f, 0x5f, 0xfd]); // PUSH0 PUSH0 REVERT
    let call = open_one(&rig, 400);
    rig.refuses(BOB, &call, InvalidPrice { feed: 0, fault: 1 });
    rig.refuses(ALICE, &closeCall { market: 1, limitPrice: U256::ZERO }, InvalidPrice { feed: 0, fault: 1 });
    let amount = rig.units(50);
    for calls in [
        rig.send(ALICE, &depositCall { amount }),
        rig.send(ALICE, &topUpCall { market: 1, amount }),
        rig.send(ALICE, &withdrawCall { amount }),
    ] {
        assert!(calls.calls.iter().all(|call| call.to != anchor && call.to != second), "a feed was asked");
    }
    assert_eq!(rig.accounted(&USERS), rig.balance(rig.perp));
}

#[test]
fn pp_6_running_out_of_gas_anywhere_leaves_everything_as_it_was() {
    use alloy_sol_types::SolCall;
    let mut rig = Rig::new();
    let perp = rig.perp;
    let data = open_one(&rig, 400).abi_encode();
    let whole = rig.chain.view(fusebox_testbed::Tx::new(ALICE, perp, data.clone()));
    assert!(whole.success);
    let mut failed = 0;
    for gas in (20_000..whole.gas_used).step_by(11_000) {
        let tx = fusebox_testbed::Tx::new(ALICE, perp, data.clone()).gas(gas);
        if !rig.chain.view(tx.clone()).success {
            rig.fails_tx::<openCall>(tx);
            failed += 1;
        }
    }
    assert!(failed > 10);
}

#[test]
fn pp_7_borrowed_liquidity_cannot_lift_the_cap() {
    use alloy_sol_types::SolCall;
    let mut rig = Rig::new();
    let perp = rig.perp;
    // The pool has a million; a side of more is refused without the loan.
    let size = U256::from(WAD) * U256::from(600);
    let big = openCall { market: 1, isLong: true, size, margin: rig.units(130_000), limitPrice: U256::ZERO };
    rig.call(ALICE, &depositCall { amount: rig.units(1_000_000) });
    rig.refuses(ALICE, &big, InterestAboveCap { interest: 1_200_000_000_000, bound: 1_000_000_000_000 });
    // A contract provides, opens and removes in one transaction: the removal finds its liquidity in use.
    let caller = rig.chain.deploy_evm(DEPLOYER, &creation("Caller", &[])).expect("a caller");
    rig.fund(caller, 5_000_000);
    let half = |rig: &Rig| rig.units(500_000);
    let shares = {
        let provide = provideCall { amount: half(&rig) };
        let mut trial = rig.clone();
        trial.call(caller, &depositCall { amount: trial.units(1_000_000) });
        trial.call(caller, &provide)
    };
    let datas: Vec<Vec<u8>> = vec![
        depositCall { amount: rig.units(1_000_000) }.abi_encode(),
        provideCall { amount: half(&rig) }.abi_encode(),
        big.abi_encode(),
        removeCall { shares }.abi_encode(),
    ];
    let attack = batchCall { targets: vec![perp; 4], datas: datas.iter().cloned().map(Into::into).collect() };
    let tx = fusebox_testbed::Tx::new(BOB, caller, attack.abi_encode());
    let outcome = rig.fails_tx::<batchCall>(tx);
    use alloy_sol_types::SolError;
    let error = LiquidityInUse::abi_decode(&outcome.output).expect("LiquidityInUse");
    assert_eq!(error.needed, rig.units(1_200_000));
    assert!(error.assets < error.needed && error.assets >= rig.units(1_000_000));
    // Without the removal it is lawful: the liquidity stays.
    let kept = batchCall { targets: vec![perp; 3], datas: datas.into_iter().take(3).map(Into::into).collect() };
    rig.on(BOB, caller, &kept);
    rig.refuses(caller, &removeCall { shares }, error);
}

#[test]
fn pp_8_a_token_that_calls_back_finds_the_door_shut() {
    use alloy_sol_types::SolCall;
    let mut rig = Rig::of(Plan { token: "HookToken", ..Plan::default() });
    let (token, perp) = (rig.token, rig.perp);
    let amount = rig.units(10);
    for payload in [
        withdrawCall { amount }.abi_encode(),
        depositCall { amount }.abi_encode(),
        provideCall { amount }.abi_encode(),
        open_one(&rig, 400).abi_encode(),
        pokeCall { market: 1 }.abi_encode(),
        liquidateCall { market: 1, account: ALICE }.abi_encode(),
        accountCall { who: ALICE }.abi_encode(),
    ] {
        let call = armCall { target: perp, payload: payload.into(), onTransfer: true, onTransferFrom: true };
        rig.on(DEPLOYER, token, &call);
        // The token is an account of its own here: give it something to take.
        let before = rig.ask(&accountCall { who: ALICE }).free;
        let held = rig.balance(perp);
        assert_eq!(rig.call(ALICE, &depositCall { amount }), amount);
        assert!(!rig.chain.query(CAROL, token, &lastOkCall {}).expect("lastOk"), "the way back in was open");
        rig.call(ALICE, &withdrawCall { amount });
        assert!(!rig.chain.query(CAROL, token, &lastOkCall {}).expect("lastOk"), "the way back in was open");
        assert_eq!(rig.ask(&accountCall { who: ALICE }).free, before);
        assert_eq!(rig.balance(perp), held);
    }
    let calls = rig.chain.query(CAROL, token, &callsCall {}).expect("calls");
    assert_eq!(calls, U256::from(14), "the hook ran each time");
}

#[test]
fn pp_8_a_feed_that_calls_back_gives_no_price() {
    use alloy_sol_types::SolCall;
    let mut rig = Rig::of(Plan { hostile: true, ..Plan::default() });
    let (anchor, perp) = (rig.anchor, rig.perp);
    let payload = withdrawCall { amount: U256::from(1) }.abi_encode();
    rig.on(DEPLOYER, anchor, &setTargetCall { target: perp, payload: payload.into() });
    rig.on(DEPLOYER, anchor, &setCall { mode: 6, size: U256::ZERO });
    let call = open_one(&rig, 400);
    rig.refuses(ALICE, &call, InvalidPrice { feed: 0, fault: 1 });
    rig.set_anchor(START);
    rig.call(ALICE, &call);
}

fn stopped(class: u8, until: u64) -> Stopped {
    Stopped { scope: 1, class, sources: 1, until }
}

fn pause(scopes: &[u32], classes: u8) -> pauseCall {
    pauseCall { scopes: scopes.to_vec(), classes, reason: 7 }
}

#[test]
fn a_pause_stops_its_classes_and_nothing_else_until_its_last_second() {
    // Classes by themselves; Inflow needs Liquidate with it and is followed by a grace.
    for class in [INCREASE, LIQUIDATE, REDUCE, EXIT] {
        for scope in [0, 1] {
            let mut rig = Rig::new();
            let start = rig.now();
            assert_eq!(rig.call(PAUSER, &pause(&[scope], 1 << class)), 0);
            let until = start + PAUSE_SECS;
            for at in [start, until - 1] {
                rig.chain.set_timestamp(at);
                for other in INCREASE..=INFLOW {
                    let call = checkCall { market: 1, class: other };
                    if other == class {
                        rig.refuses(ALICE, &call, stopped(class, until));
                    } else {
                        rig.call(ALICE, &call);
                    }
                }
            }
            for at in [until, until + 1] {
                rig.chain.set_timestamp(at);
                assert_eq!(rig.call(ALICE, &checkCall { market: 1, class }), 0, "class {class} scope {scope}");
            }
        }
    }
}

#[test]
fn entries_obey_the_class_they_belong_to() {
    let mut rig = Rig::new();
    let call = open_one(&rig, 400);
    rig.call(ALICE, &call);
    let until = rig.now() + PAUSE_SECS;
    rig.call(PAUSER, &pause(&[1], 0b111));
    let none = U256::ZERO;
    rig.refuses(BOB, &call, stopped(INCREASE, until));
    let more = increaseCall { market: 1, size: U256::from(WAD), margin: rig.units(400), limitPrice: none };
    rig.refuses(ALICE, &more, stopped(INCREASE, until));
    rig.refuses(ALICE, &reduceCall { market: 1, size: U256::from(1), limitPrice: none }, stopped(REDUCE, until));
    rig.refuses(ALICE, &closeCall { market: 1, limitPrice: none }, stopped(REDUCE, until));
    rig.refuses(LP, &removeCall { shares: U256::from(1_000_000) }, stopped(INCREASE, until));
    rig.refuses(LP, &provideCall { amount: rig.units(1) }, stopped(INCREASE, until));
    let amount = rig.units(1);
    rig.call(ALICE, &topUpCall { market: 1, amount });
    rig.call(ALICE, &depositCall { amount });
    rig.call(ALICE, &withdrawCall { amount });
}

#[test]
fn the_council_unpauses_only_within_an_old_enough_incident_of_another() {
    let mut rig = Rig::new();
    rig.refuses(COUNCIL, &unpauseCall { scope: 1 }, NoIncident { scope: 1 });
    rig.call(PAUSER, &pause(&[1], 1));
    rig.refuses(ALICE, &unpauseCall { scope: 1 }, MissingRole { who: ALICE, role: 1 });
    rig.refuses(PAUSER, &unpauseCall { scope: 1 }, MissingRole { who: PAUSER, role: 1 });
    rig.advance(599, START);
    rig.refuses(COUNCIL, &unpauseCall { scope: 1 }, IncidentTooYoung { age: 599, bound: 600 });
    rig.advance(1, START);
    rig.call(COUNCIL, &unpauseCall { scope: 1 });
    assert_eq!(rig.call(ALICE, &checkCall { market: 1, class: INCREASE }), 0);
    // A Council that is a guardian too, and opened it: never its own.
    let mut rig = Rig::new();
    rig.govern(&[change::guardian(COUNCIL, 1, 3_600)]);
    rig.call(COUNCIL, &pause(&[1], 1));
    rig.advance(700, START);
    rig.refuses(COUNCIL, &unpauseCall { scope: 1 }, OwnIncident { who: COUNCIL, incident: 1 });
}

#[test]
fn callers_without_a_role_are_refused_by_every_guarded_entry() {
    let mut rig = Rig::new();
    let (governance, council) = (0, 1);
    for who in [ALICE, PAUSER, rig.perp] {
        let missing = |role| MissingRole { who, role };
        let list = proposeCall { words: change::list(&rig.listing(Params::default())) };
        rig.refuses(who, &list, missing(governance));
        rig.refuses(who, &grantRoleCall { account: who, role: 0 }, missing(governance));
        rig.refuses(who, &revokeRoleCall { account: GOVERNANCE, role: 0 }, missing(governance));
        rig.refuses(who, &setGuardianCall { guardian: who, scope: 0, maxDuration: 3_600 }, missing(governance));
        rig.refuses(who, &labelCall { incident: 1, label: 1 }, missing(governance));
        rig.refuses(who, &extendCall { scope: 0, until: u64::MAX }, missing(council));
        rig.refuses(who, &unpauseCall { scope: 0 }, missing(council));
    }
    rig.refuses(ALICE, &pause(&[0], 1), NotGuardian { who: ALICE, scope: 0 });
    rig.refuses(GOVERNANCE, &pause(&[1], 1), NotGuardian { who: GOVERNANCE, scope: 1 });
    rig.refuses(GOVERNANCE, &unpauseCall { scope: 0 }, MissingRole { who: GOVERNANCE, role: council });
    let again = initialiseCall {
        collateral: rig.token,
        governance: ALICE,
        council: ALICE,
        pauser: ALICE,
        pauseSecs: 3_600,
        floor: 1,
    };
    rig.refuses(ALICE, &again, AlreadyInitialised {});
    // The oracle's and the keeper's entries are nobody's at the protocol's address.
    assert!(rig.fails(ALICE, &recordCall { market: 1 }).output.len() != 32);
    assert!(rig.fails(ALICE, &pricedCall { market: 1, class: 0 }).output.len() != 96);
}

#[test]
fn after_a_pause_of_inflow_there_is_a_grace() {
    let mut rig = Rig::new();
    let call = open_one(&rig, 200);
    rig.call(BOB, &call);
    rig.refuses(PAUSER, &pause(&[1], 0b1_0000), InflowWithoutLiquidate { classes: 16, required: 2 });
    let start = rig.now();
    rig.call(PAUSER, &pause(&[1], 0b1_0010));
    rig.refuses(BOB, &topUpCall { market: 1, amount: rig.units(1) }, stopped(INFLOW, start + PAUSE_SECS));
    // 24 h of it: a quarter is more than the most, 4 h.
    let (end, over) = (start + PAUSE_SECS, start + PAUSE_SECS + 14_400);
    rig.chain.set_timestamp(end - 1);
    rig.set_price(START / 1_000 * 930);
    rig.fails(BOB, &topUpCall { market: 1, amount: rig.units(1) });
    // 930: equity 60, maintenance 93, half of it 46.5: not within the grace, and after it at once.
    rig.chain.set_timestamp(end);
    let amount = rig.units(60);
    let half = rig.units(465) / U256::from(10);
    let healthy = Healthy { equity: amount, threshold: half };
    rig.refuses(CAROL, &liquidateCall { market: 1, account: BOB }, healthy.clone());
    rig.refuses(ALICE, &checkCall { market: 1, class: INCREASE }, stopped(INCREASE, over));
    rig.chain.set_timestamp(over - 1);
    rig.set_price(START / 1_000 * 930);
    rig.refuses(CAROL, &liquidateCall { market: 1, account: BOB }, healthy);
    rig.chain.set_timestamp(over);
    assert_eq!(rig.call(CAROL, &liquidateCall { market: 1, account: BOB }), 0);
}

#[test]
fn a_liquidation_that_a_condition_refuses_records_it_and_moves_nothing() {
    let mut rig = Rig::new();
    let call = open_one(&rig, 200);
    rig.call(BOB, &call);
    rig.advance(60, START / 100 * 93);
    rig.set_second(START / 100 * 140);
    let books = |rig: &Rig| (rig.accounted(&USERS), rig.ask(&positionCall { who: BOB, market: 1 }).margin);
    let before = books(&rig);
    let outcome = rig.send(CAROL, &liquidateCall { market: 1, account: BOB });
    assert_eq!(U256::from_be_slice(&outcome.output), U256::from(1));
    let refused: Refused = outcome.event().expect("Refused");
    assert_eq!((refused.market, refused.account, refused.tier), (1, BOB, 3));
    assert!(outcome.event::<Liquidated>().is_none());
    assert_eq!((rig.bits(1), rig.incidents()), (8 | 2, 1));
    assert_eq!(books(&rig), before);
    // Again: it is remembered now.
    assert_eq!(rig.call(CAROL, &liquidateCall { market: 1, account: BOB }), 1);
    assert_eq!(rig.incidents(), 1);
    // A stale price is no trip: the refusal stands, and nothing is written.
    let mut rig = Rig::new();
    rig.call(BOB, &call);
    rig.wait(MAX_AGE + 1);
    let stale = StalePrice { age: U256::from(MAX_AGE + 1), max: U256::from(MAX_AGE) };
    rig.refuses(CAROL, &liquidateCall { market: 1, account: BOB }, stale);
}
