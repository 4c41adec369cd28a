//! Boundaries of the rules of roles, table, overlays, queue and playbooks.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)] // tests

use alloy_primitives::{Address, B256, U256};
use fusebox_authority::{
    logic::{self, overlay, playbook, queue, table},
    types::{
        change,
        table::{is_table, own_delay, DELAY_ROWS},
        Delays, Direction, Incident, Overlay, Playbook, Proposal, Situation, Stage, Step, Tightening,
    },
    Account, Act, Change, ChangeError, Delay, Error, Holders, Outcome, Role, Roles, Row,
};
use fusebox_core::{
    panel::Tier,
    time::{DAY, HOUR},
};

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

const T: u64 = 1_700_000_000;
const UP: Row = Row::up(0x0200, 10, 1_000, 500);
const DOWN: Row = Row::down(0x0201, 10, 1_000, 100);
const CONTESTED: Row = Row::contested(0x0202, 10, 1_000).after(Delay::Upgrade);
const ROWS: [Row; 3] = [UP, DOWN, CONTESTED];

#[test]
fn a_table_ascends_and_every_floor_is_within_its_bounds() {
    const { assert!(is_table(&ROWS) && is_table(&DELAY_ROWS) && is_table(&[])) };
    assert!(!is_table(&[DOWN, UP]));
    assert!(!is_table(&[UP, UP]));
    assert!(!is_table(&[Row::up(1, 10, 9, 10)]));
    assert!(!is_table(&[Row::up(1, 10, 20, 9)]));
    assert!(!is_table(&[Row::down(1, 10, 20, 21)]));
    assert!(!is_table(&[Row::up(u16::MAX, 1, 1, 1)]));
}

#[test]
fn every_change_of_a_value_is_judged() {
    for (from, to) in [(5, 6), (6, 5), (0, u128::MAX), (u128::MAX, 0)] {
        let up = if to > from { Step::Tighter } else { Step::Looser };
        let down = if to > from { Step::Looser } else { Step::Tighter };
        assert_eq!(Direction::UpTightens.step(from, to), up);
        assert_eq!(Direction::DownTightens.step(from, to), down);
        assert_eq!(Direction::Contested.step(from, to), Step::Looser);
    }
    for direction in [Direction::UpTightens, Direction::DownTightens, Direction::Contested] {
        assert_eq!(direction.step(7, 7), Step::Same);
    }
}

#[test]
fn bounds_are_inclusive_and_an_unknown_row_is_none() {
    assert_eq!(table::row(&ROWS, 0x0203), Err(ChangeError::UnknownParameter { id: 0x0203, bound: 3 }));
    for row in &ROWS {
        assert_eq!(table::row(&ROWS, row.id), Ok(row));
        assert!(table::within(row, 10).is_ok() && table::within(row, 1_000).is_ok());
        let out = |value, bound| Err(ChangeError::OutOfBounds { id: row.id, value, bound });
        assert_eq!(table::within(row, 9), out(9, 10));
        assert_eq!(table::decide(row, 500, 1_001), out(1_001, 1_000).map(|()| Outcome::Apply));
    }
}

#[test]
fn what_tightens_is_at_once_and_what_does_not_waits_its_own_delay() {
    assert_eq!(table::decide(&UP, 300, 301), Ok(Outcome::Apply));
    assert_eq!(table::decide(&UP, 300, 299), Ok(Outcome::Delayed(Delay::Parameter)));
    assert_eq!(table::decide(&DOWN, 300, 299), Ok(Outcome::Apply));
    assert_eq!(table::decide(&DOWN, 300, 301), Ok(Outcome::Delayed(Delay::Parameter)));
    for value in [299, 301] {
        assert_eq!(table::decide(&CONTESTED, 300, value), Ok(Outcome::Delayed(Delay::Upgrade)));
    }
    for row in &ROWS {
        assert_eq!(table::decide(row, 300, 300), Ok(Outcome::Unchanged));
    }
}

#[test]
fn each_act_waits_its_delay_and_a_playbook_the_longest() {
    let delays = Delays::default().with(Delay::Parameter, 1).with(Delay::Role, 2).with(Delay::Escrow, 9);
    let wait = |words: &[U256]| table::wait(&Change::decode(words).unwrap(), &ROWS, &delays);
    assert_eq!(wait(&change::parameter(0, UP.id, 10)), Ok(1));
    assert_eq!(wait(&change::parameter(0, CONTESTED.id, 10)), Ok(7 * DAY));
    assert_eq!(wait(&change::grant(WHO, Role::Council)), Ok(2));
    assert_eq!(wait(&change::revoke(WHO, Role::Council)), Ok(2));
    assert_eq!(wait(&change::guardian(WHO, 3, 0)), Ok(2));
    assert_eq!(wait(&[change::header(Act::Upgrade, 1, 0)]), Ok(7 * DAY));
    assert_eq!(wait(&[change::header(Act::Escrow, 0, 0)]), Ok(9));
    assert_eq!(wait(&[change::header(Act::Protocol, 4, 1)]), Ok(1));
    assert_eq!(wait(&[change::playbook(0, Tier::Halted, true), U256::ZERO]), Ok(7 * DAY));
    let unknown = Err(ChangeError::UnknownParameter { id: 1, bound: 3 });
    assert_eq!(wait(&change::parameter(0, 1, 10)), unknown);
    let out = Err(ChangeError::OutOfBounds { id: UP.id, value: 9, bound: 10 });
    assert_eq!(wait(&change::parameter(0, UP.id, 9)), out);
}

#[test]
fn the_delays_of_the_design_hold_until_one_is_set() {
    let delays = Delays::default();
    assert_eq!(Delay::ALL.map(|delay| delays.of(delay)), [48 * HOUR, 7 * DAY, 7 * DAY, 48 * HOUR]);
    for (row, delay) in DELAY_ROWS.iter().zip(Delay::ALL) {
        assert!((row.min..=row.max).contains(&u128::from(delays.of(delay))));
        assert_eq!(own_delay((0, row.id)), Some(delay));
        assert_eq!(own_delay((1, row.id)), None);
        // A lower delay waits itself; a higher one does not wait.
        assert_eq!(table::decide(row, row.max, row.min), Ok(Outcome::Delayed(delay)));
        assert_eq!(table::decide(row, row.min, row.max), Ok(Outcome::Apply));
    }
    assert_eq!(own_delay((0, UP.id)), None);
}

fn tighten(state: overlay::State, row: &Row, now: u64, value: u128, secs: u64) -> Result<overlay::State, ChangeError> {
    overlay::tighten(state, row, 300, now, Tightening { value, secs }).map(|(state, _)| state)
}

fn in_force(state: &overlay::State, row: &Row, now: u64) -> u128 {
    overlay::effective(row.direction, 300, &state.0, now)
}

#[test]
fn an_overlay_is_in_force_until_its_end_and_not_at_it() {
    for (row, value) in [(&UP, 400), (&DOWN, 200)] {
        let state = tighten(Default::default(), row, T, value, HOUR).unwrap();
        assert_eq!(in_force(&state, row, T), value);
        assert_eq!(in_force(&state, row, T + HOUR - 1), value);
        assert_eq!(in_force(&state, row, T + HOUR), 300);
        assert_eq!(in_force(&state, row, T + HOUR + 1), 300);
    }
}

#[test]
fn an_approved_value_that_is_tighter_than_the_overlay_is_the_one_in_force() {
    let (over, _) = tighten(Default::default(), &UP, T, 400, HOUR).unwrap();
    assert_eq!(overlay::effective(Direction::UpTightens, 450, &over, T), 450);
    assert_eq!(overlay::effective(Direction::DownTightens, 350, &over, T), 350);
    assert_eq!(overlay::effective(Direction::Contested, 300, &over, T), 300);
}

#[test]
fn an_overlay_tightens_what_is_in_force_up_to_the_floor() {
    let state = tighten(Default::default(), &UP, T, 500, HOUR).unwrap();
    let past = ChangeError::PastFloor { id: UP.id, value: 501, bound: 500 };
    assert_eq!(tighten(Default::default(), &UP, T, 501, HOUR), Err(past));
    let looser = ChangeError::NotTighter { id: UP.id, value: 499, bound: 500 };
    assert_eq!(tighten(state, &UP, T, 499, HOUR), Err(looser));
    let approved = ChangeError::NotTighter { id: UP.id, value: 300, bound: 500 };
    assert_eq!(tighten(state, &UP, T, 300, HOUR), Err(approved));
    assert_eq!(
        tighten(Default::default(), &DOWN, T, 99, HOUR),
        Err(ChangeError::PastFloor { id: DOWN.id, value: 99, bound: 100 })
    );
    assert!(tighten(Default::default(), &DOWN, T, 100, HOUR).is_ok());
    for value in [299, 300, 301] {
        let contested = ChangeError::NotTighter { id: CONTESTED.id, value, bound: 300 };
        assert_eq!(tighten(Default::default(), &CONTESTED, T, value, HOUR), Err(contested));
    }
    let out = ChangeError::OutOfBounds { id: DOWN.id, value: 9, bound: 10 };
    assert_eq!(tighten(Default::default(), &DOWN, T, 9, HOUR), Err(out));
    // No Steward touches a delay: its floor is where tightening begins.
    let refused =
        overlay::tighten(Default::default(), &DELAY_ROWS[0], 172_800, T, Tightening { value: 172_801, secs: 1 });
    assert_eq!(refused, Err(ChangeError::PastFloor { id: 0x0100, value: 172_801, bound: 86_400 }));
}

#[test]
fn an_overlay_lasts_from_a_second_to_72_hours() {
    let length = |secs, bound| Err(ChangeError::OverlayLength { secs, bound });
    assert_eq!(tighten(Default::default(), &UP, T, 400, 0), length(0, 1));
    assert_eq!(tighten(Default::default(), &UP, T, 400, 72 * HOUR + 1), length(72 * HOUR + 1, 72 * HOUR));
    assert_eq!(tighten(Default::default(), &UP, T, 400, 72 * HOUR).unwrap().0.until, T + 72 * HOUR);
    assert_eq!(tighten(Default::default(), &UP, T, 400, 1).unwrap().0.until, T + 1);
}

#[test]
fn a_replaced_overlay_ends_no_sooner_and_the_episode_no_later() {
    let state = tighten(Default::default(), &UP, T, 400, 10 * HOUR).unwrap();
    assert_eq!(tighten(state, &UP, T + HOUR, 450, HOUR).unwrap().0.until, T + 10 * HOUR);
    assert_eq!(tighten(state, &UP, T + HOUR, 400, 72 * HOUR).unwrap().0.until, T + 72 * HOUR);
    // The same again changes nothing.
    assert_eq!(tighten(state, &UP, T, 400, 10 * HOUR), Ok(state));
    assert_eq!(tighten(Default::default(), &UP, T, 300, HOUR), Ok(Default::default()));
}

#[test]
fn an_episode_is_over_after_72_hours_and_another_starts_after_7_days() {
    let (_, episode) = tighten(Default::default(), &UP, T, 400, HOUR).unwrap();
    assert_eq!(episode, T);
    let fresh = (Overlay::default(), episode); // another parameter of the scope
    let spent = |now| Err(ChangeError::OverlaySpent { now, bound: T + 7 * DAY });
    let (last, _) = tighten(fresh, &DOWN, T + 72 * HOUR - 1, 200, HOUR).unwrap();
    assert_eq!(last.until, T + 72 * HOUR);
    assert_eq!(tighten(fresh, &DOWN, T + 72 * HOUR, 200, HOUR), spent(T + 72 * HOUR));
    assert_eq!(tighten(fresh, &DOWN, T + 7 * DAY - 1, 200, HOUR), spent(T + 7 * DAY - 1));
    let (next, episode) = tighten(fresh, &DOWN, T + 7 * DAY, 200, 72 * HOUR).unwrap();
    assert_eq!((next.until, episode), (T + 7 * DAY + 72 * HOUR, T + 7 * DAY));
}

#[test]
fn an_overlay_is_ended_by_who_may_and_an_expired_one_by_anybody() {
    let state = tighten(Default::default(), &UP, T, 400, HOUR).unwrap();
    let end = |now, role: Option<Role>| {
        let roles = role.map_or(Roles::NONE, |role| Roles::NONE.with(role, true));
        overlay::end(state, UP.direction, 300, now, (WHO, roles))
    };
    let missing = Err(ChangeError::Role(Error::MissingRole { who: WHO, role: Role::Steward }));
    for role in [None, Some(Role::Guardian), Some(Role::Sentinel)] {
        assert_eq!(end(T + HOUR - 1, role), missing);
        let (next, effect) = end(T + HOUR, role).unwrap();
        assert_eq!((next, effect.changed, effect.previous), (Overlay::default(), true, 300));
    }
    let (next, effect) = end(T, Some(Role::Steward)).unwrap();
    assert_eq!((next, effect.previous, effect.current), (Overlay::default(), 400, 300));
    for role in [Role::Governance, Role::Council] {
        let (next, _) = end(T, Some(role)).unwrap();
        assert_eq!(next, Overlay { value: 0, until: 0, barred_until: T + 7 * DAY });
        let barred = Err(ChangeError::OverlaySpent { now: T + 7 * DAY - 1, bound: T + 7 * DAY });
        assert_eq!(tighten((next, T), &UP, T + 7 * DAY - 1, 400, HOUR), barred);
        assert!(tighten((next, T), &UP, T + 7 * DAY, 400, HOUR).is_ok());
        // Another parameter of the scope is not barred.
        assert!(tighten((Overlay::default(), T), &DOWN, T + HOUR, 200, HOUR).is_ok());
    }
    let nothing = overlay::end((Overlay::default(), 0), UP.direction, 300, T, (WHO, Roles::NONE)).unwrap();
    assert!(!nothing.1.changed);
}

const COUNCILLOR: Address = Address::repeat_byte(9);

fn governor() -> Account {
    Account { roles: Roles::NONE.with(Role::Governance, true), epoch: 3, term: 5 }
}

fn proposed() -> Proposal {
    queue::propose(Default::default(), (WHO, governor()), Act::Upgrade, 7 * DAY, T).unwrap().0
}

#[test]
fn a_proposal_waits_is_ready_and_expires_to_the_second() {
    let state = (proposed(), governor());
    let (hash, ready, late) = (B256::repeat_byte(7), T + 7 * DAY, T + 14 * DAY);
    let stages = [T, ready - 1, ready, late - 1, late].map(|now| queue::stage(&state, now));
    assert_eq!(stages, [Stage::Waiting, Stage::Waiting, Stage::Ready, Stage::Ready, Stage::Expired]);
    let early = Err(ChangeError::TooEarly { now: ready - 1, bound: ready });
    assert_eq!(queue::execute(state, hash, ready - 1), early);
    assert_eq!(queue::execute(state, hash, ready), Ok(Proposal::default()));
    assert_eq!(queue::execute(state, hash, late - 1), Ok(Proposal::default()));
    assert_eq!(queue::execute(state, hash, late), Err(ChangeError::TooLate { now: late, bound: late }));
    assert_eq!(queue::execute(Default::default(), hash, ready), Err(ChangeError::NotProposed { hash }));
}

#[test]
fn a_proposal_dies_with_its_proposers_term_and_not_with_its_epoch() {
    let now = T + 7 * DAY;
    let gone = Err(ChangeError::ProposerGone { who: WHO, bound: 5 });
    let left = Account { roles: Roles::NONE, ..governor() };
    assert_eq!(queue::execute((proposed(), left), B256::ZERO, now), gone);
    let back = Account { term: 7, ..governor() };
    assert_eq!(queue::execute((proposed(), back), B256::ZERO, now), gone);
    let other_roles = Account { epoch: 99, ..governor() };
    assert!(queue::execute((proposed(), other_roles), B256::ZERO, now).is_ok());
}

#[test]
fn a_live_proposal_stays_as_it_is_and_a_dead_one_is_made_anew() {
    let by = (COUNCILLOR, governor());
    let again = |account, now| queue::propose((proposed(), account), by, Act::Upgrade, 7 * DAY, now).unwrap();
    for now in [T, T + 7 * DAY, T + 14 * DAY - 1] {
        assert_eq!(again(governor(), now), (proposed(), false));
    }
    let anew = |now| (Proposal { by: COUNCILLOR, term: 5, earliest: now + 7 * DAY, act: 4 }, true);
    assert_eq!(again(governor(), T + 14 * DAY), anew(T + 14 * DAY));
    assert_eq!(again(Account::default(), T + 1), anew(T + 1));
    let nobody = queue::propose(Default::default(), (WHO, Account::default()), Act::Upgrade, 0, T);
    assert_eq!(nobody, Err(ChangeError::Role(Error::MissingRole { who: WHO, role: Role::Governance })));
}

#[test]
fn who_may_cancel_and_who_may_not() {
    let words = change::revoke(COUNCILLOR, Role::Council);
    let change = Change::decode(&words).unwrap();
    let cancel = |who, role: Option<Role>| {
        let roles = role.map_or(Roles::NONE, |role| Roles::NONE.with(role, true));
        queue::cancel(proposed(), &change, (who, roles))
    };
    let third = Address::repeat_byte(3);
    for role in [None, Some(Role::Governance), Some(Role::Steward), Some(Role::Sentinel)] {
        let missing = Err(ChangeError::Role(Error::MissingRole { who: third, role: Role::Guardian }));
        assert_eq!(cancel(third, role), missing);
        assert_eq!(cancel(WHO, role), Ok((Proposal::default(), true)));
    }
    for role in [Role::Council, Role::Guardian] {
        assert_eq!(cancel(third, Some(role)), Ok((Proposal::default(), true)));
        assert_eq!(cancel(COUNCILLOR, Some(role)), Err(ChangeError::OwnRemoval { who: COUNCILLOR, act: 2 }));
        let gone = queue::cancel(Proposal::default(), &change, (third, Roles::NONE.with(role, true)));
        assert_eq!(gone, Ok((Proposal::default(), false)));
    }
    // The zero proposer of what was never proposed is nobody.
    assert!(queue::cancel(Proposal::default(), &change, (Address::ZERO, Roles::NONE)).is_err());
    let guardian = change::guardian(COUNCILLOR, 2, 60);
    assert_eq!(Change::decode(&guardian).unwrap().subject(), Some(COUNCILLOR));
    assert_eq!(Change::decode(&change::grant(COUNCILLOR, Role::Council)).unwrap().subject(), None);
}

#[test]
fn a_change_has_one_spelling() {
    let bad = |words: &[U256], at, length| {
        assert_eq!(Change::decode(words), Err(ChangeError::Malformed { at, length }), "{words:?}");
    };
    bad(&[], 0, 0);
    let [head, value] = change::parameter(7, 0x0201, 55);
    let change = Change::decode(&[head, value]).map(|c| (c.act, c.scope, c.id, c.value()));
    assert_eq!(change, Ok((Act::Parameter, 7, 0x0201, 55)));
    for bit in [56, 64, 128, 255] {
        bad(&[head | U256::ONE << bit, value], 0, 2);
    }
    bad(&[head], 1, 1);
    bad(&[head, value, value], 2, 3);
    bad(&[head, U256::ONE << 128], 1, 2);
    let [head, who] = change::grant(WHO, Role::Sentinel);
    assert_eq!(Change::decode(&[head, who]).unwrap().account(), WHO);
    bad(&[head, U256::ONE << 160], 1, 2);
    bad(&[change::header(Act::Grant, 4, 1), who], 0, 2);
    let unknown = Err(ChangeError::Role(Error::UnknownRole { role: 5, bound: 5 }));
    assert_eq!(Change::decode(&[change::header(Act::Revoke, 5, 0), who]), unknown);
    let [head, who, secs] = change::guardian(WHO, 9, 77);
    assert_eq!(Change::decode(&[head, who, secs]).map(|c| (c.scope, c.account(), c.secs())), Ok((9, WHO, 77)));
    bad(&[head, who, U256::ONE << 32], 2, 3);
    bad(&[head, who], 2, 2);
    bad(&[change::header(Act::Guardian, 1, 9), who, secs], 0, 3);
    bad(&[change::playbook(0, Tier::Normal, false), who], 0, 2);
    bad(&[change::header(Act::Playbook, 5, 0), who], 0, 2);
    bad(&[change::header(Act::Playbook, 1 | 1 << 9, 0), who], 0, 2);
    bad(&[change::playbook(0, Tier::Guarded, false)], 1, 1);
    let unknown = Err(ChangeError::UnknownAct { act: 8, bound: 8 });
    assert_eq!(Change::decode(&[U256::from(8)]), unknown);
}

fn book(single: bool) -> Playbook {
    let words = [change::playbook(2, Tier::ReduceOnly, single), U256::ZERO];
    playbook::register(&Change::decode(&words).unwrap(), T)
}

fn here(now: u64) -> Situation {
    let incident = Some(Incident { id: 4, opened_by: WHO, opened_at: now - 600 });
    Situation { scope: 2, tier: Tier::ReduceOnly, incident }
}

#[test]
fn a_playbook_runs_from_its_tier_on_in_an_incident_of_another_that_is_ten_minutes_old() {
    let (hash, now) = (B256::repeat_byte(7), T + DAY);
    let run = |situation: &Situation| playbook::run(book(false), hash, situation, COUNCILLOR, now);
    let ran = run(&here(now)).unwrap();
    assert_eq!(ran, Playbook { runs: 1, incident: 4, ..book(false) });
    assert!(run(&Situation { tier: Tier::Halted, ..here(now) }).is_ok());
    let low = Err(ChangeError::TierTooLow { tier: 1, bound: 2 });
    assert_eq!(run(&Situation { tier: Tier::Guarded, ..here(now) }), low);
    assert_eq!(run(&Situation { incident: None, ..here(now) }), Err(ChangeError::NoIncident { scope: 2 }));
    assert_eq!(run(&Situation { scope: 1, ..here(now) }), Err(ChangeError::OtherScope { scope: 1, bound: 2 }));
    let with = |opened_by, age| {
        run(&Situation { incident: Some(Incident { id: 4, opened_by, opened_at: now - age }), ..here(now) })
    };
    assert_eq!(with(COUNCILLOR, 600), Err(ChangeError::OwnIncident { who: COUNCILLOR, incident: 4 }));
    assert_eq!(with(WHO, 599), Err(ChangeError::IncidentTooYoung { age: 599, bound: 600 }));
    assert!(with(WHO, 601).is_ok());
}

#[test]
fn a_playbook_is_run_once_an_incident_or_once_at_all_and_not_after_a_year() {
    let (hash, now) = (B256::repeat_byte(7), T + DAY);
    let run = |book, situation: &Situation, now| playbook::run(book, hash, situation, COUNCILLOR, now);
    let next = Situation { incident: Some(Incident { id: 5, opened_by: WHO, opened_at: now - 600 }), ..here(now) };
    let ran = run(book(false), &here(now), now).unwrap();
    assert_eq!(run(ran, &here(now), now), Err(ChangeError::AlreadyRun { incident: 4, bound: 1 }));
    assert_eq!(run(ran, &next, now).unwrap().runs, 2);
    let ran = run(book(true), &here(now), now).unwrap();
    assert_eq!(run(ran, &next, now), Err(ChangeError::NotArmed { hash }));
    let year = T + 365 * DAY;
    assert!(run(book(false), &here(year - 1), year - 1).is_ok());
    assert_eq!(run(book(false), &here(year), year), Err(ChangeError::PlaybookExpired { now: year, bound: year }));
    assert_eq!(run(Playbook::unpack(U256::ZERO), &here(now), now), Err(ChangeError::NotArmed { hash }));
}

#[test]
fn a_batch_is_read_change_by_change_and_holds_no_playbook() {
    let parameter = change::parameter(0, UP.id, 20);
    let batch = [&[U256::from(2)], &parameter[..], &[U256::from(1), change::header(Act::Protocol, 1, 0)]].concat();
    assert_eq!(playbook::next(&batch), Ok(Some((&parameter[..], &batch[3..]))));
    assert_eq!(playbook::next(&[]), Ok(None));
    assert_eq!(playbook::check(&batch, &ROWS), Ok(()));
    for count in [0, 5, u64::MAX] {
        let wrong = [&[U256::from(count)], &batch[1..]].concat();
        assert_eq!(playbook::check(&wrong, &ROWS), Err(ChangeError::Malformed { at: 0, length: 5 }));
    }
    let out = [U256::from(2), parameter[0], U256::from(9)];
    let refused = ChangeError::OutOfBounds { id: UP.id, value: 9, bound: 10 };
    assert_eq!(playbook::check(&out, &ROWS), Err(refused));
    let nested = [U256::from(2), change::playbook(0, Tier::Guarded, false), U256::ZERO];
    assert_eq!(playbook::check(&nested, &ROWS), Err(ChangeError::NotInBatch { act: 6, bound: 6 }));
}
