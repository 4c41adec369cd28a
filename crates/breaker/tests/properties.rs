//! One property per invariant.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)] // a panic here is a failed test

use alloy_primitives::{Address, U256};
use fusebox_breaker::error::Fault;
use fusebox_breaker::logic::curve;
use fusebox_breaker::params::{MAX_FEEDS, QUORUM};
use fusebox_breaker::types::{Cause, Effect, Ladder, Quarantine, Reference, Variance, MAX_PRICE};
use fusebox_breaker::{logic, storage, FeedConfig, Params, Reading, Sample, Sequencer, Setup, State};
use fusebox_core::bps::deviation_up;
use fusebox_core::panel::{Class, Tier};
use fusebox_core::Wad;
use proptest::prelude::*;

const WAD: u128 = 1_000_000_000_000_000_000;
const START: u64 = 1_700_000_000;

fn setup(feeds: u8, params: Params) -> Setup {
    let feeds: Vec<_> = (0..feeds).map(|n| FeedConfig::aggregator(Address::repeat_byte(n + 1), 8, 3_600)).collect();
    Setup::new(&Params { sole: feeds.len() == 1, ..params }, &feeds, None).unwrap()
}

fn reading(now: u64, prices: &[u128]) -> Reading {
    let mut samples = [Sample::fault(Fault::Reverted); MAX_FEEDS];
    for (place, price) in samples.iter_mut().zip(prices) {
        *place = if *price == 0 { Sample::fault(Fault::Reverted) } else { Sample::new(*price, now) };
    }
    Reading { samples, sequencer: Sequencer::Absent, mark: None }
}

/// A history: seconds to the next poke and the prices, a zero being a feed that fails.
type Step = (u64, [u128; 4]);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let dt = prop_oneof![Just(0u64), 1..120u64, 60..61u64, 600..4_000u64, Just(86_400u64)];
    let price = prop_oneof![8 => 95 * WAD..105 * WAD, 2 => 60 * WAD..140 * WAD, 1 => Just(0u128), 1 => 1..=MAX_PRICE];
    prop::collection::vec((dt, [price.clone(), price.clone(), price.clone(), price]), 1..60)
}

fn run(setup: &Setup, steps: &[Step], mut each: impl FnMut(u64, &State, &State, &Effect)) -> (State, u64) {
    let (mut state, mut now) = (State::default(), START);
    for (dt, prices) in steps {
        now += dt;
        let (next, effect) = logic::poke(state, setup, now, &reading(now, &prices[..usize::from(setup.count)]));
        each(now, &state, &next, &effect);
        state = next;
    }
    (state, now)
}

/// Recorded so that a velocity can be measured: an hour of quiet.
fn quiet(setup: &Setup, price: u128) -> (State, u64) {
    let steps = vec![(60, [price; 4]); 60];
    run(setup, &steps, |_, _, _, effect| assert_eq!(effect.tripped, None))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn ob_1_a_condition_refuses_again_although_nothing_was_recorded(bps in 500u128..20_000, feeds in 2u8..=2) {
        let setup = setup(feeds, Params::DEFAULT);
        let (state, now) = quiet(&setup, 100 * WAD);
        let doubt = reading(now + 1, &[100 * WAD, 100 * WAD * (10_000 + bps) / 10_000]);
        let first = logic::quote(&state, &setup, now + 1, &doubt);
        prop_assert!(first.price_for(Class::Increase).is_err());
        prop_assert_eq!(first, logic::quote(&state, &setup, now + 1, &doubt));
        prop_assert_eq!(logic::tier(&state.ladder, now + 1).tier, Tier::Normal);
    }

    #[test]
    fn ob_2_poking_again_in_the_same_second_moves_nothing(steps in steps(), feeds in 1u8..=4) {
        let setup = setup(feeds, Params::DEFAULT);
        let mut at = steps.iter();
        run(&setup, &steps, |now, _, once, _| {
            let last = reading(now, &at.next().unwrap().1[..usize::from(feeds)]);
            let (twice, effect) = logic::poke(*once, &setup, now, &last);
            assert_eq!((effect.tripped, effect.stepped, effect.quarantined), (None, None, None));
            let lasting = |state: &State| (state.ladder, state.reference.price, state.variance, state.quarantine);
            assert_eq!(lasting(once), lasting(&twice));
            assert_eq!(logic::poke(twice, &setup, now, &last).0, twice);
        });
    }

    #[test]
    fn ob_3_a_tier_falls_by_the_clock_alone_and_is_over_at_its_hard_end(steps in steps(), feeds in 1u8..=4) {
        let setup = setup(feeds, Params::DEFAULT);
        let (state, now) = run(&setup, &steps, |_, _, next, _| {
            let l = next.ladder;
            for end in [l.halted_until, l.reduce_only_until, l.guarded_until] {
                assert!(end <= l.hard_end);
            }
        });
        let mut last = logic::tier(&state.ladder, now);
        for _ in 0..5 {
            if last.tier == Tier::Normal { break; }
            let next = logic::tier(&state.ladder, last.until);
            prop_assert_eq!(logic::tier(&state.ladder, last.until - 1), last, "one second before its end");
            prop_assert!(next.tier < last.tier || next.until > last.until);
            prop_assert!(next.tier <= last.tier);
            last = next;
        }
        prop_assert_eq!(logic::tier(&state.ladder, now + 72 * 3_600).tier, Tier::Normal);
        prop_assert!(!logic::bit_needed(&state.ladder, now + 72 * 3_600));
    }

    #[test]
    fn ob_4_one_liar_among_three_takes_no_price_away(price in WAD..1_000_000 * WAD, lie in 1..=MAX_PRICE, at in 0usize..3) {
        let setup = setup(3, Params::DEFAULT);
        let mut prices = [price; 3];
        prices[at] = lie;
        let quote = logic::quote(&State::default(), &setup, START, &reading(START, &prices));
        prop_assert_eq!(quote.price, price);
        prop_assert!(quote.breach <= Tier::Guarded);
        prop_assert_eq!(quote.price_for(Class::Increase), Ok(price));
    }

    #[test]
    fn bps_is_core_s_deviation_in_half_the_width(price in 1..=MAX_PRICE, from in 1..=MAX_PRICE, near in 0u128..100, conf in any::<u64>()) {
        for from in [from, price.saturating_add(near), price.saturating_sub(near).max(1), 1, MAX_PRICE] {
            let wide = deviation_up(U256::from(price), U256::from(from), U256::from(conf)).unwrap();
            let narrow = curve::bps(price.abs_diff(from).saturating_sub(conf.into()), price.min(from));
            prop_assert_eq!(narrow, wide.0);
        }
        prop_assert_eq!(curve::bps(price, 0), u32::MAX);
    }

    #[test]
    fn share_is_core_s_share_in_half_the_width(value in any::<u128>(), weight in 0u64..=1_000_000_000_000_000_000) {
        let wide = Wad(U256::from(weight)).of_down(U256::from(value)).unwrap();
        prop_assert_eq!(U256::from(curve::share(value, weight)), wide);
    }

    #[test]
    fn ob_5_the_reference_walks_no_faster_than_its_cap(pushes in prop::collection::vec((0u64..90, 9_500u128..10_500), 1..80)) {
        let setup = setup(2, Params::DEFAULT);
        let (mut state, mut now) = quiet(&setup, 100 * WAD);
        for (dt, bps) in pushes {
            now += dt;
            let was = state.reference;
            let price = was.price * bps / 10_000;
            state = logic::poke(state, &setup, now, &reading(now, &[price, price])).0;
            if !state.reference.frozen && !was.frozen {
                let moved = state.reference.price.abs_diff(was.price);
                prop_assert!(moved <= was.price / 10_000 * 2 * u128::from(now - was.at) + 1);
            }
        }
    }

    #[test]
    fn ob_6_what_tripped_does_not_recover_on_that_feed_alone(minutes in 1u64..1_000, lie in 10_600u128..12_400) {
        let setup = setup(2, Params::DEFAULT);
        let (mut state, mut now) = quiet(&setup, 100 * WAD);
        for _ in 0..2 {
            now += 60;
            state = logic::poke(state, &setup, now, &reading(now, &[lie * WAD / 100, 100 * WAD])).0;
        }
        prop_assert!(logic::tier(&state.ladder, now).tier > Tier::Normal);
        for _ in 0..minutes {
            now += 60;
            state = logic::poke(state, &setup, now, &reading(now, &[lie * WAD / 100, 0])).0;
        }
        prop_assert!(!state.ladder.evidence);
        prop_assert!(logic::tier(&state.ladder, now).tier > Tier::Normal, "the tripped feed alone is no evidence");
    }

    #[test]
    fn ob_7_classes_are_stopped_in_order_and_exits_never_read_a_price(steps in steps(), feeds in 1u8..=4) {
        let setup = setup(feeds, Params::DEFAULT);
        run(&setup, &steps, |_, _, _, effect| {
            let refused = |class| effect.quote.price_for(class).is_err();
            assert!(!refused(Class::Reduce) || refused(Class::Liquidate));
            assert!(!refused(Class::Liquidate) || refused(Class::Increase));
            let stopped = effect.quote.standing().stopped;
            assert!(!stopped.has(Class::ExitUnpriced) && !stopped.has(Class::Inflow));
            assert!(!effect.after.stopped.has(Class::ExitUnpriced) && !effect.after.stopped.has(Class::Inflow));
        });
    }

    #[test]
    fn ob_9_a_confirmed_move_is_at_most_guarded_and_nothing_else_halts(steps in steps(), feeds in 1u8..=4) {
        let setup = setup(feeds, Params::DEFAULT);
        run(&setup, &steps, |_, _, _, effect| if let Some(trip) = effect.tripped {
            if matches!(trip.cause, Cause::Velocity | Cause::Outlier) { assert!(trip.tier <= Tier::Guarded.max(trip.previous)); }
            if trip.tier == Tier::Halted && trip.previous < Tier::Halted { assert_eq!(effect.quote.breach, Tier::Halted); }
        });
    }

    #[test]
    fn ob_10_the_mark_is_watched_and_decides_nothing(steps in steps(), mark in 1..=MAX_PRICE) {
        let setup = setup(2, Params::DEFAULT);
        let (state, now) = run(&setup, &steps, |_, _, _, _| {});
        let without = reading(now, &[100 * WAD, 101 * WAD]);
        let with = Reading { mark: Some(mark), ..without };
        let (mut a, mut b) = (logic::poke(state, &setup, now, &without), logic::poke(state, &setup, now, &with));
        (a.0.reference.mark_apart, b.0.reference.mark_apart) = (false, false);
        (b.1.quote.mark_bps, b.1.mark_apart) = (0, None);
        prop_assert_eq!(a, b);
    }

    #[test]
    fn ob_13_what_is_stored_is_what_is_loaded(times in any::<[u32; 9]>(), price in 0..=MAX_PRICE, small in any::<[u8; 5]>(), wide in any::<[u64; 2]>()) {
        let t = times.map(u64::from);
        let tier = |n: u8| Tier::from_code(n % 4).unwrap();
        let ladder = Ladder { halted_until: t[0], reduce_only_until: t[1], guarded_until: t[2], hard_end: t[3], anomaly: t[4], window_end: t[5],
            strikes: small[0] % 4, level: tier(small[1]), announced: tier(small[2]), cause: Cause::from_code(small[3] % 5), evidence: small[4] & 1 == 1 };
        prop_assert_eq!(storage::unpack_ladder(storage::pack_ladder(&ladder)), ladder);
        let reference = Reference { price, at: t[6], pending: tier(small[0]), pending_since: t[7], frozen: small[1] & 1 == 1,
            mark_apart: small[2] & 1 == 1, quarantined: small[3] % 32, clean: small[4] % 11, clean_since: t[8] };
        prop_assert_eq!(storage::unpack_reference(storage::pack_reference(&reference)), reference);
        let quarantine = Quarantine { until: [t[0], t[1], t[2], t[3], t[4]], disagreed: small.map(|n| n % 11) };
        prop_assert_eq!(storage::unpack_quarantine(storage::pack_quarantine(&quarantine)), quarantine);
        let variance = Variance { fast: wide[0], slow: wide[1], price, at: t[0] };
        let back = storage::unpack_variance(storage::pack_variance(&variance));
        prop_assert!(back.price <= price && price - back.price <= price >> 40);
        prop_assert_eq!(Variance { price, ..back }, variance);
        let [sample]: [u128; 1] = storage::unpack_samples(storage::pack_samples(&[price]));
        prop_assert!(sample <= price && price - sample <= price >> 17);
    }

    #[test]
    fn ob_14_any_second_and_any_sample_has_an_answer(
        times in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u128>(), any::<u128>(), any::<u128>()), 1..12), feeds in 1u8..=5,
    ) {
        let setup = setup(feeds, Params::DEFAULT);
        let mut state = State::default();
        for (now, updated_at, price, confidence, mark) in times {
            let sample = Sample { price, confidence, updated_at, fault: None };
            let reading = Reading { samples: [sample; MAX_FEEDS], sequencer: Sequencer::Up { since: updated_at }, mark: Some(mark) };
            let (next, effect) = logic::poke(state, &setup, now, &reading);
            prop_assert_eq!(effect.quote, logic::quote(&state, &setup, now, &reading));
            state = next;
            let _ = logic::sigma(&state.variance, u32::MAX);
        }
    }

    #[test]
    fn ob_17_a_tier_rises_only_with_a_trip_that_is_told(
        minutes in prop::collection::vec(prop_oneof![20 => Just(100 * WAD), 1 => 101 * WAD..120 * WAD], 50..400),
        feeds in 2u8..=3,
    ) {
        let told = |effect: &Effect| effect.after.tier <= effect.before.tier || effect.tripped.is_some();
        let opening = [vec![100 * WAD; 20], vec![106 * WAD; 2], minutes].concat();
        let steps: Vec<Step> = opening.iter().map(|price| (60, [100 * WAD, *price, *price, 0])).collect();
        let mut held = Tier::Normal;
        run(&setup(feeds, Params::DEFAULT), &steps, |_, _, _, effect| {
            assert!(told(effect) && (effect.after.tier <= held || effect.tripped.is_some()), "{effect:?}");
            held = effect.after.tier;
        });
    }

    #[test]
    fn ob_15_routing_around_spares_the_anchor_and_the_quorum(steps in prop::collection::vec((60u64..200, [90 * WAD..110 * WAD, 90 * WAD..110 * WAD, 99 * WAD..101 * WAD, 99 * WAD..101 * WAD]), 1..80)) {
        let setup = setup(4, Params::DEFAULT);
        run(&setup, &steps, |_, _, next, effect| {
            assert_eq!(next.reference.quarantined & 1, 0);
            assert!(4 - next.reference.quarantined.count_ones() >= u32::from(QUORUM));
            if let Some((feed, _)) = effect.quarantined { assert!(feed > 0); }
        });
    }
}

#[test]
fn ob_11_three_strikes_latch_guarded_for_72_hours_and_no_longer() {
    let setup = setup(2, Params::DEFAULT);
    let (mut state, mut now) = quiet(&setup, 100 * WAD);
    let mut price = 100 * WAD;
    let mut strikes = Vec::new();
    for strike in 1..=3 {
        price = price * 115 / 100; // a real move, confirmed by both
        let mut poke = |price: u128| {
            now += 60;
            let (next, effect) = logic::poke(state, &setup, now, &reading(now, &[price, price]));
            state = next;
            assert!(effect.after.tier <= Tier::Guarded);
            (effect, state.reference.price)
        };
        assert_eq!(poke(price).0.tripped, None, "one sample is not enough");
        strikes.push(poke(price).0.tripped.unwrap().strikes);
        if strike < 3 {
            let last = (0..15).map(|_| poke(price)).last().unwrap();
            assert_eq!(last.0.after.tier, Tier::Normal, "ten clean samples over ten minutes end it, strike {strike}");
            assert!(last.1.abs_diff(price) <= price >> 16, "anchored at the new price");
        }
    }
    assert_eq!(strikes, [1, 2, 3]);
    let latched = now;
    for _ in 0..600 {
        now += 60;
        state = logic::poke(state, &setup, now, &reading(now, &[price, price])).0;
        assert_eq!(logic::tier(&state.ladder, now).tier, Tier::Guarded, "evidence does not shorten a latch");
    }
    assert_eq!(logic::tier(&state.ladder, latched + 72 * 3_600 - 1).tier, Tier::Guarded);
    assert_eq!(logic::tier(&state.ladder, latched + 72 * 3_600).tier, Tier::Normal);
}
