//! Boundaries of every rule: one second before, at, after.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::as_conversions)] // tests

use alloy_primitives::{Address, U256};
use fusebox_core::{
    panel::{Classes, Tier},
    time::{DAY, HOUR},
};
use fusebox_guardian::{
    logic,
    types::{MAX_BATCH, MAX_GRACE_SECS, WINDOW_SECS},
    Effect, Error, Grant, Incident, Interval, Order, Params, Pause, Tally, Watch,
};

const P: Params = Params::DEFAULT;
const T: u64 = 1_700_000_000;
const WHO: Address = Address::repeat_byte(0x11);
const COUNCIL: Address = Address::repeat_byte(0xcc);
const INCREASE: u8 = 0b0_0001;
const TRADING: u8 = 0b0_0111;
const INFLOW: u8 = 0b1_0010;
const EXIT: u8 = 0b0_1000;
const ALL: u8 = 0b1_1111;

fn grant(secs: u64) -> Grant {
    Grant { duration_secs: secs as u32, armed: true }
}

fn alive() -> Watch {
    Watch { alive_until: u64::MAX, rests_until: 0, scopes: 1 }
}

fn order(mask: u8) -> Order {
    Order { by: WHO, scope: 7, classes: Classes::from_bits(mask).unwrap(), reason: 9 }
}

/// A fresh guardian's pause on top of `pause`.
fn paused(pause: Pause, now: u64, mask: u8, secs: u64) -> Pause {
    act(pause, now, mask, secs).unwrap().0
}

fn act(pause: Pause, now: u64, mask: u8, secs: u64) -> Result<(Pause, Effect), Error> {
    logic::pause((pause, grant(secs)), alive(), &P, now, order(mask)).map(|((pause, _), effect)| (pause, effect))
}

fn incident(pause: &Pause, now: u64) -> (Address, Incident) {
    (COUNCIL, Incident { id: pause.incident, opened_by: WHO, opened_at: now - 600 })
}

#[test]
fn masks_are_checked_against_what_exists_what_belongs_together_and_what_is_never_stopped() {
    assert_eq!(logic::classes(0b10_0000, &P), Err(Error::UnknownClasses { classes: 32, known: 31 }));
    assert_eq!(logic::classes(0, &P), Err(Error::NoClasses { known: 31 }));
    let alone = Err(Error::InflowWithoutLiquidate { classes: 0b1_0000, required: 2 });
    assert_eq!(logic::classes(0b1_0000, &P), alone);
    assert!(logic::classes(INFLOW, &P).is_ok());
    let never = Params::new(DAY, HOUR, DAY, DAY, 600, Classes::from_bits(EXIT).unwrap()).unwrap();
    assert_eq!(logic::classes(ALL, &never), Err(Error::NeverPausable { classes: ALL, never: EXIT }));
    assert_eq!(logic::classes(TRADING, &never).unwrap().bits(), TRADING);
}

#[test]
fn parameters_hold_their_bounds_inclusive() {
    let none = Classes::NONE;
    let make = |a, b, c, d, e| Params::new(a, b, c, d, e, none);
    assert!(make(14 * DAY, 72 * HOUR, 365 * DAY, 14 * DAY, DAY).is_ok());
    assert!(make(300, 300, DAY, HOUR, 600).is_ok());
    let bad = |id, value, bound| Err(Error::Parameter { id, value, bound });
    assert_eq!(make(14 * DAY + 1, DAY, DAY, DAY, 600), bad(0, 14 * DAY + 1, 14 * DAY));
    assert_eq!(make(299, DAY, DAY, DAY, 600), bad(0, 299, 300));
    assert_eq!(make(DAY, 72 * HOUR + 1, DAY, DAY, 600), bad(1, 72 * HOUR + 1, 72 * HOUR));
    assert_eq!(make(DAY, 0, DAY, DAY, 600), bad(1, 0, 300));
    assert_eq!(make(DAY, DAY, DAY - 1, DAY, 600), bad(2, DAY - 1, DAY));
    assert_eq!(make(DAY, DAY, DAY, HOUR - 1, 600), bad(3, HOUR - 1, HOUR));
    assert_eq!(make(DAY, DAY, DAY, DAY, 599), bad(4, 599, 600));
    assert_eq!(Params::new(DAY, DAY, DAY, DAY, 600, Classes::ALL), bad(5, 31, 30));
    assert_eq!(Params::DEFAULT, Params::new(14 * DAY, 72 * HOUR, 30 * DAY, DAY, 600, none).unwrap());
}

#[test]
fn a_pause_stops_its_classes_until_its_end_and_not_at_it() {
    let pause = paused(Pause::default(), T, TRADING, DAY);
    let at = |now| logic::standing(&pause, &P, now);
    assert_eq!(at(T).stopped.bits(), TRADING);
    assert_eq!((at(T).tier, at(T).until, at(T).grace), (Tier::Normal, T + DAY, false));
    assert_eq!(at(T + DAY - 1).stopped.bits(), TRADING);
    assert_eq!(at(T + DAY), Default::default());
    assert_eq!(at(T + DAY + 1), Default::default());
}

#[test]
fn a_pause_of_nobody_reads_as_nothing() {
    for now in [0, T, u64::MAX] {
        assert_eq!(logic::standing(&Pause::default(), &P, now), Default::default());
        assert!(!logic::bit_needed(&Pause::default(), &P, now));
        assert!(!logic::exits_stopped(&Pause::default(), &Pause::default(), &P, now));
    }
}

#[test]
fn exits_come_back_after_72_hours_while_the_rest_goes_on() {
    let pause = paused(Pause::default(), T, ALL, 14 * DAY);
    let back = T + 72 * HOUR;
    assert_eq!(logic::exit_until(&pause, &P), back);
    assert_eq!(logic::standing(&pause, &P, back - 1).stopped.bits(), ALL);
    assert_eq!(logic::standing(&pause, &P, back - 1).until, back);
    assert_eq!(logic::standing(&pause, &P, back).stopped.bits(), TRADING);
    assert_eq!(logic::standing(&pause, &P, back).until, T + 14 * DAY);
    assert_eq!(logic::standing(&pause, &P, T + 14 * DAY - 1).stopped.bits(), TRADING);
}

#[test]
fn exits_stopped_again_have_what_the_week_leaves_to_the_second() {
    let first = paused(Pause::default(), T, EXIT, 48 * HOUR);
    let again = T + 60 * HOUR;
    let second = paused(first, again, EXIT, 48 * HOUR);
    // 48 h used, 24 h left, and the first second of the first stop leaves the window only at T + 7 d.
    assert_eq!(logic::exit_until(&second, &P), again + 24 * HOUR);
    let late = T + WINDOW_SECS - 24 * HOUR;
    assert_eq!(logic::exit_until(&paused(first, late, EXIT, 48 * HOUR), &P), late + 48 * HOUR);
    let early = paused(first, late - 1, EXIT, 48 * HOUR);
    assert_eq!(logic::exit_until(&early, &P), late - 1 + 24 * HOUR);
}

#[test]
fn a_pause_of_exits_alone_with_no_budget_left_is_refused_and_a_wider_one_stops_the_rest() {
    let spent = paused(Pause::default(), T, EXIT, 72 * HOUR);
    let now = T + 80 * HOUR;
    let refused = Err(Error::ExitBudgetSpent { used: 72 * HOUR, budget: 72 * HOUR });
    assert_eq!(act(spent, now, EXIT, DAY), refused);
    let wide = paused(spent, now, ALL, DAY);
    assert_eq!(wide.classes.bits(), TRADING);
    assert_eq!(act(spent, T + WINDOW_SECS - 1, EXIT, DAY), refused);
    assert!(act(spent, T + WINDOW_SECS, EXIT, DAY).is_ok());
}

#[test]
fn a_full_history_is_merged_and_never_refuses() {
    let mut pause = Pause::default();
    for i in 0..5 {
        pause = paused(pause, T + i * DAY, EXIT, 2 * HOUR);
        let word = pause.pack().unwrap();
        assert_eq!(Pause::unpack(word), pause);
    }
    // The three oldest of the four past stops are one span from the first start to the third end.
    let older = Interval { start: T, until: T + 2 * DAY + 2 * HOUR };
    let newer = Interval { start: T + 3 * DAY, until: T + 3 * DAY + 2 * HOUR };
    assert_eq!(pause.past, [newer, older]);
}

#[test]
fn a_second_pause_only_strengthens() {
    let one = paused(Pause::default(), T, TRADING, DAY);
    let one = Pause { incident: 5, ..one };
    let (two, effect) = act(one, T + HOUR, EXIT, HOUR).unwrap();
    assert_eq!((two.until, two.classes.bits(), two.start, two.incident), (T + DAY, TRADING | EXIT, T, 5));
    assert_eq!((two.exit_from, two.reason), (T + HOUR, 9));
    assert!(effect.changed && !effect.opens_incident && effect.bit);
    let three = paused(two, T + 2 * HOUR, INCREASE, 2 * DAY);
    assert_eq!((three.until, three.classes), (T + 2 * HOUR + 2 * DAY, two.classes));
}

#[test]
fn a_chain_of_live_pauses_ends_with_the_longest_pause() {
    let one = paused(Pause::default(), T, TRADING, 14 * DAY);
    let (two, effect) = act(one, T + DAY, TRADING, 14 * DAY).unwrap();
    assert_eq!(two.until, T + 14 * DAY);
    assert!(!effect.changed);
}

#[test]
fn what_is_already_paused_as_strongly_is_skipped_and_costs_nothing() {
    let one = paused(Pause::default(), T, TRADING, DAY);
    let state = (one, grant(HOUR));
    let ((pause, left), effect) = logic::pause(state, alive(), &P, T + 1, order(INCREASE)).unwrap();
    assert_eq!((pause, left, effect.changed, effect.own_until), (one, grant(HOUR), false, 0));
    // A spent guardian that sends its own order again changes nothing and is told so without an error.
    let spent = Grant { armed: false, ..grant(DAY) };
    let again = logic::pause((one, spent), alive(), &P, T + 60, order(TRADING)).unwrap();
    assert_eq!((again.0, again.1.changed), ((one, spent), false));
    let wider = logic::pause((one, spent), alive(), &P, T + 60, order(ALL));
    assert_eq!(wider, Err(Error::AlreadyUsed { who: WHO, scope: 7 }));
}

#[test]
fn a_stranger_a_lapsed_a_spent_and_a_resting_guardian_cannot_pause() {
    let try_with = |grant, watch, now| logic::pause((Pause::default(), grant), watch, &P, now, order(TRADING));
    assert_eq!(try_with(Grant::default(), alive(), T), Err(Error::NotGuardian { who: WHO, scope: 7 }));
    let spent = Grant { armed: false, ..grant(DAY) };
    assert_eq!(try_with(spent, alive(), T), Err(Error::AlreadyUsed { who: WHO, scope: 7 }));
    let mortal = Watch { alive_until: T, ..alive() };
    assert!(try_with(grant(DAY), mortal, T - 1).is_ok());
    assert_eq!(try_with(grant(DAY), mortal, T), Err(Error::HeartbeatLapsed { until: T, now: T }));
    let resting = Watch { rests_until: T, ..alive() };
    assert_eq!(try_with(grant(DAY), resting, T - 1), Err(Error::CoolingDown { until: T, now: T - 1 }));
    assert!(try_with(grant(DAY), resting, T).is_ok());
    let late = u64::from(u32::MAX);
    assert!(try_with(grant(DAY), alive(), late).is_ok());
    assert_eq!(try_with(grant(DAY), alive(), late + 1), Err(Error::OutOfRange { value: late + 1, bound: late }));
}

#[test]
fn a_cool_down_begins_with_the_pause_and_ends_a_day_after_its_end() {
    let ((_, _), effect) = logic::pause((Pause::default(), grant(DAY)), alive(), &P, T, order(TRADING)).unwrap();
    assert_eq!(logic::rested(alive(), &P, effect.own_until).rests_until, T + 2 * DAY);
    assert_eq!(logic::rested(alive(), &P, 0), alive());
}

#[test]
fn grace_needs_five_minutes_of_stopped_inflow_and_is_a_quarter_of_it_up_to_four_hours() {
    for (secs, grace) in
        [(300, 75), (303, 75), (304, 76), (16 * HOUR, 4 * HOUR), (16 * HOUR - 4, 4 * HOUR - 1), (3 * DAY, 4 * HOUR)]
    {
        let pause = paused(Pause::default(), T, INFLOW, secs);
        let end = T + secs;
        let at = |now| logic::standing(&pause, &P, now);
        assert!(!at(end - 1).grace);
        assert_eq!((at(end).grace, at(end).tier, at(end).stopped.bits()), (true, Tier::ReduceOnly, INCREASE));
        assert_eq!(at(end).until, end + grace);
        assert!(at(end + grace - 1).grace);
        assert_eq!(at(end + grace), Default::default());
        assert!(logic::bit_needed(&pause, &P, end + grace - 1));
        assert!(!logic::bit_needed(&pause, &P, end + grace));
    }
    assert_eq!(logic::grace_secs(&paused(Pause::default(), T, TRADING | EXIT, DAY), &P), 0);
}

#[test]
fn who_cannot_top_up_takes_no_new_risk() {
    let pause = paused(Pause::default(), T, INFLOW, HOUR);
    let standing = logic::standing(&pause, &P, T);
    assert_eq!((standing.tier, standing.stopped.bits(), standing.grace), (Tier::ReduceOnly, INFLOW | INCREASE, false));
}

#[test]
fn grace_after_an_early_end_is_of_the_real_length() {
    let pause = paused(Pause::default(), T, INFLOW, DAY);
    let end = |secs| logic::unpause(pause, &P, T + secs, incident(&pause, T + secs)).unwrap();
    assert_eq!(logic::grace_secs(&end(299).0, &P), 0);
    assert!(!end(299).1.bit);
    assert_eq!(logic::grace_secs(&end(300).0, &P), 75);
    assert!(end(300).1.bit);
    assert_eq!(logic::grace_until(&end(4 * HOUR).0, &P), T + 5 * HOUR);
    assert_eq!(logic::grace_secs(&end(0).0, &P), 0);
}

#[test]
fn grace_counts_only_the_time_in_which_inflow_was_stopped() {
    let one = paused(Pause::default(), T, EXIT, DAY);
    let two = paused(one, T + 20 * HOUR, INFLOW, HOUR);
    assert_eq!((two.exit_from, two.inflow_from), (T, T + 20 * HOUR));
    assert_eq!(logic::grace_secs(&two, &P), HOUR); // of the last 4 h
    let long = paused(Pause::default(), T, ALL, 14 * DAY);
    assert_eq!(logic::grace_secs(&long, &P), MAX_GRACE_SECS);
    assert!(logic::standing(&long, &P, T + 14 * DAY).grace); // when liquidation comes back, not when Inflow does
}

#[test]
fn a_mild_pause_does_not_end_the_grace_of_a_severe_one() {
    let severe = paused(Pause::default(), T, INFLOW, DAY);
    let now = T + DAY + HOUR;
    let mild = paused(severe, now, INCREASE, HOUR);
    assert_eq!(mild.carried, 3 * HOUR);
    assert!(logic::standing(&mild, &P, now).grace);
    assert!(logic::standing(&mild, &P, now + HOUR).grace);
    assert_eq!(logic::grace_until(&mild, &P), now + 4 * HOUR);
    assert_eq!(paused(severe, T + DAY + 4 * HOUR, INCREASE, HOUR).carried, 0);
}

#[test]
fn exits_stopped_anew_within_one_pause_keep_the_grace_that_was_earned() {
    let one = paused(Pause::default(), T, INFLOW, 14 * DAY);
    let now = T + 8 * DAY;
    let two = paused(one, now, EXIT, HOUR);
    assert_eq!((two.exit_from, two.until, two.carried), (now, T + 14 * DAY, 4 * HOUR));
    assert_eq!(two.classes.bits(), 0b0_1010); // Inflow came back on the third day and nobody has stopped it again
    assert_eq!(logic::exit_until(&two, &P), now + 3 * DAY);
}

#[test]
fn extend_moves_a_live_end_later_within_the_bound() {
    let pause = Pause { incident: 3, ..paused(Pause::default(), T, TRADING, DAY) };
    let now = T + DAY - 1;
    let to = |until| logic::extend(pause, &P, now, until, incident(&pause, now));
    assert_eq!(to(T + DAY + 1).unwrap().0.until, T + DAY + 1);
    assert_eq!(to(T + 14 * DAY).unwrap().0.until, T + 14 * DAY);
    let bound = T + 14 * DAY;
    assert_eq!(to(bound + 1), Err(Error::EndTooLate { until: bound + 1, bound }));
    assert!(!to(T + DAY).unwrap().1.changed);
    assert_eq!(to(T + DAY - 1), Err(Error::EndNotLater { until: T + DAY - 1, current: T + DAY }));
    assert_eq!(to(0), Err(Error::EndNotLater { until: 0, current: T + DAY }));
    let late = logic::extend(pause, &P, T + DAY, T + 2 * DAY, incident(&pause, T + DAY));
    assert_eq!(late, Err(Error::NotPaused { until: T + DAY, now: T + DAY }));
}

#[test]
fn the_council_acts_in_the_pauses_incident_not_its_own_and_from_the_tenth_minute() {
    let pause = Pause { incident: 3, ..paused(Pause::default(), T, TRADING, DAY) };
    let now = T + HOUR;
    let with = |id, opened_by, opened_at| {
        logic::unpause(pause, &P, now, (COUNCIL, Incident { id, opened_by, opened_at })).map(|(next, _)| next.until)
    };
    assert_eq!(with(3, WHO, now - 600), Ok(now));
    assert_eq!(with(3, WHO, now - 599), Err(Error::IncidentTooYoung { age: 599, bound: 600 }));
    assert_eq!(with(3, WHO, now + 1), Err(Error::IncidentTooYoung { age: 0, bound: 600 }));
    assert_eq!(with(4, WHO, now - 600), Err(Error::OtherIncident { given: 4, current: 3 }));
    assert_eq!(with(3, COUNCIL, now - DAY), Err(Error::OwnIncident { who: COUNCIL, incident: 3 }));
    let ended = logic::unpause(pause, &P, T + DAY, (COUNCIL, Incident { id: 0, opened_by: COUNCIL, opened_at: now }));
    assert!(!ended.unwrap().1.changed); // nothing is left to do, so nothing to refuse
}

#[test]
fn a_market_pause_and_a_protocol_pause_in_a_row_do_not_add_up() {
    // A captured guardian of both scopes: each word alone stays within its budget.
    let market = paused(Pause::default(), T, ALL, 72 * HOUR);
    let protocol = paused(Pause::default(), T + 72 * HOUR, ALL, 72 * HOUR);
    let stopped = |now| logic::exits_stopped(&protocol, &market, &P, now);
    assert!(stopped(T + 72 * HOUR - 1));
    assert!(!stopped(T + 72 * HOUR));
    assert!(!stopped(T + 144 * HOUR - 1));
    assert!(logic::standing(&protocol, &P, T + 72 * HOUR).stopped.bits() == ALL);
    assert_eq!(logic::effective(&protocol, &market, &P, T + 72 * HOUR).stopped.bits(), TRADING);
    // With a gap, and overlapping: what both stop is counted once.
    let apart = paused(Pause::default(), T + 100 * HOUR, ALL, 72 * HOUR);
    assert!(!logic::exits_stopped(&apart, &market, &P, T + 100 * HOUR));
    let within = paused(Pause::default(), T + 48 * HOUR, ALL, 24 * HOUR);
    assert!(logic::exits_stopped(&within, &market, &P, T + 72 * HOUR - 1));
    let over = paused(Pause::default(), T + 48 * HOUR, ALL, 25 * HOUR);
    assert!(!logic::exits_stopped(&over, &market, &P, T + 72 * HOUR));
    let half = paused(Pause::default(), T, ALL, 36 * HOUR);
    let rest = paused(Pause::default(), T + 40 * HOUR, ALL, 72 * HOUR);
    assert!(logic::exits_stopped(&rest, &half, &P, T + 76 * HOUR - 1));
    assert!(!logic::exits_stopped(&rest, &half, &P, T + 76 * HOUR));
}

#[test]
fn a_heartbeat_counts_until_its_last_second_and_a_lapsed_one_is_not_revived_by_itself() {
    let watch = Watch { alive_until: T, rests_until: 1, scopes: 1 };
    let (next, changed) = logic::heartbeat(watch, &P, T - 1, WHO).unwrap();
    assert_eq!((next.alive_until, next.rests_until, changed), (T - 1 + 30 * DAY, 1, true));
    assert!(!logic::heartbeat(next, &P, T - 1, WHO).unwrap().1);
    assert_eq!(logic::heartbeat(watch, &P, T, WHO), Err(Error::HeartbeatLapsed { until: T, now: T }));
    let nobody = Watch { scopes: 0, ..watch };
    assert_eq!(logic::heartbeat(nobody, &P, T - 1, WHO), Err(Error::NotGuardian { who: WHO, scope: u32::MAX }));
}

#[test]
fn guardians_are_registered_armed_again_and_removed() {
    let set = |state, who, secs| logic::set_guardian(state, &P, T, (who, 7), secs);
    let empty = (Grant::default(), Watch::default(), Tally::default());
    assert_eq!(set(empty, Address::ZERO, 300), Err(Error::ZeroGuardian { scope: 7 }));
    assert_eq!(set(empty, WHO, 299), Err(Error::DurationTooShort { value: 299, bound: 300 }));
    let bound = 14 * DAY;
    assert_eq!(set(empty, WHO, bound as u32 + 1), Err(Error::DurationTooLong { value: bound + 1, bound }));
    assert!(set(empty, WHO, bound as u32).is_ok());
    let (one, effect) = set(empty, WHO, 300).unwrap();
    assert!(effect.changed && !effect.removed_last);
    assert_eq!((one.0, one.1.scopes, one.2.guardians), (grant(300), 1, 1));
    assert_eq!(one.1.alive_until, T + 30 * DAY);
    assert!(!set(one, WHO, 300).unwrap().1.changed);
    let spent = (Grant { armed: false, ..one.0 }, Watch { rests_until: T + 5, ..one.1 }, one.2);
    let (again, effect) = set(spent, WHO, 300).unwrap();
    assert!(effect.changed);
    assert_eq!((again.0, again.1.rests_until, again.1.scopes, again.2.guardians), (grant(300), T + 5, 1, 1));
    let lapsed = (one.0, Watch { alive_until: T, ..one.1 }, one.2);
    assert_eq!(set(lapsed, WHO, 300).unwrap().0 .1.alive_until, T + 30 * DAY);
    let (gone, effect) = set(again, WHO, 0).unwrap();
    assert!(effect.changed && effect.removed_last);
    assert_eq!((gone.0, gone.1.scopes, gone.2.guardians), (Grant::default(), 0, 0));
    let nothing = set(gone, WHO, 0).unwrap().1;
    assert!(!nothing.changed && !nothing.removed_last);
    let two = (one.0, one.1, Tally { guardians: 2, ..one.2 });
    assert!(!set(two, WHO, 0).unwrap().1.removed_last);
    let full = (Grant::default(), Watch::default(), Tally { guardians: u32::MAX, ..one.2 });
    assert!(matches!(set(full, WHO, 300), Err(Error::OutOfRange { .. })));
}

#[test]
fn paused_seconds_count_what_both_stop_once() {
    let none = Pause::default();
    let market = paused(none, T, TRADING, 10 * HOUR);
    let settled = Tally { settled_at: T, ..Tally::default() };
    let at = |protocol: (Tally, &Pause), now| logic::paused_seconds(protocol, (settled, &market), &P, now);
    assert_eq!(at((Tally::default(), &none), T), 0);
    assert_eq!(at((Tally::default(), &none), T + 10 * HOUR - 1), 10 * HOUR - 1);
    assert_eq!(at((Tally::default(), &none), T + DAY), 10 * HOUR);
    // The main switch joins after 4 h for 10 h: the market is settled first, and 14 h are the union.
    let later = T + 4 * HOUR;
    let protocol = paused(none, later, TRADING, 10 * HOUR);
    let own = logic::settle(settled, &none, &market, &P, later);
    assert_eq!((own.accrued, own.settled_at), (4 * HOUR, later));
    let main = Tally { settled_at: later, ..Tally::default() };
    for (now, seconds) in [(later, 4), (later + HOUR, 5), (T + 10 * HOUR, 10), (T + 14 * HOUR, 14), (T + 2 * DAY, 14)] {
        assert_eq!(logic::paused_seconds((main, &protocol), (own, &market), &P, now), seconds * HOUR);
    }
    let increase = paused(none, T, INCREASE | 2, DAY);
    assert_eq!(logic::clock_until(&increase, &P), 0); // neither Reduce nor Inflow
    assert_eq!(logic::clock_until(&paused(none, T, INFLOW, 5 * DAY), &P), T + 3 * DAY);
}

#[test]
fn batches_hold_between_one_and_the_most() {
    assert_eq!(logic::batch(0), Err(Error::BatchSize { length: 0, bound: 1 }));
    assert!(logic::batch(1).is_ok() && logic::batch(MAX_BATCH).is_ok());
    assert_eq!(logic::batch(65), Err(Error::BatchSize { length: 65, bound: 64 }));
}

#[test]
fn a_state_that_does_not_fit_is_refused_and_every_word_reads() {
    let late = Pause { start: 1 << 32, until: 1 << 32, exit_from: 1 << 32, ..Pause::default() };
    assert_eq!(late.pack(), Err(Error::OutOfRange { value: 1 << 32, bound: (1 << 32) - 1 }));
    let full = Pause::unpack(U256::MAX);
    assert_eq!(full.classes, Classes::ALL);
    let _ = logic::effective(&full, &full, &P, u64::MAX);
}
