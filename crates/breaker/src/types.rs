//! What the breaker reads, remembers and says.

use crate::error::{Error, Fault};
use crate::params::{MAX_FEEDS, MAX_SAMPLES};
use fusebox_core::panel::{Class, Classes, Standing, Tier};

/// The widest price: what 112 bits hold, 5.19e15 in units of 1e-18.
pub const MAX_PRICE: u128 = (1 << 112) - 1;

/// What one feed said, by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The price, WAD; 0 with a fault.
    pub price: u128,
    /// Half the width of its confidence interval, WAD; 0 where the feed states none.
    pub confidence: u128,
    /// The second it is of.
    pub updated_at: u64,
    /// Why it is no price.
    pub fault: Option<Fault>,
}

impl Sample {
    /// A price.
    pub const fn new(price: u128, updated_at: u64) -> Self {
        Self { price, confidence: 0, updated_at, fault: None }
    }
    /// No price.
    pub const fn fault(fault: Fault) -> Self {
        Self { price: 0, confidence: 0, updated_at: 0, fault: Some(fault) }
    }
}

/// What the sequencer's feed said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequencer {
    /// The chain has none.
    Absent,
    /// It is up.
    Up {
        /// The second since when.
        since: u64,
    },
    /// It is down.
    Down {
        /// The second since when.
        since: u64,
    },
    /// The feed does not answer.
    Unknown {
        /// Why.
        fault: Fault,
    },
}

/// A span in which the sequencer was down: it counts as paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Its first second.
    pub from: u64,
    /// The second in which it was over.
    pub until: u64,
}

/// All that was read in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// One sample a feed, in the order of the configuration.
    pub samples: [Sample; MAX_FEEDS],
    /// The sequencer.
    pub sequencer: Sequencer,
    /// The protocol's own mark, WAD: watched, never believed.
    pub mark: Option<u128>,
}

/// What tripped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// Nothing.
    #[default]
    None = 0,
    /// The feeds disagree, and no majority of them is close together.
    Divergence = 1,
    /// The price left its reference, and independent feeds confirm it.
    Velocity = 2,
    /// The only source left the reference, and nothing confirms it.
    Unconfirmed = 3,
    /// One feed disagrees with a majority that is close together.
    Outlier = 4,
}

impl Cause {
    /// The number of the cause.
    pub const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Divergence => 1,
            Self::Velocity => 2,
            Self::Unconfirmed => 3,
            Self::Outlier => 4,
        }
    }
    /// The cause with that number.
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Divergence,
            2 => Self::Velocity,
            3 => Self::Unconfirmed,
            4 => Self::Outlier,
            _ => Self::None,
        }
    }
}

/// The remembered trip: the one word that a check reads when the market's breaker bit is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ladder {
    /// End of Halted, in seconds, exclusive as every end.
    pub halted_until: u64,
    /// End of ReduceOnly.
    pub reduce_only_until: u64,
    /// End of Guarded, and of the clock's part.
    pub guarded_until: u64,
    /// When Guarded ends even without evidence.
    pub hard_end: u64,
    /// The second of the first sample that led to this episode.
    pub anomaly: u64,
    /// When the next trip is a first one again.
    pub window_end: u64,
    /// Trips inside the window so far: 0..=3, and 3 is a latch.
    pub strikes: u8,
    /// The highest tier of this episode.
    pub level: Tier,
    /// The tier that the last event told of.
    pub announced: Tier,
    /// What tripped.
    pub cause: Cause,
    /// Enough clean samples since the last breach.
    pub evidence: bool,
}

/// The reference and what is on its way: the word that every quote reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// The reference, WAD; 0 while there is none.
    pub price: u128,
    /// The second of the last clean sample that moved it, or that was collected for the next one.
    pub at: u64,
    /// The tier that the first sample of a debounce asked for.
    pub pending: Tier,
    /// The second of that sample.
    pub pending_since: u64,
    /// A trip is remembered, or not yet cleared away: the reference stands still.
    pub frozen: bool,
    /// The protocol's own mark is away from the price.
    pub mark_apart: bool,
    /// Feeds that are routed around, one bit each.
    pub quarantined: u8,
    /// Clean samples collected for the next reference: 0..=10.
    pub clean: u8,
    /// The second of the first of them.
    pub clean_since: u64,
}

/// Two variances of the logarithmic return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variance {
    /// Over an hour, WAD a second.
    pub fast: u64,
    /// Over a day, WAD a second.
    pub slow: u64,
    /// The price of the last sample, WAD, to 41 significant bits.
    pub price: u128,
    /// The second of the last sample.
    pub at: u64,
}

/// Who is routed around, and who is about to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quarantine {
    /// When each feed counts again.
    pub until: [u64; MAX_FEEDS],
    /// Samples in a row in which it disagreed.
    pub disagreed: [u8; MAX_FEEDS],
}

/// All that is remembered of one market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The trip.
    pub ladder: Ladder,
    /// The reference.
    pub reference: Reference,
    /// The volatility.
    pub variance: Variance,
    /// Clean samples, newest first, WAD to 18 significant bits.
    pub samples: [u128; MAX_SAMPLES],
    /// The feeds that are routed around.
    pub quarantine: Quarantine,
}

/// What a transaction may do with the price of this second; a view, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The price, WAD; 0 if there is none to believe.
    pub price: u128,
    /// The second of the oldest feed that it rests on; of the anchor while fewer than a quorum are valid.
    pub updated_at: u64,
    /// Valid feeds.
    pub valid: u8,
    /// How far the feeds are apart, in bps: with two, from each other; with more, within which a majority agrees with the
    /// median.
    pub deviation_bps: u32,
    /// The largest deviation of a single feed from the price, in bps.
    pub outlier_bps: u32,
    /// The distance from the reference, in bps of the natural logarithm; 0 while there is no reference.
    pub velocity_log_bps: u32,
    /// The distance of the protocol's own mark from the price, in bps: to be watched only.
    pub mark_bps: u32,
    /// The tier that the thresholds ask for.
    pub breach: Tier,
    /// The threshold that asks for it.
    pub cause: Cause,
    /// Fresh, undisputed, within every threshold.
    pub clean: bool,
    /// More than one feed says so.
    pub independent: bool,
    /// Why each feed is not valid.
    pub faults: [Option<Fault>; MAX_FEEDS],
    /// Deviation of each valid feed from the price, in bps.
    pub deviations: [u32; MAX_FEEDS],
    /// Why Increase, Liquidate and Reduce are refused, in this order.
    pub refused: [Option<Error>; 3],
}

impl Quote {
    /// The price for an action of that class.
    ///
    /// Units: WAD.
    /// Errors: why the class is refused; [`Error::NotQuoted`] for a class that never reads a price.
    #[inline]
    pub fn price_for(&self, class: Class) -> Result<u128, Error> {
        match self.refused.get(usize::from(class.code())) {
            Some(None) => Ok(self.price),
            Some(Some(error)) => Err(*error),
            None => Err(Error::NotQuoted { class: class.code() }),
        }
    }
    /// What the conditions of this second impose; `until` is 0, since no clock ends a condition.
    pub fn standing(&self) -> Standing {
        let mut stopped = Classes::NONE;
        let mut tier = self.breach;
        for (refused, class, least) in [
            (self.refused[0], Class::Increase, Tier::ReduceOnly),
            (self.refused[1], Class::Liquidate, Tier::Normal), // the sequencer stops it in any tier
            (self.refused[2], Class::Reduce, Tier::Halted),
        ] {
            if refused.is_some() {
                stopped = stopped.or(Classes::of(class));
                tier = tier.max(least);
            }
        }
        Standing { tier, stopped, grace: false, until: 0 }
    }
}

/// A tier that rose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    /// The tier now.
    pub tier: Tier,
    /// The tier before.
    pub previous: Tier,
    /// What tripped.
    pub cause: Cause,
    /// How far: bps of deviation, or of the logarithm for a velocity.
    pub deviation_bps: u32,
    /// When that tier ends by the clock.
    pub until: u64,
    /// Trips inside the window, this one included; 3 is a latch.
    pub strikes: u8,
}

/// What a poke changed, beside the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The quote of this second, which saw the state before.
    pub quote: Quote,
    /// What was remembered before.
    pub before: Standing,
    /// What is remembered now.
    pub after: Standing,
    /// The tier rose, or a new episode began.
    pub tripped: Option<Trip>,
    /// The tier fell since the last event: from, to.
    pub stepped: Option<(Tier, Tier)>,
    /// The reference was set anew, WAD.
    pub anchored: Option<u128>,
    /// A feed that kept disagreeing is routed around until then.
    pub quarantined: Option<(u8, u64)>,
    /// Feeds that count again, one bit each.
    pub released: u8,
    /// The mark left the price, or came back.
    pub mark_apart: Option<bool>,
    /// The second of the first sample that led to the episode that is remembered; 0 if none ever was.
    pub anomaly: u64,
    /// An outage of the sequencer that nobody had seen before.
    pub outage: Option<Outage>,
    /// Whether the market's breaker bit must be set now.
    pub bit_needed: bool,
}
