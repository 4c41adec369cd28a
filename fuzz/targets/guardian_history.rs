//! A protocol and one of its markets through any history of guardians, Council and time: the budgets hold at every tick.
#![no_main]

use alloy_primitives::Address;
use arbitrary::Arbitrary;
use fusebox_core::panel::{Class, Classes, Standing};
use fusebox_guardian::logic;
use fusebox_guardian::types::{MAX_EXIT_SECS, WINDOW_SECS};
use fusebox_guardian::{Effect, Grant, Incident, Order, Params, Pause, Tally, Watch};
use libfuzzer_sys::fuzz_target;
use std::collections::VecDeque;

const P: Params = Params::DEFAULT;
const TICK: u64 = 600;
const START: u64 = 1_700_000_400; // a multiple of the tick
const COUNCIL: Address = Address::repeat_byte(0xcc);

/// Scope 0 is the protocol, 1 a market.
#[derive(Arbitrary, Debug)]
enum Step {
    Pause { guardian: u8, market: bool, mask: u8 },
    Arm { guardian: u8, market: bool, ticks: u16 },
    Extend { market: bool, ticks: u16 },
    Unpause { market: bool },
    Wait { ticks: u8 },
}

/// Seconds within a window in which something was stopped.
#[derive(Default)]
struct Trailing {
    ticks: VecDeque<bool>,
    sum: u64,
}

impl Trailing {
    fn push(&mut self, stopped: bool, what: &str) {
        self.ticks.push_back(stopped);
        self.sum += u64::from(stopped);
        if self.ticks.len() as u64 > WINDOW_SECS / TICK {
            self.sum -= u64::from(self.ticks.pop_front().unwrap());
        }
        assert!(self.sum * TICK <= MAX_EXIT_SECS, "{what}: {} s", self.sum * TICK);
    }
}

struct World {
    now: u64,
    pauses: [Pause; 2],
    tallies: [Tally; 2],
    grants: [[Grant; 2]; 4],
    watches: [Watch; 4],
    exits: [Trailing; 3],
    counted: u64,
}

impl World {
    fn new() -> Self {
        let watch = Watch { alive_until: u64::MAX, rests_until: 0, scopes: 2 };
        let grant = Grant { duration_secs: 86_400, armed: true };
        Self {
            now: START,
            pauses: Default::default(),
            tallies: Default::default(),
            grants: [[grant; 2]; 4],
            watches: [watch; 4],
            exits: Default::default(),
            counted: 0,
        }
    }

    /// Both tallies, before a word of either changes.
    fn settle(&mut self) {
        let [protocol, market] = self.pauses;
        self.tallies[1] = logic::settle(self.tallies[1], &protocol, &market, &P, self.now);
        self.tallies[0] = logic::settle(self.tallies[0], &Pause::default(), &protocol, &P, self.now);
    }

    fn incident(&self) -> (Address, Incident) {
        (COUNCIL, Incident { id: 1, opened_by: Address::ZERO, opened_at: self.now - 600 })
    }

    fn wait(&mut self) {
        let [protocol, market] = self.pauses;
        for (exits, pause) in self.exits.iter_mut().zip(&self.pauses) {
            let stopped = logic::standing(pause, &P, self.now).stopped;
            exits.push(!stopped.and(Classes::EXITS).is_empty(), "PG-2");
        }
        let together = logic::exits_stopped(&protocol, &market, &P, self.now);
        let said = logic::effective(&protocol, &market, &P, self.now).stopped.and(Classes::EXITS);
        assert_eq!(together, !said.is_empty(), "PG-3");
        self.exits[2].push(together, "PG-3");
        let clock = |pause: &Pause| {
            let live = logic::live_classes(pause, &P, self.now);
            live.has(Class::Reduce) || live.has(Class::Inflow)
        };
        self.counted += if clock(&protocol) || clock(&market) { TICK } else { 0 };
        self.now += TICK;
    }

    fn pause(&mut self, guardian: usize, scope: usize, mask: u8) -> Option<Effect> {
        let classes = logic::classes(mask & 31, &P).ok()?;
        let order = Order { by: Address::repeat_byte(guardian as u8 + 1), scope: scope as u32, classes, reason: 1 };
        let state = (self.pauses[scope], self.grants[guardian][scope]);
        let ((next, grant), effect) = logic::pause(state, self.watches[guardian], &P, self.now, order).ok()?;
        let next = logic::joined(next, &effect, 1);
        self.never_looser(&self.pauses[scope], &next);
        if effect.changed {
            self.settle();
        }
        (self.pauses[scope], self.grants[guardian][scope]) = (next, grant);
        self.watches[guardian] = logic::rested(self.watches[guardian], &P, effect.own_until);
        Some(effect)
    }

    fn never_looser(&self, old: &Pause, new: &Pause) {
        let ends = |p: &Pause| [logic::exit_until(p, &P), p.until, logic::grace_until(p, &P)];
        let times = ends(old).into_iter().chain(ends(new)).flat_map(|t| [t.saturating_sub(1), t, t + 1]);
        for t in times.chain([self.now]).filter(|t| *t >= self.now) {
            let (old, new) = (logic::standing(old, &P, t), logic::standing(new, &P, t));
            let shielded = !old.grace || new.grace || new.stopped.has(Class::Liquidate);
            assert!(old.stopped.without(new.stopped).is_empty() && shielded, "PG-1 at {t}");
        }
    }

    fn run(&mut self, step: &Step) {
        let done = match *step {
            Step::Wait { ticks } => {
                (0..ticks).for_each(|_| self.wait());
                None
            }
            Step::Pause { guardian, market, mask } => {
                let scope = usize::from(market);
                self.pause(usize::from(guardian % 4), scope, mask).map(|effect| (scope, effect))
            }
            Step::Arm { guardian, market, ticks } => {
                let (guardian, scope) = (usize::from(guardian % 4), usize::from(market));
                let state = (self.grants[guardian][scope], self.watches[guardian], self.tallies[scope]);
                let who = (Address::repeat_byte(guardian as u8 + 1), scope as u32);
                let secs = u32::from(ticks) * TICK as u32;
                if let Ok(((grant, watch, tally), _)) = logic::set_guardian(state, &P, self.now, who, secs) {
                    (self.grants[guardian][scope], self.watches[guardian], self.tallies[scope]) = (grant, watch, tally);
                }
                None
            }
            Step::Extend { market, ticks } => {
                let (scope, until) = (usize::from(market), self.now + u64::from(ticks) * TICK);
                let result = logic::extend(self.pauses[scope], &P, self.now, until, self.incident());
                self.council(scope, result.ok())
            }
            Step::Unpause { market } => {
                let scope = usize::from(market);
                let result = logic::unpause(self.pauses[scope], &P, self.now, self.incident());
                self.council(scope, result.ok())
            }
        };
        if let Some((scope, effect)) = done {
            assert_eq!(effect.bit, logic::bit_needed(&self.pauses[scope], &P, self.now), "PG-9");
        }
    }

    fn council(&mut self, scope: usize, result: Option<(Pause, Effect)>) -> Option<(usize, Effect)> {
        let (next, effect) = result?;
        self.settle();
        self.pauses[scope] = next;
        Some((scope, effect))
    }

    fn holds(&self) {
        for pause in &self.pauses {
            assert!(pause.until >= pause.start && pause.until <= pause.start + P.pause_secs(), "PG-6");
            let word = pause.pack().expect("every reachable state has a word");
            assert_eq!(Pause::unpack(word), *pause, "PG-13");
            let over = logic::grace_until(pause, &P);
            assert_eq!(logic::standing(pause, &P, over), Standing::NORMAL, "PG-4");
            assert!(!logic::bit_needed(pause, &P, over), "PG-9");
        }
        let [protocol, market] = &self.pauses;
        let paused = logic::paused_seconds((self.tallies[0], protocol), (self.tallies[1], market), &P, self.now);
        assert_eq!(paused, self.counted, "PG-11");
    }
}

fuzz_target!(|steps: Vec<Step>| {
    let mut world = World::new();
    for step in steps.iter().take(60) {
        world.run(step);
        world.holds();
    }
});
