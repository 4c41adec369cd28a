//! The shell on one contract's memory: access, events, round trip, a revert that leaves nothing.
#![cfg(feature = "shell")]
#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)] // tests

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox_core::{
    host::Memory,
    panel::Scope,
    time::{DAY, HOUR},
};
use fusebox_guardian::{abi, shell, storage, types::Report, Error, Incident, Params, Pause};

const P: Params = Params::DEFAULT;
const T: u64 = 1_700_000_000;
const GUARD: Address = Address::repeat_byte(0x11);
const COUNCIL: Address = Address::repeat_byte(0xcc);
const GOVERNANCE: Address = Address::repeat_byte(0xee);
const TRADING: u8 = 0b0_0111;
const MARKET: Scope = Scope::new(3);

/// A contract with one guardian of the protocol and of market 3.
fn house() -> Memory {
    let mut host = Memory::default();
    for scope in [Scope::PROTOCOL, MARKET] {
        host.call(GOVERNANCE, |h| shell::set_guardian(h, &P, GUARD, scope, DAY as u32)).unwrap();
    }
    host.logs.clear();
    host
}

/// A batch; the journal answers 40 + scope. Returns the scopes whose bit was set.
fn pause(host: &mut Memory, by: Address, scopes: &[u32], mask: u8) -> (Result<Report, Error>, Vec<u32>) {
    let mut set = Vec::new();
    let result = host.call(by, |h| {
        shell::pause(h, &P, (scopes, mask, 9), &[], &mut |_: &mut Memory, scope| {
            set.push(scope.number());
            40 + scope.number()
        })
    });
    (result, set)
}

fn incident(id: u32) -> Incident {
    Incident { id, opened_by: GUARD, opened_at: T }
}

#[test]
fn a_guardian_pauses_and_the_word_the_bit_the_incident_and_the_event_follow() {
    let mut host = house();
    let (report, set) = pause(&mut host, GUARD, &[3], TRADING);
    assert_eq!((report.unwrap(), set), (Report { paused: 1, failed: 0 }, vec![3]));
    let word = storage::pause(&host, MARKET);
    assert_eq!((word.start, word.until, word.classes.bits(), word.reason, word.incident), (T, T + DAY, TRADING, 9, 43));
    assert_eq!(shell::effective(&host, &P, MARKET).stopped.bits(), TRADING);
    assert!(shell::effective(&host, &P, Scope::new(4)).stopped.is_empty());
    let log = &host.logs[0];
    let event = abi::Paused::decode_raw_log(log.topics.iter().copied(), &log.data).unwrap();
    assert_eq!((event.scope, event.by, event.previousClasses, event.classes), (3, GUARD, 0, TRADING));
    assert_eq!(
        (event.previousUntil, event.until, event.exitsUntil, event.reason, event.incident),
        (0, T + DAY, T, 9, 43)
    );
    assert_eq!(host.logs.len(), 1);
}

#[test]
fn the_protocols_pause_stops_every_market() {
    let mut host = house();
    pause(&mut host, GUARD, &[0], TRADING).0.unwrap();
    assert_eq!(shell::effective(&host, &P, Scope::new(77)).stopped.bits(), TRADING);
    assert_eq!(shell::effective(&host, &P, Scope::PROTOCOL).stopped.bits(), TRADING);
}

#[test]
fn pg_12_a_batch_pauses_what_it_can_and_reports_the_rest() {
    let mut host = house();
    pause(&mut host, GUARD, &[3], TRADING).0.unwrap();
    host.now += 2 * DAY;
    host.call(GOVERNANCE, |h| shell::set_guardian(h, &P, GUARD, Scope::new(5), HOUR as u32)).unwrap();
    host.logs.clear();
    // 0 is armed; 3 is spent; 4 is nobody's; 5 is armed; 0 again is already paused.
    let (report, set) = pause(&mut host, GUARD, &[0, 3, 4, 5, 0], TRADING);
    assert_eq!((report.unwrap(), set), (Report { paused: 0b01001, failed: 0b00110 }, vec![0, 5]));
    let failed: Vec<_> = host.logs.iter().filter(|l| l.topics[0] == abi::PauseFailed::SIGNATURE_HASH).collect();
    assert_eq!(failed.len(), 2);
    let why = |i: usize| abi::PauseFailed::decode_raw_log(failed[i].topics.iter().copied(), &failed[i].data).unwrap();
    assert_eq!((why(0).scope, why(0).why.0), (3, abi::AlreadyUsed::SELECTOR));
    assert_eq!((why(1).scope, why(1).why.0), (4, abi::NotGuardian::SELECTOR));
    // The cool-down follows the longest pause of the batch.
    assert_eq!(storage::watch(&host, GUARD).rests_until, T + 4 * DAY);
}

#[test]
fn a_batch_of_which_nothing_holds_reverts_and_leaves_nothing() {
    let mut host = house();
    let before = (host.words.clone(), host.logs.clone());
    let stranger = Address::repeat_byte(9);
    assert_eq!(pause(&mut host, stranger, &[0, 3], TRADING).0, Err(Error::NotGuardian { who: stranger, scope: 0 }));
    assert_eq!(pause(&mut host, GUARD, &[], TRADING).0, Err(Error::BatchSize { length: 0, bound: 1 }));
    assert_eq!(pause(&mut host, GUARD, &[3; 65], TRADING).0, Err(Error::BatchSize { length: 65, bound: 64 }));
    assert_eq!(pause(&mut host, GUARD, &[3], 0).0, Err(Error::NoClasses { known: 31 }));
    host.now += 30 * DAY;
    let lapsed = Err(Error::HeartbeatLapsed { until: host.now, now: host.now });
    assert_eq!(pause(&mut host, GUARD, &[3, 0], TRADING).0, lapsed);
    let now = host.now;
    assert_eq!(host.call(GUARD, |h| shell::heartbeat(h, &P)), Err(Error::HeartbeatLapsed { until: now, now }));
    assert_eq!(before, (host.words, host.logs));
}

#[test]
fn the_council_extends_and_ends_a_pause_and_the_event_says_from_what_to_what() {
    let mut host = house();
    pause(&mut host, GUARD, &[3], TRADING).0.unwrap();
    host.logs.clear();
    let early = host.call(COUNCIL, |h| shell::extend(h, &P, MARKET, T + 2 * DAY, incident(43)));
    assert_eq!(early, Err(Error::IncidentTooYoung { age: 0, bound: 600 }));
    host.now += 600;
    let effect = host.call(COUNCIL, |h| shell::extend(h, &P, MARKET, T + 2 * DAY, incident(43))).unwrap();
    assert!(effect.changed && effect.bit);
    host.call(COUNCIL, |h| shell::extend(h, &P, MARKET, T + 2 * DAY, incident(43))).unwrap();
    assert_eq!(host.logs.len(), 1);
    let event = abi::Extended::decode_raw_log(host.logs[0].topics.iter().copied(), &host.logs[0].data).unwrap();
    assert_eq!((event.scope, event.by, event.previousUntil, event.until), (3, COUNCIL, T + DAY, T + 2 * DAY));
    let effect = host.call(COUNCIL, |h| shell::unpause(h, &P, MARKET, incident(43))).unwrap();
    assert!(effect.changed && !effect.bit);
    let event = abi::Unpaused::decode_raw_log(host.logs[1].topics.iter().copied(), &host.logs[1].data).unwrap();
    assert_eq!((event.previousUntil, event.until), (T + 2 * DAY, T + 600));
    assert!(shell::effective(&host, &P, MARKET).stopped.is_empty());
    assert!(!host.call(COUNCIL, |h| shell::unpause(h, &P, MARKET, incident(0))).unwrap().changed);
    assert_eq!(host.logs.len(), 2);
    let own = Incident { opened_by: COUNCIL, ..incident(40) };
    host.now += 2 * DAY;
    pause(&mut host, GUARD, &[0], TRADING).0.unwrap();
    host.now += DAY - 1;
    let refused = host.call(COUNCIL, |h| shell::unpause(h, &P, Scope::PROTOCOL, own));
    assert_eq!(refused, Err(Error::OwnIncident { who: COUNCIL, incident: 40 }));
}

#[test]
fn a_heartbeat_is_logged_once_a_second_and_keeps_the_guardian_alive() {
    let mut host = house();
    host.now += 30 * DAY - 1;
    host.call(GUARD, |h| shell::heartbeat(h, &P)).unwrap();
    host.call(GUARD, |h| shell::heartbeat(h, &P)).unwrap();
    assert_eq!(host.logs.len(), 1);
    let event = abi::Heartbeat::decode_raw_log(host.logs[0].topics.iter().copied(), &host.logs[0].data).unwrap();
    assert_eq!((event.guardian, event.previousUntil, event.until), (GUARD, T + 30 * DAY, T + 60 * DAY - 1));
    host.now += DAY;
    pause(&mut host, GUARD, &[3], TRADING).0.unwrap();
    let stranger = Address::repeat_byte(9);
    let refused = host.call(stranger, |h| shell::heartbeat(h, &P));
    assert_eq!(refused, Err(Error::NotGuardian { who: stranger, scope: u32::MAX }));
}

#[test]
fn guardians_are_set_with_previous_and_current_values_and_an_equal_value_is_no_event() {
    let mut host = Memory::default();
    let set =
        |host: &mut Memory, secs| host.call(GOVERNANCE, |h| shell::set_guardian(h, &P, GUARD, MARKET, secs)).unwrap();
    assert!(set(&mut host, 300).changed);
    assert!(!set(&mut host, 300).changed);
    assert!(set(&mut host, 600).changed);
    let gone = set(&mut host, 0);
    assert!(gone.changed && gone.removed_last);
    assert!(!set(&mut host, 0).changed);
    assert_eq!(host.logs.len(), 3);
    let event =
        |i: usize| abi::GuardianSet::decode_raw_log(host.logs[i].topics.iter().copied(), &host.logs[i].data).unwrap();
    assert_eq!((event(0).previousDuration, event(0).duration, event(0).armed), (0, 300, true));
    assert_eq!((event(1).previousDuration, event(1).previousArmed, event(1).duration), (300, true, 600));
    assert_eq!((event(2).duration, event(2).armed, event(2).guardian, event(2).scope), (0, false, GUARD, 3));
}

#[test]
fn pg_11_a_change_of_the_main_switch_settles_the_markets_whose_bit_is_set() {
    let mut host = house();
    pause(&mut host, GUARD, &[3], TRADING).0.unwrap();
    let other = Address::repeat_byte(0x22);
    host.call(GOVERNANCE, |h| shell::set_guardian(h, &P, other, Scope::PROTOCOL, DAY as u32)).unwrap();
    host.now = T + 20 * HOUR;
    host.call(other, |h| shell::pause(h, &P, (&[0], TRADING, 1), &[MARKET], &mut |_: &mut Memory, _| 1)).unwrap();
    assert_eq!(shell::paused_seconds(&host, &P, MARKET), 20 * HOUR);
    host.now = T + 3 * DAY;
    assert_eq!(shell::paused_seconds(&host, &P, MARKET), 44 * HOUR);
    assert_eq!(shell::paused_seconds(&host, &P, Scope::new(9)), DAY);
    assert_eq!(shell::paused_seconds(&host, &P, Scope::PROTOCOL), DAY);
    assert!(host.call(other, |h| Ok::<_, ()>(shell::clear(h, &P, MARKET))).unwrap());
    assert_eq!(shell::paused_seconds(&host, &P, MARKET), 44 * HOUR);
}

#[test]
fn pg_9_the_bit_may_be_cleared_once_the_grace_is_over() {
    let mut host = house();
    pause(&mut host, GUARD, &[3], 0b1_1111).0.unwrap();
    for (now, may) in
        [(T + DAY - 1, false), (T + DAY, false), (T + DAY + 4 * HOUR - 1, false), (T + DAY + 4 * HOUR, true)]
    {
        host.now = now;
        assert_eq!(shell::clear(&mut host, &P, MARKET), may);
    }
}

#[test]
fn pg_13_the_state_view_is_the_words_as_stored() {
    let mut host = house();
    pause(&mut host, GUARD, &[3], TRADING).0.unwrap();
    host.now += HOUR;
    let state = shell::pause_state(&host, &P, MARKET);
    assert_eq!(Pause::unpack(state[0]), storage::pause(&host, MARKET));
    assert_eq!(state[1], U256::from_limbs([0, T, 1, 0])); // nothing accrued until now, one guardian
    assert_eq!(state[2], U256::from(HOUR));
}

#[test]
fn errors_are_a_selector_and_the_words_of_their_fields() {
    let data = Vec::<u8>::from(Error::NotGuardian { who: GUARD, scope: 3 });
    let error = abi::NotGuardian::abi_decode(&data).unwrap();
    assert_eq!((error.who, error.scope), (GUARD, 3));
    let data = Vec::<u8>::from(Error::EndTooLate { until: 5, bound: 4 });
    assert_eq!((abi::EndTooLate::abi_decode(&data).unwrap().until, data.len()), (5, 68));
    let data = Vec::<u8>::from(Error::Parameter { id: 2, value: 8, bound: 9 });
    let error = abi::GuardianParameter::abi_decode(&data).unwrap();
    assert_eq!((error.id, error.value, error.bound), (2, 8, 9));
    assert_ne!(B256::ZERO, abi::Paused::SIGNATURE_HASH);
}
