//! Who cancels, who removes whom, what an upgrade leaves, what the Council may run, what a Sentinel may say.

use alloy_primitives::{Address, U256};
use fusebox_tests::{
    abi::*,
    powers::{authority, cases::hash, *},
    *,
};

fn propose(rig: &mut Rig, by: Address, words: &[U256]) {
    rig.call(by, &proposeCall { words: words.to_vec() });
}

fn stage(rig: &Rig, words: &[U256]) -> U256 {
    rig.ask(&readyCall { words: words.to_vec() })[0]
}

fn cancel(words: &[U256]) -> cancelCall {
    cancelCall { words: words.to_vec() }
}

fn execute(words: &[U256]) -> executeCall {
    executeCall { words: words.to_vec() }
}

/// A class passes in a market, by what is remembered.
fn passes(rig: &Rig, market: u32, class: u8) -> bool {
    rig.chain.query(CAROL, rig.perp, &checkCall { market, class }).is_ok()
}

#[test]
fn council_a_guardian_and_the_proposer_cancel() {
    let mut rig = rig();
    let words = change::parameter(1, 0x0500, 900);
    for who in [COUNCIL, WARDEN, PAUSER, GOVERNANCE] {
        let mut rig = rig.clone();
        propose(&mut rig, GOVERNANCE, &words);
        assert_eq!(stage(&rig, &words), U256::from(1));
        rig.refuses(MALLORY, &cancel(&words), MissingRole { who: MALLORY, role: 2 });
        rig.refuses(STEWARD, &cancel(&words), MissingRole { who: STEWARD, role: 2 });
        rig.call(who, &cancel(&words));
        assert_eq!(stage(&rig, &words), U256::ZERO);
        rig.advance(PARAMETER_DELAY, START);
        rig.refuses(CAROL, &execute(&words), NotProposed { hash: hash(&words) });
    }
    // Nobody cancels what takes their own power; another does.
    let of_council = change::revoke(COUNCIL, 1);
    let of_warden = change::revoke(WARDEN, 2);
    let of_pauser = change::guardian(PAUSER, 1, 0);
    for words in [&of_council, &of_warden, &of_pauser] {
        propose(&mut rig, GOVERNANCE, words);
    }
    rig.refuses(COUNCIL, &cancel(&of_council), OwnRemoval { who: COUNCIL, act: 2 });
    rig.refuses(WARDEN, &cancel(&of_warden), OwnRemoval { who: WARDEN, act: 2 });
    rig.refuses(PAUSER, &cancel(&of_pauser), OwnRemoval { who: PAUSER, act: 3 });
    rig.call(WARDEN, &cancel(&of_council));
    rig.call(COUNCIL, &cancel(&of_warden));
    rig.call(COUNCIL, &cancel(&of_pauser));
    for words in [&of_council, &of_warden, &of_pauser] {
        assert_eq!(stage(&rig, words), U256::ZERO);
    }
}

#[test]
fn a_proposal_dies_with_its_proposers_term() {
    let mut rig = rig();
    rig.govern(&[change::grant(MALLORY, 0)]);
    let words = change::parameter(1, 0x0500, 900);
    propose(&mut rig, MALLORY, &words);
    let term = (rig.ask(&rolesOfCall { account: MALLORY }) >> 64usize).to::<u64>() as u32;
    // The other holder cannot end it at once, or a stolen key would be alone; who resigns is gone at once.
    rig.call(GOVERNANCE, &revokeRoleCall { account: MALLORY, role: 0 });
    assert_eq!(rig.ask(&rolesOfCall { account: MALLORY }) & U256::from(1), U256::from(1));
    rig.call(MALLORY, &revokeRoleCall { account: MALLORY, role: 0 });
    assert_eq!(stage(&rig, &words), U256::from(4), "dead");
    let mut back = rig.clone();
    rig.advance(PARAMETER_DELAY, START);
    rig.refuses(CAROL, &execute(&words), authority::ProposerGone { who: MALLORY, bound: term });
    // With the role again the proposal stays dead.
    back.govern(&[change::grant(MALLORY, 0)]);
    back.refuses(CAROL, &execute(&words), authority::ProposerGone { who: MALLORY, bound: term });
}

#[test]
fn guardians_are_appointed_slowly_and_the_last_one_stays() {
    let mut rig = rig();
    let set = |guardian, scope, secs| setGuardianCall { guardian, scope, maxDuration: secs };
    let must_wait = || MustWait { act: U256::from(3) };
    for secs in [300, PAUSE_SECS as u32, u32::MAX] {
        rig.refuses(GOVERNANCE, &set(MALLORY, 1, secs), must_wait());
    }
    rig.refuses(GOVERNANCE, &set(PAUSER, 0, 0), must_wait());
    rig.refuses(COUNCIL, &set(SECOND, 1, 0), MissingRole { who: COUNCIL, role: 0 });
    let pause = pauseCall { scopes: vec![1], classes: 1, reason: 1 };
    rig.clone().call(SECOND, &pause);
    rig.call(GOVERNANCE, &set(SECOND, 1, 0));
    rig.refuses(SECOND, &pause, NotGuardian { who: SECOND, scope: 1 });
    // Now the other is the last of its market.
    rig.refuses(GOVERNANCE, &set(PAUSER, 1, 0), must_wait());
    let words = change::guardian(PAUSER, 1, 0);
    propose(&mut rig, GOVERNANCE, &words);
    let earliest = rig.now() + 7 * DAY;
    rig.chain.set_timestamp(earliest - 1);
    rig.refuses(CAROL, &execute(&words), TooEarly { now: earliest - 1, bound: earliest });
    rig.chain.set_timestamp(earliest);
    rig.clone().call(PAUSER, &pause);
    rig.call(CAROL, &execute(&words));
    rig.refuses(PAUSER, &pause, NotGuardian { who: PAUSER, scope: 1 });
}

#[test]
fn an_upgrade_of_a_paused_protocol_leaves_it_paused() {
    let mut rig = rig();
    let again = rig.chain.deploy_wasm(DEPLOYER, &wasm("perp-pool")).expect("a second pool program");
    let words = change::upgrade(1, again);
    propose(&mut rig, GOVERNANCE, &words);
    let earliest = rig.now() + 7 * DAY;
    rig.chain.set_timestamp(earliest - 1);
    rig.refuses(CAROL, &execute(&words), TooEarly { now: earliest - 1, bound: earliest });
    rig.call(PAUSER, &pauseCall { scopes: vec![0], classes: ALL_CLASSES, reason: 1 });
    let paused = (rig.ask(&pauseStateCall { scope: 0 }), rig.bits(0));
    rig.chain.set_timestamp(earliest);
    let amount = rig.units(10);
    let seen: ProgramSet = rig.send(CAROL, &execute(&words)).event().expect("ProgramSet");
    assert_eq!((seen.program, seen.previous, seen.current), (U256::from(1), rig.programs[0], again));
    assert_eq!((&rig.ask(&pauseStateCall { scope: 0 })[..2], rig.bits(0)), (&paused.0[..2], paused.1));
    for class in 0..5 {
        assert!(!passes(&rig, 0, class) && !passes(&rig, 1, class), "class {class}");
    }
    rig.fails(BOB, &withdrawCall { amount });
    // The end of the pause, which the new program obeys as the old one did.
    rig.chain.set_timestamp(earliest - 1 + PAUSE_SECS);
    let before = rig.balance(BOB);
    rig.call(BOB, &withdrawCall { amount });
    assert_eq!(rig.balance(BOB), before + amount);
}

#[test]
fn an_upgrade_to_nothing_or_of_nothing_is_refused() {
    let rig = rig();
    rig.refuses_change(change::upgrade(1, Address::ZERO), ZeroAddress { argument: U256::from(1) });
    for number in [0, u16::try_from(rig.programs.len()).unwrap() + 1, 999] {
        let (mut ripe, execute) = rig.ripe(change::upgrade(number, who(0x77)));
        let expected = UnknownProgram { program: U256::from(number), max: U256::ZERO };
        let words = alloy_sol_types::SolError::abi_encode(&expected);
        assert!(ripe.fails(CAROL, &execute).output.starts_with(&words[..36]), "program {number}");
    }
}

#[test]
fn an_approved_batch_runs_in_an_incident_of_another_that_is_grave_and_old_enough() {
    let mut rig = rig();
    let single = change::batch(&[change::parameter(1, 0x0500, 900), change::parameter(1, 0x0200, 600)]);
    let again = change::batch(&[change::parameter(1, 0x050f, 600)]);
    let grave = change::batch(&[change::parameter(1, 0x050f, 400)]);
    let run = |batch: &[U256]| playbookCall { batch: batch.to_vec() };
    rig.refuses(COUNCIL, &run(&single), NotArmed { hash: hash(&single) });
    rig.govern(&[
        change::playbook(1, 2, true, &single),
        change::playbook(1, 2, false, &again),
        change::playbook(1, 3, true, &grave),
        change::guardian(COUNCIL, 1, PAUSE_SECS as u32),
    ]);
    rig.refuses(COUNCIL, &run(&single), authority::TierTooLow { tier: 0, bound: 2 });
    let pause = pauseCall { scopes: vec![1], classes: 1, reason: 1 };
    // The Council's own pause opens an incident that is nobody else's.
    let mut own = rig.clone();
    own.call(COUNCIL, &pause);
    own.advance(600, START);
    let incident = own.incidents() as u32;
    own.refuses(COUNCIL, &run(&single), OwnIncident { who: COUNCIL, incident });
    // Another's, ten minutes later.
    rig.call(PAUSER, &pause);
    let ends = rig.now() + PAUSE_SECS;
    rig.wait(599);
    rig.refuses(COUNCIL, &run(&single), IncidentTooYoung { age: 599, bound: 600 });
    rig.wait(1);
    for who in [GOVERNANCE, PAUSER, STEWARD, MALLORY] {
        rig.refuses(who, &run(&single), MissingRole { who, role: 1 });
    }
    rig.refuses(COUNCIL, &run(&grave), authority::TierTooLow { tier: 2, bound: 3 });
    let mut late = rig.clone();
    let before = values(&rig);
    rig.call(COUNCIL, &run(&single));
    let mut expected = before.clone();
    expected.extend([((1, 0x0500), 900), ((1, 0x0200), 600)]);
    assert_eq!(values(&rig), expected);
    rig.refuses(COUNCIL, &run(&single), NotArmed { hash: hash(&single) });
    // Not for single use: once an incident.
    rig.call(COUNCIL, &run(&again));
    let incident = rig.incidents() as u32;
    rig.refuses(COUNCIL, &run(&again), authority::AlreadyRun { incident, bound: 1 });
    // Nothing is left of an incident that has ended, and Governance withdraws at once.
    late.clone().call(GOVERNANCE, &retireCall { hash: hash(&single) });
    late.chain.set_timestamp(ends);
    late.refuses(COUNCIL, &run(&single), authority::TierTooLow { tier: 0, bound: 2 });
    rig.call(GOVERNANCE, &retireCall { hash: hash(&again) });
    rig.refuses(COUNCIL, &run(&again), NotArmed { hash: hash(&again) });
}

#[test]
fn a_sentinel_stops_new_risk_for_a_day_and_nothing_else() {
    let mut rig = rig();
    let start = rig.now();
    let signal = |secs: u32| signalCall { scope: 1, secs };
    rig.refuses(MALLORY, &signal(60), MissingRole { who: MALLORY, role: 4 });
    rig.refuses(SENTINEL, &signalCall { scope: 3, secs: 60 }, UnknownMarket { market: 3, listed: 2 });
    rig.call(SENTINEL, &signal(3_600));
    for class in 0..5 {
        assert_eq!(passes(&rig, 1, class), class != INCREASE, "class {class}");
        assert!(passes(&rig, 0, class) && passes(&rig, 2, class), "another scope");
    }
    rig.chain.set_timestamp(start + 3_599);
    assert!(!passes(&rig, 1, INCREASE));
    rig.chain.set_timestamp(start + 3_600);
    assert!(passes(&rig, 1, INCREASE));
    // Whatever it asks for, its day ends a day after it began, and the next begins a week after.
    rig.call(SENTINEL, &signal(u32::MAX));
    rig.chain.set_timestamp(start + DAY - 1);
    assert!(!passes(&rig, 1, INCREASE));
    rig.chain.set_timestamp(start + DAY);
    assert!(passes(&rig, 1, INCREASE));
    for at in [start + DAY, start + 7 * DAY - 1] {
        rig.chain.set_timestamp(at);
        rig.refuses(SENTINEL, &signal(1), SignalSpent { secs: 1, again: start + 7 * DAY });
    }
    // Guardian and Council act as if it had said nothing.
    rig.set_price(START);
    rig.call(PAUSER, &pauseCall { scopes: vec![1], classes: 0b111, reason: 1 });
    assert!(!passes(&rig, 1, REDUCE) && passes(&rig, 1, EXIT));
    rig.wait(600);
    rig.call(COUNCIL, &unpauseCall { scope: 1 });
    assert!(passes(&rig, 1, REDUCE));
    rig.chain.set_timestamp(start + 7 * DAY);
    rig.call(SENTINEL, &signal(1));
    assert!(!passes(&rig, 1, INCREASE));
}
