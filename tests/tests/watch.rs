//! Pokes and what they pay, heartbeats, extensions, outages, and what a pause of everything costs.

use alloy_primitives::{I256, U256};
use alloy_sol_types::SolCall;
use fusebox_tests::{abi::*, *};

const USERS: [alloy_primitives::Address; 4] = [ALICE, BOB, CAROL, LP];

fn free(rig: &Rig, who: alloy_primitives::Address) -> U256 {
    rig.ask(&accountCall { who }).free
}

#[test]
fn a_poke_is_paid_once_for_each_tier_that_it_raises() {
    let mut rig = Rig::new();
    let bounty = rig.units(5); // half the smallest margin
    let poke = pokeCall { market: 1 };
    // Nothing to tell: nothing paid.
    assert_eq!(rig.call(CAROL, &poke), 0);
    assert_eq!(free(&rig, CAROL), U256::ZERO);
    // 12 % apart: ReduceOnly at the second look, two tiers.
    rig.set_second(START / 100 * 112);
    assert_eq!(rig.call(CAROL, &poke), 0);
    rig.advance(60, START);
    rig.set_second(START / 100 * 112);
    let outcome = rig.send(CAROL, &poke);
    let paid: Rewarded = outcome.event().expect("Rewarded");
    assert_eq!((paid.market, paid.account, paid.bounty), (1, CAROL, bounty * U256::from(2)));
    assert_eq!(free(&rig, CAROL), bounty * U256::from(2));
    for _ in 0..3 {
        assert_eq!(rig.call(BOB, &poke), 2);
    }
    // 40 %: Halted at once, one tier more; and then no more, whoever asks.
    rig.set_second(START / 100 * 140);
    let before = free(&rig, BOB);
    assert_eq!(rig.call(BOB, &poke), 3);
    assert_eq!(free(&rig, BOB), before + bounty);
    assert_eq!(rig.call(CAROL, &poke), 3);
    assert_eq!(free(&rig, CAROL), bounty * U256::from(2));
    assert_eq!(rig.accounted(&USERS), rig.balance(rig.perp));
}

#[test]
fn a_feed_that_calls_back_during_a_poke_changes_nothing() {
    let rig = Rig::of(Plan { hostile: true, ..Plan::default() });
    let (anchor, perp) = (rig.anchor, rig.perp);
    for payload in [
        pokeCall { market: 1 }.abi_encode(),
        withdrawCall { amount: U256::from(1) }.abi_encode(),
        liquidateCall { market: 1, account: ALICE }.abi_encode(),
    ] {
        let mut mute = rig.clone();
        mute.on(DEPLOYER, anchor, &setCall { mode: 1, size: U256::ZERO });
        mute.send(CAROL, &pokeCall { market: 1 });
        let mut turning = rig.clone();
        turning.on(DEPLOYER, anchor, &setTargetCall { target: perp, payload: payload.into() });
        turning.on(DEPLOYER, anchor, &setCall { mode: 6, size: U256::ZERO });
        let outcome = turning.send(CAROL, &pokeCall { market: 1 });
        assert!(outcome.calls.iter().any(|call| call.depth > 1 && call.to == perp), "the feed never called back");
        assert!(turning.picture() == mute.picture(), "calling back did more than not answering");
    }
}

#[test]
fn pg_14_an_outage_of_the_sequencer_counts_as_paused_once() {
    let mut rig = Rig::of(Plan { sequencer: true, ..Plan::default() });
    let feed = rig.sequencer;
    let set = |answer: i64, since: u64| sequencer::setCall {
        answer: I256::try_from(answer).expect("fits"),
        startedAt: U256::from(since),
    };
    let paused = |rig: &Rig| rig.ask(&pauseStateCall { scope: 1 })[2];
    rig.call(CAROL, &pokeCall { market: 1 });
    rig.advance(600, START);
    let down = rig.now();
    rig.on(DEPLOYER, feed, &set(1, down));
    rig.advance(1_000, START);
    let up = rig.now();
    rig.on(DEPLOYER, feed, &set(0, up));
    assert_eq!(paused(&rig), U256::ZERO);
    // Told before and after the end of a pause that began later: the same seconds.
    rig.advance(100, START);
    rig.call(CAROL, &pokeCall { market: 1 });
    assert_eq!(paused(&rig), U256::from(1_000));
    rig.call(CAROL, &pokeCall { market: 1 });
    assert_eq!(paused(&rig), U256::from(1_000));
    rig.call(PAUSER, &pauseCall { scopes: vec![1], classes: 0b111, reason: 1 });
    rig.advance(50, START);
    assert_eq!(paused(&rig), U256::from(1_050));
}

#[test]
fn a_guardian_without_a_sign_of_life_cannot_pause() {
    let mut rig = Rig::new();
    let start = rig.now();
    let pause = pauseCall { scopes: vec![1], classes: 1, reason: 1 };
    let month = 30 * 86_400;
    rig.refuses(ALICE, &heartbeatCall {}, NotGuardian { who: ALICE, scope: u32::MAX });
    rig.chain.set_timestamp(start + 20 * 86_400);
    rig.call(PAUSER, &heartbeatCall {});
    let until = start + 20 * 86_400 + month;
    rig.chain.set_timestamp(until - 1);
    rig.clone().call(PAUSER, &pause);
    for at in [until, until + 1] {
        rig.chain.set_timestamp(at);
        rig.refuses(PAUSER, &pause, HeartbeatLapsed { until, now: at });
        // A key that was lost and found does not revive itself.
        rig.refuses(PAUSER, &heartbeatCall {}, HeartbeatLapsed { until, now: at });
    }
}

#[test]
fn the_council_extends_a_live_pause_within_its_bounds() {
    let mut rig = Rig::new();
    let start = rig.now();
    let end = start + PAUSE_SECS;
    let extend = |until: u64| extendCall { scope: 1, until };
    rig.refuses(COUNCIL, &extend(end + 1), NoIncident { scope: 1 });
    rig.call(PAUSER, &pauseCall { scopes: vec![1], classes: 0b1_1111, reason: 1 });
    rig.refuses(COUNCIL, &extend(end + 1), IncidentTooYoung { age: 0, bound: 600 });
    rig.advance(600, START);
    rig.refuses(PAUSER, &extend(end + 1), MissingRole { who: PAUSER, role: 1 });
    rig.refuses(COUNCIL, &extend(end - 1), EndNotLater { until: end - 1, current: end });
    let most = start + 14 * 86_400;
    rig.refuses(COUNCIL, &extend(most + 1), EndTooLate { until: most + 1, bound: most });
    rig.call(COUNCIL, &extend(most));
    // Exits are back after 72 hours whoever asks; the rest stays stopped to the last second.
    rig.chain.set_timestamp(start + 72 * 3_600 - 1);
    rig.fails(ALICE, &checkCall { market: 1, class: EXIT });
    rig.chain.set_timestamp(start + 72 * 3_600);
    rig.call(ALICE, &checkCall { market: 1, class: EXIT });
    rig.call(ALICE, &checkCall { market: 1, class: INFLOW });
    rig.chain.set_timestamp(most - 1);
    rig.fails(ALICE, &checkCall { market: 1, class: REDUCE });
    rig.chain.set_timestamp(most);
    rig.call(ALICE, &checkCall { market: 1, class: REDUCE });
    rig.refuses(COUNCIL, &extend(most + 1), NotPaused { until: most, now: most });
}

#[test]
fn pausing_everything_with_every_market_paused_stays_cheap() {
    let mut rig = Rig::new();
    // Each listing has a word of its own, or one proposal would list once.
    let listings: Vec<_> = (1..8).map(|n| rig.listing(Params::default().with(7, 60 + n))).collect();
    rig.govern(&listings.iter().map(|words| change::list(words)).collect::<Vec<_>>());
    let scopes: Vec<u32> = (1..=8).collect();
    rig.govern(&scopes.iter().map(|scope| change::guardian(BOB, *scope, 3_600)).collect::<Vec<_>>());
    assert_eq!(rig.call(BOB, &pauseCall { scopes, classes: 1, reason: 1 }), 0);
    let alone = Rig::new().send(PAUSER, &pauseCall { scopes: vec![0], classes: 1, reason: 1 }).gas_used;
    let all = rig.send(PAUSER, &pauseCall { scopes: vec![0], classes: 1, reason: 1 }).gas_used;
    // Each paused market settles its tally: two words read, one written.
    assert!(all - alone < 8 * 12_000, "{all} against {alone}");
}

#[test]
fn the_council_routes_around_a_lying_feed_within_the_incident_that_it_made() {
    let mut rig = Rig::new();
    let call = |rig: &Rig| quarantineCall { market: 1, feed: 1, until: rig.now() + 72 * 3_600 };
    rig.refuses(ALICE, &call(&rig), MissingRole { who: ALICE, role: 1 });
    rig.refuses(COUNCIL, &call(&rig), NoIncident { scope: 1 });
    rig.set_second(START / 100 * 140);
    assert_eq!(rig.call(CAROL, &pokeCall { market: 1 }), 3);
    rig.refuses(COUNCIL, &call(&rig), IncidentTooYoung { age: 0, bound: 600 });
    rig.chain.advance(600);
    rig.set_anchor(START);
    rig.set_second(START / 100 * 140);
    let routed = |rig: &Rig| rig.ask(&breakerStateCall { market: 1 })[4];
    assert_eq!(routed(&rig), U256::ZERO);
    let quarantine = call(&rig);
    rig.call(COUNCIL, &quarantine);
    // Not longer than the incident lasts, whatever was asked for.
    let ends = rig.ask(&incidentCall { id: 1 })[8];
    assert!(ends < U256::from(quarantine.until));
    assert_eq!(routed(&rig) >> 40 & U256::from((1u64 << 40) - 1), ends);
    rig.refuses(COUNCIL, &quarantineCall { feed: 2, ..quarantine.clone() }, UnknownFeed { feed: 2, count: 2 });
    rig.refuses(ALICE, &releaseCall { market: 1, feed: 1 }, MissingRole { who: ALICE, role: 1 });
    rig.call(COUNCIL, &releaseCall { market: 1, feed: 1 });
    assert_eq!(routed(&rig), U256::ZERO);
    // Once the incident is over by the clock there is nothing to act in.
    rig.chain.advance(80 * 3_600);
    rig.refuses(COUNCIL, &call(&rig), NoIncident { scope: 1 });
}
