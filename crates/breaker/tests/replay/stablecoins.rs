//! Stablecoins that broke: one venue each, so only velocity and volatility speak (`sole`).

use super::run::{replay, setup, Feed, Story};
use super::series::{stablecoin, Latest};
use fusebox_breaker::types::Cause;
use fusebox_core::panel::Tier;

fn alone(name: &str, column: &str) -> Story {
    let series = stablecoin(name, column);
    let moments = (series[0].0..=series[series.len() - 1].0).step_by(60);
    let story = replay(&setup(&[]), moments, &mut [Feed::Written(Latest::of(series))]);
    story.print(&format!("{name} {column}"));
    story
}

#[test]
fn ob_12_the_end_of_ust_trips_once_it_falls_fast_and_closing_goes_on() {
    let story = alone("ust_terra", "UST/binance");
    assert_eq!(story.refused[1..], [0, 0], "nothing contradicts the only source: closing and liquidating go on");
    assert_eq!((story.worst(), story.strikes), (Tier::ReduceOnly, 1));
    assert!(story.stretches.iter().all(|stretch| stretch.why == Cause::Unconfirmed));
    let first = story.stretches[0];
    assert_eq!(
        first.from, 1_652_140_740,
        "9 May 2022, 23:59 UTC: down a quarter, most of it slower than the reference follows"
    );
    let clock = story.stretches.iter().map(|stretch| (stretch.tier, stretch.minutes()));
    let ends = [(Tier::ReduceOnly, 60), (Tier::Guarded, 72 * 60 - 60), (Tier::ReduceOnly, 60), (Tier::Guarded, 326)];
    assert!(
        clock.eq(ends),
        "without a second source there is no evidence: each lasts until its hard end, or the data's"
    );
}

#[test]
fn ob_12_the_stablecoins_of_march_2023_bend_without_a_trip() {
    for column in ["USDC/binance", "DAI/coinbase", "TUSD/binance", "USDP/binance"] {
        let story = alone("usdc_svb", column);
        assert_eq!((story.episodes(), &story.refused[1..]), (0, &[0, 0][..]), "{column}");
        assert!(story.refused[0] <= 1, "{column}: DAI touched the threshold of velocity for a minute");
    }
}

#[test]
fn ob_12_what_held_while_ust_fell_trips_nothing() {
    for column in ["USDC/binance", "TUSD/binance", "USDP/binance", "BUSD/binance", "DAI/coinbase", "USDT/coinbase"] {
        let story = alone("ust_terra", column);
        assert_eq!((story.episodes(), story.refused), (0, [0; 3]), "{column}");
    }
}
