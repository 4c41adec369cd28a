//! Boundaries of the rules: roles here, the rest in its files.
#![allow(clippy::unwrap_used)] // tests

use alloy_primitives::{Address, U256};
use fusebox_authority::{logic, Account, Delay, Error, Holders, Outcome, Role, Roles};

const WHO: Address = Address::repeat_byte(1);

fn holds(role: Role, count: u32) -> (Account, Holders) {
    (Account { roles: Roles::NONE.with(role, true), epoch: 4, term: 2 }, Holders::default().with(role, count))
}

#[test]
fn a_role_that_is_not_held_is_missing() {
    let (account, _) = holds(Role::Council, 1);
    assert_eq!(logic::require(account, WHO, Role::Council), Ok(()));
    let missing = Err(Error::MissingRole { who: WHO, role: Role::Governance });
    assert_eq!(logic::require(account, WHO, Role::Governance), missing);
}

#[test]
fn numbers_past_the_last_role_name_none() {
    assert_eq!(Role::from_code(4), Ok(Role::Sentinel));
    assert_eq!(Role::from_code(5), Err(Error::UnknownRole { role: 5, bound: 5 }));
    assert_eq!(Role::from_code(255), Err(Error::UnknownRole { role: 255, bound: 5 }));
    for role in Role::ALL {
        assert_eq!(Role::from_code(role.code()), Ok(role));
    }
}

#[test]
fn governance_is_established_once_and_not_at_zero() {
    let empty = Default::default();
    let (state, effect) = logic::establish(empty, WHO).unwrap();
    assert!(effect.changed && state.0.roles.has(Role::Governance));
    assert_eq!(logic::establish(state, WHO), Err(Error::AlreadyEstablished { holders: 1 }));
    assert_eq!(logic::establish(empty, Address::ZERO), Err(Error::ZeroAccount { role: Role::Governance }));
}

#[test]
fn the_zero_address_takes_no_role() {
    let refused = logic::grant(Default::default(), Address::ZERO, Role::Steward);
    assert_eq!(refused, Err(Error::ZeroAccount { role: Role::Steward }));
}

#[test]
fn the_last_of_governance_stays_and_the_last_of_others_goes() {
    let last = logic::revoke(holds(Role::Governance, 1), WHO, Role::Governance);
    assert_eq!(last, Err(Error::LastGovernance { who: WHO, bound: 1 }));
    assert_eq!(logic::revoke(holds(Role::Governance, 2), WHO, Role::Governance).unwrap().0 .1.of(Role::Governance), 1);
    assert_eq!(logic::revoke(holds(Role::Guardian, 1), WHO, Role::Guardian).unwrap().0 .1.of(Role::Guardian), 0);
}

#[test]
fn holders_are_counted_up_to_the_largest_number() {
    let full = (Account::default(), Holders::default().with(Role::Sentinel, u32::MAX));
    let refused = logic::grant(full, WHO, Role::Sentinel);
    assert_eq!(refused, Err(Error::TooManyHolders { role: Role::Sentinel, bound: u32::MAX }));
}

#[test]
fn the_epoch_goes_round_rather_than_refuse_a_removal() {
    let (account, holders) = holds(Role::Guardian, 1);
    let old = (Account { epoch: u32::MAX, ..account }, holders);
    assert_eq!(logic::revoke(old, WHO, Role::Guardian).unwrap().0 .0.epoch, 0);
}

#[test]
fn every_word_reads() {
    let account = Account::unpack(U256::MAX);
    assert_eq!((account.roles, account.epoch, account.term), (Roles::ALL, u32::MAX, u32::MAX));
    assert_eq!(Holders::unpack(U256::MAX).counts, [u32::MAX; 5]);
}

#[test]
fn taking_a_role_is_at_once_unless_a_check_goes_with_it() {
    const BY: Address = Address::repeat_byte(2);
    let decide = |role, count, who| logic::decide_revoke(holds(role, count), BY, who, role);
    for role in [Role::Guardian, Role::Council] {
        assert_eq!(decide(role, 2, WHO), Ok(Outcome::Apply));
        assert_eq!(decide(role, 1, WHO), Ok(Outcome::Delayed(Delay::Role)));
        assert_eq!(decide(role, 1, BY), Ok(Outcome::Delayed(Delay::Role)));
    }
    for role in [Role::Steward, Role::Sentinel] {
        assert_eq!(decide(role, 1, WHO), Ok(Outcome::Apply));
    }
    assert_eq!(decide(Role::Governance, 2, WHO), Ok(Outcome::Delayed(Delay::Role)));
    assert_eq!(decide(Role::Governance, 2, BY), Ok(Outcome::Apply));
    assert_eq!(decide(Role::Governance, 1, BY), Err(Error::LastGovernance { who: BY, bound: 1 }));
    assert_eq!(logic::decide_revoke(Default::default(), BY, WHO, Role::Council), Ok(Outcome::Unchanged));
    assert_eq!(logic::decide_guardian(true), Outcome::Delayed(Delay::Role));
    assert_eq!(logic::decide_guardian(false), Outcome::Apply);
}

#[test]
fn the_term_moves_with_governance_and_with_no_other_role() {
    let state = holds(Role::Governance, 2);
    for role in [Role::Council, Role::Guardian, Role::Steward, Role::Sentinel] {
        let (state, _) = logic::grant(state, WHO, role).unwrap();
        assert_eq!((state.0.epoch, state.0.term), (5, 2));
        let (state, _) = logic::revoke(state, WHO, role).unwrap();
        assert_eq!((state.0.epoch, state.0.term), (6, 2));
    }
    let (state, _) = logic::revoke(state, WHO, Role::Governance).unwrap();
    assert_eq!(state.0.term, 3);
    assert_eq!(logic::grant(state, WHO, Role::Governance).unwrap().0 .0.term, 4);
}
