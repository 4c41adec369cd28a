//! What is configured: thresholds, feeds, the sequencer's feed.

use crate::error::{Error, Field};
use alloy_primitives::Address;
use fusebox_core::time::{DAY, HOUR};

/// Feeds that a market can have.
pub const MAX_FEEDS: usize = 5;
/// Valid feeds from which on their median is a price that needs no anchor.
pub const QUORUM: u8 = 3;
/// The shortest window of a pool average, in seconds.
pub const MIN_POOL_WINDOW_SECS: u32 = 1_800;
/// Clean samples that one word holds.
pub const MAX_SAMPLES: usize = 10;
/// Seconds between two samples that count as two.
pub const SAMPLE_SECS: u64 = 60;
/// Seconds after which the first sample of a debounce counts no more.
pub const PENDING_SECS: u64 = 1_200;
/// Samples in a row in which a feed disagrees before it is routed around.
pub const QUARANTINE_SAMPLES: u8 = 10;
/// Seconds for which a feed is routed around without anybody asking for it.
pub const QUARANTINE_SECS: u64 = DAY;
/// Seconds for which Council may have a feed routed around, each time.
pub const MAX_QUARANTINE_SECS: u64 = 72 * HOUR;
/// Time constants of the two variances, in seconds.
pub const VARIANCE_SECS: [u64; 2] = [HOUR, DAY];
/// A maximum age that never ends, for a sequencer's feed without a heartbeat.
pub const NO_MAX_AGE: u32 = 0xff_ffff;
/// Gas for the sequencer's feed.
pub const SEQUENCER_GAS: u32 = 100_000;

/// The thresholds of one market; every bound is inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Divergence from which on the market is Guarded, in bps: 1..=`reduce_only_bps`, 0 if `divergence_off`.
    pub guarded_bps: u16,
    /// Divergence from which on it is ReduceOnly, in bps: `guarded_bps`..=`halted_bps`.
    pub reduce_only_bps: u16,
    /// Divergence from which on it is Halted at once, in bps: `reduce_only_bps`..=5,000.
    pub halted_bps: u16,
    /// Distance from the reference from which on the market is Guarded, in bps of the natural logarithm: 100..=5,000.
    pub velocity_log_bps: u16,
    /// The widest confidence interval of a price, in bps of it: 1..=1,000.
    pub max_confidence_bps: u16,
    /// Time constant of the reference, in seconds: 300..=14,400.
    pub tau_secs: u16,
    /// How far the reference moves at most, in bps a second: 1..=50.
    pub cap_bps_per_sec: u16,
    /// Seconds between the two samples that trip below `halted_bps`: 30..=600.
    pub debounce_secs: u16,
    /// How long Guarded lasts, in minutes: 1..=1,440.
    pub guarded_mins: u16,
    /// How long ReduceOnly lasts, in minutes: 1..=1,440.
    pub reduce_only_mins: u16,
    /// How long Halted lasts, in minutes: 1..=1,440.
    pub halted_mins: u16,
    /// After the end of a trip, the minutes in which another is a re-trip: 1..=1,440.
    pub window_mins: u16,
    /// When an episode or a latch is over whatever the evidence, in minutes: the tiers together..=4,320.
    pub hard_end_mins: u16,
    /// Clean samples that end Guarded and re-anchor the reference: 3..=10.
    pub clean_samples: u8,
    /// Seconds that they must span: 60 times their number..=7,200.
    pub clean_secs: u16,
    /// One valid feed is enough: the protocol has said so explicitly.
    pub sole: bool,
    /// Divergence is switched off: then, and only then, its three thresholds are 0 and the anchor needs no check.
    pub divergence_off: bool,
    /// Velocity is switched off: then, and only then, its threshold is 0.
    pub velocity_off: bool,
}

impl Params {
    /// The defaults of the README.
    pub const DEFAULT: Self = Self {
        guarded_bps: 500,
        reduce_only_bps: 1_000,
        halted_bps: 2_500,
        velocity_log_bps: 1_000,
        max_confidence_bps: 200,
        tau_secs: 1_800,
        cap_bps_per_sec: 2,
        debounce_secs: 60,
        guarded_mins: 10,
        reduce_only_mins: 60,
        halted_mins: 240,
        window_mins: 240,
        hard_end_mins: 4_320,
        clean_samples: 10,
        clean_secs: 600,
        sole: false,
        divergence_off: false,
        velocity_off: false,
    };

    /// Whether every field is within its bounds.
    ///
    /// Errors: [`Error::OutOfBounds`] with the first that is not.
    pub fn validate(&self) -> Result<(), Error> {
        // A threshold of zero would trip always or never, and has been deployed as "off" by mistake: off is a flag.
        let on = u16::from(!self.divergence_off);
        let velocity = u16::from(!self.velocity_off);
        let tiers = self.guarded_mins.saturating_add(self.reduce_only_mins).saturating_add(self.halted_mins);
        let spaced = u16::from(self.clean_samples).saturating_mul(60);
        let checks = [
            (Field::GuardedBps, self.guarded_bps, on, self.reduce_only_bps.saturating_mul(on)),
            (Field::ReduceOnlyBps, self.reduce_only_bps, on, self.halted_bps.saturating_mul(on)),
            (Field::HaltedBps, self.halted_bps, on, 5_000u16.saturating_mul(on)),
            (
                Field::VelocityLogBps,
                self.velocity_log_bps,
                100u16.saturating_mul(velocity),
                5_000u16.saturating_mul(velocity),
            ),
            (Field::MaxConfidenceBps, self.max_confidence_bps, 1, 1_000),
            (Field::TauSecs, self.tau_secs, 300, 14_400),
            (Field::CapBpsPerSec, self.cap_bps_per_sec, 1, 50),
            (Field::DebounceSecs, self.debounce_secs, 30, 600),
            (Field::GuardedMins, self.guarded_mins, 1, 1_440),
            (Field::ReduceOnlyMins, self.reduce_only_mins, 1, 1_440),
            (Field::HaltedMins, self.halted_mins, 1, 1_440),
            (Field::WindowMins, self.window_mins, 1, 1_440),
            (Field::HardEndMins, self.hard_end_mins, tiers, 4_320),
            (Field::CleanSamples, u16::from(self.clean_samples), 3, 10),
            (Field::CleanSecs, self.clean_secs, spaced, 7_200),
        ];
        for (field, value, min, max) in checks {
            within(field, u64::from(value), u64::from(min), u64::from(max))?;
        }
        Ok(())
    }
}

impl Default for Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What a feed is and how its answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// Chainlink's `AggregatorV3`; may lead.
    Aggregator {
        /// Decimals of its answer: 0..=18.
        decimals: u8,
    },
    /// The arithmetic mean of a pool's tick, as in Uniswap v3; lags by construction, so it only checks.
    PoolMean {
        /// Decimals of token 0: 0..=18.
        decimals0: u8,
        /// Decimals of token 1: 0..=18.
        decimals1: u8,
        /// The price is of token 1 in token 0, not of token 0 in token 1.
        inverted: bool,
        /// Seconds of the average: 1,800..=65,535.
        window_secs: u32,
    },
}

impl FeedKind {
    /// The number of the kind.
    pub const fn code(self) -> u8 {
        match self {
            Self::Aggregator { .. } => 1,
            Self::PoolMean { .. } => 2,
        }
    }
    /// Whether its price may be the price of the market while fewer than a quorum are valid.
    pub const fn leads(self) -> bool {
        matches!(self, Self::Aggregator { .. })
    }
}

/// One feed; feed 0 is the anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedConfig {
    /// The contract that answers.
    pub source: Address,
    /// How its answer is read.
    pub kind: FeedKind,
    /// The oldest answer that is a price, in seconds, inclusive: 60..=172,800.
    pub max_age_secs: u32,
    /// Gas that it gets: 20,000..=5,000,000.
    pub gas: u32,
}

impl FeedConfig {
    /// No feed.
    pub const NONE: Self =
        Self { source: Address::ZERO, kind: FeedKind::Aggregator { decimals: 0 }, max_age_secs: 0, gas: 0 };

    /// A Chainlink feed: its maximum age is its heartbeat and a quarter.
    ///
    /// Rounding: down.
    pub const fn aggregator(source: Address, decimals: u8, heartbeat_secs: u32) -> Self {
        let max_age_secs = heartbeat_secs.saturating_add(heartbeat_secs >> 2);
        Self { source, kind: FeedKind::Aggregator { decimals }, max_age_secs, gas: 100_000 }
    }
    /// The 30-minute mean of a pool.
    pub const fn pool(source: Address, decimals0: u8, decimals1: u8, inverted: bool) -> Self {
        let kind = FeedKind::PoolMean { decimals0, decimals1, inverted, window_secs: MIN_POOL_WINDOW_SECS };
        Self { source, kind, max_age_secs: 3_600, gas: 200_000 }
    }
    /// Whether every field is within its bounds.
    ///
    /// Errors: [`Error::ZeroFeed`], [`Error::OutOfBounds`].
    pub fn validate(&self, feed: u8) -> Result<(), Error> {
        if self.source.is_zero() {
            return Err(Error::ZeroFeed { feed });
        }
        let (first, second) = match self.kind {
            FeedKind::Aggregator { decimals } => (decimals, 0),
            FeedKind::PoolMean { decimals0, decimals1, window_secs, .. } => {
                within(Field::PoolWindow, u64::from(window_secs), u64::from(MIN_POOL_WINDOW_SECS), 65_535)?;
                (decimals0, decimals1)
            }
        };
        within(Field::FeedDecimals, u64::from(first.max(second)), 0, 18)?;
        within(Field::FeedMaxAge, u64::from(self.max_age_secs), 60, 172_800)?;
        within(Field::FeedGas, u64::from(self.gas), 20_000, 5_000_000)
    }
}

/// The L2 sequencer's uptime feed: one for all markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequencerConfig {
    /// The contract that answers.
    pub source: Address,
    /// Seconds after it is up again in which nothing is opened or liquidated: 300..=86,400.
    pub grace_secs: u32,
    /// The oldest answer that counts, in seconds: 3,600..=2,592,000, or [`NO_MAX_AGE`].
    pub max_age_secs: u32,
}

impl SequencerConfig {
    /// A grace of an hour and no heartbeat.
    pub const fn new(source: Address) -> Self {
        Self { source, grace_secs: 3_600, max_age_secs: NO_MAX_AGE }
    }
    /// Whether every field is within its bounds.
    ///
    /// Errors: [`Error::ZeroFeed`], [`Error::OutOfBounds`].
    pub fn validate(&self) -> Result<(), Error> {
        if self.source.is_zero() {
            return Err(Error::ZeroFeed { feed: u8::MAX });
        }
        within(Field::SequencerGrace, u64::from(self.grace_secs), 300, 86_400)?;
        if self.max_age_secs == NO_MAX_AGE {
            return Ok(());
        }
        within(Field::SequencerMaxAge, u64::from(self.max_age_secs), 3_600, 2_592_000)
    }
}

/// All that is configured for one market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The thresholds.
    pub params: Params,
    /// The feeds; from `count` on they are [`FeedConfig::NONE`].
    pub feeds: [FeedConfig; MAX_FEEDS],
    /// How many there are.
    pub count: u8,
    /// The sequencer's feed, if the chain has one.
    pub sequencer: Option<SequencerConfig>,
}

impl Setup {
    /// A configuration that is within all bounds.
    ///
    /// Errors: whatever [`Params::validate`], [`FeedConfig::validate`] and [`SequencerConfig::validate`] refuse,
    /// [`Error::RepeatedFeed`], [`Error::AnchorOnlyChecks`], [`Error::NoQuorum`] for a single feed without `sole`.
    pub fn new(params: &Params, feeds: &[FeedConfig], sequencer: Option<SequencerConfig>) -> Result<Self, Error> {
        params.validate()?;
        if let Some(sequencer) = sequencer {
            sequencer.validate()?;
        }
        let count = u8::try_from(feeds.len()).unwrap_or(u8::MAX);
        within(Field::FeedCount, u64::from(count), 1, 5)?;
        let mut setup = Self { params: *params, feeds: [FeedConfig::NONE; MAX_FEEDS], count, sequencer };
        for (index, (place, feed)) in (0u8..).zip(setup.feeds.iter_mut().zip(feeds)) {
            feed.validate(index)?;
            let before = feeds.iter().position(|earlier| earlier.source == feed.source);
            let first = before.and_then(|at| u8::try_from(at).ok()).unwrap_or(index);
            if first < index {
                return Err(Error::RepeatedFeed { feed: index, first });
            }
            *place = *feed;
        }
        match feeds.first() {
            Some(anchor) if !anchor.kind.leads() => Err(Error::AnchorOnlyChecks { kind: anchor.kind.code() }),
            _ if count < setup.needed() => Err(Error::NoQuorum { valid: count, needed: setup.needed() }),
            _ => Ok(setup),
        }
    }
    /// Valid feeds that an Increase needs.
    pub const fn needed(&self) -> u8 {
        if self.params.sole || self.params.divergence_off {
            1
        } else {
            2
        }
    }
}

fn within(field: Field, value: u64, min: u64, max: u64) -> Result<(), Error> {
    if value < min || value > max {
        return Err(Error::OutOfBounds { field, value, min, max });
    }
    Ok(())
}
