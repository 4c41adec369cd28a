//! One property per invariant, over random interleavings of guardians, Council, Governance and time.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::as_conversions)] // tests

use alloy_primitives::Address;
use fusebox_core::{
    panel::{Class, Classes, Standing},
    time::{DAY, HOUR},
};
use fusebox_guardian::{
    logic,
    types::{MAX_EXIT_SECS, MAX_GRACE_SECS, MIN_PAUSE_SECS, WINDOW_SECS},
    Effect, Error, Grant, Incident, Interval, Order, Params, Pause, Tally, Watch,
};
use proptest::prelude::*;

const P: Params = Params::DEFAULT;
const T: u64 = 1_700_000_400; // a multiple of the tick
const TICK: u64 = 600;
const COUNCIL: Address = Address::repeat_byte(0xcc);
const MASKS: [u8; 7] = [0b0_0001, 0b0_0111, 0b1_0010, 0b0_1000, 0b1_1010, 0b1_1111, 0b0_0100];

/// What may happen; scopes are 0, the protocol, and 1, a market.
#[derive(Clone, Debug)]
enum Step {
    Pause { guardian: usize, scope: usize, mask: usize },
    Arm { guardian: usize, scope: usize, ticks: u64 },
    Extend { scope: usize, ticks: u64 },
    Unpause { scope: usize },
    Clear,
    Wait { ticks: u64 },
}

fn steps(most: u64) -> impl Strategy<Value = Vec<Step>> {
    let pause = (0..4usize, 0..2usize, 0..MASKS.len());
    let wait = prop_oneof![3 => 0..most, 1 => Just(0), 1 => Just(DAY / TICK)];
    let step = prop_oneof![
        5 => pause.prop_map(|(guardian, scope, mask)| Step::Pause { guardian, scope, mask }),
        3 => (0..4usize, 0..2usize, 1..500u64).prop_map(|(guardian, scope, ticks)| Step::Arm { guardian, scope, ticks }),
        1 => (0..2usize, 0..600u64).prop_map(|(scope, ticks)| Step::Extend { scope, ticks }),
        1 => (0..2usize).prop_map(|scope| Step::Unpause { scope }),
        1 => Just(Step::Clear),
        6 => wait.prop_map(|ticks| Step::Wait { ticks }),
    ];
    prop::collection::vec(step, 1..40)
}

/// A protocol with one market and four guardians, as the shell keeps it.
struct World {
    now: u64,
    unit: u64,
    pauses: [Pause; 2],
    tallies: [Tally; 2],
    grants: [[Grant; 2]; 4],
    watches: [Watch; 4],
    bit: bool,
}

impl World {
    fn new(unit: u64) -> Self {
        let grant = Grant { duration_secs: DAY as u32, armed: true };
        let watch = Watch { alive_until: u64::MAX, rests_until: 0, scopes: 2 };
        Self {
            now: T,
            unit,
            pauses: Default::default(),
            tallies: Default::default(),
            grants: [[grant; 2]; 4],
            watches: [watch; 4],
            bit: false,
        }
    }

    fn settle(&mut self, scope: usize) {
        let over = if scope == 0 { Pause::default() } else { self.pauses[0] };
        self.tallies[scope] = logic::settle(self.tallies[scope], &over, &self.pauses[scope], &P, self.now);
    }

    fn pause(&mut self, guardian: usize, scope: usize, mask: usize) -> Result<Effect, Error> {
        let classes = logic::classes(MASKS[mask], &P)?;
        let order = Order { by: Address::repeat_byte(guardian as u8 + 1), scope: scope as u32, classes, reason: 1 };
        let state = (self.pauses[scope], self.grants[guardian][scope]);
        let ((next, grant), effect) = logic::pause(state, self.watches[guardian], &P, self.now, order)?;
        if scope == 0 && self.bit {
            self.settle(1);
        }
        if effect.changed {
            self.settle(scope);
        }
        self.bit |= scope == 1 && effect.changed;
        self.pauses[scope] = logic::joined(next, &effect, 1);
        self.grants[guardian][scope] = grant;
        self.watches[guardian] = logic::rested(self.watches[guardian], &P, effect.own_until);
        Ok(effect)
    }

    fn incident(&self) -> (Address, Incident) {
        (COUNCIL, Incident { id: 1, opened_by: Address::ZERO, opened_at: self.now - 600 })
    }

    /// One step but for time, which the caller passes.
    fn run(&mut self, step: &Step) -> Option<Effect> {
        match *step {
            Step::Pause { guardian, scope, mask } => self.pause(guardian, scope, mask).ok(),
            Step::Arm { guardian, scope, ticks } => {
                let (who, secs) = ((Address::repeat_byte(guardian as u8 + 1), scope as u32), ticks * self.unit);
                let state = (self.grants[guardian][scope], self.watches[guardian], self.tallies[scope]);
                let ((grant, watch, tally), _) = logic::set_guardian(state, &P, self.now, who, secs as u32).ok()?;
                (self.grants[guardian][scope], self.watches[guardian], self.tallies[scope]) = (grant, watch, tally);
                None
            }
            Step::Extend { scope, ticks } => {
                let until = self.pauses[scope].until + ticks * self.unit;
                let (next, effect) = logic::extend(self.pauses[scope], &P, self.now, until, self.incident()).ok()?;
                self.pauses[scope] = next;
                Some(effect)
            }
            Step::Unpause { scope } => {
                let (next, effect) = logic::unpause(self.pauses[scope], &P, self.now, self.incident()).ok()?;
                self.pauses[scope] = next;
                Some(effect)
            }
            Step::Clear => {
                if !logic::bit_needed(&self.pauses[1], &P, self.now) {
                    self.settle(1);
                    self.bit = false;
                }
                None
            }
            Step::Wait { .. } => None,
        }
    }

    /// One step; `each` sees the world at every tick that passes.
    fn go(&mut self, step: &Step, mut each: impl FnMut(&Self)) -> Option<Effect> {
        if let Step::Wait { ticks } = *step {
            for _ in 0..ticks {
                each(self);
                self.now += self.unit;
            }
        }
        self.run(step)
    }

    fn paused_seconds(&self) -> u64 {
        let [protocol, market] = &self.pauses;
        logic::paused_seconds((self.tallies[0], protocol), (self.tallies[1], market), &P, self.now)
    }
}

/// Seconds at which something may change, one before and one after each.
fn moments(pauses: &[Pause], now: u64) -> Vec<u64> {
    let ends = |p: &Pause| [logic::exit_until(p, &P), p.until, logic::grace_until(p, &P)];
    let near = |t: u64| [t.saturating_sub(1), t, t + 1];
    let all = pauses.iter().flat_map(ends).chain([now, now + 60, now + HOUR, now + DAY, now + 7 * DAY]);
    all.flat_map(near).filter(|t| *t >= now).collect()
}

fn holds(before: Standing, after: Standing) -> bool {
    let liquidates = !after.stopped.has(Class::Liquidate);
    before.stopped.without(after.stopped).is_empty() && (!before.grace || after.grace || !liquidates)
}

/// Trailing sum over a window of ticks, by counting each tick.
struct Trailing {
    ticks: Vec<bool>,
    window: usize,
    most: u64,
    sum: u64,
}

impl Trailing {
    fn new(unit: u64) -> Self {
        Self { ticks: Vec::new(), window: (WINDOW_SECS / unit) as usize, most: 0, sum: 0 }
    }
    fn push(&mut self, stopped: bool) {
        self.ticks.push(stopped);
        self.sum += u64::from(stopped);
        if self.ticks.len() > self.window {
            self.sum -= u64::from(self.ticks[self.ticks.len() - 1 - self.window]);
        }
        self.most = self.most.max(self.sum);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn pg_1_a_guardian_never_loosens(trace in steps(200)) {
        let mut world = World::new(TICK);
        for step in &trace {
            let before = world.pauses;
            world.go(step, |_| ());
            if let Step::Pause { .. } = step {
                for t in moments(&[before[0], before[1], world.pauses[0], world.pauses[1]], world.now) {
                    for (old, new) in before.iter().zip(&world.pauses) {
                        prop_assert!(holds(logic::standing(old, &P, t), logic::standing(new, &P, t)), "{old:?} {new:?} at {t}");
                    }
                }
            }
        }
    }

    #[test]
    fn pg_2_one_scope_stops_exits_at_most_72_hours_in_any_7_days(trace in steps(200)) {
        let mut world = World::new(TICK);
        let mut trailing = [Trailing::new(TICK), Trailing::new(TICK)];
        for step in trace.iter().chain([&Step::Wait { ticks: 3 * WINDOW_SECS / TICK }]) {
            world.go(step, |w| {
                for (scope, sum) in trailing.iter_mut().enumerate() {
                    let stopped = logic::standing(&w.pauses[scope], &P, w.now).stopped;
                    sum.push(!stopped.and(Classes::EXITS).is_empty());
                }
            });
        }
        for sum in trailing {
            prop_assert!(sum.most * TICK <= MAX_EXIT_SECS, "{} s", sum.most * TICK);
        }
    }

    #[test]
    fn pg_2_the_end_of_exits_is_the_last_second_that_counting_allows(
        gaps in prop::array::uniform2(0..200u64), lengths in prop::array::uniform2(0..430u64), until in 1..2000u64,
    ) {
        let newer = Interval { start: T - (gaps[0] + lengths[0]) * TICK, until: T - gaps[0] * TICK };
        let end = newer.start - gaps[1] * TICK;
        let older = Interval { start: end - lengths[1] * TICK, until: end };
        let pause = Pause {
            start: T, until: T + until * TICK, exit_from: T, inflow_from: T,
            classes: Classes::from_bits(0b0_1000).unwrap(), past: [newer, older], ..Pause::default()
        };
        let counted = |t: u64| t < T && [newer, older].iter().any(|i| i.start <= t && t < i.until);
        let mut at = T;
        loop {
            let used = (1..=WINDOW_SECS / TICK).filter(|k| { let t = at + TICK - k * TICK; counted(t) || (T..=at).contains(&t) });
            if at >= pause.until || used.count() as u64 * TICK > MAX_EXIT_SECS {
                break;
            }
            at += TICK;
        }
        prop_assert_eq!(logic::exit_until(&pause, &P), at);
    }

    #[test]
    fn pg_3_market_and_protocol_together_stop_exits_at_most_72_hours_in_any_7_days(trace in steps(200)) {
        let mut world = World::new(TICK);
        let mut trailing = Trailing::new(TICK);
        for step in trace.iter().chain([&Step::Wait { ticks: 3 * WINDOW_SECS / TICK }]) {
            let mut wrong = false;
            world.go(step, |w| {
                let [protocol, market] = &w.pauses;
                let stopped = logic::exits_stopped(protocol, market, &P, w.now);
                let said = logic::effective(protocol, market, &P, w.now).stopped.and(Classes::EXITS);
                wrong |= stopped == said.is_empty();
                trailing.push(stopped);
            });
            prop_assert!(!wrong);
        }
        prop_assert!(trailing.most * TICK <= MAX_EXIT_SECS, "{} s", trailing.most * TICK);
    }

    #[test]
    fn pg_4_an_expired_pause_never_blocks_and_extend_cannot_revive_it(trace in steps(200), until in any::<u64>()) {
        let mut world = World::new(TICK);
        for step in &trace {
            world.go(step, |_| ());
            for pause in world.pauses {
                let now = logic::grace_until(&pause, &P);
                for t in [now, now + 1, now + DAY, u64::MAX] {
                    prop_assert_eq!(logic::standing(&pause, &P, t), Standing::NORMAL);
                }
                for t in [pause.until, pause.until + 1] {
                    let refused = logic::extend(pause, &P, t, until, (COUNCIL, world.incident().1));
                    prop_assert_eq!(refused, Err(Error::NotPaused { until: pause.until, now: t }));
                    prop_assert!(logic::live_classes(&pause, &P, t).is_empty());
                }
            }
        }
    }

    #[test]
    fn pg_5_the_council_acts_only_in_the_incident_of_a_live_pause(
        trace in steps(200), id in 0..3u32, own in any::<bool>(), age in 0..1200u64, until in any::<u64>(),
    ) {
        let mut world = World::new(TICK);
        for step in &trace {
            world.go(step, |_| ());
            let pause = world.pauses[1];
            let opened_by = if own { COUNCIL } else { Address::ZERO };
            let given = (COUNCIL, Incident { id, opened_by, opened_at: world.now - age });
            let may = pause.is_live(world.now) && id == pause.incident && !own && age >= 600;
            let acts = [logic::extend(pause, &P, world.now, until, given), logic::unpause(pause, &P, world.now, given)];
            for (next, effect) in acts.into_iter().flatten() {
                prop_assert!(may || !effect.changed);
                prop_assert_eq!(Pause { until: pause.until, ..next }, pause);
                prop_assert_eq!(effect.bit, logic::bit_needed(&next, &P, world.now));
            }
        }
    }

    #[test]
    fn pg_6_no_pause_outlasts_the_longest_from_its_start(trace in steps(200)) {
        let mut world = World::new(TICK);
        for step in &trace {
            world.go(step, |_| ());
            for pause in world.pauses {
                prop_assert!(pause.until <= pause.start + P.pause_secs() && pause.until >= pause.start);
            }
        }
    }

    #[test]
    fn pg_7_a_guardian_pauses_a_scope_once_until_it_is_armed_again(trace in steps(300)) {
        let mut world = World::new(TICK);
        let mut used = [[0u32; 2]; 4];
        for step in &trace {
            let effect = world.go(step, |_| ());
            match (step, effect) {
                (Step::Pause { guardian, scope, .. }, Some(effect)) if effect.changed => used[*guardian][*scope] += 1,
                (Step::Arm { guardian, scope, .. }, _) => used[*guardian][*scope] = 0,
                _ => (),
            }
            prop_assert!(used.iter().flatten().all(|n| *n <= 1));
        }
    }

    #[test]
    fn pg_8_a_lapsed_or_resting_guardian_changes_nothing(
        trace in steps(200), guardian in 0..4usize, scope in 0..2usize, mask in 0..MASKS.len(), lapsed in any::<bool>(), by in 0..DAY,
    ) {
        let mut world = World::new(TICK);
        for step in &trace {
            world.go(step, |_| ());
        }
        world.grants[guardian][scope] = Grant { duration_secs: 3600, armed: true };
        if lapsed {
            world.watches[guardian].alive_until = world.now - by;
        } else {
            world.watches[guardian].rests_until = world.now + 1 + by;
        }
        let before = world.pauses;
        let changed = world.pause(guardian, scope, mask).map(|effect| effect.changed);
        prop_assert!(changed != Ok(true));
        prop_assert_eq!(before, world.pauses);
        if lapsed {
            let who = Address::repeat_byte(1);
            prop_assert!(logic::heartbeat(world.watches[guardian], &P, world.now, who).is_err());
        }
    }

    #[test]
    fn pg_9_the_bit_is_needed_exactly_while_something_is_or_will_be_in_force(trace in steps(200)) {
        let mut world = World::new(TICK);
        for step in &trace {
            let effect = world.go(step, |_| ());
            if let Some(effect) = effect {
                let scope = match step { Step::Pause { scope, .. } | Step::Extend { scope, .. } | Step::Unpause { scope } => *scope, _ => 0 };
                prop_assert_eq!(effect.bit, logic::bit_needed(&world.pauses[scope], &P, world.now));
            }
            for pause in world.pauses {
                let times = moments(&[pause], world.now);
                for t in &times {
                    let ahead = times.iter().any(|s| s >= t && logic::standing(&pause, &P, *s) != Standing::NORMAL);
                    prop_assert_eq!(logic::bit_needed(&pause, &P, *t), ahead);
                }
            }
        }
    }

    #[test]
    fn pg_10_grace_is_a_quarter_of_the_stop_of_inflow_or_what_was_owed(trace in steps(200)) {
        let mut world = World::new(TICK);
        let mut stopped = 0; // seconds of the current stop of Inflow of the market, counted
        let mut start = 0;
        for step in &trace {
            world.go(step, |w| {
                let inflow = logic::live_classes(&w.pauses[1], &P, w.now).has(Class::Inflow);
                if w.pauses[1].inflow_from != start {
                    (start, stopped) = (w.pauses[1].inflow_from, 0);
                }
                stopped += if inflow { TICK } else { 0 };
            });
            let pause = world.pauses[1];
            let over = !logic::live_classes(&pause, &P, world.now).has(Class::Inflow);
            if pause.has_inflow() && over && pause.inflow_from == start {
                let own = if stopped < MIN_PAUSE_SECS { 0 } else { (stopped / 4).min(MAX_GRACE_SECS) };
                prop_assert_eq!(logic::grace_secs(&pause, &P), own.max(pause.carried));
            }
            prop_assert!(logic::grace_secs(&pause, &P) <= MAX_GRACE_SECS);
        }
    }

    #[test]
    fn pg_11_paused_seconds_are_what_counting_gives(trace in steps(200)) {
        let mut world = World::new(TICK);
        let mut counted = 0;
        for step in &trace {
            let clocks = |p: &Pause, now| { let c = logic::live_classes(p, &P, now); c.has(Class::Reduce) || c.has(Class::Inflow) };
            world.go(step, |w| counted += if w.pauses.iter().any(|p| clocks(p, w.now)) { TICK } else { 0 });
            prop_assert_eq!(world.paused_seconds(), counted);
        }
    }

    #[test]
    fn pg_14_an_outage_counts_once(trace in steps(60), back in 1..300u64, length in 1..200u64) {
        let mut world = World::new(TICK);
        let mut paused = Vec::new();
        for step in &trace {
            let clocks = |p: &Pause, now| { let c = logic::live_classes(p, &P, now); c.has(Class::Reduce) || c.has(Class::Inflow) };
            world.go(step, |w| paused.push((w.now, w.pauses.iter().any(|p| clocks(p, w.now)))));
        }
        let start = world.now.saturating_sub(back * TICK).max(T);
        let outage = Interval { start, until: (start + length * TICK).min(world.now) };
        let [over, own] = &world.pauses;
        let settled = world.tallies[0].settled_at.max(world.tallies[1].settled_at);
        let out = |now: u64| now >= outage.start && now < outage.until;
        let count = |f: &dyn Fn(u64, bool) -> bool| TICK * paused.iter().filter(|(now, paused)| f(*now, *paused)).count() as u64;
        let before = world.paused_seconds();
        let tally = logic::absent((world.tallies[0], over), (world.tallies[1], own), &P, world.now, outage);
        let after = logic::paused_seconds((world.tallies[0], over), (tally, own), &P, world.now);
        prop_assert_eq!(after - before, count(&|now, paused| out(now) && now >= settled && !paused));
        prop_assert!(after <= count(&|now, paused| out(now) || paused));
        if settled <= outage.start {
            prop_assert_eq!(after, count(&|now, paused| out(now) || paused));
        }
        // Told again, it counts no more.
        let again = logic::absent((world.tallies[0], over), (tally, own), &P, world.now, outage);
        prop_assert_eq!(again, tally);
    }

    #[test]
    fn pg_12_an_order_sent_again_changes_nothing(trace in steps(200), guardian in 0..4usize, scope in 0..2usize, mask in 0..MASKS.len(), dt in 0..HOUR) {
        let mut world = World::new(TICK);
        for step in &trace {
            world.go(step, |_| ());
        }
        if world.pause(guardian, scope, mask).is_ok() {
            let before = (world.pauses, world.grants, world.watches);
            let live = world.pauses[scope].is_live(world.now + dt);
            let kept = logic::live_classes(&world.pauses[scope], &P, world.now) == logic::live_classes(&world.pauses[scope], &P, world.now + dt);
            world.now += dt;
            if live && kept && !world.grants[guardian][scope].armed {
                let again = world.pause(guardian, scope, mask);
                prop_assert!(again.is_ok() && !again.unwrap().changed);
                prop_assert_eq!(before, (world.pauses, world.grants, world.watches));
            }
        }
    }

    #[test]
    fn pg_13_every_reachable_state_survives_its_word(trace in steps(400)) {
        let mut world = World::new(TICK + 1);
        for step in &trace {
            world.go(step, |_| ());
            for pause in world.pauses {
                prop_assert_eq!(Pause::unpack(pause.pack().unwrap()), pause);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn pg_3_and_pg_11_hold_second_by_second(trace in steps(30_000)) {
        let mut world = World::new(1);
        let (mut trailing, mut counted) = (Trailing::new(1), 0);
        for step in &trace {
            world.go(step, |w| {
                let [protocol, market] = &w.pauses;
                trailing.push(logic::exits_stopped(protocol, market, &P, w.now));
                let stops = |p: &Pause| logic::clock_until(p, &P) > w.now;
                counted += u64::from(stops(protocol) || stops(market));
            });
            prop_assert_eq!(world.paused_seconds(), counted);
        }
        prop_assert!(trailing.most <= MAX_EXIT_SECS);
    }
}
