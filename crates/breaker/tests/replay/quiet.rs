//! Weeks in which nothing should trip, and nothing does.

use super::run::{replay, setup, Check, Feed};
use super::series::{closes, means, stablecoin, Latest, Series};

/// Alone, and against its own 30-minute mean: no episode and no refusal either way.
fn stays_quiet(name: &str, series: &Series) {
    let mean = means(series);
    let moments: Vec<u64> = mean.iter().map(|(now, _)| *now).collect();
    let written = || Feed::Written(Latest::of(series.clone()));
    let alone = replay(&setup(&[]), moments.iter().copied(), &mut [written()]);
    let checked = replay(&setup(&[Check::Pool]), moments.into_iter(), &mut [written(), Feed::Live(Latest::of(mean))]);
    for story in [alone, checked] {
        story.print(name);
        assert_eq!((story.episodes(), story.refused), (0, [0; 3]), "{name}");
        assert!(story.velocity_log_bps > 0 && story.velocity_log_bps < 500, "{name}: far from the threshold");
    }
}

#[test]
fn ob_12_quiet_weeks_of_busd_trip_nothing() {
    for name in ["busd_2023_busdusdt", "ftx_2022_busdusdt"] {
        stays_quiet(name, &closes(name));
    }
}

#[test]
fn ob_12_stablecoins_that_held_trip_nothing() {
    for column in ["BUSD/binance", "DAI/coinbase", "USDT/coinbase"] {
        for name in ["busd_winddown", "dai_ftx"] {
            stays_quiet(&format!("{name} {column}"), &stablecoin(name, column));
        }
    }
}
