//! Boundaries of the staking half: one second before, at, after; one unit below, at, above.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use fusebox_fund::{
    error::Error,
    logic::{self, hold},
    types::{Account, Hold, Params, State, Vault, HOLD_PERIOD, MAX_AMOUNT},
};

const P: Params = Params::DEFAULT;
const T: u64 = 1_700_000_000;
const QUIET: Hold = Hold {
    deficit: 0,
    incident: 0,
    opened: 0,
    round: 0,
    held: 0,
    weight: 0,
    deficit_until: 0,
    released: 0,
    index: 0,
    closed: None,
};

fn staked(amount: u128) -> (Vault, Account) {
    let (vault, account, _) = logic::stake(Vault::default(), &QUIET, Account::default(), &P, amount).unwrap();
    (vault, account)
}

#[test]
fn the_window_is_open_from_its_first_second_to_the_one_before_its_end() {
    let (vault, account) = staked(10_000_000);
    let (account, asked) = logic::request(&vault, account, &P, T, 1_000).unwrap();
    assert_eq!((asked.ready, asked.until), (T + 864_000, T + 864_000 + 345_600));
    let at = |now| logic::redeem(State { vault, hold: QUIET, account }, &P, now, 1_000).map(|(_, paid)| paid.amount);
    assert_eq!(at(asked.ready - 1), Err(Error::CoolingDown { ready: asked.ready, now: asked.ready - 1 }));
    assert_eq!((at(asked.ready), at(asked.until - 1)), (Ok(1), Ok(1)));
    assert_eq!(at(asked.until), Err(Error::NoRequest { until: asked.until, now: asked.until }));
    assert_eq!(logic::current(account, &vault, &P, asked.until - 1), account);
    assert_eq!(logic::current(account, &vault, &P, asked.until).requested, 0);
}

#[test]
fn no_more_is_requested_than_is_there_nor_redeemed_than_was_requested() {
    let (vault, account) = staked(10_000_000);
    let all = account.shares;
    let more = logic::request(&vault, account, &P, T, all + 1);
    assert_eq!(more.err(), Some(Error::InsufficientShares { needed: all + 1, held: all }));
    let (account, _) = logic::request(&vault, account, &P, T, all - 1).unwrap();
    let state = State { vault, hold: QUIET, account };
    let more = logic::redeem(state, &P, T + P.cooldown_secs(), all);
    assert_eq!(more.err(), Some(Error::InsufficientShares { needed: all, held: all - 1 }));
    let zero = logic::redeem(state, &P, T + P.cooldown_secs(), 0);
    assert_eq!(zero.err(), Some(Error::ZeroAmount));
    let late = logic::request(&vault, account, &P, 1 << 32, 1);
    assert_eq!(late.err(), Some(Error::OutOfRange { value: 1 << 32, bound: u32::MAX.into() }));
}

#[test]
fn the_last_staker_leaves_the_floor_and_keeps_its_shares() {
    let (vault, account) = staked(5_000_000);
    let (account, _) = logic::request(&vault, account, &P, T, account.shares).unwrap();
    let (now, state) = (T + P.cooldown_secs(), State { vault, hold: QUIET, account });
    let refused = logic::redeem(state, &P, now, account.shares);
    assert_eq!(refused.err(), Some(Error::BelowFloor { amount: 5_000_000, available: 4_000_000 }));
    let (most, amount) = logic::redeemable(state, &P, now);
    assert_eq!(amount, 4_000_000);
    assert_eq!(
        logic::redeem(state, &P, now, most + 1_000).err().map(|e| matches!(e, Error::BelowFloor { .. })),
        Some(true)
    );
    let (after, _) = logic::redeem(state, &P, now, most).unwrap();
    assert_eq!((after.vault.assets, logic::assets_down(&after.vault, after.account.shares)), (1_000_000, 1_000_000));
}

#[test]
fn the_largest_fund_takes_no_more() {
    let (vault, account) = staked(MAX_AMOUNT);
    let above = Err(Error::TooLarge { value: MAX_AMOUNT + 1, bound: MAX_AMOUNT });
    assert_eq!(logic::stake(vault, &QUIET, account, &P, 1).map(drop), above);
    assert_eq!(logic::credit(vault, 1).map(drop), above);
    assert_eq!(logic::stake(vault, &QUIET, account, &P, u128::MAX).is_err(), true);
    assert_eq!(hold::report(QUIET, &P, T, MAX_AMOUNT + 1, 0).map(drop), above);
    assert_eq!(hold::open(QUIET, &P, T, MAX_AMOUNT + 1).map(drop), above);
}

#[test]
fn an_incident_holds_for_its_time_and_the_next_waits_for_the_week() {
    let open = hold::open(QUIET, &P, T, 5).unwrap();
    assert_eq!(hold::ends(&open, &P), T + 259_200);
    let more = hold::open(hold::settle(open, &P, T + 100), &P, T + 100, 5).unwrap();
    assert_eq!((more.incident, hold::ends(&more, &P)), (10, T + 259_200), "raised, not extended");
    assert_eq!(hold::exposure(&hold::settle(more, &P, T + 259_199)), 10);
    let over = hold::settle(more, &P, T + 259_200);
    assert_eq!(hold::exposure(&over), 0);
    let again = T + HOLD_PERIOD;
    for now in [T + 259_200, again - 1] {
        assert_eq!(hold::open(over, &P, now, 1).err(), Some(Error::HoldSpent { again, now }));
    }
    assert!(hold::open(over, &P, again, 1).is_ok());
    // A deficit is no hold: it is a loss that is known.
    assert!(hold::report(over, &P, T + 259_200, 1, 0).is_ok());
}

#[test]
fn a_deficit_lapses_unless_it_is_reported_again() {
    let open = hold::report(QUIET, &P, T, 5, 0).unwrap();
    let until = T + P.deficit_secs();
    assert_eq!(hold::exposure(&hold::settle(open, &P, until - 1)), 5);
    assert_eq!(hold::exposure(&hold::settle(open, &P, until)), 0);
    let again = hold::report(open, &P, until - 1, 1, 0).unwrap();
    assert_eq!((again.deficit, hold::ends(&again, &P)), (6, until - 1 + P.deficit_secs()));
}

#[test]
fn a_known_loss_takes_the_place_of_what_its_incident_set_aside() {
    let open = hold::open(QUIET, &P, T, 5).unwrap();
    let known = hold::report(open, &P, T, 3, 3).unwrap();
    assert_eq!((known.deficit, known.incident), (3, 2));
    assert_eq!(hold::report(open, &P, T, 3, 4).err(), Some(Error::AboveOpen { amount: 4, bound: 3 }));
    assert_eq!(hold::report(open, &P, T, 9, 6).err(), Some(Error::AboveOpen { amount: 6, bound: 5 }));
    assert_eq!(hold::call_off(known, true, 4).err(), Some(Error::AboveOpen { amount: 4, bound: 3 }));
    assert_eq!(hold::call_off(known, false, 3).err(), Some(Error::AboveOpen { amount: 3, bound: 2 }));
    assert_eq!(hold::exposure(&hold::call_off(known, false, 2).unwrap()), 3);
}

#[test]
fn a_draw_of_all_that_is_open_takes_all_that_was_held_back() {
    let (vault, account) = staked(10_000_000);
    let (vault, other, _) = logic::stake(vault, &QUIET, Account::default(), &P, 10_000_000).unwrap();
    let (account, _) = logic::request(&vault, account, &P, T, account.shares).unwrap();
    let now = T + P.cooldown_secs();
    let hold = hold::report(QUIET, &P, now, 8_000_000, 0).unwrap();
    let (left, paid) = logic::redeem(State { vault, hold, account }, &P, now, account.requested).unwrap();
    assert_eq!((paid.amount, paid.held), (6_000_000, 4_000_000));
    let (after, hold, drawn) = logic::draw(left.vault, left.hold, &P, 8_000_000).unwrap();
    assert_eq!((drawn.staked, drawn.held, hold.held), (4_000_000, 4_000_000, 0));
    assert_eq!(logic::assets_down(&after, other.shares), 6_000_000, "who stayed has what who left was paid");
    assert_eq!(hold.closed.map(|closed| (closed.round, closed.index)), Some((1, 0)));
    assert_eq!(hold::collect(hold, left.account, 0).2, 0);
}
