//! BTC through four crises: the market moves and nobody lies, so closing and liquidating go on.
//!
//! One venue, seen three ways: its minute, the minute before, the mean of half an hour.

use super::run::{replay, setup, Check, Feed, Story};
use super::series::{closes, means, Latest};
use fusebox_core::panel::Tier;

const CRISES: [&str; 4] = ["terra_luna_2022", "celsius_3ac_2022", "ftx_2022", "usdc_svb_2023"];

/// The minute as the anchor, checked by the mean and, as a third feed, by the minute before.
fn crisis(name: &str, lagged: bool) -> Story {
    let closes = closes(&format!("{name}_btcusdt"));
    let mean = means(&closes);
    let moments: Vec<u64> = mean.iter().map(|(now, _)| *now).collect();
    let mut feeds = vec![Feed::Written(Latest::of(closes.clone())), Feed::Live(Latest::of(mean))];
    let mut checks = vec![Check::Pool];
    if lagged {
        feeds.push(Feed::Lagged(Latest::of(closes)));
        checks.push(Check::Aggregator);
    }
    let story = replay(&setup(&checks), moments.into_iter(), &mut feeds);
    story.print(&format!("BTC, {name}, {} feeds", feeds.len()));
    story
}

#[test]
fn ob_12_four_crises_of_bitcoin_never_halt_and_never_latch_with_two_feeds() {
    for name in CRISES {
        let story = crisis(name, false);
        assert_eq!(story.refused[1..], [0, 0], "{name}: liquidating and closing go on");
        assert!(story.worst() <= Tier::Guarded && story.strikes <= 1, "{name}");
        assert!(story.refused[0] <= 5, "{name}: only while the mean lags five percent");
        assert!(story.episodes() <= 1 && story.at(Tier::Guarded) <= 15, "{name}");
    }
}

#[test]
fn ob_12_four_crises_of_bitcoin_refuse_nothing_with_three_feeds() {
    for name in CRISES {
        let story = crisis(name, true);
        assert_eq!(story.refused, [0; 3], "{name}: two of three agree, so the one that lags takes nothing away");
        assert!(story.worst() <= Tier::Guarded && story.strikes <= 1, "{name}");
        assert!(story.episodes() <= 1 && story.at(Tier::Guarded) <= 15, "{name}");
    }
}
