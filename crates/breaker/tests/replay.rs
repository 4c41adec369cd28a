//! The defaults on real prices: ETH through the crash of 17 August 2023, and ten months of its anchor alone.
//!
//! Data: see the licence lines beside the files; Chainlink rounds are an on-chain record, the pool's minutes are from
//! zelos-alpha/demeter (MIT).
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)] // a panic here is a failed test

use alloy_primitives::Address;
use fusebox_breaker::logic;
use fusebox_breaker::params::MAX_FEEDS;
use fusebox_breaker::types::Cause;
use fusebox_breaker::{Error, FeedConfig, Params, Reading, Sample, Sequencer, Setup, State};
use fusebox_core::panel::{Class, Tier};
use std::path::Path;

const WAD: f64 = 1e18;

fn rows(name: &str) -> Vec<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/drill/data/eth-2023");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// Second and price of each round.
fn rounds() -> Vec<(u64, u128)> {
    let rows = rows("chainlink_eth_usd_rounds.csv");
    rows.iter().map(|row| (row[2].parse().unwrap(), row[3].parse::<u128>().unwrap() * 10_000_000_000)).collect()
}

fn minutes() -> Vec<(u64, f64)> {
    rows("uniswap_v3_polygon_weth_usdc_1m.csv")
        .iter()
        .map(|row| (row[0].parse().unwrap(), row[1].parse().unwrap()))
        .collect()
}

/// The geometric mean of the last half hour: what a mean tick is.
fn means(minutes: &[(u64, f64)]) -> Vec<(u64, u128)> {
    let last = |window: &[(u64, f64)]| window.last().unwrap().0;
    let mean = |window: &[(u64, f64)]| (window[..30].iter().map(|(_, price)| price.ln()).sum::<f64>() / 30.0).exp();
    minutes.windows(31).map(|window| (last(window), (mean(window) * WAD) as u128)).collect()
}

fn setup(count: usize, sole: bool) -> Setup {
    let feed = |n: u8| FeedConfig::aggregator(Address::repeat_byte(n), 8, 3_600);
    let feeds = [feed(1), FeedConfig::pool(Address::repeat_byte(2), 6, 18, true)];
    Setup::new(&Params { sole, ..Params::DEFAULT }, &feeds[..count], None).unwrap()
}

fn reading(samples: &[Sample]) -> Reading {
    let mut all = [Sample::new(0, 0); MAX_FEEDS];
    all[..samples.len()].copy_from_slice(samples);
    Reading { samples: all, sequencer: Sequencer::Absent, mark: None }
}

/// The last round at or before each moment.
struct Anchor(Vec<(u64, u128)>, usize);

impl Anchor {
    fn at(&mut self, now: u64) -> Sample {
        while self.1 + 1 < self.0.len() && self.0[self.1 + 1].0 <= now {
            self.1 += 1;
        }
        Sample::new(self.0[self.1].1, self.0[self.1].0)
    }
}

#[test]
fn ob_12_the_crash_of_august_2023_guards_and_does_not_latch() {
    let (mut anchor, setup) = (Anchor(rounds(), 0), setup(2, false));
    let (mut state, mut tiers, mut refused, mut worst, mut last) =
        (State::default(), Vec::new(), Vec::new(), 0, Tier::Normal);
    let mut latched = false;
    for (now, mean) in means(&minutes()) {
        let (next, effect) = logic::poke(state, &setup, now, &reading(&[anchor.at(now), Sample::new(mean, now)]));
        state = next;
        worst = worst.max(effect.quote.deviation_bps);
        latched |= state.ladder.latched();
        if effect.quote.price_for(Class::Increase).is_err() {
            refused.push(now);
        }
        assert!(
            effect.quote.price_for(Class::Liquidate).is_ok(),
            "a market that cannot liquidate in a crash has bad debt"
        );
        if effect.after.tier != last {
            println!("{now} {:?} -> {:?} {:?}", last, effect.after.tier, effect.tripped);
            tiers.push((now, effect.after.tier));
            last = effect.after.tier;
        }
    }
    println!("worst {worst} bps, Increase refused in {} minutes: {refused:?}", refused.len());
    println!("sigma over an hour {:.4}", logic::sigma(&state.variance, 3_600) as f64 / WAD);
    assert!(!latched, "an ordinary crash must not latch");
    assert!(
        tiers.iter().all(|(_, tier)| *tier <= Tier::Guarded),
        "nothing here shows that the price is not believable"
    );
    assert_eq!(tiers.len(), 2, "one trip, one return");
    assert_eq!(refused.len(), 5, "the minutes in which the mean lags five percent");
    assert!(tiers[1].0 - tiers[0].0 < 3_600, "back within the hour");
}

#[test]
fn ob_12_quiet_days_before_the_crash_trip_nothing() {
    let (mut anchor, setup) = (Anchor(rounds(), 0), setup(2, false));
    let mut state = State::default();
    for (now, mean) in means(&minutes()).into_iter().take_while(|(now, _)| *now < 1_692_306_000) {
        let (next, effect) = logic::poke(state, &setup, now, &reading(&[anchor.at(now), Sample::new(mean, now)]));
        assert_eq!((effect.after.tier, effect.tripped), (Tier::Normal, None), "at {now}");
        state = next;
    }
    assert!(state.reference.price > 0);
}

#[test]
fn ob_12_ten_months_of_the_anchor_alone_stay_quiet_and_never_latch() {
    let (rounds, setup) = (rounds(), setup(1, true));
    let (first, last) = (rounds[0].0, rounds[rounds.len() - 1].0);
    let (mut anchor, mut state, mut trips, mut stale) = (Anchor(rounds, 0), State::default(), Vec::new(), 0u32);
    for now in (first..last).step_by(60) {
        let (next, effect) = logic::poke(state, &setup, now, &reading(&[anchor.at(now)]));
        stale += u32::from(matches!(effect.quote.price_for(Class::Reduce), Err(Error::StalePrice { .. })));
        assert!(!next.ladder.latched(), "at {now}");
        if let Some(trip) = effect.tripped {
            assert_eq!(trip.cause, Cause::Unconfirmed);
            trips.push((now, trip));
        }
        state = next;
    }
    println!("{trips:?}, stale minutes {stale}");
    assert_eq!(stale, 0, "the longest gap, 3,720 s, is within the heartbeat and a quarter");
    assert!(trips.len() <= 1, "{trips:?}");
}
