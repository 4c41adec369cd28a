//! The parameter table: what may be changed, within what, which way tightens, and after what delay.

use alloy_primitives::U256;
use fusebox_core::time::{DAY, HOUR};

/// The id under which a scope's overlays are counted together; no row has it.
pub const EPISODE: u16 = u16::MAX;

/// Which way a change of a value tightens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Direction {
    /// A larger value is safer.
    UpTightens = 0,
    /// A smaller value is safer.
    DownTightens = 1,
    /// Either way can hurt someone.
    Contested = 2,
}

/// What a change does to safety, given its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Same,
    /// It tightens.
    Tighter,
    /// It loosens, or can hurt either way.
    Looser,
}

impl Direction {
    /// What the change of a value does: total, so that no change escapes a judgement.
    pub const fn step(self, from: u128, to: u128) -> Step {
        if from == to {
            return Step::Same;
        }
        match (self, to > from) {
            (Self::UpTightens, true) | (Self::DownTightens, false) => Step::Tighter,
            _ => Step::Looser,
        }
    }
}

/// Which of the protocol's delays a change waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Delay {
    /// That of parameters and of the protocol's own acts.
    Parameter = 0,
    /// That of roles and guardians.
    Role = 1,
    /// That of code.
    Upgrade = 2,
    /// That of a ticket's way to escrow, which must end within the hold on the ticket.
    Escrow = 3,
}

impl Delay {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Parameter, Self::Role, Self::Upgrade, Self::Escrow];

    /// Its number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Parameter => 0,
            Self::Role => 1,
            Self::Upgrade => 2,
            Self::Escrow => 3,
        }
    }
}

/// One parameter: constant, so its bounds are those of the code that was deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number: the module's in the high byte.
    pub id: u16,
    /// The smallest value, included.
    pub min: u128,
    /// The largest value, included.
    pub max: u128,
    /// How far a Steward may tighten it, included.
    pub floor: u128,
    /// Which way a change tightens.
    pub direction: Direction,
    /// Which delay a change waits that does not tighten.
    pub delay: Delay,
}

impl Row {
    /// A parameter of which a larger value is safer; a Steward may raise it to `floor`, with `min` not at all.
    pub const fn up(id: u16, min: u128, max: u128, floor: u128) -> Self {
        Self { id, min, max, floor, direction: Direction::UpTightens, delay: Delay::Parameter }
    }
    /// A parameter of which a smaller value is safer; a Steward may lower it to `floor`, with `max` not at all.
    pub const fn down(id: u16, min: u128, max: u128, floor: u128) -> Self {
        Self { id, min, max, floor, direction: Direction::DownTightens, delay: Delay::Parameter }
    }
    /// A parameter of which either way can hurt someone: every change waits, no Steward touches it.
    pub const fn contested(id: u16, min: u128, max: u128) -> Self {
        Self { id, min, max, floor: min, direction: Direction::Contested, delay: Delay::Parameter }
    }
    /// The same with another delay.
    pub const fn after(self, delay: Delay) -> Self {
        Self { delay, ..self }
    }
}

/// Whether rows make a table: ids ascend, each bound and floor is one. For a constant assertion next to the table.
pub const fn is_table(rows: &[Row]) -> bool {
    let mut rest = rows;
    while let [row, after @ ..] = rest {
        let ordered = match after {
            [next, ..] => row.id < next.id,
            [] => true,
        };
        if !ordered || row.id == EPISODE || row.min > row.max || row.floor < row.min || row.floor > row.max {
            return false;
        }
        rest = after;
    }
    true
}

/// The rows of this module: its own delays. Raising one is tightening, lowering one waits the delay that it lowers.
///
/// The lower bounds leave time to see and cancel. The upper bound of escrow is below the hold on a ticket, 72 h, or a
/// delay raised too far would let every thief's ticket go. No Steward raises a delay.
pub const DELAY_ROWS: [Row; 4] = [
    Row::up(0x0100, secs(DAY), secs(14 * DAY), secs(DAY)),
    Row::up(0x0101, secs(3 * DAY), secs(30 * DAY), secs(3 * DAY)).after(Delay::Role),
    Row::up(0x0102, secs(3 * DAY), secs(30 * DAY), secs(3 * DAY)).after(Delay::Upgrade),
    Row::up(0x0103, secs(DAY), secs(60 * HOUR), secs(DAY)).after(Delay::Escrow),
];

/// The delays where none was ever set, in seconds, in the order of [`Delay`].
pub const DEFAULT_DELAYS: [u64; 4] = [48 * HOUR, 7 * DAY, 7 * DAY, 48 * HOUR];

/// Seconds as a value of the table.
#[allow(clippy::as_conversions)] // widening in a constant: `From` is not const
const fn secs(n: u64) -> u128 {
    n as u128
}

/// The delays in force: 64 bits each, in the order of [`Delay`]; 0 stands for the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delays([u64; 4]);

impl Delays {
    /// The word's delays.
    pub fn unpack(word: U256) -> Self {
        Self(word.into_limbs())
    }
    /// The delays' word.
    pub fn pack(self) -> U256 {
        U256::from_limbs(self.0)
    }
    /// One delay, in seconds.
    pub fn of(&self, delay: Delay) -> u64 {
        let at = usize::from(delay.code());
        let set = self.0.get(at).copied().unwrap_or_default();
        if set == 0 {
            return DEFAULT_DELAYS.get(at).copied().unwrap_or(u64::MAX);
        }
        set
    }
    /// The longest of all, in seconds: what waits it cannot be a way round any other.
    pub fn longest(&self) -> u64 {
        Delay::ALL.iter().fold(0, |most, delay| most.max(self.of(*delay)))
    }
    /// The delays with one replaced.
    pub fn with(mut self, delay: Delay, secs: u64) -> Self {
        if let Some(slot) = self.0.get_mut(usize::from(delay.code())) {
            *slot = secs;
        }
        self
    }
}

/// The delay that is the value of a row of [`DELAY_ROWS`] in a scope: there is one for all, in scope 0.
pub fn own_delay((scope, id): (u32, u16)) -> Option<Delay> {
    DELAY_ROWS.iter().find(|row| scope == 0 && row.id == id).map(|row| row.delay)
}

/// What becomes of a change that Governance asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The value is that already: nothing to do, and no error.
    Unchanged,
    /// It tightens: at once.
    Apply,
    /// It loosens or is contested: a proposal must wait.
    Delayed(Delay),
}
