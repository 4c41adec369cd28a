//! A batch that Governance approved in advance, and the condition under which the Council may run it at once.

use alloy_primitives::{Address, U256};
use fusebox_core::{panel::Tier, time::DAY};

/// How long an approval lasts, in seconds: what nobody has looked at for a year is not run at once.
pub const PLAYBOOK_SECS: u64 = 365 * DAY;
/// Age in seconds from which on the Council may act within an incident.
pub const INCIDENT_AGE_SECS: u64 = 600;

/// A playbook's word: scope 32, tier 8, single 8, armed 8 | until 64 | runs 32, incident 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playbook {
    /// Where its incident must be open.
    pub scope: u32,
    /// From which tier on.
    pub tier: Tier,
    /// Whether it may be run only once.
    pub single: bool,
    /// Whether it may be run.
    pub armed: bool,
    /// Until when the approval lasts, in seconds.
    pub until: u64,
    /// How often it was run.
    pub runs: u32,
    /// In which incident last; means nothing while `runs` is 0.
    pub incident: u32,
}

impl Playbook {
    /// The word's playbook; a word never written is one that is not armed.
    pub fn unpack(word: U256) -> Self {
        let [a, until, c, _] = word.into_limbs();
        let [s0, s1, s2, s3, tier, single, armed, _] = a.to_le_bytes();
        let [r0, r1, r2, r3, i0, i1, i2, i3] = c.to_le_bytes();
        Self {
            scope: u32::from_le_bytes([s0, s1, s2, s3]),
            tier: Tier::from_code(tier).unwrap_or(Tier::Settling),
            single: single != 0,
            armed: armed != 0,
            until,
            runs: u32::from_le_bytes([r0, r1, r2, r3]),
            incident: u32::from_le_bytes([i0, i1, i2, i3]),
        }
    }
    /// The playbook's word.
    pub fn pack(self) -> U256 {
        let [s0, s1, s2, s3] = self.scope.to_le_bytes();
        let [r0, r1, r2, r3] = self.runs.to_le_bytes();
        let [i0, i1, i2, i3] = self.incident.to_le_bytes();
        let flags = [self.tier.code(), u8::from(self.single), u8::from(self.armed), 0];
        let [tier, single, armed, zero] = flags;
        let a = u64::from_le_bytes([s0, s1, s2, s3, tier, single, armed, zero]);
        let c = u64::from_le_bytes([r0, r1, r2, r3, i0, i1, i2, i3]);
        U256::from_limbs([a, self.until, c, 0])
    }
}

/// An incident as the journal has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub id: u32,
    /// Who opened it.
    pub opened_by: Address,
    /// When, in seconds.
    pub opened_at: u64,
}

/// How the playbook's scope stands, as the panel and the journal say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// The scope.
    pub scope: u32,
    /// Its tier now.
    pub tier: Tier,
    /// Its open incident.
    pub incident: Option<Incident>,
}
