//! The incident record and its transitions' inputs.

use alloy_primitives::{Address, U256};
use fusebox_core::{
    pack::{field, field_u128, with_field, with_field_u128, FieldOverflow},
    panel::{Scope, Tier},
};

/// What opened an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// A guardian paused.
    Pause = 1,
    /// The breaker tripped.
    Breaker = 2,
    /// A limiter or a sentinel.
    Signal = 3,
}

impl Cause {
    /// Its number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Pause => 1,
            Self::Breaker => 2,
            Self::Signal => 3,
        }
    }
}

/// What Governance said of an incident afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Label {
    /// It was what it seemed.
    Confirmed = 1,
    /// A false positive.
    FalsePositive = 2,
}

impl Label {
    /// Its number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Confirmed => 1,
            Self::FalsePositive => 2,
        }
    }
    /// The label with that number.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Confirmed),
            2 => Some(Self::FalsePositive),
            _ => None,
        }
    }
}

/// One incident: three words.
///
/// Units: times in seconds, 0 where it has not happened; loss and cover in units of the collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Where: 0 is the protocol.
    pub scope: Scope,
    /// The highest tier it reached.
    pub tier: Tier,
    /// What opened it, by [`Cause::code`].
    pub cause: u8,
    /// What Governance said of it, by [`Label::code`]; 0 unsaid.
    pub label: u8,
    /// The first sign in the evidence.
    pub anomaly: u64,
    /// When it was recorded.
    pub detected: u64,
    /// When the cause stopped: the pause in force, or the first clean evidence after the trip.
    pub contained: u64,
    /// When the circuit was back to Normal by its clock.
    pub resolved: u64,
    /// When it ends by the clock alone, as far as is known now.
    pub ends: u64,
    /// Who opened it.
    pub opened_by: Address,
    /// What was lost.
    pub loss: u128,
    /// What of it was covered.
    pub cover: u128,
}

impl Incident {
    /// Whether it has been resolved.
    pub const fn is_resolved(&self) -> bool {
        self.resolved != 0
    }

    /// The record word: scope 32, tier 8, cause 8, label 8, anomaly 40, detected 40, contained 40, resolved 40, ends 40.
    ///
    /// Errors: a time past the year 36,000.
    pub fn record(&self) -> Result<U256, FieldOverflow> {
        let word = with_field(U256::ZERO, 0, 32, u64::from(self.scope.number()))?;
        let word = with_field(word, 32, 8, u64::from(self.tier.code()))?;
        let word = with_field(word, 40, 8, u64::from(self.cause))?;
        let word = with_field(word, 48, 8, u64::from(self.label))?;
        let word = with_field(word, 56, 40, self.anomaly)?;
        let word = with_field(word, 96, 40, self.detected)?;
        let word = with_field(word, 136, 40, self.contained)?;
        let word = with_field(word, 176, 40, self.resolved)?;
        with_field(word, 216, 40, self.ends)
    }

    /// The money word: loss 128, cover 128.
    pub fn money(&self) -> Result<U256, FieldOverflow> {
        with_field_u128(with_field_u128(U256::ZERO, 0, 128, self.loss)?, 128, 128, self.cover)
    }

    /// The incident of these words.
    pub fn unpack(record: U256, opened_by: U256, money: U256) -> Self {
        Self {
            scope: Scope::new(u32::try_from(field(record, 0, 32)).unwrap_or(0)),
            tier: Tier::from_code(byte(record, 32)).unwrap_or(Tier::Normal),
            cause: byte(record, 40),
            label: byte(record, 48),
            anomaly: field(record, 56, 40),
            detected: field(record, 96, 40),
            contained: field(record, 136, 40),
            resolved: field(record, 176, 40),
            ends: field(record, 216, 40),
            opened_by: Address::from_word(opened_by.to_be_bytes().into()),
            loss: field_u128(money, 0, 128),
            cover: field_u128(money, 128, 128),
        }
    }
}

fn byte(word: U256, offset: u32) -> u8 {
    u8::try_from(field(word, offset, 8)).unwrap_or(0)
}

/// What a source recorded about a scope, for the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What recorded it.
    pub cause: Cause,
    /// The tier now in force.
    pub tier: Tier,
    /// When the first sign of it was seen.
    pub anomaly: u64,
    /// When it ends by the clock alone.
    pub ends: u64,
    /// Whether the cause has stopped.
    pub contained: bool,
}

/// What the breaker remembers after a look at the feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The tier now in force.
    pub tier: Tier,
    /// When the first sign of it was seen.
    pub anomaly: u64,
    /// Whether the feeds are back within every threshold.
    pub contained: bool,
    /// The outage of the sequencer that has just been seen to be over, first second and end; empty if there was none.
    pub outage: (u64, u64),
    /// How many feeds were valid.
    pub feeds: u8,
}

/// The end of a signal that has none: Governance has wound the scope down. The last second but one that the journal
/// could write.
pub const WOUND_DOWN: u64 = (1 << 40) - 2;
/// The end of a signal that has none and no way back: the scope is being settled.
pub const SETTLING: u64 = (1 << 40) - 1;

/// What limiter trips and sentinels have said of a scope: it takes no new risk. Governance says it without an end, which
/// no other end is later than.
///
/// Units: seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signal {
    /// When it ends, [`WOUND_DOWN`] or [`SETTLING`]; 0 if there has never been one.
    pub until: u64,
    /// When the sentinels' week began in which they may stop the scope for a day; 0 for never.
    pub week: u64,
}

/// What Governance has decided about a scope: when it was wound down, and what the wind-down covers.
///
/// Units: seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// When it was wound down; 0 if it is not.
    pub since: u64,
    /// When the signal ends that was in force then: reopening does not shorten it.
    pub kept: u64,
}

/// What a note in the journal says to whoever pays for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The tier that is remembered now.
    pub tier: Tier,
    /// By how many tiers the market's incident has risen: what a bounty is paid for, once each.
    pub risen: u8,
}

/// What a check that passed says of the circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The tier it runs under: a protocol tightens its limits by it.
    pub tier: Tier,
    /// Liquidation only below half the maintenance margin.
    pub grace: bool,
}

impl Passed {
    /// Nothing in force.
    pub const NORMAL: Self = Self { tier: Tier::Normal, grace: false };
}

/// A price that may be used for what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// WAD.
    pub price: u128,
    /// The higher of what is remembered and what the price itself says.
    pub tier: Tier,
    /// Liquidation only below half the maintenance margin.
    pub grace: bool,
}
