//! A market's breaker through any history of prices, silence and Council: its invariants hold after every poke.
#![no_main]

use alloy_primitives::Address;
use arbitrary::Arbitrary;
use fusebox_breaker::error::Fault;
use fusebox_breaker::logic;
use fusebox_breaker::params::{MAX_FEEDS, QUORUM};
use fusebox_breaker::types::{Cause, Effect, MAX_PRICE};
use fusebox_breaker::{FeedConfig, Params, Reading, Sample, Sequencer, Setup, State};
use fusebox_core::panel::{Class, Tier};
use libfuzzer_sys::fuzz_target;

const START: u64 = 1_700_000_000;
const WAD: u128 = 1_000_000_000_000_000_000;

#[derive(Arbitrary, Debug)]
struct Step {
    /// Seconds since the last one; the largest few are days.
    wait: u16,
    /// 100 in units of 1/32,768 of it; 0 is no price, the largest the widest there is.
    prices: [u16; MAX_FEEDS],
    /// Bits: a feed that does not answer.
    mute: u8,
    /// Age of every sample.
    age: u8,
    /// What else happens.
    act: u8,
}

#[derive(Arbitrary, Debug)]
struct History {
    feeds: u8,
    flags: u8,
    steps: Vec<Step>,
}

fn setup(feeds: u8, flags: u8) -> Setup {
    let feeds: Vec<_> = (1..=1 + feeds % 5)
        .map(|n| match n {
            2 if flags & 1 == 1 => FeedConfig::pool(Address::repeat_byte(n), 6, 18, true),
            _ => FeedConfig::aggregator(Address::repeat_byte(n), 8, 3_600),
        })
        .collect();
    let mut params = Params { sole: feeds.len() == 1 || flags & 2 == 2, ..Params::DEFAULT };
    if flags & 4 == 4 {
        (params.divergence_off, params.guarded_bps, params.reduce_only_bps, params.halted_bps) = (true, 0, 0, 0);
    }
    if flags & 8 == 8 {
        (params.velocity_off, params.velocity_log_bps) = (true, 0);
    }
    Setup::new(&params, &feeds, None).unwrap()
}

fn reading(step: &Step, now: u64) -> Reading {
    let sample = |n: usize| {
        let price = match step.prices[n] {
            u16::MAX => MAX_PRICE,
            share => 100 * WAD * u128::from(share) / 32_768,
        };
        match step.mute >> n & 1 {
            1 => Sample::fault(Fault::Reverted),
            _ => Sample::new(price, now - u64::from(step.age)),
        }
    };
    Reading { samples: core::array::from_fn(sample), sequencer: Sequencer::Absent, mark: None }
}

fn holds(setup: &Setup, now: u64, before: &State, after: &State, reading: &Reading, effect: &Effect) {
    let ladder = &after.ladder;
    for end in [ladder.halted_until, ladder.reduce_only_until, ladder.guarded_until] {
        assert!(end <= ladder.hard_end, "OB-3");
    }
    assert_eq!(logic::tier(ladder, now + 72 * 3_600).tier, Tier::Normal, "OB-3");
    let (twice, again) = logic::poke(*after, setup, now, reading);
    assert_eq!((again.tripped, again.stepped, again.quarantined), (None, None, None), "OB-2");
    let lasting = |state: &State| (state.ladder, state.reference.price, state.variance, state.quarantine);
    assert_eq!(lasting(&twice), lasting(after), "OB-2");
    assert_eq!(logic::poke(twice, setup, now, reading).0, twice, "OB-2");
    assert_eq!(logic::quote(before, setup, now, reading), effect.quote, "OB-1");
    let refused = [Class::Reduce, Class::Liquidate, Class::Increase].map(|c| effect.quote.price_for(c).is_err());
    assert!(refused[0] <= refused[1] && refused[1] <= refused[2], "OB-7");
    for class in [Class::ExitUnpriced, Class::Inflow] {
        assert!(!effect.quote.standing().stopped.has(class) && !effect.after.stopped.has(class), "OB-7");
    }
    if let Some(trip) = effect.tripped {
        let mild = matches!(trip.cause, Cause::Velocity | Cause::Outlier);
        assert!(!mild || trip.tier <= Tier::Guarded.max(trip.previous), "OB-9");
        let halts = trip.tier == Tier::Halted && trip.previous < Tier::Halted;
        assert!(!halts || effect.quote.breach == Tier::Halted, "OB-9");
    }
    assert!(effect.after.tier <= effect.before.tier || effect.tripped.is_some(), "OB-17");
    assert!(effect.quarantined.is_none_or(|(feed, _)| feed > 0 && effect.quote.valid > QUORUM), "OB-15");
    assert_eq!(effect.bit_needed, logic::bit_needed(ladder, now));
    assert!(after.reference.price <= MAX_PRICE && ladder.strikes <= 3);
}

fuzz_target!(|history: History| {
    let setup = setup(history.feeds, history.flags);
    let (mut state, mut now, mut last) = (State::default(), START, Tier::Normal);
    for step in history.steps.iter().take(400) {
        now += match step.wait {
            wait @ 65_500.. => u64::from(wait - 65_499) * 7_200,
            wait => u64::from(wait % 4_096),
        };
        assert!(logic::tier(&state.ladder, now).tier <= last, "OB-3: silence never raises a tier");
        let reading = reading(step, now);
        let (next, effect) = logic::poke(state, &setup, now, &reading);
        holds(&setup, now, &state, &next, &reading, &effect);
        state = next;
        let feed = step.act >> 5;
        state = match step.act & 31 {
            1 => logic::watch::quarantine(state, &setup, now, feed, now + 3_600).unwrap_or(state),
            2 => logic::watch::release(state, &setup, feed).unwrap_or(state),
            _ => state,
        };
        last = logic::tier(&state.ladder, now).tier;
    }
});
