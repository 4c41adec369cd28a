//! One property per invariant, over random grants and revocations.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)] // tests

use alloy_primitives::Address;
use fusebox_authority::{logic, Account, Error, Holders, Role, Roles};
use proptest::prelude::*;

type House = ([Account; 4], Holders);

fn steps() -> impl Strategy<Value = Vec<(usize, usize, bool)>> {
    prop::collection::vec((0..4usize, 0..5usize, any::<bool>()), 0..60)
}

/// A house with account 0 in Governance.
fn house() -> House {
    let mut house = House::default();
    let ((account, holders), _) = logic::establish((house.0[0], house.1), who(0)).unwrap();
    house.0[0] = account;
    house.1 = holders;
    house
}

fn who(account: usize) -> Address {
    Address::with_last_byte(u8::try_from(account + 1).unwrap())
}

fn run(house: &mut House, (account, role, grant): (usize, usize, bool)) -> Result<bool, Error> {
    let (state, act) = ((house.0[account], house.1), if grant { logic::grant } else { logic::revoke });
    let ((next, holders), effect) = act(state, who(account), Role::ALL[role])?;
    house.0[account] = next;
    house.1 = holders;
    Ok(effect.changed)
}

proptest! {
    #[test]
    fn au_1_a_role_is_held_exactly_between_its_grant_and_its_revocation(trace in steps()) {
        let mut house = house();
        let mut held = [[false; 5]; 4];
        held[0][0] = true;
        for step in trace {
            if run(&mut house, step).is_ok() {
                held[step.0][step.1] = step.2;
            }
            for (account, roles) in held.iter().enumerate() {
                for (role, held) in Role::ALL.iter().zip(roles) {
                    let answer = logic::require(house.0[account], who(account), *role);
                    prop_assert_eq!(answer.is_ok(), *held);
                }
            }
        }
    }

    #[test]
    fn au_2_the_epoch_moves_with_every_change_and_with_nothing_else(trace in steps()) {
        let mut house = house();
        for step in trace {
            let before = house.0;
            let changed = run(&mut house, step) == Ok(true);
            for account in 0..4 {
                let moved = u32::from(changed && account == step.0);
                prop_assert_eq!(house.0[account].epoch, before[account].epoch + moved);
                prop_assert_eq!(house.0[account].roles != before[account].roles, moved == 1);
            }
        }
    }

    #[test]
    fn au_3_governance_never_loses_its_last_holder(trace in steps()) {
        let mut house = house();
        for step in trace {
            let _ = run(&mut house, step);
            prop_assert!(house.0.iter().any(|account| account.roles.has(Role::Governance)));
        }
    }

    #[test]
    fn au_4_an_equal_value_changes_nothing_and_is_no_error(trace in steps()) {
        let mut house = house();
        for step in trace {
            if run(&mut house, step).is_ok() {
                let before = house;
                prop_assert_eq!(run(&mut house, step), Ok(false));
                prop_assert_eq!(house, before);
            }
        }
    }

    #[test]
    fn au_5_holders_are_counted_exactly(trace in steps()) {
        let mut house = house();
        for step in trace {
            let _ = run(&mut house, step);
            for role in Role::ALL {
                let count = house.0.iter().filter(|account| account.roles.has(role)).count();
                prop_assert_eq!(usize::try_from(house.1.of(role)).unwrap(), count);
            }
        }
    }

    #[test]
    fn au_6_words_keep_what_they_are_given(bits in 0..32u8, epoch in any::<u32>(), term in any::<u32>(), counts in any::<[u32; 5]>()) {
        let account = Account { roles: Roles::from_bits(bits), epoch, term };
        prop_assert_eq!(Account::unpack(account.pack()), account);
        let holders = Holders { counts };
        prop_assert_eq!(Holders::unpack(holders.pack()), holders);
    }
}
