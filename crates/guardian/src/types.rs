//! Parameters, state, inputs and effects. All times are seconds; an end is exclusive.

use crate::error::Error;
use alloy_primitives::{Address, U256};
use fusebox_core::{
    panel::{Class, Classes},
    time::{live, DAY, HOUR},
};

/// The shortest pause a guardian can be given, and the shortest stop of Inflow that earns a grace.
pub const MIN_PAUSE_SECS: u64 = 300;
/// No parameter lets a pause last longer than this from its start, extensions included.
pub const MAX_PAUSE_SECS: u64 = 14 * DAY;
/// No parameter lets ExitUnpriced or Inflow be stopped longer than this in any [`WINDOW_SECS`].
pub const MAX_EXIT_SECS: u64 = 72 * HOUR;
/// The trailing window of the exit budget.
pub const WINDOW_SECS: u64 = 7 * DAY;
/// The longest grace.
pub const MAX_GRACE_SECS: u64 = 4 * HOUR;
/// What a guardian is given where a protocol has no opinion.
pub const DEFAULT_DURATION_SECS: u64 = DAY;
/// Scopes in one batch: what the report's bitmaps hold.
pub const MAX_BATCH: usize = 64;

/// Constants of a protocol, validated when they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    pause_secs: u64,
    exit_secs: u64,
    heartbeat_secs: u64,
    cooldown_secs: u64,
    incident_age_secs: u64,
    never_pausable: Classes,
}

impl Params {
    /// The defaults of the design.
    pub const DEFAULT: Self = Self {
        pause_secs: MAX_PAUSE_SECS,
        exit_secs: MAX_EXIT_SECS,
        heartbeat_secs: 30 * DAY,
        cooldown_secs: DAY,
        incident_age_secs: 600,
        never_pausable: Classes::NONE,
    };

    /// Checks every bound, inclusive.
    ///
    /// Errors: [`Error::Parameter`].
    pub const fn new(
        pause_secs: u64,
        exit_secs: u64,
        heartbeat_secs: u64,
        cooldown_secs: u64,
        incident_age_secs: u64,
        never_pausable: Classes,
    ) -> Result<Self, Error> {
        let checks = [
            within(0, pause_secs, MIN_PAUSE_SECS, MAX_PAUSE_SECS),
            within(1, exit_secs, MIN_PAUSE_SECS, MAX_EXIT_SECS),
            within(2, heartbeat_secs, DAY, 365 * DAY),
            within(3, cooldown_secs, HOUR, 14 * DAY),
            within(4, incident_age_secs, 600, DAY),
        ];
        let [a, b, c, d, e] = checks;
        if let Err(error) = first(first(first(a, b), first(c, d)), e) {
            return Err(error);
        }
        if never_pausable.bits() == Classes::ALL.bits() {
            return Err(Error::Parameter { id: 5, value: 0b1_1111, bound: 0b1_1110 });
        }
        Ok(Self { pause_secs, exit_secs, heartbeat_secs, cooldown_secs, incident_age_secs, never_pausable })
    }

    /// The longest pause from its start, extensions included, in seconds.
    pub const fn pause_secs(&self) -> u64 {
        self.pause_secs
    }
    /// Seconds for which exits may be stopped in any [`WINDOW_SECS`].
    pub const fn exit_secs(&self) -> u64 {
        self.exit_secs
    }
    /// Seconds for which a sign of life counts.
    pub const fn heartbeat_secs(&self) -> u64 {
        self.heartbeat_secs
    }
    /// Seconds after the end of its last pause in which a guardian cannot pause.
    pub const fn cooldown_secs(&self) -> u64 {
        self.cooldown_secs
    }
    /// Age in seconds at which the Council may act within an incident.
    pub const fn incident_age_secs(&self) -> u64 {
        self.incident_age_secs
    }
    /// Classes that nobody can pause.
    pub const fn never_pausable(&self) -> Classes {
        self.never_pausable
    }
}

/// Whether `value` is between `low` and `high`, both included.
const fn within(id: u8, value: u64, low: u64, high: u64) -> Result<(), Error> {
    if value < low {
        return Err(Error::Parameter { id, value, bound: low });
    }
    if value > high {
        return Err(Error::Parameter { id, value, bound: high });
    }
    Ok(())
}

/// The first error of two checks.
const fn first(a: Result<(), Error>, b: Result<(), Error>) -> Result<(), Error> {
    match a {
        Err(error) => Err(error),
        Ok(()) => b,
    }
}

/// A span of seconds, its end excluded; empty when both are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// First second.
    pub start: u64,
    /// First second after it.
    pub until: u64,
}

impl Interval {
    /// Its length in seconds.
    pub const fn len(self) -> u64 {
        self.until.saturating_sub(self.start)
    }
    /// Whether there is no second in it.
    pub const fn is_empty(self) -> bool {
        self.until <= self.start
    }
    /// What it shares with another; empty if nothing.
    pub fn and(self, other: Self) -> Self {
        let start = self.start.max(other.start);
        Self { start, until: self.until.min(other.until).max(start) }
    }
}

/// The detail word of a scope: its current or last pause, and the exits stopped before it.
///
/// Layout, from the least significant bit of each 64-bit limb, least significant limb first:
/// `start 32, reason 16, carried 14` | `incident 32, length 21, classes 8` |
/// `exit_from - start 21, inflow_from - exit_from 18, gap 20` | `length 20, gap 20, length 20`,
/// where a gap is the distance from the end of a past exit stop to the start of the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    /// When it began; 0 if there has never been one.
    pub start: u64,
    /// When it ends or ended.
    pub until: u64,
    /// What it stops, or stopped.
    pub classes: Classes,
    /// Why, in the protocol's own code, as its first guardian gave it.
    pub reason: u16,
    /// The incident it belongs to.
    pub incident: u32,
    /// When it began to stop exits; `start` if it never has.
    pub exit_from: u64,
    /// When it began to stop Inflow; `exit_from` if it never has.
    pub inflow_from: u64,
    /// Seconds of grace that earlier stops of Inflow still owed when this pause took over.
    pub carried: u64,
    /// Exit stops before `exit_from`: the latest, and the one before or a span that covers all before.
    pub past: [Interval; 2],
}

impl Pause {
    /// The word's state; every word has one.
    pub fn unpack(word: U256) -> Self {
        let [a, b, c, d] = word.into_limbs();
        let start = bits(a, 0, 32);
        let exit_from = start.saturating_add(bits(c, 0, 21));
        let newer_until = exit_from.saturating_sub(bits(c, 39, 20));
        let newer_start = newer_until.saturating_sub(bits(d, 0, 20));
        let older_until = newer_start.saturating_sub(bits(d, 20, 20));
        let [classes, ..] = (bits(b, 53, 8) & u64::from(Classes::ALL.bits())).to_le_bytes();
        Self {
            start,
            until: start.saturating_add(bits(b, 32, 21)),
            classes: Classes::from_bits(classes).unwrap_or_default(),
            reason: u16::try_from(bits(a, 32, 16)).unwrap_or_default(),
            incident: u32::try_from(bits(b, 0, 32)).unwrap_or_default(),
            exit_from,
            inflow_from: exit_from.saturating_add(bits(c, 21, 18)),
            carried: bits(a, 48, 14),
            past: [
                Interval { start: newer_start, until: newer_until },
                Interval { start: older_until.saturating_sub(bits(d, 40, 20)), until: older_until },
            ],
        }
    }

    /// The state's word.
    ///
    /// Errors: [`Error::OutOfRange`] past the year 2106; nothing is ever cut.
    pub fn pack(self) -> Result<U256, Error> {
        let [newer, older] = self.past;
        let since = u64::saturating_sub;
        let a = put(self.start, 0, 32)? | put(u64::from(self.reason), 32, 16)? | put(self.carried, 48, 14)?;
        let b = put(u64::from(self.incident), 0, 32)?
            | put(since(self.until, self.start), 32, 21)?
            | put(u64::from(self.classes.bits()), 53, 8)?;
        let c = put(since(self.exit_from, self.start), 0, 21)?
            | put(since(self.inflow_from, self.exit_from), 21, 18)?
            | put(since(self.exit_from, newer.until), 39, 20)?;
        let d = put(newer.len(), 0, 20)? | put(since(newer.start, older.until), 20, 20)? | put(older.len(), 40, 20)?;
        Ok(U256::from_limbs([a, b, c, d]))
    }

    /// Whether the pause is in force.
    pub const fn is_live(&self, now: u64) -> bool {
        live(now, self.until)
    }
    /// Whether the pause stops, or stopped, an exit.
    pub const fn has_exits(&self) -> bool {
        !self.classes.and(Classes::EXITS).is_empty()
    }
    /// Whether the pause stops, or stopped, Inflow.
    pub const fn has_inflow(&self) -> bool {
        self.classes.has(Class::Inflow)
    }
}

/// The field of `width` bits at `at`.
const fn bits(limb: u64, at: u32, width: u32) -> u64 {
    limb.wrapping_shr(at) & 1u64.wrapping_shl(width).wrapping_sub(1)
}

/// `value` at `at`, if it fits `width` bits.
const fn put(value: u64, at: u32, width: u32) -> Result<u64, Error> {
    let bound = 1u64.wrapping_shl(width).wrapping_sub(1);
    if value > bound {
        return Err(Error::OutOfRange { value, bound });
    }
    Ok(value.wrapping_shl(at))
}

/// One guardian's word of one scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// How long it may pause, in seconds; 0 if it is no guardian of the scope.
    pub duration_secs: u32,
    /// Whether its one pause is still unused.
    pub armed: bool,
}

/// One guardian's own word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// Until when its last sign of life counts.
    pub alive_until: u64,
    /// Until when it cools down.
    pub rests_until: u64,
    /// Scopes it is a guardian of.
    pub scopes: u32,
}

/// One scope's word of what accrues.
///
/// Of a market, `accrued` counts the seconds in which it was paused and the protocol was not;
/// so the paused seconds of a market are the protocol's plus its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Seconds until `settled_at`.
    pub accrued: u64,
    /// Up to when.
    pub settled_at: u64,
    /// Guardians of the scope.
    pub guardians: u32,
}

/// What a guardian orders for one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Who.
    pub by: Address,
    /// The scope's number.
    pub scope: u32,
    /// What is to stop, one bit a class.
    pub classes: Classes,
    /// Why, in the protocol's own code.
    pub reason: u16,
}

/// What the journal knows of the incident within which the Council acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub id: u32,
    /// Who opened it.
    pub opened_by: Address,
    /// When.
    pub opened_at: u64,
}

/// What follows from a change of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Whether anything changed: if not, nothing is stored or logged.
    pub changed: bool,
    /// Whether the journal must name the incident: a new pause, not a stronger one.
    pub opens_incident: bool,
    /// What the scope's PAUSE bit must be now.
    pub bit: bool,
    /// The pause before.
    pub previous: Pause,
    /// When the guardian's own part ends, in seconds; 0 if no guardian acted.
    pub own_until: u64,
}

/// What follows from a change of a guardian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appointment {
    /// Whether anything changed.
    pub changed: bool,
    /// Whether the scope has lost its last guardian, which is loosening.
    pub removed_last: bool,
    /// The grant before.
    pub previous: Grant,
}

/// What a batch did: bit `i` speaks of the scope at index `i`; in neither: it was already paused at least as strongly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Paused, or paused more strongly.
    pub paused: u64,
    /// Refused.
    pub failed: u64,
}
