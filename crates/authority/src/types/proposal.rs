//! What waits in the queue: one word, found by the hash of the change.

use alloy_primitives::{Address, U256};
use fusebox_core::{host::word, time::DAY};

/// How long a proposal can be executed once it is ready, in seconds.
pub const READY_SECS: u64 = 7 * DAY;

/// A proposal's word: proposer 160, term 32, earliest 56, act 8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Who proposed.
    pub by: Address,
    /// The proposer's term of Governance in which it did.
    pub term: u32,
    /// From when on it can be executed, in seconds; 0 if there is none.
    pub earliest: u64,
    /// The number of its act.
    pub act: u8,
}

impl Proposal {
    /// The word's proposal; every word has one.
    pub fn unpack(word: U256) -> Self {
        let [_, _, c, d] = word.into_limbs();
        let bytes = word.to_be_bytes::<32>();
        let [act, ..] = bytes;
        let by = Address::from_word(bytes.into());
        Self { by, term: u32::try_from(c >> 32).unwrap_or_default(), earliest: d & EARLIEST_MAX, act }
    }
    /// The proposal's word.
    pub fn pack(self) -> U256 {
        let [a, b, c, _] = word(self.by).into_limbs();
        let d = self.earliest.min(EARLIEST_MAX) | u64::from(self.act) << 56;
        U256::from_limbs([a, b, c | u64::from(self.term) << 32, d])
    }
    /// When it is too late, in seconds.
    pub const fn latest(&self) -> u64 {
        self.earliest.saturating_add(READY_SECS)
    }
}

/// The largest time a proposal's word holds.
pub const EARLIEST_MAX: u64 = (1 << 56) - 1;

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// There is none.
    Absent = 0,
    /// Its time has not come.
    Waiting = 1,
    /// It can be executed.
    Ready = 2,
    /// Its time is over.
    Expired = 3,
    /// Its proposer is not in that term of Governance any more.
    Dead = 4,
}

impl Stage {
    /// Its number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Waiting => 1,
            Self::Ready => 2,
            Self::Expired => 3,
            Self::Dead => 4,
        }
    }
}
