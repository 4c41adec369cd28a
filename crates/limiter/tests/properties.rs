//! One property per invariant, over random interleavings of payments, deposits, tickets, changes and time.
#![allow(clippy::all, clippy::restriction, missing_docs)] // a panic here is a failed test

use alloy_primitives::{Address, U256};
use fusebox_core::time::{DAY, HOUR};
use fusebox_limiter::{
    logic::{self, Near, Shape},
    params::{MAX_AMOUNT, MAX_OVERLAY_SECS, RAMP_STEPS},
    types::{FRACTION_BITS, MAX_TIGHT, MAX_TIME},
    Base, Bucket, Config, Error, Lane, Marker, Params, Policy, Side, Slot, Ticket, TicketId,
};
use proptest::prelude::*;

const P: Params = Params::DEFAULT;
const T: u64 = 1_700_000_000;
const C: u128 = 1_000_000_000_000;
const MINS: u16 = 24 * 60;

/// Histories per property; `FUSEBOX_CASES` asks for another number.
fn config() -> ProptestConfig {
    let cases = std::env::var("FUSEBOX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn shape(capacity: u128) -> Shape {
    Shape { capacity, window_mins: MINS, policy: Policy::Ticket }
}

fn fresh(capacity: u128) -> Bucket {
    logic::configure((Bucket::default(), Side::default()), &P, T, shape(capacity), true).unwrap().0
}

/// Debt less credit, as a fixed time: what there is less of, the later it is full again.
fn position(bucket: &Bucket, now: u64) -> i128 {
    let time = now << FRACTION_BITS;
    let credit = {
        let bound = (u64::from(bucket.last_inflow) << FRACTION_BITS) + bucket.window() / 2; // e is a half
        if u64::from(bucket.last_inflow) == now {
            bucket.credit_until
        } else {
            bucket.credit_until.min(bound)
        }
    };
    i128::from(bucket.tat.saturating_sub(time)) - i128::from(credit.saturating_sub(time))
}

/// The debt in token units, as twice as fine as any rounding here needs.
fn debt_units(bucket: &Bucket, now: u64) -> U256 {
    let debt = bucket.tat.saturating_sub(now << FRACTION_BITS);
    (U256::from(bucket.capacity) * U256::from(debt) << 32) / U256::from(bucket.window())
}

/// What may happen; parts are of a thousandth of the capacity.
#[derive(Clone, Debug)]
enum Step {
    Exit(u128),
    In(u128),
    Rebase(u128),
    Overlay(u16, u64),
    Tighten(u64),
    Touch,
    Wait(u64),
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1u128..=1_000).prop_map(Step::Exit),
        3 => (1u128..=1_500).prop_map(Step::In),
        1 => (100u128..=3_000).prop_map(Step::Rebase),
        1 => (1_000u16..=10_000, 0u64..=72).prop_map(|(factor, hours)| Step::Overlay(factor, hours * HOUR)),
        1 => prop_oneof![Just(0u64), 1u64..20, 1u64..400].prop_map(|hours| Step::Tighten(hours * HOUR)),
        1 => Just(Step::Touch),
        4 => prop_oneof![Just(0u64), 1u64..10, 1u64..HOUR, 1u64..DAY].prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..most)
}

/// What left, when it may leave, and when it was asked for.
struct Left {
    at: u64, // fixed
    amount: u128,
}

struct World {
    now: u64,
    bucket: Bucket,
    side: Side,
    largest: u128,
    left: Vec<Left>,
    entered: Vec<(u64, u128)>,
    tickets: Vec<u64>, // fixed, in the order of issue
}

impl World {
    fn new() -> Self {
        let (bucket, side) = logic::configure((Bucket::default(), Side::default()), &P, T, shape(C), true).unwrap();
        Self { now: T, bucket, side, largest: C, left: vec![], entered: vec![], tickets: vec![] }
    }

    fn settled(&self) -> Bucket {
        logic::settle(self.bucket, &self.side, &P, self.now)
    }

    fn exit(&mut self, amount: u128) -> Option<u64> {
        let bucket = self.settled();
        match logic::spend(bucket, &P, self.now, amount) {
            Ok(next) => {
                self.bucket = next;
                self.left.push(Left { at: self.now << FRACTION_BITS, amount });
                None
            }
            Err(_) => {
                let queued = logic::queue(bucket, Near::default(), &P, self.now, amount).ok()?;
                self.bucket = queued.bucket;
                self.left.push(Left { at: queued.ready.unwrap(), amount });
                self.tickets.push(queued.ready.unwrap());
                queued.ready
            }
        }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Exit(part) => {
                self.exit(C * part / 1_000);
            }
            Step::In(part) => {
                let amount = C * part / 1_000;
                self.bucket = logic::inflow(self.settled(), &P, self.now, amount);
                self.entered.push((self.now, amount));
            }
            Step::Rebase(part) => {
                let state = (self.bucket, self.side);
                (self.bucket, self.side) = logic::rebase(state, &P, self.now, shape(C * part / 1_000)).unwrap();
                self.largest = self.largest.max(C * part / 1_000);
            }
            Step::Overlay(factor, secs) => {
                let state = (self.bucket, self.side);
                (self.bucket, self.side) = logic::overlay(state, &P, self.now, factor, self.now + secs).unwrap();
            }
            Step::Tighten(secs) => {
                let state = (self.bucket, self.side);
                (self.bucket, self.side) = logic::tighten(state, &P, self.now, self.now + secs).unwrap();
            }
            Step::Touch => {
                self.bucket = logic::spend(self.settled(), &P, self.now, 0).unwrap();
            }
            Step::Wait(secs) => self.now += secs,
        }
        self.bucket = Bucket::unpack(self.bucket.pack());
        self.side = Side::unpack(self.side.pack());
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn rl_1_touching_changes_nothing(history in steps(30), times in prop::collection::vec(0u64..4_000, 1..20)) {
        let mut world = World::new();
        history.iter().for_each(|step| world.run(step));
        let (mut touched, mut now) = (world.settled(), world.now);
        let before = touched;
        for secs in times {
            now += secs;
            touched = logic::spend(touched, &P, now, 0).unwrap();
            touched = logic::inflow(touched, &P, now, 0);
            let open = logic::available(&touched, &P, now);
            prop_assert!(logic::spend(touched, &P, now, open + 1).is_err());
            prop_assert_eq!(open, logic::available(&before, &P, now));
        }
        prop_assert_eq!(touched, before);
    }

    #[test]
    fn rl_2_pieces_cost_what_the_whole_costs(pieces in prop::collection::vec(1u128..C / 30, 1..25), shift in 0u32..50) {
        let scale = |amount: u128| amount << shift;
        let bucket = fresh(scale(C));
        let mut split = bucket;
        for piece in &pieces {
            split = logic::spend(split, &P, T, scale(*piece)).unwrap();
        }
        let whole = logic::spend(bucket, &P, T, scale(pieces.iter().sum())).unwrap();
        let more = split.tat - whole.tat;
        prop_assert!(more <= pieces.len() as u64 - 1, "{more}");
    }

    #[test]
    fn rl_3_in_and_out_in_one_second_is_neutral(
        history in steps(30),
        amount in 1u128..1_000 * C,
        cut in 1u128..20,
        swap in any::<bool>(),
    ) {
        let mut world = World::new();
        history.iter().for_each(|step| world.run(step));
        let (bucket, now) = (world.settled(), world.now);
        let into = |bucket| logic::inflow(bucket, &P, now, amount);
        let mut out = Ok(if swap { bucket } else { into(bucket) });
        for part in 0..cut {
            let piece = amount * (part + 1) / cut - amount * part / cut;
            out = out.and_then(|bucket| logic::spend(bucket, &P, now, piece));
        }
        // What is refused is worse for who asks: while tickets wait, or what never was available.
        if let Ok(after) = out {
            let after = if swap { into(after) } else { after };
            let (before, after) = (position(&bucket, now), position(&after, now));
            prop_assert!(after >= before && after <= before + cut as i128, "{before} {after}");
        } else if !swap {
            prop_assert!(world.bucket.queued || bucket.tat > (now << FRACTION_BITS) + bucket.window() - cut as u64);
        }
    }

    #[test]
    fn rl_4_credit_is_at_most_e_and_runs_out_at_the_refill_rate(
        deposits in prop::collection::vec((1u128..5_000 * C, 0u64..DAY), 1..20),
        later in 1u64..DAY,
    ) {
        let (mut bucket, mut now) = (fresh(C), T);
        for (amount, secs) in deposits {
            now += secs;
            bucket = logic::inflow(bucket, &P, now, amount);
        }
        let next = logic::available(&bucket, &P, now + 1);
        prop_assert!(next <= C + C / 2, "{next}");
        let credit = |at: u64| logic::available(&bucket, &P, at) - C;
        let window = u128::from(MINS) * 60;
        let fallen = credit(now + 1).saturating_sub(C * u128::from(later) / window);
        prop_assert!(credit(now + 1 + later).abs_diff(fallen) <= 1);
        prop_assert_eq!(credit(now + 1 + DAY / 2), 0);
    }

    #[test]
    fn rl_5_net_drain_is_at_most_the_burst_the_refill_and_the_credit(history in steps(60)) {
        let mut world = World::new();
        history.iter().for_each(|step| world.run(step));
        // A ticket counts at the time from which it may be claimed. Every interval that begins and ends with a payment.
        let (most, window) = (world.largest, u128::from(MINS) * 60);
        for first in &world.left {
            let start = first.at >> FRACTION_BITS;
            for last in &world.left {
                let (from, until) = (start << FRACTION_BITS, last.at);
                let out: u128 = world.left.iter().filter(|l| l.at >= from && l.at <= until).map(|l| l.amount).sum();
                let end = until >> FRACTION_BITS;
                let into: u128 = world.entered.iter().filter(|(at, _)| *at >= start && *at <= end).map(|(_, x)| x).sum();
                if until >= from {
                    let refill = most * (u128::from(until - from) + 65_536) / (window << FRACTION_BITS);
                    prop_assert!(out <= into + most + refill + most / 2, "{out} {into} {refill} {history:?}");
                }
            }
        }
    }

    #[test]
    fn rl_6_the_base_does_not_follow_a_height_of_one_moment(
        calm in 1u128..1_000 * C,
        peaks in prop::collection::vec((1u128..1_000, 1u64..DAY, any::<bool>()), 1..20),
    ) {
        let config = Config::standard(1).unwrap();
        let mut base = logic::observe(Base::default(), &P, T, calm, false).unwrap();
        let usual = logic::capacity(&config, &base);
        let (mut now, mut flashes) = (T, base);
        for (factor, secs, own) in peaks {
            now += secs;
            // Only ever looked at in the middle of a loan: time does not make it true.
            flashes = logic::observe(flashes, &P, now, calm * factor, true).unwrap();
            prop_assert_eq!(logic::capacity(&config, &flashes), usual);
            // Lent in a second with an inflow; or given for one second, and gone when next looked at.
            let lent = logic::observe(base, &P, now, calm * factor, true).unwrap();
            prop_assert_eq!(logic::capacity(&config, &lent), usual);
            let given = logic::observe(base, &P, now, calm * factor, false).unwrap();
            prop_assert_eq!(logic::capacity(&config, &given), usual);
            base = if own { lent } else { given };
            base = logic::observe(base, &P, now + 1, calm, false).unwrap();
            prop_assert_eq!(logic::capacity(&config, &base), usual);
            base = Base::unpack(base.pack());
        }
        // A fall is believed at once, and a height that stays is believed with time.
        let low = logic::observe(base, &P, now + 1, calm / 2, true).unwrap();
        prop_assert!(logic::capacity(&config, &low) <= (usual / 2).max(1));
        let high = logic::observe(base, &P, now + 1, 2 * calm, false).unwrap();
        let stays = logic::observe(high, &P, now + 1 + DAY, 2 * calm, false).unwrap();
        let bounds = (calm + calm * 63 / 100, calm + calm * 64 / 100 + 1); // 1 - 1/e of the way
        prop_assert!(stays.average >= bounds.0 && stays.average <= bounds.1, "{} {calm}", stays.average);
    }

    #[test]
    fn rl_7_no_change_refills(history in steps(40), part in 1u128..4_000, mins in 1u16..20_160, factor in 1_000u16..=10_000) {
        let mut world = World::new();
        history.iter().for_each(|step| world.run(step));
        let (bucket, now) = (world.settled(), world.now);
        let state = (world.bucket, world.side);
        let to = Shape { capacity: C * part / 1_000, window_mins: mins, policy: Policy::Ticket };
        let changed = [
            logic::rebase(state, &P, now, to).unwrap().0,
            logic::rebase(state, &P, now, shape(C * part / 1_000)).unwrap().0,
            logic::overlay(state, &P, now, factor, now + HOUR).unwrap().0,
            logic::tighten(state, &P, now, now + HOUR).unwrap().0,
            logic::tighten((bucket, world.side), &P, now, now).unwrap().0,
        ];
        for next in changed {
            prop_assert!(debt_units(&next, now) + U256::from(1u64 << 20) >= debt_units(&bucket, now));
            let (open, was) = (logic::available(&next, &P, now), logic::available(&bucket, &P, now));
            prop_assert!(open <= was + next.capacity.saturating_sub(bucket.capacity) + 1);
        }
        // A lane that is closed and opened again begins empty.
        let (closed, side) = logic::configure(state, &P, now, shape(0), false).unwrap();
        prop_assert_eq!(closed, Bucket::default());
        let (again, _) = logic::configure((closed, side), &P, now, shape(C), false).unwrap();
        prop_assert_eq!(logic::available(&again, &P, now), 0);
    }

    #[test]
    fn rl_8_several_buckets_pay_together_or_not_at_all(parts in prop::array::uniform3(0u128..1_500)) {
        let buckets = [fresh(C), fresh(C / 2), fresh(C * 2)];
        let amounts = parts.map(|part| C * part / 1_000);
        let single = [0, 1, 2].map(|i| logic::spend(buckets[i], &P, T, amounts[i]));
        match logic::spend_all([1, 2, 3], buckets, &P, T, amounts) {
            Ok(next) => prop_assert_eq!(next.map(Ok), single),
            Err(error) => prop_assert_eq!(Some(error), single.iter().find_map(|result| result.err())),
        }
    }

    #[test]
    fn rl_9_nobody_is_overtaken_within_a_lane(history in steps(80)) {
        let mut world = World::new();
        let mut last = 0;
        for step in &history {
            world.run(step);
            for ready in world.tickets.drain(..) {
                prop_assert!(ready > last, "a later ticket is ready earlier");
                prop_assert!(ready <= (world.now + P.max_delay_secs()) << FRACTION_BITS);
                last = ready;
            }
            // While somebody waits nobody passes without a ticket.
            if last > world.now << FRACTION_BITS {
                prop_assert!(logic::spend(world.settled(), &P, world.now, 1).is_err());
                prop_assert_eq!(logic::available(&world.settled(), &P, world.now), 0);
            }
        }
    }

    #[test]
    fn rl_10_the_small_lane_is_never_later_and_both_keep_the_bound(
        amounts in prop::collection::vec((1u128..C / 500, 0u64..HOUR), 1..120),
    ) {
        let config = Config::standard(C).unwrap();
        let (large, small) = logic::split(&config, C);
        let (mut main, mut lane, mut now) = (fresh(large), fresh(small), T);
        prop_assert_eq!(large + small, C);
        main = logic::spend(main, &P, T, large).unwrap();
        let mut at: Vec<(u64, u128)> = vec![(T << FRACTION_BITS, large)];
        for (amount, secs) in amounts {
            now += secs;
            let Err(refusal) = logic::spend(main, &P, now, amount) else { continue };
            let Ok(logic::Overflow::Queue { small, .. }) = logic::overflow(&main, &P, now, amount, refusal) else {
                panic!("not queued")
            };
            prop_assert_eq!(small, amount <= large / 1_000);
            let alone = logic::queue(main, Near::default(), &P, now, amount);
            let near = Near { lane: small.then_some(lane), marker: Some(Marker::default()), side: None };
            let Ok(queued) = logic::queue(main, near, &P, now, amount) else { continue };
            if let Ok(alone) = alone {
                prop_assert!(queued.ready.unwrap_or(0) <= alone.ready.unwrap_or(0));
            }
            match queued.lane {
                Lane::Main => main = queued.bucket,
                Lane::Small => {
                    prop_assert!(small);
                    lane = queued.bucket;
                    // Once an account and window: the same account again is served by the main lane only.
                    let again = Near { lane: Some(lane), marker: queued.marker, side: None };
                    let second = logic::queue(main, again, &P, now, amount);
                    prop_assert!(second.map_or(true, |second| second.lane == Lane::Main));
                }
            }
            at.push((queued.ready.unwrap_or(now << FRACTION_BITS), amount));
        }
        for (until, _) in &at {
            let out: u128 = at.iter().filter(|(ready, _)| ready <= until).map(|(_, amount)| amount).sum();
            let refill = C * u128::from(until - (T << FRACTION_BITS)) / (u128::from(MINS) * 60 << FRACTION_BITS);
            prop_assert!(out <= C + refill + 1);
        }
    }

    #[test]
    fn rl_11_a_deposit_never_fails_and_gives_nothing_while_tickets_wait(history in steps(60), amount in any::<u128>()) {
        let mut world = World::new();
        history.iter().for_each(|step| world.run(step));
        let (bucket, now) = (world.settled(), world.now);
        let after = logic::inflow(bucket, &P, now, amount);
        prop_assert!(logic::available(&after, &P, now) >= logic::available(&bucket, &P, now));
        prop_assert_eq!(after, Bucket::unpack(after.pack()));
        if world.tickets.last().is_some_and(|ready| *ready > now << FRACTION_BITS) {
            prop_assert_eq!(Bucket { last_inflow: bucket.last_inflow, ..after }, bucket);
        }
        prop_assert_eq!(logic::inflow(Bucket::default(), &P, now, amount), Bucket::default());
        prop_assert_eq!(logic::inflow(bucket, &P, u64::MAX, amount), bucket);
    }

    #[test]
    fn rl_12_a_later_cancellation_leaves_an_earlier_lock(first in 0u64..4 * DAY, second in 0u64..4 * DAY, amount in 1u128..C) {
        let (who, now) = (Address::repeat_byte(1), 1_000_000);
        let ticket = Some(Ticket { owner: who, amount, held: false });
        let id = |wait: u64| TicketId::new(Slot::main(3), (now + wait) << FRACTION_BITS);
        let start = (World::new().settled(), Side::default(), Marker::default());
        let ((main, side, marker), _) = logic::cancel((id(first), ticket, 0), start, now, who).unwrap();
        let ((.., after), _) = logic::cancel((id(second), ticket, 0), (main, side, marker), now, who).unwrap();
        prop_assert!(after.queue_after >= marker.queue_after && after.queue_after >= now + second);
    }

    #[test]
    fn rl_12_cancelling_moves_nobody_and_the_account_cannot_queue_for_a_window(
        history in steps(40),
        amount in 1u128..C,
        wait in 0u64..4 * DAY,
    ) {
        let mut world = World::new();
        history.iter().for_each(|step| world.run(step));
        let Some(ready) = world.exit(amount) else { return Ok(()) };
        let (who, now) = (Address::repeat_byte(1), world.now);
        let id = TicketId::new(Slot::main(3), ready);
        let ticket = Some(Ticket { owner: who, amount, held: false });
        let state = (world.settled(), world.side, Marker::default());
        let ((main, side, marker), payment) = logic::cancel((id, ticket, 0), state, now, who).unwrap();
        prop_assert_eq!((payment.to, payment.amount), (who, amount));
        // The bucket but for its flag is what it was: every other wait is what it was.
        prop_assert_eq!(Bucket { locked: state.0.locked, ..main }, state.0);
        let later = now + wait;
        let near = |marker| Near { lane: None, side: Some(side), marker: Some(marker) };
        let (main, side_now) = (logic::settle(main, &side, &P, later), side);
        let alone = logic::queue(logic::settle(state.0, &side_now, &P, later), Near::default(), &P, later, C / 10);
        let other = logic::queue(main, near(Marker::default()), &P, later, C / 10);
        prop_assert_eq!(other.map(|q| (q.ready, q.bucket.tat)), alone.map(|q| (q.ready, q.bucket.tat)));
        let own = logic::queue(main, near(marker), &P, later, C / 10);
        let after = (now + DAY).max(id.ready_secs());
        if later < after {
            prop_assert_eq!(own, Err(Error::Requeued { after, now: later }));
        } else {
            prop_assert_eq!(own.map(|q| (q.ready, q.bucket.locked)), alone.map(|q| (q.ready, false)));
        }
        let stranger = Address::repeat_byte(2);
        let refused = logic::cancel((id, ticket, 0), state, now, stranger);
        prop_assert_eq!(refused.unwrap_err(), Error::NotOwner { who: stranger, owner: who });
    }

    #[test]
    fn rl_13_a_hold_ends_by_the_clock_once_and_only_it_leads_to_escrow(
        ready in T..T + 72 * HOUR,
        at in T..T + 80 * HOUR,
        secs in 0u64..80 * HOUR,
        look in 0u64..160 * HOUR,
    ) {
        let id = TicketId::new(Slot::main(1), ready << FRACTION_BITS);
        let (owner, to) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let ticket = Ticket { owner, amount: 5, held: false };
        let until = at + secs;
        let held = match logic::hold((id, Some(ticket), 0), &P, at, until) {
            Err(error) => {
                let bound = if secs == 0 { at + 1 } else { at + 72 * HOUR };
                prop_assert_eq!(error, Error::HoldEnd { until, bound });
                prop_assert!(secs == 0 || secs > 72 * HOUR);
                return Ok(());
            }
            Ok(held) => held,
        };
        prop_assert!(secs > 0 && secs <= 72 * HOUR);
        let now = at + look;
        let claim = logic::claim(id, Some(held), until, now);
        prop_assert_eq!(claim.is_ok(), now >= ready && now >= until);
        prop_assert_eq!(logic::hold((id, Some(held), until), &P, now, now + 1), Err(Error::HeldBefore { until, now }));
        let moved = logic::escrow((id, Some(held), until), now, to);
        let cancelled = logic::cancel((id, Some(held), until), (fresh(C), Side::default(), Marker::default()), now, owner);
        if now < until {
            prop_assert_eq!(moved, Ok(Ticket { owner: to, ..held }));
            prop_assert_eq!(cancelled.unwrap_err(), Error::Held { until, now });
        } else {
            prop_assert_eq!(moved, Err(Error::NotHeld { until, now }));
            prop_assert!(cancelled.is_ok());
        }
        prop_assert_eq!(logic::escrow((id, Some(ticket), 0), now, to), Err(Error::NotHeld { until: 0, now }));
    }

    #[test]
    fn rl_15_an_overlay_ends_by_itself_as_if_somebody_had_been_there(
        history in steps(40),
        factor in 1_000u16..10_000,
        secs in 1u64..=MAX_OVERLAY_SECS,
        parts in prop::collection::vec((1u128..1_000, 0u64..DAY), 0..10),
        look in 0u64..DAY,
    ) {
        let mut world = World::new();
        // Without an incident: what lowers the capacity beside the overlay has properties of its own below.
        history.iter().filter(|step| !matches!(step, Step::Tighten(_))).for_each(|step| world.run(step));
        let (now, until) = (world.now, world.now + secs);
        let settled = world.settled();
        let whole = logic::whole(&settled, &world.side);
        let (bucket, side) = logic::overlay((world.bucket, world.side), &P, now, factor, until).unwrap();
        (world.bucket, world.side) = (bucket, side);
        prop_assert_eq!(bucket.capacity, whole * u128::from(factor) / 10_000);
        for (part, secs) in parts {
            if world.now + secs < until {
                world.now += secs;
                world.exit(C * part / 1_000);
            }
        }
        prop_assert_eq!(logic::settle(world.bucket, &world.side, &P, until - 1), world.bucket);
        // Whether it is taken back in its last second, or found ended a day later, the bucket is the same.
        let back = logic::overlay((world.bucket, world.side), &P, until, 10_000, until).unwrap().0;
        let found = logic::settle(world.bucket, &world.side, &P, until + look);
        prop_assert_eq!(found, back);
        prop_assert_eq!((found.capacity, found.overlaid), (whole, false));
        let too_long = logic::overlay((world.bucket, world.side), &P, now, factor, now + MAX_OVERLAY_SECS + 1);
        prop_assert_eq!(too_long, Err(Error::Overlay { value: now + MAX_OVERLAY_SECS + 1, bound: now + MAX_OVERLAY_SECS }));
    }

    #[test]
    fn rl_19_a_ramp_only_rises_and_ends_by_itself(
        history in steps(30),
        secs in 1u64..20 * DAY,
        share in 1_000u16..=10_000,
        ramp in HOUR..=7 * DAY,
        looks in prop::collection::vec(0u64..DAY, 1..40),
    ) {
        let params = P.with_ramp(share, ramp).unwrap();
        let mut world = World::new();
        history.iter().filter(|step| !matches!(step, Step::Tighten(_) | Step::Overlay(..))).for_each(|step| world.run(step));
        let now = world.now;
        let whole = logic::whole(&world.bucket, &world.side);
        let (bucket, side) = logic::tighten((world.bucket, world.side), &params, now, now + secs).unwrap();
        let (begins, step) = (side.tight_until(), ramp / RAMP_STEPS);
        // Until its end, up to the word's unit and never past the bound, and no longer.
        let bound = secs.min(15 * DAY);
        prop_assert!(begins >= now + bound && begins < now + bound + 64);
        let at = |time: u64| logic::settle(bucket, &side, &params, time);
        for time in [now, begins - 1, begins, begins + step - 1] {
            prop_assert_eq!(at(time).capacity, (whole * u128::from(share) / 10_000).max(1));
        }
        // In equal steps along the straight line, never above it and never more than a step below.
        let (mut time, mut last) = (begins, 0);
        for secs in looks {
            time += secs;
            let capacity = at(time).capacity;
            let line = |passed: u64| {
                let bps = u128::from(share) * u128::from(ramp) + u128::from(10_000 - share) * u128::from(passed.min(ramp));
                whole * bps / (10_000 * u128::from(ramp))
            };
            // A ramp of a length that the steps do not divide is that much shorter.
            prop_assert!(capacity <= line(time - begins + RAMP_STEPS).max(1) + 1, "{capacity}");
            prop_assert!(capacity + whole / 10_000 + 1 >= line((time - begins).saturating_sub(step)), "{capacity}");
            prop_assert!(capacity >= last);
            last = capacity;
        }
        let done = at(begins + step * RAMP_STEPS);
        prop_assert_eq!((done.capacity, done.overlaid), (whole, false));
        prop_assert!(share == 10_000 || at(begins + step * RAMP_STEPS - 1).overlaid);
        prop_assert_eq!(at(begins + step * RAMP_STEPS + DAY), done);
    }

    #[test]
    fn rl_20_whatever_passes_with_a_ramp_passes_without_one(
        parts in prop::collection::vec((1u128..800, 0u64..6 * HOUR, 0u8..8, 1u64..DAY), 1..80),
    ) {
        let (mut world, mut free) = (World::new(), World::new());
        for (part, secs, kind, until) in parts {
            world.now += secs;
            free.now = world.now;
            if kind == 0 {
                world.run(&Step::Tighten(until));
                continue;
            }
            let amount = C * part / 1_000;
            prop_assert!(logic::available(&world.settled(), &P, world.now) <= logic::available(&free.settled(), &P, free.now));
            if let Ok(next) = logic::spend(world.settled(), &P, world.now, amount) {
                world.bucket = next;
                let passed = logic::spend(free.settled(), &P, free.now, amount);
                prop_assert!(passed.is_ok(), "{passed:?}");
                free.bucket = passed.unwrap();
            }
        }
    }

    #[test]
    fn rl_21_touching_a_ramp_changes_nothing(
        history in steps(40),
        looks in prop::collection::vec(0u64..6 * HOUR, 1..30),
    ) {
        let mut world = World::new();
        history.iter().for_each(|step| world.run(step));
        let (mut now, mut touched) = (world.now, world.bucket);
        for secs in looks {
            now += secs;
            // A payment of nothing is written back, and an incident that is over ends again.
            touched = logic::spend(logic::settle(touched, &world.side, &P, now), &P, now, 0).unwrap();
            touched = Bucket::unpack(touched.pack());
            prop_assert_eq!(touched, logic::settle(world.bucket, &world.side, &P, now));
            if world.side.tight_until() <= now {
                let over = logic::tighten((touched, world.side), &P, now, now).unwrap();
                prop_assert_eq!(over, (touched, world.side));
            } else {
                let same = logic::tighten((touched, world.side), &P, now, world.side.tight_until()).unwrap();
                prop_assert_eq!(same, (touched, world.side));
            }
        }
    }

    #[test]
    fn rl_22_a_new_incident_goes_back_to_the_share_and_the_lesser_of_two_holds(
        history in steps(40),
        hours in 1u64..200,
        later in 0u64..40 * HOUR,
        again in 1u64..200,
        factor in 1_000u16..=10_000,
        overlay in 0u64..=72,
    ) {
        let mut world = World::new();
        history.iter().for_each(|step| world.run(step));
        for (hours, wait) in [(hours, later), (again, 0)] {
            world.run(&Step::Tighten(hours * HOUR));
            let whole = logic::whole(&world.bucket, &world.side);
            prop_assert!(world.bucket.capacity <= (whole / 2).max(1));
            world.now += hours * HOUR + wait;
        }
        // In its ramp, beside an overlay: neither hides the other, and each ends by its own clock.
        world.now += later;
        world.run(&Step::Overlay(10_000, 0));
        let ramp = logic::left(&world.side, &P, world.now).bps;
        world.run(&Step::Overlay(factor, overlay * HOUR));
        let (now, until) = (world.now, world.now + overlay * HOUR);
        let whole = logic::whole(&world.bucket, &world.side);
        for at in [now, until.max(now + 1) - 1, until, until + DAY, until + 9 * DAY] {
            let capacity = logic::settle(world.bucket, &world.side, &P, at).capacity;
            let bps = logic::left(&world.side, &P, at).bps;
            prop_assert_eq!(capacity, (whole * u128::from(bps) / 10_000).max(1));
            prop_assert!(at >= until || bps <= factor);
            let first = if overlay == 0 { ramp } else { ramp.min(factor) };
            prop_assert!(at > now || bps == first);
        }
        prop_assert_eq!(logic::settle(world.bucket, &world.side, &P, until + 9 * DAY).overlaid, false);
    }

    #[test]
    fn rl_16_a_word_that_was_never_written_refuses_everything(amount in any::<u128>(), now in 0u64..=u32::MAX as u64) {
        let refused = Error::NotConfigured { value: 0, bound: 1 };
        let empty = Bucket::unpack(U256::ZERO);
        prop_assert_eq!(logic::spend(empty, &P, now, amount), Err(refused));
        prop_assert_eq!(logic::queue(empty, Near::default(), &P, now, amount), Err(refused));
        prop_assert_eq!(logic::overlay((empty, Side::default()), &P, now, 5_000, now), Err(refused));
        prop_assert_eq!(logic::available(&empty, &P, now), 0);
        prop_assert_eq!(logic::overflow(&empty, &P, now, amount, refused), Err(refused));
    }

    #[test]
    fn rl_17_every_word_survives_its_packing(
        times in prop::array::uniform3(0..=MAX_TIME),
        units in prop::array::uniform2(0..=MAX_AMOUNT),
        shorts in prop::array::uniform3(any::<u16>()),
        wides in prop::array::uniform3(any::<u32>()),
        flags in prop::array::uniform4(any::<bool>()),
        code in 0u8..3,
        tight in 0..=MAX_TIGHT,
        owner in any::<[u8; 20]>(),
    ) {
        let policy = Policy::from_code(code).unwrap();
        let [overlaid, locked, queued, exact] = flags;
        let bucket = Bucket {
            tat: times[0], credit_until: times[1], capacity: units[0], window_mins: shorts[0] >> 1, policy,
            last_inflow: wides[0], overlaid, locked, queued, exact,
        };
        prop_assert_eq!(Bucket::unpack(bucket.pack()), bucket);
        let side =
            Side { base: units[1], factor_bps: shorts[1], until: wides[1], locks_until: wides[2], last_ready: times[2], tight };
        prop_assert_eq!(Side::unpack(side.pack()), side);
        let base = Base { liquidity: units[0], average: units[1], updated: wides[0] };
        prop_assert_eq!(Base::unpack(base.pack()), base);
        let rate = |n: u16, most: u16| n % most + 1;
        let config = Config::new(units[0].max(1), rate(shorts[0], 10_000), rate(shorts[1], 20_160), shorts[2] % 5_001, policy);
        prop_assert_eq!(Config::unpack(config.unwrap().pack()), Some(config.unwrap()));
        prop_assert_eq!(Config::unpack(U256::ZERO), None);
        let ticket = Ticket { owner: Address::new(owner), amount: units[0].max(1), held: overlaid };
        prop_assert_eq!(Ticket::unpack(ticket.pack()), Some(ticket));
        let marker = Marker { small_after: times[0], queue_after: times[1] };
        prop_assert_eq!(Marker::unpack(marker.pack()), marker);
        for slot in [Slot::main(wides[0]), Slot::small(wides[0])] {
            let id = TicketId::new(slot, times[0]);
            prop_assert_eq!((id.slot(), id.ready()), (slot, times[0]));
        }
    }
}
