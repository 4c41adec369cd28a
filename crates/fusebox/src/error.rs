//! Why the panel refuses.

use alloy_primitives::Address;
use fusebox_core::panel::{Class, Scope};

/// What a check says no with: small, so that an entry which only checks carries no other module's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The class is stopped there.
    Stopped {
        /// Where it was asked for.
        scope: Scope,
        /// The class.
        class: Class,
        /// The panel bits that stop it, of the protocol and of the market together.
        sources: u8,
        /// When that ends by the clock alone; `u64::MAX` if no source that is known set the bit.
        until: u64,
    },
    /// The scope is being settled: what is due there is claimed, and nothing else happens there any more.
    Settling {
        /// Where it was asked for.
        scope: Scope,
        /// The class.
        class: Class,
    },
    /// A market that was never listed.
    UnknownMarket {
        /// What was asked for.
        market: u32,
        /// How many there are.
        listed: u32,
    },
    /// No more markets can be listed.
    TooManyMarkets {
        /// How many there are.
        listed: u32,
        /// The bound.
        max: u32,
    },
}

/// Why there is no price for an action: the panel, or the price itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceError {
    /// From the panel.
    Refused(Refusal),
    /// From the breaker.
    Breaker(fusebox_breaker::error::Error),
}

/// Why Council may not act in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouncilError {
    /// The caller is not Council.
    Authority(fusebox_authority::error::Error),
    /// No incident is open there by the clock.
    NoIncident {
        /// The scope.
        scope: Scope,
    },
    /// The caller opened it.
    OwnIncident {
        /// Who.
        who: Address,
        /// Its number.
        incident: u32,
    },
    /// It is too young.
    IncidentTooYoung {
        /// Its age in seconds.
        age: u64,
        /// The bound.
        bound: u64,
    },
}

impl From<fusebox_authority::error::Error> for CouncilError {
    fn from(error: fusebox_authority::error::Error) -> Self {
        Self::Authority(error)
    }
}

/// Why a decision of Governance about a scope is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionError {
    /// From the panel: a scope that was never listed.
    Refused(Refusal),
    /// It is being settled: there is no way back.
    Final,
    /// It is not wound down.
    NotWoundDown,
    /// It has not been wound down for long enough.
    TooEarly {
        /// The clock, in seconds.
        now: u64,
        /// When it may be settled, in seconds.
        from: u64,
    },
    /// A time that does not fit its field.
    Field(fusebox_core::pack::FieldOverflow),
}

impl From<Refusal> for DecisionError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
impl From<fusebox_core::pack::FieldOverflow> for DecisionError {
    fn from(error: fusebox_core::pack::FieldOverflow) -> Self {
        Self::Field(error)
    }
}

/// A refusal; it carries no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// From the panel.
    Refused(Refusal),
    /// No incident with that number.
    UnknownIncident {
        /// What was asked for.
        id: u32,
        /// How many there are.
        count: u32,
    },
    /// A label that is neither confirmed nor false positive.
    UnknownLabel {
        /// What was given.
        label: u8,
        /// The largest.
        max: u8,
    },
    /// A cover above its loss.
    CoverAboveLoss {
        /// The cover.
        cover: u128,
        /// The loss.
        loss: u128,
    },
    /// A loss or cover past 128 bits.
    LossOverflow {
        /// The loss to add.
        loss: u128,
        /// The cover to add.
        cover: u128,
    },
    /// Council may not act: there is no open incident at the scope.
    NoIncident {
        /// The scope.
        scope: Scope,
    },
    /// Sentinels have stopped the scope for as long as they may in a week.
    SignalSpent {
        /// The seconds asked for.
        secs: u32,
        /// When they may again, in seconds.
        again: u64,
    },
    /// A number that does not fit its field.
    Field(fusebox_core::pack::FieldOverflow),
    /// From roles.
    Authority(fusebox_authority::error::Error),
    /// From the guardian.
    Guardian(fusebox_guardian::error::Error),
    /// From the breaker.
    Breaker(fusebox_breaker::error::Error),
    /// An address of zero where one is needed.
    ZeroAddress {
        /// Which argument, from 0.
        argument: u8,
        /// What was given.
        value: Address,
    },
}

impl From<fusebox_core::pack::FieldOverflow> for Error {
    fn from(error: fusebox_core::pack::FieldOverflow) -> Self {
        Self::Field(error)
    }
}
impl From<fusebox_authority::error::Error> for Error {
    fn from(error: fusebox_authority::error::Error) -> Self {
        Self::Authority(error)
    }
}
impl From<fusebox_guardian::error::Error> for Error {
    fn from(error: fusebox_guardian::error::Error) -> Self {
        Self::Guardian(error)
    }
}
impl From<fusebox_breaker::error::Error> for Error {
    fn from(error: fusebox_breaker::error::Error) -> Self {
        Self::Breaker(error)
    }
}
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
impl From<PriceError> for Error {
    fn from(error: PriceError) -> Self {
        match error {
            PriceError::Refused(refusal) => Self::Refused(refusal),
            PriceError::Breaker(error) => Self::Breaker(error),
        }
    }
}
impl From<Refusal> for PriceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
impl From<fusebox_breaker::error::Error> for PriceError {
    fn from(error: fusebox_breaker::error::Error) -> Self {
        Self::Breaker(error)
    }
}
