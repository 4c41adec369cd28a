//! What is fixed when a protocol is built, and what Governance sets for a bucket; both validated when they are made.

use crate::error::Error;
use fusebox_core::time::{DAY, HOUR};

/// The largest amount and the largest capacity, in token units: 95 bits.
pub const MAX_AMOUNT: u128 = u128::MAX >> 33;
/// The longest window, in minutes.
pub const MAX_WINDOW_MINS: u16 = 14 * 24 * 60;
/// The whole, in basis points.
pub const FULL_BPS: u16 = 10_000;
/// No overlay of a Steward lasts longer than this.
pub const MAX_OVERLAY_SECS: u64 = 72 * HOUR;
/// No incident holds a capacity down for longer than this at a time: the longest pause and its grace, and less than a day more.
pub const MAX_TIGHT_SECS: u64 = 15 * DAY;
/// Steps in which a capacity comes back after an incident.
pub const RAMP_STEPS: u64 = 16;
/// No signal of a trip lasts longer than this.
pub const MAX_TRIP_SECS: u64 = 24 * HOUR;
/// Tickets in one batch of claims: what the report's bitmap holds.
pub const MAX_BATCH: usize = 64;

/// Constants of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    credit_bps: u16,
    max_delay_secs: u64,
    small_bps: u16,
    hold_secs: u64,
    overlay_floor_bps: u16,
    average_secs: u64,
    tight_bps: u16,
    ramp_secs: u64,
}

impl Params {
    /// The defaults of the design.
    pub const DEFAULT: Self = Self {
        credit_bps: 5_000,
        max_delay_secs: 72 * HOUR,
        small_bps: 10,
        hold_secs: 72 * HOUR,
        overlay_floor_bps: 1_000,
        average_secs: DAY,
        tight_bps: 5_000,
        ramp_secs: DAY,
    };

    /// Checks every bound, inclusive.
    ///
    /// Errors: [`Error::Parameter`].
    pub const fn new(
        credit_bps: u16,
        max_delay_secs: u64,
        small_bps: u16,
        hold_secs: u64,
        overlay_floor_bps: u16,
        average_secs: u64,
    ) -> Result<Self, Error> {
        let a = within(0, credit_bps, 0, FULL_BPS);
        let b = within_secs(1, max_delay_secs, HOUR, 72 * HOUR);
        let c = within(2, small_bps, 0, 100);
        let d = within_secs(3, hold_secs, HOUR, 72 * HOUR);
        let e = within(4, overlay_floor_bps, 100, FULL_BPS);
        let f = within_secs(5, average_secs, HOUR, 7 * DAY);
        if let Err(error) = first(first(first(a, b), first(c, d)), first(e, f)) {
            return Err(error);
        }
        let Self { tight_bps, ramp_secs, .. } = Self::DEFAULT;
        Ok(Self {
            credit_bps,
            max_delay_secs,
            small_bps,
            hold_secs,
            overlay_floor_bps,
            average_secs,
            tight_bps,
            ramp_secs,
        })
    }

    /// The same with another share in an incident and another ramp after it; checks every bound, inclusive.
    ///
    /// Units: basis points of the capacity; seconds.
    /// Errors: [`Error::Parameter`].
    pub const fn with_ramp(self, tight_bps: u16, ramp_secs: u64) -> Result<Self, Error> {
        let a = within(9, tight_bps, 1_000, FULL_BPS);
        if let Err(error) = first(a, within_secs(10, ramp_secs, HOUR, 7 * DAY)) {
            return Err(error);
        }
        Ok(Self { tight_bps, ramp_secs, ..self })
    }

    /// `e`: inflow credit that outlasts its own second, in basis points of the capacity.
    pub const fn credit_bps(&self) -> u16 {
        self.credit_bps
    }
    /// The longest wait of a ticket, in seconds.
    pub const fn max_delay_secs(&self) -> u64 {
        self.max_delay_secs
    }
    /// The largest amount of the small lane, in basis points of the main lane's capacity; 0 closes the lane.
    pub const fn small_bps(&self) -> u16 {
        self.small_bps
    }
    /// The longest hold of a ticket, in seconds.
    pub const fn hold_secs(&self) -> u64 {
        self.hold_secs
    }
    /// The least share of the capacity that an overlay leaves, in basis points.
    pub const fn overlay_floor_bps(&self) -> u16 {
        self.overlay_floor_bps
    }
    /// The time constant of the liquidity's average, in seconds.
    pub const fn average_secs(&self) -> u64 {
        self.average_secs
    }
    /// What an incident leaves of the capacity, in basis points.
    pub const fn tight_bps(&self) -> u16 {
        self.tight_bps
    }
    /// How long a capacity takes to come back after an incident, in seconds.
    pub const fn ramp_secs(&self) -> u64 {
        self.ramp_secs
    }
    /// One of [`RAMP_STEPS`] of the ramp, in seconds.
    ///
    /// Rounding: down; at least 225 s by the bounds.
    pub const fn ramp_step_secs(&self) -> u64 {
        self.ramp_secs.wrapping_div(RAMP_STEPS)
    }
}

/// What happens to a request that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// It fails with what is available and when the rest will be.
    #[default]
    Refuse,
    /// It becomes a ticket: delayed, not lost.
    Ticket,
    /// Nothing moves and a signal is due.
    Trip,
}

impl Policy {
    /// The number of the policy.
    pub const fn code(self) -> u8 {
        match self {
            Self::Refuse => 0,
            Self::Ticket => 1,
            Self::Trip => 2,
        }
    }
    /// The policy with that number.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Refuse),
            1 => Some(Self::Ticket),
            2 => Some(Self::Trip),
            _ => None,
        }
    }
}

/// What Governance sets for one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    floor: u128,
    cap_bps: u16,
    window_mins: u16,
    small_share_bps: u16,
    policy: Policy,
}

impl Config {
    /// The defaults of the design over an absolute floor: 10 % in 24 h, tickets, a tenth of it for the small lane.
    ///
    /// Errors: [`Error::Parameter`].
    pub const fn standard(floor: u128) -> Result<Self, Error> {
        Self::new(floor, 1_000, 24 * 60, 1_000, Policy::Ticket)
    }

    /// Checks every bound, inclusive.
    ///
    /// Units: `floor` in token units, `cap_bps` of the base, `small_share_bps` of the capacity.
    /// Errors: [`Error::Parameter`].
    pub const fn new(
        floor: u128,
        cap_bps: u16,
        window_mins: u16,
        small_share_bps: u16,
        policy: Policy,
    ) -> Result<Self, Error> {
        let a = match floor {
            0 => Err(Error::Floor { value: floor, bound: 1 }),
            1..=MAX_AMOUNT => Ok(()),
            _ => Err(Error::Floor { value: floor, bound: MAX_AMOUNT }),
        };
        let b = within(6, cap_bps, 1, FULL_BPS);
        let c = within(7, window_mins, 1, MAX_WINDOW_MINS);
        let d = within(8, small_share_bps, 0, FULL_BPS / 2);
        if let Err(error) = first(first(a, b), first(c, d)) {
            return Err(error);
        }
        Ok(Self { floor, cap_bps, window_mins, small_share_bps, policy })
    }

    /// The capacity that no fall of the base goes below, in token units.
    pub const fn floor(&self) -> u128 {
        self.floor
    }
    /// The capacity, in basis points of the base.
    pub const fn cap_bps(&self) -> u16 {
        self.cap_bps
    }
    /// How long an empty bucket takes to refill, in minutes.
    pub const fn window_mins(&self) -> u16 {
        self.window_mins
    }
    /// The small lane's part of the capacity, in basis points.
    pub const fn small_share_bps(&self) -> u16 {
        self.small_share_bps
    }
    /// What happens to a request that does not fit.
    pub const fn policy(&self) -> Policy {
        self.policy
    }
}

/// Whether `value` is between `low` and `high`, both included.
const fn within_secs(id: u8, value: u64, low: u64, high: u64) -> Result<(), Error> {
    if value < low {
        return Err(Error::Parameter { id, value, bound: low });
    }
    if value > high {
        return Err(Error::Parameter { id, value, bound: high });
    }
    Ok(())
}

/// The same for a parameter of 16 bits.
const fn within(id: u8, value: u16, low: u16, high: u16) -> Result<(), Error> {
    within_secs(id, wide(value), wide(low), wide(high))
}

/// Sixteen bits as sixty-four, in a constant.
#[allow(clippy::as_conversions)] // `From` is not const
pub(crate) const fn wide(value: u16) -> u64 {
    value as u64
}

/// The first error of two checks.
const fn first(a: Result<(), Error>, b: Result<(), Error>) -> Result<(), Error> {
    match a {
        Err(error) => Err(error),
        Ok(()) => b,
    }
}
