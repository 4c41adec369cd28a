//! What can be proposed: words that are kept only as their hash.

use crate::{error::ChangeError, types::Role};
use alloy_primitives::{Address, U256};
use fusebox_core::{host::word, panel::Tier};

/// What a change does; its number is the low byte of the first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Act {
    /// Sets parameter `id` of `scope` to the argument.
    Parameter = 0,
    /// Gives the account role `id`.
    Grant = 1,
    /// Takes role `id` from the account.
    Revoke = 2,
    /// Appoints the account a guardian of `scope` for a number of seconds; 0 removes it.
    Guardian = 3,
    /// Replaces code `id`; the arguments are the protocol's.
    Upgrade = 4,
    /// Moves a ticket to escrow; the arguments are the limiter's.
    Escrow = 5,
    /// Approves a batch for the Council; `id` is tier 8, single use 1.
    Playbook = 6,
    /// Act `id` of the protocol's own (listing, wind-down, ...); the arguments are its own.
    Protocol = 7,
}

/// Acts there are.
pub const ACTS: u8 = 8;

impl Act {
    /// Its number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Parameter => 0,
            Self::Grant => 1,
            Self::Revoke => 2,
            Self::Guardian => 3,
            Self::Upgrade => 4,
            Self::Escrow => 5,
            Self::Playbook => 6,
            Self::Protocol => 7,
        }
    }
    /// The act with that number.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Parameter,
            1 => Self::Grant,
            2 => Self::Revoke,
            3 => Self::Guardian,
            4 => Self::Upgrade,
            5 => Self::Escrow,
            6 => Self::Playbook,
            7 => Self::Protocol,
            _ => return None,
        })
    }
}

/// A change, read from its words. First word: act 8, id 16, scope 32, the rest zero; then the arguments.
///
/// What is proposed has one spelling only, or a change that was cancelled would have others that were not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// What it does.
    pub act: Act,
    /// To which parameter, role, program, ...; 0 where the act has none.
    pub id: u16,
    /// In which scope; 0 where the act has none.
    pub scope: u32,
    /// With what.
    pub args: &'a [U256],
}

impl<'a> Change<'a> {
    /// The change of these words.
    ///
    /// Errors: [`ChangeError::Malformed`], [`ChangeError::UnknownAct`], those of [`Role::from_code`].
    pub fn decode(words: &'a [U256]) -> Result<Self, ChangeError> {
        let Some((header, args)) = words.split_first() else { return Err(ChangeError::Malformed { at: 0, length: 0 }) };
        let [low, a, b, c] = header.into_limbs();
        let [code, id_low, id_high, s0, s1, s2, s3, rest] = low.to_le_bytes();
        let act = Act::from_code(code).ok_or(ChangeError::UnknownAct { act: code, bound: ACTS })?;
        let id = u16::from_le_bytes([id_low, id_high]);
        let change = Self { act, id, scope: u32::from_le_bytes([s0, s1, s2, s3]), args };
        if rest != 0 || a | b | c != 0 || !change.header_fits()? {
            return Err(change.malformed(0));
        }
        change.arguments()?;
        Ok(change)
    }

    /// Whether id and scope are used as the act has them.
    fn header_fits(&self) -> Result<bool, ChangeError> {
        Ok(match self.act {
            Act::Parameter | Act::Upgrade | Act::Escrow | Act::Protocol => true,
            Act::Grant | Act::Revoke => {
                self.role()?;
                self.scope == 0
            }
            Act::Guardian => self.id == 0,
            Act::Playbook => self.id >> 9 == 0 && self.tier() > Tier::Normal,
        })
    }

    /// Whether the arguments are as many and as wide as the act has them.
    fn arguments(&self) -> Result<(), ChangeError> {
        let widths: &[usize] = match self.act {
            Act::Parameter => &[128],
            Act::Grant | Act::Revoke => &[160],
            Act::Guardian => &[160, 32],
            Act::Upgrade | Act::Escrow | Act::Protocol => return Ok(()),
            Act::Playbook if self.args.is_empty() => return Err(self.malformed(1)),
            Act::Playbook => return Ok(()),
        };
        for (at, (arg, width)) in (1u64..).zip(self.args.iter().zip(widths)) {
            if arg.bit_len() > *width {
                return Err(self.malformed(at));
            }
        }
        if self.args.len() == widths.len() {
            Ok(())
        } else {
            Err(self.malformed(u64::try_from(widths.len().min(self.args.len())).unwrap_or(0).saturating_add(1)))
        }
    }

    /// The error of the word at `at`.
    fn malformed(&self, at: u64) -> ChangeError {
        ChangeError::Malformed { at, length: u64::try_from(self.args.len()).unwrap_or(u64::MAX).saturating_add(1) }
    }

    /// The value of a parameter.
    pub fn value(&self) -> u128 {
        let [low, high, ..] = self.argument(0).into_limbs();
        u128::from(low) | u128::from(high) << 64
    }
    /// The role that is granted or revoked.
    ///
    /// Errors: those of [`Role::from_code`].
    pub fn role(&self) -> Result<Role, ChangeError> {
        Ok(Role::from_code(u8::try_from(self.id).unwrap_or(u8::MAX))?)
    }
    /// The account of the first argument.
    pub fn account(&self) -> Address {
        Address::from_word(self.argument(0).into())
    }
    /// The seconds of a guardian: the second argument.
    pub fn secs(&self) -> u32 {
        u32::try_from(self.argument(1)).unwrap_or(u32::MAX)
    }
    /// The tier from which on a playbook may be run.
    pub fn tier(&self) -> Tier {
        let [tier, _] = self.id.to_le_bytes();
        Tier::from_code(tier).unwrap_or(Tier::Normal)
    }
    /// Whether a playbook may be run only once.
    pub const fn is_single(&self) -> bool {
        self.id >> 8 & 1 == 1
    }
    /// Whose removal or alteration it is: that account cannot cancel it. A grant takes nothing from anybody.
    pub fn subject(&self) -> Option<Address> {
        match self.act {
            Act::Revoke | Act::Guardian => Some(self.account()),
            _ => None,
        }
    }

    fn argument(&self, at: usize) -> U256 {
        self.args.get(at).copied().unwrap_or_default()
    }
}

/// The first word of a change.
pub fn header(act: Act, id: u16, scope: u32) -> U256 {
    U256::from(u64::from(act.code()) | u64::from(id) << 8 | u64::from(scope) << 24)
}

/// The words that set a parameter.
pub fn parameter(scope: u32, id: u16, value: u128) -> [U256; 2] {
    [header(Act::Parameter, id, scope), U256::from(value)]
}

/// The words that give an account a role.
pub fn grant(who: Address, role: Role) -> [U256; 2] {
    [header(Act::Grant, u16::from(role.code()), 0), word(who)]
}

/// The words that take a role from an account.
pub fn revoke(who: Address, role: Role) -> [U256; 2] {
    [header(Act::Revoke, u16::from(role.code()), 0), word(who)]
}

/// The words that appoint a guardian of a scope, or with 0 seconds remove it.
pub fn guardian(who: Address, scope: u32, secs: u32) -> [U256; 3] {
    [header(Act::Guardian, 0, scope), word(who), U256::from(secs)]
}

/// The first word of a playbook; its batch follows.
pub fn playbook(scope: u32, tier: Tier, single: bool) -> U256 {
    header(Act::Playbook, u16::from(tier.code()) | u16::from(single) << 8, scope)
}
