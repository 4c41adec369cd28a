//! Parameters and words of the staking half; `loss`, `ledger` and `settlement` have those of the loss half.
//!
//! Amounts are token base units below 2^96, shares have [`SHARES_PER_UNIT`] to a unit at the start, times are seconds
//! and an end is exclusive.

use crate::error::Error;
use alloy_primitives::U256;
use fusebox_core::time::{DAY, HOUR};
use loss::{low32, low64};

pub mod ledger;
pub mod loss;
pub mod settlement;

/// The most that the fund accounts for in one place.
pub const MAX_AMOUNT: u128 = (1 << 96) - 1;
/// Shares of a unit in a fund that has neither lost nor gained, and the virtual shares that share with everybody.
pub const SHARES_PER_UNIT: u128 = 1_000;
/// An epoch ends when a share is worth less than this part of what it was worth at the start.
pub const ROLLOVER: u128 = 1_000_000;
/// A round ends when no more than one in 2^24 units held back in it is left.
pub const THIN_BITS: u32 = 24;
/// One, of a round's index.
pub const INDEX_ONE: u128 = 1 << 94;
/// From one incident's hold to the next, in seconds, whatever is opened in between.
pub const HOLD_PERIOD: u64 = 7 * DAY;

/// Constants of a fund, validated when they are made.
///
/// The word, from its least significant bit: `floor` 96, `cooldown_secs` 32, `window_secs` 32, `hold_secs` 32,
/// `deficit_secs` 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    cooldown_secs: u32,
    window_secs: u32,
    hold_secs: u32,
    deficit_secs: u32,
    floor: u128,
}

/// Seconds that fit 32 bits, in a constant.
#[allow(clippy::as_conversions)] // of constants below
const fn secs(value: u64) -> u32 {
    value as u32
}

impl Params {
    /// Bounds in the order of the README: least and most.
    pub const BOUNDS: [(u128, u128); 5] =
        [(864_000, 1_209_600), (345_600, 604_800), (3_600, 259_200), (259_200, 2_592_000), (1_000, (1 << 64) - 1)];

    /// Ten days, then four; holds of 72 h and 14 d; a floor of a million units.
    pub const DEFAULT: Self = Self {
        cooldown_secs: secs(10 * DAY),
        window_secs: secs(4 * DAY),
        hold_secs: secs(72 * HOUR),
        deficit_secs: secs(14 * DAY),
        floor: 1_000_000,
    };

    /// Checks every bound, inclusive.
    ///
    /// Errors: [`Error::Parameter`].
    pub fn new(
        cooldown_secs: u32,
        window_secs: u32,
        hold_secs: u32,
        deficit_secs: u32,
        floor: u128,
    ) -> Result<Self, Error> {
        let values = [cooldown_secs.into(), window_secs.into(), hold_secs.into(), deficit_secs.into(), floor];
        for ((id, value), (least, most)) in (0..).zip(values).zip(Self::BOUNDS) {
            if value < least {
                return Err(Error::Parameter { id, value, bound: least });
            }
            if value > most {
                return Err(Error::Parameter { id, value, bound: most });
            }
        }
        Ok(Self { cooldown_secs, window_secs, hold_secs, deficit_secs, floor })
    }

    /// The parameters of a word.
    ///
    /// Errors: [`Error::Parameter`], also for a word that was never written.
    pub fn unpack(word: U256) -> Result<Self, Error> {
        let (floor, times, _) = open(word);
        let at = |bits: u32| low32(low64(times.wrapping_shr(bits)));
        Self::new(at(0), at(32), at(64), at(96), floor)
    }
    /// Their word.
    pub fn pack(&self) -> U256 {
        let low = self.cooldown_secs() | self.window_secs() << 32;
        let high = self.hold_secs() | self.deficit_secs() << 32;
        close(self.floor, u128::from(low) | u128::from(high) << 64, 0)
    }

    /// From a request to its window, in seconds.
    pub fn cooldown_secs(&self) -> u64 {
        self.cooldown_secs.into()
    }
    /// How long the window is open, in seconds.
    pub fn window_secs(&self) -> u64 {
        self.window_secs.into()
    }
    /// How long an incident holds back at most, in seconds.
    pub fn hold_secs(&self) -> u64 {
        self.hold_secs.into()
    }
    /// How long a deficit holds back after it was last reported, in seconds.
    pub fn deficit_secs(&self) -> u64 {
        self.deficit_secs.into()
    }
    /// Units that are never paid out, to nobody.
    pub fn floor(&self) -> u128 {
        self.floor
    }
}

/// What the stakers own together, in one word: `assets` 96, `shares` 128, `epoch` 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vault {
    /// Accounted assets, what is held back apart.
    pub assets: u128,
    /// Shares, those that wait and those that nobody owns included.
    pub shares: u128,
    /// Total losses so far: shares of an earlier epoch are worth nothing.
    pub epoch: u32,
}

impl Vault {
    /// The vault of a word.
    pub fn unpack(word: U256) -> Self {
        let (assets, shares, epoch) = open(word);
        Self { assets, shares, epoch }
    }
    /// Its word.
    pub fn pack(&self) -> U256 {
        close(self.assets, self.shares, self.epoch)
    }
}

/// What is open and what was held back for it, in three words; `logic::hold` has the rules.
///
/// First word: `incident` 96, `deficit` 128, `opened` 32. Second: `held` 96, `weight` 128, `deficit_until` 32. Third:
/// `index` 96, `released` 128, `round` 32. While the first shows nothing open, `held` and `weight` are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// Units of a loss that is known and not yet drawn.
    pub deficit: u128,
    /// Units that open incidents may turn out to cost.
    pub incident: u128,
    /// When the last hold of an incident began; 0 for never.
    pub opened: u32,
    /// The number of this round: from the first unit held back until nothing is open.
    pub round: u32,
    /// Units held back from payouts in this round, which answer for their part of what is open.
    pub held: u128,
    /// The weights of those they were held back from.
    pub weight: u128,
    /// When the deficit stops holding anything back unless it is reported again.
    pub deficit_until: u32,
    /// Units that were held back and are owed now.
    pub released: u128,
    /// What this round has released for each unit of weight, in parts of [`INDEX_ONE`].
    pub index: u128,
    /// A round that has just ended and its last index, for the shell to write down: not in a word.
    pub closed: Option<Closed>,
}

/// A round that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Its number.
    pub round: u32,
    /// Its last index.
    pub index: u128,
}

impl Hold {
    /// The hold of its words.
    pub fn unpack([first, second, third]: [U256; 3]) -> Self {
        let (incident, deficit, opened) = open(first);
        let (held, weight, deficit_until) = open(second);
        let (index, released, round) = open(third);
        Self { deficit, incident, opened, round, held, weight, deficit_until, released, index, closed: None }
    }
    /// Its words.
    pub fn pack(&self) -> [U256; 3] {
        [
            close(self.incident, self.deficit, self.opened),
            close(self.held, self.weight, self.deficit_until),
            close(self.index, self.released, self.round),
        ]
    }
}

/// A staker, in three words; the second is empty without a request, the third without a claim to what was held back.
///
/// First word: `since` 32, `round` 32, 32 unused, `shares` 128, `epoch` 32. Second: `value` 96, `requested` 128. Third:
/// `index` 96, `weight` 128.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Shares, the requested ones included.
    pub shares: u128,
    /// The epoch they are of.
    pub epoch: u32,
    /// When the request was made; 0 without one.
    pub since: u32,
    /// The round of the claim below; 0 without one.
    pub round: u32,
    /// Shares that were requested.
    pub requested: u128,
    /// What they were worth at the request.
    pub value: u128,
    /// The weight of the claim to what was held back.
    pub weight: u128,
    /// The round's index when the claim was last paid.
    pub index: u128,
}

impl Account {
    /// The account of its words.
    pub fn unpack([own, request, claim]: [U256; 3]) -> Self {
        let (times, shares, epoch) = open(own);
        let (value, requested, _) = open(request);
        let (index, weight, _) = open(claim);
        let (since, round) = (low32(low64(times)), low32(low64(times >> 32)));
        Self { shares, epoch, since, round, requested, value, weight, index }
    }
    /// Its words.
    pub fn pack(&self) -> [U256; 3] {
        let times = u128::from(self.since) | u128::from(self.round) << 32;
        [close(times, self.shares, self.epoch), close(self.value, self.requested, 0), close(self.index, self.weight, 0)]
    }
}

/// Everything one staker's action touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// What the stakers own.
    pub vault: Vault,
    /// What is open and held back.
    pub hold: Hold,
    /// The staker.
    pub account: Account,
}

/// What a request has fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requested {
    /// Shares that wait, those of an earlier request included.
    pub shares: u128,
    /// The most they will bring.
    pub value: u128,
    /// When the window opens.
    pub ready: u64,
    /// When it closes.
    pub until: u64,
}

/// What a redemption comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// Units that leave now.
    pub amount: u128,
    /// Units held back, owed if what is open does not need them.
    pub held: u128,
}

/// What a draw took, to the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// From those who are staked, the requested shares included.
    pub staked: u128,
    /// From what was held back.
    pub held: u128,
    /// All shares are worth nothing from here on.
    pub rolled: bool,
}

/// The fields of a word, from its least significant bit: 96, 128, 32. Every word of the module has this shape.
#[inline(never)] // once in a program: bytes run out before gas
fn open(word: U256) -> (u128, u128, u32) {
    let [a, b, c, d] = word.into_limbs();
    let low = u128::from(a) | u128::from(b & 0xffff_ffff) << 64;
    let middle = u128::from(b >> 32) | u128::from(c) << 32 | u128::from(d & 0xffff_ffff) << 96;
    (low, middle, low32(d >> 32))
}

/// The word of three fields; what passes the first counts as the largest.
#[inline(never)]
fn close(low: u128, middle: u128, high: u32) -> U256 {
    let low = low.min(MAX_AMOUNT);
    let second = low64(low >> 64) | low64(middle) << 32;
    U256::from_limbs([low64(low), second, low64(middle >> 32), low64(middle >> 96) | u64::from(high) << 32])
}
