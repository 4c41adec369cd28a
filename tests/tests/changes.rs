//! Parameters on the real WASM: what tightens happens, what loosens waits, what a Steward does ends by itself.

use alloy_primitives::{keccak256, Address, B256, U256};
use alloy_sol_types::{SolCall, SolError};
use fusebox_tests::{
    abi::{table::setCall as Set, *},
    powers::{authority, *},
    *,
};

fn set(scope: u32, id: u16, value: u128) -> Set {
    Set { scope, id, value }
}

fn overlay(scope: u32, id: u16, value: u128, secs: u64) -> overlayCall {
    overlayCall { scope, id, value, secs }
}

fn hash(words: &[U256]) -> B256 {
    keccak256(words.iter().flat_map(|word| word.to_be_bytes::<32>()).collect::<Vec<u8>>())
}

/// The earliest and the latest second of a proposal, and whether it is there at all.
fn dates(rig: &Rig, words: &[U256]) -> Option<(u64, u64)> {
    let state = rig.ask(&readyCall { words: words.to_vec() });
    (!state[1].is_zero()).then(|| (state[1].to(), state[2].to()))
}

/// Refused with an error of this kind, whatever its words.
fn refuses_kind<E: SolError>(rig: &Rig, from: Address, call: &impl SolCall) {
    let outcome = rig.chain.view(fusebox_testbed::Tx::new(from, rig.perp, call.abi_encode()));
    assert!(!outcome.success && outcome.output.starts_with(&E::SELECTOR), "not {}: {outcome:?}", E::SIGNATURE);
}

#[test]
fn what_tightens_is_set_at_once() {
    let mut rig = rig();
    let before = values(&rig);
    let tighter = [
        (0, 0x0100, u128::from(3 * DAY)),
        (1, 0x0200, 400),
        (2, 0x0204, 50),
        (0, 0x0301, 900),
        (17, 0x0301, 4_000),
        (1, 0x0500, 1_500),
        (1, 0x0509, 5_000),
    ];
    for (scope, id, to) in tighter {
        let outcome = rig.send(GOVERNANCE, &set(scope, id, to));
        let seen: ParameterSet = outcome.event().expect("ParameterSet");
        let previous = before[&(scope, id)];
        assert_eq!((seen.scope, seen.id, seen.previous, seen.current, seen.by), (scope, id, previous, to, GOVERNANCE));
    }
    let mut expected = before;
    expected.extend(tighter.map(|(scope, id, to)| ((scope, id), to)));
    assert_eq!(values(&rig), expected);
    // It is in force, not only written.
    let asked =
        openCall { market: 1, isLong: true, size: U256::from(WAD), margin: rig.units(250), limitPrice: U256::ZERO };
    refuses_kind::<MarginBelowInitial>(&rig, ALICE, &asked);
    rig.call(ALICE, &openCall { margin: rig.units(310), ..asked });
}

#[test]
fn what_loosens_or_can_hurt_either_way_only_waits() {
    let loosenings = [
        (1, 0x0500, 900),
        (1, 0x0200, 600),
        (0, 0x0301, 2_000),
        (1, 0x0202, 2_400),
        (1, 0x0202, 2_600),
        (1, 0x0280, 4_000),
        (1, 0x0280, 3_000),
        (17, 0x0302, 120),
        (1, 0x050f, 400),
        (1, 0x050f, 600),
    ];
    let start = rig();
    for (scope, id, to) in loosenings {
        let mut rig = start.clone();
        let (from, words) = (value(&rig, (scope, id)), change::parameter(scope, id, to));
        rig.call(GOVERNANCE, &set(scope, id, to));
        assert_eq!(value(&rig, (scope, id)), from, "{id:#x} changed at once");
        let (earliest, latest) = dates(&rig, &words).expect("a proposal");
        assert_eq!((earliest, latest), (rig.now() + PARAMETER_DELAY, rig.now() + PARAMETER_DELAY + READY_SECS));
        let execute = executeCall { words };
        rig.chain.set_timestamp(earliest - 1);
        rig.refuses(CAROL, &execute, TooEarly { now: earliest - 1, bound: earliest });
        rig.chain.set_timestamp(earliest);
        rig.call(CAROL, &execute);
        assert_eq!(value(&rig, (scope, id)), to);
        rig.refuses(CAROL, &execute, NotProposed { hash: hash(&execute.words) });
    }
}

#[test]
fn what_nobody_executes_in_time_is_gone() {
    let mut rig = rig();
    let words = change::parameter(1, 0x0500, 900);
    rig.call(GOVERNANCE, &set(1, 0x0500, 900));
    let (_, latest) = dates(&rig, &words).expect("a proposal");
    let execute = executeCall { words };
    let mut late = rig.clone();
    late.chain.set_timestamp(latest);
    late.refuses(CAROL, &execute, TooLate { now: latest, bound: latest });
    rig.chain.set_timestamp(latest - 1);
    rig.call(CAROL, &execute);
    assert_eq!(value(&rig, (1, 0x0500)), 900);
    // Proposed anew it waits anew.
    late.call(GOVERNANCE, &proposeCall { words: execute.words.clone() });
    late.refuses(CAROL, &execute, TooEarly { now: latest, bound: latest + PARAMETER_DELAY });
}

#[test]
fn an_equal_value_is_nothing_and_one_out_of_bounds_is_refused() {
    let mut rig = rig();
    let now = values(&rig);
    for (scope, id) in [(1, 0x0500), (1, 0x0202), (0, 0x0301), (0, 0x0100)] {
        let same = now[&(scope, id)];
        let outcome = rig.send(GOVERNANCE, &set(scope, id, same));
        assert!(outcome.logs.is_empty(), "{id:#x} said something");
        assert_eq!(dates(&rig, &change::parameter(scope, id, same)), None);
    }
    for row in rows() {
        let scope = row.scopes()[0];
        let below = row.min.checked_sub(1).map(|value| (value, row.min));
        for (value, bound) in below.into_iter().chain([(row.max + 1, row.max), (u128::MAX, row.max)]) {
            let expected = authority::OutOfBounds { id: row.id, value, bound }.abi_encode();
            for data in [
                set(scope, row.id, value).abi_encode(),
                proposeCall { words: change::parameter(scope, row.id, value) }.abi_encode(),
            ] {
                let outcome = rig.chain.view(fusebox_testbed::Tx::new(GOVERNANCE, rig.perp, data));
                assert_eq!((outcome.success, &outcome.output[..]), (false, &expected[..]), "{:#x}", row.id);
            }
        }
    }
    for (scope, id) in [(2, 0x0285), (3, 0x0500), (1, 0x0517), (2, 0x0301), (1, 0x0100), (0, 0x0500)] {
        rig.fails(GOVERNANCE, &set(scope, id, 1_000));
    }
    assert_eq!(values(&rig), now);
}

#[test]
fn a_lowered_delay_waits_the_delay_that_it_lowers() {
    let mut rig = rig();
    let three = u128::from(3 * DAY);
    let early = change::parameter(1, 0x0500, 900);
    rig.call(GOVERNANCE, &proposeCall { words: early.clone() });
    rig.call(GOVERNANCE, &set(0, 0x0100, three));
    let start = rig.now();
    // What is proposed keeps its date; what comes after it waits longer.
    assert_eq!(dates(&rig, &early).map(|it| it.0), Some(start + PARAMETER_DELAY));
    for (id, to, wait) in [(0x0100, DAY, 3 * DAY), (0x0101, 3 * DAY, 7 * DAY), (0x0102, 3 * DAY, 7 * DAY)] {
        rig.call(GOVERNANCE, &set(0, id, to.into()));
        assert_eq!(dates(&rig, &change::parameter(0, id, to.into())).map(|it| it.0), Some(start + wait));
    }
    let late = change::parameter(1, 0x0500, 800);
    rig.call(GOVERNANCE, &set(1, 0x0500, 800));
    rig.chain.set_timestamp(start + 3 * DAY);
    rig.call(CAROL, &executeCall { words: change::parameter(0, 0x0100, DAY.into()) });
    assert_eq!(value(&rig, (0, 0x0100)), u128::from(DAY));
    assert_eq!(dates(&rig, &late).map(|it| it.0), Some(start + 3 * DAY));
    rig.call(CAROL, &executeCall { words: early });
    rig.call(CAROL, &executeCall { words: late });
}

#[test]
fn a_stewards_overlay_is_in_force_at_once_and_ends_by_itself() {
    let mut rig = rig();
    let ask = |rig: &Rig| openCall {
        market: 1,
        isLong: true,
        size: U256::from(WAD) * U256::from(30),
        margin: rig.units(9_000),
        limitPrice: U256::ZERO,
    };
    let open = ask(&rig);
    rig.clone().call(ALICE, &open);
    // 60,000 of notional: 15 % of margin, 6 % of the pool.
    for (id, tight, kind) in [(0x0500, 2_000, MarginBelowInitial::SELECTOR), (0x0509, 500, InterestAboveCap::SELECTOR)]
    {
        let mut rig = rig.clone();
        let from = value(&rig, (1, id));
        rig.call(STEWARD, &overlay(1, id, tight, 3_600));
        let until = rig.now() + 3_600;
        assert_eq!(value(&rig, (1, id)), tight);
        assert!(rig.fails(ALICE, &open).output.starts_with(&kind));
        // To the last second; and nobody has to clear it.
        rig.chain.set_timestamp(until - 1);
        rig.set_price(START);
        assert!(rig.fails(ALICE, &open).output.starts_with(&kind));
        rig.chain.set_timestamp(until);
        assert_eq!(value(&rig, (1, id)), from);
        rig.call(ALICE, &open);
    }
    let start = rig.now();
    rig.refuses(MALLORY, &overlay(1, 0x0500, 2_000, 3_600), MissingRole { who: MALLORY, role: 3 });
    rig.refuses(STEWARD, &overlay(1, 0x0500, 5_001, 3_600), PastFloor { id: 0x0500, value: 5_001, bound: 5_000 });
    rig.refuses(STEWARD, &overlay(1, 0x0509, 499, 3_600), PastFloor { id: 0x0509, value: 499, bound: 500 });
    let not_tighter = |id, value, bound| authority::NotTighter { id, value, bound };
    rig.refuses(STEWARD, &overlay(1, 0x0500, 999, 3_600), not_tighter(0x0500, 999, 1_000));
    rig.refuses(STEWARD, &overlay(1, 0x050f, 600, 3_600), not_tighter(0x050f, 600, 500));
    let long = 3 * DAY + 1;
    rig.refuses(STEWARD, &overlay(1, 0x0500, 2_000, long), authority::OverlayLength { secs: long, bound: 3 * DAY });
    // 72 hours of any seven days, whichever parameter of the scope.
    rig.call(STEWARD, &overlay(1, 0x0500, 2_000, 3 * DAY));
    rig.chain.set_timestamp(start + 3 * DAY);
    for (id, tight) in [(0x0500, 2_000), (0x0509, 500)] {
        let spent = authority::OverlaySpent { now: start + 3 * DAY, bound: start + 7 * DAY };
        rig.refuses(STEWARD, &overlay(1, id, tight, 1), spent);
    }
    rig.chain.set_timestamp(start + 7 * DAY);
    rig.call(STEWARD, &overlay(1, 0x0500, 2_000, 1));
}

#[test]
fn a_stewards_overlay_of_the_limiter_leaves_less_and_comes_back() {
    let mut rig = rig();
    let open = |rig: &Rig| -> U256 { rig.ask(&bucketStateCall { bucket: 0 })[6] };
    let before = open(&rig);
    assert!(before > rig.units(80_000), "{before}");
    let fifth = |left: U256| left <= before / U256::from(5) && left + U256::from(2) >= before / U256::from(5);
    rig.call(STEWARD, &overlay(0, 0x0301, 200, 3_600));
    let until = rig.now() + 3_600;
    assert!(fifth(open(&rig)), "{}", open(&rig));
    assert_eq!(value(&rig, (0, 0x0301)), 1_000);
    let amount = rig.units(25_000);
    refuses_kind::<AboveCapacity>(&rig, BOB, &withdrawCall { amount });
    rig.chain.set_timestamp(until - 1);
    assert!(fifth(open(&rig)));
    rig.chain.set_timestamp(until);
    assert_eq!(open(&rig), before);
    assert!(rig.call(BOB, &withdrawCall { amount }).is_zero());
}

#[test]
fn a_share_that_a_steward_has_lowered_is_worked_out_anew_when_the_approved_one_changes() {
    let mut rig = rig();
    // A pool that has been there for a while: its share, and not the floor, is what may leave.
    let available = |rig: &Rig| rig.ask(&bucketStateCall { bucket: 0 })[6];
    rig.call(CAROL, &rebaseCall { bucket: 0 });
    rig.advance(30 * DAY, START);
    rig.call(CAROL, &rebaseCall { bucket: 0 });
    let loosened = change::parameter(0, 0x0301, 2_000);
    rig.call(GOVERNANCE, &proposeCall { words: loosened.clone() });
    rig.advance(PARAMETER_DELAY, START);
    let whole = available(&rig);
    rig.call(STEWARD, &overlayCall { scope: 0, id: 0x0301, value: 500, secs: 3 * DAY });
    let lowered = available(&rig);
    assert!(lowered <= whole / U256::from(2));
    // Governance doubles what is approved: what is in force is still what the Steward left.
    rig.call(CAROL, &executeCall { words: loosened });
    assert!(available(&rig) <= lowered, "{} after {lowered}", available(&rig));
}
