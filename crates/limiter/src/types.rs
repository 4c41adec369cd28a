//! The words of a bucket and of what stands beside it; `ticket` has those of what waits. Times are seconds unless they say fixed: seconds
//! with 16 fractional bits.

use crate::params::{wide, Config, Policy, MAX_AMOUNT};
use alloy_primitives::U256;

mod ticket;
pub use ticket::{Marker, Outcome, Payment, Ticket, TicketId};

/// Fractional bits of a fixed time.
pub const FRACTION_BITS: u32 = 16;
/// The unit of the end of an incident, in seconds: 26 bits of it last as long as 32 of seconds.
pub const TIGHT_UNIT_SECS: u64 = 64;
/// The latest end of an incident that a word holds, in that unit.
pub const MAX_TIGHT: u32 = (1 << 26) - 1;
/// The latest fixed time that a word holds.
pub const MAX_TIME: u64 = (1 << 54) - 1;

/// One bucket: at most one of debt and credit is live.
///
/// The word, from its least significant bit: `tat` 54, `credit_until` 54, `capacity` 95, `overlaid`, `locked`, `queued`,
/// `exact` 1 each, `window_mins` 15, `policy` 2, `last_inflow` 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When it will be full again; fixed.
    pub tat: u64,
    /// When inflow credit will be gone; fixed.
    pub credit_until: u64,
    /// What may leave at once when it is full, in token units.
    pub capacity: u128,
    /// How long it takes to refill, in minutes; 0 if it was never configured.
    pub window_mins: u16,
    /// What happens to a request that does not fit.
    pub policy: Policy,
    /// The second of the last inflow.
    pub last_inflow: u32,
    /// Something lowers the capacity, or did when this was written: the side word says what.
    pub overlaid: bool,
    /// Somebody has cancelled a ticket: who queues must be looked up.
    pub locked: bool,
    /// Tickets may be waiting.
    pub queued: bool,
    /// The last ticket's time is `tat` less the window.
    pub exact: bool,
}

impl Bucket {
    /// The bucket of a word.
    #[inline(never)] // once in a program: bytes run out before gas
    pub fn unpack(word: U256) -> Self {
        let [a, b, c, d] = word.into_limbs();
        let middle = u128::from(b >> 44) | u128::from(c) << 20;
        Self {
            tat: a & MAX_TIME,
            credit_until: a >> 54 | (b & ((1 << 44) - 1)) << 10,
            capacity: middle | u128::from(d & 0x7ff) << 84,
            window_mins: low16(d >> 15 & 0x7fff),
            policy: match d >> 30 & 3 {
                1 => Policy::Ticket,
                2 => Policy::Trip,
                _ => Policy::Refuse,
            },
            last_inflow: low32(d >> 32),
            overlaid: d >> 11 & 1 == 1,
            locked: d >> 12 & 1 == 1,
            queued: d >> 13 & 1 == 1,
            exact: d >> 14 & 1 == 1,
        }
    }

    /// The bucket's word; what passes a field is cut to the field's largest value.
    #[inline(never)] // once in a program: bytes run out before gas
    pub fn pack(&self) -> U256 {
        let (tat, credit) = (self.tat.min(MAX_TIME), self.credit_until.min(MAX_TIME));
        let capacity = self.capacity.min(MAX_AMOUNT);
        let flags = u64::from(self.overlaid)
            | u64::from(self.locked) << 1
            | u64::from(self.queued) << 2
            | u64::from(self.exact) << 3;
        let high = low64(capacity >> 84)
            | flags << 11
            | wide(self.window_mins & 0x7fff) << 15
            | u64::from(self.policy.code()) << 30
            | u64::from(self.last_inflow) << 32;
        U256::from_limbs([tat | credit << 54, credit >> 10 | low64(capacity) << 44, low64(capacity >> 20), high])
    }

    /// The window; fixed.
    #[inline]
    pub const fn window(&self) -> u64 {
        self.window_secs() << FRACTION_BITS
    }
    /// The window in seconds.
    #[inline]
    pub const fn window_secs(&self) -> u64 {
        wide(self.window_mins).wrapping_mul(60) // 21 bits
    }
    /// Whether it was ever configured.
    #[inline]
    pub const fn is_configured(&self) -> bool {
        self.window_mins != 0
    }
}

/// What stands beside a bucket and only slow paths, or an overlay, read.
///
/// The word's limbs: base low 64 | base high 31, `locks_until` 32 above | `last_ready` 54, `tight` high 10 |
/// `factor_bps` 16, `until` 32, `tight` low 16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The capacity without overlay and ramp, in token units.
    pub base: u128,
    /// What a Steward's overlay leaves of it, in basis points.
    pub factor_bps: u16,
    /// When the overlay ends.
    pub until: u32,
    /// When the last lock of a cancellation ends.
    pub locks_until: u32,
    /// The last ticket's time when the bucket was last re-based; fixed.
    pub last_ready: u64,
    /// When the last incident's hold on the capacity ends and its ramp begins, in units of [`TIGHT_UNIT_SECS`].
    pub tight: u32,
}

impl Side {
    /// When the last incident's hold on the capacity ends and its ramp begins; 0 if there was none.
    #[inline]
    pub fn tight_until(&self) -> u64 {
        u64::from(self.tight).wrapping_mul(TIGHT_UNIT_SECS) // 32 + 6 bits
    }
    /// The side of a word.
    #[inline(never)]
    pub fn unpack(word: U256) -> Self {
        let [a, b, c, d] = word.into_limbs();
        Self {
            base: u128::from(a) | u128::from(b & 0x7fff_ffff) << 64,
            factor_bps: low16(d & 0xffff),
            until: low32(d >> 16),
            locks_until: low32(b >> 32),
            last_ready: c & MAX_TIME,
            tight: low32(d >> 48 | c >> 54 << 16),
        }
    }
    /// The side's word.
    #[inline(never)]
    pub fn pack(&self) -> U256 {
        let high = low64(self.base >> 64) & 0x7fff_ffff | u64::from(self.locks_until) << 32;
        let tight = u64::from(self.tight);
        let lower = wide(self.factor_bps) | u64::from(self.until) << 16 | tight << 48;
        U256::from_limbs([low64(self.base), high, self.last_ready & MAX_TIME | tight >> 16 << 54, lower])
    }
}

/// The base of a capacity: what the protocol accounts for, never a balance.
///
/// The word's limbs: liquidity low 64 | liquidity high 31, `updated` 32 above | average low | average high.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// The accounted liquidity when it was last seen, in token units.
    pub liquidity: u128,
    /// Its average, which moves with time only.
    pub average: u128,
    /// When it was last seen; 0 for never.
    pub updated: u32,
}

impl Base {
    /// The base of a word.
    pub fn unpack(word: U256) -> Self {
        let [a, b, c, d] = word.into_limbs();
        Self {
            liquidity: u128::from(a) | u128::from(b & 0x7fff_ffff) << 64,
            average: u128::from(c) | u128::from(d) << 64,
            updated: low32(b >> 32),
        }
    }
    /// The base's word; liquidity above 95 bits counts as 95 bits.
    pub fn pack(&self) -> U256 {
        let liquidity = self.liquidity.min(MAX_AMOUNT);
        let high = low64(liquidity >> 64) | u64::from(self.updated) << 32;
        U256::from_limbs([low64(liquidity), high, low64(self.average), low64(self.average >> 64)])
    }
}

impl Config {
    /// The config of a word; `None` if none was written.
    pub fn unpack(word: U256) -> Option<Self> {
        let [a, b, c, _] = word.into_limbs();
        let [policy, ..] = (c >> 48).to_le_bytes();
        let floor = u128::from(a) | u128::from(b) << 64;
        Self::new(
            floor,
            low16(c & 0xffff),
            low16(c >> 16 & 0xffff),
            low16(c >> 32 & 0xffff),
            Policy::from_code(policy)?,
        )
        .ok()
    }
    /// The config's word.
    pub fn pack(&self) -> U256 {
        let fields = wide(self.cap_bps())
            | wide(self.window_mins()) << 16
            | wide(self.small_share_bps()) << 32
            | u64::from(self.policy().code()) << 48;
        U256::from_limbs([low64(self.floor()), low64(self.floor() >> 64), fields, 0])
    }
}

/// One of the two lanes of a bucket; their capacities add up to the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// For everybody.
    Main,
    /// For small amounts, once an account and window.
    Small,
}

/// The place of a bucket's word: bucket number and lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The bucket's number.
    pub bucket: u32,
    /// Its lane.
    pub lane: Lane,
}

impl Slot {
    /// The main lane of a bucket.
    pub const fn main(bucket: u32) -> Self {
        Self { bucket, lane: Lane::Main }
    }
    /// The small lane of a bucket.
    pub const fn small(bucket: u32) -> Self {
        Self { bucket, lane: Lane::Small }
    }
    /// Twice the bucket's number, one more for the small lane.
    #[inline]
    pub fn index(self) -> u64 {
        u64::from(self.bucket) << 1 | u64::from(self.lane == Lane::Small)
    }
}

/// A fixed time in seconds, rounded up.
#[inline]
pub(crate) const fn seconds_up(time: u64) -> u64 {
    time.saturating_add((1 << FRACTION_BITS) - 1) >> FRACTION_BITS
}

/// The low 64 bits.
#[inline]
#[allow(clippy::as_conversions)] // cut on purpose
pub(crate) const fn low64(value: u128) -> u64 {
    value as u64
}

/// The low 32 bits.
#[inline]
#[allow(clippy::as_conversions)] // cut on purpose
pub(crate) const fn low32(value: u64) -> u32 {
    value as u32
}

/// The low 16 bits.
#[inline]
#[allow(clippy::as_conversions)] // cut on purpose
pub(crate) const fn low16(value: u64) -> u16 {
    value as u16
}
