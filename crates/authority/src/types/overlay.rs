//! A Steward's overlay: a tighter value for a while.

use alloy_primitives::U256;
use fusebox_core::time::{live, DAY, HOUR};

/// A scope's overlays all end within this from the first of them.
pub const OVERLAY_SECS: u64 = 72 * HOUR;
/// From the first overlay of a scope until a Steward may begin again.
pub const EPISODE_SECS: u64 = 7 * DAY;

/// The overlay word of one parameter in one scope: value 128, until 64, barred_until 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    /// The tighter value.
    pub value: u128,
    /// When it ends or ended; 0 if there is none.
    pub until: u64,
    /// Until when no Steward may set one here, because Governance or Council ended the last.
    pub barred_until: u64,
}

impl Overlay {
    /// The word's overlay; every word has one.
    pub fn unpack(word: U256) -> Self {
        let [low, high, until, barred_until] = word.into_limbs();
        Self { value: u128::from(low) | u128::from(high) << 64, until, barred_until }
    }
    /// The overlay's word.
    pub fn pack(self) -> U256 {
        let [low, high, ..] = U256::from(self.value).into_limbs();
        U256::from_limbs([low, high, self.until, self.barred_until])
    }
    /// Whether it is in force.
    pub const fn is_live(&self, now: u64) -> bool {
        live(now, self.until)
    }
}

/// What a Steward asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tightening {
    /// The value.
    pub value: u128,
    /// For how long, in seconds: 1..=[`OVERLAY_SECS`]; what is left of the scope's episode, if that is less.
    pub secs: u64,
}

/// What follows from a change of an overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverlayEffect {
    /// Whether anything changed: if not, nothing is stored or logged.
    pub changed: bool,
    /// The value in force before.
    pub previous: u128,
    /// The value in force now.
    pub current: u128,
}
