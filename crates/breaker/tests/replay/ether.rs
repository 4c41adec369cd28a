//! ETH: the crash of 17 August 2023 with two sources, and ten months of its anchor.

use super::run::{replay, setup, Check, Feed, Story};
use super::series::{means, pool, rounds, Latest};
use fusebox_breaker::types::Cause;
use fusebox_core::panel::Tier;

/// Chainlink's rounds against the 30-minute mean of the pool, a poke a minute while `until` is not reached.
fn two_sources(until: u64) -> Story {
    let mean = means(&pool());
    let moments: Vec<u64> = mean.iter().map(|(now, _)| *now).take_while(|now| *now < until).collect();
    let mut feeds = [Feed::Written(Latest::of(rounds())), Feed::Live(Latest::of(mean))];
    replay(&setup(&[Check::Pool]), moments.into_iter(), &mut feeds)
}

#[test]
fn ob_12_the_crash_of_august_2023_guards_and_does_not_latch() {
    let story = two_sources(u64::MAX);
    story.print("ETH, 13-17 August 2023");
    let [increase, liquidate, reduce] = story.refused;
    assert_eq!((liquidate, reduce), (0, 0), "a market that cannot liquidate in a crash has bad debt");
    assert_eq!(increase, 5, "the minutes in which the mean lags five percent");
    assert_eq!((story.strikes, story.stretches.len()), (1, 1), "one trip, one return, no latch");
    let stretch = story.stretches[0];
    assert_eq!((stretch.tier, stretch.why), (Tier::Guarded, Cause::Divergence));
    assert!(stretch.minutes() < 60, "back within the hour");
}

#[test]
fn ob_12_quiet_days_before_the_crash_trip_nothing() {
    let story = two_sources(1_692_306_000);
    story.print("ETH, 13-17 August 2023, before the crash");
    assert_eq!((story.episodes(), story.refused), (0, [0; 3]));
    assert!(story.velocity_log_bps > 0, "there is a reference");
}

#[test]
fn ob_12_ten_months_of_the_anchor_alone_stay_quiet_and_never_latch() {
    let rounds = rounds();
    let moments = (rounds[0].0..rounds[rounds.len() - 1].0).step_by(60);
    let story = replay(&setup(&[]), moments, &mut [Feed::Written(Latest::of(rounds))]);
    story.print("ETH/USD of Chainlink alone, April 2023 to January 2024");
    assert_eq!(story.refused, [0; 3], "the longest gap, 3,720 s, is within the heartbeat and a quarter");
    assert_eq!(story.episodes(), 0);
}

#[test]
fn ob_12_ten_months_against_the_anchor_s_own_mean_guard_three_times_for_minutes() {
    let (rounds, mut written) = (rounds(), Latest::of(rounds()));
    let every: Vec<u64> = (rounds[0].0..rounds[rounds.len() - 1].0).step_by(60).collect();
    let minutes: Vec<_> = every.iter().map(|now| (*now, written.at(*now).1)).collect();
    let mut feeds = [Feed::Written(Latest::of(rounds)), Feed::Live(Latest::of(means(&minutes)))];
    let story = replay(&setup(&[Check::Pool]), every.into_iter().skip(30), &mut feeds);
    story.print("ETH/USD of Chainlink against its own mean, April 2023 to January 2024");
    assert!(story.episodes() <= 3 && story.worst() <= Tier::Guarded && story.strikes <= 1);
    assert!(story.stretches.iter().all(|stretch| stretch.minutes() <= 15) && story.refused[0] <= 13);
    assert_eq!(story.refused[1..], [0, 0]);
}
