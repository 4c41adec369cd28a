//! Boundaries: one below, at and above a threshold; one second before, at and after an end.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)] // a panic here is a failed test

use alloy_primitives::Address;
use fusebox_breaker::error::{Fault, Field};
use fusebox_breaker::params::MAX_FEEDS;
use fusebox_breaker::types::{Cause, Effect};
use fusebox_breaker::{logic, Error, FeedConfig, Params, Reading, Sample, Sequencer, Setup, State};
use fusebox_core::panel::{Class, Tier};

const WAD: u128 = 1_000_000_000_000_000_000;
const START: u64 = 1_700_000_000;

fn feed(n: u8) -> FeedConfig {
    FeedConfig::aggregator(Address::repeat_byte(n), 8, 3_600)
}

fn setup(count: u8, params: Params) -> Setup {
    let feeds: Vec<_> = (1..=count).map(feed).collect();
    Setup::new(&params, &feeds, None).unwrap()
}

fn reading(now: u64, prices: &[u128]) -> Reading {
    let mut samples = [Sample::fault(Fault::Reverted); MAX_FEEDS];
    samples.iter_mut().zip(prices).for_each(|(place, price)| *place = Sample::new(*price, now));
    Reading { samples, sequencer: Sequencer::Absent, mark: None }
}

fn poke(state: &mut State, setup: &Setup, now: u64, prices: &[u128]) -> Effect {
    let (next, effect) = logic::poke(*state, setup, now, &reading(now, prices));
    *state = next;
    effect
}

#[test]
fn each_threshold_is_inclusive() {
    let setup = setup(2, Params::DEFAULT);
    for (bps, tier) in [
        (499, Tier::Normal),
        (500, Tier::Guarded),
        (999, Tier::Guarded),
        (1_000, Tier::ReduceOnly),
        (2_499, Tier::ReduceOnly),
        (2_500, Tier::Halted),
    ] {
        let prices = [100 * WAD, 100 * WAD + WAD * bps / 100];
        let quote = logic::quote(&State::default(), &setup, START, &reading(START, &prices));
        assert_eq!((quote.deviation_bps, quote.breach), (bps as u32, tier));
        assert_eq!(quote.price_for(Class::Increase).is_ok(), tier == Tier::Normal);
        assert_eq!(quote.price_for(Class::Liquidate).is_ok(), tier < Tier::Halted);
        let swapped = logic::quote(&State::default(), &setup, START, &reading(START, &[prices[1], prices[0]]));
        assert_eq!(swapped.deviation_bps, quote.deviation_bps, "symmetric");
    }
}

#[test]
fn confidence_is_judged_first_and_taken_off_the_deviation() {
    let setup = setup(2, Params::DEFAULT);
    let mut at = reading(START, &[100 * WAD, 106 * WAD]);
    at.samples[0].confidence = 2 * WAD;
    let quote = logic::quote(&State::default(), &setup, START, &at);
    assert_eq!((quote.deviation_bps, quote.price_for(Class::Increase)), (400, Ok(100 * WAD)));
    at.samples[0].confidence += 1;
    at.samples[0].updated_at = 0; // stale too: confidence comes first
    let quote = logic::quote(&State::default(), &setup, START, &at);
    assert_eq!(quote.price_for(Class::Reduce), Err(Error::UncertainPrice { confidence_bps: 201, max_bps: 200 }));
}

#[test]
fn the_debounce_takes_two_samples_a_minute_apart_and_none_at_the_hard_threshold() {
    let setup = setup(2, Params::DEFAULT);
    for (second, tripped) in [(0, false), (59, false), (60, true), (1_200, true), (1_201, false)] {
        let mut state = State::default();
        assert_eq!(poke(&mut state, &setup, START, &[100 * WAD, 106 * WAD]).tripped, None);
        let effect = poke(&mut state, &setup, START + second, &[100 * WAD, 106 * WAD]);
        assert_eq!(effect.tripped.is_some(), tripped, "{second} s apart");
        if tripped {
            assert_eq!(effect.anomaly, START, "the first sample is the first anomaly");
        }
    }
    let mut state = State::default();
    assert_eq!(poke(&mut state, &setup, START, &[100 * WAD, 125 * WAD]).after.tier, Tier::Halted);
    let mut state = State::default();
    poke(&mut state, &setup, START, &[100 * WAD, 106 * WAD]);
    poke(&mut state, &setup, START + 30, &[100 * WAD, 100 * WAD]);
    assert_eq!(poke(&mut state, &setup, START + 60, &[100 * WAD, 106 * WAD]).tripped, None, "a clean sample between");
}

#[test]
fn a_trip_steps_down_by_time() {
    let setup = setup(2, Params::DEFAULT);
    let mut state = State::default();
    poke(&mut state, &setup, START, &[100 * WAD, 130 * WAD]);
    let (hour, tier) = (3_600, |t: u64| logic::tier(&state.ladder, START + t));
    for (second, expected, until) in [
        (0, Tier::Halted, 4 * hour),
        (4 * hour - 1, Tier::Halted, 4 * hour),
        (4 * hour, Tier::ReduceOnly, 5 * hour),
        (5 * hour - 1, Tier::ReduceOnly, 5 * hour),
        (5 * hour, Tier::Guarded, 5 * hour + 600),
        (5 * hour + 600, Tier::Guarded, 72 * hour), // no evidence
        (72 * hour - 1, Tier::Guarded, 72 * hour),
    ] {
        assert_eq!((tier(second).tier, tier(second).until), (expected, START + until), "at {second}");
    }
    assert_eq!(tier(72 * hour).tier, Tier::Normal);
}

#[test]
fn ob_17_a_lone_breach_after_the_recovery_revives_nothing() {
    let setup = setup(2, Params::DEFAULT);
    let (mut state, apart) = (State::default(), [100 * WAD, 106 * WAD]);
    poke(&mut state, &setup, START, &apart);
    assert!(poke(&mut state, &setup, START + 60, &apart).tripped.is_some());
    let (mut now, mut tier) = (START + 60, Tier::Guarded);
    while tier > Tier::Normal {
        now += 60;
        tier = poke(&mut state, &setup, now, &[100 * WAD; 2]).after.tier;
    }
    assert!(now < START + 1_200, "ten clean minutes");
    let lone = poke(&mut state, &setup, now + 60, &apart);
    assert_eq!(
        (lone.after.tier, lone.tripped, lone.bit_needed),
        (Tier::Normal, None, false),
        "a first sample is no trip"
    );
    assert!(poke(&mut state, &setup, now + 120, &apart).tripped.is_some(), "the second is");
}

#[test]
fn a_breach_that_lasts_is_no_strike_and_a_re_trip_escalates_but_never_to_halted() {
    let setup = setup(2, Params::DEFAULT);
    let (mut state, mut now, mut tiers) = (State::default(), START, Vec::new());
    for _ in 0..3 {
        for _ in 0..30 {
            now += 60;
            if let Some(trip) = poke(&mut state, &setup, now, &[100 * WAD, 112 * WAD]).tripped {
                tiers.push((trip.tier, trip.strikes));
            }
        }
        while logic::tier(&state.ladder, now).tier > Tier::Normal && !state.ladder.latched() {
            now += 60;
            poke(&mut state, &setup, now, &[100 * WAD, 100 * WAD]);
        }
    }
    assert_eq!(tiers, [(Tier::ReduceOnly, 1), (Tier::ReduceOnly, 2), (Tier::ReduceOnly, 3)]);
    let mut state = State::default();
    poke(&mut state, &setup, START, &[100 * WAD, 106 * WAD]);
    assert_eq!(poke(&mut state, &setup, START + 60, &[100 * WAD, 106 * WAD]).after.tier, Tier::Guarded);
    let mut now = START + 60;
    while logic::tier(&state.ladder, now).tier > Tier::Normal {
        now += 60;
        poke(&mut state, &setup, now, &[100 * WAD, 100 * WAD]);
    }
    poke(&mut state, &setup, now + 60, &[100 * WAD, 106 * WAD]);
    let again = poke(&mut state, &setup, now + 120, &[100 * WAD, 106 * WAD]).tripped.unwrap();
    assert_eq!((again.tier, again.strikes), (Tier::ReduceOnly, 2), "one above the last");
}

#[test]
fn a_single_source_that_jumps_is_not_confirmed() {
    let setup = setup(1, Params { sole: true, ..Params::DEFAULT });
    let (mut state, mut now) = (State::default(), START);
    for _ in 0..30 {
        now += 60;
        poke(&mut state, &setup, now, &[100 * WAD]);
    }
    now += 60;
    let first = poke(&mut state, &setup, now, &[111 * WAD]);
    assert!(matches!(first.quote.price_for(Class::Increase), Err(Error::PriceInDoubt { bound_bps: 1_000, .. })));
    assert_eq!(first.quote.price_for(Class::Liquidate), Ok(111 * WAD));
    let trip = poke(&mut state, &setup, now + 60, &[111 * WAD]).tripped.unwrap();
    assert_eq!((trip.tier, trip.cause), (Tier::ReduceOnly, Cause::Unconfirmed));
}

#[test]
fn a_day_without_a_poke_is_no_velocity() {
    let setup = setup(2, Params::DEFAULT);
    let (mut state, mut now) = (State::default(), START);
    for _ in 0..30 {
        now += 60;
        poke(&mut state, &setup, now, &[100 * WAD, 100 * WAD]);
    }
    assert!(state.reference.price > 0);
    let effect = poke(&mut state, &setup, now + 86_400, &[150 * WAD, 150 * WAD]);
    assert_eq!((effect.quote.velocity_log_bps, effect.quote.clean, effect.tripped), (0, true, None));
}

#[test]
fn off_is_a_flag_and_a_stale_feed_is_still_stale() {
    let zero = Params { guarded_bps: 0, ..Params::DEFAULT };
    let refused = Err(Error::OutOfBounds { field: Field::GuardedBps, value: 0, min: 1, max: 1_000 });
    assert_eq!(zero.validate(), refused);
    assert!(Params { velocity_log_bps: 0, ..Params::DEFAULT }.validate().is_err());
    let flags = Params { divergence_off: true, velocity_off: true, ..Params::DEFAULT };
    assert!(flags.validate().is_err(), "off with thresholds is a contradiction");
    let off = Params { guarded_bps: 0, reduce_only_bps: 0, halted_bps: 0, velocity_log_bps: 0, ..flags };
    let setup = setup(2, off);
    let mut at = reading(START, &[100 * WAD, 900 * WAD]);
    assert_eq!(logic::quote(&State::default(), &setup, START, &at).price_for(Class::Increase), Ok(100 * WAD));
    at.samples[0].updated_at = START - 4_501;
    let stale = Err(Error::StalePrice { age: 4_501, max: 4_500 });
    assert_eq!(logic::quote(&State::default(), &setup, START, &at).price_for(Class::Increase), stale);
}

#[test]
fn a_configuration_out_of_bounds_is_refused_with_value_and_bound() {
    let new = |feeds: &[FeedConfig]| Setup::new(&Params::DEFAULT, feeds, None).map(|_| ());
    assert_eq!(new(&[]), Err(Error::OutOfBounds { field: Field::FeedCount, value: 0, min: 1, max: 5 }));
    assert_eq!(new(&[feed(1)]), Err(Error::NoQuorum { valid: 1, needed: 2 }));
    assert_eq!(new(&[feed(1), feed(0)]), Err(Error::ZeroFeed { feed: 1 }));
    assert_eq!(new(&[feed(1), feed(2), feed(1)]), Err(Error::RepeatedFeed { feed: 2, first: 0 }));
    let pool = FeedConfig::pool(Address::repeat_byte(9), 6, 18, true);
    assert_eq!(new(&[pool, feed(1)]), Err(Error::AnchorOnlyChecks { kind: 2 }));
    let short = FeedConfig {
        kind: fusebox_breaker::FeedKind::PoolMean { decimals0: 6, decimals1: 18, inverted: true, window_secs: 1_799 },
        ..pool
    };
    assert_eq!(
        new(&[feed(1), short]),
        Err(Error::OutOfBounds { field: Field::PoolWindow, value: 1_799, min: 1_800, max: 65_535 })
    );
    let wide = FeedConfig::aggregator(Address::repeat_byte(1), 19, 3_600);
    assert_eq!(
        new(&[wide, feed(2)]),
        Err(Error::OutOfBounds { field: Field::FeedDecimals, value: 19, min: 0, max: 18 })
    );
}
