//! Every mutating entry of every program, with every single stolen key: nothing loosens without its delay, and nothing
//! is stopped for longer than the design's bounds.

use alloy_primitives::{hex, Address, Bytes, U256};
use alloy_sol_types::{sol, SolCall, SolError};
use fusebox_testbed::Tx;
use fusebox_tests::{
    abi::{table::setCall as Set, *},
    powers::{cases::*, *},
    *,
};
use std::{collections::BTreeSet, sync::OnceLock};

sol! {
    function mark(uint32 scope, uint16 id);
    function overlaid(uint32 bucket, uint16 factor, uint64 until);
    function touch(uint32 market, address account, uint8 why, uint256 size);
    function levy(uint32 market, address account, uint8 why, uint256 size);
    function cover(uint32 market, bool isLong, uint128 price, uint128 open, uint128 bankruptcy);
    function bear(uint32 market, bool isLong, uint128 size, uint128 margin, uint128 entry, uint128 loss, uint128 badDebt, uint128 price);
    function collect(uint32 market, address account, uint128 until, uint128 since, uint128 profit);
    function admit(uint32 market, address account, uint32 epoch, uint128 cut, uint128 borne);
    function unwind(uint32 market);
    function mend(uint32 market, address account, uint128 amount);
    function pay(uint32 market, uint128 amount);
    function claim(uint32 market, address account, uint32 epoch);
    function enlist(uint32 market);
    function tighten();
    function observe(uint32 market, uint8 tier, uint16 volatilityBps);
    function winnings(uint32 market, uint128 price);
    function secure(bool entering);
}

/// The programs behind the protocol's address, each by the fallback of the one before.
const REACHABLE: [&str; 11] = [
    "perp",
    "perp-pool",
    "perp-risk",
    "perp-guard",
    "perp-share",
    "perp-limit",
    "perp-watch",
    "perp-queue",
    "perp-settle",
    "perp-fund",
    "perp-view",
];
/// The programs that only other programs reach.
const INTERNAL: [&str; 14] = [
    "perp-oracle",
    "perp-keeper",
    "perp-setup",
    "perp-carry",
    "perp-meter",
    "perp-cover",
    "perp-wind",
    "perp-side",
    "perp-ledger",
    "perp-tally",
    "perp-touch",
    "perp-hold",
    "perp-cross",
    "perp-divide",
];

/// A state in which a key is stolen.
#[derive(Clone)]
struct Scene {
    rig: Rig,
    ticket: u128,
    /// Whether market and protocol are paused, since ten minutes.
    paused: bool,
}

fn scene(paused: bool) -> Scene {
    static SCENES: [OnceLock<Scene>; 2] = [const { OnceLock::new() }; 2];
    SCENES[usize::from(paused)].get_or_init(|| build(paused)).clone()
}

fn build(paused: bool) -> Scene {
    let mut rig = rig();
    rig.govern(&[change::playbook(1, 1, true, &approved())]);
    for (_, who) in KEYS {
        rig.fund(who, 10_000);
        rig.call(who, &depositCall { amount: rig.units(2_000) });
    }
    let ticket = ticket(&mut rig);
    for words in pending() {
        rig.call(GOVERNANCE, &proposeCall { words });
    }
    if paused {
        rig.call(PAUSER, &pauseCall { scopes: vec![0], classes: ALL_CLASSES, reason: 1 });
        rig.call(SECOND, &pauseCall { scopes: vec![1], classes: ALL_CLASSES, reason: 1 });
    }
    rig.advance(600, START);
    Scene { rig, ticket, paused }
}

/// After how many seconds a class passes in every scope, whatever this key has done: the design's bounds.
///
/// - Two guardians' pauses of 24 hours each began ten minutes ago where the scene is paused; a grace of at most 4 hours
///   without new risk follows.
/// - A guardian: its own longest pause, here 24 hours.
/// - The Council prolongs what others have begun: exits and inflows to 72 hours, the rest to 14 days from its start.
/// - A Sentinel: no new risk for 24 hours.
/// - Governance, a Steward and everybody else stop nothing.
fn bound(key: &str, class: u8, paused: bool) -> u64 {
    const HOUR: u64 = 3_600;
    let (ago, grace) = (600, if class == INCREASE { 4 * HOUR } else { 0 });
    let found = if paused { DAY - ago + grace } else { 0 };
    let own = match (key, class) {
        ("Guardian", _) => DAY + grace,
        ("Council", EXIT | INFLOW) if paused => 72 * HOUR - ago,
        ("Council", _) if paused => 14 * DAY - ago + grace,
        ("Sentinel", INCREASE) => DAY,
        _ => 0,
    };
    found.max(own)
}

/// (b) Everything passes once its bound is over, with fresh prices, and the ticket of a third party is paid.
fn comes_back(rig: &Rig, key: &str, scene: &Scene, what: &str) {
    let start = rig.now();
    let mut later = rig.clone();
    let mut times: Vec<_> = (0..5).map(|class| (bound(key, class, scene.paused), class)).collect();
    times.sort_unstable();
    for (after, class) in times {
        later.chain.set_timestamp(start + after);
        for market in 0..3 {
            let checked = later.chain.query(CAROL, later.perp, &checkCall { market, class });
            assert!(checked.is_ok(), "{key}: {what}: class {class} of {market} is stopped after {after} s");
        }
    }
    later.chain.set_timestamp(later.now().max(start + 3 * DAY));
    later.set_price(START);
    for class in 0..3 {
        let priced = later.chain.query(CAROL, later.perp, &priceCall { market: 1, class });
        assert!(priced.is_ok_and(|it| it.tier == 0), "{key}: {what}: no price for class {class}");
    }
    let failed = later.call(CAROL, &claimTicketsCall { ids: vec![scene.ticket] });
    let left = later.ask(&ticketCall { id: scene.ticket });
    assert!(failed == 0 || left[0].is_zero(), "{key}: {what}: a ticket is stuck");
}

fn roles_of(rig: &Rig) -> Vec<U256> {
    let all = KEYS.map(|(_, who)| who).into_iter().chain([WARDEN, SECOND]);
    all.map(|account| rig.ask(&rolesOfCall { account }) & U256::from(255)).collect()
}

/// (a) No parameter is looser, nobody has more roles.
fn nothing_loosened(rig: &Rig, before: &(Values, Vec<U256>), what: &str) {
    let loosened = looser(&before.0, &values(rig));
    assert!(loosened.is_empty(), "{what}: {loosened:#06x?}");
    let more = roles_of(rig).iter().zip(&before.1).any(|(now, then)| *now & !*then != U256::ZERO);
    assert!(!more, "{what} gave a role");
}

/// Each case of its own, then all of them one after the other, with one key.
fn steal(name: &str, key: Address, scene: &Scene) -> usize {
    let before = (values(&scene.rig), roles_of(&scene.rig));
    let all = walk(scene.rig.now(), scene.ticket, &before.0);
    let mut sequence = scene.rig.clone();
    let mut done = 0;
    for case in &all {
        let what = format!("{name} {} {}", case.signature, hex::encode(&case.data[4..]));
        let tx = Tx::new(key, scene.rig.perp, Bytes::from(case.data.clone()));
        let mut alone = scene.rig.clone();
        let outcome = alone.chain.send(tx.clone());
        if outcome.output.starts_with(&MissingRole::SELECTOR) {
            continue; // and no case gives a role, as is asserted below
        }
        sequence.chain.send(tx);
        assert!(outcome.event::<ProgramSet>().is_none(), "{what} replaced a program");
        if outcome.success && !outcome.storage_writes.is_empty() {
            done += 1;
            nothing_loosened(&alone, &before, &what);
            comes_back(&alone, name, scene, &what);
        }
    }
    nothing_loosened(&sequence, &before, name);
    comes_back(&sequence, name, scene, "everything");
    done
}

#[test]
fn every_entry_has_its_cases() {
    let cases: BTreeSet<String> = walk(0, 0, &values(&rig())).iter().map(|case| case.signature.to_string()).collect();
    let entries = writing(&REACHABLE);
    assert_eq!(entries, cases, "entries and cases differ");
    // One that nobody has written a case for would be seen.
    let mut fewer = cases;
    fewer.remove("pause(uint32[],uint8,uint16)");
    assert_ne!(entries, fewer);
}

fn steal_each(scene: &Scene) {
    for (name, key) in KEYS {
        // Anybody deposits, provides, rebases, pokes: a walk in which nothing happens would show nothing.
        assert!(steal(name, key, scene) >= 10, "{name} did nothing");
    }
}

#[test]
fn no_single_stolen_key_loosens_or_stops_for_long() {
    steal_each(&scene(false));
}

#[test]
fn no_single_stolen_key_loosens_or_prolongs_in_an_incident() {
    steal_each(&scene(true));
}

/// A thief who had more time than the walk gives, or more power than its name says, is seen.
#[test]
#[should_panic(expected = "0x0500")]
fn the_walk_sees_what_loosens() {
    let mut scene = scene(false);
    scene.rig.advance(PARAMETER_DELAY, START);
    steal("nobody", MALLORY, &scene);
}

#[test]
#[should_panic(expected = "is stopped after 0 s")]
fn the_walk_sees_a_stop_past_its_bound() {
    steal("nobody", PAUSER, &scene(false));
}

#[test]
fn what_only_programs_reach_nobody_reaches() {
    let rig = rig();
    let internal = [
        case(&decideCall { words: change::decision(1, 1) }),
        case(&countCall { market: 1, account: BOB }),
        case(&apportionCall { market: 0 }),
        case(&forgiveCall { market: 1 }),
        case(&secureCall { entering: false }),
        case(&pricedCall { market: 1, class: 0 }),
        case(&recordCall { market: 1 }),
        case(&listCall { words: rig.listing(Params::default().with(7, 61)) }),
        case(&carryCall { words: change::parameter(1, 0x0500, 900) }),
        case(&valueCall { scope: 1, id: 0x0500 }),
        case(&markCall { scope: 1, id: 0x0500 }),
        case(&overflowCall { bucket: 0, amount: 1 }),
        case(&configureCall { bucket: 0, config: rig.ask(&bucketStateCall { bucket: 0 })[4] }),
        case(&overlaidCall { bucket: 0, factor: 10_000, until: 0 }),
        case(&touchCall { market: 1, account: BOB, why: 3, size: U256::MAX }),
        case(&levyCall { market: 1, account: BOB, why: 3, size: U256::MAX }),
        case(&coverCall { market: 1, isLong: true, price: 1, open: 1, bankruptcy: 0 }),
        case(&bearCall { market: 1, isLong: true, size: 1, margin: 0, entry: 2, loss: 1, badDebt: 1, price: 1 }),
        case(&collectCall { market: 1, account: BOB, until: 1, since: 0, profit: 1 }),
        case(&admitCall { market: 1, account: BOB, epoch: 1, cut: 1, borne: 1 }),
        case(&unwindCall { market: 1 }),
        case(&mendCall { market: 1, account: BOB, amount: 1 }),
        case(&payCall { market: 1, amount: 1 }),
        case(&claimCall { market: 1, account: BOB, epoch: 1 }),
        case(&enlistCall { market: 1 }),
        case(&observeCall { market: 1, tier: 1, volatilityBps: 9_000 }),
        case(&winningsCall { market: 1, price: 1 }),
        case(&tightenCall {}),
    ];
    // A view that a reachable program hands on has the same name there.
    let open: BTreeSet<String> =
        REACHABLE.iter().flat_map(|program| entries(program)).map(|(signature, _)| signature).collect();
    let all = INTERNAL.iter().flat_map(|program| entries(program)).map(|(signature, _)| signature);
    let entries: BTreeSet<String> = all.filter(|signature| !open.contains(signature)).collect();
    assert_eq!(entries, internal.iter().map(|case| case.signature.to_string()).collect());
    let answer = |who: Address, data: &[u8]| {
        let outcome = rig.chain.view(Tx::new(who, rig.perp, data.to_vec()));
        (outcome.success, outcome.output)
    };
    for (name, who) in KEYS {
        let unknown = answer(who, &hex!("deadbeef"));
        assert!(!unknown.0);
        for case in &internal {
            assert_eq!(answer(who, &case.data), unknown, "{name} reaches {}", case.signature);
        }
    }
}

#[test]
fn every_row_waits_for_whoever_loosens_it() {
    let mut rig = rig();
    let (start, before) = (rig.now(), values(&rig));
    let mut wanted = Vec::new();
    for row in rows() {
        for scope in row.scopes() {
            let from = *before.get(&(*scope, row.id)).unwrap_or_else(|| panic!("no {:#x} in {scope}", row.id));
            let to = row.loosenings(from);
            assert!(!to.is_empty(), "{:#x} has no looser value than {from}", row.id);
            wanted.extend(to.into_iter().map(|value| (*scope, row.id, value)));
        }
    }
    assert!(wanted.len() > 100);
    for &(scope, id, value) in &wanted {
        let set = Set { scope, id, value };
        for (_, who) in KEYS.into_iter().filter(|(_, who)| *who != GOVERNANCE) {
            let outcome = rig.chain.view(Tx::new(who, rig.perp, set.abi_encode()));
            assert_eq!(outcome.output[..], MissingRole { who, role: 0 }.abi_encode()[..], "{id:#x}");
        }
        rig.call(GOVERNANCE, &set);
    }
    assert_eq!(values(&rig), before, "something happened at once");
    // To the second: what waits longest last, since a parameter may depend on another that changed before it.
    let mut due: Vec<_> = wanted
        .into_iter()
        .map(|at| {
            let words = change::parameter(at.0, at.1, at.2);
            (rig.ask(&readyCall { words: words.clone() })[1].to::<u64>(), words, at)
        })
        .collect();
    due.sort();
    let mut taken = 0;
    for (earliest, words, (scope, id, value)) in due {
        let longest = before[&(0, 0x0100 + if id >> 8 == 1 { id & 0xff } else { 0 })];
        assert_eq!(u128::from(earliest - start), longest, "{id:#x}");
        let execute = executeCall { words };
        rig.chain.set_timestamp(earliest - 1);
        let outcome = rig.chain.view(Tx::new(MALLORY, rig.perp, execute.abi_encode()));
        assert_eq!(outcome.output[..], TooEarly { now: earliest - 1, bound: earliest }.abi_encode()[..], "{id:#x}");
        rig.chain.set_timestamp(earliest);
        // Its module may still refuse what does not fit with the other values.
        if rig.chain.call(MALLORY, rig.perp, &execute).is_ok() {
            taken += 1;
            assert_eq!(powers::value(&rig, (scope, id)), value, "{id:#x}");
        }
    }
    assert!(taken > 100, "only {taken} were carried out");
    // The comparison sees what has loosened now that it has waited.
    assert!(looser(&before, &values(&rig)).len() > 60);
}
