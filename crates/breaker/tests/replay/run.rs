//! Series in, stretches of tiers out.

use super::series::Latest;
use alloy_primitives::Address;
use fusebox_breaker::logic;
use fusebox_breaker::params::MAX_FEEDS;
use fusebox_breaker::types::{Cause, Variance};
use fusebox_breaker::{FeedConfig, Params, Reading, Sample, Sequencer, Setup, State};
use fusebox_core::panel::{Class, Tier};

/// A stretch in which the breaker remembers a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The tier.
    pub tier: Tier,
    /// The first second that it was seen in.
    pub from: u64,
    /// The first second that it was no longer seen in.
    pub until: u64,
    /// What tripped.
    pub why: Cause,
}

impl Stretch {
    /// How long.
    pub fn minutes(&self) -> u64 {
        (self.until - self.from) / 60
    }
}

/// What a replay showed.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The tiers above Normal, in order.
    pub stretches: Vec<Stretch>,
    /// The most strikes that were ever counted; 3 is a latch.
    pub strikes: u8,
    /// Pokes.
    pub minutes: u64,
    /// Pokes in which Increase, Liquidate, Reduce were refused by a condition.
    pub refused: [u64; 3],
    /// The largest deviation of the feeds, in bps.
    pub deviation_bps: u32,
    /// The largest distance from the reference, in bps of the logarithm.
    pub velocity_log_bps: u32,
    /// The largest standard deviation over an hour, in bps.
    pub sigma_bps: u128,
}

impl Story {
    /// Minutes at that tier.
    pub fn at(&self, tier: Tier) -> u64 {
        self.stretches.iter().filter(|stretch| stretch.tier == tier).map(Stretch::minutes).sum()
    }
    /// The highest tier.
    pub fn worst(&self) -> Tier {
        self.stretches.iter().map(|stretch| stretch.tier).max().unwrap_or(Tier::Normal)
    }
    /// How often the market left Normal.
    pub fn episodes(&self) -> usize {
        let joined = self.stretches.windows(2).filter(|pair| pair[0].until == pair[1].from).count();
        self.stretches.len() - joined
    }
    /// The line of the README's table.
    pub fn print(&self, name: &str) {
        println!(
            "{name}: {} pokes, {} episodes, worst {:?}, minutes Guarded {} ReduceOnly {} Halted {}, refused {:?}, strikes {}, \
             deviation {} bps, velocity {} bps, sigma {} bps",
            self.minutes,
            self.episodes(),
            self.worst(),
            self.at(Tier::Guarded),
            self.at(Tier::ReduceOnly),
            self.at(Tier::Halted),
            self.refused,
            self.strikes,
            self.deviation_bps,
            self.velocity_log_bps,
            self.sigma_bps,
        );
        self.stretches.iter().for_each(|stretch| println!("  {stretch:?}, {} min", stretch.minutes()));
    }
}

/// A poke a moment over what the feeds said by then.
///
/// The first feed is the anchor; a moment is a second, and never goes back.
pub fn replay(setup: &Setup, moments: impl Iterator<Item = u64>, feeds: &mut [Feed]) -> Story {
    let (mut state, mut story) = (State::default(), Story::default());
    let (mut current, mut wildest): (Option<Stretch>, _) = (None, Variance::default());
    for now in moments {
        let mut reading = Reading { samples: [Sample::new(0, 0); MAX_FEEDS], sequencer: Sequencer::Absent, mark: None };
        reading.samples.iter_mut().zip(feeds.iter_mut()).for_each(|(place, feed)| *place = feed.at(now));
        let (next, effect) = logic::poke(state, setup, now, &reading);
        state = next;
        let tier = effect.after.tier;
        if let Some(stretch) = current.as_mut().filter(|stretch| stretch.tier == tier) {
            stretch.until = now + 60;
        } else {
            let next =
                (tier > Tier::Normal).then_some(Stretch { tier, from: now, until: now + 60, why: state.ladder.cause });
            story.stretches.extend(core::mem::replace(&mut current, next));
        }
        story.minutes += 1;
        for (count, class) in story.refused.iter_mut().zip([Class::Increase, Class::Liquidate, Class::Reduce]) {
            *count += u64::from(effect.quote.price_for(class).is_err());
        }
        story.strikes = story.strikes.max(state.ladder.strikes);
        story.deviation_bps = story.deviation_bps.max(effect.quote.deviation_bps);
        story.velocity_log_bps = story.velocity_log_bps.max(effect.quote.velocity_log_bps);
        wildest.fast = wildest.fast.max(state.variance.fast);
        wildest.slow = wildest.slow.max(state.variance.slow);
    }
    story.sigma_bps = logic::sigma(&wildest, 3_600) / 100_000_000_000_000;
    story.stretches.extend(current);
    story
}

/// What a feed answers.
pub enum Feed {
    /// What was last written, with the second of it.
    Written(Latest),
    /// What is true now, as a pool extrapolates its last tick.
    Live(Latest),
    /// What was true a minute ago, with the second of it.
    Lagged(Latest),
}

impl Feed {
    fn at(&mut self, now: u64) -> Sample {
        let ((second, price), live) = match self {
            Self::Written(series) => (series.at(now), false),
            Self::Live(series) => (series.at(now), true),
            Self::Lagged(series) => (series.at(now - 60), false),
        };
        Sample::new(price, if live { now } else { second })
    }
}

/// The defaults with an aggregator of one hour's heartbeat, and the kinds of the others.
pub fn setup(checks: &[Check]) -> Setup {
    let mut feeds = vec![FeedConfig::aggregator(Address::repeat_byte(1), 8, 3_600)];
    for (at, check) in (2u8..).zip(checks) {
        feeds.push(match check {
            Check::Aggregator => FeedConfig::aggregator(Address::repeat_byte(at), 8, 3_600),
            Check::Pool => FeedConfig::pool(Address::repeat_byte(at), 6, 18, true),
        });
    }
    Setup::new(&Params { sole: checks.is_empty(), ..Params::DEFAULT }, &feeds, None).unwrap()
}

/// What checks an anchor.
pub enum Check {
    /// Another aggregator.
    Aggregator,
    /// The mean of a pool.
    Pool,
}
