//! What the breaker refuses, with the offending value and the bound.

/// Why a feed's answer is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// The feed reverted or burned the gas it was given.
    Reverted = 1,
    /// The answer has another length or another shape than the feed's kind returns.
    Malformed = 2,
    /// The price is zero or negative.
    NotPositive = 3,
    /// The price does not fit the widest price there is.
    TooLarge = 4,
    /// The round was never updated.
    NeverUpdated = 5,
    /// The round is of a second that has not come yet.
    Future = 6,
    /// The answer was carried over from an earlier round.
    RoundUnfinished = 7,
    /// Older than the maximum age of the feed.
    Stale = 8,
    /// Its confidence interval is wider than the maximum.
    Uncertain = 9,
    /// Routed around.
    Quarantined = 10,
}

impl Fault {
    /// The number of the fault.
    #[allow(clippy::as_conversions)] // the discriminant of a field-less enum has no other form
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// A field of the configuration, as [`Error::OutOfBounds`] names it: its number is its place in the parameter table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)] // each is the field of `Params`, `FeedConfig` or `SequencerConfig` of the same name
pub enum Field {
    GuardedBps = 1,
    ReduceOnlyBps = 2,
    HaltedBps = 3,
    VelocityLogBps = 4,
    MaxConfidenceBps = 5,
    TauSecs = 6,
    CapBpsPerSec = 7,
    DebounceSecs = 8,
    GuardedMins = 9,
    ReduceOnlyMins = 10,
    HaltedMins = 11,
    WindowMins = 12,
    HardEndMins = 13,
    CleanSamples = 14,
    CleanSecs = 15,
    FeedMaxAge = 16,
    FeedGas = 17,
    FeedDecimals = 18,
    PoolWindow = 19,
    SequencerGrace = 20,
    SequencerMaxAge = 21,
    FeedCount = 22,
    QuarantineUntil = 23,
    FeedKind = 24,
}

/// Everything that the breaker refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The market has no feeds.
    NotConfigured {
        /// The market.
        market: u32,
    },
    /// The market has its feeds already.
    AlreadyConfigured {
        /// The market.
        market: u32,
    },
    /// A field of the configuration is outside its inclusive bounds.
    OutOfBounds {
        /// Which.
        field: Field,
        /// What was given.
        value: u64,
        /// The lowest that is accepted.
        min: u64,
        /// The highest that is accepted.
        max: u64,
    },
    /// A feed is the zero address.
    ZeroFeed {
        /// Its index.
        feed: u8,
    },
    /// Two feeds are the same contract: they could not check each other.
    RepeatedFeed {
        /// The later index.
        feed: u8,
        /// The earlier index.
        first: u8,
    },
    /// Feed 0 is of a kind that may only check.
    AnchorOnlyChecks {
        /// Its kind.
        kind: u8,
    },
    /// A feed reports other decimals than were configured.
    WrongDecimals {
        /// Its index.
        feed: u8,
        /// What the feed says.
        reported: u8,
        /// What was configured.
        configured: u8,
    },
    /// There is no such feed.
    UnknownFeed {
        /// The index.
        feed: u8,
        /// How many there are.
        count: u8,
    },
    /// Too little gas for a feed to answer: the whole call fails, since gas must never change a verdict.
    FeedGas {
        /// Gas left.
        left: u64,
        /// Gas needed before the call.
        needed: u64,
    },
    /// The price is older than the maximum age.
    StalePrice {
        /// Seconds since the update.
        age: u64,
        /// Seconds allowed, inclusive.
        max: u64,
    },
    /// The feed that leads gave no price.
    InvalidPrice {
        /// Its index.
        feed: u8,
        /// Why.
        fault: Fault,
    },
    /// The confidence interval is wider than the maximum.
    UncertainPrice {
        /// Its width.
        confidence_bps: u32,
        /// What is allowed, inclusive.
        max_bps: u32,
    },
    /// The sources disagree, or the only one has moved and nothing confirms it.
    PriceInDoubt {
        /// How far.
        deviation_bps: u32,
        /// From where on it is refused.
        bound_bps: u32,
    },
    /// Too few valid feeds.
    NoQuorum {
        /// Valid feeds.
        valid: u8,
        /// Feeds needed.
        needed: u8,
    },
    /// The sequencer is down, or was until less than the grace ago.
    SequencerDown {
        /// Since when it is down, or up again.
        since: u64,
        /// The end of the grace; 0 while it is down.
        until: u64,
    },
    /// The sequencer's feed does not answer.
    SequencerUnknown {
        /// Why.
        fault: Fault,
    },
    /// The class never reads a price, so there is nothing to ask for.
    NotQuoted {
        /// The class.
        class: u8,
    },
}

impl Field {
    /// The number of the field.
    #[allow(clippy::as_conversions)] // the discriminant of a field-less enum has no other form
    pub const fn code(self) -> u8 {
        self as u8
    }
}
