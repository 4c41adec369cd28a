//! Roles, what an account holds, and how many hold what.

use crate::error::Error;
use alloy_primitives::U256;

pub mod change;
pub mod overlay;
pub mod playbook;
pub mod proposal;
pub mod table;

pub use change::{Act, Change};
pub use overlay::{Overlay, OverlayEffect, Tightening};
pub use playbook::{Incident, Playbook, Situation};
pub use proposal::{Proposal, Stage};
pub use table::{Delay, Delays, Direction, Outcome, Row, Step};

/// Roles that exist.
pub const ROLES: u8 = 5;

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Slow: changes parameters, roles and code.
    Governance = 0,
    /// A multisig that acts within an incident.
    Council = 1,
    /// Pauses; never unpauses.
    Guardian = 2,
    /// Tightens for a while.
    Steward = 3,
    /// A contract or signed feed that signals.
    Sentinel = 4,
}

impl Role {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Governance, Self::Council, Self::Guardian, Self::Steward, Self::Sentinel];

    /// The number of the role.
    pub const fn code(self) -> u8 {
        match self {
            Self::Governance => 0,
            Self::Council => 1,
            Self::Guardian => 2,
            Self::Steward => 3,
            Self::Sentinel => 4,
        }
    }

    /// The role with that number.
    ///
    /// Errors: [`Error::UnknownRole`].
    pub const fn from_code(code: u8) -> Result<Self, Error> {
        Ok(match code {
            0 => Self::Governance,
            1 => Self::Council,
            2 => Self::Guardian,
            3 => Self::Steward,
            4 => Self::Sentinel,
            _ => return Err(Error::UnknownRole { role: code, bound: ROLES }),
        })
    }
}

/// A set of roles, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// No role.
    pub const NONE: Self = Self(0);
    /// Every role.
    pub const ALL: Self = Self(0b1_1111);

    /// The set of these bits; a bit that names no role is dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }
    /// One bit a role.
    pub const fn bits(self) -> u8 {
        self.0
    }
    /// Whether the role is in the set.
    pub const fn has(self, role: Role) -> bool {
        self.0 & bit(role) != 0
    }
    /// The set with the role in it or not.
    pub const fn with(self, role: Role, held: bool) -> Self {
        Self(if held { self.0 | bit(role) } else { self.0 & !bit(role) })
    }
}

/// The bit of a role.
const fn bit(role: Role) -> u8 {
    match role {
        Role::Governance => 1,
        Role::Council => 2,
        Role::Guardian => 4,
        Role::Steward => 8,
        Role::Sentinel => 16,
    }
}

/// An account's word: roles in bits 0..8, epoch in bits 32..64, term in bits 64..96.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What it holds.
    pub roles: Roles,
    /// Changes of its roles so far.
    pub epoch: u32,
    /// Changes of its Governance so far: what it proposed in an earlier term is dead.
    ///
    /// Not the epoch: whoever is to be removed could take a lesser role from the proposer, at once, and the proposal
    /// would die of it.
    pub term: u32,
}

impl Account {
    /// The word's account; every word has one.
    pub fn unpack(word: U256) -> Self {
        let [low, next, ..] = word.into_limbs();
        let [roles, _, _, _, a, b, c, d] = low.to_le_bytes();
        let [e, f, g, h, ..] = next.to_le_bytes();
        let (epoch, term) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        Self { roles: Roles::from_bits(roles), epoch, term }
    }
    /// The account's word.
    pub fn pack(self) -> U256 {
        let [a, b, c, d] = self.epoch.to_le_bytes();
        let low = u64::from_le_bytes([self.roles.bits(), 0, 0, 0, a, b, c, d]);
        U256::from_limbs([low, u64::from(self.term), 0, 0])
    }
}

/// How many accounts hold each role: 32 bits a role, in the order of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// Holders of Governance, Council, Guardian, Steward, Sentinel.
    pub counts: [u32; 5],
}

impl Holders {
    /// The word's counts.
    pub fn unpack(word: U256) -> Self {
        let bytes = word.to_le_bytes::<32>();
        let mut counts = [0; 5];
        for (count, chunk) in counts.iter_mut().zip(bytes.chunks_exact(4)) {
            *count = chunk.iter().rev().fold(0, |sum: u32, byte| sum << 8 | u32::from(*byte));
        }
        Self { counts }
    }
    /// The counts' word.
    pub fn pack(self) -> U256 {
        let [a, b, c, d, e] = self.counts.map(u64::from);
        U256::from_limbs([a | b << 32, c | d << 32, e, 0])
    }
    /// Holders of one role.
    pub fn of(&self, role: Role) -> u32 {
        self.counts.get(usize::from(role.code())).copied().unwrap_or_default()
    }
    /// The counts with that of one role replaced.
    pub fn with(mut self, role: Role, count: u32) -> Self {
        if let Some(slot) = self.counts.get_mut(usize::from(role.code())) {
            *slot = count;
        }
        self
    }
}

/// What follows from a change of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Whether anything changed: if not, nothing is stored or logged.
    pub changed: bool,
    /// What the account held before.
    pub previous: Roles,
}
