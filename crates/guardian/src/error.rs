//! What the module refuses: every variant carries the offending value and the bound it broke.

use alloy_primitives::Address;

/// Why a guardian's, the Council's or Governance's act was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The mask names a class that does not exist.
    UnknownClasses {
        /// The mask given.
        classes: u8,
        /// All classes there are.
        known: u8,
    },
    /// The mask is empty: a pause that stops nothing.
    NoClasses {
        /// All classes there are.
        known: u8,
    },
    /// The mask stops Inflow and leaves Liquidate on: users could be liquidated while they cannot top up.
    InflowWithoutLiquidate {
        /// The mask given.
        classes: u8,
        /// What it must also hold.
        required: u8,
    },
    /// The mask holds a class that this protocol never stops.
    NeverPausable {
        /// The mask given.
        classes: u8,
        /// The classes that are never stopped.
        never: u8,
    },
    /// The account is not a guardian of the scope.
    NotGuardian {
        /// Who asked.
        who: Address,
        /// The scope; of a heartbeat, which has none, the largest number.
        scope: u32,
    },
    /// The guardian has not shown itself for too long and must be armed again by Governance.
    HeartbeatLapsed {
        /// When its heartbeat ended, in seconds.
        until: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// The guardian has used its one pause of the scope.
    AlreadyUsed {
        /// Who asked.
        who: Address,
        /// The scope.
        scope: u32,
    },
    /// The guardian's own cool-down is not over.
    CoolingDown {
        /// When it is, in seconds.
        until: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// The pause would stop exits only, and the scope's exits may not be stopped any longer this week.
    ExitBudgetSpent {
        /// Seconds used in the trailing window.
        used: u64,
        /// Seconds allowed in it.
        budget: u64,
    },
    /// There is no live pause to extend.
    NotPaused {
        /// When the last one ended, in seconds.
        until: u64,
        /// The clock, in seconds.
        now: u64,
    },
    /// An extension to a time before the current end.
    EndNotLater {
        /// The end asked for, in seconds.
        until: u64,
        /// The current end, in seconds.
        current: u64,
    },
    /// An extension past the longest pause.
    EndTooLate {
        /// The end asked for, in seconds.
        until: u64,
        /// The latest end, in seconds.
        bound: u64,
    },
    /// The Council acted within an incident that is not the pause's.
    OtherIncident {
        /// The incident named.
        given: u32,
        /// The incident of the pause.
        current: u32,
    },
    /// The Council acted within an incident that it opened itself.
    OwnIncident {
        /// Who opened it.
        who: Address,
        /// The incident.
        incident: u32,
    },
    /// The Council acted within an incident that is too young.
    IncidentTooYoung {
        /// Its age in seconds.
        age: u64,
        /// The age at which the Council may act.
        bound: u64,
    },
    /// The zero address cannot be a guardian.
    ZeroGuardian {
        /// The scope.
        scope: u32,
    },
    /// A guardian's maximum is below the shortest pause.
    DurationTooShort {
        /// Seconds asked for.
        value: u64,
        /// The least.
        bound: u64,
    },
    /// A guardian's maximum is above the longest pause.
    DurationTooLong {
        /// Seconds asked for.
        value: u64,
        /// The most.
        bound: u64,
    },
    /// A batch without a scope, or with too many.
    BatchSize {
        /// Scopes in it.
        length: u64,
        /// The bound it broke: 1, or the most.
        bound: u64,
    },
    /// A time, or a number that grows with time, that the word cannot hold.
    OutOfRange {
        /// The value.
        value: u64,
        /// The largest that fits.
        bound: u64,
    },
    /// A parameter of the module outside its bounds.
    Parameter {
        /// Which one, in the order of the README's table.
        id: u8,
        /// The value given.
        value: u64,
        /// The bound it broke.
        bound: u64,
    },
}
