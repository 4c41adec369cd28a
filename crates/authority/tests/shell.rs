//! The shell on one contract's memory: access, events, round trip, a revert that leaves nothing.
#![cfg(feature = "shell")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)] // tests

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolError, SolEvent};
use fusebox_authority::{abi, shell, storage, types::change, ChangeError, Error, Role};
use fusebox_core::host::{Host, Memory};

const GOVERNANCE: Address = Address::repeat_byte(0xee);
const OTHER: Address = Address::repeat_byte(0x22);

fn house() -> Memory {
    let mut host = Memory::default();
    host.call(OTHER, |h| shell::establish(h, GOVERNANCE)).unwrap();
    host
}

#[test]
fn roles_are_installed_and_revoked_and_the_events_say_from_what_to_what() {
    let mut host = house();
    for role in [Role::Council, Role::Steward] {
        host.call(OTHER, |h| shell::install(h, OTHER, role)).unwrap();
    }
    assert_eq!(shell::roles_of(&host, OTHER), U256::from(0b01010u64 | 2 << 32));
    host.call(OTHER, |h| shell::require(h, Role::Council)).unwrap();
    host.call(OTHER, |h| shell::install(h, Address::repeat_byte(0xcc), Role::Council)).unwrap();
    host.call(GOVERNANCE, |h| shell::revoke(h, OTHER, 1)).unwrap();
    let missing = host.call(OTHER, |h| shell::require(h, Role::Council));
    assert_eq!(missing, Err(Error::MissingRole { who: OTHER, role: Role::Council }));
    let event =
        |i: usize| abi::RoleSet::decode_raw_log(host.logs[i].topics.iter().copied(), &host.logs[i].data).unwrap();
    assert_eq!((event(0).account, event(0).role, event(0).previous, event(0).current), (GOVERNANCE, 0, 0, 1));
    assert_eq!((event(2).account, event(2).role, event(2).previous, event(2).current), (OTHER, 3, 0b10, 0b1010));
    assert_eq!((event(4).role, event(4).previous, event(4).current, event(4).epoch), (1, 0b1010, 0b1000, 3));
}

#[test]
fn au_4_an_equal_value_writes_and_logs_nothing() {
    let mut host = house();
    let before = (host.words.clone(), host.logs.clone());
    host.call(GOVERNANCE, |h| shell::grant(h, GOVERNANCE, 0)).unwrap();
    host.call(GOVERNANCE, |h| shell::revoke(h, OTHER, 0)).unwrap();
    assert_eq!(before, (host.words, host.logs));
}

#[test]
fn what_is_refused_leaves_nothing() {
    let mut host = house();
    let before = (host.words.clone(), host.logs.clone());
    let missing = Err(ChangeError::Role(Error::MissingRole { who: OTHER, role: Role::Governance }));
    assert_eq!(host.call(OTHER, |h| shell::grant(h, OTHER, 0)), missing);
    assert_eq!(host.call(OTHER, |h| shell::revoke(h, GOVERNANCE, 0)), missing);
    let unknown = Err(ChangeError::Role(Error::UnknownRole { role: 5, bound: 5 }));
    assert_eq!(host.call(GOVERNANCE, |h| shell::grant(h, OTHER, 5)), unknown);
    let zero = Err(ChangeError::Role(Error::ZeroAccount { role: Role::Council }));
    assert_eq!(host.call(GOVERNANCE, |h| shell::grant(h, Address::ZERO, 1)), zero);
    let last = Err(ChangeError::Role(Error::LastGovernance { who: GOVERNANCE, bound: 1 }));
    assert_eq!(host.call(GOVERNANCE, |h| shell::revoke(h, GOVERNANCE, 0)), last);
    assert_eq!(host.call(OTHER, |h| shell::establish(h, OTHER)), Err(Error::AlreadyEstablished { holders: 1 }));
    assert_eq!(before, (host.words, host.logs));
}

#[test]
fn nobody_can_veto_their_own_removal() {
    let mut host = house();
    host.call(OTHER, |h| shell::install(h, OTHER, Role::Governance)).unwrap();
    host.call(OTHER, |h| shell::install(h, OTHER, Role::Guardian)).unwrap();
    host.call(GOVERNANCE, |h| shell::revoke(h, OTHER, 0)).unwrap();
    assert_eq!(storage::holders(&host).of(Role::Governance), 2);
    let words = change::revoke(OTHER, Role::Governance);
    let refused = host.call(OTHER, |h| shell::cancel(h, &words));
    assert_eq!(refused, Err(ChangeError::OwnRemoval { who: OTHER, act: 2 }));
    host.now = host.now() + 7 * 86_400;
    host.call(OTHER, |h| shell::execute(h, &[], &words).map(drop)).unwrap();
    assert!(!storage::account(&host, OTHER).roles.has(Role::Governance));
    assert_eq!(storage::holders(&host).of(Role::Governance), 1);
    assert!(host.call(OTHER, |h| shell::grant(h, OTHER, 0)).is_err());
}

#[test]
fn errors_are_a_selector_and_the_words_of_their_fields() {
    let data = Vec::<u8>::from(Error::MissingRole { who: OTHER, role: Role::Steward });
    let error = abi::MissingRole::abi_decode(&data).unwrap();
    assert_eq!((error.who, error.role, data.len()), (OTHER, 3, 68));
}
