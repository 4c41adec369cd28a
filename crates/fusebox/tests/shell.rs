//! The shell on one contract's memory: who may call what, what each entry tells, and what a revert leaves.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)] // a panic here is a failed test

mod house;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox::{
    abi, decision_state,
    error::CouncilError,
    journal, logic, markets, panel_state, storage,
    types::{Incident, Noted, Passed, Priced, Sighting, WOUND_DOWN},
    DecisionError, Error, House, PriceError, Refusal, MAX_CIRCUITS,
};
use fusebox_authority::{self as authority, types::Role};
use fusebox_breaker::{self as breaker, feed};
use fusebox_core::{
    host::Memory,
    pack::FieldOverflow,
    panel::{Class, Panel, Scope, Tier, BREAKER, LISTED, PAUSE, SIGNAL},
    time::{DAY, HOUR},
};
use fusebox_guardian as guardian;
use fusebox_limiter as limiter;
use house::*;
use std::{cell::Cell, rc::Rc};

const MARKET: Scope = Scope::new(1);
const OTHER: Scope = Scope::new(2);
const GUARD: Address = GUARDS[0];
const STEWARD: Address = Address::repeat_byte(0x99);
/// Holds the role and is appointed nowhere.
const IDLE: Address = Address::repeat_byte(0x98);
const ALL: u8 = 0b1_1111;
const NOTHING: [B256; 0] = [];
const PAUSED: B256 = guardian::abi::Paused::SIGNATURE_HASH;
const TRIPPED: B256 = breaker::abi::Tripped::SIGNATURE_HASH;

/// Two markets, the first with feeds, and every role held; nothing told yet.
fn house() -> World {
    let mut world = World::new(2);
    for (who, role) in [(STEWARD, Role::Steward), (IDLE, Role::Guardian)] {
        authority::shell::install(&mut world.host, who, role).unwrap();
    }
    world.host.logs.clear();
    world
}

/// What was told since somebody last asked.
fn told(world: &mut World) -> Vec<B256> {
    let events = events(&world.host.logs);
    world.host.logs.clear();
    events
}

fn incident(world: &World, id: u32) -> Incident {
    journal::read(&world.host, id).unwrap()
}

fn last<E: SolEvent>(world: &World) -> E {
    let log = world.host.logs.iter().rev().find(|log| log.topics[0] == E::SIGNATURE_HASH).unwrap();
    E::decode_raw_log(log.topics.iter().copied(), &log.data).unwrap()
}

fn pause(world: &mut World, by: Address, scopes: &[u32], classes: u8) -> Result<u64, Error> {
    world.act(by, |h| HOUSE.pause(h, scopes, classes, 7))
}

/// The second feed that far from the first.
fn apart(world: &World, bps: u64) {
    world.feed(MARKET, 1).price = START / 10_000 * (10_000 + bps);
}

/// Both halves of a poke, as two programs would run them.
fn halves(world: &mut World) -> (Sighting, Noted) {
    world.act(ANYBODY[0], |h| HOUSE.record(h, MARKET).map(|seen| (seen, HOUSE.note(h, MARKET, seen).unwrap()))).unwrap()
}

/// Clean samples until the market's circuit is normal again.
fn recover(world: &mut World) {
    world.heal(MARKET);
    for _ in 0..600 {
        world.host.now += 60;
        world.poke(ANYBODY[0], MARKET).unwrap();
        if world.bits(MARKET) == LISTED {
            return;
        }
    }
    panic!("the bit stays");
}

#[test]
fn only_those_may_who_may() {
    let everybody = [GOVERNANCE, COUNCIL, SENTINEL, STEWARD, IDLE, GUARD, ANYBODY[0]];
    for who in everybody {
        let mut world = house();
        pause(&mut world, GUARDS[1], &[1], TRADING).unwrap();
        world.host.now += 600;
        let before = (world.host.words.clone(), world.host.logs.clone());
        let missing = |role| Err(Error::Authority(authority::Error::MissingRole { who, role }));
        let until = world.host.now + 2 * DAY;
        let extended = world.act(who, |h| HOUSE.extend(h, MARKET, until));
        let ended = world.act(who, |h| HOUSE.unpause(h, MARKET));
        let signalled = world.act(who, |h| HOUSE.signal(h, OTHER, 60));
        let paused = pause(&mut world, who, &[2], TRADING);
        let alive = world.act(who, |h| HOUSE.heartbeat(h));
        let stranger = |scope| Error::Guardian(guardian::Error::NotGuardian { who, scope });
        assert_eq!(extended, if who == COUNCIL { Ok(()) } else { missing(Role::Council) });
        assert_eq!(ended, if who == COUNCIL { Ok(()) } else { missing(Role::Council) });
        assert_eq!(signalled, if who == SENTINEL { Ok(()) } else { missing(Role::Sentinel) });
        assert_eq!(paused, if who == GUARD { Ok(0) } else { Err(stranger(2)) });
        assert_eq!(alive, if who == GUARD { Ok(()) } else { Err(stranger(u32::MAX)) });
        if ![COUNCIL, SENTINEL, GUARD].contains(&who) {
            assert_eq!((&world.host.words, &world.host.logs), (&before.0, &before.1));
        }
        assert!(world.poke(who, MARKET).is_ok(), "anybody pokes");
    }
}

#[test]
fn a_house_begins_with_its_switch_on_and_one_owner() {
    let mut host = Memory::default();
    HOUSE.init(&mut host, GOVERNANCE).unwrap();
    assert_eq!(panel_state(&host), [U256::ZERO, U256::ZERO, U256::ZERO, U256::from(LISTED)]);
    assert_eq!(events(&host.logs), [authority::abi::RoleSet::SIGNATURE_HASH]);
    assert_eq!(HOUSE.check(&host, Scope::PROTOCOL, Class::Increase), Ok(Passed::NORMAL));
    let unknown = Refusal::UnknownMarket { market: 1, listed: 0 };
    assert_eq!(HOUSE.check(&host, MARKET, Class::Inflow), Err(unknown));
    let again = host.call(ANYBODY[0], |h| HOUSE.init(h, ANYBODY[0])).unwrap_err();
    assert!(matches!(again, Error::Authority(authority::Error::AlreadyEstablished { .. })), "{again:?}");
}

#[test]
fn a_circuit_is_listed_in_its_place_and_told() {
    let mut world = World::new(0);
    world.host.logs.clear();
    for market in 1..=127u32 {
        assert!(world.list(market == 64));
        let event = last::<abi::Listed>(&world);
        assert_eq!((event.market, event.previous), (market, market - 1));
        assert_eq!(world.bits(Scope::new(market)), LISTED);
        let configured = [abi::Listed::SIGNATURE_HASH, breaker::abi::Configured::SIGNATURE_HASH];
        assert_eq!(told(&mut world), configured[..if market == 64 { 2 } else { 1 }]);
        let state = panel_state(&world.host);
        assert_eq!((state[0], state.len()), (U256::from(market), 3 + market.div_ceil(63) as usize));
    }
    assert!(unknown(HOUSE.check(&world.host, Scope::new(128), Class::Inflow)));
    assert_eq!(world.bits(Scope::new(128)), 0);
}

#[test]
fn a_listing_that_fails_leaves_nothing() {
    let mut world = house();
    feed_at(&mut world.host, source(3, 0));
    feed_at(&mut world.host, source(3, 1)).borrow_mut().price = START / 2;
    let (words, market) = (world.host.words.clone(), setup(3, None));
    let refused = world.act(GOVERNANCE, |h| HOUSE.list(h, Some(&market)));
    assert!(matches!(refused, Err(PriceError::Breaker(breaker::Error::PriceInDoubt { .. }))), "{refused:?}");
    assert_eq!((&world.host.words, world.host.logs.len(), markets(&world.host)), (&words, 0, 2));
    storage::store_count(&mut world.host, MAX_CIRCUITS - 1);
    assert!(world.list(false));
    let full = Refusal::TooManyMarkets { listed: MAX_CIRCUITS, max: MAX_CIRCUITS };
    assert_eq!(world.act(GOVERNANCE, |h| HOUSE.list(h, None)), Err(PriceError::Refused(full)));
}

#[test]
fn a_pause_sets_the_bit_opens_an_incident_and_says_until_when() {
    let mut world = house();
    assert_eq!(pause(&mut world, GUARD, &[1], TRADING), Ok(0));
    let event = last::<abi::Incident>(&world);
    assert_eq!((event.id, event.scope, event.openedBy, event.money), (1, 1, GUARD, U256::ZERO));
    assert_eq!(event.head, storage::head(&world.host));
    assert_eq!(told(&mut world), [PAUSED, abi::INCIDENT]);
    assert_eq!(world.bits(MARKET), LISTED | PAUSE);
    let found = incident(&world, 1);
    assert_eq!((found.scope, found.tier, found.cause, found.opened_by), (MARKET, Tier::Halted, 1, GUARD));
    assert_eq!((found.anomaly, found.detected, found.contained, found.resolved), (T, T, T, 0));
    assert_eq!(found.ends, T + DAY);
    for class in Class::ALL {
        let stopped = Refusal::Stopped { scope: MARKET, class, sources: PAUSE, until: T + DAY };
        let expected = if class <= Class::Reduce { Err(stopped) } else { Ok(Passed::NORMAL) };
        assert_eq!(HOUSE.check(&world.host, MARKET, class), expected);
        assert_eq!(HOUSE.check(&world.host, OTHER, class), Ok(Passed::NORMAL), "the rest of the house is lit");
    }
    // By the clock it is over; the bit costs a second read until somebody pokes.
    world.host.now = T + DAY;
    assert_eq!(HOUSE.check(&world.host, MARKET, Class::Increase), Ok(Passed::NORMAL));
    world.host.now += 1_000;
    assert_eq!(world.poke(ANYBODY[0], MARKET), Ok(Tier::Normal));
    assert_eq!((world.bits(MARKET), incident(&world, 1).resolved), (LISTED, T + DAY));
    assert_eq!(told(&mut world), [abi::INCIDENT]);
}

#[test]
fn the_tier_of_a_pause_is_the_highest_that_it_amounts_to() {
    for (classes, tier) in [
        (0b1, Tier::ReduceOnly),
        (0b11, Tier::ReduceOnly),
        (0b111, Tier::Halted),
        (ALL, Tier::Halted),
        (0b110, Tier::Guarded),
        (0b1000, Tier::Guarded),
    ] {
        let mut world = house();
        pause(&mut world, GUARD, &[0], classes).unwrap();
        assert_eq!(incident(&world, 1).tier, tier, "{classes:b}");
    }
}

#[test]
fn a_batch_pauses_what_it_can_and_reports_the_rest() {
    let mut world = house();
    let failed = pause(&mut world, GUARD, &[2, 9, 1, 2, 77], TRADING).unwrap();
    assert_eq!(failed, 0b1_0010);
    let refused = guardian::abi::PauseFailed::SIGNATURE_HASH;
    assert_eq!(told(&mut world), [PAUSED, refused, PAUSED, refused, abi::INCIDENT, abi::INCIDENT]);
    assert_eq!([1, 2, 9].map(|n| world.bits(Scope::new(n))), [LISTED | PAUSE, LISTED | PAUSE, 0]);
    assert_eq!([1, 2].map(|id| incident(&world, id).scope), [OTHER, MARKET]);
    // The same batch again changes nothing, and fails where it failed.
    let words = world.host.words.clone();
    assert_eq!(pause(&mut world, GUARD, &[2, 9, 1, 2, 77], TRADING), Ok(0b1_0010));
    assert_eq!((told(&mut world), &world.host.words), (vec![refused, refused], &words));
    // Of a batch in which nothing holds nothing is left, not even what was told.
    let nobody = Error::Guardian(guardian::Error::NotGuardian { who: GUARD, scope: 9 });
    assert_eq!(pause(&mut world, GUARD, &[9, 77], TRADING), Err(nobody));
    assert_eq!((told(&mut world), &world.host.words), (NOTHING.to_vec(), &words));
}

#[test]
fn the_main_switch_is_in_every_word_and_stops_every_market() {
    let mut world = World::new(130);
    pause(&mut world, GUARD, &[0], TRADING).unwrap();
    for market in [1, 63, 64, 126, 127, 130] {
        let refused = HOUSE.check(&world.host, Scope::new(market), Class::Reduce).unwrap_err();
        let scope = Scope::new(market);
        assert_eq!(refused, Refusal::Stopped { scope, class: Class::Reduce, sources: PAUSE, until: T + DAY });
    }
    world.host.now += 600;
    world.act(COUNCIL, |h| HOUSE.unpause(h, Scope::PROTOCOL)).unwrap();
    for market in [1, 63, 64, 126, 127, 130] {
        assert_eq!(HOUSE.check(&world.host, Scope::new(market), Class::Increase), Ok(Passed::NORMAL));
        assert_eq!(storage::panel(&world.host, Scope::new(market).place().0).bits(0), LISTED);
    }
    assert_eq!(incident(&world, 1).resolved, T + 600);
}

#[test]
fn guardians_are_set_armed_again_and_removed_and_show_that_they_live() {
    let mut world = house();
    let set = |world: &mut World, who, secs| world.act(GOVERNANCE, |h| HOUSE.set_guardian(h, who, MARKET, secs));
    let told_of = guardian::abi::GuardianSet::SIGNATURE_HASH;
    set(&mut world, STEWARD, 300).unwrap();
    set(&mut world, STEWARD, 300).unwrap();
    assert_eq!(told(&mut world), [told_of], "an equal value is no news");
    pause(&mut world, STEWARD, &[1], TRADING).unwrap();
    set(&mut world, STEWARD, 0).unwrap();
    assert_eq!(told(&mut world), [PAUSED, abi::INCIDENT, told_of]);
    assert!(HOUSE.check(&world.host, MARKET, Class::Increase).is_err(), "its pause outlives it");
    let zero = set(&mut world, Address::ZERO, 300);
    assert_eq!(zero, Err(Error::Guardian(guardian::Error::ZeroGuardian { scope: 1 })));
    world.host.now += 5;
    world.act(GUARD, |h| HOUSE.heartbeat(h)).unwrap();
    assert_eq!(told(&mut world), [guardian::abi::Heartbeat::SIGNATURE_HASH]);
}

#[test]
fn council_moves_an_end_only_within_an_incident_of_ten_minutes_that_is_not_its_own() {
    let mut world = house();
    let extend = |world: &mut World, until| world.act(COUNCIL, |h| HOUSE.extend(h, MARKET, until));
    let unpause = |world: &mut World| world.act(COUNCIL, |h| HOUSE.unpause(h, MARKET));
    assert_eq!(extend(&mut world, T + DAY), Err(Error::NoIncident { scope: MARKET }));
    assert_eq!(unpause(&mut world), Err(Error::NoIncident { scope: MARKET }));
    pause(&mut world, GUARD, &[1], TRADING).unwrap();
    world.host.now = T + 599;
    let young = Error::Guardian(guardian::Error::IncidentTooYoung { age: 599, bound: 600 });
    assert_eq!((extend(&mut world, T + 2 * DAY), unpause(&mut world)), (Err(young), Err(young)));
    world.host.now = T + 600;
    told(&mut world);
    extend(&mut world, T + 2 * DAY).unwrap();
    assert_eq!(told(&mut world), [guardian::abi::Extended::SIGNATURE_HASH, abi::INCIDENT]);
    assert_eq!(incident(&world, 1).ends, T + 2 * DAY);
    extend(&mut world, T + 2 * DAY).unwrap();
    assert_eq!(told(&mut world), NOTHING, "an equal value is no news");
    let late = guardian::Error::EndTooLate { until: T + 14 * DAY + 1, bound: T + 14 * DAY };
    assert_eq!(extend(&mut world, T + 14 * DAY + 1), Err(Error::Guardian(late)));
    unpause(&mut world).unwrap();
    assert_eq!(told(&mut world), [guardian::abi::Unpaused::SIGNATURE_HASH, abi::INCIDENT, abi::INCIDENT]);
    assert_eq!((world.bits(MARKET), incident(&world, 1).resolved), (LISTED, T + 600));
    assert_eq!(unpause(&mut world), Err(Error::NoIncident { scope: MARKET }));
}

#[test]
fn council_does_not_act_within_what_it_opened_itself() {
    let mut world = house();
    apart(&world, 3_000);
    world.poke(COUNCIL, MARKET).unwrap();
    pause(&mut world, GUARD, &[1], TRADING).unwrap();
    world.host.now += HOUR;
    let own = Error::Guardian(guardian::Error::OwnIncident { who: COUNCIL, incident: 1 });
    assert_eq!(world.act(COUNCIL, |h| HOUSE.unpause(h, MARKET)), Err(own));
    assert_eq!(world.act(COUNCIL, |h| HOUSE.extend(h, MARKET, T + 2 * DAY)), Err(own));
}

#[test]
fn a_grace_follows_a_pause_that_had_stopped_inflow_and_belongs_to_its_incident() {
    let mut world = house();
    pause(&mut world, GUARD, &[1], ALL).unwrap();
    world.host.now = T + 600;
    world.act(COUNCIL, |h| HOUSE.unpause(h, MARKET)).unwrap();
    assert_eq!((world.bits(MARKET), incident(&world, 1).ends), (LISTED | PAUSE, T + 750));
    let passed = HOUSE.check(&world.host, MARKET, Class::Liquidate);
    assert_eq!(passed, Ok(Passed { tier: Tier::ReduceOnly, grace: true }));
    assert!(HOUSE.check(&world.host, MARKET, Class::Increase).is_err());
    world.host.now = T + 749;
    world.poke(ANYBODY[0], MARKET).unwrap();
    assert!(!incident(&world, 1).is_resolved());
    world.host.now = T + 10_000;
    world.poke(ANYBODY[0], MARKET).unwrap();
    assert_eq!((world.bits(MARKET), incident(&world, 1).resolved), (LISTED, T + 750));
}

#[test]
fn a_tier_is_new_once_in_each_incident() {
    let mut world = house();
    let risen = |world: &mut World, tier| {
        let (_, noted) = halves(world);
        assert_eq!(noted.tier, tier);
        noted.risen
    };
    assert_eq!(risen(&mut world, Tier::Normal), 0);
    apart(&world, 1_200);
    assert_eq!(risen(&mut world, Tier::Normal), 0, "one sample is none");
    world.host.now += 60;
    assert_eq!(risen(&mut world, Tier::ReduceOnly), 2);
    assert_eq!(risen(&mut world, Tier::ReduceOnly), 0, "the same second");
    apart(&world, 3_000);
    world.host.now += 1;
    assert_eq!(risen(&mut world, Tier::Halted), 1);
    world.host.now += 60;
    assert_eq!(risen(&mut world, Tier::Halted), 0);
    let first = incident(&world, 1);
    assert_eq!((first.anomaly, first.detected, first.contained), (T, T + 60, 0));
    // Down to Guarded and up again within the incident: paid for already.
    world.heal(MARKET);
    world.host.now += 1;
    risen(&mut world, Tier::Halted);
    assert_eq!(incident(&world, 1).contained, world.host.now, "the first clean look");
    world.host.now = incident(&world, 1).detected + 5 * HOUR + 300;
    world.heal(MARKET);
    assert_eq!(risen(&mut world, Tier::Guarded), 0);
    apart(&world, 3_000);
    assert_eq!(risen(&mut world, Tier::Halted), 0);
    assert_eq!((incident(&world, 1).tier, storage::incidents(&world.host)), (Tier::Halted, 1));
    recover(&mut world);
    assert!(incident(&world, 1).is_resolved());
    world.host.now += 7 * DAY;
    apart(&world, 3_000);
    assert_eq!(risen(&mut world, Tier::Halted), 3, "another incident");
    assert_eq!(storage::incidents(&world.host), 2);
}

#[test]
fn a_trip_is_told_and_a_poke_that_finds_nothing_new_tells_nothing() {
    let mut world = house();
    apart(&world, 3_000);
    assert_eq!(world.poke(ANYBODY[0], MARKET), Ok(Tier::Halted));
    assert_eq!(told(&mut world), [TRIPPED, abi::INCIDENT]);
    let found = incident(&world, 1);
    assert_eq!((found.cause, found.opened_by, found.ends), (2, ANYBODY[0], T + 72 * HOUR));
    assert_eq!(world.bits(MARKET), LISTED | BREAKER);
    let words = world.host.words.clone();
    assert_eq!(world.poke(ANYBODY[1], MARKET), Ok(Tier::Halted));
    assert_eq!((told(&mut world), &world.host.words), (NOTHING.to_vec(), &words));
    let stranger = world.poke(ANYBODY[0], Scope::new(9));
    assert_eq!(stranger, Err(Error::Breaker(breaker::Error::NotConfigured { market: 9 })));
}

#[test]
fn one_incident_for_a_pause_and_a_trip_of_the_same_scope() {
    let mut world = house();
    apart(&world, 1_200);
    world.poke(ANYBODY[0], MARKET).unwrap();
    world.host.now += 60;
    world.poke(ANYBODY[0], MARKET).unwrap();
    pause(&mut world, GUARD, &[1], ALL).unwrap();
    let found = incident(&world, 1);
    assert_eq!((found.tier, found.cause, found.opened_by), (Tier::Halted, 2, ANYBODY[0]), "opened by the trip");
    assert_eq!((found.contained, storage::incidents(&world.host)), (T + 60, 1));
    let refused = HOUSE.check(&world.host, MARKET, Class::Increase).unwrap_err();
    let until = T + 60 + DAY;
    let stopped = Refusal::Stopped { scope: MARKET, class: Class::Increase, sources: PAUSE | BREAKER, until };
    assert_eq!(refused, stopped);
    // The pause and its grace run out, the breaker's evidence is still missing: the same incident.
    world.host.now = T + 60 + DAY + 4 * HOUR;
    world.heal(MARKET);
    assert_eq!(world.poke(ANYBODY[0], MARKET), Ok(Tier::Guarded));
    assert_eq!((world.bits(MARKET), incident(&world, 1).is_resolved()), (LISTED | BREAKER, false));
    recover(&mut world);
    assert!(incident(&world, 1).is_resolved());
}

#[test]
fn a_price_comes_with_the_check_and_the_higher_tier() {
    let mut world = house();
    let price = |world: &World, class| HOUSE.priced(&world.host, MARKET, class);
    let wad = u128::from(START) * 10_000_000_000;
    let normal = Priced { price: wad, tier: Tier::Normal, grace: false };
    assert_eq!(price(&world, Class::Increase), Ok(normal));
    assert_eq!(price(&world, Class::Inflow), Err(PriceError::Breaker(breaker::Error::NotQuoted { class: 4 })));
    apart(&world, 700);
    let doubt = PriceError::Breaker(breaker::Error::PriceInDoubt { deviation_bps: 700, bound_bps: 500 });
    assert_eq!(price(&world, Class::Increase), Err(doubt));
    assert_eq!(price(&world, Class::Reduce).map(|priced| priced.price), Ok(wad));
    world.heal(MARKET);
    pause(&mut world, GUARD, &[1], 0b1).unwrap();
    let stopped = Refusal::Stopped { scope: MARKET, class: Class::Increase, sources: PAUSE, until: T + DAY };
    assert_eq!(price(&world, Class::Increase), Err(PriceError::Refused(stopped)));
    assert_eq!(price(&world, Class::Reduce), Ok(normal));
    let other = HOUSE.priced(&world.host, OTHER, Class::Reduce);
    assert_eq!(other, Err(PriceError::Breaker(breaker::Error::NotConfigured { market: 2 })));
}

/// A third market whose feeds come with a sequencer's; down and up are what its last two rounds say.
fn sequenced() -> (World, Scope, Rc<Cell<(u64, u64)>>) {
    const UPTIME: Address = Address::repeat_byte(0x5e);
    let mut world = house();
    let rounds = Rc::new(Cell::new((0, T - DAY)));
    let own = rounds.clone();
    world.host.callees.insert(
        UPTIME,
        Box::new(move |_, _, input| {
            let (down, up) = own.get();
            match <[u8; 4]>::try_from(&input[..4]).unwrap() {
                feed::LATEST_ROUND_DATA => Some(words(&[9, 0, up, up, 9].map(U256::from))),
                feed::GET_ROUND_DATA => Some(words(&[8, 1, down, down, 8].map(U256::from))),
                _ => None,
            }
        }),
    );
    for index in 0..2 {
        feed_at(&mut world.host, source(3, index));
    }
    let market = world.act(GOVERNANCE, |h| HOUSE.list(h, Some(&setup(3, Some(UPTIME))))).unwrap();
    world.act(GOVERNANCE, |h| HOUSE.set_guardian(h, GUARD, market, 86_400)).unwrap();
    world.poke(ANYBODY[0], market).unwrap();
    (world, market, rounds)
}

#[test]
fn an_outage_counts_as_paused_once() {
    let (mut world, market, rounds) = sequenced();
    rounds.set((T + 100, T + 900));
    world.host.now = T + 1_000;
    let seen = world.act(ANYBODY[0], |h| HOUSE.record(h, market)).unwrap();
    assert_eq!((seen.outage, seen.tier), ((T + 100, T + 900), Tier::Normal));
    let paused = |world: &World| guardian::shell::paused_seconds(&world.host, &HOUSE.guardian, market);
    assert_eq!(paused(&world), 0, "the first half does not count");
    let noted = world.act(ANYBODY[0], |h| HOUSE.note(h, market, seen)).unwrap();
    assert_eq!((noted, paused(&world)), (Noted { tier: Tier::Normal, risen: 0 }, 800));
    world.host.now += 50;
    assert_eq!(world.act(ANYBODY[0], |h| HOUSE.record(h, market)).unwrap().outage, (0, 0));
    world.poke(ANYBODY[0], market).unwrap();
    assert_eq!(paused(&world), 800);
    assert_eq!(guardian::shell::paused_seconds(&world.host, &HOUSE.guardian, OTHER), 0);
}

#[test]
fn an_outage_within_a_pause_counts_no_second_twice() {
    let (mut world, market, rounds) = sequenced();
    pause(&mut world, GUARD, &[3], TRADING).unwrap();
    rounds.set((T + 100, T + 900));
    world.host.now = T + 1_000;
    world.poke(ANYBODY[0], market).unwrap();
    let paused = |world: &World| guardian::shell::paused_seconds(&world.host, &HOUSE.guardian, market);
    assert_eq!(paused(&world), 1_000);
    world.host.now = T + 2 * DAY;
    assert_eq!(paused(&world), DAY);
}

#[test]
fn a_signal_stops_new_risk_until_its_end_and_a_poke_tidies_it() {
    let mut world = house();
    world.act(SENTINEL, |h| HOUSE.signal(h, MARKET, 3_600)).unwrap();
    let event = last::<abi::Signalled>(&world);
    assert_eq!((event.scope, event.by, event.until), (1, SENTINEL, T + 3_600));
    assert_eq!(told(&mut world), [abi::Signalled::SIGNATURE_HASH, abi::INCIDENT]);
    assert_eq!(world.bits(MARKET), LISTED | SIGNAL);
    let found = incident(&world, 1);
    assert_eq!((found.cause, found.tier, found.ends, found.opened_by), (3, Tier::ReduceOnly, T + 3_600, SENTINEL));
    let stopped = Refusal::Stopped { scope: MARKET, class: Class::Increase, sources: SIGNAL, until: T + 3_600 };
    world.host.now = T + 3_599;
    assert_eq!(HOUSE.check(&world.host, MARKET, Class::Increase), Err(stopped));
    assert_eq!(HOUSE.check(&world.host, MARKET, Class::Reduce).map(|passed| passed.tier), Ok(Tier::ReduceOnly));
    world.host.now = T + 3_600;
    assert_eq!(HOUSE.check(&world.host, MARKET, Class::Increase), Ok(Passed::NORMAL));
    world.host.now = T + 5_000;
    world.poke(ANYBODY[0], MARKET).unwrap();
    assert_eq!((world.bits(MARKET), incident(&world, 1).resolved), (LISTED, T + 3_600));
    let unlisted = world.act(SENTINEL, |h| HOUSE.signal(h, Scope::new(9), 60));
    assert_eq!(unlisted, Err(Error::Refused(Refusal::UnknownMarket { market: 9, listed: 2 })));
    world.host.now = T + DAY;
    let spent = world.act(SENTINEL, |h| HOUSE.signal(h, MARKET, 60));
    assert_eq!(spent, Err(Error::SignalSpent { secs: 60, again: T + 7 * DAY }));
}

#[test]
fn a_trip_of_the_limiter_names_who_ran_into_it() {
    let mut world = house();
    world.act(ANYBODY[1], |h| HOUSE.trip(h, Scope::PROTOCOL, T + HOUR)).unwrap();
    assert_eq!(told(&mut world), [abi::Signalled::SIGNATURE_HASH, abi::INCIDENT]);
    assert_eq!(incident(&world, 1).opened_by, ANYBODY[1]);
    for scope in [Scope::PROTOCOL, MARKET, OTHER] {
        assert!(HOUSE.check(&world.host, scope, Class::Increase).is_err());
        assert!(HOUSE.check(&world.host, scope, Class::Reduce).is_ok());
    }
    // However late its end, it is none of Governance's decisions.
    told(&mut world);
    world.act(ANYBODY[1], |h| HOUSE.trip(h, MARKET, u64::MAX)).unwrap();
    assert_eq!(storage::signal(&world.host, MARKET).until, WOUND_DOWN - 1);
    assert_eq!(decision_state(&world.host, MARKET), [U256::ZERO; 3]);
}

#[test]
fn governance_winds_down_reopens_and_settles_and_each_is_told() {
    let mut world = house();
    let settle_from = T + logic::SETTLE_AFTER_SECS;
    let decide = |world: &mut World, f: fn(&House, &mut Memory, Scope) -> Result<(), DecisionError>, scope| {
        world.act(GOVERNANCE, |h| f(&HOUSE, h, scope))
    };
    let state = |tier: u8, since: u64, from: u64| [U256::from(tier), U256::from(since), U256::from(from)];
    assert_eq!(decision_state(&world.host, MARKET), state(0, 0, 0));
    decide(&mut world, House::wind_down, MARKET).unwrap();
    assert_eq!((world.bits(MARKET), world.bits(OTHER)), (LISTED | SIGNAL, LISTED));
    assert_eq!(decision_state(&world.host, MARKET), state(2, T, settle_from));
    let event: abi::Decided = last(&world);
    assert_eq!((event.scope, event.previous, event.tier, event.since), (1, 0, 2, T));
    assert_eq!(told(&mut world), [abi::Decided::SIGNATURE_HASH], "no incident is opened by a decision");
    let refused = HOUSE.check(&world.host, MARKET, Class::Increase).unwrap_err();
    assert_eq!(refused, Refusal::Stopped { scope: MARKET, class: Class::Increase, sources: SIGNAL, until: WOUND_DOWN });
    for class in [Class::Liquidate, Class::Reduce, Class::ExitUnpriced, Class::Inflow] {
        let passed = Passed { tier: Tier::ReduceOnly, grace: false };
        assert_eq!(HOUSE.check(&world.host, MARKET, class), Ok(passed), "{class:?}");
    }
    assert_eq!(HOUSE.check(&world.host, OTHER, Class::Increase), Ok(Passed::NORMAL));
    // Again it is nothing, and neither is opening what is open.
    let words = world.host.words.clone();
    decide(&mut world, House::wind_down, MARKET).unwrap();
    decide(&mut world, House::reopen, OTHER).unwrap();
    assert_eq!((told(&mut world), &world.host.words), (NOTHING.to_vec(), &words));
    // To the second.
    world.host.now = settle_from - 1;
    let early = decide(&mut world, House::settle_scope, MARKET);
    assert_eq!(early, Err(DecisionError::TooEarly { now: settle_from - 1, from: settle_from }));
    assert_eq!(decide(&mut world, House::settle_scope, OTHER), Err(DecisionError::NotWoundDown));
    decide(&mut world, House::reopen, MARKET).unwrap();
    assert_eq!((world.bits(MARKET), HOUSE.check(&world.host, MARKET, Class::Increase)), (LISTED, Ok(Passed::NORMAL)));
    assert_eq!(last::<abi::Decided>(&world).previous, 2);
    assert_eq!(decision_state(&world.host, MARKET), state(0, 0, 0));
    decide(&mut world, House::wind_down, MARKET).unwrap();
    world.host.now += logic::SETTLE_AFTER_SECS;
    told(&mut world);
    decide(&mut world, House::settle_scope, MARKET).unwrap();
    assert_eq!((last::<abi::Decided>(&world).previous, last::<abi::Decided>(&world).tier), (2, 4));
    assert_eq!(told(&mut world), [abi::Decided::SIGNATURE_HASH]);
    for class in [Class::Increase, Class::Liquidate, Class::Reduce, Class::Inflow] {
        let refused = HOUSE.check(&world.host, MARKET, class).unwrap_err();
        assert_eq!(refused, Refusal::Settling { scope: MARKET, class });
        let data = Vec::from(refused);
        assert_eq!((&data[..4], data.len()), (&abi::ScopeSettling::SELECTOR[..], 68));
    }
    let passed = Passed { tier: Tier::Settling, grace: false };
    assert_eq!(HOUSE.check(&world.host, MARKET, Class::ExitUnpriced), Ok(passed));
    // No way back; again is nothing.
    assert_eq!(decide(&mut world, House::reopen, MARKET), Err(DecisionError::Final));
    decide(&mut world, House::settle_scope, MARKET).unwrap();
    decide(&mut world, House::wind_down, MARKET).unwrap();
    assert_eq!((told(&mut world), decision_state(&world.host, MARKET)[0]), (NOTHING.to_vec(), U256::from(4)));
    let unknown = DecisionError::Refused(Refusal::UnknownMarket { market: 3, listed: 2 });
    for f in [House::wind_down, House::reopen, House::settle_scope] {
        assert_eq!(world.act(GOVERNANCE, |h| f(&HOUSE, h, Scope::new(3))), Err(unknown));
    }
}

#[test]
fn a_protocol_that_is_wound_down_lets_its_markets_be_settled_one_by_one() {
    let mut world = house();
    world.act(GOVERNANCE, |h| HOUSE.wind_down(h, Scope::PROTOCOL)).unwrap();
    assert!(HOUSE.check(&world.host, OTHER, Class::Increase).is_err());
    world.host.now += logic::SETTLE_AFTER_SECS;
    world.act(GOVERNANCE, |h| HOUSE.settle_scope(h, MARKET)).unwrap();
    assert!(HOUSE.check(&world.host, MARKET, Class::Reduce).is_err());
    assert!(HOUSE.check(&world.host, OTHER, Class::Reduce).is_ok());
    // The protocol opens again; the market that is being settled does not.
    world.act(GOVERNANCE, |h| HOUSE.reopen(h, Scope::PROTOCOL)).unwrap();
    assert_eq!(HOUSE.check(&world.host, OTHER, Class::Increase), Ok(Passed::NORMAL));
    assert!(HOUSE.check(&world.host, MARKET, Class::Reduce).is_err());
    assert_eq!(world.act(GOVERNANCE, |h| HOUSE.reopen(h, MARKET)), Err(DecisionError::Final));
}

#[test]
fn a_wind_down_contains_an_incident_and_is_none() {
    let mut world = house();
    apart(&world, 800);
    world.poke(ANYBODY[0], MARKET).unwrap();
    world.host.now += 60;
    world.poke(ANYBODY[0], MARKET).unwrap();
    let before = incident(&world, 1);
    assert_eq!((before.contained, before.resolved), (0, 0));
    world.host.now += 60;
    told(&mut world);
    world.act(GOVERNANCE, |h| HOUSE.wind_down(h, MARKET)).unwrap();
    assert_eq!(told(&mut world), [abi::INCIDENT, abi::Decided::SIGNATURE_HASH]);
    let after = incident(&world, 1);
    assert_eq!(after, Incident { contained: T + 120, ..before }, "its clock goes on");
    // When the clock has run out Council has no incident to act in, however long the wind-down lasts.
    assert!(world.act(COUNCIL, |h| HOUSE.acting(h, MARKET)).is_err(), "too young");
    world.host.now = after.ends - 1;
    assert_eq!(world.act(COUNCIL, |h| HOUSE.acting(h, MARKET)), Ok(after.ends));
    world.host.now = after.ends;
    assert_eq!(world.act(COUNCIL, |h| HOUSE.acting(h, MARKET)), Err(CouncilError::NoIncident { scope: MARKET }));
    world.heal(MARKET);
    // Reopened, the circuit goes back to Normal as its own clocks say, and the incident is written as resolved then.
    world.act(GOVERNANCE, |h| HOUSE.reopen(h, MARKET)).unwrap();
    recover(&mut world);
    let resolved = incident(&world, 1).resolved;
    assert!(resolved >= before.detected && resolved <= world.host.now && world.open(MARKET).is_none());
}

#[test]
fn buckets_follow_the_incidents_of_their_scopes_with_one_call() {
    const BUCKET: u32 = 9;
    let mut world = house();
    let config = limiter::Config::new(1_000, 1_000, 24 * 60, 1_000, limiter::Policy::Ticket).unwrap();
    world.act(GOVERNANCE, |h| limiter::shell::configure(h, &HOUSE.limiter, BUCKET, config, 10_000_000)).unwrap();
    world.host.logs.clear();
    let scopes = [Scope::PROTOCOL, MARKET];
    let follow = |world: &mut World| world.act(ANYBODY[0], |h| HOUSE.follow(h, &scopes, &[BUCKET])).unwrap();
    let open = |world: &World| limiter::shell::state(&world.host, &HOUSE.limiter, BUCKET)[6].to::<u64>();
    let words = world.host.words.clone();
    follow(&mut world);
    assert_eq!((told(&mut world), &world.host.words), (NOTHING.to_vec(), &words), "nothing to follow");
    pause(&mut world, GUARD, &[1], TRADING).unwrap();
    told(&mut world);
    follow(&mut world);
    assert_eq!((told(&mut world), open(&world)), (vec![limiter::abi::Tightened::SIGNATURE_HASH], 450_000));
    follow(&mut world);
    assert_eq!(told(&mut world), NOTHING);
    // A calm market with it ends nothing; asked without the scope that is not calm, a caller would begin the ramp.
    world.act(ANYBODY[0], |h| HOUSE.follow(h, &[OTHER, MARKET], &[BUCKET])).unwrap();
    assert_eq!(told(&mut world), NOTHING);
    // By the clock alone from the end of the incident on: half of the way after half of a day, all after a day.
    let ends = incident(&world, 1).ends;
    world.host.now = ends - 1;
    assert_eq!(open(&world), 450_000);
    world.host.now = ends + DAY / 2 + 64;
    assert_eq!(open(&world), 675_000);
    world.host.now = ends + DAY + 64;
    assert_eq!(open(&world), 900_000);
    // A pause cut short begins the ramp with the next call, and what is open by decision only is no incident.
    pause(&mut world, GUARDS[1], &[1], TRADING).unwrap();
    follow(&mut world);
    world.host.now += 600;
    world.act(COUNCIL, |h| HOUSE.unpause(h, MARKET)).unwrap();
    world.act(GOVERNANCE, |h| HOUSE.wind_down(h, MARKET)).unwrap();
    follow(&mut world);
    let event: limiter::abi::Tightened = last(&world);
    assert!(event.until >= world.host.now && event.until < world.host.now + 64);
    assert_eq!((event.shareBps, event.open), (5_000, event.until + DAY));
}

#[test]
fn governance_labels_an_incident_that_exists() {
    let mut world = house();
    let label = |world: &mut World, id, word| world.act(GOVERNANCE, |h| journal::label(h, id, word));
    pause(&mut world, GUARD, &[1], TRADING).unwrap();
    told(&mut world);
    for id in [0, 2, u32::MAX] {
        assert_eq!(label(&mut world, id, 1), Err(Error::UnknownIncident { id, count: 1 }));
        assert_eq!(journal::read(&world.host, id), Err(Error::UnknownIncident { id, count: 1 }));
    }
    for word in [0, 3, 255] {
        assert_eq!(label(&mut world, 1, word), Err(Error::UnknownLabel { label: word, max: 2 }));
    }
    let before = incident(&world, 1);
    label(&mut world, 1, 2).unwrap();
    label(&mut world, 1, 2).unwrap();
    assert_eq!(told(&mut world), [abi::INCIDENT], "the same word again is no news");
    assert_eq!(incident(&world, 1), Incident { label: 2, ..before });
    world.host.now += 2 * DAY;
    world.poke(ANYBODY[0], MARKET).unwrap();
    label(&mut world, 1, 1).unwrap();
    assert_eq!((incident(&world, 1).label, incident(&world, 1).resolved), (1, T + DAY), "after it is over, too");
}

#[test]
fn a_loss_goes_to_the_open_incident_of_its_scope() {
    let mut world = house();
    let lose = |world: &mut World, loss, cover| world.act(GOVERNANCE, |h| journal::lose(h, MARKET, loss, cover));
    lose(&mut world, 100, 0).unwrap();
    assert_eq!((storage::incidents(&world.host), told(&mut world)), (0, NOTHING.to_vec()), "none is open");
    pause(&mut world, GUARD, &[1, 2], TRADING).unwrap();
    told(&mut world);
    lose(&mut world, 100, 30).unwrap();
    lose(&mut world, 0, 70).unwrap();
    assert_eq!(last::<abi::Incident>(&world).money, U256::from(100) | (U256::from(100) << 128));
    assert_eq!(told(&mut world), [abi::INCIDENT; 2]);
    let words = world.host.words.clone();
    assert_eq!(lose(&mut world, 0, 1), Err(Error::CoverAboveLoss { cover: 101, loss: 100 }));
    assert_eq!(lose(&mut world, u128::MAX, 0), Err(Error::LossOverflow { loss: u128::MAX, cover: 0 }));
    assert_eq!((told(&mut world), &world.host.words), (NOTHING.to_vec(), &words));
    let money = |id| (incident(&world, id).loss, incident(&world, id).cover);
    assert_eq!([money(1), money(2)], [(100, 100), (0, 0)]);
}

#[test]
fn a_word_of_zeros_is_a_house_that_is_off() {
    let mut world = house();
    storage::store_panel(&mut world.host, 0, Panel::default());
    for (scope, class) in [(Scope::PROTOCOL, Class::Inflow), (MARKET, Class::Increase), (OTHER, Class::ExitUnpriced)] {
        let off = Refusal::UnknownMarket { market: scope.number(), listed: 2 };
        assert_eq!(HOUSE.check(&world.host, scope, class), Err(off));
    }
}

#[test]
fn an_error_is_its_selector_and_its_words() {
    let data = |error: Error| Vec::<u8>::from(error);
    let stopped = Refusal::Stopped { scope: MARKET, class: Class::Reduce, sources: 3, until: 9 };
    let expected = abi::Stopped { scope: 1, class: 2, sources: 3, until: 9 }.abi_encode();
    assert_eq!(data(stopped.into()), expected);
    assert_eq!(Vec::<u8>::from(PriceError::Refused(stopped)), expected);
    let full = Refusal::TooManyMarkets { listed: 5, max: 4 };
    assert_eq!(data(full.into()), abi::TooManyCircuits { listed: 5, max: 4 }.abi_encode());
    let (one, two) = (U256::from(1), U256::from(2));
    for (error, expected) in [
        (Error::UnknownIncident { id: 7, count: 6 }, abi::UnknownIncident { id: 7, count: 6 }.abi_encode()),
        (Error::UnknownLabel { label: 3, max: 2 }, abi::UnknownLabel { label: 3, max: 2 }.abi_encode()),
        (Error::CoverAboveLoss { cover: 2, loss: 1 }, abi::CoverAboveLoss { cover: two, loss: one }.abi_encode()),
        (Error::LossOverflow { loss: 1, cover: 2 }, abi::LossOverflow { loss: one, cover: two }.abi_encode()),
        (Error::SignalSpent { secs: 5, again: 6 }, abi::SignalSpent { secs: 5, again: 6 }.abi_encode()),
        (Error::NoIncident { scope: MARKET }, abi::NoIncident { scope: 1 }.abi_encode()),
        (Error::Field(FieldOverflow { value: 2, bits: 1 }), abi::FieldOverflow { value: two, bits: one }.abi_encode()),
        (Error::ZeroAddress { argument: 1, value: GUARD }, abi::ZeroAddress { argument: 1, value: GUARD }.abi_encode()),
    ] {
        assert_eq!(data(error), expected, "{error:?}");
    }
}
