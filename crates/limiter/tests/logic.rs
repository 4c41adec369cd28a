//! Boundaries of every rule: one second before, at, after; one unit below, at, above.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use alloy_primitives::{Address, U256};
use fusebox_core::time::{DAY, HOUR};
use fusebox_limiter::{
    logic::{self, Near, Overflow, Shape},
    params::{MAX_AMOUNT, MAX_WINDOW_MINS},
    Base, Bucket, Config, Error, Lane, Marker, Params, Policy, Side, Slot, Ticket, TicketId,
};

const P: Params = Params::DEFAULT;
const T: u64 = 1_700_000_000;
const C: u128 = 86_400_000; // a thousand units a second

fn bucket(capacity: u128) -> Bucket {
    let shape = Shape { capacity, window_mins: 24 * 60, policy: Policy::Ticket };
    logic::configure((Bucket::default(), Side::default()), &P, T, shape, true).unwrap().0
}

#[test]
fn parameters_hold_their_bounds_inclusive() {
    let make = Params::new;
    assert_eq!(make(5_000, 72 * HOUR, 10, 72 * HOUR, 1_000, DAY), Ok(P));
    assert!(make(0, HOUR, 0, HOUR, 100, HOUR).is_ok());
    assert!(make(10_000, 72 * HOUR, 100, 72 * HOUR, 10_000, 7 * DAY).is_ok());
    let bad = |id, value, bound| Err(Error::Parameter { id, value, bound });
    assert_eq!(make(10_001, DAY, 10, DAY, 100, DAY), bad(0, 10_001, 10_000));
    assert_eq!(make(0, HOUR - 1, 10, DAY, 100, DAY), bad(1, HOUR - 1, HOUR));
    assert_eq!(make(0, 72 * HOUR + 1, 10, DAY, 100, DAY), bad(1, 72 * HOUR + 1, 72 * HOUR));
    assert_eq!(make(0, DAY, 101, DAY, 100, DAY), bad(2, 101, 100));
    assert_eq!(make(0, DAY, 10, HOUR - 1, 100, DAY), bad(3, HOUR - 1, HOUR));
    assert_eq!(make(0, DAY, 10, 72 * HOUR + 1, 100, DAY), bad(3, 72 * HOUR + 1, 72 * HOUR));
    assert_eq!(make(0, DAY, 10, DAY, 99, DAY), bad(4, 99, 100));
    assert_eq!(make(0, DAY, 10, DAY, 10_001, DAY), bad(4, 10_001, 10_000));
    assert_eq!(make(0, DAY, 10, DAY, 100, HOUR - 1), bad(5, HOUR - 1, HOUR));
    assert_eq!(make(0, DAY, 10, DAY, 100, 7 * DAY + 1), bad(5, 7 * DAY + 1, 7 * DAY));
    assert_eq!(P.with_ramp(5_000, DAY), Ok(P));
    assert!(P.with_ramp(1_000, HOUR).is_ok() && P.with_ramp(10_000, 7 * DAY).is_ok());
    assert_eq!(P.with_ramp(999, DAY), bad(9, 999, 1_000));
    assert_eq!(P.with_ramp(10_001, DAY), bad(9, 10_001, 10_000));
    assert_eq!(P.with_ramp(5_000, HOUR - 1), bad(10, HOUR - 1, HOUR));
    assert_eq!(P.with_ramp(5_000, 7 * DAY + 1), bad(10, 7 * DAY + 1, 7 * DAY));
}

#[test]
fn rl_15_a_lane_that_is_closed_and_opened_within_an_overlay_opens_lowered_and_empty() {
    let shape = |capacity| Shape { capacity, window_mins: 24 * 60, policy: Policy::Ticket };
    let state = logic::overlay((bucket(C), Side::default()), &P, T, 2_500, T + HOUR).unwrap();
    let closed = logic::configure(state, &P, T + 1, shape(0), false).unwrap();
    assert!(!closed.0.is_configured());
    let (opened, side) = logic::configure(closed, &P, T + 2, shape(2 * C), false).unwrap();
    assert_eq!((opened.capacity, opened.overlaid), (C / 2, true));
    assert_eq!(logic::available(&opened, &P, T + 2), 0);
    let after = logic::settle(opened, &side, &P, T + HOUR);
    assert_eq!((after.capacity, after.overlaid), (2 * C, false));
    // Opened once the overlay is over, it is whole.
    let late = logic::configure(closed, &P, T + HOUR, shape(2 * C), false).unwrap().0;
    assert_eq!((late.capacity, late.overlaid), (2 * C, false));
}

#[test]
fn an_incident_halves_the_capacity_and_a_ramp_gives_it_back_step_by_step() {
    let start = T.next_multiple_of(64); // so that no end is rounded
    let state = (bucket(C), Side::default());
    let (tight, side) = logic::tighten(state, &P, start, start + 6_400).unwrap();
    let at = |now| logic::available(&logic::settle(tight, &side, &P, now), &P, now);
    let (begins, step) = (start + 6_400, DAY / 16);
    assert_eq!([at(start), at(begins), at(begins + step - 1)], [C / 2; 3]);
    // What a step adds is room, since nothing was owed: in basis points of the capacity, down.
    assert_eq!([at(begins + step), at(begins + 2 * step - 1)], [C / 10_000 * 5_312; 2]);
    assert_eq!(at(begins + 8 * step), C * 3 / 4);
    assert_eq!(at(begins + DAY - 1), C / 10_000 * 9_687);
    assert_eq!(at(begins + DAY), C);
    // The same end again changes nothing; an earlier one begins the ramp now; once it has begun nobody restarts it.
    assert_eq!(logic::tighten((tight, side), &P, start + 64, begins), Ok((tight, side)));
    let (early, ended) = logic::tighten((tight, side), &P, start + 64, 0).unwrap();
    assert_eq!((ended.tight_until(), early.capacity), (start + 64, C / 2));
    let (bucket, now) = (logic::settle(early, &ended, &P, start + DAY / 2 + 64), start + DAY / 2 + 64);
    assert_eq!(bucket.capacity, C * 3 / 4);
    assert_eq!(logic::tighten((bucket, ended), &P, now, now), Ok((bucket, ended)));
    let (again, _) = logic::tighten((bucket, ended), &P, now, now + 1).unwrap();
    assert_eq!(again.capacity, C / 2);
    // A bucket that was never configured has nothing to lower; the end of the clock is a bound like any other.
    let empty = (Bucket::default(), Side::default());
    assert_eq!(logic::tighten(empty, &P, T, T + 64), Err(Error::NotConfigured { value: 0, bound: 1 }));
    assert_eq!(logic::tighten_lane(empty, Lane::Small, &P, T, T + 64), Ok(None));
    let last = u64::from(u32::MAX);
    let (_, side) = logic::tighten(state, &P, last, u64::MAX).unwrap();
    assert_eq!(Side::unpack(side.pack()), side);
    assert_eq!(logic::tighten(state, &P, last + 1, u64::MAX), Err(Error::OutOfRange { value: last + 1, bound: last }));
}

#[test]
fn what_left_before_an_incident_is_owed_in_units_through_the_ramp() {
    let start = T.next_multiple_of(64);
    let spent = logic::spend(bucket(C), &P, start, C * 3 / 4).unwrap();
    let (tight, side) = logic::tighten((spent, Side::default()), &P, start, start + 64 * 300).unwrap();
    // Three quarters owed on a capacity of half: nothing is left until a quarter has been refilled, at half the pace.
    assert_eq!(logic::available(&tight, &P, start), 0);
    let at = |now| logic::available(&logic::settle(tight, &side, &P, now), &P, now);
    assert_eq!(at(start + 64 * 300), 0); // 19,200 s at half the pace: a ninth of it
                                         // A day later the capacity is at seven eighths, and a ninth of the whole is still owed.
    let open = at(start + DAY);
    assert!(open < C * 7 / 8 - C / 10 && open > C * 7 / 8 - C / 8, "{open}");
    assert_eq!(at(start + 64 * 300 + 3 * DAY), C);
}

#[test]
fn configs_hold_their_bounds_inclusive() {
    let make = |floor, cap, window, share| Config::new(floor, cap, window, share, Policy::Refuse);
    assert!(make(1, 1, 1, 0).is_ok());
    assert!(make(MAX_AMOUNT, 10_000, MAX_WINDOW_MINS, 5_000).is_ok());
    assert_eq!(make(0, 1, 1, 0), Err(Error::Floor { value: 0, bound: 1 }));
    assert_eq!(make(MAX_AMOUNT + 1, 1, 1, 0), Err(Error::Floor { value: MAX_AMOUNT + 1, bound: MAX_AMOUNT }));
    let bad = |id, value, bound| Err(Error::Parameter { id, value, bound });
    assert_eq!(make(1, 0, 1, 0), bad(6, 0, 1));
    assert_eq!(make(1, 10_001, 1, 0), bad(6, 10_001, 10_000));
    assert_eq!(make(1, 1, 0, 0), bad(7, 0, 1));
    assert_eq!(make(1, 1, MAX_WINDOW_MINS + 1, 0), bad(7, 20_161, 20_160));
    assert_eq!(make(1, 1, 1, 5_001), bad(8, 5_001, 5_000));
    assert_eq!(Policy::from_code(3), None);
}

#[test]
fn all_of_the_capacity_leaves_at_once_and_comes_back_second_by_second() {
    let full = bucket(C);
    assert_eq!(logic::available(&full, &P, T), C);
    let above = Error::Exceeded { amount: C + 1, available: C, earliest: u64::MAX };
    assert_eq!(logic::spend(full, &P, T, C + 1), Err(above));
    let empty = logic::spend(full, &P, T, C).unwrap();
    let refused = |now, amount, available, earliest| {
        assert_eq!(logic::spend(empty, &P, now, amount), Err(Error::Exceeded { amount, available, earliest }));
    };
    refused(T, 1, 0, T + 1);
    refused(T, 1_000, 0, T + 1);
    refused(T + 9, 10_000, 9_000, T + 10);
    assert!(logic::spend(empty, &P, T + 10, 10_000).is_ok());
    refused(T + 10, 10_001, 10_000, T + 11);
    refused(T + DAY - 1, C, C - 1_000, T + DAY);
    assert!(logic::spend(empty, &P, T + DAY, C).is_ok());
    assert_eq!(logic::available(&empty, &P, T + 100 * DAY), C);
}

#[test]
fn the_largest_amounts_and_the_least_are_exact() {
    let vast = bucket(MAX_AMOUNT);
    let empty = logic::spend(vast, &P, T, MAX_AMOUNT).unwrap();
    assert_eq!(empty.tat, (T + DAY) << 16);
    assert_eq!(logic::available(&empty, &P, T), 0);
    assert_eq!(logic::available(&empty, &P, T + DAY / 2), MAX_AMOUNT / 2);
    for amount in [MAX_AMOUNT + 1, u128::MAX] {
        let refused = Error::Exceeded { amount, available: MAX_AMOUNT, earliest: u64::MAX };
        assert_eq!(logic::spend(vast, &P, T, amount), Err(refused));
    }
    // At and past the amount above which one product does not fit.
    for amount in [(1 << 91) - 1, 1 << 91, (1 << 91) + 1] {
        let exact = (U256::from(amount) * U256::from(DAY << 16)).div_ceil(U256::from(MAX_AMOUNT));
        let tat = logic::spend(vast, &P, T, amount).unwrap().tat;
        assert_eq!(U256::from(tat - (T << 16)), exact);
    }
    let tiny = bucket(1);
    assert_eq!(logic::spend(tiny, &P, T, 1).unwrap().tat, (T + DAY) << 16);
    assert_eq!(logic::available(&logic::spend(tiny, &P, T, 1).unwrap(), &P, T + DAY - 1), 0);
}

#[test]
fn time_stands_still_jumps_and_ends() {
    let half = logic::spend(bucket(C), &P, T, C / 2).unwrap();
    assert_eq!(logic::available(&half, &P, T), C / 2);
    let last = u64::from(u32::MAX);
    assert_eq!(logic::available(&half, &P, last), C);
    assert!(logic::spend(half, &P, last, C).is_ok());
    assert_eq!(logic::spend(half, &P, last + 1, 1), Err(Error::OutOfRange { value: last + 1, bound: last }));
    assert_eq!(logic::available(&half, &P, last + 1), 0);
    assert!(logic::rebase((half, Side::default()), &P, last + 1, shape(C)).is_err());
    assert!(logic::observe(Base::default(), &P, last + 1, 1, false).is_err());
}

fn shape(capacity: u128) -> Shape {
    Shape { capacity, window_mins: 24 * 60, policy: Policy::Ticket }
}

#[test]
fn credit_counts_in_full_in_its_own_second_then_at_most_e_running_out() {
    let rich = logic::inflow(bucket(C), &P, T, 10 * C);
    assert_eq!(logic::available(&rich, &P, T), 11 * C);
    assert_eq!(logic::available(&rich, &P, T + 1), C + C / 2 - 1_000);
    assert_eq!(logic::available(&rich, &P, T + DAY / 2 - 1), C + 1_000);
    assert_eq!(logic::available(&rich, &P, T + DAY / 2), C);
    let none = Params::new(0, DAY, 10, DAY, 1_000, DAY).unwrap();
    assert_eq!(logic::available(&rich, &none, T), 11 * C);
    assert_eq!(logic::available(&rich, &none, T + 1), C);
    // A deposit of nothing does not make an old credit young.
    let later = logic::inflow(rich, &P, T + HOUR, 1);
    assert_eq!(logic::available(&later, &P, T + HOUR), C + C / 2 - 3_600_000); // one unit is 65 fractions, which are less than a unit
}

#[test]
fn a_deposit_pays_debt_first() {
    let empty = logic::spend(bucket(C), &P, T, C).unwrap();
    let half = logic::inflow(empty, &P, T + 1, C / 2);
    assert_eq!(logic::available(&half, &P, T + 1), C / 2 + 1_000);
    let full = logic::inflow(empty, &P, T + 1, C);
    assert_eq!(logic::available(&full, &P, T + 1), C + 1_000);
}

#[test]
fn a_ticket_waits_for_its_room_and_never_longer_than_the_maximum() {
    let empty = logic::spend(bucket(C), &P, T, C).unwrap();
    let queue = |bucket, amount| logic::queue(bucket, Near::default(), &P, T, amount);
    let first = queue(empty, 1_000).unwrap();
    assert_eq!((first.ready, first.lane), (Some((T + 1) << 16), Lane::Main));
    assert_eq!(queue(empty, C + 1), Err(Error::AboveCapacity { amount: C + 1, bound: C }));
    let mut bucket = empty;
    for day in 1..=3 {
        let next = queue(bucket, C).unwrap();
        assert_eq!(next.ready, Some((T + day * DAY) << 16));
        bucket = next.bucket;
    }
    assert_eq!(queue(bucket, 1), Err(Error::TooFar { ready: T + 3 * DAY + 1, bound: T + 3 * DAY }));
    let later = logic::queue(bucket, Near::default(), &P, T + 1, 1_000).unwrap();
    assert_eq!(later.ready, Some((T + 3 * DAY + 1) << 16));
    assert!(logic::queue(bucket, Near::default(), &P, T + 1, 1_001).is_err());
}

#[test]
fn a_claim_is_due_at_its_fraction_and_not_before() {
    let ticket = Some(Ticket { owner: Address::repeat_byte(1), amount: 5, held: false });
    let at = |ready, now| logic::claim(TicketId::new(Slot::main(0), ready), ticket, 0, now).is_ok();
    assert!(at(T << 16, T) && !at(T << 16, T - 1));
    assert!(!at((T << 16) + 1, T) && at((T << 16) + 1, T + 1));
    let none = logic::claim(TicketId(7), None, 0, T);
    assert_eq!(none, Err(Error::UnknownTicket { id: 7 }));
}

#[test]
fn the_policy_decides_what_an_overflow_is() {
    let refusal = |earliest| Error::Exceeded { amount: 9, available: 1, earliest };
    let with = |policy| Bucket { policy, ..bucket(C) };
    let at = |policy, earliest| logic::overflow(&with(policy), &P, T, 9, refusal(earliest));
    assert_eq!(at(Policy::Refuse, T + 5), Err(refusal(T + 5)));
    assert_eq!(at(Policy::Trip, T + DAY), Ok(Overflow::Trip { until: T + DAY }));
    assert_eq!(at(Policy::Trip, T + DAY + 1), Ok(Overflow::Trip { until: T + DAY }));
    assert_eq!(at(Policy::Trip, T + 5), Ok(Overflow::Trip { until: T + 5 }));
    let small = |amount| logic::overflow(&with(Policy::Ticket), &P, T, amount, refusal(T + 5));
    assert_eq!(small(C / 1_000), Ok(Overflow::Queue { small: true, locked: false }));
    assert_eq!(small(C / 1_000 + 1), Ok(Overflow::Queue { small: false, locked: false }));
    let other = Error::NotConfigured { value: 0, bound: 1 };
    assert_eq!(logic::overflow(&with(Policy::Ticket), &P, T, 9, other), Err(other));
}

#[test]
fn who_is_barred_from_the_queue_may_still_be_paid_at_once_by_the_small_lane() {
    let main = Bucket { locked: true, ..logic::spend(bucket(C), &P, T, C).unwrap() };
    let side = Some(Side { locks_until: (T + DAY) as u32, ..Side::default() });
    let marker = Some(Marker { queue_after: T + DAY, small_after: 0 });
    let near = |lane| Near { lane: Some(lane), side, marker };
    let paid = logic::queue(main, near(bucket(C / 10)), &P, T, 5).unwrap();
    assert_eq!((paid.lane, paid.ready), (Lane::Small, None));
    let full = logic::spend(bucket(C / 10), &P, T, C / 10).unwrap();
    assert_eq!(logic::queue(main, near(full), &P, T, 5), Err(Error::Requeued { after: T + DAY, now: T }));
    let other = Near { marker: Some(Marker::default()), ..near(full) };
    assert!(logic::queue(main, other, &P, T, 5).is_ok());
    // Once no lock is live the flag goes with the next ticket of the main lane.
    let large = logic::queue(main, Near { lane: None, side, marker }, &P, T + DAY, C).unwrap();
    assert!(!large.bucket.locked);
}

#[test]
fn a_change_of_capacity_or_window_keeps_debt_and_credit_in_units() {
    let spent = logic::spend(bucket(C), &P, T, C / 4).unwrap();
    let to = |bucket, shape| logic::rebase((bucket, Side::default()), &P, T, shape).unwrap().0;
    assert_eq!(logic::available(&to(spent, shape(C / 2)), &P, T), C / 4);
    assert_eq!(logic::available(&to(spent, shape(2 * C)), &P, T), 2 * C - C / 4);
    let hour = Shape { window_mins: 60, ..shape(C) };
    assert_eq!(logic::available(&to(spent, hour), &P, T), C - C / 4);
    assert_eq!(logic::available(&to(spent, hour), &P, T + HOUR / 4), C);
    assert_eq!(logic::available(&to(spent, shape(C / 8)), &P, T), 0);
    let credit = logic::inflow(bucket(C), &P, T, C / 4);
    assert_eq!(logic::available(&to(credit, shape(2 * C)), &P, T), 2 * C + C / 4);
    assert_eq!(logic::available(&to(credit, shape(C / 4)), &P, T), C / 4 + C / 8);
}

#[test]
fn a_rise_while_a_ticket_waits_lets_nobody_pass_it() {
    let empty = logic::spend(bucket(C), &P, T, C).unwrap();
    let first = logic::queue(empty, Near::default(), &P, T, C).unwrap();
    let (wide, side) = logic::rebase((first.bucket, Side::default()), &P, T, shape(10 * C)).unwrap();
    let second = logic::queue(wide, Near::default(), &P, T, 1).unwrap();
    assert!(second.ready > first.ready);
    // Lowered and raised again: the first ticket's time is remembered, not the lowered bucket's.
    let (low, side) = logic::rebase((wide, side), &P, T, shape(C / 10)).unwrap();
    let (again, _) = logic::rebase((low, side), &P, T, shape(C)).unwrap();
    assert_eq!(side.last_ready, first.ready.unwrap());
    // What was reserved at ten times the capacity is ten times as much, and is owed.
    assert!(again.tat >= first.bucket.tat);
}

#[test]
fn the_base_is_the_lesser_of_what_is_there_and_what_was() {
    let config = Config::new(5, 1_000, 60, 1_000, Policy::Ticket).unwrap();
    let base = |liquidity, average| Base { liquidity, average, updated: 1 };
    assert_eq!(logic::capacity(&config, &base(1_000, 2_000)), 100);
    assert_eq!(logic::capacity(&config, &base(2_000, 1_009)), 100);
    assert_eq!(logic::capacity(&config, &base(0, 1_000)), 5);
    assert_eq!(logic::capacity(&config, &base(MAX_AMOUNT, MAX_AMOUNT)), MAX_AMOUNT / 10);
    assert_eq!(logic::split(&config, 109), (99, 10));
    assert_eq!(logic::split(&config, 9), (9, 0));
}
